/**
 * node oidc-provider: set up as an app with an API needs it, then with nonces, and with everything
 * that it can require for DPoP.
 */
import assert from "node:assert/strict";
import { calculateJwkThumbprint, decodeJwt } from "jose";
import { assertProof } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { proofNonce } from "../lib/checks.mjs";
import { generateKey } from "../lib/hostile/proofs.mjs";
import { nativeScenarios } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, checkCall } from "../lib/spa.mjs";
import { startProvider } from "./oidc-provider/provider.mjs";
import { Thief } from "./oidc-provider/thief.mjs";

const STRICT = " (nonces, PAR and binding required)";
const CHALLENGES = [/status of 40[01]/];

/** A script for a page in which `Date` is ten minutes behind. */
const slowClock = () => {
    const Native = Date;
    const behind = () => Native.now() - 600_000;
    window.Date = class Date extends Native {
        constructor(...parameters) {
            super(...(parameters.length === 0 ? [behind()] : parameters));
        }
        static now() {
            return behind();
        }
    };
};

/**
 * Returns what our SPA does in each set-up.
 *
 * @param {(fixture: object) => object} of
 * @param {string} [suffix]
 */
const browserScenarios = (of, suffix = "") => ({
    [`SPA: userinfo takes bound tokens of fetch and XHR${suffix}`]: async (fixture, note) => {
        const { wire, ...provider } = of(fixture);
        const spa = await provider.spa({ clientId: "spa-without-resource", expectedErrors: CHALLENGES });
        await spa.open();
        assert.equal((await spa.logIn()).main.isUserLoggedIn, true);
        const { accessToken: token } = await spa.tokens();
        const { userinfo_endpoint: url } = spa.metadata;
        for (const transport of ["fetch", "xhr"]) {
            const mark = wire.mark();
            const { status, text } = await spa.call({ url, transport });
            assert.equal(status, 200, text);
            assert.equal(JSON.parse(text).email, "alice@example.com");
            const calls = wire.list({ path: new URL(url).pathname, since: mark });
            assert.ok(calls.length <= 2, "one retry");
            assert.deepEqual(calls.at(-1).all("Authorization"), [`DPoP ${token}`]);
            await assertProof(calls.at(-1), { token, nonce: proofNonce(calls.at(-1)) });
            for (const { response } of calls.slice(0, -1)) {
                const { error } = /error="(?<error>\w+)"/.exec(response.header("WWW-Authenticate")).groups;
                note(`userinfo asks for its own nonce with ${response.status} ${error}`);
            }
        }
    },
    [`SPA: the API is named by \`resource\`, where it is not the default${suffix}`]: async fixture => {
        const provider = of(fixture);
        const resource = { resource: provider.api.origin };
        const params = { extraQueryParams: resource, extraTokenParams: resource };
        const spa = await provider.spa({ clientId: "spa-without-resource", params, expectedErrors: CHALLENGES });
        await spa.open();
        await spa.logIn();
        await checkCall(spa, { url: `${provider.api.origin}/api/me` }, 200);
        await spa.renew();
        assert.equal(decodeJwt((await spa.tokens()).accessToken).aud, provider.api.origin);
    },
    [`SPA: a computer's clock ten minutes behind${suffix}`]: async (fixture, note) => {
        const provider = of(fixture);
        const spa = await provider.spa({ expectedErrors: CHALLENGES });
        await spa.context.addInitScript(slowClock);
        const mark = provider.wire.mark();
        await spa.open();
        assert.equal((await spa.logIn()).main.isUserLoggedIn, true);
        const [first, ...more] = spa.tokenRequests(mark);
        assert.ok(more.length <= 1, "one retry");
        const { error, error_description } = first.response.json();
        note(`a proof of the wrong time: ${first.response.status} ${error} (${error_description})`);
        await checkCall(spa, { url: `${provider.api.origin}/api/me` }, 200);
        await spa.renew();
    }
});

const thiefOf = async ({ issuer, app }) => {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    return new Thief({ app, metadata });
};

const jkt = ({ publicJwk }) => calculateJwkThumbprint(publicJwk);

/** Asserts that a response holds an error and nothing else. */
function assertRefused({ error, error_description, ...rest }, note) {
    assert.deepEqual(rest, {});
    note(`refused with ${error} (${error_description})`);
}

