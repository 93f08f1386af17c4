/**
 * Scenarios of Keycloak that need a browser: frames, cookies of another site, CORS, a wrong clock.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBoundCall, assertProof } from "../../../packages/countersign/test/browser/harness/proof.mjs";
import { checkCall, checkCalls, checkLogIn, checkRestored } from "../../lib/spa.mjs";
import { logInAtKeycloak } from "./server.mjs";

/** What a browser reports for a request that should be refused. */
const REFUSED = /status of 40[01]/;
const TEN_MINUTES_MILLISECONDS = 600_000;

/** @type {import("../../lib/peer.mjs").Peer<any>["scenarios"]} */
export const browserScenarios = {
    "its login page refuses frames, its answer to prompt=none does not need one": async ({ auto }, note) => {
        await auto.open();
        await auto.logIn();
        const page = auto.wire.list({ path: auto.authorizationPath }).find(({ response }) => response.status === 200);
        assert.match(page.response.header("Content-Security-Policy"), /frame-ancestors 'self'/);
        const mark = auto.wire.mark();
        assert.equal((await auto.reload()).main.isUserLoggedIn, true);
        const [silent, ...others] = auto.authorizationRequests(mark);
        assert.equal(others.length, 0);
        assert.equal(silent.query().prompt, "none");
        assert.equal(silent.header("Sec-Fetch-Dest"), "iframe");
        assert.equal(silent.response.status, 302);
        const location = new URL(silent.response.header("Location"));
        assert.equal(location.searchParams.get("iss"), auto.metadata.issuer, "RFC 9207");
        const cookies = page.response.headers.filter(([name]) => name.toLowerCase() === "set-cookie");
        assert.ok(cookies.length > 0);
        assert.ok(cookies.every(([, value]) => /;\s*Secure/i.test(value)));
        note("its cookies are `Secure; SameSite=None`, even on plain http://localhost");
    },
    "an app on another site: the session is restored after a reload": async ({ open, foreignApp }, note) => {
        const spa = await open({ app: foreignApp });
        await checkLogIn(spa, note);
        // The iframe is tried once; then a full-page redirect is known to be the way.
        for (const ways of [["iframe", "document"], ["document"]]) {
            const mark = spa.wire.mark();
            await checkRestored(spa, note);
            assert.deepEqual(spa.authorizationRequests(mark).map(request => request.header("Sec-Fetch-Dest")), ways);
        }
        await spa.page.context().close();
    },
    "a client that requires DPoP: login, calls and a reload": async ({ open, enforcedApp }, note) => {
        const spa = await open({ app: enforcedApp, clientId: "spa-dpop-required" });
        await checkLogIn(spa, note);
        await checkCalls(spa);
        await checkRestored(spa, note);
        await spa.page.context().close();
    },
    "userinfo takes the app's call as DPoP, by fetch and XHR": async ({ auto }, note) => {
        const url = auto.metadata.userinfo_endpoint;
        const { accessToken } = await auto.tokens();
        for (const call of [{}, { transport: "xhr" }, { method: "POST" }]) {
            const mark = auto.wire.mark();
            const { status, text } = await auto.call({ url, ...call });
            assert.equal(status, 200, text);
            assert.equal(JSON.parse(text).preferred_username, "alice");
            const [sent, ...others] = auto.wire.list({ since: mark });
            assert.equal(others.length, 0);
            await assertBoundCall(sent, accessToken);
        }
        const exposed = auto.wire.exchanges.at(-1).response.header("Access-Control-Expose-Headers");
        assert.equal(exposed, "Access-Control-Allow-Methods");
        note("CORS exposes neither `DPoP-Nonce` nor `WWW-Authenticate` nor `Date`; it allows `DPoP` and `Authorization`");
    },
    ...Object.fromEntries(
        [
            ["ahead", TEN_MINUTES_MILLISECONDS],
            ["behind", -TEN_MINUTES_MILLISECONDS]
        ].map(([direction, milliseconds]) => [
            `a computer whose clock is ten minutes ${direction} logs in and calls`,
            (fixture, note) => checkClock(fixture, milliseconds, note)
        ])
    ),
    "a session that an administrator ended is over in the app": async ({ keycloak, open, autoApp }) => {
        // This ends all of the user's sessions, so the user is not alice, who is logged in
        // elsewhere.
        const spa = await open({ app: autoApp, expectedErrors: [REFUSED], logInAt: logInAtKeycloak("bob") });
        await spa.open();
        const { main } = await spa.logIn();
        assert.equal(main.isUserLoggedIn, true);
        await keycloak.administer("POST", `users/${main.sub}/logout`);
        const outcomes = await spa.leave(() => void window.harness.loggedIn().renewTokens());
        assert.deepEqual(outcomes, { main: { isUserLoggedIn: false } });
        await spa.page.context().close();
    }
};

/**
 * Checks a page with a wrong clock. Keycloak accepts proofs up to 15 s early and 25 s late, and
 * does not show its clock.
 */
async function checkClock({ run, open, enforcedApp }, milliseconds, note) {
    const spa = await open({ app: enforcedApp });
    await spa.page.context().close();
    Object.assign(spa, await run.browser({ expectedErrors: [REFUSED], initScripts: [shiftedClock(milliseconds)] }));
    await spa.open();
    const mark = spa.wire.mark();
    assert.equal((await spa.logIn()).main.isUserLoggedIn, true);
    const [refused, redemption, ...others] = spa.tokenRequests(mark);
    assert.equal(others.length, 0, "one retry");
    assert.equal(refused.response.status, 400);
    assert.deepEqual(refused.response.json(), {
        error: "invalid_request",
        error_description: "DPoP proof is not active"
    });
    assert.equal(redemption.response.header("Date"), undefined);
    await assertProof(redemption);
    await checkCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
    const refresh = spa.wire.mark();
    await spa.renew();
    assert.equal(spa.tokenRequests(refresh).length, 1, "the clock is known from now on");
    const { accessToken } = await spa.tokens();
    assert.ok(decodeJwt(accessToken).cnf.jkt);
    note("a proof refused for its time is `invalid_request`, not `invalid_dpop_proof`, and no response has a `Date`");
    await spa.page.context().close();
}

/** Makes a script for a page in which `Date` is ahead by `milliseconds`. */
function shiftedClock(milliseconds) {
    return `{
        const Native = Date;
        const shifted = () => Native.now() + ${milliseconds};
        window.Date = class Date extends Native {
            constructor(...parameters) {
                super(...(parameters.length === 0 ? [shifted()] : parameters));
            }
            static now() {
                return shifted();
            }
        };
    }`;
}
