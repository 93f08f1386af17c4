/**
 * A browser context whose pages are watched: the test is told about errors in the console and
 * uncaught exceptions.
 */

/** The longest that a test waits for anything in a page. */
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
        // The browser asks every server for an icon by itself.
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
