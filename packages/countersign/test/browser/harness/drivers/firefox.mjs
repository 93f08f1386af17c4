/**
 * Firefox, driven by WebDriver BiDi, which it speaks itself: no geckodriver. `FIREFOX` names the
 * executable (default: `firefox-esr`). Each start has a profile of its own.
 */
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Bidi } from "./bidi.mjs";
import { FirefoxPage } from "./firefoxPage.mjs";
import { atEnd, killGroup } from "./processes.mjs";
import { source } from "./source.mjs";

const START_LIMIT_MILLISECONDS = 60_000;
const EVENTS = [
    "log.entryAdded",
    "browsingContext.contextCreated",
    "browsingContext.contextDestroyed",
    "browsingContext.load",
    "browsingContext.fragmentNavigated",
    "browsingContext.historyUpdated"
];

/** What keeps Firefox from making requests of its own, and from asking the user anything. */
const PREFERENCES = {
    "app.update.disabledForTesting": true,
    "browser.aboutwelcome.enabled": false,
    // Its request would be one more in the console of a page whose policy forbids images.
    "browser.chrome.site_icons": false,
    "browser.newtabpage.enabled": false,
    "browser.safebrowsing.malware.enabled": false,
    "browser.safebrowsing.phishing.enabled": false,
    "browser.safebrowsing.update.enabled": false,
    "browser.search.update": false,
    "browser.shell.checkDefaultBrowser": false,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": false,
    // It would give JSON documents a Content-Security-Policy of its own.
    "devtools.jsonview.enabled": false,
    "extensions.getAddons.cache.enabled": false,
    "extensions.systemAddon.update.enabled": false,
    "extensions.update.enabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "network.prefetch-next": false,
    "services.settings.server": "data:,#",
    "toolkit.telemetry.enabled": false,
    "toolkit.telemetry.server": "data:,",
    // Tests open many tabs, and none may be slowed down for being in the background.
    "dom.min_background_timeout_value": 4,
    "dom.min_background_timeout_value_without_budget_throttling": 4,
    "dom.timeout.enable_budget_timer_throttling": false
};

/** @param {{ isPrivate?: boolean }} [options] */
export async function launchFirefox({ isPrivate = false } = {}) {
    const profile = await mkdtemp(path.join(tmpdir(), "countersign-firefox-"));
    const preferences = { ...PREFERENCES, ...(isPrivate ? { "browser.privatebrowsing.autostart": true } : {}) };
    await writeFile(
        path.join(profile, "user.js"),
        Object.entries(preferences)
            .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
            .join("")
    );
    const child = spawn(
        process.env.FIREFOX ?? "firefox-esr",
        ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
        { stdio: ["ignore", "ignore", "pipe"], detached: true, env: { ...process.env, MOZ_CRASHREPORTER_DISABLE: "1" } }
    );
    // With its content processes, which are of the same group. They may still write.
    const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    const forget = atEnd(() => {
        killGroup(child);
        remove();
    });
    const bidi = await Bidi.connect(`${await listening(child)}/session`);
    await bidi.send("session.new", { capabilities: {} });
    await bidi.send("session.subscribe", { events: EVENTS });
    return new Firefox(bidi, isPrivate, async () => {
        bidi.close();
        const ended = child.exitCode === null && child.signalCode === null ? new Promise(resolve => child.once("close", resolve)) : undefined;
        killGroup(child);
        await ended;
        remove();
        forget();
    });
}

/** Resolves with the address that Firefox prints. */
function listening(child) {
    return new Promise((resolve, reject) => {
        let output = "";
        const fail = why => reject(new Error(`Firefox ${why}:\n${output}`));
        const timer = setTimeout(() => fail("does not listen"), START_LIMIT_MILLISECONDS);
        child.on("error", error => fail(`could not be started: ${error.message}`));
        child.on("close", status => fail(`ended with status ${status}`));
        child.stderr.setEncoding("utf8").on("data", text => {
            output += text;
            const [, url] = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(output) ?? [];
            if (url !== undefined) {
                clearTimeout(timer);
                resolve(url);
            }
        });
    });
}

