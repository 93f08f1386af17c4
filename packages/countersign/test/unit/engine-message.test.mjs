// The TypeScript side of the boundary's codec; the Rust side is tested in crates/countersign-browser/src/message.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { engineHost } from "./support/engine-host.mjs";

const { noTexts, readTexts, toTexts, writeTexts } = await import("../../dist/engine/message.js");

const host = engineHost();
const START = 16;
const FILL = 0xaa;

/** Linear memory in which something else lies before and behind the message. */
function linear() {
    const memory = new Uint8Array(4096).fill(FILL);
    let reserved = 0;
    const view = (pointer, length) => new Uint8Array(memory.buffer, pointer, length);
    const reserve = length => {
        reserved = length;
        view(START, length).fill(0);
        return START;
    };
    return {
        view,
        write: texts => writeTexts(host, texts, reserve, view),
        read: () => Object.values({ ...readTexts(host, START, reserved, view), length: undefined }).filter(text => text !== undefined),
        message: () => {
            const bytes = [...view(START, reserved)];
            return bytes.slice(0, bytes.lastIndexOf(0xff) + 1);
        },
        assertNothingElseWasWritten: () => {
            assert.ok(view(0, START).every(byte => byte === FILL));
            assert.ok(view(START + reserved, 4096 - START - reserved).every(byte => byte === FILL));
        }
    };
}

test("fields come back as they went", () => {
    for (const fields of [["", "a", "é\u{10ffff}\0\ufffd", ""], [], ["\u{1f600}".repeat(300)]]) {
        const memory = linear();
        memory.write(toTexts(fields));
        assert.deepEqual(memory.read(), fields);
        memory.assertNothingElseWasWritten();
    }
});

test("the bytes are those of the Rust side", () => {
    const memory = linear();
    memory.write(toTexts(["a", "é", ""]));
    assert.deepEqual(memory.message(), [0x61, 0xff, 0xc3, 0xa9, 0xff, 0xff]);
});

test("half of a surrogate pair becomes a replacement character, so that all is UTF-8", () => {
    const memory = linear();
    memory.write(toTexts(["\ud800a"]));
    assert.deepEqual(memory.read(), ["\ufffda"]);
});

test("an unended field is dropped", () => {
    const memory = linear();
    memory.view(START, 3).set([0x61, 0xff, 0x62]);
    const fields = readTexts(host, START, 3, memory.view);
    assert.deepEqual({ ...fields }, { 0: "a", length: 1 });
});

test("what is no string is measured as the string that is written", () => {
    for (const [value, text] of [
        [["x".repeat(500), "y"], `${"x".repeat(500)},y`],
        [3600, "3600"],
        [{ length: 1, toString: () => "z".repeat(400) }, "z".repeat(400)],
        [undefined, "undefined"]
    ]) {
        const memory = linear();
        memory.write(toTexts([value, "next"]));
        assert.deepEqual(memory.read(), [text, "next"]);
        memory.assertNothingElseWasWritten();
    }
});

test("an object that grows is read once", () => {
    let count = 0;
    const memory = linear();
    memory.write(toTexts([{ toString: () => "x".repeat(10 ** count++) }]));
    assert.deepEqual(memory.read(), ["x"]);
    assert.equal(count, 1);
});

test("an encoder that does not take all of a text is noticed", () => {
    const view = (_, length) => new Uint8Array(length);
    const broken = { ...host, encodeInto: () => ({ read: 0, written: 0 }) };
    assert.throws(() => writeTexts(broken, ["a"], () => 0, view), RangeError);
});

test("a script that changes arrays or Object.prototype sees no field", () => {
    const seen = [];
    const spy = { configurable: true, get: () => undefined, set: value => seen.push(value) };
    const iterator = Array.prototype[Symbol.iterator];
    Object.defineProperty(Object.prototype, "0", spy);
    Object.defineProperty(Array.prototype, "1", spy);
    Array.prototype[Symbol.iterator] = function () {
        seen.push(this);
        return iterator.call(this);
    };
    let fields;
    try {
        const memory = linear();
        const texts = noTexts();
        texts[texts.length++] = "secret";
        memory.write(toTexts(texts));
        fields = readTexts(host, START, 20, memory.view);
    } finally {
        Array.prototype[Symbol.iterator] = iterator;
        delete Object.prototype[0];
        delete Array.prototype[1];
    }
    assert.equal(fields[0], "secret");
    assert.deepEqual(seen, []);
});
