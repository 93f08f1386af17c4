// `bootstrapAuth` starts what it is told, once, and a mock is never started by mistake.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { AUDIENCE, makeIssuer } from "./support/parties.mjs";

const { oidcSpa } = await import("../../dist/server.js");

const issuer = makeIssuer();
const REAL = { implementation: "real", issuerUri: issuer.name, expectedAudience: AUDIENCE, options: { jwks: { keys: [issuer.jwk] }, log: () => {} } };
const DECODE_ONLY = { implementation: "mock", behavior: "decode only" };
const forged = { scheme: "Bearer", accessToken: makeIssuer().token(undefined), rejectIfAccessTokenDPoPBound: true };

const errors = [];
const { error } = console;
const environment = process.env.NODE_ENV;
beforeEach(() => {
    errors.length = 0;
    console.error = line => errors.push(line);
    delete process.env.NODE_ENV;
});
afterEach(() => {
    console.error = error;
    mock.timers.reset();
    environment === undefined ? delete process.env.NODE_ENV : (process.env.NODE_ENV = environment);
});

test("an implementation or behavior that is none is refused with a sentence, and no token is accepted", async () => {
    for (const params of [
        ...[undefined, "Real", "production", "Mock", null, true].map(implementation => ({ ...REAL, implementation })),
        ...[undefined, "decode-only", "Decode only", null].map(behavior => ({ implementation: "mock", behavior })),
        { implementation: "mock", behavior: "use static identity" },
        {},
        undefined
    ]) {
        const utils = oidcSpa.createUtils();
        await assert.rejects(utils.bootstrapAuth(params), error => error instanceof TypeError && /^countersign\/server: bootstrapAuth/.test(error.message), JSON.stringify(params));
        const refused = await utils.validateAndDecodeAccessToken(forged);
        assert.deepEqual([refused.isSuccess, refused.errorCause], [false, "validation error"]);
        assert.match(refused.debugErrorMessage, /bootstrapAuth failed/);
    }
});

test("a second bootstrapAuth is refused, and changes nothing", async () => {
    for (const [first, second] of [[REAL, DECODE_ONLY], [DECODE_ONLY, REAL], [REAL, REAL]]) {
        const utils = oidcSpa.createUtils();
        await utils.bootstrapAuth(first);
        await assert.rejects(utils.bootstrapAuth(second), /bootstrapAuth was called before/);
        assert.equal((await utils.validateAndDecodeAccessToken(forged)).isSuccess, first === DECODE_ONLY);
    }
    const failed = oidcSpa.createUtils();
    await assert.rejects(failed.bootstrapAuth({ ...REAL, expectedAudience: undefined }), /the audience is empty/);
    await assert.rejects(failed.bootstrapAuth(DECODE_ONLY), /bootstrapAuth was called before/);
    assert.equal((await failed.validateAndDecodeAccessToken(forged)).isSuccess, false);
});

test("each mock is logged as an error", async () => {
    for (const params of [DECODE_ONLY, { implementation: "mock", behavior: "use static identity", decodedAccessToken_mock: { sub: "dev" } }]) {
        errors.length = 0;
        await oidcSpa.createUtils().bootstrapAuth(params);
        assert.match(errors.join("\n"), /^countersign: bootstrapAuth has started a mock.*NO ACCESS TOKEN IS CHECKED/);
    }
    errors.length = 0;
    await oidcSpa.createUtils().bootstrapAuth(REAL);
    assert.deepEqual(errors, []);
});

test("a mock is refused in production, unless the program says that it is dangerous", async () => {
    process.env.NODE_ENV = "production";
    for (const more of [{}, { dangerousMockInProduction: "yes" }, { dangerousMockInProduction: false }]) {
        const utils = oidcSpa.createUtils();
        await assert.rejects(utils.bootstrapAuth({ ...DECODE_ONLY, ...more }), /NODE_ENV is "production".*dangerousMockInProduction/);
        assert.equal((await utils.validateAndDecodeAccessToken(forged)).isSuccess, false);
    }
    Object.prototype.dangerousMockInProduction = true;
    try {
        await assert.rejects(oidcSpa.createUtils().bootstrapAuth(DECODE_ONLY), /NODE_ENV/);
    } finally {
        delete Object.prototype.dangerousMockInProduction;
    }
    const utils = oidcSpa.createUtils();
    await utils.bootstrapAuth({ ...DECODE_ONLY, dangerousMockInProduction: true });
    assert.ok((await utils.validateAndDecodeAccessToken(forged)).isSuccess);
    assert.equal(errors.length, 1);
    await oidcSpa.createUtils().bootstrapAuth(REAL);
});

test("without bootstrapAuth, a call ends with an error after ten seconds", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const utils = oidcSpa.createUtils();
    const early = utils.validateAndDecodeAccessToken(forged);
    mock.timers.tick(10_000);
    const refused = await early;
    assert.deepEqual([refused.isSuccess, refused.errorCause], [false, "validation error"]);
    assert.match(refused.debugErrorMessage, /bootstrapAuth was not called/);
    // A late one serves later calls.
    await utils.bootstrapAuth(DECODE_ONLY);
    assert.ok((await utils.validateAndDecodeAccessToken(forged)).isSuccess);
});
