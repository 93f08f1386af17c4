/**
 * The key ladder in browsers as they are: where a key can be stored it waits for the redirect, where it can't the login
 * goes without `dpop_jkt`, and the token is bound all the same. (`hostile-browser.test.mjs` makes any browser refuse.)
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { launch } from "./harness/drivers/index.mjs";
import { Unsupported } from "./harness/drivers/unsupported.mjs";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

/** Tries what the login needs: whether a key can be stored. In WebKit and private windows it depends on the version. */
const storesKeys = world =>
    world.page.evaluate(async () => {
        const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
        return new Promise(resolve => {
            const opening = indexedDB.open("test of the ladder", 1);
            opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
            opening.onerror = () => resolve(`open: ${opening.error.name}`);
            opening.onsuccess = () => {
                const end = outcome => {
                    opening.result.close();
                    indexedDB.deleteDatabase("test of the ladder");
                    resolve(outcome);
                };
                try {
                    const putting = opening.result.transaction("keys", "readwrite").objectStore("keys").put(privateKey, 1);
                    putting.onsuccess = () => end("stored");
                    putting.onerror = () => end(`put: ${putting.error.name}`);
                } catch (error) {
                    end(`put: ${error.name}`);
                }
            };
        });
    });

async function assertLadder(t, world) {
    await world.open();
    const outcome = await storesKeys(world);
    t.diagnostic(`a key in IndexedDB: ${outcome}`);
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    const { dpop_jkt } = world.authorizationRequests().at(-1).query();
    const [redemption, ...others] = world.tokenRequests();
    assert.equal(others.length, 0);
    const { jkt } = await assertProof(redemption);
    assert.equal(dpop_jkt, outcome === "stored" ? jkt : undefined);
    const { accessToken } = await world.tokens();
    assert.equal(decodeJwt(accessToken).cnf.jkt, jkt);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], accessToken);
    assert.equal((await world.open()).main.isUserLoggedIn, true, "a reload restores the session");
    return outcome;
}

test("c1_a_login_binds_the_code_where_this_browser_stores_keys_and_the_token_everywhere", async t => {
    await assertLadder(t, await World.create(t));
});

test("c1_in_a_private_window_the_token_is_bound_whatever_can_be_stored", async t => {
    const browser = await launch({ isPrivate: true });
    t.after(() => browser.close());
    const world = await World.create(t);
    // The world's own context stays empty.
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    world.page = await context.newPage();
    await assertLadder(t, world);
});

test("c1_storage_that_is_evicted_during_the_login_ends_typed_and_the_next_login_is_bound", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 40[04]/] });
    await world.open();
    const before = world.authorizationRequests().length;
    await world.page.evaluate(() => void window.harness.login());
    await world.page.getByRole("button", { name: /alice/i }).waitFor();
    // Another tab of the app, whose server has everything removed: as the browser does when space runs out.
    world.app.headers["Clear-Site-Data"] = '"storage"';
    const other = await world.context.newPage();
    await other.goto(`${world.app.origin}/evicted.js`);
    const isEvicted = await other.evaluate(async () => {
        const databases = await indexedDB.databases();
        return databases.length === 0;
    });
    delete world.app.headers["Clear-Site-Data"];
    await other.close();
    if (!isEvicted) {
        throw new Unsupported("this browser does not clear an origin's storage for Clear-Site-Data over http");
    }
    await world.chooseUser();
    await world.page.waitForURL(`${world.app.origin}/**`);
    const { main } = await world.settled();
    if (main.isUserLoggedIn !== true) {
        const failure = main.rejected ?? main.initializationError;
        assert.ok(failure === undefined || failure.code !== undefined, JSON.stringify(main));
        assert.deepEqual(world.tokenRequests(), [], "no code is redeemed by another key");
        assert.equal((await world.leave(() => void window.harness.login())).main.isUserLoggedIn, true);
    }
    assert.ok(world.authorizationRequests().length > before + 1, "one more login");
    const { jkt } = await assertProof(world.tokenRequests().at(-1));
    assert.equal(decodeJwt((await world.tokens()).accessToken).cnf.jkt, jkt);
});
