/**
 * A working day of eight hours in three tabs, whose clocks the test moves: one in the foreground, one
 * in the background, whose timers fire once a minute, and one that nobody looks at. The engine alone
 * lives through more days in `crates/countersign-client/tests/long_session.rs`.
 */
import assert from "node:assert/strict";
import http from "node:http";
import { decodeJwt } from "jose";
import { browserName } from "./harness/drivers/index.mjs";
import { Unsupported } from "./harness/drivers/unsupported.mjs";
import { listenOnLoopback } from "./harness/loopback.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { SimulatedTime } from "./harness/simulated-time.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** Timers fire this often, in seconds. */
const STEP = 30;
/** A token lives for five minutes and is renewed half a minute before its end. */
const PERIOD = 270;
/** A renewal comes with the first step in which it is due. */
const LONGEST_PERIOD = PERIOD + STEP;

/** An API whose clock is as the test says: it takes every token, and the test looks at them. */
async function startApi(t) {
    const server = http.createServer((request, response) => {
        response.setHeader("Access-Control-Allow-Origin", "*");
        response.setHeader("Access-Control-Allow-Headers", "Authorization, DPoP");
        response.end("{}");
    });
    const listener = await listenOnLoopback(socket => server.emit("connection", socket));
    t.after(() => listener.close());
    return listener.port;
}

class Day {
    /** Seconds since the login. */
    second = 0;
    /** @type {import("playwright-core").Page[]} */ tabs = [];

    constructor(world, time) {
        Object.assign(this, { world, time });
    }

    /** Opens a tab, which finds the session. */
    async open() {
        const page = this.tabs.length === 0 ? this.world.page : await this.world.context.newPage();
        await page.goto(this.world.app.origin);
        await this.settled(page);
        this.tabs.push(page);
        return page;
    }

    async settled(page) {
        await page.waitForFunction(() => window.harness?.outcomes !== undefined, undefined, { polling: 20 });
        return page.evaluate(() => window.harness.outcomes.main);
    }

    /** Lets hours pass; the app in the foreground makes a call every two minutes. Returns its failures. */
    async live(seconds, { isOffline = false } = {}) {
        const [foreground] = this.tabs;
        const failures = [];
        for (const end = this.second + seconds; this.second < end; ) {
            this.second += STEP;
            const isMinute = this.second % MINUTE === 0;
            await this.time.pass(STEP, this.tabs, page => page === foreground || isMinute);
            if (this.second % (2 * MINUTE) === 0) {
                const failure = await this.call(foreground, isOffline);
                failure && failures.push(failure);
            }
        }
        return failures;
    }

    /** Makes a call, and checks that its token is good now. Returns the code of an error. */
    async call(page, isOffline) {
        const { api } = this.world;
        const mark = api.mark();
        const result = await page.evaluate(
            url =>
                Promise.race([
                    window.harness.call({ url }).then(({ status }) => ({ status }), window.harness.failureOf),
                    window.simulatedTime.rest(20_000).then(() => ({ name: "nothing for 20 seconds" }))
                ]),
            `${api.origin}/api/me`
        );
        if (isOffline) {
            assert.ok(["TypeError", "OidcInitializationError"].includes(result.name), JSON.stringify(result));
            return result.code ?? result.name;
        }
        assert.deepEqual(result, { status: 200 });
        const calls = api.list({ since: mark });
        assert.equal(calls.length, 1);
        const token = calls[0].header("Authorization").slice("DPoP ".length);
        assert.ok(decodeJwt(token).exp * 1000 > this.time.now(), "the token is good");
        await assertBoundCall(calls[0], token, { now: this.time.now() });
        return undefined;
    }

    /** Returns the token requests that were answered, of all tabs. */
    renewals(mark) {
        return this.world.tokenRequests(mark).filter(({ response }) => response !== undefined);
    }
}

