// The built engine in Node, through the real glue, against a server that is a function: what it sends is decoded and
// verified by `jose`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { engineHost, storage } from "./support/engine-host.mjs";
import { API, APP, ISSUER, observed, verifyProof, world } from "./support/engine-world.mjs";
import { calculateJwkThumbprint } from "jose";

const { startEngine } = await import("../../dist/engine/boundary.js");
const { IFRAME, INTERACTIVE } = await import("../../dist/engine/numbers.js");
const { loadEngine } = await import("../../dist/engine/load.js");

const sha256 = text => createHash("sha256").update(text).digest("base64url");

test("c1_t1 a login sends dpop_jkt, PKCE and a nonce, then a proof with the same key", async () => {
    const { logIn, create, requests, engine } = await world();
    const client = create();
    const { query, tokens } = await logIn(client);
    assert.match(query.get("state"), /^cs\.[\w-]{32}$/);
    assert.equal(query.get("code_challenge_method"), "S256");
    assert.equal(query.get("prompt"), "none");

    const { body, headers } = requests[1];
    assert.equal(sha256(body.get("code_verifier")), query.get("code_challenge"));
    assert.equal(body.get("redirect_uri"), `${APP}/`);
    const { payload, protectedHeader } = await verifyProof(headers.get("DPoP"));
    assert.equal(await calculateJwkThumbprint(protectedHeader.jwk), query.get("dpop_jkt"));
    assert.deepEqual(Object.keys(protectedHeader.jwk).sort(), ["crv", "kty", "x", "y"]);
    assert.deepEqual({ htm: payload.htm, htu: payload.htu }, { htm: "POST", htu: `${ISSUER}/token` });
    assert.equal(payload.ath, undefined);

    assert.equal(tokens.accessToken, "at-2");
    assert.ok(engine.boundToken(tokens.accessToken));
    assert.equal(tokens.idTokenClaims.sub, "alice");
    assert.deepEqual({ ...engine.tokens(client), renewIn: tokens.renewIn }, { ...tokens });
    assert.deepEqual([tokens.renewal, Math.round(tokens.renewIn / 1000)], [0, 270]);
});

test("c3 a required push carries the changed request and a proof; its answer is what is visited", async () => {
    let pushed;
    const { prepare, create, engine, server } = await world({
        respond: request => {
            if (request.url !== `${ISSUER}/par`) {
                return undefined;
            }
            pushed = request;
            return { status: 201, json: { request_uri: "urn:x:1", expires_in: 60 } };
        }
    });
    const client = create();
    server.metadata = {
        require_pushed_authorization_requests: true,
        pushed_authorization_request_endpoint: `${ISSUER}/par`
    };
    const { url } = await prepare(client);
    const changed = new URL(url);
    changed.searchParams.set("login_hint", "alice+a b");
    await assert.rejects(engine.push(client, changed.href, true, ["login_hint", "dpop_jkt"]), { code: "parameter_reserved", details: ["dpop_jkt"] });
    assert.equal(pushed, undefined);
    assert.equal(await engine.push(client, changed.href, true, ["login_hint"]), `${ISSUER}/authorize?client_id=app&request_uri=urn%3Ax%3A1`);
    assert.deepEqual([...pushed.body], [...changed.searchParams]);
    const { payload, protectedHeader } = await verifyProof(pushed.headers.get("DPoP"));
    assert.deepEqual({ htm: payload.htm, htu: payload.htu }, { htm: "POST", htu: `${ISSUER}/par` });
    assert.equal(await calculateJwkThumbprint(protectedHeader.jwk), pushed.body.get("dpop_jkt"));
});

test("r1 a call brings its access token across the boundary in neither direction, also when it is retried", async () => {
    const crossed = [];
    const { encodeInto, decode } = engineHost();
    const note = text => (crossed.push(text), text);
    const { logIn, create, engine } = await world({
        host: { encodeInto: (text, bytes) => encodeInto(note(text), bytes), decode: bytes => note(decode(bytes)) }
    });
    const { accessToken } = (await logIn(create())).tokens;
    assert.ok(crossed.includes(accessToken), "it is noted what crosses");
    crossed.length = 0;
    const { attempt } = await engine.authorize("GET", API, "/", engine.boundToken(accessToken));
    const challenge = observed({ status: 401, dpopNonce: "n", wwwAuthenticate: 'DPoP error="use_dpop_nonce"' });
    const retry = await engine.observe(attempt, challenge, true);
    assert.equal((await verifyProof(retry.proof)).payload.nonce, "n");
    assert.ok(crossed.includes(`GET${API}/`) && crossed.includes(retry.proof));
    assert.deepEqual(crossed.filter(text => text.includes(accessToken)), []);
});

