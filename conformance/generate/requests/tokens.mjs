// The access token itself (RFC 9449, 7; RFC 9068; RFC 7519; RFC 8725).
import { createHmac } from "node:crypto";
import { publicJwk, signature } from "../build.mjs";
import { AUDIENCE, NOW, accept, refuse } from "../cases.mjs";

const good = (id, says, token, policy) => accept("R3", id, says, { token, ...(policy ? { policy } : {}) });
const bad = (id, says, check, token, policy) => refuse("R3", id, says, "invalid_token", check, { token, ...(policy ? { policy } : {}) });

good("both-valid", "Token and proof.", {});
refuse("R3", "proof-invalid", "A good token with a bad proof.", "invalid_dpop_proof", "HtmMismatch", { proof: { claims: { htm: "PUT" } } });
bad("token-invalid", "A bad token with a good proof.", "TokenExpired", { claims: { exp: NOW - 3600 } });

// Times
good("exp-leeway", "4 seconds after `exp`.", { claims: { exp: NOW - 4 } });
bad("exp-passed", "6 seconds after `exp`.", "TokenExpired", { claims: { exp: NOW - 6 } });
good("nbf-leeway", "5 seconds before `nbf`.", { claims: { nbf: NOW + 5 } });
bad("nbf-to-come", "6 seconds before `nbf`.", "TokenNotYetValid", { claims: { nbf: NOW + 6 } });
good("exp-with-fraction", "A fraction.", { claims: { exp: NOW + 0.5 } });
good("exp-leeway-with-fraction", "4.5 seconds after `exp`.", { claims: { exp: NOW - 4.5 } });
bad("exp-passed-with-fraction", "5.5 seconds after `exp`.", "TokenExpired", { claims: { exp: NOW - 5.5 } });
good("nbf-leeway-with-fraction", "4.5 seconds before `nbf`.", { claims: { nbf: NOW + 4.5 } });
bad("nbf-to-come-with-fraction", "5.5 seconds before `nbf`.", "TokenNotYetValid", { claims: { nbf: NOW + 5.5 } });
bad("iat-text", "`iat` as text (RFC 7519, 4.1.6).", "TokenClaim", { claims: { iat: String(NOW) } });
bad("exp-missing", "A token that never ends.", "TokenClaim", { claims: { exp: undefined } });
bad("exp-text", "`exp` as text.", "TokenClaim", { claims: { exp: String(NOW + 60) } });
bad("exp-null", "`exp` is null.", "TokenClaim", { claims: { exp: null } });
bad("nbf-text", "`nbf` as text.", "TokenClaim", { claims: { nbf: String(NOW) } });

// Issuer and audience
good("audience-list", "A list with this API in it.", { claims: { aud: ["https://other.example.com", AUDIENCE] } });
bad("audience-other", "For another API.", "TokenAudience", { claims: { aud: "https://other.example.com" } });
bad("audience-prefix", "For a path of it.", "TokenAudience", { claims: { aud: `${AUDIENCE}/` } });
bad("audience-empty-list", "For nobody.", "TokenAudience", { claims: { aud: [] } });
bad("audience-missing", "Without `aud`.", "TokenClaim", { claims: { aud: undefined } });
bad("audience-number", "`aud` is a number.", "TokenClaim", { claims: { aud: 1 } });
bad("audience-list-with-number", "A list with a number in it.", "TokenClaim", { claims: { aud: [AUDIENCE, 1] } });
bad("issuer-other", "Of another issuer.", "TokenIssuer", { claims: { iss: "https://evil.example" } });
bad("issuer-slash", "Issuers are compared exactly.", "TokenIssuer", { claims: { iss: "https://issuer.example.com/" } });
bad("issuer-list", "A list with the issuer in it.", "TokenClaim", { claims: { iss: ["https://issuer.example.com"] } });
bad("issuer-missing", "Without `iss`.", "TokenClaim", { claims: { iss: undefined } });

