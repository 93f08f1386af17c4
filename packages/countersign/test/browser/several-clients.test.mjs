/** Several clients of one page whose sessions are restored by redirects of the page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const REDIRECT = { sessionRestorationMethod: "full page redirect" };

const worldOf = (t, more = {}, params = {}) => {
    const clients = more.clients ?? ["main", "second"];
    return World.create(t, {
        clients,
        apis: clients.length,
        ...more,
        params: Object.fromEntries(clients.map(id => [id, { ...REDIRECT, ...params }]))
    });
};

/** Logs each client in; returns how they settle. */
async function logAllIn(world, clients = ["main", "second"]) {
    await world.open("/notes?x=1#y");
    let outcomes;
    for (const client of clients) {
        await world.page.evaluate(name => void window.harness.login(name), client);
        // The server knows the user after the first login.
        if (client === clients[0]) {
            await world.chooseUser();
        }
        await world.page.waitForFunction(
            name => window.harness?.outcomes?.[name].isUserLoggedIn,
            client,
            { polling: 20 }
        );
        outcomes = await world.settled();
    }
    return outcomes;
}

const areLoggedIn = outcomes => Object.values(outcomes).map(outcome => outcome.isUserLoggedIn);

/** Asserts that both have keys and tokens of their own, which work. */
async function assertCallsWork(world, clients = ["main", "second"]) {
    const jkts = new Set();
    for (const [index, client] of clients.entries()) {
        const { accessToken } = await world.tokens(client);
        const api = world.apis[index];
        const mark = api.mark();
        assert.equal((await world.call({ url: `${api.origin}/api/me` }, client)).status, 200);
        await assertBoundCall(api.list({ since: mark })[0], accessToken);
        jkts.add(decodeJwt(accessToken).cnf.jkt);
    }
    assert.equal(jkts.size, clients.length);
}

const storage = world =>
    world.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));

for (const isOneByOne of [false, true]) {
    const how = isOneByOne ? "one after the other" : "together";
    test(`two clients on one page, created ${how}: both are restored after a reload by full-page redirects`, async t => {
        const world = await worldOf(t);
        world.app.config.isOneByOne = isOneByOne;
        assert.deepEqual(areLoggedIn(await logAllIn(world)), [true, true], "the login of the second does not log the first out");
        assert.equal(world.page.url(), `${world.app.origin}/notes?x=1#y`);
        const mark = world.issuer.mark();
        await world.page.reload({ waitUntil: "commit" });
        assert.deepEqual(areLoggedIn(await world.settled()), [true, true]);
        assert.equal(world.page.url(), `${world.app.origin}/notes?x=1#y`);
        const requests = world.authorizationRequests(mark);
        assert.ok(requests.every(exchange => exchange.query().prompt === "none" && exchange.header("Sec-Fetch-Dest") === "document"));
        assert.equal(requests.length, isOneByOne ? 3 : 2);
        if (!isOneByOne) {
            assert.equal(world.tokenRequests(mark).length, 2, "each code is redeemed once");
        }
        await assertCallsWork(world);
        assert.doesNotMatch(await storage(world), /"(code|held)|eyJ/, "no code and no token is left in storage");
    });
}

test("three clients on one page are restored by three redirects", async t => {
    const clients = ["main", "second", "third"];
    const world = await worldOf(t, { clients });
    assert.deepEqual(areLoggedIn(await logAllIn(world, clients)), [true, true, true]);
    const mark = world.issuer.mark();
    await world.page.reload({ waitUntil: "commit" });
    assert.deepEqual(areLoggedIn(await world.settled()), [true, true, true]);
    assert.equal(world.authorizationRequests(mark).length, 3);
    await assertCallsWork(world, clients);
});

for (const isOneByOne of [false, true]) {
    test(`two clients with autoLogin on one page end logged in (${isOneByOne ? "one after the other" : "together"})`, async t => {
        const world = await worldOf(t, {}, { autoLogin: true });
        world.app.config.isOneByOne = isOneByOne;
        await world.page.goto(`${world.app.origin}/notes`, { waitUntil: "commit" });
        await world.chooseUser();
        assert.deepEqual(areLoggedIn(await world.settled()), [true, true]);
        assert.equal(world.page.url(), `${world.app.origin}/notes`);
        await assertCallsWork(world);
        assert.ok(world.authorizationRequests().length <= 3);
        await world.page.reload({ waitUntil: "commit" });
        assert.deepEqual(areLoggedIn(await world.settled()), [true, true]);
    });
}

test("what goToAuthServer of one client came back with is told when the other has been restored", async t => {
    const world = await worldOf(t);
    await logAllIn(world);
    const outcomes = await world.leave(
        () => void window.harness.loggedIn("second").goToAuthServer({ extraQueryParams: { kc_action: "x" }, redirectUrl: "/profile" })
    );
    assert.deepEqual(areLoggedIn(outcomes), [true, true]);
    assert.equal(world.page.url(), `${world.app.origin}/profile`);
    assert.deepEqual(
        await world.page.evaluate(() => ["main", "second"].map(name => window.harness.loggedIn(name).backFromAuthServer ?? null)),
        [null, { extraQueryParams: { kc_action: "x" }, result: {} }]
    );
});

test("a session that is over ends logged out, and the other client's response is not lost", async t => {
    const world = await worldOf(t);
    await logAllIn(world);
    // The server does not know the second client's user.
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === world.authorizationPath && exchange.query().client_id === "second") {
            response.headers = response.headers.map(([key, value]) =>
                key.toLowerCase() === "location" ? [key, value.replace(/code=[^&]*/, "error=login_required")] : [key, value]
            );
        }
    };
    const mark = world.issuer.mark();
    await world.page.reload({ waitUntil: "commit" });
    assert.deepEqual(areLoggedIn(await world.settled()), [true, false]);
    assert.equal(world.authorizationRequests(mark).length, 2);
});

