// The issuer's keys: read when needed, kept, read again when they are old or unknown, at a bounded
// rate; and what happens while they can't be read. The decisions are the engine's.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { AUDIENCE, makeClient, makeIssuer, serveIssuer } from "./support/parties.mjs";
import { serverOf, WAYS } from "./support/servers.mjs";

const URL_OF_NOTES = `${AUDIENCE}/notes`;
const client = makeClient();
let world, now, server, lines;

beforeEach(async () => {
    world = await serveIssuer();
    now = Date.now();
    lines = [];
    server = serverOf("node:crypto", {
        publicUrl: AUDIENCE,
        issuer: world.issuer.name,
        audience: AUDIENCE,
        now: () => now,
        log: (level, line) => lines.push(`${level}: ${line}`)
    });
});
afterEach(() => world.close());

/** Makes a request with a new proof. */
const call = (token, at = server) =>
    at.decide({
        method: "GET",
        target: "/notes",
        authorization: [`DPoP ${token}`],
        dpop: [client.proof("GET", URL_OF_NOTES, token, { iat: Math.floor(now / 1000) })]
    });

const signedBy = (issuer, claims = {}) => issuer.token(client, { exp: Math.floor(now / 1000) + 300, ...claims });

test("keys are read when the first token comes, once for a burst, and kept", async () => {
    assert.deepEqual(world.asked, []);
    const token = signedBy(world.issuer);
    const burst = await Promise.all(Array.from({ length: 20 }, () => call(token)));
    assert.ok(burst.every(({ isAccepted }) => isAccepted));
    assert.deepEqual(world.asked, ["/.well-known/openid-configuration", "/jwks"]);
    assert.ok((await call(signedBy(world.issuer, { jti: "another" }))).isAccepted);
    assert.equal(world.reads(), 1);
});

test("a key that the issuer has added is read when a token names it", async () => {
    assert.ok((await call(signedBy(world.issuer))).isAccepted);
    const rotated = makeIssuer(world.issuer.name, "2");
    world.keys = [rotated.jwk];
    assert.ok((await call(signedBy(rotated))).isAccepted);
    assert.equal(world.reads(), 2);
});

test("a token by a key that was withdrawn is refused after the refresh, though it was accepted before", async () => {
    const token = signedBy(world.issuer, { exp: Math.floor(now / 1000) + 3600 });
    assert.ok((await call(token)).isAccepted);
    world.keys = [makeIssuer(world.issuer.name, "2").jwk];
    now += 2 * 600_000;
    const refused = await call(token);
    assert.deepEqual([refused.status, refused.name], [401, "TokenUnknownKey"]);
});

test("names of keys that nobody has cost the issuer a bounded number of reads", async () => {
    assert.ok((await call(signedBy(world.issuer))).isAccepted);
    const answers = [];
    for (let i = 0; i < 20; i++) {
        answers.push(await call(signedBy(makeIssuer(world.issuer.name, `made up ${i}`))));
    }
    assert.deepEqual(
        answers.map(({ status, name }) => `${status} ${name}`),
        [...Array(5).fill("401 TokenUnknownKey"), ...Array(15).fill("503 KeyUnknownForNow")]
    );
    assert.equal(world.reads(), 1 + 5);
    assert.equal(answers.at(-1).headers.find(([name]) => name === "retry-after")[1], "10");
    // One more is earned with time, and honest tokens are served all along.
    now += 10_000;
    await call(signedBy(makeIssuer(world.issuer.name, "made up")));
    assert.equal(world.reads(), 1 + 6);
    assert.ok((await call(signedBy(world.issuer))).isAccepted);
});

for (const [cause, change, reason] of [
    ["is down", world => world.close(), /ECONNREFUSED|fetch failed/],
    ["answers 500", world => (world.status = 500), /status 500/],
    ["redirects", world => (world.status = 302), /status 302/],
    ["answers something else", world => (world.body = "<html>"), /is not metadata/],
    ["answers without an end", world => (world.body = "x".repeat(300 * 1024)), /longer than 262144 bytes/]
]) {
    test(`while the issuer ${cause}, requests are answered 503 and try again later`, async () => {
        await change(world);
        const refused = await call(signedBy(world.issuer));
        assert.deepEqual([refused.status, refused.name, refused.error], [503, "KeysUnavailable", undefined]);
        assert.match(refused.reason, reason);
        assert.deepEqual(refused.headers, [["cache-control", "no-store"], ["retry-after", "2"]]);
        // Not for each request anew.
        const asked = world.asked.length;
        await call(signedBy(world.issuer));
        assert.equal(world.asked.length, asked);
        assert.match(lines.join("\n"), /warn: cannot read the issuer's keys/);
        if (world.issuer && cause !== "is down") {
            Object.assign(world, { status: 200, body: undefined });
            now += 2_000;
            assert.ok((await call(signedBy(world.issuer))).isAccepted);
        } else {
            // afterEach closes it.
            world = await serveIssuer();
        }
    });
}

test("keys that were read serve while the issuer is down, for a day", async () => {
    assert.ok((await call(signedBy(world.issuer))).isAccepted);
    world.status = 500;
    // In steps that the engine takes for no jump of the clock.
    for (let hour = 0; hour < 23; hour++) {
        now += 3600_000;
        assert.ok((await call(signedBy(world.issuer))).isAccepted);
    }
    now += 3600_000;
    assert.equal((await call(signedBy(world.issuer))).name, "KeysUnavailable");
});

test("an issuer that hangs keeps a request for five seconds", async () => {
    world.hangs = true;
    const refused = await call(signedBy(world.issuer));
    assert.deepEqual([refused.status, refused.name], [503, "KeysUnavailable"]);
    assert.match(refused.reason, /no complete answer within 5s/);
});

test("metadata of another issuer gives no keys", async () => {
    const other = await serveIssuer();
    try {
        other.issuer.name += "/other";
        const name = other.issuer.name.replace("/other", "");
        const misled = serverOf("node:crypto", { publicUrl: AUDIENCE, issuer: name, audience: AUDIENCE, now: () => now, log: () => {} });
        const refused = await call(makeIssuer(name).token(client), misled);
        assert.match(refused.reason, /is the metadata of/);
    } finally {
        await other.close();
    }
});

for (const way of WAYS) {
    test(`a signature that is not the issuer's, or not the client's, is refused (${way})`, async () => {
        const strict = serverOf(way, { publicUrl: AUDIENCE, issuer: world.issuer.name, audience: AUDIENCE, jwks: { keys: world.keys }, now: () => now });
        const forged = signedBy(makeIssuer(world.issuer.name));
        assert.equal((await call(forged, strict)).name, "TokenSignature");
        const token = signedBy(world.issuer);
        const proof = client.proof("GET", URL_OF_NOTES, token);
        const flipped = `${proof.slice(0, -10)}${proof.at(-10) === "A" ? "B" : "A"}${proof.slice(-9)}`;
        const decision = await strict.decide({ method: "GET", target: "/notes", authorization: [`DPoP ${token}`], dpop: [flipped] });
        assert.deepEqual([decision.status, decision.name, decision.error], [401, "Signature", "invalid_dpop_proof"]);
        assert.ok((await call(token, strict)).isAccepted);
    });
}
