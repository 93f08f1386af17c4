// node conformance/generate/token-requests.mjs : writes conformance/token-requests.json: how an
// authorization server handles proofs at its token endpoint and its endpoint for pushed
// authorization requests (RFC 9449, 5, 8, 10).
import { writeFileSync } from "node:fs";
import { NOW, proof, publicJwk, sha256, signature, thumbprint } from "./build.mjs";

const TOKEN = "https://server.example.com/token";
const PAR = "https://server.example.com/par";
const NONCE = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
const jkt = name => thumbprint(publicJwk(name));
const cases = [];

/**
 * Adds a case. `proofs` is what each `DPoP` field holds: text, or options of a proof that is
 * otherwise good.
 */
const add = (row, id, says, { endpoint = TOKEN, proofs = [{}], nonce, client = {}, ...rest }, expect) => {
    const name = `${row.toLowerCase()}-${id}`;
    if (cases.some(other => other.name === name)) throw new Error(`twice: ${name}`);
    const text = (options, index) =>
        typeof options === "string"
            ? options
            : proof({
                  jti: sha256(`${name}/${index}`).slice(0, 22),
                  ...options,
                  claims: { htm: "POST", htu: endpoint, ...(nonce ? { nonce } : {}), ...options.claims }
              });
    cases.push({
        name,
        row,
        says,
        now: NOW,
        endpoint,
        ...(nonce ? { nonce } : {}),
        ...(endpoint === TOKEN ? { client: { isPublic: true, requiresBoundTokens: false, ...client } } : {}),
        ...rest,
        dpop: proofs.map(text),
        expect
    });
};
const bound = (name = "client") => ({ outcome: "issued", tokenType: "DPoP", jkt: jkt(name) });
const bearer = { outcome: "issued", tokenType: "Bearer", jkt: null };
const pushed = name => ({ outcome: "pushed", jkt: name === null ? null : jkt(name) });
const refused = (check, error = "invalid_dpop_proof") => ({ outcome: "refused", status: 400, error, check });
const code = dpop_jkt => ({ type: "code", dpop_jkt: dpop_jkt ?? null });
const refresh = key => ({ type: "refresh_token", key: key ?? null });
const other = { type: "client_credentials" };
const none = { proofs: [] };

// T1, T2: with each grant, a proof binds the token.
for (const [id, grant] of [["code", code()], ["refresh-token", refresh()], ["client-credentials", other]]) {
    add("T1", `${id}`, "A proof binds the token.", { grant }, bound());
    add("T1", `${id}-without-a-proof`, "Without one it is a bearer token.", { grant, ...none }, bearer);
}
add("T2", "token-type", "`token_type` is DPoP.", { grant: code() }, bound());
add("T2", "other-key-type", "Whatever the key.", { grant: code(), proofs: [{ key: "clientEdDsa" }] }, bound("clientEdDsa"));
add("T2", "ath-is-not-looked-at", "There is no access token that `ath` could be of.", { grant: code(), proofs: [{ claims: { ath: "x" } }] }, bound());
const bad = (id, says, proofs, check) => add("T2", id, says, { grant: code(), proofs }, refused(check));
bad("method", "A proof for GET.", [{ claims: { htm: "GET" } }], "HtmMismatch");
bad("uri", "A proof for another endpoint.", [{ claims: { htu: "https://server.example.com/par" } }], "HtuMismatch");
bad("issuer-as-uri", "A proof for the issuer.", [{ claims: { htu: "https://server.example.com" } }], "HtuMismatch");
bad("signature", "A proof that its key did not sign.", [{ sign: input => signature("thief", "ES256", input) }], "Signature");
bad("type", "A JWT of another type.", [{ header: { typ: "JWT" } }], "TypeMismatch");
bad("client-assertion", "A client's assertion in the proof's place (RFC 7523).", [{ header: { typ: "client-authentication+jwt" } }], "TypeMismatch");
bad("none", "No signature.", [{ header: { alg: "none" }, sign: () => "" }], "AlgorithmNotAccepted");
bad("old", "A minute and a second old.", [{ claims: { iat: NOW - 61 } }], "IatTooOld");
bad("ahead", "Six seconds ahead.", [{ claims: { iat: NOW + 6 } }], "IatInFuture");
bad("two", "Two proofs.", [{}, {}], "HeaderRepeated");
bad("empty", "An empty field is no missing one.", [""], "Malformed");
bad("private-key", "The private key in the header.", [{ header: { jwk: { ...publicJwk("client"), d: "AAAA" } } }], "Key");