class Firefox {
    #bidi;
    #isPrivate;
    #contexts = new Map();
    /** Whose each browsing context is: a tab's page, also for frames in it. @type {Map<string, FirefoxPage>} */
    #pages = new Map();

    constructor(bidi, isPrivate, close) {
        this.#bidi = bidi;
        this.#isPrivate = isPrivate;
        this.close = close;
        bidi.on("browsingContext.contextCreated", ({ context, parent }) => {
            const page = this.#pages.get(parent);
            page && this.#pages.set(context, page);
        });
        bidi.on("browsingContext.contextDestroyed", ({ context }) => this.#pages.delete(context));
        for (const name of ["load", "fragmentNavigated", "historyUpdated"]) {
            bidi.on(`browsingContext.${name}`, ({ context, url }) => {
                const page = this.#pages.get(context);
                page?.id === context && page.hasUrl(url);
            });
        }
        bidi.on("log.entryAdded", entry => {
            const page = this.#pages.get(entry.source.context);
            page && logged(page, entry);
        });
        for (const name of ["network.beforeRequestSent"]) {
            bidi.on(name, event => this.#pages.get(event.context)?.requested(event));
        }
    }

    async newContext() {
        // A browser that is private by itself has one window of that kind for all.
        const id = this.#isPrivate ? "default" : (await this.#bidi.send("browser.createUserContext")).userContext;
        return new FirefoxContext(this, this.#bidi, id, this.#pages);
    }
}

/** A request that failed, in Chromium's words, which tests expect. Firefox reports it as an uncaught error. */
function inChromiumsWords(text) {
    if (/^Cross-Origin Request Blocked: /.test(text)) {
        return `Failed to load resource: net::ERR_FAILED (${text})`;
    }
    const [, url] = /^Firefox can.t establish a connection to the server at (ws:.*)\.$/.exec(text) ?? [];
    return url && `WebSocket connection to '${url}' failed`;
}

/** Passes on what a page has logged. */
function logged(page, { type, level, text, source, stackTrace }) {
    if (type === "console") {
        const url = stackTrace?.callFrames[0]?.url ?? "";
        const message = { type: () => (level === "warn" ? "warning" : level), text: () => text ?? "", location: () => ({ url }) };
        page.emit("console", message);
        page.context().emit("console", message);
    } else if (type === "javascript" && level === "error") {
        const url = stackTrace?.callFrames[0]?.url ?? source.realm;
        const failure = inChromiumsWords(text);
        if (failure !== undefined) {
            const message = { type: () => "error", text: () => failure, location: () => ({ url }) };
            page.emit("console", message);
            page.context().emit("console", message);
            return;
        }
        const error = new Error(text);
        error.stack = `${error.message} (${url})`;
        page.emit("pageerror", error);
        page.context().emit("weberror", { error: () => error });
    }
}

class FirefoxContext extends EventEmitter {
    /** The longest that pages wait for anything, in milliseconds. */
    patience = 30_000;
    #browser;
    #bidi;
    #id;
    #pages;

    constructor(browser, bidi, id, pages) {
        super();
        this.#browser = browser;
        this.#bidi = bidi;
        this.#id = id;
        this.#pages = pages;
    }

    browser() {
        return this.#browser;
    }

    setDefaultTimeout(milliseconds) {
        this.patience = milliseconds;
    }

    async newPage() {
        const { context } = await this.#bidi.send("browsingContext.create", { type: "tab", userContext: this.#id });
        const page = new FirefoxPage(this, this.#bidi, context);
        this.#pages.set(context, page);
        return page;
    }

    async addInitScript(script, argument) {
        const functionDeclaration = `() => { ${source(script, argument)} }`;
        await this.#bidi.send("script.addPreloadScript", { functionDeclaration, userContexts: [this.#id] });
    }

    async clearCookies() {
        await this.#bidi.send("storage.deleteCookies", { partition: { type: "storageKey", userContext: this.#id } });
    }

    async close() {
        if (this.#id !== "default") {
            // Its tabs are closed with it.
            await this.#bidi.send("browser.removeUserContext", { userContext: this.#id });
        }
    }
}
