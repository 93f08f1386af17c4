// What `countersign/server` makes of the engine's decisions, and what it gives the engine.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { AUDIENCE, makeClient, makeIssuer } from "./support/parties.mjs";
import { serverOf, WAYS } from "./support/servers.mjs";

const issuer = makeIssuer();
const client = makeClient();
const OPTIONS = { publicUrl: AUDIENCE, issuer: issuer.name, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, log: () => {} };
const start = (options = {}, way = "node:crypto") => serverOf(way, { ...OPTIONS, ...options });

const request = (token, { path = "/notes", method = "GET", proof = client.proof(method, AUDIENCE + path, token), ...headers } = {}) =>
    new Request(`https://inside.example${path}`, { method, headers: { authorization: `DPoP ${token}`, dpop: proof, ...headers } });

for (const way of WAYS) {
    test(`a Request is accepted with who sent it, once (${way})`, async () => {
        const server = start({}, way);
        const token = issuer.token(client, { scope: "read write" });
        const proof = client.proof("GET", `${AUDIENCE}/notes`, token);
        const accepted = await server.authenticate(request(token, { proof, path: "/notes" }));
        assert.deepEqual(
            [accepted.isAccepted, accepted.scheme, accepted.thumbprint, accepted.accessToken, accepted.nonce],
            [true, "DPoP", client.thumbprint, token, undefined]
        );
        assert.deepEqual([accepted.claims.sub, accepted.claims.scope, accepted.claims.client_id], ["ann", "read write", "app"]);
        const replayed = await server.authenticate(request(token, { proof }));
        assert.deepEqual([replayed.isAccepted, replayed.status, replayed.name, replayed.error], [false, 401, "Replayed", "invalid_dpop_proof"]);
        const response = replayed.response();
        assert.equal(response.status, 401);
        assert.match(response.headers.get("www-authenticate"), /^DPoP algs="ES256 EdDSA PS256 RS256", error="invalid_dpop_proof"/);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.equal(await response.text(), "");
    });
}

test("claims keep their characters", async () => {
    const token = issuer.token(client, { name: "Zoë \u{1f511}" });
    assert.equal((await start().authenticate(request(token))).claims.name, "Zoë \u{1f511}");
});

test("a request without a token is told which schemes there are", async () => {
    const refused = await start({ dpop: "optional" }).authenticate(new Request("https://inside.example/notes"));
    assert.deepEqual([refused.status, refused.name, refused.error], [401, "CredentialsMissing", undefined]);
    assert.deepEqual(
        refused.headers.filter(([name]) => name === "www-authenticate").map(([, value]) => value),
        ['DPoP algs="ES256 EdDSA PS256 RS256"', "Bearer"]
    );
});

test("the URL is the one of the options, whatever host the request was sent to", async () => {
    const token = issuer.token(client);
    const proof = client.proof("GET", "https://inside.example/notes", token);
    assert.equal((await start().authenticate(request(token, { proof }))).name, "HtuMismatch");
    const prefixed = start({ pathPrefixes: [["/v1", "/api"]] });
    const outside = client.proof("GET", `${AUDIENCE}/api/notes`, token);
    assert.ok((await prefixed.authenticate(request(token, { path: "/v1/notes", proof: outside }))).isAccepted);
});

test("without the URL, only requests whose URL the program gives are accepted", async () => {
    const server = start({ publicUrl: undefined });
    const token = issuer.token(client);
    assert.equal((await server.authenticate(request(token))).name, "Target");
    const given = uri => ({ method: "GET", uri, authorization: [`DPoP ${token}`], dpop: [client.proof("GET", `${AUDIENCE}/notes`, token)] });
    assert.ok((await server.decide(given(`${AUDIENCE}/notes`))).isAccepted);
    assert.equal((await server.decide(given(`${AUDIENCE}/other`))).name, "HtuMismatch");
    assert.equal((await server.decide(given("no URL"))).name, "Target");
});

test("two Authorization or DPoP fields are refused, also joined by the platform", async () => {
    const server = start();
    const token = issuer.token(client);
    const proof = () => client.proof("GET", `${AUDIENCE}/notes`, token);
    const base = { method: "GET", target: "/notes" };
    const twice = await server.decide({ ...base, authorization: [`DPoP ${token}`, `Bearer ${token}`], dpop: [proof()] });
    assert.deepEqual([twice.status, twice.name], [400, "CredentialsRepeated"]);
    const proofs = await server.decide({ ...base, authorization: [`DPoP ${token}`], dpop: [proof(), proof()] });
    assert.deepEqual([proofs.status, proofs.error], [401, "invalid_dpop_proof"]);
    for (const name of ["authorization", "dpop"]) {
        const joined = request(token);
        joined.headers.append(name, name === "dpop" ? proof() : `DPoP ${token}`);
        assert.equal((await server.authenticate(joined)).isAccepted, false, name);
    }
});

