/** What `createOidc` and early init do beside the protocol: options, ways back to the page, tabs, activity. */
import assert from "node:assert/strict";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const LOGGED_OUT = { isUserLoggedIn: false };

const create = (world, params) =>
    world.page.evaluate(async params => {
        const { clients } = await (await fetch("/config.json")).json();
        return window.harness.create({ ...clients.main, ...params });
    }, params);

test("a wrong option is one sentence that names it, and is told each time", async t => {
    const world = await World.create(t);
    await world.open();
    for (const [params, code, named] of [
        [{ dpop: true }, "option_unknown", /"dpop"/],
        [{ __unsafe_clientSecret: "s" }, "option_unsupported", /"__unsafe_clientSecret"/],
        [{ clientId: "" }, "option_invalid", /"clientId".*""/],
        [{ issuerUri: "login" }, "option_invalid", /"issuerUri".*"login"/],
        [{ issuerUri: undefined }, "option_invalid", /"issuerUri".*undefined/],
        ...Object.entries({
            issuerUri: [1, ["https://login.example"]],
            clientId: [7, []],
            scopes: ["profile", [1], [""]],
            transformUrlBeforeRedirect: [4],
            extraQueryParams: ["x", { a: {} }, ["a"]],
            extraTokenParams: ["x", { max: [3600] }, []],
            decodedIdTokenSchema: [true, {}, { parse: "x" }],
            idleSessionLifetimeInSeconds: ["99", 0, -46],
            autoLogoutParams: ["home", { redirectTo: "nowhere" }, { redirectTo: "specific url" }],
            autoLogin: ["yes"],
            sessionRestorationMethod: [1, ["auto"]],
            debugLogs: [3],
            __metadata: ["x", []],
            postLoginRedirectUrl: [{}, 3],
            disableDPoP: ["no", 0]
        }).flatMap(([name, values]) =>
            values.map(value => [{ [name]: value }, "option_invalid", { test: text => text.includes(`"${name}" of createOidc() is ${JSON.stringify(value)};`) }])
        ),
        [{ sessionRestorationMethod: "popup" }, "option_invalid", /"popup".*"full page redirect"/],
        [{ BASE_URL: "https://elsewhere.example/" }, "option_invalid", /elsewhere\.example/],
        [{ BASE_URL: "./" }, "option_invalid", /"BASE_URL".*"\.\/"/],
        [{ BASE_URL: "app" }, "option_invalid", /"BASE_URL".*"app"/],
        [{ idleSessionLifetimeInSeconds: 0 }, "option_invalid", /"idleSessionLifetimeInSeconds" of createOidc\(\) is 0; it has to be a number of seconds above 0\.$/],
        [{ issuerUri: "http://login.example", clientId: "x" }, "issuer_invalid", /"http:\/\/login\.example"/]
    ]) {
        for (let round = 0; round < 2; round++) {
            const { rejected } = await create(world, params);
            assert.equal(rejected?.name, "OidcInitializationError", JSON.stringify(params));
            assert.equal(rejected.code, code);
            assert.ok(named.test(rejected.message), rejected.message);
            assert.match(rejected.message, /^countersign: [^\n]+\.$/);
        }
    }
});

test("an option that is undefined is not given, whatever its name", async t => {
    const world = await World.create(t);
    await world.open();
    const params = { scopes: undefined, autoLogin: undefined, __unsafe_clientSecret: undefined, dpop: undefined };
    assert.deepEqual(await create(world, params), LOGGED_OUT);
});

test("no options at all, and what is no JSON, are named too", async t => {
    const world = await World.create(t);
    await world.open();
    const messages = await world.page.evaluate(async () => {
        const messages = [];
        const circular = {};
        circular.self = circular;
        for (const params of [undefined, null, "https://login.example", [], { issuerUri: "https://login.example", clientId: "a", scopes: () => 1 }, { issuerUri: "https://login.example", clientId: circular }]) {
            await window.harness.createOidc(params).catch(({ code, message }) => messages.push(`${code}: ${message}`));
        }
        return messages;
    });
    assert.deepEqual(messages, [
        ...["undefined", "null", '"https://login.example"', "[]"].map(
            value => `option_invalid: countersign: createOidc() is called with ${value}; give it an object with issuerUri and clientId.`
        ),
        'option_invalid: countersign: "scopes" of createOidc() is () => 1; it has to be an array of strings, like ["profile"].',
        'option_invalid: countersign: "clientId" of createOidc() is [object Object]; it has to be the id that the client is registered with.'
    ]);
});

