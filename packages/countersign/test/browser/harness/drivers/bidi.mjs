/** A connection that speaks WebDriver BiDi: commands with their answers, and events. */
import { EventEmitter } from "node:events";
import WebSocket from "ws";

/** An `error` answer. */
export class BidiError extends Error {
    constructor(method, { error, message }) {
        super(`${method}: ${error}: ${message}`);
        this.code = error;
    }
}

export class Bidi extends EventEmitter {
    #socket;
    #waiting = new Map();
    #last = 0;

    /** @param {string} url of the session's WebSocket */
    static async connect(url) {
        const bidi = new Bidi();
        // Pages with much text come in one message.
        const socket = new WebSocket(url, { maxPayload: 0, perMessageDeflate: false });
        bidi.#socket = socket;
        await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
        socket.on("message", data => bidi.#receive(JSON.parse(data.toString())));
        socket.on("close", () => {
            for (const { method, reject } of bidi.#waiting.values()) {
                reject(new BidiError(method, { error: "closed", message: "the browser has ended" }));
            }
            bidi.#waiting.clear();
        });
        socket.on("error", () => undefined);
        return bidi;
    }

    /** Sends a command and returns its result. */
    send(method, params = {}) {
        const id = ++this.#last;
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, { method, resolve, reject });
            this.#socket.send(JSON.stringify({ id, method, params }));
        });
    }

    close() {
        this.#socket.terminate();
    }

    #receive(message) {
        if (message.type === "event") {
            this.emit(message.method, message.params);
            return;
        }
        const { method, resolve, reject } = this.#waiting.get(message.id) ?? {};
        this.#waiting.delete(message.id);
        if (message.type === "success") {
            resolve?.(message.result);
        } else {
            reject?.(new BidiError(method, message));
        }
    }
}

/** Reads a value that a script has returned. */
export function fromRemote({ type, value }) {
    switch (type) {
        case "undefined":
            return undefined;
        case "null":
            return null;
        case "number":
            return typeof value === "number" ? value : value === "-0" ? -0 : Number(value);
        case "bigint":
            return BigInt(value);
        case "array":
        case "nodelist":
        case "htmlcollection":
            return value?.map(fromRemote) ?? [];
        case "set":
            return new Set(value?.map(fromRemote));
        case "map":
            return new Map(value?.map(fromPair));
        case "object":
            return Object.fromEntries(value?.map(fromPair) ?? []);
        case "date":
            return new Date(value);
        case "regexp":
            return new RegExp(value.pattern, value.flags);
        case "string":
        case "boolean":
            return value;
        default:
            // Playwright, too, makes nothing of functions and platform objects.
            return undefined;
    }
}

function fromPair([key, value]) {
    return [typeof key === "string" ? key : fromRemote(key), fromRemote(value)];
}
