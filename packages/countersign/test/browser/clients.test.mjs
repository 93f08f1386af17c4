/** Several clients on one page: each with its own key and tokens, one of them without DPoP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { assertBearerCall, assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

for (const setup of ["plugin", "manual"]) {
    test(`two clients with two APIs: own keys, own tokens, calls side by side (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup }, clients: ["main", "second"], apis: 2 });
        const outcomes = await world.start();
        assert.deepEqual(Object.values(outcomes).map(outcome => outcome.isUserLoggedIn), [true, true]);
        const tokens = { main: await world.tokens("main"), second: await world.tokens("second") };
        assert.notEqual(tokens.main.accessToken, tokens.second.accessToken);
        const jkts = Object.values(tokens).map(({ accessToken }) => decodeJwt(accessToken).cnf.jkt);
        assert.notEqual(jkts[0], jkts[1], "a key each");
        const [first, second] = world.apis;
        for (const transport of ["fetch", "xhr"]) {
            const marks = [first.mark(), second.mark()];
            const results = await Promise.all([
                world.call({ url: `${first.origin}/api/me`, transport }, "main"),
                world.call({ url: `${second.origin}/api/me`, transport }, "second")
            ]);
            assert.deepEqual(results.map(({ status }) => status), [200, 200]);
            await assertBoundCall(first.list({ since: marks[0] })[0], tokens.main.accessToken);
            await assertBoundCall(second.list({ since: marks[1] })[0], tokens.second.accessToken);
        }
        for (const client of ["main", "second"]) {
            const mark = world.issuer.mark();
            await world.renew(client);
            const [refresh] = world.tokenRequests(mark);
            assert.equal(refresh.form().client_id, client);
            const { jkt } = await assertProof(refresh);
            assert.equal(jkt, decodeJwt(tokens[client].accessToken).cnf.jkt, "renewed with its own key");
        }
    });
}

test("s8_the_token_of_one_client_is_refused_at_the_api_of_the_other", async t => {
    const world = await World.create(t, {
        clients: ["main", "second"],
        apis: 2,
        expectedErrors: [/status of 401/]
    });
    await world.start();
    const { status } = await world.call({ url: `${world.apis[1].origin}/api/me` }, "main");
    assert.equal(status, 401);
});

test("a client that opted out beside one that did not", async t => {
    const world = await World.create(t, {
        clients: ["main", "plain"],
        apis: 2,
        api: ["--dpop", "optional"],
        params: { plain: { disableDPoP: true } }
    });
    await world.start();
    const bound = await world.tokens("main");
    const plain = await world.tokens("plain");
    assert.equal(decodeJwt(plain.accessToken).cnf, undefined);
    const [first, second] = world.apis;
    for (const transport of ["fetch", "xhr"]) {
        const marks = [first.mark(), second.mark()];
        assert.equal((await world.call({ url: `${first.origin}/api/me`, transport }, "main")).status, 200);
        assert.equal((await world.call({ url: `${second.origin}/api/me`, transport }, "plain")).status, 200);
        await assertBoundCall(first.list({ since: marks[0] })[0], bound.accessToken);
        assertBearerCall(second.list({ since: marks[1] })[0], plain.accessToken);
    }
    for (const request of world.tokenRequests()) {
        assert.equal(request.all("DPoP").length, request.form().client_id === "plain" ? 0 : 1);
    }
    for (const request of world.authorizationRequests()) {
        const { client_id, dpop_jkt } = request.query();
        assert.equal(dpop_jkt === undefined, client_id === "plain");
    }
});

test("a client that opted out, alone on the page under enforced", async t => {
    const world = await World.create(t, {
        variant: { mode: "enforced" },
        idp: ["--dpop", "off"],
        api: ["--dpop", "optional"],
        params: { main: { disableDPoP: true } }
    });
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
});
