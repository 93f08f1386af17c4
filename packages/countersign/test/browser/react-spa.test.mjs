/** `countersign/react-spa` with real logins, in React 18 and 19 under StrictMode: hooks, gates, and TanStack Router. */
import assert from "node:assert/strict";
import path from "node:path";
import { before } from "node:test";
import { build } from "vite";
import { oidcSpa } from "countersign/vite-plugin";
import { AppServer } from "./harness/app-server.mjs";
import { apps, repository } from "./harness/paths.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const versions = { 18: path.join(repository, "xtask/react-18/node_modules"), 19: path.join(repository, "node_modules") };
const built = version => path.join(repository, "target/browser-apps", `react-${version}`);

before(async () => {
    for (const [version, modules] of Object.entries(versions)) {
        const alias = Object.fromEntries(["react", "react-dom"].map(name => [name, path.join(modules, name)]));
        await build({
            root: path.join(apps, "react"),
            configFile: false,
            logLevel: "error",
            plugins: [oidcSpa({ DPoP: { enabled: true, mode: "auto" }, browserRuntimeFreeze: { enabled: true } })],
            resolve: { alias },
            build: { outDir: built(version), emptyOutDir: true, reportCompressedSize: false, minify: false }
        });
    }
});

const open = async (t, version, options) => World.create(t, { app: await AppServer.start(built(version)), ...options });
const text = (world, id) => world.page.locator(id).textContent();
const shows = (world, what) => world.page.getByText(what, { exact: true }).waitFor();
const click = (world, name) => world.page.getByRole("button", { name, exact: true }).click();
const counts = world => world.page.evaluate(() => ({ ...window.app.counts }));

