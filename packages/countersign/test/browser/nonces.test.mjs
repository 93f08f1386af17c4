/** Nonces of both servers: asked for, rotated, and never a second retry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** Chromium writes every refused request to the console. */
const CHALLENGES = [/status of 40[01]/];
const PATIENCE_MILLISECONDS = 10_000;

const nonceOf = exchange => exchange.response.header("DPoP-Nonce");
const isChallenge = exchange => /use_dpop_nonce/.test(exchange.response.header("WWW-Authenticate") ?? "");

test("n1_n4_n5_the_authorization_server_asks_for_a_nonce_once_and_rotates_it_for_nothing", async t => {
    const world = await World.create(t, { idp: ["--dpop", "nonce"], expectedErrors: CHALLENGES });
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    const [first, second, ...others] = world.tokenRequests();
    assert.equal(others.length, 0);
    assert.equal(first.response.status, 400);
    assert.equal(first.response.json().error, "use_dpop_nonce");
    const { jkt } = await assertProof(first);
    assert.equal((await assertProof(second, { nonce: nonceOf(first) })).jkt, jkt, "n5_the_retry_proves_the_same_key");
    assert.deepEqual(second.form(), first.form(), "the same request again");
    let newest = nonceOf(second);
    assert.notEqual(newest, undefined, "n3_a_nonce_comes_with_a_success");
    for (let round = 0; round < 3; round++) {
        const mark = world.issuer.mark();
        await world.renew();
        const [refresh, ...more] = world.tokenRequests(mark);
        assert.equal(more.length, 0, "a rotated nonce costs no request");
        await assertProof(refresh, { nonce: newest });
        newest = nonceOf(refresh) ?? newest;
    }
});

test("rc7_n3_a_nonce_that_comes_with_tokens_is_used_next", async t => {
    const world = await World.create(t);
    await world.open();
    const withNonce = nonce => (response, exchange) => {
        if (exchange.path === world.tokenPath && exchange.method === "POST") {
            response.headers.push(["DPoP-Nonce", nonce]);
        }
    };
    world.issuer.tamper = withNonce("with-the-login");
    await world.logIn();
    world.issuer.tamper = withNonce("with-a-refresh");
    await world.renew();
    world.issuer.tamper = undefined;
    await world.renew();
    await world.renew();
    const nonces = ["with-the-login", "with-a-refresh", "with-a-refresh"];
    const [login, ...refreshes] = world.tokenRequests();
    assert.equal(refreshes.length, nonces.length);
    await assertProof(login);
    for (const [index, refresh] of refreshes.entries()) {
        await assertProof(refresh, { nonce: nonces[index] });
    }
});

const POSTS = [
    { method: "GET" },
    { method: "POST", body: { kind: "json", value: { text: "kept for the retry" } } },
    { method: "POST", body: { kind: "form", fields: {}, files: { "a.txt": "kept for the retry" } } },
    { method: "POST", body: { kind: "blob", text: "kept for the retry", type: "text/plain" } },
    { method: "POST", body: { kind: "bytes", text: "kept for the retry" } }
];

for (const transport of ["fetch", "request", "xhr"]) {
    test(`n2_n5_p8_an_api_asks_for_a_nonce_and_any_body_is_sent_again (${transport})`, async t => {
        const world = await World.create(t, { expectedErrors: CHALLENGES });
        await world.start();
        const { accessToken } = await world.tokens();
        const url = `${world.api.origin}/api/with-nonce`;
        for (const call of POSTS) {
            // A page that has never been challenged, as the nonce would be used at once otherwise.
            await world.open();
            const { accessToken: token } = await world.tokens();
            const mark = world.api.mark();
            const result = await world.call({ url, transport, ...call });
            const label = `${call.method} ${call.body?.kind ?? ""}`;
            assert.equal(result.status, 200, `${label}: ${result.text}`);
            const [first, second, ...others] = world.api.list({ since: mark });
            assert.equal(others.length, 0, label);
            assert.equal(first.response.status, 401);
            await assertBoundCall(first, token);
            await assertBoundCall(second, token, { nonce: nonceOf(first) });
            assert.deepEqual([second.method, second.target], [first.method, first.target]);
            if (call.body?.kind === "form") {
                assert.ok(second.text().includes("kept for the retry"), label);
            } else {
                assert.deepEqual(second.body, first.body, label);
            }
            const again = world.api.mark();
            assert.equal((await world.call({ url, transport, ...call })).status, 200);
            const [once, ...more] = world.api.list({ since: again });
            assert.equal(more.length, 0, `${label}: the nonce is known now`);
            await assertBoundCall(once, token, { nonce: nonceOf(second) ?? nonceOf(first) });
        }
        assert.notEqual((await world.tokens()).accessToken, accessToken);
    });
}

