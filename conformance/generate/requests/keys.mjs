// Algorithm, key and signature (RFC 9449, 4.3, 5 to 7; RFC 7518; RFC 8037; RFC 9864).
import { createHash, createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { privateJwk, publicJwk, signature } from "../build.mjs";
import { accept, refuse } from "../cases.mjs";

const by = (key, alg) => ({ token: { boundTo: key }, proof: { key, header: alg === undefined ? {} : { alg } } });

// V5, S6
accept("V5", "es256", "ES256.", by("client"));
accept("V5", "es384", "ES384, where the policy takes it.", { policy: "moreAlgorithms", ...by("clientEs384") });
accept("V5", "eddsa", "EdDSA with Ed25519.", by("clientEdDsa"));
accept("V5", "ed25519-by-its-own-name", "The same under the name of RFC 9864.", by("clientEdDsa", "Ed25519"));
accept("V5", "ps256", "PS256.", by("clientRsa", "PS256"));
accept("V5", "rs256", "RS256.", by("clientRsa", "RS256"));
const algorithm = (row, id, says, proof, check = "AlgorithmNotAccepted") =>
    refuse(row, id, says, "invalid_dpop_proof", check, { proof });
algorithm("V5", "none", "No signature.", { header: { alg: "none" }, sign: () => "" });
algorithm("V5", "none-with-a-signature", "`none` with bytes where the signature stands.", { header: { alg: "none" }, sign: input => signature("client", "ES256", input) });
algorithm("V5", "hs256", "A symmetric algorithm, keyed with the public key.", {
    header: { alg: "HS256" },
    sign: input => createHmac("sha256", JSON.stringify(publicJwk("client"))).update(input).digest()
});
algorithm("V5", "lower-case", "Names are case-sensitive.", { header: { alg: "es256" }, sign: input => signature("client", "ES256", input) });
algorithm("V5", "alg-missing", "Without `alg`.", { header: { alg: undefined }, sign: input => signature("client", "ES256", input) }, "Malformed");
algorithm("V5", "alg-number", "`alg` is a number.", { header: { alg: 256 }, sign: input => signature("client", "ES256", input) }, "Malformed");
const mismatch = (id, says, key, alg, policy = "required") =>
    refuse("V5", id, says, "invalid_dpop_proof", "Signature", {
        policy,
        token: { boundTo: key },
        proof: { key, header: { alg }, sign: input => signature(key, key.includes("Rsa") ? "PS256" : naturally(key), input) }
    });
const naturally = key => ({ client: "ES256", clientEs384: "ES384", clientEdDsa: "EdDSA" })[key];
mismatch("es384-of-p256", "ES384 takes a P-384 key.", "client", "ES384", "moreAlgorithms");
mismatch("es256-of-p384", "ES256 takes a P-256 key.", "clientEs384", "ES256");
mismatch("eddsa-of-p256", "EdDSA takes an Edwards key.", "client", "EdDSA");
mismatch("ps256-of-p256", "PS256 takes an RSA key.", "client", "PS256");
mismatch("es256-of-rsa", "ES256 takes no RSA key.", "clientRsa", "ES256");
mismatch("es256-of-ed25519", "ES256 takes no Edwards key.", "clientEdDsa", "ES256");
refuse("V5", "ed448", "EdDSA with Ed448 is not supported.", "invalid_dpop_proof", "Key", {
    proof: { key: "clientEd448", header: { alg: "EdDSA" } }
});
accept("S6", "on-the-list", "An algorithm of the list.");
refuse("S6", "es384", "Nor is ES384 on the list, unless the policy takes it.", "invalid_dpop_proof", "AlgorithmNotAccepted", by("clientEs384"));
algorithm("S6", "es512", "ES512 is not on the list.", { key: "clientEs512" });
algorithm("S6", "rs512", "RS512 is not on the list.", { key: "clientRsa", header: { alg: "RS512" } });
algorithm("S6", "ps384", "PS384 is not on the list.", { key: "clientRsa", header: { alg: "PS384" } });
algorithm("S6", "es256k", "ES256K is not on the list.", { key: "clientEs256k" });
algorithm("S6", "made-up", "A name that nobody knows.", { header: { alg: "ES1024" }, sign: () => randomBytes(64) });

// V6
const signed = (id, says, proof, check = "Signature", token = {}) =>
    refuse("V6", id, says, "invalid_dpop_proof", check, { proof, token });
accept("V6", "signature-verifies", "R || S over the first two parts.");
accept("V6", "rsa-4096", "The longest modulus that proofs have by default.", by("clientRsa4096", "PS256"));
accept("V6", "rsa-exponent-3", "3 is a usable exponent.", { policy: "costlyRsa", ...by("clientRsaExponent3", "RS256") });
accept("V6", "rsa-8192", "The longest modulus.", { policy: "costlyRsa", ...by("clientRsa8192", "PS256") });
const costly = (id, says, key, alg) => refuse("V6", id, says, "invalid_dpop_proof", "Signature", by(key, alg));
costly("rsa-exponent-3-by-default", "By default the exponent is 65537.", "clientRsaExponent3", "RS256");
costly("rsa-8192-by-default", "By default a modulus has 4096 bits at most: a signature by a longer one takes long to check.", "clientRsa8192", "PS256");
signed("other-key", "The key in the header did not sign.", { sign: input => signature("thief", "ES256", input) });
signed("foreign-key-forged", "By another key than the token's, whose signature it is not either: the signature comes first.", {
    key: "thief",
    sign: input => signature("otherClient", "ES256", input)
});
signed("changed-payload", "The payload was changed afterwards.", { sign: input => signature("client", "ES256", `${input}A`) });
signed("der", "DER instead of R || S.", { sign: input => signature("client", "ES256", input, { dsaEncoding: "der" }) });
signed("empty", "An empty signature.", { sign: () => "" });
signed("zeros", "R and S are zero.", { sign: () => Buffer.alloc(64) });
signed("short", "A byte is missing.", { sign: input => signature("client", "ES256", input).subarray(0, 63) });
signed("long", "A byte too many.", { sign: input => Buffer.concat([signature("client", "ES256", input), Buffer.alloc(1)]) });
signed("r-alone", "S is the group's order.", {
    sign: input => Buffer.concat([signature("client", "ES256", input).subarray(0, 32), Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex")])
});
const jwk = (id, says, change, check = "Key", proof = {}) =>
    signed(id, says, { ...proof, header: { ...proof.header, jwk: change(publicJwk(proof.key ?? "client")) } }, check);
const bytes = text => Buffer.from(text, "base64url");
jwk("off-curve", "The point is not on the curve.", key => ({ ...key, y: key.x }), "Signature");
jwk("zero-point", "The point (0, 0).", key => ({ ...key, x: "A".repeat(43), y: "A".repeat(43) }), "Signature");
jwk("coordinate-short", "A coordinate of 31 bytes.", key => ({ ...key, x: bytes(key.x).subarray(1).toString("base64url") }));
jwk("coordinate-long", "A coordinate with a zero byte before it.", key => ({ ...key, y: Buffer.concat([Buffer.alloc(1), bytes(key.y)]).toString("base64url") }));
jwk("coordinate-padded", "A coordinate with padding.", key => ({ ...key, x: `${key.x}=` }));
jwk("coordinate-missing", "A point without y.", ({ y, ...key }) => key);
jwk("coordinate-number", "A coordinate that is a number.", key => ({ ...key, x: 1 }));
jwk("type-missing", "A key without `kty`.", ({ kty, ...key }) => key);
jwk("type-unknown", "A key of no known type.", key => ({ ...key, kty: "ec" }));
jwk("curve-missing", "A key without `crv`.", ({ crv, ...key }) => key);
jwk("symmetric", "A symmetric key.", () => ({ kty: "oct" }));
jwk("x25519", "A key for agreement.", () => ({ kty: "OKP", crv: "X25519", x: publicJwk("clientEdDsa").x }), "Key", { key: "clientEdDsa" });
signed("rsa-1024", "1024 bits.", { key: "clientRsa1024", header: { alg: "RS256" } }, "Signature", { boundTo: "clientRsa1024" });
signed("rsa-2040", "A byte less than 2048 bits.", { key: "clientRsa2040", header: { alg: "PS256" } }, "Signature", { boundTo: "clientRsa2040" });
jwk("rsa-leading-zero", "A modulus with a zero byte before it: another thumbprint of the same key.", key => ({ ...key, n: Buffer.concat([Buffer.alloc(1), bytes(key.n)]).toString("base64url") }), "Key", { key: "clientRsa" });
const exponent = (id, says, e, sign) => jwk(id, says, key => ({ ...key, e }), "Signature", { key: "clientRsa", header: { alg: "RS256" }, ...(sign ? { sign } : {}) });
/** With the exponent 1, the signature equals the encoded message, so anyone can make it. */
const encoded = input => {
    const digest = createHash("sha256").update(input).digest();
    const info = Buffer.concat([Buffer.from("3031300d060960864801650304020105000420", "hex"), digest]);
    return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - info.length, 0xff), Buffer.from([0]), info]);
};
exponent("rsa-exponent-1", "With the exponent 1 anyone can sign.", "AQ", encoded);
exponent("rsa-exponent-2", "An even exponent.", "Ag");
exponent("rsa-exponent-even", "65536.", "AQAA");
jwk("rsa-exponent-empty", "An empty exponent.", key => ({ ...key, e: "" }), "Key", { key: "clientRsa" });
jwk("rsa-exponent-zero", "The exponent 0.", key => ({ ...key, e: "AA" }), "Key", { key: "clientRsa" });
/**
 * Adds a signature with R of small order and S = 0. For a key of small order, it is valid for one
 * message in as many as that order.
 */
