// Makes tokens, proofs and requests with node:crypto alone. No code of this project is involved.
import { constants, createHash, createPrivateKey, sign as signWith } from "node:crypto";
import { readFileSync } from "node:fs";

export const NOW = 1767225600; // 2026-01-01T00:00:00Z
export const ISSUER = "https://issuer.example.com";
export const AUDIENCE = "https://api.example.com";
export const URL = "https://api.example.com/notes";

const keys = JSON.parse(readFileSync(new globalThis.URL("../keys.json", import.meta.url)));

export const privateJwk = name => ({ ...keys[name] });

export const publicJwk = name => {
    const { kty, crv, x, y, n, e } = keys[name];
    return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
};

export const base64url = value => Buffer.from(value).toString("base64url");
export const sha256 = text => createHash("sha256").update(text).digest("base64url");

/** Computes the thumbprint of a JWK (RFC 7638). */
export const thumbprint = jwk => {
    const members = { EC: ["crv", "kty", "x", "y"], OKP: ["crv", "kty", "x"], RSA: ["e", "kty", "n"] }[jwk.kty];
    return sha256(JSON.stringify(Object.fromEntries(members.map(name => [name, jwk[name]]))));
};

const HASHES = { ES256: "sha256", ES384: "sha384", ES512: "sha512", ES256K: "sha256", EdDSA: null, Ed25519: null };

export const signature = (keyName, alg, input, { dsaEncoding = "ieee-p1363" } = {}) => {
    const key = createPrivateKey({ key: keys[keyName], format: "jwk" });
    if (alg in HASHES) return signWith(HASHES[alg], Buffer.from(input), { key, dsaEncoding });
    const padding = alg.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const options = { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    return signWith(`sha${alg.slice(2)}`, Buffer.from(input), options);
};

/** Serialises a value; members that are `undefined` are left out. */
const json = value => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Makes a JWS of any header and payload, given as values or JSON text. `sign` returns the
 * signature's bytes for the signing input.
 */
export const jws = ({ header, claims, sign }) => {
    const input = `${base64url(json(header))}.${base64url(json(claims))}`;
    return `${input}.${Buffer.from(sign(input)).toString("base64url")}`;
};

/** Returns the algorithm that the key signs with, unless its case says otherwise. */
const naturalAlgorithm = name => {
    const { kty, crv } = keys[name];
    if (kty === "RSA") return "PS256";
    return { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", secp256k1: "ES256K" }[crv] ?? "EdDSA";
};

/**
 * Makes an access token that is good except for what is given. `boundTo` is the name of a key, or
 * `null` for none. `rewrite` changes the JSON text of header or claims.
 */
export const accessToken = ({
    key = "issuer",
    header = {},
    claims = {},
    boundTo = "client",
    rewrite = {},
    sign,
    after = token => token
} = {}) => {
    const alg = header.alg ?? naturalAlgorithm(key);
    const wholeHeader = JSON.stringify({ typ: "at+jwt", alg, kid: key, ...header });
    const wholeClaims = JSON.stringify({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: "ann",
        client_id: "app",
        iat: NOW - 30,
        exp: NOW + 270,
        ...(boundTo === null ? {} : { cnf: { jkt: thumbprint(publicJwk(boundTo)) } }),
        ...claims
    });
    return after(
        jws({
            header: (rewrite.header ?? (text => text))(wholeHeader),
            claims: (rewrite.claims ?? (text => text))(wholeClaims),
            sign: sign ?? (input => signature(key, alg, input))
        })
    );
};

/** Makes a proof that is good for `token` and `GET /notes` except for what is given. */
export const proof = ({
    jti,
    token,
    key = "client",
    header = {},
    claims = {},
    rewrite = {},
    sign,
    after = text => text
}) => {
    const alg = header.alg ?? naturalAlgorithm(key);
    const wholeHeader = JSON.stringify({ typ: "dpop+jwt", alg, jwk: publicJwk(key), ...header });
    const wholeClaims = JSON.stringify({
        jti,
        htm: "GET",
        htu: URL,
        iat: NOW,
        ...(token === undefined ? {} : { ath: sha256(token) }),
        ...claims
    });
    return after(
        jws({
            header: (rewrite.header ?? (text => text))(wholeHeader),
            claims: (rewrite.claims ?? (text => text))(wholeClaims),
            sign: sign ?? (input => signature(key, alg, input))
        })
    );
};

/** Makes the key set that the issuer publishes. */
export const jwks = (...names) => ({
    keys: names.map(name => ({ ...publicJwk(name), kid: name, use: "sig" }))
});

export const POLICIES = {
    required: { issuer: ISSUER, audience: AUDIENCE, jwks: jwks("issuer"), dpop: "required" },
    optional: { issuer: ISSUER, audience: AUDIENCE, jwks: jwks("issuer"), dpop: "optional" },
    nonce: { issuer: ISSUER, audience: AUDIENCE, jwks: jwks("issuer"), dpop: "required", nonce: "n-0S6_WzA2Mj" },
    optionalNonce: { issuer: ISSUER, audience: AUDIENCE, jwks: jwks("issuer"), dpop: "optional", nonce: "n-0S6_WzA2Mj" },
    moreAlgorithms: {
        issuer: ISSUER,
        audience: AUDIENCE,
        jwks: jwks("issuer"),
        dpop: "required",
        algorithms: ["ES256", "ES384", "EdDSA", "PS256", "RS256"]
    },
    costlyRsa: { issuer: ISSUER, audience: AUDIENCE, jwks: jwks("issuer"), dpop: "required", costlyRsaKeys: true },
    manyKeys: {
        issuer: ISSUER,
        audience: AUDIENCE,
        jwks: {
            keys: [
                { kty: "oct", k: "AAAA", kid: "symmetric" },
                { kty: "AKP", alg: "ML-DSA-44", pub: "AAAA", kid: "of a later time" },
                ...jwks("thief", "issuerRsa", "issuerEs384", "issuerEdDsa", "issuer").keys
            ]
        },
        dpop: "required"
    }
};
