/** Options as apps give them: getters, callbacks that throw, numbers, `null`, `false`, a relative issuer. */
import assert from "node:assert/strict";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const LOGGED_OUT = { isUserLoggedIn: false };

/** Puts options in place that no JSON holds: `add` runs in the page, on those of the client `main`. */
async function openWith(world, add, argument) {
    await world.context.addInitScript(
        `(() => { const { parse } = JSON; window.reads = {};
            const { json } = Response.prototype;
            Response.prototype.json = async function () {
                const value = await json.call(this);
                if (value.clients) { (${add})(value.clients.main, ${JSON.stringify(argument)}); }
                return value;
            };
        })();`
    );
    return world.open();
}

const tryCreate = (world, add) =>
    // As text, because the page's policy may forbid to make functions.
    world.page.evaluate(`(async () => {
        const { clients } = await (await fetch("/config.json")).json();
        const { main } = clients;
        (${add})(main);
        return window.harness.createOidc(main).then(
            ({ isUserLoggedIn }) => isUserLoggedIn,
            ({ name, code, message, cause }) => ({ name, code, message, cause: cause && { name: cause.name, message: cause.message } })
        );
    })()`);

test("getters in extraQueryParams are read at each redirect, once, and not by createOidc", async t => {
    const world = await World.create(t, { params: { main: { sessionRestorationMethod: "full page redirect" } } });
    await openWith(world, options => {
        window.reads.dark = 0;
        options.extraQueryParams = {
            get dark() {
                return `read ${++window.reads.dark}`;
            },
            size: 7,
            none: null
        };
    });
    assert.equal(await world.page.evaluate(() => window.reads.dark), 0);
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    const { dark, size, none } = world.authorizationRequests().at(-1).query();
    assert.deepEqual({ dark, size, none }, { dark: "read 1", size: "7", none: undefined });
});

test("getters in extraTokenParams are read at each token request, once", async t => {
    const world = await World.create(t);
    await openWith(world, options => {
        window.reads.count = 0;
        options.extraTokenParams = {
            get count() {
                return ++window.reads.count;
            }
        };
    });
    await world.logIn();
    await world.renew();
    const [login, renewal] = world.tokenRequests();
    assert.equal(login.form().count, "1");
    // The page was loaded anew for the login's response.
    assert.equal(renewal.form().count, "2");
    const reads = await world.page.evaluate(async () => {
        let reads = 0;
        await window.harness.loggedIn().renewTokens({
            extraTokenParams: {
                get own() {
                    return ++reads;
                }
            }
        });
        return reads;
    });
    assert.equal(reads, 1);
    assert.equal(world.tokenRequests().at(-1).form().own, "1");
});

test("autoLogoutParams.url may be a getter, which is read when the user is logged out", async t => {
    const world = await World.create(t, { params: { main: { idleSessionLifetimeInSeconds: 20 } } });
    await world.page.clock.install();
    await openWith(world, options => {
        window.reads.url = 0;
        options.autoLogoutParams = {
            redirectTo: "specific url",
            get url() {
                window.reads.url++;
                return `/expired?return_url=${encodeURIComponent(location.pathname)}`;
            }
        };
    });
    await world.logIn();
    assert.equal(await world.page.evaluate(() => window.reads.url), 0);
    await world.page.clock.runFor(6_000);
    await world.page.waitForLoadState("networkidle");
    await world.page.clock.runFor(30_000);
    await world.issuer.waitFor(exchange => exchange.path === world.endSessionPath);
    await world.page.waitForURL("**/expired?return_url=%2F");
});

for (const [what, add, option] of [
    ["a getter of extraQueryParams", o => (o.extraQueryParams = { get a() { throw new RangeError("boom"); } }), "extraQueryParams"],
    ["extraQueryParams()", o => (o.extraQueryParams = () => { throw new RangeError("boom"); }), "extraQueryParams"],
    ["transformUrlBeforeRedirect()", o => (o.transformUrlBeforeRedirect = () => { throw new RangeError("boom"); }), "transformUrlBeforeRedirect"]
]) {
    test(`an error of ${what} is told as the app's, with its cause`, async t => {
        const world = await World.create(t, { params: { main: { sessionRestorationMethod: "full page redirect" } } });
        assert.deepEqual((await openWith(world, add)).main, LOGGED_OUT);
        const failure = await world.page.evaluate(() =>
            window.harness.login().catch(({ name, code, message, cause }) => ({ name, code, message, cause: [cause.name, cause.message] }))
        );
        assert.deepEqual(failure, {
            name: "OidcInitializationError",
            code: "callback_failed",
            message: `countersign: "${option}" that the app gave to createOidc() or its object threw an error (boom); see its cause.`,
            cause: ["RangeError", "boom"]
        });
    });
}

