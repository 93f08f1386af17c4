/**
 * How `sessionRestorationMethod: "auto"` finds a session again: by the iframe, or by one redirect if
 * the iframe cannot find it, and which of them the next load begins with.
 */
import assert from "node:assert/strict";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

/** The iframe has ten seconds to answer. */
const PATIENCE_MILLISECONDS = 40_000;

/** Loads the app again. Returns how it settled, and where it asked for a session: `Sec-Fetch-Dest`, in order. */
async function reload(world, path) {
    const mark = world.issuer.mark();
    const { main } = await world.open(path);
    const asked = world.authorizationRequests(mark);
    assert.ok(asked.every(request => request.query().prompt === "none"));
    return { isUserLoggedIn: main.isUserLoggedIn, asked: asked.map(request => request.header("Sec-Fetch-Dest")) };
}

const inIframe = { isUserLoggedIn: true, asked: ["iframe"] };
const byRedirect = { isUserLoggedIn: true, asked: ["document"] };
const byBoth = { isUserLoggedIn: true, asked: ["iframe", "document"] };
const nobody = { isUserLoggedIn: false, asked: ["iframe"] };

/** The authorization server knows nobody in an iframe, as where the browser keeps its cookies from it. */
function knowNobodyInIframes(world) {
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path !== world.authorizationPath || exchange.header("Sec-Fetch-Dest") !== "iframe") {
            return;
        }
        const { redirect_uri, state } = exchange.query();
        const parameters = new URLSearchParams({ error: "login_required", state, iss: world.issuer.origin });
        response.status = 302;
        response.headers = [["Location", `${redirect_uri}?${parameters}`], ["Content-Length", "0"]];
        response.body = Buffer.alloc(0);
    };
}

test("cross-origin isolated: a reload restores the session by a redirect, and no iframe is waited for", async t => {
    const world = await World.create(t);
    world.app.headers = {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp"
    };
    await world.start();
    assert.equal(await world.page.evaluate(() => crossOriginIsolated), true);
    for (let load = 0; load < 2; load++) {
        assert.deepEqual(await reload(world, "/notes?sort=date"), byRedirect);
        assert.equal(world.page.url(), `${world.app.origin}/notes?sort=date`);
    }
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    assert.equal((await world.logOut()).main.isUserLoggedIn, false);
    assert.deepEqual(await reload(world), { isUserLoggedIn: false, asked: [] });
});

test("the iframe that is kept from answering is waited for once: the redirect follows, and the next load begins with it", async t => {
    const world = await World.create(t, { expectedErrors: [/frame/i] });
    world.context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    await world.start();
    world.app.headers = { "X-Frame-Options": "DENY" };
    assert.deepEqual(await reload(world), byBoth);
    assert.deepEqual(await reload(world), byRedirect);
    assert.equal((await world.logOut()).main.isUserLoggedIn, false);
    assert.deepEqual(await reload(world), { isUserLoggedIn: false, asked: [] });
});

test("public suffixes: where the browser keeps cookies from the iframe, one redirect restores the session, and the next load begins with it", async t => {
    // 127.0.0.1 and localhost are two sites, as shop.com.au and login.com.au are.
    const world = await World.create(t, { appHost: "127.0.0.1" });
    await world.start();
    assert.deepEqual(await reload(world), byBoth);
    assert.deepEqual(await reload(world), byRedirect);
    assert.deepEqual(await reload(world, "/notes"), byRedirect);
});

test("siblings of one site: the iframe finds the session, without a redirect", async t => {
    const hosts = { appHost: "www.app.localhost", issuerHost: "auth.app.localhost", apiHost: "api.app.localhost" };
    const world = await World.create(t, hosts);
    await world.start();
    assert.deepEqual(await reload(world), inIframe);
    assert.deepEqual(await reload(world), inIframe);
});

test("an iframe on the same host that knows nobody is followed by one redirect, too", async t => {
    const world = await World.create(t);
    await world.start();
    assert.deepEqual(await reload(world), inIframe);
    knowNobodyInIframes(world);
    assert.deepEqual(await reload(world), byBoth);
    assert.deepEqual(await reload(world), byRedirect);
});

