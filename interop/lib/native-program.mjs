/**
 * The native client's process. It reads commands as lines and prints events as lines; native.mjs
 * says what they mean.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { repository } from "../../packages/countersign/test/browser/harness/paths.mjs";

const ANSWER_LIMIT_MILLISECONDS = 30_000;

const running = new Set();

// A run that ends early leaves no process behind.
process.on("exit", () => {
    for (const child of running) {
        child.kill("SIGKILL");
    }
});

/** An error that the program reported instead of an answer. */
export class NativeError extends Error {
    /** @param {{ code: string, message: string }} event */
    constructor({ code, message }) {
        super(`${code}: ${message}`);
        this.code = code;
    }
}

/** The program, whose output lines are events. */
export class Program {
    #child;
    #events = [];
    #waiting = [];
    #errors = "";
    #ended;

    constructor(parameters, secret) {
        const target = process.env.CARGO_TARGET_DIR ?? path.join(repository, "target");
        const program = process.env.EXAMPLE_NATIVE_BIN ?? path.join(target, "debug/example-native");
        if (!existsSync(program)) {
            throw new Error(`${program} is missing: cargo build -p example-native`);
        }
        const env = { ...process.env, ...(secret === undefined ? {} : { CLIENT_SECRET: secret }) };
        this.#child = spawn(program, parameters, { env, stdio: ["pipe", "pipe", "pipe"] });
        running.add(this.#child);
        this.#child.stderr.setEncoding("utf8").on("data", text => (this.#errors += text));
        this.#child.stdin.on("error", () => undefined);
        createInterface({ input: this.#child.stdout }).on("line", line => this.#take(JSON.parse(line)));
        this.#ended = new Promise(resolve => {
            this.#child.once("error", error => resolve(error.message));
            this.#child.once("close", status => resolve(`ended with status ${status}`));
        }).finally(() => running.delete(this.#child));
    }

    write(command) {
        this.#child.stdin.write(`${command}\n`);
    }

    /** Returns the next event, which has to be this one. */
    async event(name) {
        let timer;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`the native client printed no "${name}"\n${this.#errors}`)), ANSWER_LIMIT_MILLISECONDS);
        });
        const dead = this.#ended.then(how => {
            // The last event may have come just before the program ended.
            const last = this.#events.shift();
            return last ?? Promise.reject(new Error(`the native client ${how}\n${this.#errors}`));
        });
        const event = await Promise.race([this.#next(), dead, late]).finally(() => clearTimeout(timer));
        if (event.event === "error") {
            throw new NativeError(event);
        }
        assert.equal(event.event, name, JSON.stringify(event));
        return event;
    }

    async stop() {
        this.#child.kill("SIGTERM");
        await this.#ended;
    }

    #next() {
        const event = this.#events.shift();
        return event === undefined ? new Promise(resolve => this.#waiting.push(resolve)) : event;
    }

    #take(event) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) {
            this.#events.push(event);
        } else {
            waiting(event);
        }
    }
}