test("s4_whoever_calls_first_does_not_decide_unsaid_that_a_client_goes_without_dpop", async t => {
    const world = await World.create(t, { variant: { mode: "enforced" } });
    await world.open();
    const outcomes = await world.page.evaluate(async () => {
        const { clients } = await (await fetch("/config.json")).json();
        const outcomes = {};
        for (const [clientId, ...calls] of [["one", true, undefined, true], ["other", undefined, true, false]]) {
            outcomes[clientId] = [];
            for (const disableDPoP of calls) {
                const oidc = window.harness.createOidc({ ...clients.main, clientId, disableDPoP, sessionRestorationMethod: "full page redirect" });
                outcomes[clientId].push(await oidc.then(({ isUserLoggedIn }) => isUserLoggedIn, ({ code, message }) => `${code} ${message}`));
            }
        }
        return outcomes;
    });
    const refused = `option_invalid countersign: "disableDPoP" of createOidc() is "not what the first call said"; it has to be true, for Bearer tokens, or left out.`;
    assert.deepEqual(outcomes, { one: [false, refused, false], other: [false, refused, false] });
});

test("what a function returns goes out as text", async t => {
    const world = await World.create(t);
    await world.start();
    const mark = world.issuer.mark();
    await world.page.evaluate(() => window.harness.loggedIn().renewTokens({ extraTokenParams: { max: 3600, none: undefined } }));
    const { max, none } = world.tokenRequests(mark)[0].form();
    assert.deepEqual([max, none], ["3600", undefined]);
});

test("an issuer that calls itself by another name is refused, one that differs by a slash is not", async t => {
    const world = await World.create(t, { params: { main: {} } });
    world.app.config.clients.main.issuerUri += "/";
    await world.start();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(await world.page.evaluate(() => window.harness.loggedIn().issuerUri), world.issuer.origin);
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === "/.well-known/openid-configuration") {
            response.body = Buffer.from(
                JSON.stringify({ ...JSON.parse(response.body.toString()), issuer: "https://other.example" })
            );
        }
    };
    const { main } = await world.open();
    assert.equal(main.initializationError?.code, "issuer_mismatch");
    assert.match(main.initializationError.message, /https:\/\/other\.example/);
});

test("autoLogin goes to the login page by itself, and back to where the user was", async t => {
    const world = await World.create(t, { params: { main: { autoLogin: true } } });
    await world.page.goto(`${world.app.origin}/deep/page?x=1#y`);
    await world.chooseUser();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(world.page.url(), `${world.app.origin}/deep/page?x=1#y`);
});

test("login returns where it was told to, with what was added to the request and what came of it", async t => {
    const world = await World.create(t);
    await world.open("/start");
    await world.page.evaluate(
        () =>
            void window.harness.login("main", {
                redirectUrl: "/dashboard?tab=2",
                extraQueryParams: { ui_locales: "fr", unset: undefined },
                transformUrlBeforeRedirect: url => `${url}&display=page`
            })
    );
    await world.chooseUser();
    await world.page.waitForURL(`${world.app.origin}/**`);
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(world.page.url(), `${world.app.origin}/dashboard?tab=2`);
    const query = world.authorizationRequests().at(-1).query();
    assert.deepEqual([query.ui_locales, query.display, "unset" in query], ["fr", "page", false]);
    const read = () =>
        world.page.evaluate(() => {
            const { backFromAuthServer, isNewBrowserSession } = window.harness.loggedIn();
            return { backFromAuthServer, isNewBrowserSession };
        });
    assert.deepEqual(await read(), {
        backFromAuthServer: { extraQueryParams: { ui_locales: "fr", display: "page" }, result: {} },
        isNewBrowserSession: true
    });
    await world.open();
    assert.deepEqual(await read(), { backFromAuthServer: undefined, isNewBrowserSession: false });
});

test("login refuses to return to another site, and can then be called again", async t => {
    const world = await World.create(t);
    await world.open();
    for (const redirectUrl of ["https://evil.example/", "//evil.example/"]) {
        const failure = await world.page.evaluate(
            redirectUrl => window.harness.login("main", { redirectUrl }).catch(window.harness.failureOf),
            redirectUrl
        );
        assert.equal(failure.code, "redirect_url_invalid");
        assert.match(failure.message, /evil\.example/);
    }
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
});

