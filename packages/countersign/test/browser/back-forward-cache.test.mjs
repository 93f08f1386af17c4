/**
 * The back button brings a page back as it was left, with its promises: none of them may hang. Chromium is started
 * with its back/forward cache here, which Playwright turns off; Firefox always has it.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch } from "./harness/drivers/index.mjs";
import { World } from "./harness/world.mjs";

let launching;
after(async () => (await launching)?.close());

/** As `World.create`; sessions are restored and tokens renewed by redirects of the page. */
async function createWorld(t) {
    const world = await World.create(t, {
        idp: ["--no-refresh-tokens"],
        params: { main: { sessionRestorationMethod: "full page redirect" } }
    });
    // A page that must not be stored is not kept either.
    world.app.headers["Cache-Control"] = "no-cache";
    launching ??= launch({ backForwardCache: true });
    const context = await (await launching).newContext();
    t.after(() => context.close());
    context.setDefaultTimeout(15_000);
    await context.addInitScript(() => {
        window.returns = 0;
        addEventListener("pageshow", ({ persisted }) => (window.returns += persisted));
    });
    world.context = context;
    world.page = await context.newPage();
    return world;
}

const atLoginPage = world => world.page.getByRole("button", { name: /alice/i }).waitFor();
const goBack = world => world.page.goBack({ waitUntil: "commit" });
const hasReturned = world =>
    world.page.waitForFunction(() => window.returns > 0, undefined, { polling: 20 });

test("back from the login page, the app can go there again", async t => {
    const world = await createWorld(t);
    await world.open();
    for (let round = 0; round < 2; round++) {
        await world.page.evaluate(() => {
            // A page that is left before it is loaded has its first `pageshow` while it is being left.
            const ticking = setInterval(() => dispatchEvent(new PageTransitionEvent("pageshow")), 1);
            addEventListener("pageshow", ({ persisted }) => persisted && clearInterval(ticking));
            window.returns = 0;
            void window.harness.login();
        });
        await atLoginPage(world);
        await goBack(world);
        await hasReturned(world);
    }
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
});

test("back from goToAuthServer, the session goes on", async t => {
    const world = await createWorld(t);
    await world.start();
    await world.page.evaluate(
        () => void window.harness.loggedIn().goToAuthServer({ extraQueryParams: { prompt: "login" } })
    );
    await atLoginPage(world);
    await goBack(world);
    await hasReturned(world);
    assert.match((await world.tokens()).accessToken, /^ey/);
});

test("back from a renewal by redirect, the page starts anew with its session", async t => {
    const world = await createWorld(t);
    await world.start();
    const mark = world.issuer.mark();
    await world.leave(() => void window.harness.loggedIn().renewTokens());
    assert.equal(world.tokenRequests(mark).length, 1);
    await world.page.evaluate(() => (window.isRenewed = true));
    await goBack(world);
    await world.page.waitForFunction(
        () => !window.isRenewed && !window.isOld && window.harness?.outcomes?.main.isUserLoggedIn,
        undefined,
        { polling: 20 }
    );
    assert.match((await world.tokens()).accessToken, /^ey/);
});