test("the iframe gets another chance after a day, and is then preferred again", async t => {
    const world = await World.create(t);
    await world.start();
    knowNobodyInIframes(world);
    assert.deepEqual(await reload(world), byBoth);
    world.issuer.tamper = undefined;
    assert.deepEqual(await reload(world), byRedirect);
    await world.page.evaluate(() => {
        const name = Object.keys(localStorage).find(name => name.includes(" way "));
        localStorage.setItem(name, Number(localStorage.getItem(name)) - 24 * 3600_000);
    });
    assert.deepEqual(await reload(world), inIframe);
    assert.deepEqual(await reload(world), inIframe);
});

for (const appHost of ["localhost", "127.0.0.1"]) {
    test(`a session that is over costs one redirect, and the user is logged out (${appHost})`, async t => {
        const world = await World.create(t, { appHost });
        await world.start();
        await world.startIdp();
        assert.deepEqual(await reload(world, "/notes"), { isUserLoggedIn: false, asked: ["iframe", "document"] });
        assert.equal(world.page.url(), `${world.app.origin}/notes`);
        assert.deepEqual(await reload(world), nobody);
        assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    });
}

test("an explicit iframe is obeyed: it finds nobody, a warning says so, and no redirect follows", async t => {
    const params = { main: { sessionRestorationMethod: "iframe" } };
    const world = await World.create(t, { appHost: "127.0.0.1", params });
    const warnings = [];
    world.context.on("console", message => message.type() === "warning" && warnings.push(message.text()));
    await world.start();
    assert.deepEqual(await reload(world), nobody);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0], /the hidden iframe found no session, though there was one.*sessionRestorationMethod/);
    assert.deepEqual(await reload(world), nobody);
    assert.equal(warnings.length, 1, "without a hint there is nothing to warn of");
});

test("autoLogin where the iframe has no cookies: one iframe, and from then on the login's own redirect", async t => {
    const world = await World.create(t, { appHost: "127.0.0.1", params: { main: { autoLogin: true } } });
    const load = async () => {
        const mark = world.issuer.mark();
        await world.page.goto(world.app.origin);
        assert.equal((await world.settled()).main.isUserLoggedIn, true);
        return world.authorizationRequests(mark).map(request => [request.header("Sec-Fetch-Dest"), request.query().prompt]);
    };
    await world.page.goto(world.app.origin);
    await world.chooseUser();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.deepEqual(await load(), [["iframe", "none"], ["document", undefined]]);
    assert.deepEqual(await load(), [["document", undefined]]);
});

test("a redirect that came back without an answer says nothing: the next load asks again", async t => {
    const params = { main: { sessionRestorationMethod: "full page redirect" } };
    const world = await World.create(t, { params });
    await world.start();
    // The server shows a page instead, which the user leaves by the address bar.
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === world.authorizationPath) {
            response.status = 200;
            response.headers = [["Content-Type", "text/html"], ["Content-Length", "0"]];
            response.body = Buffer.from("<p>busy</p>");
        }
    };
    await world.page.goto(world.app.origin);
    await world.page.waitForURL(`${world.issuer.origin}/**`);
    world.issuer.tamper = undefined;
    assert.equal((await reload(world)).isUserLoggedIn, false);
    assert.deepEqual(await reload(world), byRedirect);
});

test("without refresh tokens, on another site: tokens are renewed by a redirect, and never behind the user's back", async t => {
    const world = await World.create(t, { appHost: "127.0.0.1", idp: ["--no-refresh-tokens", "--access-token-lifetime", "4"] });
    await world.start();
    await world.page.evaluate(() => (window.isSame = true));
    // The background renewal asks in the iframe, which knows nobody: that does not end the session.
    await world.issuer.waitFor(exchange => exchange.query().prompt === "none" && exchange.header("Sec-Fetch-Dest") === "iframe");
    await world.page.waitForFunction(() => Object.keys(localStorage).some(name => name.includes(" way ")), undefined, { polling: 20 });
    assert.equal(await world.page.evaluate(() => window.isSame), true);
    const outcomes = await world.leave(() => void window.harness.loggedIn().renewTokens());
    assert.equal(outcomes.main.isUserLoggedIn, true);
});