test("the back button at the login page leads to an app that can log in, or past a page that needs a login", async t => {
    const world = await World.create(t);
    await world.open("/public");
    await world.page.evaluate(() => void window.harness.login());
    await world.page.getByRole("button").first().waitFor();
    await world.page.goBack();
    assert.deepEqual((await world.settled()).main, LOGGED_OUT);
    assert.equal(world.page.url(), `${world.app.origin}/public`);
    await world.page.evaluate(() => void window.harness.login("main", { doesCurrentHrefRequiresAuth: true }));
    await world.page.getByRole("button").first().waitFor();
    assert.equal((await world.page.evaluate(() => history.length)) <= 3, true, "the page itself was replaced");
    await world.chooseUser();
    await world.page.waitForURL(`${world.app.origin}/**`);
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
});

test("a logout, and then a login, in one tab reaches the other", async t => {
    const world = await World.create(t);
    await world.start();
    const first = world.page;
    const second = await world.context.newPage();
    world.page = second;
    assert.equal((await world.open("/second")).main.isUserLoggedIn, true);
    const settlesAs = (page, isUserLoggedIn) =>
        page.waitForFunction(is => window.harness?.outcomes?.main.isUserLoggedIn === is, isUserLoggedIn, { polling: 50 });
    await world.logOut();
    await settlesAs(first, false);
    await world.logIn();
    await settlesAs(first, true);
});

test("logout returns to the page that was asked for", async t => {
    const world = await World.create(t);
    await world.start();
    await world.leave(() => void window.harness.loggedIn().logout({ redirectTo: "specific url", url: "/bye?x=1" }));
    assert.equal(world.page.url(), `${world.app.origin}/bye?x=1`);
    assert.deepEqual((await world.settled()).main, LOGGED_OUT);
    await world.logIn();
    const mark = world.issuer.mark();
    await world.leave(() => void window.harness.loggedIn().logout({ redirectTo: "current page" }));
    assert.equal(world.page.url(), `${world.app.origin}/bye?x=1`);
    assert.equal(world.authorizationRequests(mark).length, 0, "nobody is asked after an explicit logout");
});

test("a server without an end-session endpoint: the session here ends, and the next login asks the user", async t => {
    const world = await World.create(t);
    world.issuer.tamper = (response, exchange) => {
        if (exchange.path === "/.well-known/openid-configuration") {
            const { end_session_endpoint, ...metadata } = JSON.parse(response.body.toString());
            response.body = Buffer.from(JSON.stringify(metadata));
        }
    };
    await world.start();
    assert.deepEqual(await world.logOut(), { main: LOGGED_OUT });
    assert.deepEqual(await world.open(), { main: LOGGED_OUT });
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    assert.equal(world.authorizationRequests().at(-1).query().prompt, "login");
});

test("an iframe that is not allowed ends logged out, and the login page works all the same", async t => {
    const world = await World.create(t, { params: { main: { sessionRestorationMethod: "iframe" } }, expectedErrors: [/frame-src|frame/i] });
    await world.start();
    world.app.headers["Content-Security-Policy"] = "frame-src 'none'";
    assert.deepEqual(await world.open(), { main: LOGGED_OUT });
    const outcomes = await world.leave(() => void window.harness.login());
    assert.equal(outcomes.main.isUserLoggedIn, true, "with the session that the server still has");
});

test("a user who does nothing is counted down and logged out", async t => {
    const world = await World.create(t, { params: { main: { idleSessionLifetimeInSeconds: 46, autoLogoutParams: { redirectTo: "home" } } } });
    await world.page.clock.install();
    await world.start();
    await world.page.evaluate(() => {
        window.ticks = [];
        window.harness.loggedIn().subscribeToAutoLogoutCountdown(({ secondsLeft }) => window.ticks.push(secondsLeft));
    });
    await world.page.clock.runFor(6_000);
    await world.page.waitForLoadState("networkidle");
    await world.page.clock.runFor(12_000);
    await world.page.mouse.move(10, 10);
    await world.page.mouse.move(20, 20);
    await world.page.waitForFunction(() => window.ticks.includes(undefined), undefined, { polling: 20 });
    const ticks = await world.page.evaluate(() => window.ticks);
    const counted = ticks.slice(0, ticks.indexOf(undefined));
    assert.ok(counted.length >= 3, String(ticks));
    assert.deepEqual(counted, [...counted].sort((a, b) => b - a), "downwards");
    assert.ok(counted[0] <= 46 && counted.at(-1) >= 26);
    const mark = world.issuer.mark();
    await world.page.clock.runFor(47_000);
    await world.issuer.waitFor(exchange => exchange.path === world.endSessionPath);
    await world.page.waitForFunction(
        () => window.harness?.outcomes?.main.isUserLoggedIn === false,
        undefined,
        { polling: 20 }
    );
    assert.equal(world.page.url(), `${world.app.origin}/`);
    assert.equal(world.issuer.list({ path: world.endSessionPath, since: mark }).length, 1);
});

