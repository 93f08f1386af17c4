/**
 * Measures what a browser loads from the app's origin until the session is restored. Vite builds a
 * minimal app, which logs in at the development authorization server and is then reloaded. The
 * browser's own request log gives the list of files; each is counted once, as `gzip -9` of its
 * body. Prints a table, writes target/size.json, and fails if a budget is exceeded. Then it
 * counts the network steps to the session (`steps.mjs`). The app is
 * served with the README's Content-Security-Policy and nothing else allowed, so that the README
 * stays true. What the adapters add is weighed in `adapters.mjs`.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { oidcSpa } from "countersign/vite-plugin";
import { build, version as viteVersion } from "vite";
import { launchChromium } from "../../packages/countersign/test/chromium.mjs";
import { weighAdapters } from "./adapters.mjs";
import { fileFor, headersBy, serve, startAuthorizationServer } from "./servers.mjs";
import { countSteps } from "./steps.mjs";

const BUDGET = { total_gzip: 33_200, entry_gzip: 4_000, restore_steps: 5 };
const STEP_LIMIT_MS = 30_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../../target", import.meta.url));

/** @type {(() => unknown)[]} */
const atEnd = [];
try {
    await main();
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
} finally {
    for (const end of atEnd.reverse()) {
        await end();
    }
}

async function main() {
    const browser = await launchChromium();
    atEnd.push(() => browser.close());

    const plain = await weigh(browser, "plain", false);
    const frozen = await weigh(browser, "freeze", true);

    const adapters = await weighAdapters();

    const sizes = {
        total_gzip: plain.total,
        entry_gzip: plain.entry,
        wasm_gzip: plain.engine,
        html_gzip: plain.html,
        total_brotli: plain.brotli,
        total_gzip_freeze: frozen.total,
        entry_gzip_freeze: frozen.entry,
        ...Object.fromEntries(adapters.map(({ name, gzip }) => [`${name.replaceAll("-", "_")}_gzip`, gzip])),
        ...(await countSteps(atEnd))
    };
    await mkdir(target, { recursive: true });
    await writeFile(join(target, "size.json"), `${JSON.stringify(sizes, null, 4)}\n`);

    console.log(`\nBuilt by Vite ${viteVersion}; engine by ${process.env["ENGINE_BUILT_BY"] ?? "an unknown compiler"}.`);
    print("DPoP on, freeze off", plain);
    print("DPoP on, freeze on", frozen);
    console.log("What an adapter adds to an app, beside its framework and the core");
    for (const { name, gzip, later } of adapters) {
        console.log(`  countersign/${name.padEnd(32)} ${"".padEnd(7)} ${count(gzip)} gzip${later > 0 ? `, and ${count(later).trim()} once it is needed` : ""}`);
    }
    console.log();

    const over = Object.entries(BUDGET).filter(([name, budget]) => sizes[name] > budget);
    for (const [name, budget] of Object.entries(BUDGET)) {
        console.log(`${name.padEnd(12)} ${count(sizes[name])} of ${count(budget)}${sizes[name] > budget ? "  TOO MUCH" : ""}`);
    }
    if (over.length > 0) {
        throw new Error(`over budget: ${over.map(([name, budget]) => `${name} ${sizes[name]} > ${budget}`).join(", ")}`);
    }
}

