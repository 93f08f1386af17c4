// The binding of token and proof (RFC 9449, 4.3, 12; 6; 11.5; 11.8; 11.10).
import { createHash } from "node:crypto";
import { accessToken, publicJwk, sha256, thumbprint } from "../build.mjs";
import { accept, refuse } from "../cases.mjs";

const token = accessToken();
const other = accessToken({ claims: { sub: "bob" } });
const hash = (algorithm, text, encoding) => createHash(algorithm).update(text).digest(encoding);

// V13, P6
const ath = (row, id, says, value, check = "AthMismatch") =>
    refuse(row, id, says, "invalid_dpop_proof", check, { token, proof: { claims: { ath: value } } });
accept("V13", "hash-of-the-token", "base64url of SHA-256 of the token.", { token });
ath("V13", "missing", "Without `ath`.", undefined, "AthMissing");
ath("V13", "other-token", "For another token of the same key.", sha256(other));
ath("V13", "token-itself", "The token instead of its hash.", token.slice(0, 300));
ath("V13", "padded", "With padding.", `${sha256(token)}=`);
ath("V13", "hexadecimal", "In hexadecimal.", hash("sha256", token, "hex"));
ath("V13", "standard-base64", "In plain base64.", hash("sha256", token, "base64"));
ath("V13", "sha512", "SHA-512.", hash("sha512", token, "base64url"));
ath("V13", "with-scheme", "Hash of the whole header value.", sha256(`DPoP ${token}`));
ath("V13", "upper-case", "In upper case.", sha256(token).toUpperCase());
ath("V13", "cut", "Cut short.", sha256(token).slice(0, 22));
ath("V13", "empty", "Empty.", "", "ClaimType");
ath("V13", "empty-token", "Hash of nothing.", sha256(""));
accept("P6", "with-token", "A client with a token hashes it.", { token });
ath("P6", "payload-only", "Hash of the token's payload.", sha256(token.split(".")[1]));
ath("P6", "decoded", "Hash of the decoded token.", sha256(Buffer.from(token.replaceAll(".", ""), "base64url")));
ath("P6", "object", "An object.", {}, "ClaimType");

// V14, S8
const key = (row, id, says, options) => refuse(row, id, says, "invalid_dpop_proof", "KeyMismatch", options);
accept("V14", "same-key", "The key that the token is bound to.");
accept("V14", "other-kind-of-key", "Of any kind.", { token: { boundTo: "clientEdDsa" }, proof: { key: "clientEdDsa" } });
accept("V14", "members-in-other-order", "A thumbprint does not depend on the members' order (RFC 7638).", {
    proof: { header: { jwk: Object.fromEntries(Object.entries({ ...publicJwk("client"), use: "sig" }).reverse()) } }
});
key("V14", "thiefs-key", "A thief's own key, with a good proof.", { proof: { key: "thief" } });
key("V14", "other-algorithm", "A key of another kind.", { proof: { key: "clientEdDsa" } });
key("V14", "other-client", "Another client's key.", { token: { boundTo: "otherClient" } });
const cnf = (row, id, says, value, options = {}) =>
    refuse(row, id, says, "invalid_token", "TokenConfirmation", { token: { claims: { cnf: value } }, ...options });
const jkt = thumbprint(publicJwk("client"));
cnf("V14", "thumbprint-padded", "A thumbprint with padding is none.", { jkt: `${jkt}=` });
cnf("V14", "thumbprint-hexadecimal", "Nor one in hexadecimal.", { jkt: Buffer.from(jkt, "base64url").toString("hex") });
cnf("V14", "thumbprint-in-array", "Nor one in an array.", { jkt: [jkt] });
cnf("V14", "thumbprint-empty", "Nor an empty one.", { jkt: "" });
accept("S8", "own-token", "One's own token with one's own key.");
key("S8", "stolen-token-own-proof", "A stolen token with a proof of one's own.", { proof: { key: "otherClient" } });
refuse("S8", "stolen-token-alone", "A stolen token without a proof.", "invalid_dpop_proof", "HeaderMissing", { proof: null });
refuse("S8", "stolen-token-other-proof", "A stolen token with a proof for another token.", "invalid_dpop_proof", "AthMismatch", {
    token,
    proof: { claims: { ath: sha256(other) } }
});

// S5
accept("S5", "each-in-its-place", "A token in Authorization, a proof in DPoP.");
refuse("S5", "token-as-proof", "The access token as a proof.", "invalid_dpop_proof", "ClaimMissing", {
    headers: ({ authorization, token }) => [authorization, ["DPoP", token]]
});
refuse("S5", "proof-as-token", "The proof as an access token.", "invalid_token", "TokenType", {
    headers: ({ proof }) => [
        ["Authorization", `DPoP ${proof()}`],
        ["DPoP", proof()]
    ]
});
refuse("S5", "signed-proof-as-token", "A token of a proof's type, though the issuer signed it.", "invalid_token", "TokenType", {
    token: { header: { typ: "dpop+jwt" } }
});
refuse("S5", "token-with-proofs-claims", "A token that the client's key signed and that has a proof's claims.", "invalid_dpop_proof", "TypeMismatch", {
    proof: { header: { typ: "at+jwt" } }
});
refuse("S5", "token-with-a-key-in-its-header", "A key in the token's own header is never used.", "invalid_token", "TokenSignature", {
    token: { key: "thief", header: { kid: "issuer", jwk: publicJwk("thief") } }
});
refuse("S5", "token-with-only-a-key-in-its-header", "Without `kid`, too.", "invalid_token", "TokenSignature", {
    token: { key: "thief", header: { kid: undefined, jwk: publicJwk("thief") } }
});
accept("S5", "token-with-an-idle-key-in-its-header", "It is ignored where the issuer's key signed.", {
    token: { header: { jwk: publicJwk("thief") } }
});

// S9, T5
accept("S9", "jkt", "`jkt` is SHA-256.");
accept("S9", "jkt-beside-others", "Members that are not known are ignored beside it (RFC 7800, 3.1).", {
    token: { claims: { cnf: { jkt, "jkt#S512": "AAAA", "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } } }
});
cnf("S9", "other-hash", "A member of a later time counts neither as a match nor as none.", { "jkt#S512": jkt });
cnf("S9", "upper-case", "Names are case-sensitive.", { JKT: jkt });
cnf("S9", "key-itself", "The key itself is another confirmation (RFC 7800, 3.2).", { jwk: publicJwk("client") });
cnf("S9", "empty", "An empty confirmation.", {});
accept("T5", "confirmation-in-the-token", "`cnf.jkt`.");
cnf("T5", "confirmation-null", "Null is no confirmation, and not none.", null);
cnf("T5", "confirmation-text", "A text is none.", jkt);
cnf("T5", "confirmation-array", "An array is none.", [jkt]);
refuse("T5", "jkt-outside-cnf", "`jkt` outside `cnf` binds nothing.", "invalid_token", "TokenUnboundUnderDpop", {
    token: { boundTo: null, claims: { jkt } }
});

// A token confirmed only by mutual TLS: it is bound, but in a way that this server can't check.
const certificate = { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" };
cnf("R4", "mutual-tls-under-dpop", "A token bound to a certificate, under DPoP.", certificate);
cnf("R4", "mutual-tls-under-bearer", "And as Bearer.", certificate, { policy: "optional", scheme: "Bearer", proof: null });
cnf("R4", "mutual-tls-under-bearer-required", "Also where DPoP is required.", certificate, { scheme: "Bearer", proof: null });
