/**
 * Thousands of calls on one page leave nothing behind: neither objects nor listeners of the page, nor
 * memory of the engine. `COUNTERSIGN_CALLS` says how many (default: 10,000).
 */
import assert from "node:assert/strict";
import http from "node:http";
import { browserName } from "./harness/drivers/index.mjs";
import { Unsupported } from "./harness/drivers/unsupported.mjs";
import { listenOnLoopback } from "./harness/loopback.mjs";
import { test } from "./harness/test.mjs";
import { isRefused } from "./harness/webassembly.mjs";
import { World } from "./harness/world.mjs";

const CALLS = Number(process.env.COUNTERSIGN_CALLS ?? 10_000);
/** A leak of one small object per call is more. */
const TOLERANCE_BYTES_PER_CALL = 8;
/** What the browser itself keeps, whatever the number of calls. */
const TOLERANCE_BYTES = 50_000;

/** An API that challenges each hundredth call with another nonce. It records nothing, which would take memory, too. */
async function startApi(t) {
    const api = { calls: 0, unbound: 0, challenges: 0 };
    const server = http.createServer((request, response) => {
        response.setHeader("Access-Control-Allow-Origin", "*");
        response.setHeader("Access-Control-Allow-Headers", "Authorization, DPoP, Content-Type");
        response.setHeader("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate");
        response.setHeader("Access-Control-Max-Age", "7200");
        if (request.method !== "OPTIONS") {
            const { authorization, dpop } = request.headers;
            api.unbound += authorization?.startsWith("DPoP ") && dpop?.split(".").length === 3 ? 0 : 1;
            if (++api.calls % 100 === 0) {
                api.challenges++;
                response.statusCode = 401;
                response.setHeader("DPoP-Nonce", `nonce-${api.calls}`);
                response.setHeader("WWW-Authenticate", 'DPoP error="use_dpop_nonce"');
            }
        }
        request.resume().on("end", () => response.end("{}"));
    });
    const listener = await listenOnLoopback(socket => server.emit("connection", socket));
    t.after(() => listener.close());
    return Object.assign(api, { origin: `http://localhost:${listener.port}` });
}

/** Makes calls of each kind, some at once. Returns how many did not end as they should. */
async function callOften([origin, times]) {
    const { accessToken } = await window.harness.loggedIn().getTokens();
    const headers = { Authorization: `Bearer ${accessToken}` };
    const byXhr = (method, body, isAborted) =>
        new Promise(resolve => {
            const xhr = new XMLHttpRequest();
            xhr.open(method, `${origin}/xhr`);
            xhr.setRequestHeader("Authorization", headers.Authorization);
            xhr.onload = () => resolve(!isAborted && xhr.status === 200);
            xhr.onabort = () => resolve(isAborted === true);
            xhr.send(body);
            isAborted && xhr.abort();
        });
    const aborted = () => {
        const controller = new AbortController();
        const call = fetch(`${origin}/aborted`, { headers, signal: controller.signal });
        controller.abort();
        return call.then(() => false, error => error.name === "AbortError");
    };
    const kinds = [
        () => fetch(`${origin}/get`, { headers }).then(async response => response.ok && (await response.text()) === "{}"),
        () => fetch(new Request(`${origin}/request`, { headers })).then(response => response.ok),
        () => fetch(`${origin}/post`, { method: "POST", headers, body: "text" }).then(response => response.ok),
        () => byXhr("GET"),
        () => byXhr("POST", "text"),
        () => byXhr("GET", undefined, true),
        aborted
    ];
    let failures = 0;
    for (let done = 0; done < times; done += 3 * kinds.length) {
        const results = await Promise.all([...kinds, ...kinds, ...kinds].map(call => call()));
        failures += results.filter(isRight => !isRight).length;
    }
    return failures;
}

/** Returns what the page and the engine hold, in bytes, and the page's listeners. */
async function measure(client) {
    for (let round = 0; round < 3; round++) {
        await client.send("HeapProfiler.collectGarbage");
    }
    const { usedSize } = await client.send("Runtime.getHeapUsage");
    const { jsEventListeners } = await client.send("Memory.getDOMCounters");
    // The page has no way to the engine's memory; the debugger has.
    const { result } = await client.send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
    const { objects } = await client.send("Runtime.queryObjects", { prototypeObjectId: result.objectId });
    const { result: engine } = await client.send("Runtime.callFunctionOn", {
        objectId: objects.objectId,
        functionDeclaration: "function () { return this.length === 1 ? this[0].buffer.byteLength : -1; }",
        returnByValue: true
    });
    await client.send("Runtime.releaseObject", { objectId: objects.objectId });
    return { heap: usedSize, listeners: jsEventListeners, engine: engine.value };
}

test(`memory is flat over ${CALLS} calls`, { timeout: 60_000 + 20 * CALLS }, async t => {
    if (browserName !== "chromium") {
        throw new Unsupported("only Chromium's debugger sees the engine's memory");
    }
    if (isRefused) {
        throw new Unsupported("the engine in JavaScript has no memory of its own");
    }
    const api = await startApi(t);
    const world = await World.create(t, { expectedErrors: [/status of 401/, /data:not-sent/] });
    await world.start();
    const client = await world.context.newCDPSession(world.page);
    const rounds = 5;
    const each = Math.ceil(CALLS / rounds);
    const measured = [];
    for (let round = 0; round < rounds; round++) {
        assert.equal(await world.page.evaluate(callOften, [api.origin, each]), 0);
        measured.push(await measure(client));
    }
    t.diagnostic(JSON.stringify(measured));
    assert.equal(api.unbound, 0);
    assert.ok(api.calls >= CALLS / 2 && api.challenges > 0, JSON.stringify(api));
    // The first round is warm-up: code is compiled, caches and the engine's free lists fill.
    const [before] = measured;
    const after = measured.at(-1);
    assert.ok(before.engine > 0);
    assert.equal(after.engine, before.engine);
    assert.equal(after.listeners, before.listeners);
    const growth = after.heap - before.heap;
    const most = TOLERANCE_BYTES + TOLERANCE_BYTES_PER_CALL * each * (rounds - 1);
    assert.ok(growth <= most, `${growth} bytes in ${each * (rounds - 1)} calls`);
});
