/**
 * WebKitGTK's MiniBrowser, driven by WebDriver (W3C) over HTTP, under Xvfb. A driver runs one
 * session, so each context has a driver and a browser of its own. `WEBKIT_DRIVER` names the driver
 * (default: `WebKitWebDriver`).
 */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, killGroup } from "./processes.mjs";
import { source } from "./source.mjs";
import { Unsupported } from "./unsupported.mjs";
import { WebKitPage } from "./webkitPage.mjs";

const START_LIMIT_MILLISECONDS = 30_000;
/** The protocol's own is 30 seconds. */
const SCRIPT_LIMIT_MILLISECONDS = 300_000;
/** There is no graphics card, and none is needed. */
const ENVIRONMENT = {
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    WEBKIT_DISABLE_COMPOSITING_MODE: "1",
    LIBGL_ALWAYS_SOFTWARE: "1"
};

/** Starts a program of its own process group. */
function start(program, parameters, options) {
    const child = spawn(program, parameters, { detached: true, ...options });
    const failed = new Promise((_, reject) => child.once("error", reject));
    failed.catch(() => undefined);
    const forget = atEnd(() => killGroup(child));
    const end = async () => {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, "close") : undefined;
        killGroup(child);
        await ended;
        forget();
    };
    return { child, failed, end };
}

/** Starts a display, which contexts share. */
export async function launchWebKit() {
    const { child, failed, end } = start(
        "Xvfb",
        ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        { stdio: ["ignore", "ignore", "ignore", "pipe"] }
    );
    const [number] = await Promise.race([once(child.stdio[3], "data"), failed]);
    return new WebKit({ ...process.env, ...ENVIRONMENT, DISPLAY: `:${String(number).trim()}` }, end);
}

class WebKit {
    #environment;
    #contexts = new Set();
    #end;

    constructor(environment, end) {
        this.#environment = environment;
        this.#end = end;
    }

    async newContext() {
        const context = await WebKitContext.start(this, this.#environment);
        this.#contexts.add(context);
        context.once("close", () => this.#contexts.delete(context));
        return context;
    }

    async close() {
        await Promise.all([...this.#contexts].map(context => context.close()));
        await this.#end();
    }
}

async function freePort() {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    await new Promise(resolve => server.close(resolve));
    return port;
}

/** Where Debian keeps the browser: below a folder for the machine's kind and one for the version. */
function miniBrowser() {
    const found = readdirSync("/usr/lib").flatMap(machine => {
        try {
            return readdirSync(`/usr/lib/${machine}`)
                .filter(name => name.startsWith("webkit2gtk-4"))
                .map(name => `/usr/lib/${machine}/${name}/MiniBrowser`);
        } catch {
            return [];
        }
    });
    if (found.length === 0) {
        throw new Error("WebKitGTK's MiniBrowser was not found: cargo xtask setup");
    }
    return found.at(-1);
}

/** An answer of WebDriver that says no. */
export class WebDriverError extends Error {
    constructor(path, { error, message }) {
        super(`${path}: ${error}: ${message}`);
        this.code = error;
    }
}

class WebKitContext extends EventEmitter {
    /** The longest that pages wait for anything, in milliseconds. */
    patience = 30_000;
    /** Source texts that the app's server puts before the page's own scripts: the protocol has no way. */
    initScripts = [];
    #browser;
    #url;
    #end;
    /** Commands go one after the other: each needs its window to be the current one. */
    #queue = Promise.resolve();
    #current;
    #firstWindow;

    static async start(browser, env) {
        const port = await freePort();
        const driver = start(process.env.WEBKIT_DRIVER ?? "WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
            stdio: "ignore",
            env
        });
        const context = new WebKitContext();
        context.#browser = browser;
        context.#end = driver.end;
        const root = `http://127.0.0.1:${port}`;
        await Promise.race([driver.failed, untilReady(root)]);
        const { sessionId } = await ask(root, "POST", "/session", {
            capabilities: {
                alwaysMatch: {
                    browserName: "MiniBrowser",
                    timeouts: { script: SCRIPT_LIMIT_MILLISECONDS },
                    "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] }
                }
            }
        });
        context.#url = `${root}/session/${sessionId}`;
        context.#current = context.#firstWindow = await ask(context.#url, "GET", "/window");
        return context;
    }

    browser() {
        return this.#browser;
    }

    setDefaultTimeout(milliseconds) {
        this.patience = milliseconds;
    }

    async newPage() {
        // The browser starts with a window.
        const window = this.#firstWindow ?? (await this.command(undefined, "POST", "/window/new", { type: "tab" })).handle;
        this.#firstWindow = undefined;
        return new WebKitPage(this, window);
    }

    /** Sends a command to a window, after those before it. */
    command(window, method, path, body) {
        const result = this.#queue.then(async () => {
            if (window !== undefined && window !== this.#current) {
                await ask(this.#url, "POST", "/window", { handle: window });
                this.#current = window;
            }
            return ask(this.#url, method, path, body);
        });
        this.#queue = result.catch(() => undefined);
        return result;
    }

    async addInitScript(script, argument) {
        this.initScripts.push(source(script, argument));
    }

    async clearCookies() {
        throw new Unsupported("WebDriver clears the cookies of the current page's origin only");
    }

    async close() {
        this.emit("close");
        await ask(this.#url, "DELETE", "").catch(() => undefined);
        await this.#end();
    }
}

async function untilReady(root) {
    const end = Date.now() + START_LIMIT_MILLISECONDS;
    for (;;) {
        const isReady = await ask(root, "GET", "/status").then(
            () => true,
            () => false
        );
        if (isReady) {
            return;
        }
        if (Date.now() > end) {
            throw new Error("WebKitWebDriver does not answer");
        }
        await sleep(30);
    }
}

async function ask(root, method, path, body) {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const { value } = await (await fetch(root + path, init)).json();
    if (value?.error !== undefined && value.stacktrace !== undefined) {
        throw new WebDriverError(path, value);
    }
    return value;
}
