// The names and shapes of `oidc-spa/server`, with our decisions.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { AUDIENCE, makeClient, makeIssuer } from "./support/parties.mjs";
import { send } from "./support/socket.mjs";

const { oidcSpa, extractRequestAuthContext } = await import("../../dist/server.js");

const issuer = makeIssuer();
const client = makeClient();
const HTU = `${AUDIENCE}/notes`;

const bootstrapped = async (params = {}, builder = oidcSpa) => {
    const utils = builder.createUtils();
    await utils.bootstrapAuth({
        implementation: "real",
        issuerUri: issuer.name,
        expectedAudience: AUDIENCE,
        options: { jwks: { keys: [issuer.jwk] }, log: () => {} },
        ...params
    });
    return utils;
};

const dpop = (token, more = {}) => ({
    scheme: "DPoP",
    accessToken: token,
    dpopProof: client.proof("GET", HTU, token),
    expectedHtu: HTU,
    expectedHtm: "GET",
    ...more
});

test("a bound token with its proof is decoded, once", async () => {
    const { validateAndDecodeAccessToken } = await bootstrapped();
    const token = issuer.token(client);
    const params = dpop(token);
    const result = await validateAndDecodeAccessToken(params);
    assert.deepEqual([result.isSuccess, result.decodedAccessToken.sub, result.accessToken], [true, "ann", token]);
    assert.deepEqual(result.decodedAccessToken_original, result.decodedAccessToken);
    const replayed = await validateAndDecodeAccessToken(params);
    assert.deepEqual([replayed.isSuccess, replayed.errorCause, replayed.refused.status], [false, "validation error", 401]);
    assert.match(replayed.debugErrorMessage, /replay/);
    assert.match(replayed.refused.response().headers.get("www-authenticate"), /^DPoP/);
});

test("an unbound token is taken as Bearer, as by the reference, also without a type", async () => {
    const { validateAndDecodeAccessToken } = await bootstrapped();
    const bearer = accessToken => ({ scheme: "Bearer", accessToken, rejectIfAccessTokenDPoPBound: true });
    for (const header of [{}, { typ: "JWT" }]) {
        assert.ok((await validateAndDecodeAccessToken(bearer(issuer.token(undefined, {}, header)))).isSuccess);
    }
    // A bound one is not, whatever the parameter says.
    for (const rejectIfAccessTokenDPoPBound of [true, false]) {
        const stolen = await validateAndDecodeAccessToken({ ...bearer(issuer.token(client)), rejectIfAccessTokenDPoPBound });
        assert.deepEqual([stolen.isSuccess, stolen.refused.name], [false, "TokenBoundAsBearer"]);
    }
});

test("each cause of the reference has its errors", async () => {
    const { validateAndDecodeAccessToken } = await bootstrapped();
    const past = Math.floor(Date.now() / 1000) - 100;
    const expired = await validateAndDecodeAccessToken(dpop(issuer.token(client, { exp: past })));
    assert.equal(expired.errorCause, "validation error - access token expired");
    const forged = await validateAndDecodeAccessToken(dpop(makeIssuer().token(client)));
    assert.equal(forged.errorCause, "validation error - invalid signature");
    const foreign = await validateAndDecodeAccessToken(dpop(issuer.token(client, { aud: "https://other.example.com" })));
    assert.equal(foreign.errorCause, "validation error");
});

test("a proof without a request to compare it with is refused with a sentence", async () => {
    const { validateAndDecodeAccessToken } = await bootstrapped();
    for (const missing of [{ expectedHtu: undefined }, { expectedHtm: undefined }, { expectedHtu: null }, { expectedHtm: null }]) {
        const refused = await validateAndDecodeAccessToken(dpop(issuer.token(client), missing));
        assert.match(refused.debugErrorMessage, /give expectedHtm and expectedHtu/);
    }
});

test("a missing proof is refused with the challenge, one of another type as malformed, and the next request is accepted", async () => {
    const { validateAndDecodeAccessToken } = await bootstrapped();
    const token = issuer.token(client);
    for (const [dpopProof, status, name] of [[undefined, 401, "HeaderMissing"], [null, 401, "HeaderMissing"], [5, 400, "RequestMalformed"], [["a"], 400, "RequestMalformed"]]) {
        const { isSuccess, refused } = await validateAndDecodeAccessToken(dpop(token, { dpopProof }));
        assert.deepEqual([isSuccess, refused.status, refused.name], [false, status, name]);
        assert.ok((await validateAndDecodeAccessToken(dpop(token))).isSuccess);
    }
});

test("no audience is refused with a sentence", async () => {
    await assert.rejects(bootstrapped({ expectedAudience: undefined }), /the audience is empty: give the value/);
});

test("claims have the shape of the schema, or are refused", async () => {
    const decodedAccessTokenSchema = {
        parse: ({ sub, roles }) => {
            if (!Array.isArray(roles)) {
                throw new Error("roles is no list");
            }
            return { sub, roles };
        }
    };
    const builder = oidcSpa.withExpectedDecodedAccessTokenShape({ decodedAccessTokenSchema });
    const { validateAndDecodeAccessToken } = await bootstrapped({}, builder);
    const result = await validateAndDecodeAccessToken(dpop(issuer.token(client, { roles: ["admin"] })));
    assert.deepEqual(result.decodedAccessToken, { sub: "ann", roles: ["admin"] });
    assert.equal(result.decodedAccessToken_original.iss, issuer.name);
    const refused = await validateAndDecodeAccessToken(dpop(issuer.token(client)));
    assert.deepEqual([refused.isSuccess, refused.errorCause], [false, "validation error"]);
    assert.match(refused.debugErrorMessage, /roles is no list/);
});

