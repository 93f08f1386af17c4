/** Chromium, driven by Playwright. Each of its contexts is a private window. */
import { launchChromium as start } from "../../../chromium.mjs";

export function launchChromium({ backForwardCache = false } = {}) {
    // Playwright turns the back/forward cache off.
    return start(backForwardCache ? { ignoreDefaultArgs: ["--disable-back-forward-cache"] } : {});
}
