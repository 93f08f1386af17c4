// What a program or its callbacks do wrong refuses a request, and never stops the engine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AUDIENCE, makeClient, makeIssuer } from "./support/parties.mjs";
import { module, serverOf } from "./support/servers.mjs";
import { openServer } from "./support/trap.mjs";

const { startEngine } = await import("../../dist/server/engine.js");
const { platformSignatures } = await import("../../dist/server/signatures.js");

const issuer = makeIssuer();
const client = makeClient();
const OPTIONS = { publicUrl: AUDIENCE, issuer: issuer.name, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, log: () => {} };
const start = (options = {}) => serverOf("node:crypto", { ...OPTIONS, ...options });
const good = (path = "/notes") => {
    const token = issuer.token(client, { scope: "read" });
    return { method: "GET", target: path, authorization: [`DPoP ${token}`], dpop: [client.proof("GET", AUDIENCE + path, token)] };
};

test("a request of wrong types is refused as malformed, and the next one is accepted", async () => {
    const server = start();
    const throws = Object.defineProperty(good(), "method", { enumerable: true, get: () => { throw new Error("x"); } });
    for (const bad of [
        ...[[undefined], [null], [5], [{}], [["a"]], "text", undefined, null, 5, { length: 1 }].flatMap(value => [
            { ...good(), dpop: value },
            { ...good(), authorization: value }
        ]),
        ...[undefined, null, 5, {}, Symbol()].map(method => ({ ...good(), method })),
        ...[5, {}, null].map(target => ({ ...good(), target })),
        ...[5, {}, ["https://api.example.com/notes"]].map(uri => ({ ...good(), uri })),
        ...["", " ", ["read"], 5, Symbol(), null, "\ud800", 'a"b'].map(scope => ({ ...good(), scope })),
        { ...good(), target: `/${"x".repeat(2 ** 21)}` },
        undefined,
        null,
        "text",
        throws
    ]) {
        const refused = await server.decide(bad);
        assert.deepEqual([refused.isAccepted, refused.status, refused.name], [false, 400, "RequestMalformed"]);
        assert.deepEqual(refused.headers, [["cache-control", "no-store"]]);
        assert.ok((await server.decide(good())).isAccepted);
    }
});

test("an engine that has trapped accepts nothing, and every request ends", async () => {
    const lines = [];
    const { server, replaced } = openServer({ ...OPTIONS, log: (level, line) => lines.push(`${level}: ${line}`), replayStore: { insert: () => new Promise(() => {}) }, replayDeadline: 10_000 });
    const waiting = server.decide(good());
    replaced.authenticate = () => { throw new WebAssembly.RuntimeError("unreachable"); };
    const refused = await server.decide(good());
    assert.deepEqual([refused.status, refused.name, refused.response().headers.get("retry-after")], [503, "EngineStopped", "10"]);
    assert.equal((await waiting).name, "EngineStopped");
    delete replaced.authenticate;
    assert.equal((await server.decide(good())).name, "EngineStopped");
    assert.match(lines.join(), /error: the engine has stopped/);
});

test("requests are told apart beyond 2,147,483,647 of them", async () => {
    for (const before of [2 ** 31 - 3, 2 ** 32 - 3, -3]) {
        const engine = startEngine(module, OPTIONS, platformSignatures(), new Uint8Array(32), before);
        for (let i = 0; i < 6; i++) {
            assert.equal((await engine.authenticate(good())).isAccepted, true);
        }
        assert.deepEqual((await Promise.all([good(), { ...good(), dpop: [] }, good()].map(one => engine.authenticate(one)))).map(one => one.isAccepted), [true, false, true]);
    }
});

test("an engine whose memory is beyond 2 GiB goes on", async () => {
    const { server, exports } = openServer(OPTIONS);
    exports.memory.grow(32_768);
    for (let i = 0; i < 300; i++) {
        assert.equal((await server.decide({ ...good(), target: `/${"x".repeat(9000)}` })).name, "HtuMismatch");
    }
    for (let i = 0; i < 3; i++) {
        assert.equal((await server.decide({ ...good(), target: `/${"y".repeat(1_000_000)}` })).isAccepted, false);
    }
    assert.ok((await server.decide(good())).isAccepted);
});

test("more proofs than the engine's memory can hold are refused with a sentence", () => {
    for (const replayCapacity of [4e9, 200_000_000, 1e20]) {
        assert.throws(() => start({ replayCapacity }), error => error instanceof TypeError && /replayCapacity.*100,000,000/.test(error.message));
    }
});
