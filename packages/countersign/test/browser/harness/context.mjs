/**
 * A browser context whose pages are watched: an error in the console, or an exception that nobody caught, is told to
 * the test.
 */

/** Bounds everything that a page is waited for. */
const PATIENCE_MILLISECONDS = 15_000;

/**
 * @param {import("playwright-core").Browser} browser
 * @param {{ expected?: RegExp[], initScripts?: (string | (() => void))[] }} [options] `expected`: errors that fit one
 * of these are left out
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, unexpected: string[] }>} `unexpected` grows
 */
export async function watchContext(browser, { expected = [], initScripts = [] } = {}) {
    const context = await browser.newContext();
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
    return { context, unexpected };
}
