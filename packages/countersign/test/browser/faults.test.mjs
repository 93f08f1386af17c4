/** What goes wrong on the way: connections that are reset, servers that are away, storage that is cleared, other tabs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const NETWORK_ERRORS = [/ERR_|Failed to load/];

test("a call whose connection is reset fails as the platform's own, and the next one works", async t => {
    const world = await World.create(t, { expectedErrors: NETWORK_ERRORS });
    await world.start();
    const { accessToken } = await world.tokens();
    const url = `${world.api.origin}/api/notes`;
    const call = { url, method: "POST", body: { kind: "json", value: { text: "once" } } };
    for (const transport of ["fetch", "xhr"]) {
        world.api.tamper = (_, exchange) => (exchange.method === "POST" ? "reset" : undefined);
        const mark = world.api.mark();
        const failure = await world.page.evaluate(
            call => window.harness.call(call).then(() => undefined, window.harness.failureOf),
            { ...call, transport }
        );
        assert.equal(failure?.name, "TypeError");
        assert.ok(world.api.list({ since: mark, method: "POST" }).length >= 1);
        world.api.tamper = undefined;
        const next = world.api.mark();
        assert.equal((await world.call({ ...call, transport })).status, 201);
        await assertBoundCall(world.api.list({ since: next }).at(-1), accessToken);
    }
});

test("a token endpoint that resets the connection is a typed error, and a later renewal works", async t => {
    const world = await World.create(t, { expectedErrors: NETWORK_ERRORS });
    await world.start();
    const before = await world.tokens();
    world.issuer.tamper = (_, exchange) => (exchange.path === world.tokenPath ? "reset" : undefined);
    const failure = await world.page.evaluate(() =>
        window.harness
            .loggedIn()
            .renewTokens()
            .then(() => undefined, window.harness.failureOf)
    );
    assert.equal(failure?.code, "token_unreachable", JSON.stringify(failure));
    world.issuer.tamper = undefined;
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200, "the tokens are as they were");
    assert.equal((await world.tokens()).accessToken, before.accessToken);
});

test("rc9_all_storage_cleared_while_the_page_is_open_changes_nothing", async t => {
    const world = await World.create(t);
    await world.start();
    await world.page.evaluate(async () => {
        localStorage.clear();
        sessionStorage.clear();
        for (const { name } of await indexedDB.databases()) {
            await new Promise(resolve => {
                const request = indexedDB.deleteDatabase(name);
                request.onsuccess = request.onerror = request.onblocked = resolve;
            });
        }
    });
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await world.renew();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
});

test("rc12_a_redirect_on_the_same_origin_gets_a_proof_for_the_final_url", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    const { accessToken } = await world.tokens();
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        const result = await world.call({ url: `${world.api.origin}/api/redirect?to=/api/me`, transport });
        assert.equal(result.status, 200, result.text);
        assert.equal(result.url, `${world.api.origin}/api/me`);
        const exchanges = world.api.list({ since: mark });
        assert.deepEqual(exchanges.map(String), [
            "GET /api/redirect?to=/api/me -> 302",
            "GET /api/me -> 401",
            "GET /api/me -> 200"
        ]);
        await assertBoundCall(exchanges[0], accessToken);
        await assertBoundCall(exchanges[2], accessToken);
    }
});

test("s4_no_key_can_be_exported_and_none_is_within_reach_of_a_script", async t => {
    const noteKeys = () => {
        if (!isSecureContext) {
            return; // The empty page that each test begins with.
        }
        window.generated = [];
        const native = SubtleCrypto.prototype.generateKey;
        SubtleCrypto.prototype.generateKey = function (algorithm, extractable, usages) {
            window.generated.push({ algorithm, extractable, usages });
            return native.call(this, algorithm, extractable, usages);
        };
    };
    const world = await World.create(t, { initScripts: [noteKeys] });
    await world.open();
    const before = await world.page.evaluate(() => window.generated);
    await world.logIn();
    await world.open();
    const keys = [...before, ...(await world.page.evaluate(() => window.generated))];
    assert.ok(keys.length >= 1);
    for (const { algorithm, extractable, usages } of keys) {
        assert.deepEqual([algorithm.name, algorithm.namedCurve, extractable], ["ECDSA", "P-256", false]);
        assert.ok(usages.includes("sign"));
    }
    const reachable = await world.page.evaluate(() => {
        const found = [];
        const seen = new Set();
        const visit = (value, path, depth) => {
            if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value) || depth > 4) {
                return;
            }
            seen.add(value);
            if (value instanceof CryptoKey) {
                found.push(path);
                return;
            }
            for (const name of Reflect.ownKeys(value)) {
                // Not accessors: reading one on a prototype is an error of its own.
                visit(Reflect.getOwnPropertyDescriptor(value, name)?.value, `${path}.${String(name)}`, depth + 1);
            }
        };
        visit(window.harness.loggedIn(), "oidc", 0);
        visit(window, "window", 1);
        return found;
    });
    assert.deepEqual(reachable, []);
});

test("a logout in one tab logs the other out, and its key is gone", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 40[01]/] });
    await world.start();
    const other = await world.context.newPage();
    await other.goto(world.app.origin);
    await other.waitForFunction(() => window.harness?.outcomes !== undefined, undefined, { polling: 20 });
    assert.equal(await other.evaluate(() => window.harness.outcomes.main.isUserLoggedIn), true);
    await world.logOut();
    await other.waitForFunction(() => window.harness?.outcomes?.main.isUserLoggedIn === false, undefined, { polling: 20 });
});

test("two tabs that log in at the same time both end logged in, each with its own key", async t => {
    const world = await World.create(t);
    const other = await world.context.newPage();
    await other.goto(world.app.origin);
    await world.open();
    await other.waitForFunction(() => window.harness?.outcomes !== undefined, undefined, { polling: 20 });
    for (const page of [world.page, other]) {
        await page.evaluate(() => void window.harness.login());
        await page.getByRole("button", { name: /alice/i }).waitFor();
    }
    const [first, second] = world.authorizationRequests().filter(request => request.query().prompt === undefined);
    assert.notEqual(first.query().dpop_jkt, second.query().dpop_jkt);
    for (const page of [world.page, other]) {
        await page.getByRole("button", { name: /alice/i }).click();
        await page.waitForFunction(() => window.harness?.outcomes?.main.isUserLoggedIn === true, undefined, { polling: 20 });
    }
    const jkts = await Promise.all(world.tokenRequests().map(async request => (await assertProof(request)).jkt));
    assert.ok(jkts.includes(first.query().dpop_jkt) && jkts.includes(second.query().dpop_jkt));
});