/** Builds the app, logs in, reloads, and measures the files that the reload requested. */
async function weigh(browser, name, freeze) {
    const outDir = join(target, "size", name);
    const policy = { header: "" };
    const { origin, close: closeApp } = await serve(outDir, headersBy(policy));
    atEnd.push(closeApp);
    const issuer = await startAuthorizationServer(origin, atEnd);
    policy.header = await readmePolicy(issuer);

    await build({
        root: join(here, "app"),
        configFile: false,
        logLevel: "warn",
        define: { ISSUER: JSON.stringify(issuer) },
        plugins: [oidcSpa({ browserRuntimeFreeze: { enabled: freeze }, DPoP: { enabled: true, mode: "auto" } })],
        build: { outDir, emptyOutDir: true, reportCompressedSize: false }
    });

    const paths = await pathsOfRestoredSession(browser, origin, issuer);

    const files = [];
    for (const path of paths) {
        const bytes = await readFile(fileFor(outDir, path));
        files.push({ path, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length, bytes });
    }
    const html = files.find(file => file.path === "/");
    const engine = files.find(file => file.path.startsWith("/assets/bytes-"));
    if (html === undefined || engine === undefined) {
        throw new Error(`the reload loaded no ${html === undefined ? "page" : "engine"}: ${[...paths].join(", ")}`);
    }
    // What runs before the app: the scripts of the page, and what they import statically.
    const early = [...html.bytes.toString().matchAll(/<script\b[^>]*? src="([^"]+)"/g)].map(match => match[1]);
    for (const path of early) {
        const code = files.find(file => file.path === path)?.bytes.toString() ?? "";
        const imported = [...code.matchAll(/(?:^|[;}])(?:import|export)\b(?:[^"';()]*\bfrom)?\s*["'](\.[^"']+)["']/g)].map(match => posix.join(posix.dirname(path), match[1]));
        early.push(...imported.filter(one => !early.includes(one)));
    }
    return {
        files: files.sort((a, b) => b.gzip - a.gzip),
        early,
        html: html.gzip,
        engine: engine.gzip,
        entry: sum(files.filter(file => early.includes(file.path))),
        total: sum(files),
        brotli: files.reduce((total, file) => total + file.brotli, 0)
    };
}

/** Logs in, reloads, and returns the paths that the reload requested from the app's origin. */
async function pathsOfRestoredSession(browser, origin, issuer) {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_LIMIT_MS);
    /** @type {string[]} */
    const complaints = [];
    page.on("pageerror", error => complaints.push(error.message));
    page.on("console", message => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    const paths = new Set();
    try {
        await page.goto(`${origin}/`);
        await page.getByRole("button", { name: "Log in" }).click();
        await page.waitForURL(url => url.origin === issuer);
        await page.locator("button, input[type=submit]").first().click();
        await page.locator("[data-session=restored]").waitFor();

        context.on("response", response => {
            const url = new URL(response.url());
            if (url.origin === origin && response.request().method() === "GET" && response.ok()) {
                paths.add(url.pathname);
            }
        });
        await page.reload();
        await page.locator("[data-session=restored]").waitFor();
    } catch (error) {
        throw new Error([`the app did not restore its session: ${error.message}`, ...complaints].join("\n"));
    }
    await context.close();
    const refused = complaints.filter(complaint => complaint.includes("Content Security Policy"));
    if (refused.length > 0) {
        throw new Error(["the README's Content-Security-Policy forbids what the app needs:", ...refused].join("\n"));
    }
    return paths;
}

function sum(files) {
    return files.reduce((total, file) => total + file.gzip, 0);
}

function print(title, { files, early, total, entry, brotli }) {
    console.log(`\n${title}`);
    for (const { path, raw, gzip } of files) {
        console.log(`  ${path.padEnd(44)} ${count(raw)} ${count(gzip)} gzip${early.includes(path) ? "  runs before the app" : ""}`);
    }
    console.log(`  ${"all".padEnd(44)} ${count(sum(files.map(({ raw }) => ({ gzip: raw }))))} ${count(total)} gzip`);
    console.log(`  ${"all, from a host that serves brotli".padEnd(44)} ${"".padEnd(7)} ${count(brotli)} brotli`);
    console.log(`  ${"scripts that run before the app".padEnd(44)} ${"".padEnd(7)} ${count(entry)} gzip\n`);
}

function count(number) {
    return number.toLocaleString("en").padStart(7);
}

/** Returns the policy from the package's README, with this issuer and everything else forbidden. */
async function readmePolicy(issuer) {
    const readme = await readFile(join(here, "../../packages/countersign/README.md"), "utf8");
    const block = /## Content-Security-Policy\n\n```\n([^`]+)```/.exec(readme)?.[1];
    if (block === undefined) {
        throw new Error("packages/countersign/README.md has no Content-Security-Policy any more");
    }
    return `default-src 'none'; ${block.replaceAll("https://login.example.com", issuer).replace(/\s+/g, " ")}`;
}
