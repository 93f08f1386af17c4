/** Pushed authorization requests (RFC 9126; RFC 9449, 10.1), by a full page and by an iframe. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const CHALLENGES = [/status of 400/];

/** What was pushed, and the authorization requests that refer to it. */
function requests(world, since = 0) {
    const { pathname } = new URL(world.metadata.pushed_authorization_request_endpoint);
    const pushes = world.issuer.list({ method: "POST", since }).filter(({ path }) => path === pathname);
    return { pushes, visits: world.authorizationRequests(since) };
}

async function assertPushed(push, visit, nonce) {
    const { jkt } = await assertProof(push, { nonce });
    const form = push.form();
    assert.equal(jkt, form.dpop_jkt);
    assert.equal(push.response.status, 201);
    assert.deepEqual(visit.query(), { client_id: "main", request_uri: push.response.json().request_uri });
    return { form, jkt };
}

test("c3_a_required_push_carries_the_request_and_the_proof_of_its_key", async t => {
    // What the app adds to the URL is pushed with the rest.
    const main = { extraQueryParams: { ui_locales: "de fr" } };
    const world = await World.create(t, { idp: ["--require-par"], params: { main } });
    await world.open();
    let mark = world.issuer.mark();
    await world.logIn();
    let { pushes, visits } = requests(world, mark);
    assert.deepEqual([pushes.length, visits.length], [1, 1]);
    const login = await assertPushed(pushes[0], visits[0]);
    assert.equal(login.form.ui_locales, "de fr");
    assert.equal(login.form.redirect_uri, `${world.app.origin}/`);
    assert.equal(login.form.prompt, undefined);
    const [redemption] = world.tokenRequests(mark);
    assert.equal((await assertProof(redemption)).jkt, login.jkt, "the code is bound to the key that was pushed");

    mark = world.issuer.mark();
    const restored = await world.open();
    assert.equal(restored.main.isUserLoggedIn, true, "by iframe");
    ({ pushes, visits } = requests(world, mark));
    assert.deepEqual([pushes.length, visits.length], [1, 1]);
    const silent = await assertPushed(pushes[0], visits[0]);
    assert.equal(silent.form.prompt, "none");
    assert.equal(silent.form.ui_locales, "de fr");

    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    const { accessToken } = await world.tokens();
    await assertBoundCall(world.api.list().at(-1), accessToken);
});

test("c3_n5_a_nonce_challenge_to_a_push_is_answered_once", async t => {
    const world = await World.create(t, { idp: ["--require-par", "--dpop", "nonce"], expectedErrors: CHALLENGES });
    await world.start();
    const { pushes, visits } = requests(world);
    assert.equal(pushes.length, visits.length + 1);
    await assertProof(pushes[0]);
    assert.equal(pushes[0].response.json().error, "use_dpop_nonce");
    const nonceOf = ({ response }) => response.headers.find(([name]) => /^dpop-nonce$/i.test(name))[1];
    assert.deepEqual(pushes[1].form(), pushes[0].form(), "the same request");
    await assertPushed(pushes[1], visits[0], nonceOf(pushes[0]));
    await assertPushed(pushes[2], visits[1], nonceOf(pushes[1]));
});

test("a push that is refused or not answered rejects the login, and the page stays", async t => {
    const world = await World.create(t, { idp: ["--require-par"], expectedErrors: [...CHALLENGES, /ERR_/] });
    await world.open();
    const fail = () =>
        world.page.evaluate(() =>
            window.harness
                .login("main", { extraQueryParams: { prompt: "pigeon" } })
                .then(() => undefined, window.harness.failureOf)
        );
    const { code, message } = await fail();
    assert.equal(code, "push_refused");
    assert.match(message, /pushed request with "invalid_request" \(.*pigeon/);
    await world.stopIdp();
    assert.equal((await fail()).code, "push_unreachable");
    assert.equal(world.page.url(), `${world.app.origin}/`);
    assert.equal(requests(world).visits.length, 1, "the iframe's");
});