for (const version of Object.keys(versions)) {
    test(`React ${version}: components wait for the client, log in, call an API with DPoP, and log out`, async t => {
        const world = await open(t, version);
        await world.page.goto(`${world.app.origin}/hooks?here`);
        await shows(world, "no claims");
        assert.match(await world.page.evaluate(() => window.app.getOidc({ assert: "user logged in" }).catch(error => error.message)), /^countersign: the app asserts "user logged in", but the user is not logged in\.$/);
        await click(world, "Log in");
        await world.chooseUser();
        await shows(world, "claims of alice");
        assert.equal(world.page.url(), `${world.app.origin}/hooks?here`);

        const mark = world.api.mark();
        const [token, status] = await world.page.evaluate(async url => {
            const oidc = await window.app.getOidc({ assert: "user logged in" });
            const accessToken = await oidc.getAccessToken();
            return [accessToken, (await fetch(url, { headers: { Authorization: `Bearer ${accessToken}` } })).status];
        }, `${world.api.origin}/api/me`);
        assert.equal(status, 200);
        await assertBoundCall(world.api.list({ since: mark })[0], token);
        assert.equal(await world.page.evaluate(async () => (await window.app.getOidc()) === (await window.app.getOidc())), true);

        await world.page.reload();
        await shows(world, "claims of alice");
        await click(world, "Log out");
        await shows(world, "no claims");
        assert.equal(world.page.url(), `${world.app.origin}/hooks?out`);
    });

    test(`React ${version}: a component is rendered again for what it reads, and for nothing else`, async t => {
        const world = await open(t, version);
        await world.page.goto(`${world.app.origin}/hooks`);
        await click(world, "Log in");
        await world.chooseUser();
        await shows(world, "user alice alice 1");
        const before = await counts(world);
        assert.equal(before.createUser, 1, "StrictMode renders twice, and nothing is done twice");

        // A renewal brings the same claims: nobody has to know.
        const renewed = await world.page.evaluate(async () => {
            const oidc = await window.app.getOidc();
            const seen = [];
            const { unsubscribeFromAccessTokenRotation } = oidc.subscribeToAccessTokenRotation(token => seen.push(token));
            oidc.subscribeToDecodedIdTokenChange(() => seen.push("claims"));
            const first = await oidc.getAccessToken();
            await oidc.renewTokens();
            unsubscribeFromAccessTokenRotation();
            await oidc.renewTokens();
            return [seen.length, seen[0] !== first, typeof seen[0]];
        });
        assert.deepEqual(renewed, [1, true, "string"]);
        assert.deepEqual(await counts(world), before);

        await world.page.locator("#user").click();
        await shows(world, "user alice alice 2");
        const after = await counts(world);
        assert.deepEqual([after.Status, after.Claims, after.Countdown], [before.Status, before.Claims, before.Countdown]);
        assert.ok(after.UserOfApp > before.UserOfApp);
        assert.equal(after.createUser, 2);
        const { user, user_previous } = await world.page.evaluate(async () => {
            const { subscribeToUserChange, refreshUser } = await (await window.app.getOidc()).getUser();
            const change = new Promise(subscribeToUserChange);
            await refreshUser();
            return change;
        });
        assert.deepEqual([user.number, user_previous.number], [3, 2]);
        const userinfo = world.issuer.list({ path: "/userinfo", method: "GET" });
        assert.equal(userinfo.length, 3);
        assert.match(userinfo[0].header("Authorization"), /^DPoP /);
    });

    test(`React ${version}: the state of the automatic logout is there while the user is inactive`, async t => {
        const world = await open(t, version, { params: { main: { idleSessionLifetimeInSeconds: 60, warnUserSecondsBeforeAutoLogout: 55 } } });
        await world.page.goto(`${world.app.origin}/hooks`);
        await click(world, "Log in");
        await world.chooseUser();
        await shows(world, "no warning");
        const before = await counts(world);
        await world.page.getByText(/^5\d seconds$/).waitFor();
        const states = world.page.evaluate(async () => {
            const { subscribeToAutoLogoutState } = await window.app.getOidc();
            const states = [];
            return new Promise(resolve => {
                const { unsubscribeFromAutoLogoutState } = subscribeToAutoLogoutState(state => {
                    states.push(state.shouldDisplayWarning);
                    if (!state.shouldDisplayWarning) {
                        unsubscribeFromAutoLogoutState();
                        resolve(states);
                    }
                });
            });
        });
        await world.page.getByText(/^5[0-4] seconds$/).waitFor();
        await world.page.mouse.move(10, 10);
        await shows(world, "no warning");
        const seen = await states;
        assert.deepEqual([seen[0], seen.at(-1)], [true, false]);
        const after = await counts(world);
        assert.ok(after.Countdown >= before.Countdown + 2);
        assert.deepEqual([after.Status, after.Claims, after.UserOfApp], [before.Status, before.Claims, before.UserOfApp]);
    });

    test(`React ${version}: a component that needs a login leaves the page once it is shown, and says what keeps it`, async t => {
        const world = await open(t, version, { expectedErrors: [/asserts "user logged in"/, /error occurred/, /Failed to load resource/, /net::ERR/] });
        await world.page.goto(`${world.app.origin}/hooks`);
        await click(world, "wrong");
        assert.equal(await text(world, "#error"), 'countersign: the app asserts "user logged in", but the user is not logged in.');
        await click(world, "hidden");
        await world.page.locator("#fallback").waitFor();
        const left = world.issuer.mark();
        await click(world, "private");
        await world.chooseUser();
        await shows(world, "claims of alice");
        assert.equal(world.authorizationRequests(left).filter(request => request.query().prompt !== "none").length, 1, "once, under StrictMode too");
        await click(world, "private");
        assert.equal(await text(world, "#private"), "only for alice");
    });

    test(`React ${version}: with autoLogin the app is logged in, or the gate shows the error`, async t => {
        const world = await open(t, version, { expectedErrors: [/Failed to load resource/, /net::ERR/] });
        await world.page.goto(`${world.app.origin}/auto`);
        await world.chooseUser();
        assert.equal(await text(world, "#who"), "alice");
        assert.equal(await world.page.evaluate(async () => (await window.app.getOidc()).getDecodedIdToken().sub), "alice");

        await world.page.goto(`${world.app.origin}/auto?without-user`);
        await world.page.locator("#error").waitFor();
        assert.equal(await text(world, "#error"), "unexpected false there is no such user");

        await world.stopIdp();
        await world.page.reload();
        await world.page.locator("#error").waitFor();
        assert.match(await text(world, "#error"), /^discovery_unreachable true countersign: /);
        assert.equal(await world.page.evaluate(() => window.app.getOidc().catch(error => error.code)), "discovery_unreachable");
        await world.startIdp();
    });

    test(`React ${version}: TanStack Router's beforeLoad enforces the login, comes back to the route, and only preloads without one`, async t => {
        const world = await open(t, version);
        await world.page.goto(`${world.app.origin}/tanstack`);
        await world.page.getByRole("heading", { name: "Home" }).waitFor();
        await world.page.getByRole("link", { name: "Private" }).hover();
        await world.page.waitForFunction(() => window.app.preloads.includes("preload"));
        await world.page.getByRole("link", { name: "Private" }).click();
        await world.chooseUser();
        await world.page.getByRole("heading", { name: "Private of alice, me" }).waitFor();
        assert.equal(world.page.url(), `${world.app.origin}/tanstack/private?tab=me`);
    });
}
