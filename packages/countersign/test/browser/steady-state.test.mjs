/** What an API call costs once everything is warm: one signature, and nothing else of WebCrypto. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";

/** Counts every call to WebCrypto and IndexedDB; runs before early init saves the native functions. */
function countCalls() {
    if (!isSecureContext) {
        return; // The empty page that each test begins with.
    }
    window.counts = {};
    window.databases = 0;
    const note = (prototype, name, act) => {
        const native = prototype[name];
        prototype[name] = function (...parameters) {
            act();
            return native.apply(this, parameters);
        };
    };
    const count = (prototype, name) => note(prototype, name, () => (window.counts[name] = (window.counts[name] ?? 0) + 1));
    for (const name of Object.getOwnPropertyNames(SubtleCrypto.prototype)) {
        if (typeof Object.getOwnPropertyDescriptor(SubtleCrypto.prototype, name).value === "function" && name !== "constructor") {
            count(SubtleCrypto.prototype, name);
        }
    }
    note(IDBFactory.prototype, "open", () => window.databases++);
}

const REQUESTS = 10;

for (const setup of ["plugin", "manual"]) {
    test(`rc11_steady_state_is_one_signature_per_request (${setup})`, async t => {
        const world = await World.create(t, {
            variant: { setup },
            initScripts: [countCalls],
            expectedErrors: [/status of 401/]
        });
        await world.start();
        for (const transport of ["fetch", "request", "xhr"]) {
            const call = { url: `${world.api.origin}/api/me`, transport };
            assert.equal((await world.call(call)).status, 200, "warm");
            await world.page.evaluate(() => (window.counts = {}));
            assert.deepEqual(await world.burst(call, REQUESTS), Array(REQUESTS).fill(200));
            assert.deepEqual(await world.page.evaluate(() => window.counts), { sign: REQUESTS }, transport);
        }
        const databases = await world.page.evaluate(() => window.databases);
        assert.ok(databases <= 2, "the login's record, and one look for abandoned ones: no call opens IndexedDB");
        await world.page.evaluate(() => (window.counts = {}));
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, token: "not.ours.at-all" })).status, 401);
        assert.deepEqual(await world.page.evaluate(() => window.counts), {}, "a call that is not ours costs nothing");
    });
}

test("a restored session costs one key, and one signature for the token request", async t => {
    const world = await World.create(t, { initScripts: [countCalls] });
    await world.start();
    await world.open();
    const counts = await world.page.evaluate(() => window.counts);
    assert.equal(counts.generateKey, 1);
    assert.equal(counts.sign, 1);
    assert.equal(counts.exportKey, 1);
});