test("a number that is too large for a double is not true: 1e999 requires neither a push nor iss", async () => {
    const metadata = {
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        dpop_signing_alg_values_supported: ["ES256"],
        pushed_authorization_request_endpoint: `${ISSUER}/par`,
        require_pushed_authorization_requests: 0,
        authorization_response_iss_parameter_supported: 0
    };
    const text = JSON.stringify(metadata).replace(":0", ":1e999").replace(":0", ":1e999");
    assert.match(text, /"require_pushed_authorization_requests":1e999,"authorization_response_iss_parameter_supported":1e999/);
    const { prepare, create, engine, requests } = await world({
        respond: ({ url }) => (url.endsWith("/openid-configuration") ? { text } : undefined)
    });
    const client = create();
    const { url, state } = await prepare(client);
    assert.equal(await engine.push(client, url, true, []), undefined);
    assert.equal(requests.length, 1);
    assert.ok(engine.boundToken((await engine.redeem(client, Object.entries({ code: "c0de", state }))).accessToken));
});

test("r1_p6 an API call costs one signature and carries ath", async () => {
    const { logIn, create, engine, signs } = await world();
    const { tokens } = await logIn(create());
    assert.equal(engine.boundToken(tokens.accessToken)?.authorization, `DPoP ${tokens.accessToken}`);
    assert.equal(engine.boundToken("other"), undefined);
    signs.count = 0;
    const first = await engine.authorize("PUT", API, "/a%20b", engine.boundToken(tokens.accessToken));
    const second = await engine.authorize("PUT", API, "/a%20b", engine.boundToken(tokens.accessToken));
    assert.equal(signs.count, 2);
    const { payload } = await verifyProof(first.proof);
    assert.deepEqual(
        { htm: payload.htm, htu: payload.htu, ath: payload.ath },
        { htm: "PUT", htu: `${API}/a%20b`, ath: sha256(tokens.accessToken) }
    );
    assert.notEqual((await verifyProof(second.proof)).payload.jti, payload.jti);
    assert.equal(await engine.observe(first.attempt, observed(), true), undefined);
    engine.release(second.attempt);
});

test("n5 a nonce challenge is answered once", async () => {
    const { logIn, create, engine } = await world();
    const { tokens } = await logIn(create());
    const challenge = nonce =>
        observed({ status: 401, dpopNonce: nonce, wwwAuthenticate: 'DPoP error="use_dpop_nonce", algs="ES256"' });
    const first = await engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken));
    const second = await engine.observe(first.attempt, challenge("n1"), true);
    assert.equal((await verifyProof(second.proof)).payload.nonce, "n1");
    assert.equal(await engine.observe(second.attempt, challenge("n2"), true), undefined);
    const third = await engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken));
    assert.equal((await verifyProof(third.proof)).payload.nonce, "n2");
    assert.equal(await engine.observe(third.attempt, challenge("n3"), false), undefined);
});

test("rc10 an abort releases a call that waits for a nonce, and the next one asks", async () => {
    const { logIn, create, engine } = await world();
    const { tokens } = await logIn(create());
    const call = signal => engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken), signal);
    const challenge = observed({ status: 401, wwwAuthenticate: 'DPoP error="use_dpop_nonce"' });
    await engine.observe((await call()).attempt, challenge, true);
    const asking = await call();
    const controller = new AbortController();
    const aborted = call(controller.signal);
    const waiting = call();
    controller.abort(new Error("gone"));
    await assert.rejects(aborted, { message: "gone" });
    await engine.observe(asking.attempt, observed({ dpopNonce: "n1" }), true);
    assert.equal((await verifyProof((await waiting).proof)).payload.nonce, "n1");
});