test("a code that was too old when all others were there is asked for once more", async t => {
    const world = await worldOf(t, { expectedErrors: [/status of 400/] });
    await logAllIn(world);
    let refused = 0;
    world.issuer.tamper = (response, exchange) => {
        // The other client was asked for last.
        const isHeld = () => exchange.form().client_id !== world.authorizationRequests().at(-1).query().client_id;
        if (exchange.method === "POST" && exchange.path === world.tokenPath && isHeld() && refused++ === 0) {
            response.status = 400;
            response.body = Buffer.from(JSON.stringify({ error: "invalid_grant" }));
        }
    };
    await world.page.reload({ waitUntil: "commit" });
    assert.deepEqual(areLoggedIn(await world.settled()), [true, true]);
    assert.ok(refused > 0);
});

test("responses that a script has put into the record stop no one", async t => {
    const world = await worldOf(t);
    await logAllIn(world);
    await world.context.addInitScript(() => {
        const text = sessionStorage.getItem("countersign");
        if (text && !localStorage.getItem("done")) {
            localStorage.setItem("done", "1");
            const record = JSON.parse(text);
            const forged = { client: record.client.replace(/main|second/, name => (name === "main" ? "second" : "main")), state: "cs.x", url: "/" };
            record.held = [null, 7, {}, { record: null, response: [] }, { record: {}, response: 1 }, { record: forged, response: [["code", "1"], ["state", "cs.x"]] }];
            sessionStorage.setItem("countersign", JSON.stringify(record));
        }
    });
    const mark = world.issuer.mark();
    await world.page.reload({ waitUntil: "commit" });
    assert.deepEqual(areLoggedIn(await world.settled()), [true, true]);
    // The other client's request was begun again, and the first one's after it.
    assert.equal(world.authorizationRequests(mark).length, 3);
    assert.equal(world.tokenRequests(mark).length, 3, "nothing forged reached the token endpoint");
});

test("clients whose sessionStorage does not outlive a redirect are not sent round and round", async t => {
    const world = await worldOf(t);
    await logAllIn(world);
    await world.context.addInitScript(() => addEventListener("pagehide", () => sessionStorage.clear()));
    const mark = world.issuer.mark();
    await world.page.reload({ waitUntil: "commit" });
    await world.settled();
    await new Promise(resolve => setTimeout(resolve, 1_000));
    assert.equal(world.authorizationRequests(mark).length, 1);
});
