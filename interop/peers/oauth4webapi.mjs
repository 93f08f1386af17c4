/**
 * oauth4webapi in both roles: its client functions with our development server and example API, and
 * its `validateJwtAccessToken` with the requests of our clients.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import { byForms, nativeClient } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi, spa } from "../lib/spa.mjs";
import { Visitor } from "../lib/visitor.mjs";
import { Client } from "./oauth4webapi/client.mjs";
import { Judge } from "./oauth4webapi/judge.mjs";

const CLIENT = "oauth4webapi";
const SPA = "spa";
const NATIVE = "native";
const USER = { user: "alice" };
/**
 * Longer than the lifetime of proofs, so that a test can be too late for a proof but not for the
 * token.
 */
const TOKEN_LIFETIME_SECONDS = "3600";

export default definePeer({
    name: "oauth4webapi",
    title: versions => `oauth4webapi ${versions.oauth4webapi}`,
    needs: [],
    ours: ["single-page app", "native client", "resource server", "development server"],
    async start(run) {
        const app = await run.app({ variant: { mode: "enforced" } });
        const nativeRedirectUri = `http://127.0.0.1:${await run.freePort()}/`;
        const clients = [
            ...["--client", `${CLIENT}=${app.origin}/callback`, "--client", `${SPA}=${app.origin}/`],
            ...["--client", `${NATIVE}=${nativeRedirectUri}`]
        ];
        const plain = await servers(run, app, clients);
        const nonces = await servers(run, app, [...clients, "--dpop", "nonce"], ["--nonces"]);
        const page = await spa(run, {
            app,
            wire: plain.wire,
            issuer: plain.issuer,
            clientId: SPA,
            logInAt: page => page.getByRole("button", { name: /alice/i }).click(),
            api: plain.api,
            // The challenge of the route that requires nonces.
            expectedErrors: [/status of 401 .*\/api\/with-nonce/]
        });
        const native = await nativeClient(run, {
            wire: plain.wire,
            issuer: plain.issuer,
            clientId: NATIVE,
            redirectUri: nativeRedirectUri,
            logInAt: byForms(page => page.submit(USER)),
            api: plain.api
        });
        return { plain, nonces, spa: page, native };
    },
    scenarios: {
        "client: code, PKCE and dpop_jkt end with a token of its handle's key": async fixture => {
            const { plain } = fixture;
            const user = new User();
            const client = await Client.discover(plain.registration);
            assert.ok(client.as.dpop_signing_alg_values_supported.includes("ES256"));
            const tokens = await client.logIn(url => user.logIn(url));
            assert.equal(tokens.token_type, "dpop");
            const jkt = await client.dpop.calculateThumbprint();
            assert.equal(decodeJwt(tokens.access_token).cnf.jkt, jkt);
            const [request] = plain.wire.list({ path: "/authorize" });
            assert.equal(request.query().dpop_jkt, jkt);
            assert.equal(client.retries, 0);
            Object.assign(fixture, { user, client, tokens });
        },
        "client: protectedResourceRequest is served, with query and with body": async ({ plain, client, tokens }) => {
            const { origin } = plain.api;
            const me = await client.call(tokens.access_token, "GET", `${origin}/api/me?with=a%20query#and-fragment`);
            assert.equal(me.status, 200);
            const { scheme, jkt } = await me.json();
            assert.deepEqual({ scheme, jkt }, { scheme: "DPoP", jkt: await client.dpop.calculateThumbprint() });
            const json = { text: "interop" };
            const note = await client.call(tokens.access_token, "POST", `${origin}/api/notes`, { json });
            assert.equal(note.status, 201);
            assert.equal(client.retries, 0);
        },
        "client: userInfoRequest is served": async ({ client, tokens }) => {
            const { sub } = oauth.getValidatedIdTokenClaims(tokens);
            assert.equal((await client.userInfo(tokens.access_token, sub)).sub, sub);
        },
        "client: a refresh keeps the key, and another handle's proof is refused": async fixture => {
            const { plain, client, tokens } = fixture;
            const thief = await Client.discover(plain.registration);
            await assert.rejects(client.refresh(tokens.refresh_token, thief.dpop), refusedWith("invalid_dpop_proof"));
            const renewed = await client.refresh(tokens.refresh_token);
            assert.equal(renewed.token_type, "dpop");
            assert.equal(decodeJwt(renewed.access_token).cnf.jkt, await client.dpop.calculateThumbprint());
            assert.equal((await client.call(renewed.access_token, "GET", `${plain.api.origin}/api/me`)).status, 200);
            fixture.tokens = renewed;
        },
        "client: it reads our challenges and errors": async ({ plain, client, user, tokens }) => {
            const url = `${plain.api.origin}/api/me`;
            const thief = await Client.discover(plain.registration);
            const challenge = await client.call(tokens.access_token, "GET", url, { dpop: thief.dpop }).then(
                () => assert.fail("served with another key's proof"),
                error => error
            );
            assert.ok(challenge instanceof oauth.WWWAuthenticateChallengeError, challenge.stack);
            assert.equal(challenge.status, 401);
            const [dpop] = challenge.cause;
            assert.equal(dpop.scheme, "dpop");
            assert.equal(dpop.parameters.error, "invalid_dpop_proof");
            assert.ok(dpop.parameters.error_description.length > 0);
            assert.ok(dpop.parameters.algs.split(" ").includes("ES256"));
            // A code is bound as a token is: `dpop_jkt` named one key, but the proof is by another.
            await assert.rejects(
                client.logIn(request => user.logIn(request), { redeemedWith: thief.dpop }),
                refusedWith("invalid_dpop_proof")
            );
        },
        "client: a pushed authorization request binds the code by its proof": async ({ plain, user }) => {
            const client = await Client.discover(plain.registration);
            const mark = plain.wire.mark();
            const tokens = await client.logIn(url => user.logIn(url), { par: true });
            assert.equal(decodeJwt(tokens.access_token).cnf.jkt, await client.dpop.calculateThumbprint());
            const { query } = sentTo(plain.wire, "/authorize", mark);
            assert.deepEqual(Object.keys(query).sort(), ["client_id", "request_uri"]);
            const pushed = sentTo(plain.wire, "/par", mark);
            assert.equal(pushed.form.dpop_jkt, undefined, "the proof alone says which key it is");
            const thief = await Client.discover(plain.registration);
            await assert.rejects(
                client.logIn(url => user.logIn(url), { par: true, redeemedWith: thief.dpop }),
                refusedWith("invalid_dpop_proof")
            );
        },
        "client: nonces of both servers are answered once, and later ones come ahead": async ({ nonces }, note) => {
            const client = await Client.discover(nonces.registration);
            const user = new User();
            const tokens = await client.logIn(url => user.logIn(url));
            assert.equal(client.retries, 1, "one for the token request");
            const renewed = await client.refresh(tokens.refresh_token);
            assert.equal(client.retries, 1, "the refresh had the nonce of the response before");
            const url = `${nonces.api.origin}/api/me`;
            for (let call = 0; call < 3; call++) {
                assert.equal((await client.call(renewed.access_token, "GET", url)).status, 200);
            }
            assert.equal(client.retries, 2, "one for the API");
            const { sub } = oauth.getValidatedIdTokenClaims(tokens);
            await client.userInfo(renewed.access_token, sub);
            assert.equal(client.retries, 2, "userinfo stands on the authorization server's origin");
            note("it does not send a request again by itself: `isDPoPNonceError` tells the caller to");
        },
        "client: end of session, after which its tokens are refused": async ({ client, user, tokens }) => {
            const url = client.endSessionUrl(tokens.id_token);
            assert.equal((await user.logOut(url)).href, url.searchParams.get("post_logout_redirect_uri"));
            const { sub } = oauth.getValidatedIdTokenClaims(tokens);
            const refused = await client.userInfo(tokens.access_token, sub).catch(error => error);
            assert.ok(refused instanceof oauth.WWWAuthenticateChallengeError, String(refused));
            assert.equal(refused.cause[0].parameters.error, "invalid_token");
            await assert.rejects(client.refresh(tokens.refresh_token), refusedWith("invalid_grant"));
        },
        "validateJwtAccessToken accepts each request of our SPA": async fixture => {
            const { spa, plain } = fixture;
            assert.equal((await spa.open()).main.isUserLoggedIn, false);
            assert.equal((await spa.logIn()).main.isUserLoggedIn, true);
            const { origin, wire } = spa.api;
            const json = { kind: "json", value: { text: "interop" } };
            const form = { kind: "form", fields: { a: "b" }, files: { "a.txt": "text" } };
            const mark = wire.mark();
            for (const call of [
                { url: `${origin}/api/me` },
                { url: `${origin}/api/me?with=a%20query&%C3%A4#and-fragment`, transport: "xhr" },
                { url: `${origin}/api/../api/./me`, transport: "request" },
                { url: `${origin}/api/notes`, method: "POST", body: json },
                { url: `${origin}/api/notes`, method: "POST", body: json, transport: "xhr" },
                { url: `${origin}/api/files`, method: "POST", body: form },
                // Two requests: the first is challenged.
                { url: `${origin}/api/with-nonce`, method: "POST", body: json }
            ]) {
                const { status, text } = await spa.call(call);
                assert.ok(status < 300, `${call.url}: ${status} ${text}`);
            }
            const sent = wire.list({ since: mark });
            assert.equal(sent.length, 8, sent.join(", "));
            fixture.judge = new Judge((await Client.discover(plain.registration)).as, origin);
            for (const exchange of sent) {
                await fixture.judge.assertAccepts(exchange);
            }
        },
        "validateJwtAccessToken accepts each request of our native client": async ({ native, judge }) => {
            await native.logIn();
            const { origin, wire } = native.api;
            const mark = wire.mark();
            const json = { text: "interop" };
            for (const call of [
                { url: `${origin}/api/me?with=a%20query&%C3%A4#and-fragment` },
                { url: `${origin}/api/../api/./me` },
                { url: `${origin}/api/notes`, json },
                { method: "PUT", url: `${origin}/api/notes/1`, json },
                { method: "DELETE", url: `${origin}/api/notes/1` },
                { url: `${origin}/api/with-nonce`, json }
            ]) {
                const { status, body } = await native.call(call);
                assert.ok(status < 300 || status === 404, `${call.url}: ${status} ${body}`);
            }
            await native.refresh();
            assert.equal((await native.call({ url: `${origin}/api/me` })).status, 200);
            const sent = wire.list({ since: mark });
            assert.equal(sent.length, 8, sent.join(", "));
            for (const exchange of sent) {
                await judge.assertAccepts(exchange);
            }
        },
        "validateJwtAccessToken refuses them spoilt, each for its reason": async ({ spa, judge }, note) => {
            const { origin, wire } = spa.api;
            const { accessToken } = await spa.tokens();
            const mark = wire.mark();
            await spa.call({ url: `${origin}/api/me`, token: accessToken });
            await spa.renew();
            const other = await spa.tokens();
            assert.notEqual(other.accessToken, accessToken);
            const [sent] = wire.list({ since: mark });
            const ways = await judge.assertRefusesSpoilt(sent, other.accessToken);
            note(`${ways} ways to spoil one; it checks neither nonces nor replay, and leaves both to its caller`);
        }
    }
});

