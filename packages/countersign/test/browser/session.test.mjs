/** A session over page loads: restored, ended by the user, ended by the server. */
import assert from "node:assert/strict";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const isSilent = exchange => exchange.query().prompt === "none";

/** Asserts that a reload restores the session by `prompt=none` in `destination`, and that calls are bound. */
async function assertRestored(world, destination) {
    const mark = world.issuer.mark();
    const outcomes = await world.open();
    assert.equal(outcomes.main.isUserLoggedIn, true);
    const authorizations = world.authorizationRequests(mark);
    assert.equal(authorizations.length, 1);
    assert.ok(isSilent(authorizations[0]));
    assert.equal(authorizations[0].header("Sec-Fetch-Dest"), destination);
    const redemptions = world.tokenRequests(mark);
    assert.equal(redemptions.length, 1);
    const { jkt } = await assertProof(redemptions[0]);
    assert.equal(jkt, authorizations[0].query().dpop_jkt);
    const calls = world.api.mark();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    const [call, ...others] = world.api.list({ since: calls });
    assert.equal(others.length, 0);
    await assertBoundCall(call, redemptions[0].response.json().access_token);
    assert.equal(world.page.url(), `${world.app.origin}/`);
}

for (const setup of ["plugin", "manual"]) {
    test(`a reload restores the session in a hidden iframe (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        const { main } = await world.start();
        let documents = 0;
        world.page.on("request", request => {
            if (request.isNavigationRequest() && request.frame() === world.page.mainFrame()) {
                documents++;
            }
        });
        await assertRestored(world, "iframe");
        assert.equal(documents, 1, "the page itself was loaded once");
        assert.equal((await world.settled()).main.sub, main.sub);
        assert.equal(await world.page.locator("iframe").count(), 0, "the iframe is gone");
    });

    test(`a reload restores the session by a full-page redirect (${setup})`, async t => {
        const params = { main: { sessionRestorationMethod: "full page redirect" } };
        const world = await World.create(t, { variant: { setup }, params });
        await world.start();
        await assertRestored(world, "document");
    });
}

test("without a session at the server, restoration by a full-page redirect asks once and ends logged out", async t => {
    const world = await World.create(t, { params: { main: { sessionRestorationMethod: "full page redirect" } } });
    assert.deepEqual(await world.open("/notes?sort=date"), { main: { isUserLoggedIn: false } });
    assert.ok(world.authorizationRequests().length <= 1);
    assert.equal(world.page.url(), `${world.app.origin}/notes?sort=date`);
    assert.equal(world.tokenRequests().length, 0);
});

test("app and authorization server on different sites: the session is restored by a full-page redirect", async t => {
    // 127.0.0.1 and localhost are different sites: no cookie of the authorization server reaches an iframe.
    const world = await World.create(t, { appHost: "127.0.0.1" });
    await world.start();
    // This load finds out: see restoration-ways.test.mjs.
    assert.equal((await world.open()).main.isUserLoggedIn, true);
    await assertRestored(world, "document");
});

test("app, authorization server and API have names under localhost: login, restoration and calls work", async t => {
    const hosts = { appHost: "app.localhost", issuerHost: "auth.app.localhost", apiHost: "api.app.localhost" };
    const world = await World.create(t, hosts);
    assert.ok(world.issuer.origin.startsWith("http://auth.app.localhost:"));
    await world.start();
    await assertRestored(world, "iframe");
});

test("logout ends the session here and at the server", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    const { idToken, accessToken } = await world.tokens();
    const mark = world.issuer.mark();
    assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    assert.equal(world.page.url(), `${world.app.origin}/`);
    const [end] = world.issuer.list({ path: world.endSessionPath, since: mark });
    assert.equal(end.query().id_token_hint, idToken);
    assert.equal(end.query().post_logout_redirect_uri, `${world.app.origin}/`);
    assert.deepEqual(await world.open(), { main: { isUserLoggedIn: false } }, "and it stays ended");
    const calls = world.api.mark();
    const { status } = await world.call({ url: `${world.api.origin}/api/me`, token: accessToken });
    assert.equal(status, 401, "the token without its key, which is gone");
    assert.deepEqual(world.api.list({ since: calls })[0].all("DPoP"), []);
});

test("an authorization server that was restarted: the page ends logged out, and can log in again", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 40[01]/] });
    await world.start();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await world.startIdp();
    assert.deepEqual(await world.open(), { main: { isUserLoggedIn: false } });
    const mark = world.issuer.mark();
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    const fetched = world.issuer.list({ path: world.jwksPath, since: mark });
    assert.equal(fetched.length, 1, "the API fetched the new keys");
});

test("a renewal that the restarted server refuses ends logged out, without an error", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 40[01]/] });
    await world.start();
    await world.startIdp();
    const outcomes = await world.leave(() => void window.harness.loggedIn().renewTokens());
    assert.deepEqual(outcomes, { main: { isUserLoggedIn: false } });
});
