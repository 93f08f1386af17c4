/**
 * Starts the Chromium that every test drives: `CHROME`, or Debian's. It makes no network requests
 * on its own.
 *
 * @param {import("playwright-core").LaunchOptions} [options]
 */
import { chromium } from "playwright-core";

export function launchChromium(options = {}) {
    return chromium.launch({
        ...options,
        executablePath: process.env.CHROME ?? process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync"
        ]
    });
}