const small = (id, hex) =>
    signed(`ed25519-${id}`, "A key of small order signs for anyone.", {
        key: "clientEdDsa",
        header: { jwk: { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") } },
        sign: () => Buffer.concat([Buffer.from("01".padEnd(64, "0"), "hex"), Buffer.alloc(32)])
    });
const SMALL_ORDERS = {
    "order-1": "01".padEnd(64, "0"),
    "order-2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order-4": "".padEnd(64, "0"),
    "order-8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
};
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const fromLittleEndian = bytes => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const toLittleEndian = number => Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
/**
 * Makes, without a secret, a signature of these bytes that verifies for the key A of small order.
 * S B = R + h A holds for any R = r B and S = r if h A is zero, that is, if h is a multiple of A's
 * order: one h in as many as that order.
 */
const forged = (point, order) => input => {
    for (;;) {
        const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
        const hash = createHash("sha512").update(Buffer.from(d, "base64url")).digest().subarray(0, 32);
        hash[0] &= 248;
        hash[31] = (hash[31] & 127) | 64;
        const R = Buffer.from(x, "base64url");
        const h = createHash("sha512").update(Buffer.concat([R, Buffer.from(point, "hex"), Buffer.from(input)])).digest();
        if ((fromLittleEndian(h) % GROUP_ORDER) % BigInt(order) === 0n) {
            return Buffer.concat([R, toLittleEndian(fromLittleEndian(hash) % GROUP_ORDER)]);
        }
    }
};
for (const [id, point] of Object.entries(SMALL_ORDERS)) {
    signed(`ed25519-${id}-forged`, "Anyone can make a signature that verifies for such a key.", {
        key: "clientEdDsa",
        header: { jwk: { kty: "OKP", crv: "Ed25519", x: Buffer.from(point, "hex").toString("base64url") } },
        sign: forged(point, Number(id.slice(-1)))
    });
}
small("order-1", "01".padEnd(64, "0"));
small("order-2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
small("order-4", "".padEnd(64, "0"));
small("order-8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
small("order-8-other-sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85");
small("not-canonical", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");

// V7
accept("V7", "public-members-only", "Only public members.");
accept("V7", "describing-members", "`use`, `alg`, `kid` say nothing secret.", {
    proof: { header: { jwk: { ...publicJwk("client"), use: "sig", alg: "ES256", kid: "1" } } }
});
const secret = (id, says, member, value, key = "client") =>
    refuse("V7", id, says, "invalid_dpop_proof", "Key", {
        token: { boundTo: key },
        proof: { key, header: { jwk: { ...publicJwk(key), [member]: value } } }
    });
secret("d-of-ec", "The private key of an EC key.", "d", privateJwk("client").d);
secret("d-of-okp", "The private key of an Ed25519 key.", "d", privateJwk("clientEdDsa").d, "clientEdDsa");
secret("d-of-rsa", "The private exponent.", "d", privateJwk("clientRsa").d, "clientRsa");
for (const member of ["p", "q", "dp", "dq", "qi"]) {
    secret(member, "A part of an RSA private key.", member, privateJwk("clientRsa")[member], "clientRsa");
}
secret("oth", "Further primes.", "oth", [], "clientRsa");
secret("k", "A symmetric key's member.", "k", "AAAA");
secret("d-null", "The member's name alone tells.", "d", null);
secret("d-empty", "Empty, and still there.", "d", "");
