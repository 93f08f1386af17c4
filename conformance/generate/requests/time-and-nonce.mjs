// Nonces and times (RFC 9449, 4.3, 10 and 11; 8; 9).
import { NOW, accept, refuse } from "../cases.mjs";

const NONCE = "n-0S6_WzA2Mj";

// V11, N2, N8, S3
const nonce = (row, id, says, value, check = "NonceMismatch", more = {}) =>
    refuse(row, id, says, "use_dpop_nonce", check, { policy: "nonce", proof: { claims: { nonce: value, ...more } } });
accept("V11", "matches", "The nonce that the server wants.", { policy: "nonce", proof: { claims: { nonce: NONCE } } });
accept("V11", "not-wanted", "One that nobody wants is ignored.", { proof: { claims: { nonce: "of another server" } } });
nonce("V11", "missing", "Without a nonce.", undefined, "NonceMissing");
nonce("V11", "different", "Another one.", "n-0S6_WzA2Mk");
nonce("V11", "case", "Nonces are case-sensitive.", NONCE.toLowerCase());
nonce("V11", "prefix", "A part of it.", NONCE.slice(0, -1));
nonce("V11", "longer", "More than it.", `${NONCE}=`);
nonce("V11", "empty", "An empty one.", "");
accept("N8", "current", "The current nonce.", { policy: "nonce", proof: { claims: { nonce: NONCE } } });
nonce("N8", "number", "Of another JSON type it does not match.", 1);
nonce("N8", "null", "Null does not match.", null);
nonce("N8", "array", "An array of it does not match.", [NONCE]);
nonce("N8", "object", "An object does not match.", { nonce: NONCE });
accept("N2", "answered", "After the challenge.", { policy: "nonce", proof: { claims: { nonce: NONCE } } });
nonce("N2", "first-request", "401 and use_dpop_nonce.", undefined, "NonceMissing", { htm: "GET" });
refuse("N2", "bad-signature-first", "Who cannot sign gets no nonce.", "invalid_dpop_proof", "Signature", {
    policy: "nonce",
    proof: { sign: () => Buffer.alloc(64) }
});
refuse("N2", "bad-target-first", "A proof for another URI is refused before its nonce is looked at.", "invalid_dpop_proof", "HtuMismatch", {
    policy: "nonce",
    proof: { claims: { htu: "https://api.example.com/other" } }
});
refuse("N2", "token-first", "An expired token is refused before the nonce.", "invalid_token", "TokenExpired", {
    policy: "nonce",
    token: { claims: { exp: NOW - 100 } }
});
nonce("N2", "before-iat", "Section 4.3 looks at the nonce (10) before `iat` (11).", undefined, "NonceMissing", { iat: NOW - 61 });
nonce("N2", "before-ath", "The nonce is looked at before `ath`.", undefined, "NonceMissing", { ath: "x" });
nonce("N2", "before-ath-of-another-type", "Also before the type of `ath`.", undefined, "NonceMissing", { ath: 1 });
accept("P7", "most-recent", "The nonce that the server gave last.", { policy: "nonce", proof: { claims: { nonce: NONCE } } });
nonce("P7", "none", "None, though one was given.", undefined, "NonceMissing");
nonce("P7", "of-another-server", "The authorization server's.", "eyJ7S_zG.eyJH0-Z.HX4w-7v");
nonce("P7", "quoted", "The header's value in quotes.", `"${NONCE}"`);
refuse("N2", "before-the-key", "The nonce is looked at before the token's key.", "use_dpop_nonce", "NonceMissing", {
    policy: "nonce",
    proof: { key: "thief" }
});
accept("S3", "with-nonce", "With the nonce.", { policy: "nonce", proof: { claims: { nonce: NONCE } } });
nonce("S3", "downgrade", "A fresh proof without one is not enough where nonces are used.", undefined, "NonceMissing", { iat: NOW });
nonce("S3", "downgrade-by-empty-nonce", "Nor one with an empty one.", "", "NonceMismatch", { iat: NOW });
nonce("S3", "nonce-as-ath", "Nor one that has it elsewhere.", undefined, "NonceMissing", { ath: NONCE });
accept("S3", "unbound-bearer", "A nonce is part of a proof: an unbound Bearer token needs none.", {
    policy: "optionalNonce",
    scheme: "Bearer",
    token: { boundTo: null },
    proof: null
});
refuse("V11", "of-another-type-though-not-wanted", "A claim of the wrong type.", "invalid_dpop_proof", "ClaimType", {
    proof: { claims: { nonce: 1 } }
});

