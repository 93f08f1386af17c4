/**
 * Runs the single-page app of the browser suite against any provider, and defines the scenarios
 * that every provider goes through.
 *
 * Assertions use what went over the wire, decoded by `jose`.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { AppPage } from "../../packages/countersign/test/browser/harness/app-page.mjs";
import { assertBoundCall, assertProof } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { acceptedTokenRequest, proofNonce } from "./checks.mjs";

/**
 * @typedef {object} Options
 * @property {import("../../packages/countersign/test/browser/harness/wire.mjs").Wire} wire in front of the provider
 * @property {string} issuer as clients know it: under `wire.origin`
 * @property {string} clientId
 * @property {string[]} [scopes]
 * @property {(page: import("playwright-core").Page) => Promise<unknown>} logInAt the user's part at the provider's page
 * @property {(page: import("playwright-core").Page) => Promise<unknown>} [logOutAt] where the provider asks at a logout
 * @property {import("../../packages/countersign/test/browser/harness/app-server.mjs").AppServer} [app] by default a
 * new one, of `variant`
 * @property {import("../../packages/countersign/test/browser/harness/build-app.mjs").Variant} [variant]
 * @property {object} [params] more parameters of `createOidc`
 * @property {Record<string, object>} [otherClients] parameters of `createOidc` of further clients, by name
 * @property {{ origin: string, wire: import("../../packages/countersign/test/browser/harness/wire.mjs").Wire }} [api]
 * what `protectedApi` returns, or the like
 * @property {RegExp[]} [expectedErrors] in the browser's console
 */

/** A page with the app. The provider is already running. */
export class Spa extends AppPage {
    /** @type {Options["api"]} */ api;
    #logInAt;
    #logOutAt;

    /** @param {import("./peer.mjs").Run} run @param {Options} options */
    static async create(run, options) {
        const spa = new Spa();
        spa.api = options.api;
        spa.issuer = options.wire;
        spa.app = options.app ?? (await run.app({ variant: options.variant }));
        spa.app.config = {
            clients: {
                main: {
                    issuerUri: options.issuer,
                    clientId: options.clientId,
                    scopes: options.scopes ?? ["profile", "email"],
                    ...options.params
                },
                ...options.otherClients
            }
        };
        spa.#logInAt = options.logInAt;
        spa.#logOutAt = options.logOutAt;
        spa.metadata = await metadataOf(options.issuer);
        Object.assign(spa, await run.browser({ expectedErrors: options.expectedErrors }));
        return spa;
    }

    /** The recording proxy in front of the provider. */
    get wire() {
        return this.issuer;
    }

    /** Logs in, through the provider's own page. */
    logIn(logInAt = this.#logInAt) {
        return this.logInWith(logInAt);
    }

