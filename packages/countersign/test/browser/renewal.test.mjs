/** Tokens renewed while the page is open. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

test("t4_a_refresh_proves_the_same_key_and_sends_the_newest_refresh_token", async t => {
    const world = await World.create(t);
    await world.start();
    const [login] = world.tokenRequests();
    const { jkt } = await assertProof(login);
    let previous = login.response.json();
    for (let round = 0; round < 2; round++) {
        const mark = world.issuer.mark();
        await world.renew();
        assert.equal(world.authorizationRequests(mark).length, 0);
        const [refresh, ...others] = world.tokenRequests(mark);
        assert.equal(others.length, 0);
        const { grant_type, refresh_token } = refresh.form();
        assert.deepEqual({ grant_type, refresh_token }, {
            grant_type: "refresh_token",
            refresh_token: previous.refresh_token
        });
        assert.equal((await assertProof(refresh)).jkt, jkt);
        const issued = refresh.response.json();
        assert.notEqual(issued.refresh_token, previous.refresh_token, "rotated");
        assert.equal((await world.tokens()).accessToken, issued.access_token);
        previous = issued;
    }
    const mark = world.api.mark();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list({ since: mark })[0], previous.access_token);
});

test("a token that was renewed away still goes out as DPoP", async t => {
    const world = await World.create(t);
    await world.start();
    const { accessToken: old } = await world.tokens();
    await world.renew();
    assert.notEqual((await world.tokens()).accessToken, old);
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        const { status } = await world.call({ url: `${world.api.origin}/api/me`, token: old, transport });
        assert.equal(status, 200);
        await assertBoundCall(world.api.list({ since: mark })[0], old);
    }
});

test("renewals at the same moment share one request", async t => {
    const world = await World.create(t);
    await world.start();
    const mark = world.issuer.mark();
    await world.page.evaluate(() => {
        const oidc = window.harness.loggedIn();
        return Promise.all([oidc.renewTokens(), oidc.renewTokens(), oidc.renewTokens()]);
    });
    assert.equal(world.tokenRequests(mark).length, 1);
});

test("without refresh tokens, tokens are renewed in a hidden iframe", async t => {
    const world = await World.create(t, { idp: ["--no-refresh-tokens"] });
    await world.start();
    const before = await world.tokens();
    assert.equal(before.refreshToken, undefined);
    const mark = world.issuer.mark();
    await world.renew();
    const [authorization, ...others] = world.authorizationRequests(mark);
    assert.equal(others.length, 0);
    assert.equal(authorization.query().prompt, "none");
    assert.equal(authorization.header("Sec-Fetch-Dest"), "iframe");
    const [redemption] = world.tokenRequests(mark);
    assert.equal(redemption.form().grant_type, "authorization_code");
    assert.equal((await assertProof(redemption)).jkt, authorization.query().dpop_jkt);
    const { accessToken } = await world.tokens();
    assert.notEqual(accessToken, before.accessToken);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], accessToken);
});

test("tokens are renewed before they expire, without being asked for", async t => {
    const world = await World.create(t, { idp: ["--access-token-lifetime", "4"] });
    await world.start();
    const subscribed = world.page.evaluate(
        () =>
            new Promise(resolve =>
                window.harness.loggedIn().subscribeToTokensChange(tokens => resolve(tokens.accessToken))
            )
    );
    const refresh = await world.issuer.waitFor(
        exchange => exchange.path === world.tokenPath && exchange.form().grant_type === "refresh_token"
    );
    await assertProof(refresh);
    assert.equal(await subscribed, refresh.response.json().access_token);
});

test("getTokens renews what has less than half a minute left: a token that lives no longer, once per call", async t => {
    const world = await World.create(t, { idp: ["--access-token-lifetime", "25"] });
    await world.start();
    const tokens = [];
    for (let round = 1; round <= 3; round++) {
        tokens.push((await world.tokens()).accessToken);
        assert.equal(world.tokenRequests().length, 1 + round);
    }
    assert.equal(new Set(tokens).size, 3);
    const mark = world.issuer.mark();
    const together = await world.page.evaluate(async () => {
        const oidc = window.harness.loggedIn();
        const all = await Promise.all([oidc.getTokens(), oidc.getTokens(), oidc.getTokens()]);
        return new Set(all.map(({ accessToken }) => accessToken)).size;
    });
    assert.equal(together, 1);
    assert.equal(world.tokenRequests(mark).length, 1, "calls at the same moment share one");
});

test("a listener that asks for the tokens which have just come renews them no further", async t => {
    const world = await World.create(t, { idp: ["--access-token-lifetime", "25"] });
    await world.start();
    const mark = world.issuer.mark();
    const isSame = await world.page.evaluate(async () => {
        const oidc = window.harness.loggedIn();
        const told = new Promise(resolve =>
            oidc.subscribeToTokensChange(async tokens => resolve((await oidc.getTokens()) === tokens))
        );
        await oidc.getTokens();
        return told;
    });
    assert.equal(isSame, true);
    assert.equal(world.tokenRequests(mark).length, 1);
});

test("getTokens hands out a token that has more than half a minute left", async t => {
    const world = await World.create(t, { idp: ["--access-token-lifetime", "90"] });
    await world.start();
    const { accessToken } = await world.tokens();
    assert.equal((await world.tokens()).accessToken, accessToken);
    assert.equal(world.tokenRequests().length, 1);
});
