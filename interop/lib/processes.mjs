/**
 * Runs other programs as servers: finds a port, starts them, waits until they are ready, and ends
 * them with everything that they started.
 */
import { spawn } from "node:child_process";
import { listenOnLoopback } from "../../packages/countersign/test/browser/harness/loopback.mjs";

const READY_LIMIT_SECONDS = 60;
const END_LIMIT_MILLISECONDS = 5_000;
/** How often an address is polled until it answers. */
const POLL_MILLISECONDS = 100;
/** How much of a program's output a message shows. */
const SHOWN_CHARACTERS = 4_000;

/** The running programs. Each leads its own process group. */
const running = new Set();

// A run that ends early leaves no process behind.
process.on("exit", () => {
    for (const child of running) {
        signal(child, "SIGKILL");
    }
});
for (const [name, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 })) {
    // The status that a shell gives a program which a signal has ended.
    process.once(name, () => process.exit(128 + number));
}

/** Returns a port that was free on 127.0.0.1 and ::1 a moment ago. */
export async function freePort() {
    const { port, close } = await listenOnLoopback(socket => socket.destroy());
    await close();
    return port;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @param {string} program
 * @param {string[]} parameters
 * @param {{ cwd?: string, env?: Record<string, string>, ready?: RegExp | string, limit?: number }} [options] `env`
 * adds to ours; `ready`: what it prints, or an address that answers with 2xx, by then; `limit` in seconds
 * @returns {Promise<{ pid: number, output: () => string, exited: Promise<number | null>, stop: () => Promise<void> }>}
 */
export async function start(program, parameters, { cwd, env = {}, ready, limit = READY_LIMIT_SECONDS } = {}) {
    const child = spawn(program, parameters, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true
    });
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", text => (output += text));
    }
    let failure;
    const exited = new Promise(resolve => {
        child.once("error", error => {
            failure = error;
            resolve(null);
        });
        child.once("close", resolve);
    }).then(status => {
        // Programs that it started may outlive it.
        signal(child, "SIGKILL");
        running.delete(child);
        return status;
    });
    const stop = async () => {
        signal(child, "SIGTERM");
        const timer = setTimeout(() => signal(child, "SIGKILL"), END_LIMIT_MILLISECONDS);
        await exited;
        clearTimeout(timer);
    };
    const fail = why => {
        const shown = output.length > SHOWN_CHARACTERS ? `...${output.slice(-SHOWN_CHARACTERS)}` : output;
        return new Error(`\`${[program, ...parameters].join(" ")}\` ${why}:\n${shown.trimEnd()}`);
    };
    const deadline = Date.now() + limit * 1000;
    let hasEnded;
    exited.then(status => {
        hasEnded = failure?.message ?? `ended with status ${status}`;
    });
    while (!(await isReady(ready, () => output))) {
        if (hasEnded !== undefined) {
            throw fail(hasEnded);
        }
        if (Date.now() > deadline) {
            await stop();
            throw fail(`was not ready after ${limit} s`);
        }
        await new Promise(resolve => setTimeout(resolve, POLL_MILLISECONDS));
    }
    return { pid: child.pid, output: () => output, exited, stop };
}

async function isReady(ready, output) {
    if (ready === undefined) {
        return true;
    }
    if (ready instanceof RegExp) {
        return ready.test(output());
    }
    try {
        const response = await fetch(ready, { signal: AbortSignal.timeout(5_000) });
        await response.body?.cancel();
        return response.ok;
    } catch {
        return false;
    }
}

/** Sends a signal to the program and everything that it started, if they are still running. */
function signal(child, name) {
    if (child.pid === undefined) {
        return;
    }
    try {
        process.kill(-child.pid, name);
    } catch (error) {
        if (error.code !== "ESRCH") {
            throw error;
        }
    }
}
