/**
 * The browser: one per test file, with a new context (cookies, storage) for each test. `BROWSER`
 * names it (`drivers/index.mjs`).
 */
import { after } from "node:test";
import { watchContext } from "./context.mjs";
import { launch as launchBrowser } from "./drivers/index.mjs";

let launching;

function launch() {
    launching ??= launchBrowser();
    return launching;
}

after(async () => {
    await (await launching)?.close();
});

/**
 * Opens a context whose pages are watched: an error in the console or an uncaught exception fails
 * the test, unless one of `expected` matches it.
 *
 * @param {{ expected?: RegExp[], initScripts?: (string | (() => void))[] }} [options]
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, close: () => Promise<void> }>} `close` throws
 * what was found
 */
export async function openContext(options) {
    const { context, unexpected } = await watchContext(await launch(), options);
    const close = async () => {
        await context.close();
        if (unexpected.length > 0) {
            throw new Error(`the browser's console holds errors:\n${unexpected.join("\n")}`);
        }
    };
    return { context, close };
}
