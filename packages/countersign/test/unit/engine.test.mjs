// The built engine in Node, through the real glue, against a server that is a function: what it sends is decoded and
// verified by `jose`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify, UnsecuredJWT } from "jose";

const { startEngine } = await import("../../dist/engine/boundary.js");
const { loadEngine } = await import("../../dist/engine/load.js");
const { default: base64 } = await import("../../dist/engine/bytes.js");
const { gunzipSync } = await import("node:zlib");

const ISSUER = "https://as.example";
const APP = "https://app.example";
const API = "https://api.example";
const sha256 = text => createHash("sha256").update(text).digest("base64url");

/** A fresh engine with a scripted network. `respond(request)` gives `{ status, headers, json }`. */
async function world({ respond, now = () => Date.now(), subtle = crypto.subtle } = {}) {
    const requests = [];
    const signs = { count: 0 };
    const server = { nonce: undefined, metadata: {}, token: {}, claims: {}, oidcNonce: undefined };
    const standard = ({ url, method, body }) => {
        if (url === `${ISSUER}/.well-known/openid-configuration`) {
            return {
                json: {
                    issuer: ISSUER,
                    authorization_endpoint: `${ISSUER}/authorize`,
                    token_endpoint: `${ISSUER}/token`,
                    end_session_endpoint: `${ISSUER}/logout`,
                    authorization_response_iss_parameter_supported: true,
                    dpop_signing_alg_values_supported: ["ES256"],
                    ...server.metadata
                }
            };
        }
        assert.equal(`${method} ${url}`, `POST ${ISSUER}/token`);
        const seconds = Math.floor(Date.now() / 1000);
        const id_token = new UnsecuredJWT({
            iss: ISSUER,
            aud: "app",
            sub: "alice",
            iat: seconds,
            exp: seconds + 300,
            ...(body.get("grant_type") === "authorization_code" ? { nonce: server.oidcNonce } : {}),
            ...server.claims
        }).encode();
        return {
            json: {
                access_token: `at-${requests.length}`,
                token_type: "DPoP",
                expires_in: 300,
                refresh_token: `rt-${requests.length}`,
                id_token,
                ...server.token
            }
        };
    };
    const host = {
        fetch: async (url, init) => {
            const request = {
                url: String(url),
                method: init.method,
                body: init.body ? new URLSearchParams(init.body) : undefined,
                headers: new Headers(init.headers)
            };
            requests.push(request);
            const { status = 200, headers = {}, json = {} } = respond?.(request, server) ?? standard(request);
            return new Response(init.method === "HEAD" ? null : JSON.stringify(json), { status, headers });
        },
        subtle: {
            generateKey: (...args) => subtle.generateKey(...args),
            exportKey: (...args) => subtle.exportKey(...args),
            digest: (...args) => subtle.digest(...args),
            sign: (...args) => (signs.count++, subtle.sign(...args))
        },
        getRandomValues: array => crypto.getRandomValues(array),
        now,
        parse: JSON.parse,
        stringify: JSON.stringify,
        setTimeout: (callback, milliseconds) => Number(setTimeout(callback, milliseconds).unref()),
        indexedDB: undefined,
        sessionStorage: undefined,
        origin: APP
    };
    const engine = await startEngine(gunzipSync(Buffer.from(base64, "base64")), host);
    const create = (overrides = {}) =>
        engine.create({ issuerUri: ISSUER, clientId: "app", scope: "openid", mode: "enforced", metadata: undefined, ...overrides });
    const login = async (client, request = {}) => {
        const { url, state } = await engine.login(client, {
            redirectUri: `${APP}/`,
            silent: true,
            interactive: false,
            extraQueryParams: {},
            ...request
        });
        server.oidcNonce = new URL(url).searchParams.get("nonce");
        return { query: new URL(url).searchParams, url, state };
    };
    const logIn = async client => {
        const { state, query } = await login(client);
        return { query, tokens: await engine.complete(client, { code: "c0de", state, iss: ISSUER }) };
    };
    return { engine, host, server, requests, signs, create, login, logIn };
}

const verifyProof = (proof, options = {}) => jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"], ...options });

const observed = (overrides = {}) => ({ status: 200, dpopNonce: null, wwwAuthenticate: null, date: null, ...overrides });

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
    assert.equal(tokens.isBound, true);
    assert.equal(tokens.idTokenClaims.sub, "alice");
    assert.deepEqual(engine.tokens(client), tokens);
});

