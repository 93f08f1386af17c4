import assert from "node:assert/strict";
import { test } from "node:test";
import { table, wrap } from "./table.mjs";

const row = { peer: "a", title: "A 1.2.3", pins: [], scenario: "works", passed: true, notes: [], seconds: 1.25 };

test("each scenario has a line under its peer, with what differs and why it failed", () => {
    const rows = [
        row,
        { ...row, scenario: "differs", notes: ["it answers 400 where others answer 401"] },
        { ...row, peer: "b", title: "B", scenario: "fails", passed: false, error: "expected 200\n+ got 500" }
    ];
    assert.equal(
        table(rows, new Map([["a", 12.4], ["b", 3]])),
        [
            "A 1.2.3 (--peer a; 12 s)",
            "  pass   1.3 s  works",
            "  pass   1.3 s  differs",
            "                differs: it answers 400 where others answer 401",
            "",
            "B (--peer b; 3 s)",
            "  FAIL   1.3 s  fails",
            "                expected 200",
            "                + got 500"
        ].join("\n")
    );
});

test("no line is longer than 120 columns", () => {
    const long = "a sentence of some length that goes on and on. ".repeat(12);
    const text = table([{ ...row, scenario: long, notes: [long], passed: false, error: long }], new Map());
    for (const line of text.split("\n")) {
        assert.ok(line.length <= 120, line);
    }
    assert.ok(text.replace(/\s+/g, " ").includes(long.trim()), "nothing is lost");
});

test("a word that is longer than the line stays whole", () => {
    assert.deepEqual(wrap("see https://example.com/a/b now", 10), ["see", "https://example.com/a/b", "now"]);
});
