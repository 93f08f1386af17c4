/**
 * Runs the two Rust servers as processes: starts them on a free port, waits for the line that they
 * print, and stops them with the test. They are not built here: `cargo xtask test` builds them, or
 * `cargo build -p countersign-cli -p example-api`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { atEnd } from "./drivers/processes.mjs";
import { repository } from "./paths.mjs";

const START_LIMIT_MILLISECONDS = 15_000;
const running = new Set();

// A test file that ends early leaves no process behind.
atEnd(() => {
    for (const child of running) {
        child.kill("SIGKILL");
    }
});

/** Starts the authorization server. @param {string[]} flags */
export function startIdp(flags) {
    return start(process.env.COUNTERSIGN_BIN ?? target("countersign"), ["idp", "--port", "0", ...flags]);
}

/** Starts the example API. @param {string[]} flags */
export function startApi(flags) {
    return start(process.env.EXAMPLE_API_BIN ?? target("example-api"), ["--port", "0", ...flags]);
}

function target(name) {
    return path.join(process.env.CARGO_TARGET_DIR ?? path.join(repository, "target"), "debug", name);
}

async function start(program, parameters) {
    if (!existsSync(program)) {
        throw new Error(`${program} is missing: cargo build -p countersign-cli -p example-api`);
    }
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    const server = new Server(child);
    server.port = await server.ready(`${path.basename(program)} ${parameters.join(" ")}`);
    return server;
}

class Server {
    #child;
    #ended;
    /** Everything that it printed, for the message of a failing test. */
    output = "";

    constructor(child) {
        this.#child = child;
        this.#ended = new Promise(resolve => child.once("close", resolve)).then(() => running.delete(child));
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding("utf8").on("data", text => (this.output += text));
        }
    }

    ready(command) {
        return new Promise((resolve, reject) => {
            const fail = why => reject(new Error(`\`${command}\` ${why}:\n${this.output}`));
            const timer = setTimeout(() => fail("did not say that it listens"), START_LIMIT_MILLISECONDS);
            this.#child.on("error", error => fail(error.message));
            this.#child.on("close", status => fail(`ended with status ${status}`));
            this.#child.stdout.on("data", () => {
                const port = /listening on http:\/\/localhost:(\d+)/.exec(this.output)?.[1];
                if (port !== undefined) {
                    clearTimeout(timer);
                    resolve(Number(port));
                }
            });
        });
    }

    async stop() {
        this.#child.kill("SIGTERM");
        const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
        await this.#ended;
        clearTimeout(timer);
    }
}