    /** Logs out, through the provider's page if it has one. */
    async logOut(client) {
        const [outcomes] = await Promise.all([super.logOut(client), this.#logOutAt?.(this.page)]);
        return outcomes;
    }

    /** Reloads as a user does: loads the same address again. */
    reload() {
        return this.open();
    }
}

/** @param {import("./peer.mjs").Run} run @param {Options} options */
export function spa(run, options) {
    return Spa.create(run, options);
}

/**
 * Starts our example API behind a recording proxy, for tokens of `issuer`.
 *
 * @param {import("./peer.mjs").Run} run
 * @param {{ issuer: string, audience?: string, origins: string[], flags?: string[], wire?: import("../../packages/countersign/test/browser/harness/wire.mjs").Wire }} options
 * `audience`: the `aud` of its tokens, by default its own origin; `origins`: of the pages that may call it; `wire`:
 * made before, where the provider has to know its address
 */
export async function protectedApi(run, { issuer, audience, origins, flags = [], wire }) {
    const proxy = wire ?? (await run.wire());
    const server = await run.api([
        ...["--issuer", issuer, "--audience", audience ?? proxy.origin, "--public-url", proxy.origin],
        ...origins.flatMap(origin => ["--allow-origin", origin]),
        ...flags
    ]);
    proxy.upstream = server.port;
    return { origin: proxy.origin, wire: proxy, server };
}

/**
 * Returns the scenarios of every provider that binds tokens, in the order in which they build on
 * each other. They start in a new browser context.
 *
 * @template Fixture
 * @param {(fixture: Fixture) => Spa} of which page of the fixture they run in
 * @param {string} [suffix] of the titles, where a peer runs them more than once
 * @param {{ par?: boolean }} [options] `par`: the provider gets pushed authorization requests
 */
export function boundScenarios(of, suffix = "", { par = false } = {}) {
    /** @type {Record<string, (spa: Spa, note: (text: string) => void) => Promise<void>>} */
    const scenarios = {
        "SPA: login ends with a bound token": (spa, note) => checkLogIn(spa, note, { par }),
        "SPA: calls by fetch and XHR carry proofs": spa => checkCalls(spa),
        "SPA: a reload restores the session": (spa, note) => checkRestored(spa, note, { par }),
        "SPA: a refresh keeps the key": (spa, note) => checkRefresh(spa, note),
        "SPA: logout ends the session": spa => checkLogOut(spa)
    };
    return Object.fromEntries(
        Object.entries(scenarios).map(([title, check]) => [title + suffix, (fixture, note) => check(of(fixture), note)])
    );
}

/** @param {Spa} spa @param {(text: string) => void} note */
export async function checkLogIn(spa, note, { par = false } = {}) {
    assert.deepEqual(await spa.open(), { main: { isUserLoggedIn: false } });
    const mark = spa.wire.mark();
    const outcomes = await spa.logIn();
    assert.equal(outcomes.main.isUserLoggedIn, true, JSON.stringify(outcomes));
    await checkRedemption(spa, mark, note, par);
}

/** @param {Spa} spa */
export async function checkCalls(spa) {
    const { accessToken } = await spa.tokens();
    const json = { kind: "json", value: { text: "interop" } };
    for (const [call, expected] of [
        [{ url: `${spa.api.origin}/api/me` }, 200],
        [{ url: `${spa.api.origin}/api/me?by=xhr`, transport: "xhr" }, 200],
        [{ url: `${spa.api.origin}/api/notes`, method: "POST", body: json }, 201],
        [{ url: `${spa.api.origin}/api/notes`, method: "POST", body: json, transport: "xhr" }, 201]
    ]) {
        await checkCall(spa, call, expected, accessToken);
    }
}

/** @param {Spa} spa @param {(text: string) => void} note */
export async function checkRestored(spa, note, { par = false } = {}) {
    const mark = spa.wire.mark();
    const outcomes = await spa.reload();
    assert.equal(outcomes.main.isUserLoggedIn, true, JSON.stringify(outcomes));
    await checkRedemption(spa, mark, note, par);
    await checkCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
}

/** @param {Spa} spa @param {(text: string) => void} note */
export async function checkRefresh(spa, note) {
    const before = await spa.tokens();
    const mark = spa.wire.mark();
    await spa.renew();
    const refresh = acceptedTokenRequest(spa.tokenRequests(mark), note);
    assert.equal(refresh.form().grant_type, "refresh_token");
    assert.equal(refresh.form().refresh_token, before.refreshToken);
    const { jkt } = await assertProof(refresh, { nonce: proofNonce(refresh) });
    const { accessToken } = await spa.tokens();
    assert.notEqual(accessToken, before.accessToken);
    assert.equal(refresh.response.json().access_token, accessToken);
    assert.equal(decodeJwt(accessToken).cnf?.jkt, jkt);
    assert.equal(decodeJwt(before.accessToken).cnf?.jkt, jkt, "the key is the one from before");
    await checkCall(spa, { url: `${spa.api.origin}/api/me` }, 200, accessToken);
}

/** @param {Spa} spa */
export async function checkLogOut(spa) {
    const { idToken } = await spa.tokens();
    const mark = spa.wire.mark();
    assert.deepEqual(await spa.logOut(), { main: { isUserLoggedIn: false } });
    assert.equal(spa.page.url(), `${spa.app.origin}/`);
    const [end] = spa.wire.list({ path: spa.endSessionPath, since: mark });
    assert.equal(end?.query().id_token_hint, idToken);
    assert.deepEqual(await spa.reload(), { main: { isUserLoggedIn: false } }, "and it stays ended");
}

/**
 * Makes one call, whose last request has to be a bound one.
 *
 * @param {Spa} spa @param {object} call @param {number} expected status @param {string} [token] the current one
 */
export async function checkCall(spa, call, expected, token) {
    const mark = spa.api.wire.mark();
    const { status, text } = await spa.call(call);
    assert.equal(status, expected, `${call.method ?? "GET"} ${call.url}: ${text}`);
    const sent = spa.api.wire.list({ since: mark }).at(-1);
    await assertBoundCall(sent, token ?? (await spa.tokens()).accessToken, { nonce: proofNonce(sent) });
    return sent;
}

/** Checks the authorization and token requests since `mark`: one login, bound to one key. */
async function checkRedemption(spa, mark, note, par) {
    const redemption = acceptedTokenRequest(spa.tokenRequests(mark), note);
    assert.equal(redemption.form().grant_type, "authorization_code");
    const { jkt } = await assertProof(redemption, { nonce: proofNonce(redemption) });
    const { token_type, access_token } = redemption.response.json();
    assert.match(token_type, /^dpop$/i);
    assert.equal(decodeJwt(access_token).cnf?.jkt, jkt, "the token is bound to the proof's key");
    const requests = spa.authorizationRequests(mark).filter(({ target }) => target.includes("client_id="));
    assert.ok(requests.length >= 1, "an authorization request was sent");
    if (!par) {
        assert.equal(requests.at(-1).query().dpop_jkt, jkt, "the code is bound to the same key");
    }
}

async function metadataOf(issuer) {
    const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    assert.equal(response.status, 200, `${response.url} answers`);
    return response.json();
}
