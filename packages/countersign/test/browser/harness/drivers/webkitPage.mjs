/** A window of MiniBrowser, over WebDriver. */
import { setTimeout as sleep } from "node:timers/promises";
import { Left, ScriptedPage } from "./page.mjs";

export class WebKitPage extends ScriptedPage {
    #context;
    #window;

    constructor(context, window) {
        super(context);
        this.#context = context;
        this.#window = window;
    }

    #command(method, path, body) {
        return this.#context.command(this.#window, method, path, body);
    }

    async run(script) {
        let text;
        try {
            // As text, because the protocol has no `undefined`, and only JSON's numbers.
            text = await this.#command("POST", "/execute/sync", {
                script: `return (${script})().then(${encode})`,
                args: []
            });
        } catch (error) {
            if (/no such frame|no such window|javascript error|unknown error|stale/.test(error.code)) {
                throw new Left(error.message);
            }
            throw error;
        }
        return decode(JSON.parse(text));
    }

    async goto(url, { waitUntil } = {}) {
        void waitUntil;
        for (let tries = 1; ; tries++) {
            try {
                await this.#command("POST", "/url", { url });
                return;
            } catch (error) {
                // A window that was just opened may still load its first, empty document, which fails this.
                if (error.code !== "unknown error" || tries === 5) {
                    throw error;
                }
                await sleep(100);
            }
        }
    }

    async reload() {
        await this.#command("POST", "/refresh", {});
    }

    async goBack() {
        await this.#command("POST", "/back", {});
    }

    async close() {
        await this.#command("DELETE", "/window");
    }
}

/** For the page: a value as JSON, in which what JSON doesn't know is an object with one member. */
const encode = value =>
    JSON.stringify(value, (_, one) =>
        one === undefined
            ? { "//": "undefined" }
            : typeof one === "number" && !isFinite(one)
              ? { "//": String(one) }
              : typeof one === "function"
                ? { "//": "undefined" }
                : one
    );

function decode(value) {
    if (Array.isArray(value)) {
        return value.map(decode);
    }
    if (typeof value === "object" && value !== null) {
        const { "//": special } = value;
        if (special !== undefined) {
            return special === "undefined" ? undefined : Number(special);
        }
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decode(member)]));
    }
    return value;
}