/** Scenarios that check the provider enforces the binding. */
const thefts = (of, suffix = "") => ({
    [`c2 a code is refused with another key than its dpop_jkt's${suffix}`]: async (fixture, note) => {
        const thief = await thiefOf(of(fixture));
        const [key, other] = [await generateKey(), await generateKey()];
        assertRefused(await thief.redeem(await thief.code(await jkt(key)), other), note);
        const { token_type } = await thief.redeem(await thief.code(await jkt(key)), key);
        assert.equal(token_type, "DPoP", "it was refused for nothing else");
    },
    [`t4 a refresh token is refused with another key, or none${suffix}`]: async (fixture, note) => {
        const thief = await thiefOf(of(fixture));
        const [key, other] = [await generateKey(), await generateKey()];
        const { refresh_token } = await thief.redeem(await thief.code(await jkt(key)), key);
        assertRefused(await thief.refresh(refresh_token, other), note);
        assertRefused(await thief.refresh(refresh_token), () => undefined);
        assert.equal((await thief.refresh(refresh_token, key)).token_type, "DPoP", "it was refused for nothing else");
    },
    [`c3 a push is refused with a proof of another key than its dpop_jkt's${suffix}`]: async (fixture, note) => {
        const thief = await thiefOf(of(fixture));
        const [key, other] = [await generateKey(), await generateKey()];
        assertRefused(await thief.push(await jkt(key), other), note);
        assert.ok((await thief.push(await jkt(key), key)).request_uri, "it was refused for nothing else");
    }
});

export default definePeer({
    name: "oidc-provider",
    title: versions => `oidc-provider ${versions["oidc-provider"]}`,
    needs: [],
    ours: ["single-page app", "native client", "resource server"],
    async start(run) {
        const usual = await startProvider(run, { hasNonces: false, isStrict: false });
        const nonces = await startProvider(run, { hasNonces: true, isStrict: false });
        const strict = await startProvider(run, { hasNonces: true, isStrict: true });
        return {
            ...{ usual, nonces, strict },
            usualSpa: await usual.spa(),
            strictSpa: await strict.spa({ expectedErrors: CHALLENGES })
        };
    },
    scenarios: {
        ...boundScenarios(({ usualSpa }) => usualSpa),
        ...nativeScenarios(({ usual }) => usual.native),
        ...browserScenarios(({ usual }) => usual),
        "SPA: a client that alone has to push says so in `__metadata`": async ({ usual }) => {
            const params = { __metadata: { require_pushed_authorization_requests: true } };
            const spa = await usual.spa({ clientId: "spa-that-pushes", params });
            const mark = usual.wire.mark();
            await spa.open();
            assert.equal((await spa.logIn()).main.isUserLoggedIn, true);
            const path = new URL(spa.metadata.pushed_authorization_request_endpoint).pathname;
            const [silent, push] = usual.wire.list({ method: "POST", path, since: mark });
            assert.equal(silent.form().prompt, "none");
            assert.equal((await assertProof(push)).jkt, push.form().dpop_jkt);
            const { request_uri } = push.response.json();
            assert.deepEqual(spa.authorizationRequests(mark).at(-1).query(), { client_id: "spa-that-pushes", request_uri });
        },
        ...thefts(({ usual }) => usual),
        "behind a proxy that ends TLS, proofs name the outer URL": async ({ usual }) => {
            const headers = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "id.example.com" };
            const metadata = await (await fetch(`${usual.issuer}/.well-known/openid-configuration`, { headers })).json();
            const { pushed_authorization_request_endpoint: htu } = metadata;
            assert.match(htu, /^https:\/\/id\.example\.com\//);
            const [thief, key] = [await thiefOf(usual), await generateKey()];
            assert.ok((await thief.push(await jkt(key), key, { htu, headers })).request_uri);
            assertRefused(await thief.push(await jkt(key), key, { headers }), () => undefined);
        },
        ...browserScenarios(({ nonces }) => nonces, " (nonces offered)"),
        ...boundScenarios(({ strictSpa }) => strictSpa, STRICT, { par: true }),
        ...nativeScenarios(({ strict }) => strict.native, STRICT, { par: true }),
        ...browserScenarios(({ strict }) => strict, STRICT),
        ...thefts(({ strict }) => strict, STRICT)
    }
});
