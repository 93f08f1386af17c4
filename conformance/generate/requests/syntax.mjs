// One header field with one well-formed JWT (RFC 9449, 4.3, 1 and 2) of the right type (4), with
// known extensions only.
import { base64url, privateJwk } from "../build.mjs";
import { NOW, accept, refuse } from "../cases.mjs";

const malformed = (id, says, after) =>
    refuse("V2", id, says, "invalid_dpop_proof", "Malformed", { proof: { after } });
const part = (jwt, index, change) => {
    const parts = jwt.split(".");
    parts[index] = change(parts[index]);
    return parts.join(".");
};
/**
 * Returns another encoding of the same bytes, with stray bits at the end, which a lax decoder
 * accepts.
 */
const strayBits = text => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(text.at(-1));
    return text.slice(0, -1) + alphabet[last + 1];
};

// V1
accept("V1", "one-field", "One DPoP header field holds one proof.");
accept("V1", "field-name-without-case", "Field names are case-insensitive (RFC 9110, 5.1).", {
    headers: ({ authorization, proof }) => [authorization, ["dPoP", proof()]]
});
accept("V1", "outer-blanks", "Blanks around a field's value are not part of it (RFC 9110, 5.5).", {
    headers: ({ authorization, proof }) => [authorization, ["DPoP", ` \t${proof()}\t `]]
});
refuse("V1", "same-proof-twice", "Two fields, though equal.", "invalid_dpop_proof", "HeaderRepeated", {
    headers: ({ authorization, proof }) => {
        const one = proof();
        return [authorization, ["DPoP", one], ["DPoP", one]];
    }
});
refuse("V1", "two-proofs", "Two fields in two spellings of the name.", "invalid_dpop_proof", "HeaderRepeated", {
    headers: ({ authorization, proof }) => [
        ["dpop", proof({ jti: "another" })],
        authorization,
        ["DPOP", proof()]
    ]
});
refuse("V1", "list", "One field holds a list.", "invalid_dpop_proof", "HeaderList", {
    headers: ({ authorization, proof }) => [authorization, ["DPoP", `${proof()}, ${proof({ jti: "b" })}`]]
});
refuse("V1", "list-without-blank", "One field holds a list without blanks.", "invalid_dpop_proof", "HeaderList", {
    headers: ({ authorization, proof }) => [authorization, ["DPoP", `${proof()},${proof({ jti: "b" })}`]]
});
refuse("V1", "list-of-one", "A list of one proof and nothing.", "invalid_dpop_proof", "HeaderList", {
    headers: ({ authorization, proof }) => [authorization, ["DPoP", `${proof()},`]]
});
refuse("V1", "one-field-empty", "Of two fields one is empty.", "invalid_dpop_proof", "HeaderRepeated", {
    headers: ({ authorization, proof }) => [authorization, ["DPoP", ""], ["DPoP", proof()]]
});
refuse("V1", "before-the-token", "The number of fields is looked at before the token.", "invalid_dpop_proof", "HeaderRepeated", {
    token: { claims: { exp: NOW - 100 } },
    headers: ({ authorization, proof }) => [authorization, ["DPoP", proof()], ["DPoP", proof()]]
});
refuse("V1", "beside-bearer", "Two proofs beside a Bearer token.", "invalid_dpop_proof", "HeaderRepeated", {
    policy: "optional",
    scheme: "Bearer",
    token: { boundTo: null },
    headers: ({ authorization, proof }) => [authorization, ["DPoP", proof()], ["DPoP", proof()]]
});

// V2
const padded = size => ({
    rewrite: {
        claims: text => {
            // Three bytes of JSON make four characters; header and signature keep their sizes.
            const value = { ...JSON.parse(text), pad: "" };
            return JSON.stringify({ ...value, pad: "x".repeat(size) });
        }
    }
});
accept("V2", "well-formed", "Three parts of base64url.");
accept("V2", "large", "A proof of some 7 KiB.", { proof: padded(4900) });
refuse("V2", "too-large", "A proof of more than 8 KiB.", "invalid_dpop_proof", "Malformed", { proof: padded(6200) });
refuse("V2", "huge", "A proof of 30 KiB.", "invalid_dpop_proof", "Malformed", { proof: padded(20000) });
malformed("empty", "An empty field.", () => "");
malformed("one-part", "No JWT at all.", () => "proof");
malformed("two-parts", "Without a signature part.", jwt => jwt.split(".").slice(0, 2).join("."));
malformed("four-parts", "A part too many.", jwt => `${jwt}.AAAA`);
malformed("five-parts", "The form of a JWE.", jwt => `${jwt}.AAAA.AAAA`);
malformed("empty-header", "An empty header.", jwt => part(jwt, 0, () => ""));
malformed("empty-payload", "A detached payload (RFC 7515, appendix F).", jwt => part(jwt, 1, () => ""));
malformed("padding-in-header", "Padding is not base64url here (RFC 7515, 2).", jwt => part(jwt, 0, text => `${text}=`));
malformed("padding-in-payload", "Padding after the payload.", jwt => part(jwt, 1, text => `${text}==`));
malformed("padding-in-signature", "Padding after the signature.", jwt => `${jwt}==`);
malformed("standard-alphabet", "The alphabet of plain base64.", jwt => part(jwt, 2, text => `+/${text.slice(2)}`));
malformed("blank-inside", "A blank in the signature.", jwt => part(jwt, 2, text => `${text.slice(0, 9)} ${text.slice(9)}`));
malformed("quoted", "The proof in quotes.", jwt => `"${jwt}"`);
malformed("stray-bits-in-signature", "Non-zero trailing bits: another spelling of the same bytes.", jwt => part(jwt, 2, strayBits));
refuse("V2", "stray-bits-in-payload", "Non-zero trailing bits in the payload, and signed so.", "invalid_dpop_proof", "Malformed", {
    proof: { after: jwt => jwt, rewrite: { claims: text => text.padEnd(Math.ceil(text.length / 3) * 3 + 1) }, sign: () => Buffer.alloc(64), },
    headers: ({ authorization, proof }) => [authorization, ["DPoP", part(proof(), 1, strayBits)]]
});
const payload = (id, says, text) =>
    refuse("V2", id, says, "invalid_dpop_proof", "Malformed", { proof: { rewrite: { claims: () => text } } });