/** Returns the only request to a path. */
function sentTo(wire, path, since) {
    const [exchange, ...more] = wire.list({ path, since });
    assert.deepEqual(more.map(String), []);
    return { query: exchange.query(), form: exchange.form() };
}

/** Matches an error of the token endpoint as oauth4webapi reads it. */
function refusedWith(code) {
    return error => error instanceof oauth.ResponseBodyError && error.status === 400 && error.error === code;
}

/** Starts our authorization server and our API, each behind a recording proxy. */
async function servers(run, app, idpFlags, apiFlags = []) {
    const [wire, apiWire] = [await run.wire(), await run.wire()];
    const issuer = wire.origin;
    const idp = await run.idp([
        ...["--issuer", issuer, "--audience", apiWire.origin, "--access-token-lifetime", TOKEN_LIFETIME_SECONDS],
        ...idpFlags
    ]);
    wire.upstream = idp.port;
    const api = await protectedApi(run, { issuer, origins: [app.origin], flags: apiFlags, wire: apiWire });
    // The test app's server answers at this path too.
    return { issuer, wire, api, registration: { issuer, clientId: CLIENT, redirectUri: `${app.origin}/callback` } };
}

/** A user of our development server, without a browser. */
class User {
    #visitor = new Visitor();

    /** @param {URL} url the authorization request @returns {Promise<URL>} where the response went */
    async logIn(url) {
        const page = await this.#visitor.get(url);
        const isAsked = new URL(page.url).origin === url.origin;
        return new URL(isAsked ? (await page.submit(USER)).url : page.url);
    }

    /** @param {URL} url of the end-session endpoint @returns {Promise<URL>} where it led to */
    async logOut(url) {
        return new URL((await this.#visitor.get(url)).url);
    }
}