// V12
const at = (id, says, iat, check) =>
    check === undefined
        ? accept("V12", id, says, { proof: { claims: { iat } } })
        : refuse("V12", id, says, "invalid_dpop_proof", check, { proof: { claims: { iat } } });
at("now", "Made now.", NOW);
at("60-seconds-old", "60 seconds old.", NOW - 60);
at("5-seconds-ahead", "5 seconds ahead.", NOW + 5);
at("fraction-within-age", "59.5 seconds old.", NOW - 59.5);
at("fraction-within-leeway", "4.5 seconds ahead.", NOW + 4.5);
at("61-seconds-old", "61 seconds old.", NOW - 61, "IatTooOld");
at("6-seconds-ahead", "6 seconds ahead.", NOW + 6, "IatInFuture");
at("fraction-beyond-age", "60.5 seconds old.", NOW - 60.5, "IatTooOld");
at("fraction-beyond-leeway", "5.5 seconds ahead.", NOW + 5.5, "IatInFuture");
at("1970", "The beginning of time.", 0, "IatTooOld");
at("an-hour-ahead", "An hour ahead.", NOW + 3600, "IatInFuture");
at("year-9999", "As late as can be.", 253402300799, "IatInFuture");
refuse("V12", "nonce-and-old", "The right nonce does not make an old proof young.", "invalid_dpop_proof", "IatTooOld", {
    policy: "nonce",
    proof: { claims: { nonce: NONCE, iat: NOW - 61 } }
});
refuse("V12", "nonce-and-ahead", "Nor a proof of the future present.", "invalid_dpop_proof", "IatInFuture", {
    policy: "nonce",
    proof: { claims: { nonce: NONCE, iat: NOW + 6 } }
});
accept("V12", "own-exp-to-come", "A proof may say when it ends.", { proof: { claims: { exp: NOW + 1 } } });
accept("V12", "own-exp-within-a-second", "Half a second is left.", { proof: { claims: { exp: NOW + 0.5 } } });
accept("V12", "own-nbf-passed", "And when it begins.", { proof: { claims: { nbf: NOW } } });
const own = (id, says, claims, check) =>
    refuse("V12", id, says, "invalid_dpop_proof", check, { proof: { claims } });
own("own-exp-passed", "A proof that has ended by its own word.", { exp: NOW - 1 }, "Expired");
own("own-exp-half-a-second-ago", "Half a second past its end.", { exp: NOW - 0.5 }, "Expired");
own("own-exp-now", "`exp` is the moment from which it is not accepted (RFC 7519, 4.1.4).", { exp: NOW }, "Expired");
own("own-exp-long-passed", "Ended before it was made.", { exp: 1 }, "Expired");
own("own-nbf-to-come", "A proof that has not begun.", { nbf: NOW + 60 }, "NotYetValid");

// S2
accept("S2", "made-now", "Made for this request.");
at("s2-made-yesterday", "Made yesterday.", NOW - 86400, "IatTooOld");
refuse("S2", "made-ahead", "Made for tomorrow.", "invalid_dpop_proof", "IatInFuture", { proof: { claims: { iat: NOW + 86400 } } });
refuse("S2", "made-an-hour-ago", "Made an hour ago.", "invalid_dpop_proof", "IatTooOld", { proof: { claims: { iat: NOW - 3600 } } });
refuse("S2", "without-the-servers-word", "Made before the server gave its nonce.", "use_dpop_nonce", "NonceMissing", { policy: "nonce" });