test("n3_s3_a_nonce_that_comes_with_a_success_is_used_next_and_kept", async t => {
    const world = await World.create(t);
    await world.start();
    const { accessToken } = await world.tokens();
    const url = `${world.api.origin}/api/me`;
    // Any NQCHAR (8.1): what a server may well send, and ours does not.
    const nonce = "!#~[]<>{}:;.,-_+/=0aZ";
    world.api.tamper = response => {
        response.headers.push(["DPoP-Nonce", nonce]);
    };
    assert.equal((await world.call({ url })).status, 200);
    world.api.tamper = undefined;
    for (let round = 0; round < 2; round++) {
        const mark = world.api.mark();
        assert.equal((await world.call({ url })).status, 200);
        await assertBoundCall(world.api.list({ since: mark })[0], accessToken, { nonce });
    }
});

test("n5_a_challenge_to_the_retry_is_delivered", async t => {
    const world = await World.create(t, { expectedErrors: CHALLENGES });
    await world.start();
    const { accessToken } = await world.tokens();
    let issued = 0;
    world.api.tamper = (response, exchange) => {
        if (exchange.method !== "OPTIONS") {
            response.status = 401;
            response.headers = response.headers.filter(([name]) => !/^(dpop-nonce|www-authenticate)$/i.test(name));
            response.headers.push(["WWW-Authenticate", 'DPoP error="use_dpop_nonce", algs="ES256"']);
            response.headers.push(["DPoP-Nonce", `never-content-${++issued}`]);
        }
    };
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        const held = issued === 0 ? undefined : `never-content-${issued}`;
        const { status } = await world.call({
            url: `${world.api.origin}/api/notes`,
            method: "POST",
            transport,
            body: { kind: "json", value: { text: "twice at most" } }
        });
        assert.equal(status, 401);
        const [first, second, ...others] = world.api.list({ since: mark });
        assert.equal(others.length, 0, `${transport}: one retry`);
        await assertBoundCall(first, accessToken, { nonce: held });
        await assertBoundCall(second, accessToken, { nonce: nonceOf(first) });
    }
});

test("n5_the_token_endpoint_is_asked_twice_at_most", async t => {
    const world = await World.create(t, { expectedErrors: [...CHALLENGES, /use_dpop_nonce/] });
    await world.start();
    let issued = 0;
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === world.tokenPath && exchange.method === "POST") {
            response.status = 400;
            response.headers = response.headers.filter(([name]) => !/^dpop-nonce$/i.test(name));
            response.headers.push(["DPoP-Nonce", `never-content-${++issued}`]);
            response.body = Buffer.from(JSON.stringify({ error: "use_dpop_nonce" }));
        }
    };
    const mark = world.issuer.mark();
    const failure = await world.page.evaluate(() =>
        window.harness
            .loggedIn()
            .renewTokens()
            .then(() => undefined, window.harness.failureOf)
    );
    assert.equal(failure?.code, "token_refused", JSON.stringify(failure));
    const [first, second, ...others] = world.tokenRequests(mark);
    assert.equal(others.length, 0);
    await assertProof(first);
    await assertProof(second, { nonce: nonceOf(first) });
});

