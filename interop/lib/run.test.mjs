/** Checks that what must be a failure is one, in a single peer and in the whole run. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { definePeer } from "./peer.mjs";
import { runPeer } from "./run.mjs";
import { hasEnded } from "./test-support/ended.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Returns the rows of a peer, after filling in what the test is not about. */
async function rowsOf(peer, options) {
    const rows = [];
    await runPeer(definePeer({ name: "a", title: () => "A", needs: [], start: async run => ({ run }), scenarios: {}, ...peer }), {
        versions: { keycloak: "1", other: "2" },
        add: row => rows.push(row),
        ...options
    });
    return rows;
}

const results = rows => rows.map(({ scenario, passed }) => [scenario, passed]);

test("scenarios run in order, and each has its result and notes", async () => {
    const order = [];
    const rows = await rowsOf({
        title: versions => `A ${versions.keycloak}`,
        scenarios: {
            "first": async (_, note) => {
                order.push(1);
                note("slower");
            },
            "second": async () => void order.push(2)
        }
    });
    assert.deepEqual(order, [1, 2]);
    assert.deepEqual(results(rows), [["first", true], ["second", true]]);
    assert.deepEqual(rows[0].notes, ["slower"]);
    assert.deepEqual([rows[0].title, rows[0].pins], ["A 1", ["keycloak"]]);
});

test("a scenario that throws has failed, with where; the next one runs", async () => {
    const rows = await rowsOf({
        scenarios: {
            "throws at once": () => {
                throw new Error("at once");
            },
            "throws later": async () => {
                await null;
                throw new Error("later");
            },
            "throws no error": () => Promise.reject("text"),
            "passes": async () => undefined
        }
    });
    assert.deepEqual(rows.map(({ passed }) => passed), [false, false, false, true]);
    assert.match(rows[0].error, /^at once \(lib\/run\.test\.mjs:\d+:\d+\)$/);
    assert.match(rows[1].error, /^later /);
    assert.equal(rows[2].error, "text");
});

test("a scenario that hangs has failed; the next one runs", async () => {
    const [first, second] = await rowsOf({
        limits: { "hangs": 0.1 },
        scenarios: { "hangs": () => new Promise(() => undefined), "passes": async () => undefined }
    });
    assert.match(first.error, /^did not finish within 0\.1 s/);
    assert.equal(second.passed, true);
});

test("a peer that does not start fails every scenario", async () => {
    const scenarios = { "one": () => assert.fail("ran"), "two": () => assert.fail("ran") };
    const start = async () => {
        throw new Error("no such realm");
    };
    const startsNever = { startLimit: 0.1, start: () => new Promise(() => undefined) };
    for (const [peer, why] of [[{ start }, /no such realm/], [startsNever, /did not finish within 0\.1 s/]]) {
        const rows = await rowsOf({ ...peer, scenarios });
        assert.deepEqual(results(rows), [["one", false], ["two", false]]);
        assert.match(rows[0].error, /^did not run: the peer did not start: /);
        assert.match(rows[0].error, why);
        assert.equal(rows[1].error, "did not run: see above");
    }
});

test("what could not be had fails every scenario of the peer that needs it", async () => {
    const notReady = { keycloak: "no such version" };
    const scenarios = { "one": async () => undefined, "two": async () => undefined };
    const rows = await rowsOf({ needs: ["keycloak"], start: () => assert.fail("started"), scenarios }, { notReady });
    assert.deepEqual(results(rows), [["one", false], ["two", false]]);
    assert.equal(rows[0].error, "did not run: keycloak could not be prepared: no such version");
    const others = await rowsOf({ needs: ["spring"], scenarios }, { notReady });
    assert.deepEqual(results(others), [["one", true], ["two", true]]);
});

test("a peer without scenarios has failed", async () => {
    assert.deepEqual(results(await rowsOf({})), [["has scenarios", false]]);
});

test("limits of a scenario that is not there are an error", () => {
    assert.throws(() => definePeer({ name: "a", scenarios: {}, limits: { "typo": 1 } }), /typo/);
});

test("what must hold after each scenario fails the one it was found in", async () => {
    let isBroken = false;
    const rows = await rowsOf({
        async start(run) {
            run.afterEach(() => assert.equal(isBroken, false, "broken"));
            return { wire: await run.wire() };
        },
        scenarios: {
            "proxy fails": async ({ wire }) => void wire.failures.push(new Error("bytes")),
            "both fail": async ({ wire }) => {
                wire.failures.push(new Error("bytes"));
                throw new Error("assertion");
            },
            "passes": async () => undefined,
            "breaks": async () => void (isBroken = true)
        }
    });
    assert.deepEqual(rows.map(({ passed }) => passed), [false, false, true, false]);
    assert.match(rows[0].error, /passed[^]*the recording proxy failed: Error: bytes/);
    assert.match(rows[1].error, /assertion[^]*the recording proxy failed: Error: bytes/);
    assert.match(rows[3].error, /broken/);
});

