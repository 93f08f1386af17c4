// `decodeJwt`: what it reads, and the sentence for what is no JWT.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, InvalidTokenError } from "countersign/decode-jwt";
import { SignJWT } from "jose";

const part = value => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

test("it reads claims and header of a token that jose signed", async () => {
    const claims = { sub: "alice", name: "Zoë 漢字 😀", roles: ["a?b>c"] };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(new Uint8Array(32));
    assert.deepEqual(decodeJwt(token), claims);
    assert.deepEqual(decodeJwt(token, {}), claims);
    assert.deepEqual(decodeJwt(token, { header: false }), claims);
    assert.deepEqual(decodeJwt(token, { header: true }), { alg: "HS256", kid: "k1" });
});

test("claims of every length are read, without padding", () => {
    for (let length = 0; length < 8; length++) {
        assert.deepEqual(decodeJwt(`.${part({ n: "x".repeat(length) })}.`), { n: "x".repeat(length) });
    }
});

test("what is no JWT is an InvalidTokenError that says so", () => {
    for (const [token, message, options] of [
        [undefined, /it is no string\.$/],
        [{ split: () => ["", part({})] }, /it is no string\.$/],
        ["opaque", /it has no part number 2\.$/],
        ["", /it has no part number 2\.$/],
        ["a.b", /part number 2 is not JSON in base64url/],
        ["%.%", /part number 1 is not JSON in base64url/, { header: true }],
        [`.${part("no json")}`, /part number 2 is not JSON in base64url/],
        [`.${Buffer.from([0x22, 0xff, 0x22]).toString("base64url")}`, /part number 2 is not JSON in base64url/],
        [`.${part("null")}`, /part number 2 is no JSON object\.$/],
        [`.${part("[1]")}`, /part number 2 is no JSON object\.$/],
        [`.${part('"text"')}`, /part number 2 is no JSON object\.$/]
    ]) {
        assert.throws(
            () => decodeJwt(token, options),
            error => {
                assert.ok(error instanceof InvalidTokenError);
                assert.equal(error.name, "InvalidTokenError");
                assert.match(error.message, /^countersign: decodeJwt\(\) got a token that is no JWT: /);
                assert.match(error.message, message);
                return true;
            }
        );
    }
});