test("s4_a list that answers each reading otherwise changes no message of the engine", async () => {
    for (const length of [6, 12, 30]) {
        const { logIn, create, engine } = await world();
        const { tokens } = await logIn(create());
        const target = "https://thief.example".padEnd(API.length, "e");
        let reads = 0;
        let signed;
        const list = ["ES256"];
        Object.defineProperty(list, 0, {
            get() {
                reads++;
                if (reads === 3) {
                    signed = engine.authorize("POST", target, "/pay", engine.boundToken(tokens.accessToken));
                }
                return reads === 2 ? "x".repeat(length) : API;
            }
        });
        const metadata = {
            __proto__: null,
            authorization_endpoint: "https://thief.example/a",
            token_endpoint: "https://thief.example/t",
            dpop_signing_alg_values_supported: list
        };
        const client = engine.create({ issuerUri: "https://thief.example", clientId: "x", scope: "openid", mode: "auto", metadata });
        await engine.discover(client).catch(() => {});
        await engine.discover(client).catch(() => {});
        if (signed) {
            assert.equal((await verifyProof((await signed).proof)).payload.htu, `${target}/pay`);
        }
        const { proof } = await engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken));
        assert.equal((await verifyProof(proof)).payload.htu, `${API}/`);
    }
});

test("a signal that calls back while the engine answers leaves it at work", async () => {
    const { logIn, create, engine } = await world();
    const { tokens } = await logIn(create());
    const call = signal => engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken), signal);
    const { attempt } = await call();
    const { signal } = new AbortController();
    // The saved functions are the page's own here: nobody can put others in their place later.
    signal.removeEventListener = () => engine.release(attempt);
    await verifyProof((await call(signal)).proof);
    await verifyProof((await call()).proof);
});

test("an abort while a proof is signed leaves the engine at work", async () => {
    const { logIn, create, engine } = await world();
    const { tokens } = await logIn(create());
    const call = signal => engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken), signal);
    const controller = new AbortController();
    const aborted = call(controller.signal);
    const other = call();
    controller.abort(new Error("gone"));
    await assert.rejects(aborted, { message: "gone" });
    await verifyProof((await other).proof);
    await verifyProof((await call()).proof);
});

test("renewals share one request", async () => {
    const { logIn, create, engine, requests } = await world();
    const client = create();
    const { tokens } = await logIn(client);
    const [first, second] = await Promise.all([engine.renew(client, { audience: "x" }), engine.renew(client, {})]);
    assert.equal(requests.length, 3);
    assert.equal(requests[2].body.get("refresh_token"), tokens.refreshToken);
    assert.equal(requests[2].body.get("audience"), "x");
    assert.equal(first.accessToken, second.accessToken);
    assert.equal(engine.boundToken(tokens.accessToken)?.authorization, `DPoP ${tokens.accessToken}`);
});

test("errors carry a code and its details", async () => {
    const { create, engine, server, prepare } = await world();
    const client = create();
    const { state } = await prepare(client);
    await assert.rejects(engine.redeem(client, Object.entries({ state, code: "c", iss: "https://evil.example" })), {
        name: "EngineError",
        code: "response_issuer_mismatch",
        details: [ISSUER, "https://evil.example"]
    });
    await assert.rejects(engine.redeem(client, Object.entries({ state, code: "c", iss: ISSUER })), { code: "flow_unknown" });
    server.token = { token_type: "Bearer" };
    const again = await prepare(client);
    await assert.rejects(engine.redeem(client, Object.entries({ state: again.state, code: "c", iss: ISSUER })), {
        code: "token_not_bound",
        details: [ISSUER, "Bearer"]
    });
    await assert.rejects(engine.authorize("GET", API, "/", { number: 99 }), { code: "token_unknown" });
    await assert.rejects(prepare(client, INTERACTIVE), { code: "storage_refused" });
});

test("without IndexedDB a redirect keeps verifier and nonce in sessionStorage, and no key", async () => {
    const { create, engine, host, prepare, requests } = await world();
    const { items } = (host.sessionStorage = storage());
    const client = create();
    const { state, query } = await prepare(client, INTERACTIVE);
    assert.equal(query.get("dpop_jkt"), null);
    assert.equal(query.get("prompt"), null);
    assert.equal(items.size, 1);
    assert.equal("key" in JSON.parse([...items.values()][0]), false);
    const tokens = await engine.redeem(client, Object.entries({ state, code: "c", iss: ISSUER }));
    assert.equal(items.size, 0);
    assert.ok(engine.boundToken(tokens.accessToken));
    assert.equal(sha256(requests[1].body.get("code_verifier")), query.get("code_challenge"));
});

