// How a token is presented (RFC 9449, 7.1; RFC 9110, 11.6.2; RFC 6750).
import { accept, refuse } from "../cases.mjs";

const headers = make => ({ headers: make });
const as = value => headers(({ token, proof }) => [["Authorization", value(token)], ["DPoP", proof()]]);

// R1
accept("R1", "token-and-proof", "Authorization: DPoP, and DPoP.");
accept("R1", "in-any-order", "The proof before the token.", headers(({ authorization, proof }) => [["DPoP", proof()], authorization]));
refuse("R1", "nothing", "Neither.", "none", "CredentialsMissing", headers(() => []));
refuse("R1", "proof-alone", "A proof without a token.", "none", "CredentialsMissing", headers(({ proof }) => [["DPoP", proof()]]));
refuse("R1", "token-alone", "A bound token without a proof.", "invalid_dpop_proof", "HeaderMissing", { proof: null });
refuse("R1", "swapped", "Token and proof in each other's place.", "invalid_token", "TokenType", headers(({ token, proof }) => [["Authorization", `DPoP ${proof()}`], ["DPoP", token]]));
refuse("R1", "in-other-fields", "The token in a field of another name.", "none", "CredentialsMissing", headers(({ token, proof }) => [["X-Authorization", `DPoP ${token}`], ["DPoP", proof()]]));
refuse("R1", "proxy-authorization", "The token for a proxy.", "none", "CredentialsMissing", headers(({ token, proof }) => [["Proxy-Authorization", `DPoP ${token}`], ["DPoP", proof()]]));

// R2
accept("R2", "lower-case-scheme", "Schemes are case-insensitive.", { scheme: "dpop" });
accept("R2", "upper-case-scheme", "Schemes are case-insensitive.", { scheme: "DPOP" });
accept("R2", "several-blanks", "One or more blanks.", { scheme: "DPoP  " });
accept("R2", "outer-blanks", "Blanks around the value are not part of it.", as(token => `\t DPoP ${token} \t`));
accept("R2", "lower-case-name", "Field names are case-insensitive.", headers(({ token, proof }) => [["authorization", `DPoP ${token}`], ["dpop", proof()]]));
refuse("R2", "same-twice", "Two fields, though equal.", "invalid_request", "CredentialsRepeated", headers(({ authorization, proof }) => [authorization, authorization, ["DPoP", proof()]]));
refuse("R2", "dpop-and-bearer", "One DPoP, one Bearer.", "invalid_request", "CredentialsRepeated", headers(({ authorization, token, proof }) => [authorization, ["Authorization", `Bearer ${token}`], ["DPoP", proof()]]));
refuse("R2", "dpop-and-basic", "One DPoP, one Basic.", "invalid_request", "CredentialsRepeated", headers(({ authorization, proof }) => [["authorization", "Basic YTpi"], authorization, ["DPoP", proof()]]));
refuse("R2", "one-empty", "One DPoP, one empty.", "invalid_request", "CredentialsRepeated", headers(({ authorization, proof }) => [authorization, ["Authorization", ""], ["DPoP", proof()]]));
refuse("R2", "repeated-before-proofs", "Before the proofs are counted.", "invalid_request", "CredentialsRepeated", headers(({ authorization, proof }) => [authorization, authorization, ["DPoP", proof()], ["DPoP", proof()]]));
const malformed = (id, says, value) => refuse("R2", id, says, "invalid_token", "CredentialsMalformed", as(value));
malformed("two-tokens", "Two tokens.", token => `DPoP ${token} ${token}`);
malformed("list", "A list of two.", token => `DPoP ${token}, DPoP ${token}`);
malformed("no-token", "No token.", () => "DPoP");
malformed("parameters", "Parameters instead of a token.", token => `DPoP token="${token}"`);
malformed("quoted", "The token in quotes.", token => `DPoP "${token}"`);
malformed("tab-after-blank", "A tab after the blank.", token => `DPoP \t${token}`);
malformed("not-ascii", "A character that no token has.", token => `DPoP ${token}é`);
malformed("comma", "A comma at the end.", token => `DPoP ${token},`);
malformed("padding-inside", "An equals sign inside.", token => `DPoP a=${token}`);
const scheme = (id, says, value) => refuse("R2", id, says, "none", "UnknownScheme", as(value));
scheme("basic", "Another scheme.", () => "Basic YTpi");
scheme("empty", "An empty field.", () => "");
scheme("token-alone", "A token without a scheme.", token => token);
scheme("tab", "A tab instead of a blank.", token => `DPoP\t${token}`);
scheme("prefix", "A scheme that begins alike.", token => `DPoPx ${token}`);
scheme("colon", "A colon after the scheme.", token => `DPoP: ${token}`);
scheme("mac", "The scheme of a proof of another kind.", token => `PoP ${token}`);