for (const [what, add, option] of [
    ["extraTokenParams()", o => (o.extraTokenParams = () => { throw new RangeError("boom"); }), "extraTokenParams"],
    ["decodedIdTokenSchema.parse()", o => (o.decodedIdTokenSchema = { parse() { throw new RangeError("boom"); } }), "decodedIdTokenSchema"],
    ["a getter of __metadata", o => (o.__metadata = { get a() { throw new RangeError("boom"); } }), "__metadata"]
]) {
    test(`an error of ${what} is the initializationError, with its cause`, async t => {
        const world = await World.create(t);
        let { main } = await openWith(world, add);
        if (option !== "__metadata") {
            ({ main } = await world.logIn());
        }
        assert.equal(main.isUserLoggedIn, false);
        assert.equal(main.initializationError?.code, "callback_failed");
        assert.ok(main.initializationError.message.startsWith(`countersign: "${option}" that`), main.initializationError.message);
        const cause = await world.page.evaluate(() => {
            const { cause } = window.harness.oidcs.get("main").initializationError;
            return [cause.name, cause.message];
        });
        assert.deepEqual(cause, ["RangeError", "boom"]);
    });
}

test("errors of what the app gives to the methods are told too", async t => {
    const world = await World.create(t);
    await world.start();
    const failures = await world.page.evaluate(async () => {
        const oidc = window.harness.loggedIn();
        const throws = {
            get extraTokenParams() { throw new RangeError("boom"); },
            get redirectTo() { throw new RangeError("boom"); },
            get redirectUrl() { throw new RangeError("boom"); }
        };
        const inner = { get a() { throw new RangeError("boom"); } };
        const failures = [];
        for (const call of [
            () => oidc.renewTokens(throws),
            () => oidc.logout(throws),
            () => oidc.goToAuthServer(throws),
            () => oidc.renewTokens({ extraTokenParams: inner }),
            () => oidc.goToAuthServer({ extraQueryParams: inner }),
            () => oidc.goToAuthServer({ transformUrlBeforeRedirect: () => "no URL" })
        ]) {
            await call().catch(({ name, code, cause }) => failures.push(`${name} ${code} ${cause.name}`));
        }
        return failures;
    });
    const boom = "OidcInitializationError callback_failed RangeError";
    assert.deepEqual(failures, [boom, boom, boom, boom, boom, "OidcInitializationError callback_failed TypeError"]);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200, "the session goes on");
});

test("options that are null, or refused ones that are off, are not given", async t => {
    const world = await World.create(t);
    await world.open();
    for (const add of [
        o => (o.__unsafe_useIdTokenAsAccessToken = false),
        o => (o.__unsafe_clientSecret = undefined),
        o => (o.__unsafe_clientSecret = ""),
        o => Object.assign(o, { extraQueryParams: null, extraTokenParams: null, transformUrlBeforeRedirect: null, scopes: null, autoLogin: null }),
        o => Object.assign(o, { autoLogoutParams: null, idleSessionLifetimeInSeconds: null, __metadata: null, BASE_URL: null, disableDPoP: null }),
        o => (o.extraQueryParams = { size: 7, dark: false, none: null, gone: undefined })
    ]) {
        assert.equal(await tryCreate(world, add), false, String(add));
    }
});

test("a throwing getter of the options is told as the app's", async t => {
    const world = await World.create(t);
    await world.open();
    const failure = await tryCreate(world, o =>
        Object.defineProperty(o, "scopes", { enumerable: true, get() { throw new RangeError("boom"); } })
    );
    assert.deepEqual([failure.name, failure.code, failure.cause], ["OidcInitializationError", "callback_failed", { name: "RangeError", message: "boom" }]);
});

test("NaN is called NaN, and a missing clientId or issuerUri asks after the environment variable", async t => {
    const world = await World.create(t);
    await world.open();
    const id = `has to be the id that the client is registered with (is an environment variable missing?).`;
    for (const [add, sentence] of [
        [o => (o.idleSessionLifetimeInSeconds = NaN), `"idleSessionLifetimeInSeconds" of createOidc() is NaN; it has to be a number of seconds above 0.`],
        [o => (o.idleSessionLifetimeInSeconds = -Infinity), `"idleSessionLifetimeInSeconds" of createOidc() is -Infinity; it has to be a number of seconds above 0.`],
        [o => (o.clientId = ""), `"clientId" of createOidc() is ""; it ${id}`],
        [o => delete o.clientId, `"clientId" of createOidc() is undefined; it ${id}`],
        [o => (o.issuerUri = undefined), /"issuerUri" of createOidc\(\) is undefined; .* \(is an environment variable missing\?\)\.$/],
        [o => (o.__unsafe_useIdTokenAsAccessToken = true), /"__unsafe_useIdTokenAsAccessToken", which would weaken the app/]
    ]) {
        const { message } = await tryCreate(world, add);
        if (typeof sentence === "string") {
            assert.equal(message, `countersign: ${sentence}`);
        } else {
            assert.match(message, sentence);
        }
    }
});

test("a relative issuerUri is on the page's origin", async t => {
    const world = await World.create(t);
    await world.open();
    const { issuerUri, requested } = await world.page.evaluate(async () => {
        const requested = [];
        const { clients } = await (await fetch("/config.json")).json();
        new PerformanceObserver(list => requested.push(...list.getEntries().map(({ name }) => name))).observe({ type: "resource" });
        const { issuerUri } = await window.harness.createOidc({ ...clients.main, issuerUri: "/realms/x" });
        await new Promise(resolve => setTimeout(resolve, 200));
        return { issuerUri, requested };
    });
    assert.equal(issuerUri, `${world.app.origin}/realms/x`);
    assert.ok(requested.includes(`${world.app.origin}/realms/x/.well-known/openid-configuration`), requested.join());
});
