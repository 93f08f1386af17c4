// What `cargo xtask package` packed comes out as it went in.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { engineHost } from "./support/engine-host.mjs";

const { unpack } = await import("../../dist/engine/unpack.js");
const { default: base64 } = await import("../../dist/engine/bytes.js");

test("the packed engine is the WebAssembly that was built, to the byte", async () => {
    const engine = await readFile(new URL("../../../../target/wasm/bytes.wasm", import.meta.url));
    assert.deepEqual(Buffer.from(unpack(engineHost(), base64)), engine);
});

test("a damaged text gives bytes of the same length, and reads nothing beyond itself", async () => {
    const engine = await readFile(new URL("../../../../target/wasm/bytes.wasm", import.meta.url));
    for (const damaged of [`${base64.slice(0, 4000)}AAAA${base64.slice(4004)}`, base64.slice(0, 4000)]) {
        const bytes = Buffer.from(unpack(engineHost(), damaged));
        assert.equal(bytes.length, engine.length);
        assert.notDeepEqual(bytes, engine);
    }
    assert.equal(unpack(engineHost(), "").length, 0);
});
