/**
 * One interface over three browsers. It is the part of Playwright's that the suite uses (`Browser`,
 * `BrowserContext`, `Page`, ...), so Chromium needs no adapter:
 *
 * | `BROWSER`            | driven by                       | file           |
 * |----------------------|---------------------------------|----------------|
 * | `chromium` (default) | Playwright, over CDP            | `chromium.mjs` |
 * | `firefox`            | WebDriver BiDi, over WebSocket  | `firefox.mjs`  |
 * | `webkit`             | WebDriver, over HTTP, under Xvfb | `webkit.mjs`  |
 *
 * What a driver can't do throws `Unsupported`: a test that needs it imports `test` from
 * `harness/test.mjs`, and is then skipped with that reason, which the runner prints and counts.
 */
import { launchChromium } from "./chromium.mjs";
import { launchFirefox } from "./firefox.mjs";
import { launchWebKit } from "./webkit.mjs";

const DRIVERS = { chromium: launchChromium, firefox: launchFirefox, webkit: launchWebKit };

/** The browser that this run drives. @type {"chromium" | "firefox" | "webkit"} */
export const browserName = process.env.BROWSER ?? "chromium";

if (!Object.hasOwn(DRIVERS, browserName)) {
    throw new Error(`BROWSER is "${browserName}"; it can be ${Object.keys(DRIVERS).join(", ")}`);
}

/**
 * Starts the browser.
 *
 * @param {{ backForwardCache?: boolean, isPrivate?: boolean }} [options] `backForwardCache`: a page that is left is
 * kept, as users' browsers do; `isPrivate`: a private window
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function launch(options = {}) {
    return DRIVERS[browserName](options);
}