test("a run ends what was started, the last first, and a failure of that is one", async () => {
    const ended = [];
    let directory;
    const rows = await rowsOf({
        async start(run) {
            directory = run.directory;
            run.after(() => ended.push("first"));
            run.after(() => {
                throw new Error("stuck");
            });
            run.after(() => ended.push("last"));
        },
        scenarios: { "passes": async () => undefined }
    });
    assert.deepEqual(ended, ["last", "first"]);
    assert.equal(existsSync(directory), false);
    assert.deepEqual(results(rows), [["passes", true], ["ends in order", false]]);
    assert.match(rows[1].error, /stuck/);
});

/** Runs the program with the peers of `test-support/peers`. */
async function program(t, peers, environment = {}) {
    const directory = await mkdtemp(path.join(os.tmpdir(), "countersign-interop-test-"));
    t.after(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "results.json");
    const child = spawn(
        process.execPath,
        [path.join(here, "../run.mjs"), "--peers", path.join(here, "test-support/peers"), "--results", file, ...peers],
        { env: { ...process.env, ...environment } }
    );
    t.after(() => child.kill("SIGKILL"));
    const run = { child, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", text => (run.output += text));
    }
    run.ended = once(child, "close").then(async ([status]) => ({
        status,
        lines: run.output.trimEnd().split("\n"),
        results: existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : undefined
    }));
    return run;
}

const wholeRun = async (...parameters) => (await program(...parameters)).ended;

test("a run in which all passes ends with 0", async t => {
    const { status, lines, results } = await wholeRun(t, ["--peer", "passes"]);
    assert.equal(status, 0, lines.join("\n"));
    assert.equal(lines.at(-1), "1 passed, 0 failed");
    assert.ok(lines.some(line => /^ +differs: the sum is 3$/.test(line)));
    assert.deepEqual(results.rows.map(({ pins }) => pins), [["keycloak"]]);
    assert.ok(results.seconds.passes > 0);
});

test("a run in which something fails ends with 1, and runs the others", async t => {
    const { status, lines } = await wholeRun(t, ["--peer", "fails,passes"]);
    assert.equal(status, 1);
    // The second failure is an uncaught error.
    assert.equal(lines.at(-1), "3 passed, 2 failed");
    assert.ok(lines.includes("FAIL fails: throws (0.0 s)"), lines.join("\n"));
    assert.ok(lines.some(line => line.startsWith("FAIL fails: no uncaught error")), lines.join("\n"));
});

test("what could not be had is said, and fails the run", async t => {
    const environment = { COUNTERSIGN_NOT_READY: JSON.stringify({ keycloak: "no network" }) };
    const { status, lines } = await wholeRun(t, ["--peer", "fails", "--peer", "passes"], environment);
    assert.equal(status, 1);
    assert.equal(lines.at(-1), "1 passed, 3 failed");
    assert.ok(lines.some(line => line.includes("did not run: keycloak could not be prepared: no network")));
});

test("a peer that can't be loaded has failed, and asks for nothing", async t => {
    const { status, lines } = await wholeRun(t, ["--peer", "broken,passes"]);
    assert.equal(status, 1);
    assert.equal(lines.at(-1), "1 passed, 1 failed");
    assert.ok(lines.some(line => line.startsWith("FAIL broken: can be loaded")));
    const needs = await wholeRun(t, ["--needs", "--peer", "broken,fails"]);
    assert.deepEqual([needs.status, needs.lines], [0, ["keycloak"]]);
});

test("a peer that nobody knows is an error that names those there are", async t => {
    const { status, lines } = await wholeRun(t, ["--peer", "passse"]);
    assert.equal(status, 1);
    assert.equal(lines.at(-1), "error: no peer is named passse; there are broken, fails, hangs, passes");
});

test("a run that is interrupted leaves no program behind", async t => {
    const run = await program(t, ["--peer", "hangs"]);
    while (!/started \d+ \d+/.test(run.output)) {
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    const pids = /started (\d+) (\d+)/.exec(run.output).slice(1).map(Number);
    run.child.kill("SIGINT");
    assert.equal((await run.ended).status, 128 + 2);
    for (const pid of pids) {
        assert.ok(await hasEnded(pid), `${pid} is still running`);
    }
});

test("a run whose reader is gone ends", async t => {
    const run = await program(t, ["--peer", "passes,fails,passes"]);
    run.child.stdout.destroy();
    run.child.stderr.destroy();
    assert.equal((await run.ended).status, 1);
});