// R4
accept("R4", "unbound-as-bearer", "An unbound token as Bearer, where that is accepted.", { policy: "optional", scheme: "Bearer", token: { boundTo: null }, proof: null });
accept("R4", "unbound-as-bearer-lower-case", "Its scheme is case-insensitive, too.", { policy: "optional", scheme: "bearer", token: { boundTo: null }, proof: null });
accept("R4", "unbound-as-bearer-with-a-proof", "A proof that nobody asked for is ignored.", { policy: "optional", scheme: "Bearer", token: { boundTo: null } });
accept("R4", "bound-where-optional", "A bound token with its proof.", { policy: "optional" });
for (const policy of ["optional", "required"]) {
    refuse("R4", `bound-as-bearer-${policy}`, "A bound token as Bearer.", "invalid_token", "TokenBoundAsBearer", { policy, scheme: "Bearer", proof: null });
    refuse("R4", `bound-as-bearer-with-its-proof-${policy}`, "Though its proof comes with it.", "invalid_token", "TokenBoundAsBearer", { policy, scheme: "Bearer" });
    refuse("R4", `unbound-under-dpop-${policy}`, "An unbound token under DPoP.", "invalid_token", "TokenUnboundUnderDpop", { policy, token: { boundTo: null } });
    refuse("R4", `unbound-under-dpop-without-a-proof-${policy}`, "Without a proof, too.", "invalid_token", "TokenUnboundUnderDpop", { policy, token: { boundTo: null }, proof: null });
    refuse("R4", `bound-without-a-proof-${policy}`, "A bound token without a proof.", "invalid_dpop_proof", "HeaderMissing", { policy, proof: null });
}
refuse("R4", "unbound-as-bearer-where-required", "An unbound token where DPoP is required.", "invalid_token", "TokenUnbound", { scheme: "Bearer", token: { boundTo: null }, proof: null });
refuse("R4", "unbound-with-a-bad-proof", "The form is looked at before the proof.", "invalid_token", "TokenUnboundUnderDpop", { token: { boundTo: null }, headers: ({ authorization }) => [authorization, ["DPoP", "x"]] });

// R5: the status and code of each kind are those of the other rows; here one of each.
accept("R5", "nothing-to-say", "No challenge.");
refuse("R5", "no-credentials", "A challenge without an error code (RFC 6750, 3.1).", "none", "CredentialsMissing", headers(() => [["Accept", "*/*"]]));
refuse("R5", "token", "invalid_token.", "invalid_token", "TokenMalformed", headers(({ proof }) => [["Authorization", "DPoP opaque"], ["DPoP", proof()]]));
refuse("R5", "proof", "invalid_dpop_proof.", "invalid_dpop_proof", "Malformed", headers(({ authorization }) => [authorization, ["DPoP", "opaque"]]));
refuse("R5", "nonce", "use_dpop_nonce.", "use_dpop_nonce", "NonceMissing", { policy: "nonce" });

// R6
accept("R6", "query-of-that-name", "A parameter of that name beside a token in its place.", { url: "https://api.example.com/notes?access_token=x" });
for (const [id, url] of [
    ["access-token", "https://api.example.com/notes?access_token=TOKEN"],
    ["token", "https://api.example.com/notes?token=TOKEN&dpop=1"],
    ["fragment", "https://api.example.com/notes#access_token=TOKEN"]
]) {
    refuse("R6", `in-the-url-${id}`, "A token in the URL is not looked for.", "none", "CredentialsMissing", { url, headers: ({ proof }) => [["DPoP", proof()]] });
}
refuse("R6", "in-a-cookie", "Nor one in a cookie.", "none", "CredentialsMissing", headers(({ token, proof }) => [["Cookie", `access_token=${token}`], ["DPoP", proof()]]));
