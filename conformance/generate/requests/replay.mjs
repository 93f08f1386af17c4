// Each proof is accepted once (RFC 9449, end of 4.3; 11.1). Steps run in order against one server.
import { NOW, accept, sequence } from "../cases.mjs";
import { accessToken } from "../build.mjs";

const token = accessToken({ claims: { exp: NOW + 3600 } });
const REPLAYED = ["invalid_dpop_proof", "Replayed"];
const JTI = "the same in each step";
const seen = (more = {}) => ({ token, jti: JTI, ...more });

accept("V15", "once", "Once.");
accept("P8", "one-proof", "One proof, one request.");
sequence("V15", "twice", "The same `jti` of the same key.", [[seen()], [seen(), ...REPLAYED]]);
sequence("V15", "three-times", "A replay is no use of it.", [[seen()], [seen(), ...REPLAYED], [seen(), ...REPLAYED]]);
sequence("V15", "other-query", "Whatever the query.", [
    [seen({ url: "https://api.example.com/notes?a=1" })],
    [seen({ url: "https://api.example.com/notes?a=2" }), ...REPLAYED]
]);
sequence("V15", "other-path", "Whatever the path.", [[seen()], [seen({ url: "https://api.example.com/other" }), ...REPLAYED]]);
sequence("V15", "other-host", "Whatever the host.", [[seen()], [seen({ url: "https://two.example.com/notes" }), ...REPLAYED]]);
sequence("V15", "other-method", "Whatever the method.", [[seen()], [seen({ method: "POST" }), ...REPLAYED]]);
sequence("V15", "other-iat", "Whatever the time of making.", [
    [seen({ proof: { claims: { iat: NOW - 10 } } })],
    [seen({ proof: { claims: { iat: NOW + 5 } } }), ...REPLAYED]
]);
sequence("V15", "other-token", "Whatever the token.", [
    [seen()],
    [seen({ token: { claims: { sub: "bob" } } }), ...REPLAYED]
]);
sequence("V15", "escaped", "The same text in another spelling.", [
    [seen({ jti: "aA" })],
    [seen({ jti: "aA", proof: { rewrite: { claims: text => text.replace('"aA"', '"\\u0061A"') } } }), ...REPLAYED]
]);
sequence("V15", "case", "`jti` is case-sensitive.", [[seen({ jti: "aa" })], [seen({ jti: "aA" })]]);
sequence("V15", "until-its-end", "As long as the first proof could be accepted.", [
    [seen({ proof: { claims: { iat: NOW + 5 } } })],
    [seen({ now: NOW + 65, proof: { claims: { iat: NOW + 5 } } }), ...REPLAYED],
    [seen({ now: NOW + 66, proof: { claims: { iat: NOW + 5 } } }), "invalid_dpop_proof", "IatTooOld"]
]);
sequence("V15", "long-after", "A new proof with an old `jti`, long after.", [[seen()], [seen({ now: NOW + 600 })]]);
sequence("P8", "retry-with-a-new-proof", "A retry has a proof of its own.", [[{ token }], [{ token }]]);
sequence("P8", "retry-with-the-same-proof", "The same proof for a retry.", [[seen()], [seen({ now: NOW + 1 }), ...REPLAYED]]);
sequence("P8", "next-page", "The same proof for the next page.", [
    [seen({ url: "https://api.example.com/notes?page=1" })],
    [seen({ now: NOW + 3, url: "https://api.example.com/notes?page=2" }), ...REPLAYED]
]);
sequence("P8", "jti-reused", "A new proof with an old `jti`.", [
    [seen()],
    [seen({ now: NOW + 30, proof: { claims: { iat: NOW + 30 } } }), ...REPLAYED]
]);
accept("S1", "own-jti", "A `jti` of one's own.");
sequence("S1", "other-keys-jti", "The same `jti` of another key is no replay.", [
    [seen()],
    [{ jti: JTI, token: { boundTo: "otherClient" }, proof: { key: "otherClient" } }]
]);
sequence("S1", "both-keys-twice", "Each key's second use is.", [
    [seen()],
    [{ jti: JTI, token: { boundTo: "otherClient" }, proof: { key: "otherClient" } }],
    [seen(), ...REPLAYED]
]);
sequence("S1", "other-keys-replay", "For the other key, too.", [
    [{ jti: JTI, token: { boundTo: "clientEdDsa" }, proof: { key: "clientEdDsa" } }],
    [{ jti: JTI, token: { boundTo: "clientEdDsa" }, proof: { key: "clientEdDsa" } }, ...REPLAYED]
]);
sequence("S1", "other-host-replay", "At another host of the same server.", [
    [seen()],
    [seen({ url: "https://other.example.com/" }), ...REPLAYED]
]);
const refusedFirst = (id, says, options, ...why) =>
    sequence("V15", `no-trace-${id}`, says, [[seen(options), ...why], [seen()], [seen(), ...REPLAYED]]);
refusedFirst("of-a-bad-signature", "Who cannot sign burns nobody's `jti`.", { proof: { sign: () => Buffer.alloc(64) } }, "invalid_dpop_proof", "Signature");
refusedFirst("of-another-uri", "A proof for another URI leaves no trace.", { proof: { claims: { htu: "https://api.example.com/x" } } }, "invalid_dpop_proof", "HtuMismatch");
refusedFirst("of-an-old-proof", "An old proof leaves no trace.", { proof: { claims: { iat: NOW - 61 } } }, "invalid_dpop_proof", "IatTooOld");
refusedFirst("of-a-wrong-hash", "A proof for another token leaves no trace.", { proof: { claims: { ath: "x" } } }, "invalid_dpop_proof", "AthMismatch");
refusedFirst("of-a-bad-token", "A bad token's proof leaves no trace.", { token: { claims: { exp: NOW - 60 } } }, "invalid_token", "TokenExpired");
refusedFirst("of-two-proofs", "Two proofs leave no trace.", { headers: ({ authorization, proof }) => [authorization, ["DPoP", proof()], ["DPoP", proof()]] }, "invalid_dpop_proof", "HeaderRepeated");
sequence("V15", "no-trace-of-a-missing-nonce", "A proof that lacks its nonce leaves no trace.", [
    [seen({ policy: "nonce" }), "use_dpop_nonce", "NonceMissing"],
    [seen({ policy: "nonce", proof: { claims: { nonce: "n-0S6_WzA2Mj" } } })]
]);
sequence("V15", "clock-steps-back", "What may have been forgotten is refused when the clock steps back: the server's trouble.", [
    [seen({ now: NOW + 600 })],
    [{ token }, "unavailable", "Stale"]
]);
sequence("V15", "clock-steps-back-a-little", "Not where nothing can have been forgotten.", [[seen({ now: NOW + 30 })], [{ token }]]);