test("a record that a script has written is an unknown login, and does the engine no harm", async () => {
    const { create, engine, host, prepare, logIn } = await world();
    const { items } = (host.sessionStorage = storage());
    const client = create();
    const long = ["A".repeat(200_000)];
    const valid = [ISSUER, "app", "verifier", "nonce", `${APP}/`];
    const until = Date.now() + 60_000;
    const hostile = [
        { until, fields: [long, long, long, long, long] },
        { until, fields: [...valid.slice(0, 4), 1e21] },
        { until, fields: { length: 6, ...valid } },
        { until, fields: { ...valid } },
        { until: until + 3_600_000, fields: valid },
        { until, fields: "fields" },
        { until, fields: [...valid, {}] },
        { until: [until], fields: valid },
        { until: "x", fields: valid },
        { fields: valid },
        [],
        null,
        7
    ];
    for (const record of hostile) {
        const { state } = await prepare(client, INTERACTIVE);
        items.set([...items.keys()][0], JSON.stringify(record));
        await assert.rejects(engine.redeem(client, Object.entries({ state, code: "c", iss: ISSUER })), { code: "flow_unknown", details: [state] });
        assert.equal(items.size, 0);
    }
    assert.ok(engine.boundToken((await logIn(client)).tokens.accessToken));
});

test("parameters that are no strings are sent as the strings they become, or reject their own call", async () => {
    const { create, engine, requests, prepare } = await world();
    const client = create();
    const { state } = await prepare(client);
    const growing = { count: 0, toString() { return "g".repeat(10_000 ** this.count++); } };
    const list = ["x".repeat(100_000), "y"];
    await engine.redeem(client, Object.entries({ code: "c", state, iss: ISSUER, session_state: list }), { max: 3600, growing, list });
    const { body } = requests.at(-1);
    assert.equal(body.get("max"), "3600");
    assert.equal(body.get("growing"), "g");
    assert.equal(body.get("list"), String(list));
    await assert.rejects(engine.renew(client, { max: Symbol("s") }), TypeError);
    await assert.rejects(engine.renew(client, { max: Object.create(null) }), TypeError);
    assert.ok((await engine.renew(client, { max: 3600 })).accessToken);
    assert.equal(requests.at(-1).body.get("max"), "3600");
});

test("logout gives the end-session URL and forgets the tokens, which do not go out as they are", async () => {
    const { create, engine, logIn } = await world();
    const client = create();
    const { tokens } = await logIn(client);
    const url = new URL(await engine.logout(client, `${APP}/bye`));
    assert.equal(url.searchParams.get("id_token_hint"), tokens.idToken);
    assert.equal(url.searchParams.get("post_logout_redirect_uri"), `${APP}/bye`);
    assert.equal(engine.tokens(client), undefined);
    assert.equal(engine.boundToken(tokens.accessToken)?.authorization, `DPoP ${tokens.accessToken}`);
    await assert.rejects(engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken)), { code: "token_unknown" });
});

test("a text is looked at for our tokens outside of the engine's memory, however long it is", async () => {
    let longest = 0;
    const encoder = new TextEncoder();
    const { create, engine, logIn } = await world({
        host: {
            encodeInto: (text, bytes) => {
                longest = Math.max(longest, text.length);
                return encoder.encodeInto(text, bytes);
            }
        }
    });
    const client = create();
    const { tokens } = await logIn(client);
    const { accessToken } = tokens;
    longest = 0;
    for (const text of ["x".repeat(10_000_000), `Basic ${"x".repeat(100_000)}`, "toString", "__proto__", "", accessToken.slice(1)]) {
        assert.deepEqual([!!engine.boundToken(text), engine.holdsBoundToken(text)], [false, false]);
    }
    assert.equal(longest, 0);
    assert.deepEqual([!!engine.boundToken(accessToken), !!engine.boundToken(`${accessToken} `)], [true, false]);
    assert.equal(engine.holdsBoundToken(`${"x".repeat(10_000_000)}${accessToken},`), true);
    assert.equal(longest, 0);
    // Renewed away, and ours until it expires.
    await engine.renew(client, {});
    assert.equal(engine.holdsBoundToken(`Token ${accessToken}`), true);
    // Nor does it go out as it is when the session is over.
    await engine.logout(client, `${APP}/bye`);
    assert.deepEqual([!!engine.boundToken(accessToken), engine.holdsBoundToken(accessToken)], [true, true]);
});