test("r1_p6 an API call costs one signature and carries ath", async () => {
    const { logIn, create, engine, signs } = await world();
    const { tokens } = await logIn(create());
    assert.equal(engine.isBoundToken(tokens.accessToken), true);
    assert.equal(engine.isBoundToken("other"), false);
    signs.count = 0;
    const first = await engine.authorize("PUT", API, "/a%20b", tokens.accessToken);
    const second = await engine.authorize("PUT", API, "/a%20b", tokens.accessToken);
    assert.equal(signs.count, 2);
    assert.equal(first.authorization, `DPoP ${tokens.accessToken}`);
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
    const first = await engine.authorize("GET", API, "/", tokens.accessToken);
    const second = await engine.observe(first.attempt, challenge("n1"), true);
    assert.equal((await verifyProof(second.proof)).payload.nonce, "n1");
    assert.equal(await engine.observe(second.attempt, challenge("n2"), true), undefined);
    const third = await engine.authorize("GET", API, "/", tokens.accessToken);
    assert.equal((await verifyProof(third.proof)).payload.nonce, "n2");
    assert.equal(await engine.observe(third.attempt, challenge("n3"), false), undefined);
});

test("rc10 an abort releases a call that waits for a nonce, and the next one asks", async () => {
    const { logIn, create, engine } = await world();
    const { tokens } = await logIn(create());
    const call = signal => engine.authorize("GET", API, "/", tokens.accessToken, signal);
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

test("renewals share one request", async () => {
    const { logIn, create, engine, requests } = await world();
    const client = create();
    const { tokens } = await logIn(client);
    const [first, second] = await Promise.all([engine.renew(client, { audience: "x" }), engine.renew(client, {})]);
    assert.equal(requests.length, 3);
    assert.equal(requests[2].body.get("refresh_token"), tokens.refreshToken);
    assert.equal(requests[2].body.get("audience"), "x");
    assert.equal(first.accessToken, second.accessToken);
    assert.equal(engine.isBoundToken(tokens.accessToken), true);
});

test("errors carry a code and its details", async () => {
    const { create, engine, server, login } = await world();
    const client = create();
    const { state } = await login(client);
    await assert.rejects(engine.complete(client, { state, code: "c", iss: "https://evil.example" }), {
        name: "EngineError",
        code: "response_issuer_mismatch",
        details: [ISSUER, "https://evil.example"]
    });
    await assert.rejects(engine.complete(client, { state, code: "c", iss: ISSUER }), { code: "flow_unknown" });
    server.token = { token_type: "Bearer" };
    const again = await login(client);
    await assert.rejects(engine.complete(client, { state: again.state, code: "c", iss: ISSUER }), {
        code: "token_not_bound",
        details: [ISSUER, "Bearer"]
    });
    await assert.rejects(engine.authorize("GET", API, "/", "unknown"), { code: "token_unknown" });
    await assert.rejects(login(client, { silent: false, interactive: true }), { code: "storage_refused" });
});

test("without IndexedDB a redirect keeps verifier and nonce in sessionStorage, and no key", async () => {
    const { create, engine, host, login, requests } = await world();
    const items = new Map();
    host.sessionStorage = {
        setItem: (name, value) => items.set(name, value),
        getItem: name => items.get(name) ?? null,
        removeItem: name => items.delete(name)
    };
    const client = create();
    const { state, query } = await login(client, { silent: false, interactive: true });
    assert.equal(query.get("dpop_jkt"), null);
    assert.equal(query.get("prompt"), null);
    assert.equal(items.size, 1);
    assert.equal("key" in JSON.parse([...items.values()][0]), false);
    const tokens = await engine.complete(client, { state, code: "c", iss: ISSUER });
    assert.equal(items.size, 0);
    assert.equal(tokens.isBound, true);
    assert.equal(sha256(requests[1].body.get("code_verifier")), query.get("code_challenge"));
});

test("logout gives the end-session URL and forgets the tokens", async () => {
    const { create, engine, logIn } = await world();
    const client = create();
    const { tokens } = await logIn(client);
    const url = new URL(await engine.logout(client, `${APP}/bye`));
    assert.equal(url.searchParams.get("id_token_hint"), tokens.idToken);
    assert.equal(url.searchParams.get("post_logout_redirect_uri"), `${APP}/bye`);
    assert.equal(engine.tokens(client), undefined);
    assert.equal(engine.isBoundToken(tokens.accessToken), false);
});

test("a trap discards the engine with a clear code", async () => {
    const { create, engine, host } = await world();
    create();
    assert.throws(() => engine.tokens(99), { code: "engine_crashed" });
    assert.throws(() => engine.isBoundToken("x"), { code: "engine_crashed" });
    await assert.rejects(engine.login(0, { redirectUri: "x", extraQueryParams: {} }), { code: "engine_crashed" });
    assert.ok(host);
});

test("an insecure context and refused WebAssembly are told apart", async () => {
    await assert.rejects(loadEngine({ subtle: undefined }), { code: "insecure_context", details: [] });
    await assert.rejects(startEngine(new Uint8Array(3), { subtle: crypto.subtle }), { code: "wasm_refused" });
});
