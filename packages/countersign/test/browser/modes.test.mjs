/** `auto` and `enforced` against servers that bind tokens, do not, or only say so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBearerCall, assertBoundCall, assertProof } from "./harness/proof.mjs";
import { tamperJson } from "./harness/wire.mjs";
import { World } from "./harness/world.mjs";

const BEARER_API = ["--dpop", "optional"];

for (const setup of ["plugin", "manual"]) {
    test(`t3_auto_falls_back_to_bearer_where_the_server_knows_no_dpop (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup }, idp: ["--dpop", "off"], api: BEARER_API });
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        const { accessToken } = await world.tokens();
        for (const transport of ["fetch", "request", "xhr"]) {
            const mark = world.api.mark();
            const { status, text } = await world.call({ url: `${world.api.origin}/api/me`, transport });
            assert.equal(status, 200);
            assert.equal(JSON.parse(text).scheme, "Bearer");
            assertBearerCall(world.api.list({ since: mark })[0], accessToken);
        }
        await world.renew();
        assert.equal((await world.open()).main.isUserLoggedIn, true);
        for (const wire of [world.issuer, world.api]) {
            for (const exchange of wire.exchanges) {
                assert.deepEqual(exchange.all("DPoP"), [], String(exchange));
                assert.ok(!/dpop/i.test(exchange.target), String(exchange));
                assert.ok(!/dpop/i.test(exchange.header("Access-Control-Request-Headers") ?? ""), String(exchange));
            }
        }
    });

    test(`t3_enforced_sends_no_authorization_request_where_the_server_knows_no_dpop (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup, mode: "enforced" }, idp: ["--dpop", "off"] });
        const { main } = await world.open();
        assert.equal(main.rejected?.name, "OidcInitializationError");
        assert.equal(main.rejected.code, "dpop_unsupported");
        assert.ok(main.rejected.message.includes(world.issuer.origin), main.rejected.message);
        assert.deepEqual(world.authorizationRequests(), []);
        assert.deepEqual(world.tokenRequests(), []);
    });
}

test("t3_the_app_may_say_that_a_server_binds_which_does_not_list_it", async t => {
    const __metadata = { dpop_signing_alg_values_supported: ["ES256"] };
    const world = await World.create(t, { variant: { mode: "enforced" }, params: { main: { __metadata } } });
    world.issuer.tamper = tamperJson("/.well-known/openid-configuration", metadata => {
        delete metadata.dpop_signing_alg_values_supported;
    });
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    await assertProof(world.tokenRequests()[0]);
    const { accessToken } = await world.tokens();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], accessToken);
});

test("t3_auto_sends_proofs_and_calls_as_bearer_where_dpop_is_advertised_only", async t => {
    const world = await World.create(t, { idp: ["--dpop", "advertised-only"], api: BEARER_API });
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    const { accessToken } = await world.tokens();
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
        assertBearerCall(world.api.list({ since: mark })[0], accessToken);
    }
    await world.renew();
    const requests = world.tokenRequests();
    assert.equal(requests.length, 2);
    const [first, second] = [await assertProof(requests[0]), await assertProof(requests[1])];
    assert.equal(first.jkt, second.jkt, "t1_a_server_may_bind_the_refresh_token_only");
});

test("t3_enforced_refuses_a_bearer_token", async t => {
    const world = await World.create(t, {
        variant: { mode: "enforced" },
        idp: ["--dpop", "advertised-only"],
        api: BEARER_API
    });
    assert.deepEqual(await world.open(), { main: { isUserLoggedIn: false } });
    const { main } = await world.logIn();
    assert.equal(main.rejected?.name, "OidcInitializationError");
    assert.equal(main.rejected.code, "token_not_bound");
    assert.equal(world.api.list().length, 0);
});

for (const [flag, code] of [["off", "dpop_unsupported"], ["advertised-only", "token_not_bound"]]) {
    test(`rc4_every_later_createOidc_settles_like_the_first (${code})`, async t => {
        const world = await World.create(t, { variant: { mode: "enforced" }, idp: ["--dpop", flag] });
        let { main } = await world.open();
        if (flag === "advertised-only") {
            ({ main } = await world.logIn());
        }
        const mark = world.issuer.mark();
        for (let round = 0; round < 2; round++) {
            const again = await world.page.evaluate(async () => {
                const { clients } = await (await fetch("/config.json")).json();
                return window.harness.create(clients.main);
            });
            assert.deepEqual(again, main);
        }
        assert.equal(main.rejected.code, code);
        assert.equal(world.tokenRequests(mark).length, 0);
    });
}

test("t3_enforced_ends_the_session_when_a_refresh_answers_bearer", async t => {
    const world = await World.create(t, {
        variant: { mode: "enforced" },
        api: BEARER_API,
        expectedErrors: [/status of 401/]
    });
    await world.start();
    const { accessToken } = await world.tokens();
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === world.tokenPath && response.status === 200 && exchange.method === "POST") {
            const body = JSON.parse(response.body.toString());
            response.body = Buffer.from(JSON.stringify({ ...body, token_type: "Bearer" }));
        }
    };
    const failure = await world.page.evaluate(() =>
        window.harness
            .loggedIn()
            .renewTokens()
            .then(() => undefined, window.harness.failureOf)
    );
    assert.equal(failure?.code, "token_not_bound");
    const { refresh_token: _, access_token: bearer } = world.tokenRequests().at(-1).response.json();
    for (const token of [bearer, accessToken]) {
        const mark = world.api.mark();
        await world.call({ url: `${world.api.origin}/api/me`, token }).catch(() => undefined);
        for (const exchange of world.api.list({ since: mark })) {
            assert.deepEqual(exchange.all("DPoP"), [], "the key is gone");
        }
    }
});

test("discovery that cannot be reached is an ordinary error in each mode, and never Bearer", async t => {
    for (const mode of ["auto", "enforced"]) {
        await t.test(mode, async t => {
            const world = await World.create(t, { variant: { mode }, expectedErrors: [/ERR_|Failed to load/] });
            await world.stopIdp();
            const { main } = await world.open();
            const failure = main.rejected ?? main.initializationError;
            assert.equal(failure?.name, "OidcInitializationError");
            assert.equal(failure.code, "discovery_unreachable");
            assert.deepEqual(world.tokenRequests(), []);
        });
    }
});

test("r1_enforced_against_a_server_that_binds_tokens", async t => {
    const world = await World.create(t, { variant: { mode: "enforced" } });
    await world.start();
    const { accessToken } = await world.tokens();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], accessToken);
});

test("DPoP off: no proof, no key, no hook", async t => {
    for (const setup of ["plugin", "manual"]) {
        await t.test(setup, async t => {
            const world = await World.create(t, { variant: { setup, mode: "off" }, api: BEARER_API });
            assert.equal((await world.start()).main.isUserLoggedIn, true);
            assert.equal(await world.page.evaluate(() => /native code/.test(fetch.toString())), true);
            const { accessToken } = await world.tokens();
            assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
            assertBearerCall(world.api.list()[0], accessToken);
            assert.equal(world.authorizationRequests().at(-1).query().dpop_jkt, undefined);
            assert.deepEqual(world.tokenRequests()[0].all("DPoP"), []);
        });
    }
});