// T4: refresh tokens of public clients are bound to the key.
add("T4", "same-key", "The key that it was issued to.", { grant: refresh(jkt("client")) }, bound());
add("T4", "other-key", "Another key.", { grant: refresh(jkt("client")), proofs: [{ key: "thief" }] }, refused("KeyMismatch"));
add("T4", "other-kind-of-key", "A key of another kind.", { grant: refresh(jkt("client")), proofs: [{ key: "clientEdDsa" }] }, refused("KeyMismatch"));
add("T4", "no-proof", "No proof.", { grant: refresh(jkt("client")), ...none }, refused("ProofMissing"));
add("T4", "bad-proof", "A proof of the right key for another endpoint.", { grant: refresh(jkt("client")), proofs: [{ claims: { htu: PAR } }] }, refused("HtuMismatch"));
add("T4", "confidential-client", "A confidential client's is bound to its credentials: it may change its key.", { grant: refresh(), client: { isPublic: false }, proofs: [{ key: "otherClient" }] }, bound("otherClient"));

// T6: clients that are registered with dpop_bound_access_tokens.
const strict = { client: { requiresBoundTokens: true } };
add("T6", "with-a-proof", "A client that gets bound tokens only.", { grant: code(), ...strict }, bound());
for (const [id, grant] of [["code", code()], ["refresh-token", refresh()], ["client-credentials", other]]) {
    add("T6", `${id}-without-a-proof`, "Without a proof it gets no token.", { grant, ...strict, ...none }, refused("ProofRequired"));
}

// C1, C2: dpop_jkt of the authorization request.
add("C2", "same-key", "The key of `dpop_jkt`.", { grant: code(jkt("client")) }, bound());
add("C2", "no-dpop-jkt", "Without `dpop_jkt` the token request's key.", { grant: code() }, bound());
add("C2", "other-key", "Another key.", { grant: code(jkt("client")), proofs: [{ key: "thief" }] }, refused("KeyMismatch"));
add("C2", "no-proof", "No proof: a stolen code.", { grant: code(jkt("client")), ...none }, refused("ProofMissing"));
add("C2", "confidential-client", "A confidential client, too.", { grant: code(jkt("client")), client: { isPublic: false }, proofs: [{ key: "thief" }] }, refused("KeyMismatch"));
add("C2", "bad-proof", "A proof of the right key that is not signed by it.", { grant: code(jkt("client")), proofs: [{ sign: () => Buffer.alloc(64) }] }, refused("Signature"));
add("C1", "thumbprint", "43 characters of base64url.", { grant: code(jkt("client")) }, bound());
for (const [id, text] of [
    ["padded", `${jkt("client")}=`],
    ["short", jkt("client").slice(1)],
    ["hexadecimal", Buffer.from(jkt("client"), "base64url").toString("hex")],
    ["empty", ""],
    ["key-itself", JSON.stringify(publicJwk("client"))]
]) {
    add("C1", id, "No thumbprint.", { grant: code(text) }, refused("JktMalformed", "invalid_request"));
}

// C3: pushed authorization requests.
const push = (id, says, rest, expect) => add("C3", id, says, { endpoint: PAR, ...rest }, expect);
push("dpop-jkt", "`dpop_jkt` alone.", { dpop_jkt: jkt("client"), ...none }, pushed("client"));
push("proof", "A proof alone.", {}, pushed("client"));
push("both", "Both, of one key.", { dpop_jkt: jkt("client") }, pushed("client"));
push("neither", "Neither.", none, pushed(null));
push("two-keys", "Of two keys.", { dpop_jkt: jkt("client"), proofs: [{ key: "otherClient" }] }, refused("JktMismatch"));
push("bad-proof", "A proof for the token endpoint.", { proofs: [{ claims: { htu: TOKEN } }] }, refused("HtuMismatch"));
push("bad-proof-with-dpop-jkt", "A good `dpop_jkt` does not mend a bad proof.", { dpop_jkt: jkt("client"), proofs: [{ claims: { iat: NOW - 600 } }] }, refused("IatTooOld"));
push("malformed-dpop-jkt", "No thumbprint.", { dpop_jkt: "x" }, refused("JktMalformed", "invalid_request"));

// N1: the authorization server's nonces.
const nonce = (id, says, value) => add("N1", id, says, { grant: code(), nonce: NONCE, proofs: [{ claims: { nonce: value } }] }, refused(value === undefined ? "NonceMissing" : "NonceMismatch", "use_dpop_nonce"));
add("N1", "current", "The current nonce.", { grant: code(), nonce: NONCE }, bound());
nonce("missing", "Without a nonce.", undefined);
nonce("other", "Another one.", "eyJ7S_zG.eyJH0-Z.HX4w-7w");
nonce("number", "Of another JSON type.", 1);
nonce("empty", "An empty one.", "");
add("N1", "pushed", "At the endpoint of pushed requests, too.", { endpoint: PAR, nonce: NONCE, proofs: [{ claims: { nonce: undefined } }] }, refused("NonceMissing", "use_dpop_nonce"));

const lines = cases.map(one => `    ${JSON.stringify(one)}`).join(",\n");
writeFileSync(new URL("../token-requests.json", import.meta.url), `{\n"cases": [\n${lines}\n]\n}\n`);
console.log(`${cases.length} cases`);
