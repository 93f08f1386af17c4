/** A computer whose clock is ten minutes wrong, and servers whose clock is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { withoutFields } from "./harness/wire.mjs";
import { World } from "./harness/world.mjs";

const TEN_MINUTES_MILLISECONDS = 600_000;

/** For a page: `Date` runs ahead by so much. */
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

const DIRECTIONS = [
    ["ahead", TEN_MINUTES_MILLISECONDS],
    ["behind", -TEN_MINUTES_MILLISECONDS]
];

/** Logs in, calls, renews and reloads; every proof is in the server's time, and each request is sent once. */
async function assertWorks(world, { issuerAhead = 0 } = {}) {
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    const redemptions = world.tokenRequests();
    assert.equal(redemptions.length, 1, "rc6_the_first_proof_is_in_the_servers_time");
    await assertProof(redemptions[0], { now: redemptions[0].at + issuerAhead });
    for (const transport of ["fetch", "xhr"]) {
        const { accessToken } = await world.tokens();
        const mark = world.api.mark();
        const { status, text } = await world.call({ url: `${world.api.origin}/api/me`, transport });
        assert.equal(status, 200, text);
        const calls = world.api.list({ since: mark });
        assert.ok(calls.length <= 2);
        await assertBoundCall(calls.at(-1), accessToken);
    }
    const mark = world.issuer.mark();
    await world.renew();
    assert.equal(world.tokenRequests(mark).length, 1);
    assert.equal((await world.open()).main.isUserLoggedIn, true);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
}

for (const [direction, milliseconds] of DIRECTIONS) {
    test(`v12_the_computers_clock_is_ten_minutes_${direction}`, async t => {
        const world = await World.create(t, { initScripts: [shiftedClock(milliseconds)] });
        await assertWorks(world);
        const calls = world.api.list();
        assert.ok(calls.every(exchange => exchange.response.status === 200), "no call was refused for its time");
    });

    test(`v12_the_computers_clock_is_ten_minutes_${direction} and no server shows its own`, async t => {
        const world = await World.create(t, {
            initScripts: [shiftedClock(milliseconds)],
            expectedErrors: [/status of 40[01]/]
        });
        world.issuer.tamper = withoutFields("Date");
        world.api.tamper = withoutFields("Date");
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        assert.ok(world.tokenRequests().length <= 2, "one retry");
        assert.deepEqual(world.app.requests.filter(request => request === "HEAD /").length, 1, "the app's origin was asked");
        for (const transport of ["fetch", "xhr"]) {
            const mark = world.api.mark();
            assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
            assert.ok(world.api.list({ since: mark }).length <= 2);
        }
    });

    test(`v12_the_authorization_servers_clock_is_ten_minutes_${direction}`, async t => {
        const world = await World.create(t, {
            // Longer than the clocks differ: to the API, a token from the past may have run out before it came.
            idp: ["--clock-offset", String(milliseconds / 1000), "--access-token-lifetime", "3600"],
            expectedErrors: [/status of 401/]
        });
        await assertWorks(world, { issuerAhead: milliseconds });
    });
}

/** For a page: `Date` runs ahead by `window.jump` milliseconds. */
const JUMPING_CLOCK = `{
    const Native = Date;
    window.jump = 0;
    window.Date = class Date extends Native {
        constructor(...parameters) {
            super(...(parameters.length === 0 ? [Native.now() + window.jump] : parameters));
        }
        static now() {
            return Native.now() + window.jump;
        }
    };
}`;

for (const [direction, milliseconds] of DIRECTIONS) {
    test(`v12_the_computers_clock_is_set_ten_minutes_${direction} while the page is open`, async t => {
        const world = await World.create(t, { initScripts: [JUMPING_CLOCK] });
        await world.start();
        const { accessToken } = await world.tokens();
        const call = { url: `${world.api.origin}/api/me`, token: accessToken };
        assert.equal((await world.call(call)).status, 200);
        await world.page.evaluate(jump => (window.jump = jump), milliseconds);
        const mark = world.api.mark();
        assert.equal((await world.call(call)).status, 200);
        const calls = world.api.list({ since: mark });
        assert.equal(calls.length, 1, "no call was refused for its time");
        await assertBoundCall(calls[0], accessToken);
    });
}

test("s4_an_api_whose_date_is_hours_ahead_gets_no_proof_for_later", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    const { accessToken } = await world.tokens();
    world.api.tamper = response => {
        response.headers = response.headers.map(([key, value]) =>
            key.toLowerCase() === "date" ? [key, new Date(Date.now() + 7_200_000).toUTCString()] : [key, value]
        );
    };
    for (const transport of ["fetch", "xhr", "fetch"]) {
        const mark = world.api.mark();
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport, token: accessToken })).status, 200);
        await assertBoundCall(world.api.list({ since: mark }).at(-1), accessToken);
    }
});