test("a stolen token is refused as Bearer, with another key's proof, and for another method", async () => {
    const server = start({ dpop: "optional" });
    const token = issuer.token(client);
    const bearer = new Request("https://inside.example/notes", { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await server.authenticate(bearer)).name, "TokenBoundAsBearer");
    const thief = makeClient();
    assert.equal((await server.authenticate(request(token, { proof: thief.proof("GET", `${AUDIENCE}/notes`, token) }))).name, "KeyMismatch");
    assert.equal((await server.authenticate(request(token, { proof: client.proof("POST", `${AUDIENCE}/notes`, token) }))).name, "HtmMismatch");
});

test("an unbound token is refused unless the options take it", async () => {
    const token = issuer.token(undefined);
    const bearer = () => new Request("https://inside.example/notes", { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await start().authenticate(bearer())).name, "TokenUnbound");
    const accepted = await start({ dpop: "optional" }).authenticate(bearer());
    assert.deepEqual([accepted.scheme, accepted.thumbprint], ["Bearer", undefined]);
});

test("a route's scope is required of the token", async () => {
    const server = start();
    const token = issuer.token(client, { scope: "notes:read" });
    assert.ok((await server.authenticate(request(token), { scope: "notes:read" })).isAccepted);
    const refused = await server.authenticate(request(token), { scope: "notes:write" });
    assert.deepEqual([refused.status, refused.error], [403, "insufficient_scope"]);
    assert.match(refused.response().headers.get("www-authenticate"), /scope="notes:write"/);
});

test("nonces are asked for, recognised, and renewed in the second half of their life", async () => {
    let now = Date.now();
    const server = start({ nonces: { keys: [Buffer.alloc(32, 7).toString("base64url")], lifetime: 100 }, now: () => now });
    const token = issuer.token(client);
    const refused = await server.authenticate(request(token));
    assert.deepEqual([refused.status, refused.error], [401, "use_dpop_nonce"]);
    const nonce = refused.response().headers.get("dpop-nonce");
    const withNonce = () => {
        const iat = Math.floor(now / 1000);
        return server.authenticate(request(token, { proof: client.proof("GET", `${AUDIENCE}/notes`, token, { nonce, iat }) }));
    };
    assert.equal((await withNonce()).nonce, undefined);
    now += 60_000;
    const renewed = await withNonce();
    assert.ok(renewed.isAccepted && renewed.nonce && renewed.nonce !== nonce);
    now += 60_000;
    assert.equal((await withNonce()).error, "use_dpop_nonce");
});