test("rc10_a_burst_on_an_origin_that_challenges_costs_one_extra_request_at_most_each", async t => {
    const world = await World.create(t, { expectedErrors: CHALLENGES });
    await world.start();
    const url = `${world.api.origin}/api/with-nonce`;
    const BURST = 20;
    const first = world.api.mark();
    assert.deepEqual(await world.burst({ url }, BURST), Array(BURST).fill(200));
    const unforeseen = world.api.list({ since: first });
    assert.ok(unforeseen.length <= 2 * BURST, `${unforeseen.length} requests`);
    const second = world.api.mark();
    assert.deepEqual(await world.burst({ url }, BURST), Array(BURST).fill(200));
    const foreseen = world.api.list({ since: second });
    assert.equal(foreseen.length, BURST, "the nonce is held: no request more");
    const { accessToken } = await world.tokens();
    const issued = unforeseen.map(nonceOf).filter(nonce => nonce !== undefined);
    const { nonce } = decodeJwt(foreseen[0].header("DPoP"));
    assert.ok(issued.includes(nonce));
    for (const exchange of foreseen) {
        await assertBoundCall(exchange, accessToken, { nonce });
    }
});

test("rc10_where_an_origin_has_challenged_and_no_nonce_is_held_one_call_asks_for_all", async t => {
    const world = await World.create(t, { expectedErrors: CHALLENGES });
    await world.start();
    const url = `${world.api.origin}/api/with-nonce`;
    // A challenge whose nonce was lost on the way: from here on the origin is known, and nothing is held.
    world.api.tamper = response => {
        response.headers = response.headers.filter(([name]) => !/^dpop-nonce$/i.test(name));
    };
    assert.equal((await world.call({ url })).status, 401);
    world.api.tamper = undefined;
    const BURST = 20;
    const mark = world.api.mark();
    assert.deepEqual(await world.burst({ url }, BURST), Array(BURST).fill(200));
    const requests = world.api.list({ since: mark });
    assert.equal(requests.length, BURST + 1, "one challenge for all");
    assert.equal(requests.filter(isChallenge).length, 1);
});

test("n3_n4_an_api_that_rotates_its_nonces_is_followed_at_no_cost", async t => {
    const world = await World.create(t, { api: ["--nonces", "--nonce-lifetime", "2"], expectedErrors: CHALLENGES });
    await world.start();
    const { accessToken } = await world.tokens();
    const url = `${world.api.origin}/api/me`;
    assert.equal((await world.call({ url })).status, 200);
    const [challenge, answer] = world.api.list();
    let newest = nonceOf(answer) ?? nonceOf(challenge);
    const until = Date.now() + PATIENCE_MILLISECONDS;
    // Until the server has handed out two new nonces with its answers.
    for (let rotations = 0; rotations < 2; ) {
        assert.ok(Date.now() < until, "nonces of two seconds are renewed");
        const mark = world.api.mark();
        assert.equal((await world.call({ url })).status, 200);
        const [call, ...others] = world.api.list({ since: mark });
        assert.equal(others.length, 0);
        await assertBoundCall(call, accessToken, { nonce: newest });
        const next = nonceOf(call) ?? newest;
        rotations += next === newest ? 0 : 1;
        newest = next;
    }
});

test("n8_an_api_that_disowns_its_nonces_costs_each_call_of_a_burst_one_retry", async t => {
    const world = await World.create(t, { api: ["--nonces"], expectedErrors: CHALLENGES });
    await world.start();
    const { accessToken } = await world.tokens();
    const url = `${world.api.origin}/api/me`;
    assert.equal((await world.call({ url })).status, 200);
    const [{ response }] = world.api.list();
    const old = response.header("DPoP-Nonce");
    // Its nonces are keyed by a secret of its own, which ends with it.
    await world.startApi(0);
    const BURST = 20;
    const mark = world.api.mark();
    assert.deepEqual(await world.burst({ url }, BURST), Array(BURST).fill(200));
    const requests = world.api.list({ since: mark });
    const refused = requests.filter(isChallenge);
    assert.equal(requests.length, BURST + refused.length);
    assert.ok(refused.length >= 1 && refused.length <= BURST);
    for (const exchange of requests) {
        const { nonce } = decodeJwt(exchange.header("DPoP"));
        assert.equal(nonce === old, isChallenge(exchange), "a nonce of the new server is never refused");
        await assertBoundCall(exchange, accessToken, { nonce });
    }
});
