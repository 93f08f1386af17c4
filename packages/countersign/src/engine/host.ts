/**
 * The engine's imports: what the browser does for it. The other side is
 * `crates/countersign-browser/src/host.rs`. This module decides nothing.
 *
 * Scripts of the page may have changed every global and prototype by now. So only functions that
 * `EngineHost` has saved are called, lists are read by index, and our values that resolve a promise
 * are `Bare`.
 */
import { keepFlow, takeFlow, type StoredKey } from "./flows.js";
import type { Bare, EngineHost } from "./interface.js";
import type { Question, Questions } from "./numbers.js";
import { noTexts, toTexts, type Bytes, type Texts, type View } from "./message.js";
import { safe } from "../page/safe.js";

/** How the imports read linear memory and return an answer. */
export interface Memory {
    readonly view: View;
    fields(pointer: number, length: number): Texts;
    text(pointer: number, length: number): string;
    write(texts: ArrayLike<string>): void;
    settle(call: number, reply: Reply): void;
}

/**
 * An answer. The question defines the meaning of its parts (`host.rs`); `status` is 0 if the host
 * has failed.
 */
export interface Reply extends Bare {
    readonly status?: number;
    readonly time?: number;
    readonly handle?: number;
    readonly texts?: Texts;
    /** Instead of texts: this many bytes. */
    readonly bytes?: Bytes;
    readonly length?: number;
}

/**
 * A function that answers a question. `question` exists in the type alone, so that no function
 * stands at the number of another.
 */
type Ask<Q extends Question> = ((pointer: number, length: number, number: number) => Promise<Reply>) & { readonly question?: Q };

/** A server that has not answered by then counts as unreachable. */
const PATIENCE_MILLISECONDS = 20_000;
const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const REFUSED: Reply = { __proto__: null, status: 0 };
const DONE: Reply = { __proto__: null };

