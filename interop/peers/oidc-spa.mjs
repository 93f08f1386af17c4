/**
 * oidc-spa's client with our development authorization server and our example API: the app of the
 * browser suite, built with oidc-spa instead of Countersign.
 *
 * Known failures are expected to fail in exactly the known way. If a version fixes one, the
 * scenario fails, and its expectation is changed to that of a correct client. The IDs (RC1, ...)
 * are those of our list of observations.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBoundCall, assertProof } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { definePeer } from "../lib/peer.mjs";
import { checkCall, checkCalls, checkLogOut, checkRefresh, protectedApi, spa } from "../lib/spa.mjs";
import { suiteApp } from "./oidc-spa/build.mjs";

const JSON_NOTE = { kind: "json", value: { text: "interop" } };
const CLOCK_OFFSET_SECONDS = 600;

export default definePeer({
    name: "oidc-spa",
    title: versions => `oidc-spa ${versions["oidc-spa"]}, its client`,
    needs: [],
    ours: ["resource server", "development server"],
    async start(run) {
        return { run, spa: await world(run) };
    },
    scenarios: {
        async "login ends with a bound token"({ spa }, note) {
            assert.deepEqual(await spa.open(), { main: { isUserLoggedIn: false } });
            assert.deepEqual(await spa.logIn(), { main: { isUserLoggedIn: true, sub: "alice" } });
            await checkRedeemed(spa);
            const parameters = Object.keys(spa.authorizationRequests().at(-1).query());
            assert.ok(parameters.includes("code_challenge"));
            await known(note, "RC5: no dpop_jkt and no nonce in the authorization request", () =>
                assert.deepEqual(parameters.filter(name => ["dpop_jkt", "nonce", "request_uri"].includes(name)), [])
            );
        },
        "calls by fetch and XHR carry proofs": ({ spa }) => checkCalls(spa),
        async "the second argument of fetch(request, init) is lost"({ spa }, note) {
            const { accessToken } = await spa.tokens();
            const since = spa.api.wire.mark();
            await spa.page.evaluate(
                ([url, token]) => {
                    const headers = { Authorization: `Bearer ${token}` };
                    return fetch(new Request(url, { headers }), { method: "POST", headers, body: "{}" });
                },
                [`${spa.api.origin}/api/notes`, accessToken]
            );
            await known(note, "RC2: fetch(request, { method: \"POST\", body }) is sent as GET without a body", () =>
                assert.deepEqual(spa.api.wire.list({ since }).map(String), ["GET /api/notes -> 200"])
            );
        },
        "a refresh keeps the key": ({ spa }, note) => checkRefresh(spa, note),
        async "a reload restores the session"({ spa }) {
            const since = spa.wire.mark();
            assert.deepEqual(await spa.reload(), { main: { isUserLoggedIn: true, sub: "alice" } });
            await checkRedeemed(spa, since);
            await checkCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
        },
        async "a redirect within the API is refused"({ run }, note) {
            const spa = await loggedIn(run, { expectedErrors: [/401/] });
            const since = spa.api.wire.mark();
            const { status } = await spa.call({ url: `${spa.api.origin}/api/redirect?to=/api/me` });
            await known(note, "RC12: the proof for the first URL is sent to the second one again, and refused", () =>
                assert.equal(status, 401)
            );
            const sent = spa.api.wire.list({ since });
            assert.deepEqual(sent.map(String), ["GET /api/redirect?to=/api/me -> 302", "GET /api/me -> 401"]);
            assert.equal(sent[1].header("DPoP"), sent[0].header("DPoP"));
        },
        "logout ends the session": ({ spa }) => checkLogOut(spa),
        async "an authorization server that requires nonces"({ run }, note) {
            const spa = await loggedIn(run, { idp: ["--dpop", "nonce"], expectedErrors: [/400/] });
            const [challenge, redemption, ...more] = spa.tokenRequests();
            assert.equal(challenge.response.json().error, "use_dpop_nonce");
            const nonce = challenge.response.header("DPoP-Nonce");
            await assertProof(redemption, { nonce });
            assert.equal(redemption.response.status, 200);
            assert.equal(more.length, 0);
            // The server's nonces change each second.
            let last = redemption;
            while (last.response.header("DPoP-Nonce") === nonce) {
                await spa.page.waitForTimeout(300);
                await spa.renew();
                last = spa.tokenRequests().at(-1);
            }
            await spa.renew();
            const next = spa.tokenRequests().at(-1);
            assert.equal(next.response.status, 200);
            await known(note, "RC7: the nonce of a token response with 200 is not taken: the next proof has the one before", () =>
                assert.equal(decodeJwt(next.header("DPoP")).nonce, nonce)
            );
        },
        async "an API that requires nonces"({ run }, note) {
            const spa = await loggedIn(run, { api: ["--nonces"], expectedErrors: [/401/] });
            const { origin } = spa.api;
            const answers = async call => {
                const since = spa.api.wire.mark();
                const { status } = await spa.call(call);
                return [status, ...spa.api.wire.list({ since }).map(({ response }) => response.status)];
            };
            const post = { url: `${origin}/api/notes`, method: "POST", body: JSON_NOTE };
            await known(note, "RC1: a POST that is answered with a challenge gets the 401", async () =>
                assert.deepEqual(await answers(post), [401, 401])
            );
            assert.deepEqual(await answers(post), [201, 201], "the next one has the nonce");
            await spa.reload();
            const xhr = { url: `${origin}/api/me`, transport: "xhr" };
            await known(note, "RC1: an XHR that is answered with a challenge gets the 401, GET too", async () =>
                assert.deepEqual(await answers(xhr), [401, 401])
            );
            assert.deepEqual(await answers(xhr), [200, 200], "the next one has the nonce");
            await spa.reload();
            assert.deepEqual(await answers({ url: `${origin}/api/me` }), [200, 401, 200], "a GET by fetch is sent again");
            await assertBoundCall(spa.api.wire.exchanges.at(-1), (await spa.tokens()).accessToken, {
                nonce: spa.api.wire.exchanges.at(-2).response.header("DPoP-Nonce")
            });
            await spa.reload();
            const since = spa.api.wire.mark();
            assert.deepEqual(await spa.burst({ url: `${origin}/api/me` }, 20), Array(20).fill(200));
            await known(note, "RC10: 20 parallel calls without a nonce are 40 requests", () =>
                assert.equal(spa.api.wire.list({ since }).length, 40)
            );
        },
        async "a clock 10 minutes off"({ run }, note) {
            const spa = await world(run, {
                idp: ["--clock-offset", `${CLOCK_OFFSET_SECONDS}`],
                expectedErrors: [/400/, /Initialization Error/]
            });
            await spa.open();
            const { main } = await spa.logIn();
            await known(note, "RC6: the first proof at the token endpoint has the raw local time, and the login fails", () =>
                assert.equal(main.isUserLoggedIn, false)
            );
            assert.match(main.initializationError.message, / 60\d s before the server's/);
            assert.equal(spa.tokenRequests().length, 1);
        },
        async "enforced, with a server that knows no DPoP: refused"({ run }) {
            const spa = await world(run, { mode: "enforced", idp: ["--dpop", "off"] });
            const { main } = await spa.open();
            assert.match(main.rejected.message, /does not support DPoP/);
        },
        async "enforced, with a server that issues Bearer tokens"({ run }, note) {
            const spa = await world(run, { mode: "enforced", idp: ["--dpop", "advertised-only"], expectedErrors: [/401/] });
            await spa.open();
            const { main } = await spa.logIn();
            await known(note, "RC4: token_type is not looked at: the login succeeds with an unbound token, calls fail", () =>
                assert.deepEqual(main, { isUserLoggedIn: true, sub: "alice" })
            );
            assert.equal(spa.tokenRequests().at(-1).response.json().token_type, "Bearer");
            assert.equal((await spa.call({ url: `${spa.api.origin}/api/me` })).status, 401);
        }
    }
});

/** Opens the app in a new browser context, with its own authorization server and API. */
async function world(run, { mode = "auto", idp = [], api = [], expectedErrors } = {}) {
    const app = await suiteApp(run, mode);
    const [wire, apiWire] = [await run.wire(), await run.wire()];
    const issuer = wire.origin;
    const server = await run.idp([
        ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--audience", apiWire.origin],
        ...idp
    ]);
    wire.upstream = server.port;
    return spa(run, {
        ...{ app, wire, issuer, clientId: "spa", expectedErrors },
        api: await protectedApi(run, { issuer, origins: [app.origin], flags: api, wire: apiWire }),
        logInAt: page => page.getByRole("button", { name: /alice/i }).click()
    });
}

async function loggedIn(run, options) {
    const spa = await world(run, options);
    await spa.open();
    const { main } = await spa.logIn();
    assert.equal(main.isUserLoggedIn, true, JSON.stringify(main));
    return spa;
}

/**
 * Checks that one code was redeemed since then, with a proof, for a token that is bound to its key.
 */
async function checkRedeemed(spa, since) {
    const [redemption, ...more] = spa.tokenRequests(since);
    assert.equal(more.length, 0, "one token request");
    assert.equal(redemption.form().grant_type, "authorization_code");
    const { jkt } = await assertProof(redemption);
    const { token_type, access_token } = redemption.response.json();
    assert.equal(token_type, "DPoP");
    assert.equal(decodeJwt(access_token).cnf?.jkt, jkt, "the token is bound to the proof's key");
}

/**
 * Expects a known failure. Notes it if it is as before; otherwise throws, because the expectation
 * has to change.
 */
async function known(note, what, check) {
    try {
        await check();
    } catch (error) {
        throw new Error(`this known failure has changed: "${what}": ${error.message}`);
    }
    note(what);
}
