// The engine in JavaScript passes the tests of the engine in WebAssembly, in a realm that has lost every global: other
// scripts may have changed them by the time it runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeScriptHost } from "./support/engine-world.mjs";

process.env.ENGINE = "javascript";
await import("./engine.test.mjs");

test("the engine in JavaScript uses no global of the page", async () => {
    // No name is left in its realm (see `makeScriptHost`), and from ours it is given these two.
    const read = new Set();
    const page = new Proxy({ ArrayBuffer, Uint8Array }, { get: (given, name) => (read.add(name), given[name]) });
    assert.equal(typeof (await makeScriptHost(page)).instantiate, "function");
    assert.deepEqual([...read].filter(name => typeof name === "string").sort(), ["ArrayBuffer", "Uint8Array"]);
});
