/** Makes proofs as an attacker would: any header and any claims, with WebCrypto alone. */
import { createHash, randomUUID, webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const ALGORITHMS = {
    ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }],
    EdDSA: [{ name: "Ed25519" }, { name: "Ed25519" }]
};

/** @typedef {{ alg: string, privateKey: CryptoKey, publicJwk: object, privateJwk: object }} Key */

/** @param {keyof ALGORITHMS} [alg] @returns {Promise<Key>} */
export async function generateKey(alg = "ES256") {
    const { privateKey, publicKey } = await subtle.generateKey(ALGORITHMS[alg][0], true, ["sign", "verify"]);
    const { key_ops, ext, alg: _, ...publicJwk } = await subtle.exportKey("jwk", publicKey);
    const { d } = await subtle.exportKey("jwk", privateKey);
    return { alg, privateKey, publicJwk, privateJwk: { ...publicJwk, d } };
}

/** @returns {Promise<string>} base64url */
export async function signatureOf(key, input) {
    return encode(Buffer.from(await subtle.sign(ALGORITHMS[key.alg][1], key.privateKey, Buffer.from(input))));
}

/**
 * Makes a proof that is good except for what is given.
 *
 * @param {Key} key
 * @param {object} options members of `claims` and `header` that are `undefined` are left out
 * @param {string} [options.token] for `ath`
 * @param {object} options.claims
 * @param {object} [options.header]
 * @param {(part: "header" | "claims", json: string) => string} [options.text] edits the JSON before it is encoded
 * @param {(input: string) => string | Promise<string>} [options.sign]
 */
export async function proofOf(key, { token, claims, header = {}, text = (_, json) => json, sign }) {
    const protectedHeader = { typ: "dpop+jwt", alg: key.alg, jwk: key.publicJwk, ...header };
    const ath = token === undefined ? undefined : sha256(token);
    const payload = { jti: randomUUID(), iat: now(), ath, ...claims };
    const parts = { header: protectedHeader, claims: payload };
    const input = Object.entries(parts)
        .map(([name, value]) => encode(text(name, JSON.stringify(value))))
        .join(".");
    return `${input}.${await (sign ?? (value => signatureOf(key, value)))(input)}`;
}

/** The current time in Unix seconds. */
export function now() {
    return Math.floor(Date.now() / 1000);
}

export function sha256(text) {
    return createHash("sha256").update(text).digest("base64url");
}

export function encode(bytes) {
    return Buffer.from(bytes).toString("base64url");
}
