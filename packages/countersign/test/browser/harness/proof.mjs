/**
 * Checks proofs on the wire, decoded and verified by `jose`, a verifier that is not ours.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EmbeddedJWK, calculateJwkThumbprint, decodeJwt, jwtVerify } from "jose";

/** Every `jti` that this test file has seen. A second use fails the test (P2, P8). */
const seen = new Set();

/**
 * Verifies the signature, `typ` and `alg` (P1) and returns header, claims and the key's thumbprint.
 */
export async function decodeProof(proof) {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: "dpop+jwt",
        algorithms: ["ES256"]
    });
    return { header: protectedHeader, claims: payload, jkt: await calculateJwkThumbprint(protectedHeader.jwk) };
}

/**
 * Asserts P1-P8 of one recorded request.
 *
 * @param {import("./wire.mjs").Exchange} exchange
 * @param {{ token?: string, nonce?: string, now?: number }} expected `token`: the access token that the proof is for
 * (none at the token endpoint); `nonce`: exactly this one (`undefined`: none); `now`: the server's time, milliseconds
 * @returns {Promise<{ claims: Record<string, unknown>, jkt: string }>}
 */
export async function assertProof(exchange, { token, nonce, now = exchange.at } = {}) {
    const proofs = exchange.all("DPoP");
    assert.equal(proofs.length, 1, `${exchange} carries one DPoP header field`);
    const { header, claims, jkt } = await decodeProof(proofs[0]);
    assert.deepEqual(Object.keys(header).sort(), ["alg", "jwk", "typ"]);
    assert.deepEqual(Object.keys(header.jwk).sort(), ["crv", "kty", "x", "y"], "the public key only");
    assert.equal(claims.htm, exchange.method, "htm");
    assert.equal(claims.htu, exchange.origin + exchange.path, "htu");
    assert.ok(Number.isInteger(claims.iat), "iat: whole seconds");
    assert.ok(Math.abs(claims.iat * 1000 - now) <= 5_000, `iat ${claims.iat} lies near ${now / 1000}`);
    assert.ok(claims.jti.length >= 16, "jti: 96 bits or more");
    assert.ok(!seen.has(claims.jti), "jti: a new proof per request");
    seen.add(claims.jti);
    assert.equal(claims.ath, token === undefined ? undefined : hash(token), "ath");
    assert.equal(claims.nonce, nonce, "nonce");
    return { claims, jkt };
}

/**
 * Asserts that a call to an API went out as DPoP (R1) with this token, bound to the proof's key
 * (V14).
 *
 * @param {import("./wire.mjs").Exchange} exchange
 * @param {string} token
 * @param {{ nonce?: string, now?: number }} [expected]
 */
export async function assertBoundCall(exchange, token, expected = {}) {
    assert.deepEqual(exchange.all("Authorization"), [`DPoP ${token}`]);
    const proof = await assertProof(exchange, { ...expected, token });
    assert.equal(decodeJwt(token).cnf?.jkt, proof.jkt, "the token is bound to the proof's key");
    return proof;
}

/** Asserts that a call went out as the app wrote it. */
export function assertBearerCall(exchange, token) {
    assert.deepEqual(exchange.all("Authorization"), [`Bearer ${token}`]);
    assert.deepEqual(exchange.all("DPoP"), []);
}

export function hash(text) {
    return createHash("sha256").update(text).digest("base64url");
}

/** Calls the API by `fetch` and by XHR: each call is answered with 200, and goes out once and bound. */
export async function assertCallsAreBound(world) {
    const { accessToken } = await world.tokens();
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
        const calls = world.api.list({ since: mark });
        assert.equal(calls.length, 1);
        await assertBoundCall(calls[0], accessToken);
    }
}
