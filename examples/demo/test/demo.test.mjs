/** Uses the demo as a newcomer does: one command, log in, call, steal, be refused, Ctrl-C. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, connect } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openContext } from "../../../packages/countersign/test/browser/harness/browser.mjs";
import { tour } from "./tour.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const START_TIMEOUT_MS = 300_000;

let demo;
let output = "";
let port;

before(async () => {
    port = await threeFreePorts();
    demo = spawn("cargo", ["xtask", "demo", "--no-open", "--port", String(port)], { cwd: ROOT });
    for (const stream of [demo.stdout, demo.stderr]) {
        stream.on("data", chunk => (output += chunk));
    }
    await waitFor(() => output.includes("Ctrl-C ends it"), START_TIMEOUT_MS);
});

after(() => {
    demo?.kill("SIGTERM");
});

for (const width of [400, 1400]) {
    test(`the demo logs in, calls and refuses the three thefts, at ${width} pixels`, async () => {
        // The browser's console reports the nonce challenge.
        const { context, close } = await openContext({ expected: [/status of 401/] });
        const page = await context.newPage();
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`http://localhost:${port}/`);
        await page.click("#login");
        await page.getByRole("button", { name: "Alice" }).click();
        await page.waitForSelector("#user");
        assert.equal(await page.textContent("#user"), "Alice Archer");

        await tour(page);

        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, "the page scrolls sideways");
        await page.click("#logout");
        await page.waitForSelector("#login");
        await close();
    });
}

test("a port that is taken is named, with what to do", async () => {
    const second = spawn("cargo", ["xtask", "demo", "--no-open", "--port", String(port)], { cwd: ROOT });
    let text = "";
    second.stderr.on("data", chunk => (text += chunk));
    const [code] = await once(second, "close");
    assert.notEqual(code, 0);
    assert.match(text, new RegExp(`${port}[^\\n]*--port`));
});

test("Ctrl-C ends all of it", async () => {
    const closed = once(demo, "close");
    demo.kill("SIGINT");
    await closed;
    for (const one of [port, port + 1, port + 2]) {
        assert.equal(await isListening(one), false, `port ${one} is still served`);
    }
});

async function threeFreePorts() {
    for (let base = 23_400; ; base += 3) {
        if (!(await Promise.all([0, 1, 2].map(offset => isTaken(base + offset)))).includes(true)) {
            return base;
        }
    }
}

function isTaken(port) {
    return new Promise(resolve => {
        const server = createServer();
        server.once("error", () => resolve(true));
        server.listen(port, "localhost", () => server.close(() => resolve(false)));
    });
}

function isListening(port) {
    return new Promise(resolve => {
        const socket = connect(port, "localhost");
        socket.once("connect", () => (socket.destroy(), resolve(true)));
        socket.once("error", () => resolve(false));
    });
}

async function waitFor(condition, timeout) {
    const end = Date.now() + timeout;
    while (!condition()) {
        if (Date.now() > end || demo.exitCode !== null) {
            throw new Error(`The demo did not start:\n${output}`);
        }
        await new Promise(resolve => setTimeout(resolve, 100));
    }
}