test("the API describes itself, and challenges say where", async () => {
    const server = start({ metadata: { resource: AUDIENCE, members: { resource_name: "Notes" } } });
    assert.deepEqual(
        [server.metadata.path, server.metadata.url],
        ["/.well-known/oauth-protected-resource", `${AUDIENCE}/.well-known/oauth-protected-resource`]
    );
    const document = JSON.parse(server.metadata.json);
    assert.deepEqual(
        [document.resource, document.authorization_servers, document.dpop_bound_access_tokens_required, document.resource_name],
        [AUDIENCE, [issuer.name], true, "Notes"]
    );
    const refused = await server.authenticate(new Request("https://inside.example/"));
    assert.match(refused.response().headers.get("www-authenticate"), /resource_metadata="https:\/\/api\.example\.com\/\.well-known/);
    assert.equal(start().metadata, undefined);
});

test("options that can't be used are refused with a sentence", () => {
    for (const [options, sentence] of [
        [{ audience: "" }, /the audience is empty: give the value/],
        [{ publicUrl: "api.example.com" }, /the public URL `api.example.com` cannot be used/],
        [{ issuer: "http://issuer.example.com", jwks: undefined }, /plain http is accepted on this machine only/],
        [{ jwks: { keys: [] } }, /not a JSON Web Key Set with at least one/],
        [{ proofs: { algorithms: ["none"] } }, /`none` is no algorithm/],
        [{ nonces: { keys: ["short"] } }, /32 random bytes/],
        [{ issuerUri: "x" }, /unknown field `issuerUri`/],
        [{ dpop: "sometimes" }, /unknown variant `sometimes`/],
        [{ jwksUri: "https://a.example/jwks" }, /give one of `jwks`, `jwksUri`/]
    ]) {
        assert.throws(() => start(options), error => error instanceof TypeError && sentence.test(error.message), JSON.stringify(options));
    }
});

test("keys and ends in a shared store have the form of conformance/shared-replay.json", async () => {
    const { entries, answers, keyBytes } = JSON.parse(await readFile(new URL("../../../../conformance/shared-replay.json", import.meta.url), "utf8"));
    assert.ok(entries.length >= 8 && keyBytes === 21);
    const seen = [];
    let answer = { wasNew: true, storeNow: 0 };
    const replayStore = { skew: 7, insert: async (key, expiresAt) => (seen.push([Buffer.from(key).toString("hex"), expiresAt]), answer) };
    const now = Math.floor(Date.now() / 1000) * 1000;
    const server = start({ replayStore, now: () => now });
    const token = issuer.token(client);
    const proof = { jti: "-BwC3ESc6acc2lTc", iat: now / 1000 };
    const call = () => server.authenticate(request(token, { proof: client.proof("GET", `${AUDIENCE}/notes`, token, proof) }));
    assert.ok((await call()).isAccepted);
    const { createHash } = await import("node:crypto");
    const fingerprint = createHash("sha256").update(Buffer.from(client.thumbprint, "base64url")).update(proof.jti).digest("hex").slice(0, 32);
    assert.deepEqual(seen, [[Buffer.from("dpop:").toString("hex") + fingerprint, now + (60 + 5 + 1 + 7) * 1000]]);
    // What the store says decides as in the file.
    const names = { accepted: undefined, replayed: "Replayed", stale: "Stale" };
    for (const { until, skewSeconds, wasNew, storeNowMillis, outcome } of answers) {
        answer = { wasNew, storeNow: storeNowMillis - (until + 1 + skewSeconds) * 1000 + seen[0][1] };
        assert.equal((await call()).name, names[outcome], JSON.stringify(answer));
    }
});

for (const [how, insert] of [
    ["rejects", () => Promise.reject(new Error("down"))],
    ["throws", () => { throw new Error("down"); }],
    ["does not answer in time", () => new Promise(() => {})],
    ["answers without its time", async () => ({ wasNew: true })],
    ["answers something else", async () => ({ wasNew: "yes", storeNow: 0 })]
]) {
    test(`nothing is accepted while the replay store ${how}`, async () => {
        const lines = [];
        const server = start({ replayStore: { insert }, replayDeadline: 20, log: (level, line) => lines.push(line) });
        const refused = await server.authenticate(request(issuer.token(client)));
        assert.deepEqual([refused.status, refused.name], [503, "ReplayStoreUnavailable"]);
        assert.deepEqual(refused.headers, [["cache-control", "no-store"], ["retry-after", "2"]]);
    });
}

test("an answer of the replay store after its deadline counts for nothing", async () => {
    let answer;
    const server = start({ replayStore: { insert: () => new Promise(resolve => (answer = resolve)) }, replayDeadline: 10 });
    const refused = await server.authenticate(request(issuer.token(client)));
    assert.equal(refused.status, 503);
    answer({ wasNew: true, storeNow: 0 });
    await new Promise(resolve => setTimeout(resolve, 20));
    const next = server.authenticate(request(issuer.token(client)));
    answer({ wasNew: true, storeNow: 0 });
    assert.ok((await next).isAccepted);
});

test("a refused proof is not used up, and the store is asked last", async () => {
    let asked = 0;
    const server = start({ replayStore: { insert: async () => (asked++, { wasNew: true, storeNow: 0 }) } });
    const token = issuer.token(client, { scope: "read" });
    const proof = client.proof("GET", `${AUDIENCE}/notes`, token);
    for (const [path, demands] of [["/other", {}], ["/notes", { scope: "write" }]]) {
        assert.equal((await server.authenticate(request(token, { path, proof }), demands)).isAccepted, false);
    }
    assert.equal(asked, 0);
    assert.ok((await server.authenticate(request(token, { proof }))).isAccepted);
    assert.equal(asked, 1);
});

test("a clock that jumps ahead decides nothing until it has held", async () => {
    let now = Date.now();
    const server = start({ now: () => now });
    const token = issuer.token(client);
    assert.ok((await server.authenticate(request(token))).isAccepted);
    now += 7200_000;
    const refused = await server.authenticate(request(token));
    assert.deepEqual([refused.status, refused.name], [503, "ClockJumped"]);
});

test("code of the program's that fails is no answer, and stops nothing", async () => {
    let breaks = true;
    const nonces = {
        issue: () => "nonce",
        check: () => {
            if (breaks) {
                throw new Error("broken");
            }
            return "fresh";
        }
    };
    const server = start({ nonces });
    const token = issuer.token(client);
    const call = () => server.authenticate(request(token, { proof: client.proof("GET", `${AUDIENCE}/notes`, token, { nonce: "nonce" }) }));
    assert.equal((await call()).status, 503);
    breaks = false;
    assert.ok((await call()).isAccepted);
});