// Type
good("type-media-type", "The whole media type.", { header: { typ: "application/at+jwt" } });
good("type-case", "Media types are case-insensitive (RFC 7515, 4.1.9).", { header: { typ: "AT+JWT" } });
good("type-jwt", "Keycloak and Auth0 write JWT.", { header: { typ: "JWT" } });
good("type-missing", "Others write none.", { header: { typ: undefined } });
bad("type-proof", "Never dpop+jwt.", "TokenType", { header: { typ: "dpop+jwt" } });
bad("type-logout", "Nor another type.", "TokenType", { header: { typ: "logout+jwt" } });
bad("type-number", "Nor a number.", "TokenType", { header: { typ: 1 } });

// Algorithm and key
good("key-es384", "ES384.", { key: "issuerEs384" }, "manyKeys");
good("key-eddsa", "EdDSA.", { key: "issuerEdDsa" }, "manyKeys");
good("key-ps256", "PS256.", { key: "issuerRsa" }, "manyKeys");
good("key-rs256", "RS256.", { key: "issuerRsa", header: { alg: "RS256" } }, "manyKeys");
good("kid-missing", "Without `kid`.", { header: { kid: undefined } });
good("kid-missing-many-keys", "Each key that fits is tried; types that are not known are passed over.", { header: { kid: undefined } }, "manyKeys");
bad("kid-unknown", "A `kid` that the issuer does not publish.", "TokenUnknownKey", { header: { kid: "other" } });
bad("kid-of-another-key", "A `kid` of another key.", "TokenSignature", { header: { kid: "thief" } }, "manyKeys");
bad("kid-of-another-type", "A `kid` of a key that does not fit `alg`.", "TokenUnknownKey", { header: { kid: "issuerRsa" } }, "manyKeys");
bad("not-published", "A key that the issuer does not publish.", "TokenSignature", { key: "thief", header: { kid: "issuer" } });
bad("algorithm-none", "No signature.", "TokenAlgorithm", { header: { alg: "none" }, sign: () => "" });
bad("algorithm-hs256", "HMAC with the public key as the secret.", "TokenAlgorithm", { header: { alg: "HS256" }, sign: input => createHmac("sha256", JSON.stringify(publicJwk("issuer"))).update(input).digest() });
bad("algorithm-missing", "Without `alg`.", "TokenMalformed", { header: { alg: undefined }, sign: input => signature("issuer", "ES256", input) });
bad("signature-empty", "An empty signature.", "TokenSignature", { sign: () => "" });
bad("signature-der", "A signature in DER.", "TokenSignature", { sign: input => signature("issuer", "ES256", input, { dsaEncoding: "der" }) });
bad("payload-changed", "Another payload under the signature.", "TokenSignature", { sign: input => signature("issuer", "ES256", `${input}x`) });

// Syntax
bad("opaque", "No JWT.", "TokenMalformed", { after: () => "opaque" });
bad("two-parts", "Without a signature part.", "TokenMalformed", { after: jwt => jwt.split(".").slice(0, 2).join(".") });
bad("padding", "Padding is token68's and not base64url's here.", "TokenMalformed", { after: jwt => `${jwt}==` });
bad("five-parts", "An encrypted one.", "TokenMalformed", { after: jwt => `${jwt}.AAAA.AAAA` });
bad("crit", "An extension that must be understood.", "TokenMalformed", { header: { crit: ["exp"] } });
bad("exp-twice", "`exp` is there twice.", "TokenMalformed", { rewrite: { claims: text => text.replace(/}$/, `,"exp":${NOW + 9999}}`) } });
bad("cnf-twice", "`cnf` is there twice.", "TokenMalformed", { rewrite: { claims: text => text.replace("{", '{"cnf":{"jkt":"x"},') } });
bad("jkt-twice", "`jkt` is there twice.", "TokenMalformed", { rewrite: { claims: text => text.replace('"jkt":', '"jkt":"x","jkt":') } });
bad("alg-twice", "`alg` is there twice.", "TokenMalformed", { rewrite: { header: text => text.replace("{", '{"alg":"none",') } });
bad("subject-number", "`sub` is a number.", "TokenClaim", { claims: { sub: 1 } });
