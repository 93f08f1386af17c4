// The boundary has two sides: what the built engine exports and imports is what the TypeScript beside it says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { engineHost } from "./support/engine-host.mjs";

const { startEngine } = await import("../../dist/engine/boundary.js");
const { unpack } = await import("../../dist/engine/unpack.js");
const { default: base64 } = await import("../../dist/engine/bytes.js");
const bytes = unpack(engineHost(), base64);
const engine = new WebAssembly.Module(bytes);

test("the engine exports what `Exports` lists, each with as many parameters", async () => {
    const source = await readFile(new URL("../../src/engine/boundary.ts", import.meta.url), "utf8");
    const [, body] = /^interface Exports \{\n([^}]+)\n\}$/m.exec(source);
    const declared = Object.fromEntries([...body.matchAll(/^ {4}(\w+)\((.*)\): \w+;$/gm)].map(([, name, list]) => [name, list.split(", ").filter(Boolean).length]));
    assert.match(body, /^ {4}readonly memory: WebAssembly\.Memory;\n/);
    assert.equal(body.split("\n").length, Object.keys(declared).length + 1, "every line is read");

    const kinds = Object.fromEntries(WebAssembly.Module.exports(engine).map(({ name, kind }) => [name, kind]));
    assert.deepEqual(kinds, { memory: "memory", ...Object.fromEntries(Object.keys(declared).map(name => [name, "function"])) });
    let exports;
    await startEngine(bytes, engineHost({ instantiate: (...args) => (exports = engineHost().instantiate(...args)) }), () => {});
    const { memory, ...functions } = exports;
    assert.deepEqual(Object.fromEntries(Object.entries(functions).map(([name, { length }]) => [name, length])), declared);
});

test("the engine imports what it is given, and nothing else", async () => {
    let given;
    await startEngine(bytes, engineHost({ instantiate: (code, imports) => ((given = imports), engineHost().instantiate(code, imports)) }), () => {});
    const imported = WebAssembly.Module.imports(engine);
    assert.deepEqual(Object.keys(given), ["host"]);
    assert.deepEqual(new Set(imported.map(({ module, kind }) => `${module} ${kind}`)), new Set(["host function"]));
    assert.deepEqual(imported.map(({ name }) => name).sort(), Object.keys(given.host).sort());
});
