/**
 * A provider without DPoP that behaves like Microsoft Entra ID: see entra-like/server.mjs. The app
 * is on another site than the provider, as apps of Entra ID are, so sessions are restored by a
 * full-page redirect.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { assertBearerCall } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { byForms, checkBearerCall, nativeClient } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi, spa } from "../lib/spa.mjs";
import { EntraLike } from "./entra-like/server.mjs";

const SITE = "127.0.0.1";
const [CLIENT, NATIVE] = [randomUUID(), randomUUID()];
/** How far the clock that the app reads may be from ours. */
const TOLERANCE_MILLISECONDS = 10_000;

export default definePeer({
    name: "entra-like",
    title: () => "A provider without DPoP, as Entra ID",
    needs: [],
    ours: ["single-page app", "native client", "resource server"],
    async start(run) {
        const app = await run.app({ variant: { mode: "auto" }, host: SITE });
        const enforcedApp = await run.app({ variant: { mode: "enforced" }, host: SITE });
        const provider = await EntraLike.start({
            apps: [
                { clientId: CLIENT, spa: [`${app.origin}/`] },
                { clientId: NATIVE, native: ["http://127.0.0.1/"] }
            ],
            api: { clientId: randomUUID(), scope: "access_as_user" },
            user: { name: "Adele Vance", username: "adele@contoso.example", oid: randomUUID() }
        });
        run.after(() => provider.close());
        const wire = await run.wire(provider.port);
        provider.publishedAs(wire.origin);
        const { issuer } = provider;
        const audience = provider.api.clientId;
        const origins = [app.origin, enforcedApp.origin];
        const flags = ["--dpop", "optional", "--access-tokens", "lenient"];
        const api = await protectedApi(run, { issuer, audience, origins, flags });
        const strictApi = await protectedApi(run, { issuer, audience, origins });
        const scopes = ["profile", "offline_access", provider.apiScope];
        const common = {
            wire,
            issuer,
            clientId: CLIENT,
            scopes,
            logInAt: page => page.getByRole("button", { name: /Adele Vance/ }).click(),
            api
        };
        return {
            provider,
            strictApi,
            spa: await spa(run, {
                ...common,
                app,
                expectedErrors: [/blocked by CORS policy/, /net::ERR_FAILED/, /status of 400/]
            }),
            enforced: await spa(run, { ...common, app: enforcedApp }),
            native: await nativeClient(run, {
                ...{ wire, issuer, clientId: NATIVE, scopes, api },
                logInAt: byForms(page => page.submit({}))
            })
        };
    },
    scenarios: {
        "SPA, auto: login ends in Bearer, and no request names DPoP": async ({ spa, provider }, note) => {
            assert.deepEqual(await spa.open(), { main: { isUserLoggedIn: false } });
            const { main } = await spa.logIn();
            assert.equal(main.isUserLoggedIn, true, JSON.stringify(main));
            assert.equal(main.sub, decodeJwt((await spa.tokens()).idToken).sub);
            const [redemption] = spa.tokenRequests();
            const { token_type, access_token } = redemption.response.json();
            assert.equal(token_type, "Bearer");
            const claims = decodeJwt(access_token);
            assert.equal(claims.cnf, undefined);
            assert.equal(claims.iss, provider.issuer);
            assert.deepEqual(
                spa.wire.exchanges.filter(({ method }) => method === "OPTIONS").map(String),
                [],
                "no preflight: the token request is a simple one"
            );
            assertNoDpop(spa.wire.exchanges);
            note("its responses have no `iss`, and its metadata does not name DPoP: it supports neither RFC 9207 nor RFC 9449");
        },
        "SPA, auto: the app is told the token's end by its own clock": async ({ spa }, note) => {
            const { accessToken, accessTokenExpirationTime } = await spa.tokens();
            const end = decodeJwt(accessToken).exp * 1000;
            assert.ok(
                Math.abs(accessTokenExpirationTime - end) < TOLERANCE_MILLISECONDS,
                `it ends at ${end}; the app is told ${accessTokenExpirationTime - end} ms later`
            );
            note("`iat` is five minutes in the past, and `Date` is not exposed: its clock can't be read");
        },
        "SPA, auto: calls go out as Bearer, and our API in optional mode serves them": async ({ spa, provider }) => {
            for (const call of [{}, { transport: "xhr" }, { transport: "request" }]) {
                const { body } = await bearerCall(spa, { url: `${spa.api.origin}/api/me`, ...call }, 200);
                assert.equal(body.scheme, "Bearer");
                assert.equal(body.clientId, CLIENT, "from `azp`");
                assert.equal(body.scope, provider.api.scope, "from `scp`");
            }
            const note = { kind: "json", value: { text: "interop" } };
            await bearerCall(spa, { url: `${spa.api.origin}/api/notes`, method: "POST", body: note }, 201);
        },
        "SPA, auto: a reload restores the session by a full-page redirect": async ({ spa }) => {
            // The iframe is tried once.
            for (const ways of [["iframe", "document"], ["document"]]) {
                const mark = spa.wire.mark();
                const { main } = await spa.reload();
                assert.equal(main.isUserLoggedIn, true, JSON.stringify(main));
                const requests = spa.authorizationRequests(mark);
                assert.deepEqual(requests.map(request => request.header("Sec-Fetch-Dest")), ways);
                assert.ok(requests.every(request => request.query().prompt === "none"));
            }
            await bearerCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
            assertNoDpop(spa.wire.exchanges);
        },
        "SPA, auto: a refresh brings a new Bearer token": async ({ spa }) => {
            const before = await spa.tokens();
            const mark = spa.wire.mark();
            await spa.renew();
            const [refresh] = spa.tokenRequests(mark);
            assert.equal(refresh.form().grant_type, "refresh_token");
            assert.equal(refresh.form().refresh_token, before.refreshToken);
            const after = await spa.tokens();
            assert.notEqual(after.accessToken, before.accessToken);
            assert.notEqual(after.refreshToken, before.refreshToken);
            await bearerCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
            assertNoDpop(spa.wire.exchanges);
        },
        "SPA, auto: after a day, a full-page redirect brings the next refresh token": async ({ spa, provider }) => {
            const { refreshToken } = await spa.tokens();
            provider.endRefreshTokens();
            const mark = spa.wire.mark();
            const { main } = await spa.leave(() => void window.harness.loggedIn().renewTokens());
            assert.equal(main.isUserLoggedIn, true, JSON.stringify(main));
            const [refused] = spa.tokenRequests(mark);
            assert.deepEqual(refused.response.json().error_codes, [700084]);
            assert.equal(spa.authorizationRequests(mark).at(-1).query().prompt, "none", "nobody is asked");
            assert.notEqual((await spa.tokens()).refreshToken, refreshToken);
            await bearerCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
        },
        "SPA, auto: logout ends the session": async ({ spa }) => {
            const mark = spa.wire.mark();
            assert.deepEqual(await spa.logOut(), { main: { isUserLoggedIn: false } });
            assert.equal(spa.page.url(), `${spa.app.origin}/`);
            assert.equal(spa.wire.list({ path: spa.endSessionPath, since: mark }).length, 1);
            assert.deepEqual(await spa.reload(), { main: { isUserLoggedIn: false } }, "and it stays ended");
        },
        "SPA, enforced: refuses with dpop_unsupported and sends no authorization request": async ({ enforced }) => {
            const mark = enforced.wire.mark();
            const { main } = await enforced.open();
            assert.equal(main.rejected?.name, "OidcInitializationError", JSON.stringify(main));
            assert.equal(main.rejected.code, "dpop_unsupported");
            assert.deepEqual(enforced.authorizationRequests(mark), []);
            assert.deepEqual(enforced.tokenRequests(mark), []);
        },
        "native, auto: login, a call and a refresh as Bearer": async ({ native }) => {
            const mark = native.wire.mark();
            const { tokenUse, thumbprint } = await native.logIn();
            assert.deepEqual({ tokenUse, thumbprint }, { tokenUse: "Bearer", thumbprint: null });
            await checkBearerCall(native, { url: `${native.api.origin}/api/me` }, 200);
            assert.equal((await native.refresh()).tokenUse, "Bearer");
            await checkBearerCall(native, { url: `${native.api.origin}/api/notes`, json: { text: "interop" } }, 201);
            assertNoDpop(native.wire.exchanges.slice(mark));
        },
        "native, enforced: refuses with dpop_unsupported and opens no browser": async ({ native, provider }) => {
            const mark = native.wire.mark();
            const logInAt = () => assert.fail("the browser was opened");
            await assert.rejects(native.with({ mode: "enforced", logInAt }).logIn(), { code: "dpop_unsupported" });
            assert.deepEqual(
                native.wire.exchanges.slice(mark).map(({ path }) => path),
                [new URL(`${provider.issuer}/.well-known/openid-configuration`).pathname]
            );
        },
        "its token endpoint fails a page that sends a DPoP header": async ({ spa }) => {
            // Otherwise the scenarios above would show nothing.
            const mark = spa.wire.mark();
            const outcome = await spa.page.evaluate(
                url =>
                    fetch(url, { method: "POST", headers: { DPoP: "proof" }, body: new URLSearchParams() }).then(
                        () => "answered",
                        error => error.name
                    ),
                spa.metadata.token_endpoint
            );
            assert.equal(outcome, "TypeError");
            assert.deepEqual(spa.wire.exchanges.slice(mark).map(({ method }) => method), ["OPTIONS"]);
        },
        "the authority `common` is refused with issuer_mismatch, which names both": async ({ spa, provider }, note) => {
            const params = { issuerUri: provider.commonAuthority, clientId: CLIENT };
            const outcome = await spa.page.evaluate(params => window.harness.create(params), params);
            const failure = outcome.rejected ?? outcome.initializationError;
            assert.equal(failure?.code, "issuer_mismatch", JSON.stringify(outcome));
            assert.ok(failure.message.includes("{tenantid}"), failure.message);
            assert.ok(failure.message.includes(provider.commonAuthority), failure.message);
            note("tenant-independent metadata names a template as issuer: use the tenant's own authority");
        },
        "an API that requires DPoP refuses its tokens": async ({ spa, strictApi }) => {
            await spa.open();
            await spa.logIn();
            const { accessToken } = await spa.tokens();
            const response = await fetch(`${strictApi.origin}/api/me`, {
                headers: { Authorization: `Bearer ${accessToken}` }
            });
            assert.equal(response.status, 401);
            assert.match(response.headers.get("WWW-Authenticate"), /^DPoP /);
        }
    }
});

async function bearerCall(spa, call, expected) {
    const mark = spa.api.wire.mark();
    const { accessToken } = await spa.tokens();
    const { status, text } = await spa.call(call);
    assert.equal(status, expected, text);
    const sent = spa.api.wire.list({ since: mark });
    assert.equal(sent.length, 1, sent.join(", "));
    assertBearerCall(sent[0], accessToken);
    return { body: JSON.parse(text) };
}

/** Asserts that no header field, parameter or preflight names DPoP. */
function assertNoDpop(exchanges) {
    for (const exchange of exchanges) {
        assert.deepEqual(exchange.all("DPoP"), [], String(exchange));
        assert.ok(!/dpop/i.test(`${exchange.target} ${exchange.text()}`), String(exchange));
        assert.ok(!/dpop/i.test(exchange.header("Access-Control-Request-Headers") ?? ""), String(exchange));
    }
}
