/**
 * Counts how many network steps, one after the other, a restored session takes when nothing is
 * cached. Each request of the browser waits for the same time; a step is a request that begins when
 * the one before has ended, and the longest such chain from the page's HTML on counts. Beside it
 * stands the time from the HTML to the session, in units of that wait: it has the browser's own work
 * too. Prints ours, ours without the Vite plugin, and oidc-spa's.
 *
 * The server lets the browser cache what is named by its content: the iframe finds early init there. Nothing fails for being slow.
 */
import { createServer, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { oidcSpa } from "countersign/vite-plugin";
import { oidcSpa as reference } from "oidc-spa/vite-plugin";
import { build } from "vite";
import { launchChromium } from "../../packages/countersign/test/chromium.mjs";
import { headersBy, serve, startAuthorizationServer } from "./servers.mjs";

const LATENCY_MS = 300;
const RUNS = Number(process.env["RUNS"] ?? 3);
const STEP_LIMIT_MS = 30_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../../target/size", import.meta.url));
const DPOP = { enabled: true, mode: "auto" };

/** By the name that target/size.json has. */
const setups = {
    restore_steps: { title: "with the plugin, which knows the issuer", app: "app", plugins: issuerUri => [oidcSpa({ DPoP: DPOP, issuerUri })] },
    restore_steps_without_issuer: { title: "with the plugin", app: "app", plugins: () => [oidcSpa({ DPoP: DPOP })] },
    restore_steps_without_plugin: { title: "without the plugin", app: "manual", plugins: () => [] },
    restore_steps_of_oidc_spa: { title: "oidc-spa, with its plugin", app: "app", plugins: () => [reference({ DPoP: DPOP, browserRuntimeFreeze: { enabled: false } })], alias: { "countersign/core": "oidc-spa/core" } }
};

/** Prints a table and returns the steps of each setup. `atEnd` gets what ends the servers. */
export async function countSteps(atEnd) {
    const proxy = await startProxy();
    atEnd.push(proxy.close);
    const browser = await launchChromium({ proxy: { server: proxy.url, bypass: "<-loopback>" } });
    atEnd.push(() => browser.close());
    console.log(`\nFrom the HTML to the restored session, nothing cached (${LATENCY_MS} ms a request, best of ${RUNS})`);
    console.log(`  ${"".padEnd(44)} ${"steps".padStart(7)} ${"time".padStart(7)}`);
    /** @type {Record<string, number>} */
    const counted = {};
    for (const [name, setup] of Object.entries(setups)) {
        const { steps, time, requests } = await measure(browser, proxy, setup, atEnd);
        counted[name] = steps;
        console.log(`  ${setup.title.padEnd(44)} ${`${steps}`.padStart(7)} ${time.toFixed(1).padStart(7)}`);
        if (process.env["STEPS"] === "all") {
            requests.forEach(line => console.log(`      ${line}`));
        }
    }
    return counted;
}

/**
 * Returns the length of the longest chain of requests of which each begins after the one before has
 * ended, and the first after `start`.
 */
function longestChain(requests, start) {
    let length = 0;
    let end = start;
    for (const { began, ended } of requests.toSorted((a, b) => a.ended - b.ended)) {
        if (began >= end) {
            length += 1;
            end = ended;
        }
    }
    return length;
}

async function measure(browser, proxy, { app, plugins, alias = {} }, atEnd) {
    const outDir = join(target, "steps");
    const { origin, close } = await serve(outDir, headersBy({ header: "", isCached: true }));
    atEnd.push(close);
    const issuer = await startAuthorizationServer(origin, atEnd);
    await build({
        root: join(here, app),
        configFile: false,
        logLevel: "error",
        define: { ISSUER: JSON.stringify(issuer) },
        resolve: { alias },
        plugins: plugins(issuer),
        build: { outDir, emptyOutDir: true, reportCompressedSize: false }
    });

    proxy.latency = 0;
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_LIMIT_MS);
    await page.goto(`${origin}/`);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(url => url.origin === issuer);
    await page.locator("button, input[type=submit]").first().click();
    await page.locator("[data-session=restored]").waitFor();
    const storageState = await context.storageState();
    await context.close();

    proxy.latency = LATENCY_MS;
    let best;
    for (let run = 0; run < RUNS; run++) {
        // A context of its own has an empty cache.
        const fresh = await browser.newContext({ storageState });
        const visit = await fresh.newPage();
        visit.setDefaultTimeout(STEP_LIMIT_MS);
        proxy.requests.length = 0;
        await visit.goto(`${origin}/`, { waitUntil: "commit" });
        await visit.locator("[data-session=restored]").waitFor();
        const end = Date.now();
        const start = proxy.requests.find(({ url }) => url === `${origin}/`).ended;
        const step = time => ((time - start) / LATENCY_MS).toFixed(1);
        const time = (end - start) / LATENCY_MS;
        const own = proxy.requests.filter(({ url, ended }) => ended > start && (url.startsWith(origin) || url.startsWith(issuer)));
        const steps = longestChain(own, start);
        if (best === undefined || steps < best.steps || (steps === best.steps && time < best.time)) {
            const requests = own.map(({ method, url, began, ended }) => `${step(began).padStart(5)} ${step(ended).padStart(5)} ${method} ${url.replace(/\?.*/, "?...")}`);
            best = { steps, time, requests };
        }
        await fresh.close();
    }
    return best;
}

/** A forward proxy that lets each request wait, and lists them. */
async function startProxy() {
    const proxy = { latency: 0, requests: [] };
    const server = createServer((incoming, outgoing) => {
        const seen = { method: incoming.method, url: incoming.url, began: Date.now(), ended: NaN };
        proxy.requests.push(seen);
        setTimeout(() => {
            const forwarded = request(incoming.url, { method: incoming.method, headers: incoming.headers }, response => {
                seen.ended = Date.now();
                outgoing.writeHead(response.statusCode, response.headers);
                response.pipe(outgoing);
            });
            forwarded.on("error", () => outgoing.destroy());
            incoming.pipe(forwarded);
        }, proxy.latency);
    });
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
    return Object.assign(proxy, {
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => (server.closeAllConnections(), server.close())
    });
}
