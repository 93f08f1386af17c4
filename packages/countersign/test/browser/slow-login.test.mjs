/** Users who stay at the login page for long: the login is not lost, however long it was. */
import assert from "node:assert/strict";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const HOUR = 3_600_000;

const METHODS = ["iframe", "full page redirect"];

const worldOf = (t, main = {}, options = {}) => World.create(t, { params: { main }, ...options });

/** Opens the app, goes to the login page, and lets `milliseconds` pass there. The clock is right afterwards. */
async function stayAtLoginPage(world, milliseconds) {
    await world.page.clock.install({ time: Date.now() - milliseconds });
    await world.page.goto(`${world.app.origin}/notes?x=1#y`, { waitUntil: "commit" });
    if (world.app.config.clients.main.autoLogin !== true) {
        await world.settled();
        await world.page.evaluate(() => void window.harness.login());
    }
    await world.page.getByRole("button", { name: /alice/i }).waitFor();
    await world.page.clock.fastForward(milliseconds);
}

/** Chooses a user at the login page, and returns how the app settles in the end. */
async function finish(world) {
    await world.chooseUser();
    await world.page.waitForURL(`${world.app.origin}/**`);
    return (await world.settled()).main;
}

/** Asserts that the user is logged in where the login began, and that calls are bound. */
async function assertLoggedIn(world, outcome) {
    assert.equal(outcome.isUserLoggedIn, true, JSON.stringify(outcome));
    assert.equal(world.page.url(), `${world.app.origin}/notes?x=1#y`);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], (await world.tokens()).accessToken);
}

const isAsked = exchange => exchange.query().prompt !== "none";

for (const sessionRestorationMethod of METHODS) {
    test(`fifty minutes at the login page end logged in, with the key of the request (${sessionRestorationMethod})`, async t => {
        const world = await worldOf(t, { sessionRestorationMethod });
        await stayAtLoginPage(world, (HOUR * 5) / 6);
        await assertLoggedIn(world, await finish(world));
        const [authorization, ...others] = world.authorizationRequests().filter(isAsked);
        assert.deepEqual(others, []);
        const [redemption, ...more] = world.tokenRequests();
        assert.deepEqual(more, []);
        assert.equal((await assertProof(redemption)).jkt, authorization.query().dpop_jkt);
    });

    for (const autoLogin of [false, true]) {
        test(`two hours at the login page: one new login begins by itself (${sessionRestorationMethod}, autoLogin: ${autoLogin})`, async t => {
            const world = await worldOf(t, { sessionRestorationMethod, autoLogin });
            await stayAtLoginPage(world, 2 * HOUR);
            const mark = world.issuer.mark();
            await assertLoggedIn(world, await finish(world));
            const requests = world.authorizationRequests(mark);
            assert.equal(requests.length, 1, requests.join());
            assert.equal(requests[0].header("Sec-Fetch-Dest"), sessionRestorationMethod === "iframe" ? "iframe" : "document");
            assert.deepEqual(await world.page.evaluate(() => indexedDB.databases().then(all => all.map(({ name }) => name))), ["countersign"]);
        });
    }
}

test("a second login in a row whose record is gone is an error, and the next one works", async t => {
    const world = await worldOf(t, { sessionRestorationMethod: "full page redirect" });
    await world.open("/notes");
    await world.context.addInitScript(() => {
        // The browser evicts IndexedDB while the page is left, and keeps sessionStorage.
        if (location.search.includes("code=") && !localStorage.getItem("works")) {
            const { get } = IDBObjectStore.prototype;
            IDBObjectStore.prototype.get = function () {
                return get.call(this, "evicted");
            };
        }
    });
    const mark = world.issuer.mark();
    await world.page.evaluate(() => void window.harness.login());
    const outcome = await finish(world);
    assert.equal(world.authorizationRequests(mark).length, 2);
    assert.equal(outcome.isUserLoggedIn, false);
    assert.equal(outcome.initializationError?.code, "flow_unknown");
    assert.equal(world.page.url(), `${world.app.origin}/notes`);
    await world.page.evaluate(() => localStorage.setItem("works", "1"));
    await world.page.evaluate(() => void window.harness.login());
    await world.page.waitForFunction(() => window.harness?.outcomes?.main.isUserLoggedIn, undefined, { polling: 20 });
});

test("autoLogin: a second login in a row whose record is gone rejects, and does not go round and round", async t => {
    const world = await worldOf(t, { sessionRestorationMethod: "full page redirect", autoLogin: true });
    await world.context.addInitScript(() => {
        const { get } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.get = function () {
            return get.call(this, "evicted");
        };
    });
    await world.page.goto(world.app.origin, { waitUntil: "commit" });
    const outcome = await finish(world);
    assert.equal(outcome.rejected?.code, "flow_unknown");
    assert.equal(world.authorizationRequests().length, 2);
});

test("a slow login after a logout that the server does not know of asks the user once", async t => {
    const world = await worldOf(t, { sessionRestorationMethod: "full page redirect" });
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === "/.well-known/openid-configuration") {
            const { end_session_endpoint, ...metadata } = JSON.parse(response.body.toString());
            response.body = Buffer.from(JSON.stringify(metadata));
        }
    };
    await world.start();
    await world.logOut();
    await stayAtLoginPage(world, 2 * HOUR);
    const mark = world.issuer.mark();
    assert.equal(world.authorizationRequests().at(-1).query().prompt, "login");
    assert.equal((await finish(world)).isUserLoggedIn, true);
    assert.deepEqual(world.authorizationRequests(mark).map(exchange => exchange.query().prompt), [undefined]);
});

for (const autoLogin of [false, true]) {
    test(`a login that has expired at the server, which says so, begins again by itself (autoLogin: ${autoLogin})`, async t => {
        const world = await worldOf(t, { sessionRestorationMethod: "full page redirect", autoLogin });
        // Keycloak, to a user who is logged in by now.
        let times = 1;
        world.issuer.tamper = response => {
            response.headers = response.headers.map(([key, value]) => {
                if (key.toLowerCase() !== "location" || !value.includes("code=") || times-- <= 0) {
                    return [key, value];
                }
                const url = new URL(value);
                url.searchParams.delete("code");
                url.searchParams.set("error", "temporarily_unavailable");
                url.searchParams.set("error_description", "authentication_expired");
                return [key, url.href];
            });
        };
        await world.page.goto(`${world.app.origin}/notes`, { waitUntil: "commit" });
        if (!autoLogin) {
            await world.settled();
            await world.page.evaluate(() => void window.harness.login());
        }
        const outcome = await finish(world);
        assert.equal(outcome.isUserLoggedIn, true, JSON.stringify(outcome));
        assert.equal(world.authorizationRequests().length, 2);
        assert.equal(world.page.url(), `${world.app.origin}/notes`);
        // The second in a row is an error.
        times = 2;
        await world.page.evaluate(() => void window.harness.loggedIn().logout({ redirectTo: "home" }));
        if (!autoLogin) {
            await world.page.waitForFunction(() => window.harness?.outcomes?.main.isUserLoggedIn === false, undefined, { polling: 20 });
            await world.page.evaluate(() => void window.harness.login());
        }
        const { initializationError, rejected } = await finish(world);
        assert.equal((initializationError ?? rejected)?.code, "authorization_error");
    });
}
