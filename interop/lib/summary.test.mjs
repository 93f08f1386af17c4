/**
 * Checks that the README says what was tested with what: the pinned versions, and every scenario.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { repository } from "../../packages/countersign/test/browser/harness/paths.mjs";
import { END, START, definitions, summary, withSummary } from "./summary.mjs";

const scenarios = { one() {}, two() {} };
const ours = ["native client"];

test("the README's table is the one that `node interop/summary.mjs` writes", async () => {
    const page = await readFile(path.join(repository, "README.md"), "utf8");
    assert.equal(page, withSummary(page, summary(await definitions())), "run `node interop/summary.mjs`");
});

test("a row has the pinned version, what of ours met it, and how many scenarios", () => {
    const peer = { name: "a", title: ({ a }) => `peer ${a}`, ours, scenarios };
    const own = { name: "b", title: () => "Our own", ours, scenarios };
    const table = summary({ peers: [peer, own], versions: { a: "1.2.3" } });
    assert.equal(table.split("\n").slice(2).join("\n"), "| peer 1.2.3 | native client | 2 |");
});

test("a peer with a version that does not say what of ours it meets is an error", () => {
    const peer = { name: "a", title: ({ a }) => `peer ${a}`, scenarios };
    assert.throws(() => summary({ peers: [peer], versions: { a: "1" } }), /peers\/a\.mjs/);
});

test("what stands between the marks is replaced, and a page without them is an error", () => {
    assert.equal(withSummary(`a${START}old${END}b`, "new"), `a${START}\nnew\n${END}b`);
    assert.throws(() => withSummary("a", "new"), /has no/);
});
