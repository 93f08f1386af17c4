/**
 * Headless Chromium: one for each test file, a fresh context (cookies, storage) for each test.
 */
import { after } from "node:test";
import { launchChromium } from "../../chromium.mjs";

/** Bounds everything that a page is waited for. */
const PATIENCE_MILLISECONDS = 15_000;

let launching;

function launch() {
    launching ??= launchChromium();
    return launching;
}

after(async () => {
    await (await launching)?.close();
});

/**
 * A context whose pages are watched: an error in the console or an exception that nobody caught fails the test, unless
 * one of `expected` fits it.
 *
 * @param {{ expected?: RegExp[], initScripts?: (string | (() => void))[] }} [options]
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, close: () => Promise<void> }>} `close` throws
 * what was found
 */
export async function openContext({ expected = [], initScripts = [] } = {}) {
    const context = await (await launch()).newContext();
    context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    const unexpected = [];
    const note = text => {
        if (!expected.some(pattern => pattern.test(text))) {
            unexpected.push(text);
        }
    };
    context.on("console", message => {
        const { url } = message.location();
        // The browser asks every server for an icon, of its own accord.
        if (message.type() === "error" && !url.endsWith("/favicon.ico")) {
            note(`${message.text()} (${url})`);
        }
    });
    context.on("weberror", error => note(`uncaught: ${error.error().stack ?? error.error()}`));
    for (const script of initScripts) {
        await context.addInitScript(script);
    }
    const close = async () => {
        await context.close();
        if (unexpected.length > 0) {
            throw new Error(`the browser's console holds errors:\n${unexpected.join("\n")}`);
        }
    };
    return { context, close };
}
