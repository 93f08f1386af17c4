// The required claims, each of its JSON type, each once (RFC 9449, 4.3, 3).
import { NOW, accept, refuse } from "../cases.mjs";

const change = (id, says, claims, check) =>
    refuse("V3", id, says, "invalid_dpop_proof", check, { proof: { claims } });

accept("V3", "complete", "All required claims.");
accept("V3", "further-claims", "Claims that no check looks at are ignored.", {
    proof: { claims: { sub: "ann", nested: { a: [1, null] } } }
});
accept("V3", "iat-with-zero-fraction", "A NumericDate may be written with a fraction (RFC 7519, 2).", {
    proof: { rewrite: { claims: text => text.replace(`"iat":${NOW}`, `"iat":${NOW}.0`) } }
});
accept("V3", "iat-in-exponent-form", "1.7672256e9 is the same number.", {
    proof: { rewrite: { claims: text => text.replace(`"iat":${NOW}`, '"iat":1.7672256e9') } }
});
accept("V3", "iat-with-fraction", "Milliseconds as a fraction.", { proof: { claims: { iat: NOW - 0.5 } } });
accept("V3", "jti-of-128-bytes", "A long identifier.", { jti: "j".repeat(128) });
accept("V3", "jti-not-ascii", "Any JSON string identifies.", { jti: "\u{1f511} schlüssel 128 bit" });
for (const name of ["jti", "htm", "htu", "iat"]) {
    change(`${name}-missing`, `Without \`${name}\`.`, { [name]: undefined }, "ClaimMissing");
    change(`${name}-null`, `\`${name}\` is null.`, { [name]: null }, "ClaimType");
    change(`${name}-bool`, `\`${name}\` is true.`, { [name]: true }, "ClaimType");
    change(`${name}-array`, `\`${name}\` is an array.`, { [name]: [name === "iat" ? NOW : "GET"] }, "ClaimType");
    change(`${name}-object`, `\`${name}\` is an object.`, { [name]: {} }, "ClaimType");
}
for (const name of ["jti", "htm", "htu"]) {
    change(`${name}-empty`, `\`${name}\` is empty.`, { [name]: "" }, "ClaimType");
    change(`${name}-number`, `\`${name}\` is a number.`, { [name]: 1 }, "ClaimType");
}
change("iat-text", "`iat` as text.", { iat: String(NOW) }, "ClaimType");
change("iat-negative", "`iat` before 1970.", { iat: -1 }, "ClaimType");
change("iat-huge", "`iat` beyond every calendar.", { iat: 1e300 }, "ClaimType");
change("jti-oversized", "A `jti` of 4 KiB costs the store more than it identifies (11.1).", { jti: "j".repeat(4096) }, "JtiTooLong");
change("ath-number", "`ath` is a number.", { ath: 1 }, "ClaimType");
change("ath-null", "`ath` is null.", { ath: null }, "ClaimType");
change("exp-text", "`exp` as text.", { exp: String(NOW + 60) }, "ClaimType");

const rewrite = (id, says, texts) =>
    refuse("V3", id, says, "invalid_dpop_proof", "Malformed", { proof: { rewrite: texts } });
const twice = name => text => {
    const value = JSON.stringify(JSON.parse(text)[name]);
    return text.replace(/}$/, `,"${name}":${value}}`);
};
for (const name of ["jti", "htm", "htu", "iat", "ath"]) {
    rewrite(`${name}-twice`, `\`${name}\` is there twice, though equal.`, { claims: twice(name) });
}
rewrite("alg-twice", "`alg` is there twice.", { header: twice("alg") });
rewrite("typ-twice", "`typ` is there twice.", { header: text => text.replace("{", '{"typ":"JWT",') });
rewrite("key-member-twice", "A member of the key is there twice.", { header: text => text.replace('"jwk":{', '"jwk":{"kty":"RSA",') });
rewrite("twice-escaped", "The same name, once escaped.", { claims: text => text.replace("{", '{"\\u006ati":"x",') });
rewrite("twice-deep", "Twice in a claim that no check looks at.", { claims: text => text.replace("{", '{"x":{"a":1,"a":2},') });
rewrite("iat-out-of-range", "1e400 is no number that is known.", { claims: text => text.replace(`"iat":${NOW}`, '"iat":1e400') });
rewrite("iat-not-a-number", "NaN is not JSON.", { claims: text => text.replace(`"iat":${NOW}`, '"iat":NaN') });
rewrite("lone-surrogate", "Half a character.", { claims: text => text.replace("{", '{"x":"\\ud800",') });

// P2, P3, P5: the same claims as a client writes them.
accept("P2", "uuid", "A UUIDv4.", { jti: "e1d9f5c8-6a0f-4d3c-9a51-0d3f6f1f8c11" });
accept("P2", "96-bits", "96 random bits.", { jti: "-BwC3ESc6acc2lTc" });
refuse("P2", "jti-list", "A list of identifiers.", "invalid_dpop_proof", "ClaimType", { proof: { claims: { jti: ["a", "b"] } } });
refuse("P2", "jti-zero", "The number zero.", "invalid_dpop_proof", "ClaimType", { proof: { claims: { jti: 0 } } });
refuse("P2", "jti-false", "False.", "invalid_dpop_proof", "ClaimType", { proof: { claims: { jti: false } } });
accept("P5", "seconds", "Whole seconds.");
refuse("P5", "milliseconds", "Milliseconds lie far ahead.", "invalid_dpop_proof", "IatInFuture", { proof: { claims: { iat: NOW * 1000 } , rewrite: { claims: text => text.replace(`${NOW * 1000}`, `${NOW * 100}`) } } });
refuse("P5", "iso-date", "A date as text.", "invalid_dpop_proof", "ClaimType", { proof: { claims: { iat: "2026-01-01T00:00:00Z" } } });
refuse("P5", "no-iat-but-exp", "`exp` is no replacement.", "invalid_dpop_proof", "ClaimMissing", { proof: { claims: { iat: undefined, exp: NOW + 60 } } });