payload("payload-is-text", "The payload is not JSON.", "proof");
payload("payload-is-an-array", "The payload is an array.", "[]");
payload("payload-is-null", "The payload is null.", "null");
payload("payload-is-a-string", "The payload is a JSON string.", '"{}"');
payload("payload-with-more", "Something stands after the object.", "{} {}");
payload("payload-with-comma", "A comma before the closing brace.", '{"jti":"a",}');
payload("payload-with-comment", "JSON has no comments.", '{/**/"jti":"a"}');
payload("payload-deep", "Nested a thousand deep.", `{"x":${"[".repeat(1000)}${"]".repeat(1000)}}`);
refuse("V2", "payload-not-utf8", "The payload is not UTF-8.", "invalid_dpop_proof", "Malformed", {
    headers: ({ authorization, proof }) => [
        authorization,
        ["DPoP", part(proof(), 1, text => Buffer.concat([Buffer.from(text, "base64url").subarray(0, -1), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]).toString("base64url"))]
    ]
});
refuse("V2", "byte-order-mark", "A byte order mark before the payload.", "invalid_dpop_proof", "Malformed", {
    proof: { rewrite: { claims: text => `\ufeff${text}` } }
});
refuse("V2", "json-serialisation", "A JWS in JSON form.", "invalid_dpop_proof", "HeaderList", {
    headers: ({ authorization, proof }) => {
        const [header, claims, sig] = proof().split(".");
        return [authorization, ["DPoP", JSON.stringify({ payload: claims, protected: header, signature: sig })]];
    }
});

// V4
accept("V4", "type", "`typ` is dpop+jwt.");
const type = (id, says, typ) =>
    refuse("V4", id, says, "invalid_dpop_proof", "TypeMismatch", { proof: { header: { typ } } });
type("missing", "Without `typ`.", undefined);
type("jwt", "A JWT of no special type.", "JWT");
type("access-token", "The type of an access token.", "at+jwt");
type("other", "Another type that ends alike.", "logout+jwt");
type("null", "`typ` is null.", null);
type("array", "`typ` in an array.", ["dpop+jwt"]);
type("blank", "A blank after the type.", "dpop+jwt ");

// P1: what V4 and V5 do not cover.
accept("P1", "header-as-written", "Type, algorithm and the public key, nothing else.");
accept("P1", "further-header-members", "A `kid` beside them is no extension that must be understood.", {
    proof: { header: { kid: "1" } }
});
refuse("P1", "no-key", "Without `jwk`.", "invalid_dpop_proof", "KeyMissing", { proof: { header: { jwk: undefined } } });
refuse("P1", "key-is-text", "The key as JSON text.", "invalid_dpop_proof", "KeyMissing", {
    proof: { header: { jwk: JSON.stringify({ kty: "EC" }) } }
});
refuse("P1", "key-by-id", "A `kid` instead of the key.", "invalid_dpop_proof", "KeyMissing", {
    proof: { header: { jwk: undefined, kid: "client" } }
});
refuse("P1", "whole-key-pair", "The private key in the header.", "invalid_dpop_proof", "Key", {
    proof: { header: { jwk: privateJwk("client") } }
});

// V5: crit
for (const [id, crit] of [
    ["unknown", ["exp"]],
    ["b64", ["b64"]],
    ["empty", []],
    ["null", null],
    ["text", "exp"]
]) {
    refuse("V5", `crit-${id}`, "Extensions that must be understood are refused: there is none.", "invalid_dpop_proof", "Malformed", {
        proof: { header: { crit, ...(id === "b64" ? { b64: false } : {}) } }
    });
}
export { base64url };