for (const idleSessionLifetimeInSeconds of [46, 0.5, Infinity]) {
    test(`idleSessionLifetimeInSeconds: ${idleSessionLifetimeInSeconds} is taken`, async t => {
        const world = await World.create(t);
        await world.open();
        const outcome = await world.page.evaluate(async idleSessionLifetimeInSeconds => {
            const { clients } = await (await fetch("/config.json")).json();
            return window.harness.create({ ...clients.main, idleSessionLifetimeInSeconds });
        }, idleSessionLifetimeInSeconds);
        assert.deepEqual(outcome, LOGGED_OUT);
    });
}

test("what goToAuthServer comes back with", async t => {
    const world = await World.create(t);
    await world.start();
    const outcomes = await world.leave(
        () => void window.harness.loggedIn().goToAuthServer({ extraQueryParams: { kc_action: "UPDATE_PASSWORD" }, redirectUrl: "/profile" })
    );
    assert.equal(outcomes.main.isUserLoggedIn, true);
    assert.equal(world.page.url(), `${world.app.origin}/profile`);
    assert.deepEqual(await world.page.evaluate(() => window.harness.loggedIn().backFromAuthServer), {
        extraQueryParams: { kc_action: "UPDATE_PASSWORD" },
        result: {}
    });
});

test("tokens of another user do not slip under the app: the page starts anew", async t => {
    const world = await World.create(t, { idp: ["--no-refresh-tokens"] });
    await world.start({ user: "alice" });
    const { sub } = (await world.settled()).main;
    const other = await world.context.newPage();
    const first = world.page;
    world.page = other;
    await world.open();
    await world.page.evaluate(
        () => void window.harness.loggedIn().goToAuthServer({ extraQueryParams: { prompt: "login" } })
    );
    await world.chooseUser("bob");
    await world.page.waitForURL(`${world.app.origin}/**`);
    assert.notEqual((await world.settled()).main.sub, sub);
    world.page = first;
    const outcomes = await world.leave(() => void window.harness.loggedIn().renewTokens());
    assert.equal(outcomes.main.isUserLoggedIn, true);
    assert.notEqual(outcomes.main.sub, sub);
});

for (const autoLogin of [false, true]) {
    test(`a page whose sessionStorage does not outlive a redirect is not sent round and round${autoLogin ? " by autoLogin" : ""}`, async t => {
        const world = await World.create(t, { params: { main: { sessionRestorationMethod: "full page redirect" } } });
        await world.start();
        await world.context.addInitScript(() => addEventListener("pagehide", () => sessionStorage.clear()));
        world.app.config.clients.main.autoLogin = autoLogin;
        const mark = world.issuer.mark();
        // The first load leaves at once; its outcome is the second one's.
        await world.page.goto(world.app.origin, { waitUntil: "commit" });
        const { main } = await world.settled();
        await new Promise(resolve => setTimeout(resolve, 1_000));
        // With `autoLogin` it is tried once more.
        assert.equal(world.authorizationRequests(mark).length, autoLogin ? 2 : 1);
        assert.equal(world.page.url(), `${world.app.origin}/`);
        if (autoLogin) {
            assert.equal(main.rejected?.code, "flow_unknown");
        } else {
            assert.deepEqual(main, LOGGED_OUT);
        }
    });
}

test("a link that looks like a response does not cancel a login under way", async t => {
    const world = await World.create(t);
    await world.open("/start");
    await world.page.evaluate(() => void window.harness.login());
    await world.page.getByRole("button").first().waitFor();
    assert.deepEqual((await world.open("/?state=cs.x&code=1")).main, LOGGED_OUT);
    await world.page.goBack();
    await world.chooseUser();
    await world.page.waitForURL(`${world.app.origin}/**`);
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(world.page.url(), `${world.app.origin}/start`);
});