export const makeImports = (host: EngineHost, memory: Memory) => {
    const table: { __proto__: null; [handle: number]: unknown } = { __proto__: null };
    let lastHandle = 0;
    const { SubtleCrypto } = host;
    const subtle = host.subtle!;

    const hold = (value: unknown): number => {
        table[++lastHandle] = value;
        return lastHandle;
    };
    const keyOf = (handle: number) => table[handle] as StoredKey | undefined;
    const parse = (text: string): number => {
        try {
            const value = host.parse(text);
            return typeof value === "object" && value ? hold(value) : 0;
        } catch {
            return 0;
        }
    };
    const member = (handle: number, pointer: number, length: number): unknown => {
        const object = table[handle] as Record<string, unknown>;
        const name = memory.text(pointer, length);
        return host.hasOwn(object, name) ? object[name] : undefined;
    };
    /** Parses a date; `null` becomes `NaN`, the boundary's "none". */
    const toMillis = (date: string | null): number => (date === null ? NaN : host.parseDate(date));

    // The asynchronous questions. A rejection means that the host has failed.
    const send: Ask<"send"> = async (pointer, length) => {
        const { 0: method, 1: url, 2: form, 3: proof } = memory.fields(pointer, length);
        const init: RequestInit & Bare = {
            __proto__: null,
            method: method!,
            body: form || null,
            headers: {
                __proto__: null as never,
                ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
                ...(proof && { DPoP: proof })
            },
            cache: "no-store",
            // For another origin these are the same; a preload of the document has the latter.
            credentials: form ? "omit" : "same-origin",
            redirect: form ? "error" : "follow",
            signal: host.timeout?.(PATIENCE_MILLISECONDS) ?? null
        };
        const response = await safe(host.fetchOf(undefined, url === "/" ? host.origin + url : url!, init));
        const header = (name: string) => host.Headers.get(host.Response.headers(response), name);
        return {
            __proto__: null,
            status: host.Response.status(response),
            time: toMillis(header("Date")),
            handle: parse(await safe(host.Response.text(response))),
            texts: toTexts([header("DPoP-Nonce") ?? ""])
        };
    };
    const generate: Ask<"generate"> = async () => {
        // The browser resolves this with a plain object. No other object that scripts could see
        // holds a key.
        const { privateKey, publicKey } = await safe(SubtleCrypto.generateKey(subtle, ECDSA, false, ["sign"]));
        const { x, y } = await safe(SubtleCrypto.exportKey(subtle, "jwk", publicKey));
        const texts = toTexts([x, y]);
        const key: StoredKey = { __proto__: null, privateKey, x: texts[0]!, y: texts[1]! };
        return { __proto__: null, handle: hold(key), texts };
    };
    const sign: Ask<"sign"> = async (pointer, length, key) => {
        const signature = await safe(SubtleCrypto.sign(subtle, ECDSA, keyOf(key)!.privateKey, memory.view(pointer, length)));
        return { __proto__: null, bytes: new host.Uint8Array(signature), length: 64 };
    };
    const digest: Ask<"digest"> = async (pointer, length) => {
        const digest = await safe(SubtleCrypto.digest(subtle, "SHA-256", memory.view(pointer, length)));
        return { __proto__: null, bytes: new host.Uint8Array(digest), length: 32 };
    };
    const sleep: Ask<"sleep"> = (_, __, milliseconds) => new host.Promise.constructor(resolve => host.setTimeout(() => resolve(DONE), milliseconds));
    const keep: Ask<"keep"> = async (pointer, length, key) => {
        await safe(keepFlow(host, memory.fields(pointer, length), keyOf(key)));
        return DONE;
    };
    const take: Ask<"take"> = async (pointer, length) => {
        const flow = await safe(takeFlow(host, memory.text(pointer, length)));
        return flow ? { __proto__: null, handle: flow.key ? hold(flow.key) : 0, texts: flow.texts } : REFUSED;
    };
    const questions: Questions<{ [Q in Question]: Ask<Q> }> = [send, generate, sign, digest, sleep, keep, take];

    const imports = {
        ask: (call: number, what: number, pointer: number, length: number, number: number): void => {
            // Questions read their message before they first wait.
            host.Promise.then(
                safe(questions[what]!(pointer, length, number)),
                reply => memory.settle(call, reply),
                () => memory.settle(call, REFUSED)
            );
        },
        now: () => host.now(),
        monotonic: () => host.monotonic(),
        random: (pointer: number, length: number) => {
            host.Crypto.getRandomValues(host.crypto, memory.view(pointer, length));
        },
        parse: (pointer: number, length: number) => parse(memory.text(pointer, length)),
        merge: (object: number, overrides: number) =>
            hold({ __proto__: null, ...(table[object] as object), ...(table[overrides] as object) }),
        texts: (document: number, pointer: number, length: number, isList: number) => {
            const value = member(document, pointer, length);
            const list = isList && host.isArray(value) ? value : [value];
            const texts = noTexts();
            // Each is read once, and before the engine makes room: a list of the app's metadata may
            // have getters. Beyond the end, an index would find what `Object.prototype` has.
            for (let i = 0; i < list.length; i++) {
                const text: unknown = list[i];
                if (typeof text !== "string") {
                    texts.length = 0;
                    break;
                }
                texts[texts.length++] = text;
            }
            memory.write(texts);
        },
        // `true` becomes infinity. A JSON number that overflows to infinity (1e999) is no number.
        number: (document: number, pointer: number, length: number) => {
            const value = member(document, pointer, length);
            return value === true ? Infinity : typeof value === "number" && value - value === 0 ? value : NaN;
        },
        url: (pointer: number, length: number) => {
            try {
                const { origin, path, href } = host.parseUrl(memory.text(pointer, length));
                memory.write([origin, path]);
                // Otherwise user information stands in between.
                return href[origin.length] === "/" ? 1 : 0;
            } catch {
                return 0;
            }
        },
        forget: (handle: number) => {
            delete table[handle];
        }
    };
    return { imports, hold, toMillis, held: (handle: number) => table[handle] };
};