test("calls wait for bootstrapAuth", async () => {
    const utils = oidcSpa.createUtils();
    const token = issuer.token(client);
    const early = utils.validateAndDecodeAccessToken({ scheme: "Bearer", accessToken: token, rejectIfAccessTokenDPoPBound: true });
    await utils.bootstrapAuth({
        implementation: "mock",
        behavior: "use static identity",
        decodedAccessToken_mock: { sub: "mocked" },
        accessToken_mock: "mocked token"
    });
    assert.deepEqual(await early, {
        isSuccess: true,
        decodedAccessToken: { sub: "mocked" },
        decodedAccessToken_original: { sub: "mocked" },
        accessToken: "mocked token"
    });
});

test("the mock decodes only, where it is told to", async () => {
    const utils = oidcSpa.createUtils();
    await utils.bootstrapAuth({ implementation: "mock", behavior: "decode only" });
    const params = accessToken => ({ scheme: "Bearer", accessToken, rejectIfAccessTokenDPoPBound: true });
    assert.equal((await utils.validateAndDecodeAccessToken(params(makeIssuer().token(undefined)))).decodedAccessToken.sub, "ann");
    assert.match((await utils.validateAndDecodeAccessToken(params("no token"))).debugErrorMessage, /can't be decoded/);
});

test("a request of any kind gives what validateAndDecodeAccessToken needs", async () => {
    const authorization = "DPoP abc.def.ghi";
    const headers = { authorization, dpop: "proof", host: "api.example.com", "x-forwarded-proto": "https", "x-forwarded-host": "outside.example.com" };
    const node = (more = {}) => ({ method: "GET", url: "/notes?page=2", headers, socket: {}, ...more });
    const expected = htu => ({
        isWellFormed: true,
        accessTokenAndMetadata: { scheme: "DPoP", accessToken: "abc.def.ghi", dpopProof: "proof", expectedHtu: htu, expectedHtm: "GET" }
    });
    const web = new Request("https://api.example.com/notes?page=2", { headers });
    for (const [request, trustProxy, publicUrl, htu] of [
        [node(), false, undefined, "http://api.example.com/notes"],
        [node({ socket: { encrypted: true } }), false, undefined, "https://api.example.com/notes"],
        [node(), true, undefined, "https://outside.example.com/notes"],
        [node({ headers: { ...headers, forwarded: 'for=1.2.3.4;proto=https;host="proxy.example.com", for=x' } }), true, undefined, "https://proxy.example.com/notes"],
        [node({ originalUrl: "/api/notes" }), false, undefined, "http://api.example.com/api/notes"],
        [node(), true, "https://fixed.example.com/v1/", "https://fixed.example.com/v1/notes"],
        [{ raw: node() }, false, undefined, "http://api.example.com/notes"],
        [web, false, undefined, "https://api.example.com/notes"],
        [{ raw: web }, false, undefined, "https://api.example.com/notes"],
        [
            {
                type: "unified",
                method: "GET",
                pseudoHeaders: { ":scheme": "https", ":authority": "api.example.com", ":path": "/notes?page=2" },
                headers: { Authorization: authorization, DPoP: "proof", Forwarded: undefined, "X-Forwarded-Proto": undefined, "X-Forwarded-Host": undefined }
            },
            true,
            undefined,
            "https://api.example.com/notes"
        ]
    ]) {
        assert.deepEqual(extractRequestAuthContext({ request, trustProxy, publicUrl }), expected(htu));
    }
    assert.equal(extractRequestAuthContext({ request: new Request("https://a.example/"), trustProxy: false }), undefined);
    for (const [authorization, message] of [["Basic abc", /Malformed/], ["DPoP", /Malformed/], ["DPoP a b", /Malformed/]]) {
        const errored = extractRequestAuthContext({ request: new Request("https://a.example/", { headers: { authorization } }), trustProxy: false });
        assert.ok(!errored.isWellFormed && message.test(errored.debugErrorMessage), authorization);
    }
    assert.deepEqual(extractRequestAuthContext({ request: new Request("https://a.example/", { headers: { authorization: "Bearer abc" } }), trustProxy: false }), {
        isWellFormed: true,
        accessTokenAndMetadata: { scheme: "Bearer", accessToken: "abc", rejectIfAccessTokenDPoPBound: true }
    });
});

test("over a socket, a second Authorization or DPoP field is seen, and refused", async () => {
    const contexts = [];
    const server = http.createServer((request, response) => {
        contexts.push(extractRequestAuthContext({ request, trustProxy: false }));
        response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    const [authorization, proof] = [["Authorization", "DPoP a.b.c"], ["DPoP", "proof"]];
    for (const headers of [[authorization, proof], [authorization, authorization, proof], [authorization, proof, proof]]) {
        await send(port, { method: "GET", target: "/notes", headers });
    }
    server.close();
    assert.deepEqual(contexts.map(({ isWellFormed }) => isWellFormed), [true, false, false]);
});
