// Callbacks of the program's that fail, late or by surprise: the request gets 503, and nothing else
// happens: no uncaught exception, no hang, no engine that has stopped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { AUDIENCE, makeClient, makeIssuer } from "./support/parties.mjs";
import { serverOf } from "./support/servers.mjs";

const issuer = makeIssuer();
const client = makeClient();
const OPTIONS = { publicUrl: AUDIENCE, issuer: issuer.name, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, log: () => {} };
const start = (options = {}, way = "node:crypto") => serverOf(way, { ...OPTIONS, ...options });
const good = (claims = {}) => {
    const token = issuer.token(client);
    return { method: "GET", target: "/notes", authorization: [`DPoP ${token}`], dpop: [client.proof("GET", `${AUDIENCE}/notes`, token, claims)] };
};
const NEVER = () => new Promise(() => {});
const bare = Object.create(null);
const throws = () => { throw bare; };

test("an answer of the replay store that has arrived counts, though the program was busy beyond its deadline", async () => {
    const { port1, port2 } = new MessageChannel();
    const insert = () => new Promise(resolve => {
        port1.once("message", () => resolve({ wasNew: true, storeNow: Date.now() }));
        port2.postMessage("stored");
    });
    const server = start({ replayStore: { insert }, replayDeadline: 20 });
    const decision = server.decide(good());
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    assert.equal((await decision).isAccepted, true);
    port1.close();
});

test("a replay store that answers nonsense refuses one request with 503", async () => {
    let insert;
    const server = start({ replayStore: { insert: () => insert() }, replayDeadline: 20 });
    for (insert of [
        async () => undefined, async () => null, async () => true, () => undefined, () => null, () => 5,
        async () => ({ wasNew: 1, storeNow: Date.now() }),
        async () => ({ wasNew: true, storeNow: "1" }), async () => ({ wasNew: true, storeNow: -Infinity }),
        async () => ({ get wasNew() { throw bare; } }),
        () => ({ get then() { throw bare; } }), () => ({ then: throws }),
        () => Promise.reject(undefined), () => Promise.reject(null), () => Promise.reject(bare), throws, NEVER
    ]) {
        const refused = await server.decide(good());
        assert.deepEqual([refused.status, refused.name], [503, "ReplayStoreUnavailable"], String(insert));
    }
    insert = async () => ({ wasNew: true, storeNow: Date.now() });
    assert.ok((await server.decide(good())).isAccepted);
});

test("a log that throws or rejects costs nothing but its lines", async () => {
    for (const log of [throws, () => Promise.reject(bare), () => ({ get then() { throw bare; } })]) {
        for (const insert of [() => Promise.reject(new Error("away")), () => { throw new Error("away"); }, NEVER]) {
            const server = start({ log, replayStore: { insert }, replayDeadline: 20 });
            assert.equal((await server.decide(good())).name, "ReplayStoreUnavailable");
            assert.equal((await server.decide(good())).name, "ReplayStoreUnavailable");
        }
        // The engine's own lines.
        const server = start({ log, jwks: undefined, fetch: async () => new Response("{}", { status: 500 }) });
        assert.equal((await server.decide(good())).status, 503);
        assert.equal((await server.decide(good())).status, 503);
    }
});

test("a fetch that fails in any way is keys that can't be read", async () => {
    for (const fetch of [() => Promise.reject(undefined), () => Promise.reject(bare), throws, () => undefined, async () => null, async () => ({ status: Number.NaN }),
        async () => ({ status: 404, get body() { throw bare; } }), async () => ({ status: 404, body: { cancel: () => Promise.reject(bare) } }),
        async () => ({ status: 200, body: { getReader: throws } })]) {
        const server = start({ jwks: undefined, fetch });
        const refused = await server.decide(good());
        assert.deepEqual([refused.isAccepted, refused.status], [false, 503], String(fetch));
        assert.notEqual(refused.name, "EngineStopped");
    }
});

test("without a time, nothing is decided, and with it again, the next request is", async () => {
    for (const broken of [throws, () => Number.NaN, () => Infinity, () => "x", () => undefined]) {
        let now = Date.now;
        const server = start({ now: () => now() });
        assert.ok((await server.decide(good())).isAccepted);
        now = broken;
        const refused = await server.decide(good());
        assert.deepEqual([refused.status, refused.name], [503, "ClockUnavailable"]);
        assert.deepEqual(refused.headers, [["cache-control", "no-store"], ["retry-after", "10"]]);
        now = Date.now;
        assert.ok((await server.decide(good())).isAccepted);
    }
});

test("a clock that fails at any one of its calls is never taken as a time", async () => {
    for (let failing = 1; failing <= 12; failing++) {
        let calls = 0;
        const answers = [];
        const server = start({
            now: () => (++calls === failing ? throws() : Date.now()),
            replayStore: { insert: async () => ({ wasNew: true, storeNow: Date.now() }) }
        });
        for (let i = 0; i < 6; i++) {
            answers.push(await server.decide(good()));
        }
        assert.ok(answers.filter(one => !one.isAccepted).every(one => one.name === "ClockUnavailable"), String(failing));
        assert.equal(answers.filter(one => !one.isAccepted).length <= 1, true);
        assert.ok(answers.at(-1).isAccepted);
    }
});

