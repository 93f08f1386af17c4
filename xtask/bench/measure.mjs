/**
 * Measures in Chromium what Countersign adds to a warm call, in the same run as the reference
 * (`oidc-spa`), and what it does to the speed of promises. Writes a flat JSON object to the file
 * that is named by the first argument; `cargo xtask bench --browser` prints it.
 *
 * What is measured is the time that the page's thread spends, so the network must not be part of
 * it: a socket costs twenty signatures, and more on some days. `instant.mjs` therefore stands between
 * the library and the platform, where the platform's own functions would be, and answers at once.
 * (An answer by DevTools or a service worker crosses processes, as one of a server does.) All else
 * is the platform's: Request, Response, XMLHttpRequest, its events, WebCrypto.
 *
 * Native call, call with a bound token and signature are made one by one in turns, each alone: a
 * signature between two calls finds cold caches, as the one in a call does. A round is some turns;
 * figures are the medians of many rounds.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { oidcSpa as ours } from "countersign/vite-plugin";
import { oidcSpa as reference } from "oidc-spa/vite-plugin";
import { build } from "vite";
import { launchChromium } from "../../packages/countersign/test/chromium.mjs";
import { serve, startAuthorizationServer } from "../size/servers.mjs";
import { measurePromises, prepare } from "./instant.mjs";

const ROUNDS = 400;
const TURNS = 5;
const PROMISE_ROUNDS = 40;
const STEP_LIMIT_MS = 30_000;
/** Cross-origin isolated: so `performance.now()` is exact. */
const isolated = () => ({
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "credentialless"
});

const here = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../../target", import.meta.url));

/** @type {(() => unknown)[]} */
const atEnd = [];
try {
    const figures = { ...(await calls()), ...(await promises()) };
    const file = process.argv[2] ?? join(target, "bench-browser.json");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(figures, null, 4)}\n`);
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
} finally {
    for (const end of atEnd.reverse()) {
        await end();
    }
}

/** What a call costs beyond a native one, in signatures. */
async function calls() {
    const browser = await launch();
    const pages = {
        "": await logIn(browser, "ours", ours({ DPoP: { enabled: true, mode: "auto" }, sessionRestorationMethod: "full page redirect" }), "countersign/core"),
        reference_: await logIn(browser, "reference", reference({ DPoP: { enabled: true, mode: "auto" }, sessionRestorationMethod: "full page redirect" }), "oidc-spa/core")
    };
    const figures = {};
    const rounds = {};
    for (let round = 0; round < ROUNDS; round++) {
        for (const [name, page] of Object.entries(pages)) {
            for (const [kind, millis] of Object.entries(await page.evaluate(turns => window.round(turns), TURNS))) {
                ((rounds[name] ??= {})[kind] ??= []).push(millis);
            }
        }
    }
    for (const [name, kinds] of Object.entries(rounds)) {
        const sign = median(kinds.sign);
        for (const transport of ["fetch", "xhr"]) {
            figures[`${name}${transport}_signatures`] = (median(kinds[transport]) - median(kinds[`native ${transport}`])) / sign;
        }
        figures[`${name}sign_us`] = sign * 1000;
    }
    return figures;
}

/**
 * What `await` and `then` cost in a page with Countersign, in those of the same page before. V8
 * has fast paths that end for good, so each page is a browser's first.
 */
async function promises() {
    const figures = {};
    const variants = { plain: undefined, frozen: {}, frozen_promises: { promises: true } };
    for (const [name, freeze] of Object.entries(variants)) {
        const { origin, close } = await serve(join(here, "../../packages/countersign"), isolated, '<!doctype html><title>Bench</title>');
        const browser = await launch();
        const page = await (await browser.newContext()).newPage();
        await page.goto(`${origin}/`);
        Object.assign(figures, await page.evaluate(measurePromises, { name, freeze, rounds: PROMISE_ROUNDS }));
        await browser.close();
        close();
    }
    return figures;
}

async function launch() {
    const browser = await launchChromium();
    atEnd.push(() => browser.close());
    return browser;
}

/** Builds the app with one of the libraries, logs in, and returns the page. */
async function logIn(browser, name, plugin, library) {
    const outDir = join(target, "bench-browser", name);
    const { origin, close } = await serve(outDir, isolated);
    atEnd.push(close);
    const issuer = await startAuthorizationServer(origin, atEnd, "bench");
    await build({
        root: join(here, "app"),
        configFile: false,
        logLevel: "warn",
        define: { ISSUER: JSON.stringify(issuer) },
        resolve: { alias: { "the-library": library } },
        plugins: [plugin],
        build: { outDir, emptyOutDir: true, reportCompressedSize: false }
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_LIMIT_MS);
    const complaints = [];
    page.on("pageerror", error => complaints.push(error.message));
    await page.addInitScript(prepare);
    try {
        await page.goto(`${origin}/`);
        await page.waitForURL(url => url.origin === issuer);
        await page.locator("button, input[type=submit]").first().click();
        await page.waitForFunction(() => window.accessToken, undefined, { polling: 50 });
    } catch (error) {
        throw new Error([`${name}: the app did not log in: ${error.message}`, ...complaints].join("\n"));
    }
    return page;
}

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
}
