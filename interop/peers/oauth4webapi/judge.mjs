/**
 * Lets oauth4webapi's `validateJwtAccessToken` judge requests that our clients sent, as they went
 * over the wire, and the same requests spoilt, which shows that it can refuse.
 */
import assert from "node:assert/strict";
import { SignJWT, calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair } from "jose";
import * as oauth from "oauth4webapi";

/** The header fields that it reads. */
const READ = new Set(["authorization", "dpop"]);
/** More than the five minutes for which it accepts a proof. */
const LATER_SECONDS = 600;

export class Judge {
    /** @param {oauth.AuthorizationServer} as @param {string} audience */
    constructor(as, audience) {
        this.as = as;
        this.audience = audience;
    }

    /** @param {Request} request @param {{ audience?: string, skew?: number }} [options] @returns the token's claims */
    judge(request, { audience = this.audience, skew = 0 } = {}) {
        return oauth.validateJwtAccessToken(this.as, request, audience, {
            requireDPoP: true,
            signingAlgorithms: ["ES256"],
            [oauth.clockSkew]: skew,
            [oauth.clockTolerance]: 0,
            [oauth.allowInsecureRequests]: true
        });
    }

    /** Asserts that it accepts what was sent, bound to the proof's key. */
    async assertAccepts(exchange) {
        const claims = await this.judge(toRequest(exchange));
        const [, header] = /^([^.]+)\./.exec(exchange.header("DPoP"));
        const { jwk } = JSON.parse(Buffer.from(header, "base64url"));
        assert.equal(claims.cnf.jkt, await calculateJwkThumbprint(jwk), String(exchange));
    }

    /**
     * Asserts that it refuses the request in each spoilt form, each time for the intended reason.
     *
     * @param {import("../../../packages/countersign/test/browser/harness/wire.mjs").Exchange} exchange a GET
     * @param {string} otherToken another access token of the same key
     * @returns {Promise<number>} how many ways there were
     */
    async assertRefusesSpoilt(exchange, otherToken) {
        const proof = exchange.header("DPoP");
        const [scheme, token] = exchange.header("Authorization").split(" ");
        assert.equal(scheme, "DPoP");
        const [head, body, signature] = proof.split(".");
        const forPost = encode({ ...decodeJwt(proof), htm: "POST" });
        const changed = [
            ["another method", { method: "POST" }, "htm"],
            ["another path", { url: `${exchange.origin}/api/other` }, "htu"],
            ["another origin", { url: `http://localhost:1${exchange.path}` }, "htu"],
            ["another token of the same key", { authorization: `DPoP ${otherToken}` }, "ath"],
            ["a thief's proof", { proof: await proofOfThief(exchange, token) }, "cnf.jkt"],
            ["another audience", {}, "aud", { audience: "https://api.example.com" }],
            ["ten minutes later", {}, "iat", { skew: LATER_SECONDS }],
            ["another signature", { proof: `${head}.${body}.${flip(signature)}` }, /signature/i],
            ["a changed claim", { method: "POST", proof: `${head}.${forPost}.${signature}` }, /signature/i],
            // It reads this as a JWT of five parts.
            ["two proofs", { proof: `${proof}, ${proof}` }, /JWE/],
            ["no proof", { proof: undefined }, /no DPoP HTTP Header/],
            ["as Bearer, with its proof", { authorization: `Bearer ${token}` }, /scheme is not DPoP/],
            ["as Bearer alone", { authorization: `Bearer ${token}`, proof: undefined }, /no DPoP HTTP Header/]
        ];
        for (const [how, changes, why, options] of changed) {
            const error = await this.judge(toRequest(exchange, changes), options).then(
                () => assert.fail(`accepted with ${how}`),
                thrown => thrown
            );
            if (typeof why === "string") {
                assert.equal(error.cause?.claim, why, `${how}: ${error.message}`);
            } else {
                assert.match(`${error.message} ${error.cause?.message ?? ""}`, why, how);
            }
        }
        return changed.length;
    }
}

/** Makes the standard `Request` that a server would get. `changes` says what is spoilt. */
function toRequest(exchange, changes = {}) {
    const { method = exchange.method, url = exchange.origin + exchange.target } = changes;
    const headers = new Headers(exchange.headers.filter(([name]) => READ.has(name.toLowerCase())));
    if (changes.authorization !== undefined) {
        headers.set("Authorization", changes.authorization);
    }
    if ("proof" in changes) {
        headers.delete("DPoP");
        if (changes.proof !== undefined) {
            headers.set("DPoP", changes.proof);
        }
    }
    return new Request(url, { method, headers });
}

/** Makes a proof that is right in everything but the key. */
async function proofOfThief(exchange, token) {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const ath = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(token))).toString("base64url");
    const claims = { htm: exchange.method, htu: exchange.origin + exchange.path, jti: crypto.randomUUID(), ath };
    return new SignJWT(claims)
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: await exportJWK(publicKey) })
        .setIssuedAt()
        .sign(privateKey);
}

function encode(claims) {
    return Buffer.from(JSON.stringify(claims)).toString("base64url");
}

/** Returns another signature of the same length. */
function flip(signature) {
    const bytes = Buffer.from(signature, "base64url");
    bytes[0] ^= 1;
    return bytes.toString("base64url");
}