test("the token of a session that has ended stays ours while another client goes on, until it expires", async () => {
    let passed = 0;
    const host = { now: () => Date.now() + passed, monotonic: () => performance.now() + passed };
    const { create, engine, logIn, server } = await world({ host });
    const [ended, other] = [create(), create({ clientId: "other" })];
    const { accessToken } = (await logIn(ended)).tokens;
    server.claims = { aud: "other" };
    await logIn(other);
    await engine.logout(ended, `${APP}/bye`);
    assert.ok(engine.tokens(other));
    assert.equal(engine.holdsBoundToken(`Bearer ${accessToken}`), true);
    passed = 301_000;
    engine.tokens(other);
    assert.equal(engine.holdsBoundToken(`Bearer ${accessToken}`), false);
});

test("a trap discards the engine with a clear code; its tokens stay ours, others stay the page's", async () => {
    const { create, engine, logIn } = await world();
    const client = create();
    const { tokens } = await logIn(client);
    const { attempt } = await engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken));
    assert.throws(() => engine.tokens(99), { code: "engine_crashed" });
    assert.throws(() => engine.tokens(client), { code: "engine_crashed" });
    assert.equal(engine.boundToken("other"), undefined);
    assert.equal(engine.boundToken("toString"), undefined);
    assert.equal(engine.boundToken(tokens.accessToken)?.authorization, `DPoP ${tokens.accessToken}`);
    assert.equal(engine.holdsBoundToken(`Bearer ${tokens.accessToken}`), true);
    await assert.rejects(engine.authorize("GET", API, "/", engine.boundToken(tokens.accessToken)), { code: "engine_crashed" });
    engine.release(attempt);
    await assert.rejects(engine.prepare(0, "x", IFRAME), { code: "engine_crashed" });
});

test("rc12 a 401 after a redirect that the browser has followed is tried once more, within the origin", async () => {
    const { engine, create, logIn } = await world();
    const { tokens } = await logIn(create());
    const redirected = async (method, origin) => {
        const { attempt } = await engine.authorize(method, API, "/a", engine.boundToken(tokens.accessToken));
        return engine.observe(attempt, observed({ status: 401, dpopNonce: "n1" }), true, { origin, path: "/b" });
    };
    assert.equal(await redirected("GET", "https://other.example"), undefined);
    const { proof } = await redirected("GET", API);
    const { htm, htu, nonce } = (await verifyProof(proof)).payload;
    assert.deepEqual({ htm, htu, nonce }, { htm: "GET", htu: `${API}/b`, nonce: "n1" });
    assert.equal(await redirected("POST", API), undefined);
    const elsewhere = await engine.authorize("GET", "https://other.example", "/", engine.boundToken(tokens.accessToken));
    assert.equal((await verifyProof(elsewhere.proof)).payload.nonce, undefined);
});

test("an issuer with a user's name in it is refused", async () => {
    for (const issuerUri of ["https://as.example@evil.example", "https://a:b@as.example/", "https://:b@as.example", "http://localhost:1@evil.example/x"]) {
        const { create, prepare } = await world();
        await assert.rejects(prepare(create({ issuerUri })), { code: "issuer_invalid", details: [issuerUri] });
    }
});

test("an insecure context and an engine that is no WebAssembly are told apart", async () => {
    await assert.rejects(loadEngine({ subtle: undefined }), { code: "insecure_context", details: [] });
    await assert.rejects(startEngine(new Uint8Array(3), engineHost()), { code: "engine_crashed" });
});

test("a server that never answers is unreachable", async () => {
    const waited = [];
    const { create, prepare, server, engine } = await world({
        respond: ({ url, signal }, { isSilent }) =>
            url === `${ISSUER}/${isSilent ?? ".well-known/openid-configuration"}`
                ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
                : undefined,
        host: { timeout: milliseconds => (waited.push(milliseconds), AbortSignal.timeout(20)) }
    });
    const client = create();
    const discovery = `${ISSUER}/.well-known/openid-configuration`;
    // Node ends when nothing but an AbortSignal's timer is left.
    const alive = setInterval(() => {}, 1_000);
    await assert.rejects(prepare(client), { code: "discovery_unreachable", details: [discovery, ""] });
    assert.deepEqual(waited, [20_000]);
    server.isSilent = "token";
    const { state } = await prepare(client);
    await assert.rejects(engine.redeem(client, Object.entries({ state, code: "c", iss: ISSUER })), { code: "token_unreachable", details: [`${ISSUER}/token`] });
    clearInterval(alive);
});