test("a signature check that throws or rejects is none, which is 503 and no refusal of the token", async () => {
    const { makeResourceServer } = await import("../../dist/server/resourceServer.js");
    const { platformSignatures } = await import("../../dist/server/signatures.js");
    const { module } = await import("./support/servers.mjs");
    const platform = platformSignatures();
    for (const fault of [throws, () => Promise.reject(bare), () => undefined]) {
        let breaks = true;
        const lines = [];
        const signatures = { isKey: (...all) => platform.isKey(...all), verify: (...all) => (breaks ? fault() : platform.verify(...all)) };
        const server = makeResourceServer(module, { ...OPTIONS, log: (level, line) => lines.push(line) }, signatures);
        const refused = await server.decide(good());
        assert.deepEqual([refused.status, refused.name], [503, "QuestionUnanswered"]);
        assert.equal(refused.error, undefined);
        assert.match(lines.join(), /a question of the engine had no answer/);
        breaks = false;
        assert.ok((await server.decide(good())).isAccepted);
    }
});

test("a nonce's check that throws is 503, and what is no nonce is not sent", async () => {
    const broken = start({ nonces: { issue: () => "abc", check: throws } });
    const refused = await broken.decide(good({ nonce: "abc" }));
    assert.deepEqual([refused.status, refused.name], [503, "QuestionUnanswered"]);
    for (const issue of [throws, async () => "abc", () => "a\r\nx: y", () => "a b", () => 'a"b', () => "", () => undefined, () => 5, () => "é"]) {
        const server = start({ nonces: { issue, check: () => "expired" } });
        const { status, error, headers } = await server.decide(good({ nonce: "abc" }));
        assert.deepEqual([status, error], [401, "use_dpop_nonce"]);
        assert.deepEqual(headers.filter(([name, value]) => name === "dpop-nonce" && value !== ""), [], String(issue));
        const accepted = await start({ nonces: { issue, check: () => "renew" } }).decide(good({ nonce: "abc" }));
        assert.deepEqual([accepted.isAccepted, accepted.nonce], [true, undefined]);
    }
});

test("a replay store that is away is logged once a second", async () => {
    const lines = [];
    const server = start({ log: (level, line) => lines.push(line), replayStore: { insert: () => Promise.reject(new Error("away")) } });
    await Promise.all(Array.from({ length: 50 }, () => server.decide(good())));
    assert.equal(lines.filter(line => /replay store/.test(line)).length, 1);
});

test("options of wrong types are refused with a sentence", () => {
    const replayStore = { insert: NEVER };
    for (const [options, name] of [
        ...[Number.NaN, "50", -1, 0, 0.5, Infinity, 2 ** 31, null].map(replayDeadline => [{ replayStore, replayDeadline }, "replayDeadline"]),
        ...[5, "console", {}, null].flatMap(value => [[{ log: value }, "log"], [{ fetch: value }, "fetch"], [{ now: value }, "now"]]),
        ...[{}, { insert: 5 }, 5, true, null].map(value => [{ replayStore: value }, "replayStore"]),
        [{ nonces: { issue: () => "a" } }, "nonces"],
        [{ nonces: { check: () => "a" } }, "nonces"]
    ]) {
        assert.throws(() => start(options), error => error instanceof TypeError && error.message.includes(`\`${name}\``), JSON.stringify(options));
    }
    for (const options of [undefined, null, "x"]) {
        assert.throws(() => serverOf("node:crypto", options), TypeError);
    }
    for (const replayDeadline of [1, 2 ** 31 - 1, undefined]) {
        start({ replayStore, replayDeadline });
    }
});

test("a callback that is `async` where an answer is due at once has no answer, and no promise is rejected unheard", async () => {
    const fails = () => Promise.reject(bare);
    const check = await start({ nonces: { issue: () => "abc", check: fails } }).decide(good({ nonce: "abc" }));
    assert.deepEqual([check.status, check.name], [503, "QuestionUnanswered"]);
    const issue = await start({ nonces: { issue: fails, check: () => "expired" } }).decide(good({ nonce: "abc" }));
    assert.deepEqual([issue.status, issue.name], [401, "NonceExpired"]);
    const now = await start({ now: fails }).decide(good());
    assert.deepEqual([now.status, now.name], [503, "ClockUnavailable"]);
    // The test's process hears of rejections that nobody has.
    await new Promise(resolve => setTimeout(resolve, 20));
});

test("a Redis cluster, whose TIME another node would tell, is refused with a sentence", async () => {
    const { redisReplayStore } = await import("../../dist/server.js");
    const single = { status: "ready", isCluster: false, call: async name => (name === "TIME" ? ["1", "0"] : "OK") };
    assert.equal(typeof redisReplayStore(single).insert, "function");
    for (const client of [
        { ...single, isCluster: true, nodes: () => [] },
        { ...single, nodes: () => [] },
        { isReady: true, isOpen: true, masters: [], sendCommand: async () => null },
        undefined, null, {}, "redis://localhost", { call: 5, status: "ready" }
    ]) {
        assert.throws(() => redisReplayStore(client), error => error instanceof TypeError && /^countersign\/server: redisReplayStore takes/.test(error.message));
    }
    assert.throws(() => redisReplayStore({ ...single, isCluster: true }), /no cluster/);
});