test("eight hours in three tabs: nobody is logged out without reason, and no token is requested without need", { timeout: 400_000 }, async t => {
    if (browserName !== "chromium") {
        throw new Unsupported("a day in three tabs takes this driver too long");
    }
    const time = await SimulatedTime.create(t);
    const world = await World.create(t, {
        initScripts: SimulatedTime.initScripts,
        idp: time.idp,
        expectedErrors: [/ERR_|Failed to load|status of 40/]
    });
    world.context.setDefaultTimeout(30_000);
    world.app.headers = time.headers;
    world.api.upstream = await startApi(t);
    const day = new Day(world, time);
    await day.open();
    await world.logIn();
    await day.open();
    await day.open();
    const documents = () => world.app.requests.filter(request => request === "GET /").length;
    const opened = documents();
    /** Asserts that hours cost one token request per tab and life of a token, and `more` at most. */
    const assertCost = (mark, seconds, more = 0) => {
        const renewals = day.renewals(mark);
        assert.ok(renewals.every(({ response }) => response.status === 200), renewals.join("\n"));
        const most = 3 * Math.ceil(seconds / PERIOD) + more;
        const least = 3 * Math.floor(seconds / (LONGEST_PERIOD + MINUTE));
        assert.ok(renewals.length <= most && renewals.length >= least, `${renewals.length} of ${least} to ${most}`);
    };

    let mark = world.issuer.mark();
    assert.deepEqual(await day.live(HOUR), []);
    assertCost(mark, HOUR);

    // The laptop sleeps for an hour. The first call afterwards has good tokens.
    mark = world.issuer.mark();
    await time.sleep(HOUR, day.tabs);
    day.second += HOUR;
    assert.equal(await day.call(day.tabs[0], false), undefined);
    assert.deepEqual(await day.live(HOUR), []);
    assertCost(mark, HOUR, 3);

    // Its clock is set two hours ahead, and back again.
    for (const seconds of [2 * HOUR, -2 * HOUR]) {
        mark = world.issuer.mark();
        await time.set(seconds, day.tabs);
        assert.deepEqual(await day.live(HOUR / 2), []);
        assertCost(mark, HOUR / 2, 3);
    }

    // The network is away for ten minutes. Calls fail, and nothing hangs.
    mark = world.issuer.mark();
    const upstreams = [world.issuer, world.api].map(wire => [wire, wire.upstream]);
    upstreams.forEach(([wire]) => (wire.upstream = undefined));
    const failures = await day.live(10 * MINUTE, { isOffline: true });
    assert.ok(failures.every(code => ["TypeError", "token_unreachable"].includes(code)), failures.join());
    upstreams.forEach(([wire, port]) => (wire.upstream = port));
    assert.deepEqual(await day.live(20 * MINUTE), []);
    assertCost(mark, 20 * MINUTE, 3);

    // The authorization server is restarted; it keeps its sessions, as one with a database does.
    mark = world.issuer.mark();
    const { upstream } = world.issuer;
    world.issuer.upstream = undefined;
    await time.pass(STEP, day.tabs, () => true);
    world.issuer.upstream = upstream;
    day.second += STEP;
    assert.deepEqual(await day.live(HOUR - STEP), []);
    assertCost(mark, HOUR, 3);
    assert.deepEqual(await day.live(2 * HOUR + 20 * MINUTE), []);
    assert.equal(documents(), opened, "no tab was loaded again");
    for (const tab of day.tabs) {
        assert.equal((await day.settled(tab)).isUserLoggedIn, true);
    }

    // The session is ended elsewhere: every tab finds that out by its next renewal, and is logged
    // out without an error.
    mark = world.issuer.mark();
    await world.startIdp();
    const isOut = async tab => (await day.settled(tab)).isUserLoggedIn === false;
    for (let passed = 0; passed <= LONGEST_PERIOD + MINUTE; passed += STEP) {
        day.second += STEP;
        await time.pass(STEP, day.tabs, tab => tab === day.tabs[0] || day.second % MINUTE === 0);
    }
    for (const tab of day.tabs) {
        await tab.waitForFunction(() => window.harness?.outcomes?.main.isUserLoggedIn === false, undefined, { polling: 20 });
        assert.ok(await isOut(tab));
        assert.equal((await day.settled(tab)).initializationError, undefined);
    }
    assert.equal(world.tokenRequests(mark).length, 3, "one request per tab");
});

test("a clock that is set two hours ahead logs out no user who is there, where an idle session lasts a quarter of an hour", async t => {
    const time = await SimulatedTime.create(t);
    const world = await World.create(t, {
        initScripts: SimulatedTime.initScripts,
        idp: time.idp,
        params: { main: { idleSessionLifetimeInSeconds: 900 } }
    });
    world.app.headers = time.headers;
    const { page } = world;
    await world.start();
    const pages = [page];
    await time.pass(6, pages, () => true);
    while (!world.app.requests.some(request => request.includes("autoLogout"))) {
        await page.evaluate(() => window.simulatedTime.rest(20));
    }
    await page.mouse.move(10, 10);
    await page.mouse.move(20, 20);
    await page.evaluate(() => {
        window.isOld = true;
        window.ticks = [];
        window.harness.loggedIn().subscribeToAutoLogoutCountdown(({ secondsLeft }) => window.ticks.push(secondsLeft));
    });
    const mark = world.issuer.mark();
    await time.set(7200, pages);
    for (let second = 0; second < 20; second++) {
        await time.pass(1, pages, () => true);
    }
    assert.equal(await page.evaluate(() => window.isOld), true, "the page is still there");
    const ticks = await page.evaluate(() => window.ticks);
    assert.ok(ticks.length > 0 && ticks.every(left => left > 850), ticks.join());
    assert.equal(world.tokenRequests(mark).length, 1, "the server is asked once");
    // Who does nothing is logged out in time.
    await time.pass(900, pages, () => true);
    await time.pass(2, pages, () => true);
    await page.waitForFunction(() => window.isOld !== true && window.harness?.outcomes?.main.isUserLoggedIn === false, undefined, { polling: 20 });
});

test("a renewal whose response is lost ends no session, though the server has changed the refresh token", async t => {
    const world = await World.create(t, { expectedErrors: [/ERR_|Failed to load|status of 40/] });
    const { main } = await world.start();
    let isLost = false;
    world.issuer.tamper = (_, exchange) => {
        if (!isLost && exchange.path === world.tokenPath && exchange.method === "POST") {
            isLost = true;
            return "reset";
        }
    };
    const renew = () => world.page.evaluate(() => window.harness.loggedIn().renewTokens().then(() => undefined, window.harness.failureOf));
    // Refused, if the browser itself has sent the same request again.
    assert.ok(["token_unreachable", "token_refused"].includes((await renew())?.code));
    const mark = world.issuer.mark();
    // The old refresh token is refused, and the page finds the session that the server still has.
    const outcomes = await world.leave(() => void window.harness.loggedIn().renewTokens());
    assert.equal(outcomes.main.isUserLoggedIn, true);
    assert.equal(outcomes.main.sub, main.sub);
    assert.ok(world.tokenRequests(mark).length <= 2);
});
