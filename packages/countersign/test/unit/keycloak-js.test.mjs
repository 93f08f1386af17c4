// `countersign/keycloak-js` over a core that is not there: what becomes of options, when callbacks are called, and what
// cannot be. `test/browser/keycloak-js.test.mjs` compares it with keycloak-js itself.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Client } from "../../dist/adapters/keycloakJs/client.js";
import { check, toParameters } from "../../dist/adapters/keycloakJs/options.js";
import { checkConfig, mayHideSession, toServer } from "../../dist/adapters/keycloakJs/server.js";
import { readClaims } from "../../dist/adapters/keycloakJs/properties.js";

const CONFIG = { url: "https://login.example.com/auth/", realm: "my realm", clientId: "spa" };
const ISSUER = "https://login.example.com/auth/realms/my%20realm";
const KEY = `countersign ${ISSUER} spa`;
const APP = "https://app.example.org/app/";
const NOW = Date.parse("2030-01-01T00:00:00Z");

class Storage {
    #items = new Map();
    getItem = name => this.#items.get(name) ?? null;
    setItem = (name, value) => void this.#items.set(name, `${value}`);
    removeItem = name => void this.#items.delete(name);
}

let responseUrl;
beforeEach(() => {
    responseUrl = APP;
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
    mock.method(performance, "getEntriesByType", () => [{ name: responseUrl }]);
    const { origin, hostname } = new URL(APP);
    Object.assign(globalThis, {
        location: { href: `${APP}page?x#y`, origin, hostname, replace: href => void (location.href = href) },
        sessionStorage: new Storage(),
        localStorage: new Storage(),
        addEventListener: () => {},
        crossOriginIsolated: false,
        document: {}
    });
});
afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
});

const toJwt = claims => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;

/** Tokens whose access token is valid for `seconds`; the local clock is ahead by `skew` seconds. */
function tokensFor(seconds, { skew = 0, number = 1 } = {}) {
    const serverNow = () => Date.now() - skew * 1000;
    const exp = serverNow() / 1000 + seconds;
    const claims = { sub: "alice", sid: "s", exp, number, realm_access: { roles: ["user"] }, resource_access: { spa: { roles: ["edit"] } } };
    return {
        accessToken: toJwt(claims),
        accessTokenExpirationTime: exp * 1000,
        idToken: toJwt({ sub: "alice", nonce: "n" }),
        decodedIdToken_original: { sub: "alice" },
        getServerDateNow: serverNow,
        hasRefreshToken: true,
        refreshToken: toJwt({ typ: "Refresh" })
    };
}

/** A core whose client is logged in with `tokens`, or logged out with an error. Records calls. */
function core({ tokens, error, back } = {}) {
    const fake = { params: [], calls: [], listeners: [], renew: async () => {} };
    const call = name => async how => {
        fake.calls.push([name, how]);
        const { transformUrlBeforeRedirect: transform } = how;
        transform?.("https://login.example.com/auth/realms/my%20realm/protocol/openid-connect/auth?state=cs.1");
        return new Promise(() => {});
    };
    const common = { validRedirectUri: APP };
    const oidc = tokens
        ? {
              ...common,
              isUserLoggedIn: true,
              backFromAuthServer: back,
              getTokens: async () => tokens,
              subscribeToTokensChange: listener => void fake.listeners.push(listener),
              renewTokens: () => fake.renew(),
              goToAuthServer: call("goToAuthServer"),
              logout: call("logout")
          }
        : { ...common, isUserLoggedIn: false, initializationError: error, login: call("login") };
    fake.load = async () => ({
        createOidc: async params => {
            fake.params.push(params);
            if (error && params.autoLogin) {
                throw error;
            }
            return oidc;
        }
    });
    return fake;
}

const NAMES = ["onReady", "onAuthSuccess", "onAuthError", "onAuthRefreshSuccess", "onAuthRefreshError", "onAuthLogout", "onTokenExpired", "onActionUpdate"];

/** A client that writes down its callbacks, and whether there is a token then. */
function start(fake, config = CONFIG) {
    const client = new Client(config, fake.load);
    const heard = [];
    for (const name of NAMES) {
        client[name] = (...given) => heard.push([name, ...given, !!client.token]);
    }
    return { client, heard };
}

const failed = (code, more) => Object.assign(new Error(code), { code, isAuthServerLikelyDown: false }, more);
const settled = () => new Promise(resolve => setImmediate(resolve));

test("the constructor takes what keycloak-js takes", () => {
    for (const right of [CONFIG, "/keycloak.json", { oidcProvider: ISSUER, clientId: "spa" }]) {
        checkConfig(right);
    }
    assert.throws(() => new Client(undefined), /must be provided with a configuration object/);
    assert.throws(() => new Client({ url: "x", realm: "y" }), /missing the required 'clientId' property/);
    assert.throws(() => new Client({ oidcProvider: ISSUER }), /missing the required 'clientId' property/);
    assert.throws(() => new Client({ clientId: "spa", realm: "x" }), /missing the required 'url' property/);
});

test("each way to name the server", async () => {
    const { issuerUri, key, realmUrl, endSessionEndpoint } = await toServer(CONFIG);
    assert.deepEqual({ issuerUri, key, realmUrl }, { issuerUri: ISSUER, key: KEY, realmUrl: ISSUER });
    assert.equal(endSessionEndpoint, `${ISSUER}/protocol/openid-connect/logout`);
    const relative = await toServer({ ...CONFIG, url: "/auth", realm: "a" });
    assert.deepEqual([relative.issuerUri, relative.realmUrl], ["https://app.example.org/auth/realms/a", "/auth/realms/a"]);

    const answers = {
        "/keycloak.json": { "auth-server-url": CONFIG.url, realm: CONFIG.realm, resource: "spa" },
        "https://op.example.com/.well-known/openid-configuration": { end_session_endpoint: "end", userinfo_endpoint: "info" }
    };
    mock.method(globalThis, "fetch", async url => (url in answers ? Response.json(answers[url]) : new Response("", { status: 404 })));
    assert.deepEqual(await toServer("/keycloak.json"), await toServer(CONFIG));
    await assert.rejects(toServer({ ...CONFIG, realm: undefined }), /realm of the configuration is undefined; it must be a text \(is an environment variable missing\?\)/);
    await assert.rejects(toServer("/missing.json"), { message: "countersign: /missing.json answered with status 404; check the address and the server." });
    const op = await toServer({ oidcProvider: "https://op.example.com/", clientId: "spa" });
    assert.deepEqual(
        [op.issuerUri, op.endSessionEndpoint, op.userinfoEndpoint, op.realm, op.metadata],
        ["https://op.example.com/", "end", "info", undefined, undefined]
    );
    const metadata = { authorization_endpoint: "a", token_endpoint: "t", issuer: "https://op.example.com" };
    const given = await toServer({ oidcProvider: metadata, clientId: "spa" });
    assert.deepEqual([given.issuerUri, given.metadata], ["https://op.example.com", metadata]);
    await assert.rejects(toServer({ oidcProvider: { ...metadata, issuer: undefined }, clientId: "spa" }), /have no issuer.*add the member issuer/);
});

test("what cannot be is a sentence that says what to do", () => {
    for (const [options, told, hasCordova] of [
        [{ flow: "implicit" }, /would put tokens into the URL; remove flow/],
        [{ flow: "hybrid" }, /would put tokens into the URL; remove flow/],
        [{ adapter: "cordova" }, /no adapter for Cordova; keep keycloak-js/],
        [{ adapter: "cordova-native" }, /no adapter for Cordova; keep keycloak-js/],
        [{}, /no adapter for Cordova; keep keycloak-js/, true],
        [{ adapter: { login() {} } }, /no custom adapters; remove adapter/],
        [{ token: "a", refreshToken: "b" }, /cannot be handed to init\(\).*remove them, and let onLoad find the session/],
        [{ refreshToken: "b" }, /cannot be handed to init\(\)/],
        [{ responseMode: "form_post" }, /responseMode must be "query" or "fragment", not "form_post"/],
        [{ flow: "code" }, /flow must be "standard", not "code"/],
        [{ pkceMethod: "plain" }, /pkceMethod must be "S256" or false, not "plain"/],
        [{ onLoad: "sso" }, /onLoad must be "check-sso" or "login-required", not "sso"/]
    ]) {
        assert.throws(() => check(options, hasCordova === true), told, JSON.stringify(options));
    }
    check({ adapter: "default" }, true);
    const accepted = {
        ...{ useNonce: false, idToken: "x", timeSkew: 3, checkLoginIframe: true, checkLoginIframeInterval: 5, responseMode: "query" },
        ...{ silentCheckSsoRedirectUri: "/silent.html", silentCheckSsoFallback: true, flow: "standard", pkceMethod: false },
        ...{ enableLogging: true, scope: "a", messageReceiveTimeout: 1, locale: "de", logoutMethod: "POST", onLoad: "check-sso" }
    };
    check(accepted, false);
});

test("each option of a login is the parameter that keycloak-js sends", () => {
    const parameters = toParameters({
        ...{ scope: "a b", prompt: "login", action: "UPDATE_PASSWORD", maxAge: 0, loginHint: "al", idpHint: "github" },
        ...{ acr: { values: ["gold"], essential: true }, acrValues: "2", locale: "de" }
    });
    assert.deepEqual(parameters, {
        ...{ scope: "openid a b", prompt: "login", kc_action: "UPDATE_PASSWORD", max_age: "0", login_hint: "al", kc_idp_hint: "github" },
        ...{ claims: '{"id_token":{"acr":{"values":["gold"],"essential":true}}}', acr_values: "2", ui_locales: "de" }
    });
    const register = toParameters({ action: "register", scope: "a openid" });
    assert.deepEqual([register.kc_action, register.scope], [undefined, "openid a"]);
    assert.ok(Object.values(toParameters({})).every(value => value === undefined));
});

test("claims are read as UTF-8; an opaque token has none", () => {
    assert.deepEqual(readClaims(toJwt({ name: "Zoë ~?" })), { name: "Zoë ~?" });
    assert.equal(readClaims("opaque"), undefined);
    assert.equal(readClaims("a.b.c"), undefined);
});

test("check-sso with a session: the properties are there before onAuthSuccess, then onReady, then init resolves", async () => {
    const tokens = tokensFor(300, { skew: 7 });
    const fake = core({ tokens });
    const { client, heard } = start(fake);
    assert.equal(await client.init({ onLoad: "check-sso", scope: "email  phone", enableLogging: true }), true);
    assert.deepEqual(heard, [["onAuthSuccess", true], ["onReady", true, true]]);
    const { token, tokenParsed, refreshToken, refreshTokenParsed, idToken, idTokenParsed, subject, sessionId, timeSkew } = client;
    assert.deepEqual([token, idToken, refreshToken], [tokens.accessToken, tokens.idToken, tokens.refreshToken]);
    assert.deepEqual([tokenParsed.sub, idTokenParsed.nonce, refreshTokenParsed.typ], ["alice", "n", "Refresh"]);
    assert.deepEqual([subject, sessionId, timeSkew, client.authenticated], ["alice", "s", 7, true]);
    assert.deepEqual([client.authServerUrl, client.realm, client.clientId], [CONFIG.url, "my realm", "spa"]);
    assert.deepEqual(client.realmAccess, { roles: ["user"] });
    assert.deepEqual(client.resourceAccess, { spa: { roles: ["edit"] } });
    assert.deepEqual(
        [client.hasRealmRole("user"), client.hasRealmRole("x"), client.hasResourceRole("edit"), client.hasResourceRole("edit", "other")],
        [true, false, true, false]
    );
    const [{ extraQueryParams, ...params }] = fake.params;
    assert.deepEqual(params, { issuerUri: ISSUER, clientId: "spa", scopes: ["email", "phone"], debugLogs: true });
    assert.deepEqual(extraQueryParams(), {});
    assert.equal(client.oidc.isUserLoggedIn, true);
});

test("login-required is the core's autoLogin, with locale and redirectUri for that login only", async () => {
    const fake = core({ tokens: tokensFor(300) });
    const { client } = start(fake);
    let during;
    const load = fake.load;
    fake.load = async () => {
        const { createOidc } = await load();
        return { createOidc: params => ((during = params.extraQueryParams()), createOidc(params)) };
    };
    const other = new Client(CONFIG, fake.load);
    await other.init({ onLoad: "login-required", locale: "de", redirectUri: `${APP}home` });
    assert.deepEqual(during, { ui_locales: "de" });
    const [{ extraQueryParams, autoLogin, postLoginRedirectUrl }] = fake.params;
    assert.deepEqual([extraQueryParams(), autoLogin, postLoginRedirectUrl], [{}, true, `${APP}home`]);
    assert.equal(other.loginRequired, true);
    assert.equal(client.loginRequired, false);
});

test("without onLoad nothing is looked for, until a login has been begun", async () => {
    const fake = core({ tokens: tokensFor(300) });
    const { client, heard } = start(fake);
    assert.equal(await client.init(), false);
    assert.deepEqual([heard, fake.params], [[["onReady", false, false]], []]);
    assert.throws(() => client.oidc, /wait until init\(\) has resolved/);
    void client.login({ idpHint: "github" });
    await settled();
    assert.equal(fake.params[0].sessionRestorationMethod, "iframe", "the page must not be redirected for a session");
    assert.equal(fake.calls[0][0], "goToAuthServer");

    // The next load: what a login has brought counts, what a reload has found does not.
    const again = start(core({ tokens: tokensFor(300), back: { extraQueryParams: {}, result: {} } }));
    assert.equal(await again.client.init(), true);
    const reload = core({ tokens: tokensFor(300) });
    assert.equal(await start(reload).client.init(), false);
    assert.equal(reload.params.length, 0);
    void client.login();
    await settled();
    assert.equal(await start(core({ tokens: tokensFor(300) })).client.init(), false);
});

test("the outcome of an action comes before onAuthSuccess", async () => {
    const result = { kc_action_status: "cancelled", kc_action: "UPDATE_PASSWORD" };
    const { client, heard } = start(core({ tokens: tokensFor(300), back: { extraQueryParams: {}, result } }));
    await client.init({ onLoad: "check-sso" });
    assert.deepEqual(heard, [
        ["onActionUpdate", "cancelled", "UPDATE_PASSWORD", false],
        ["onAuthSuccess", true],
        ["onReady", true, true]
    ]);
});

test("a login that the server refused: onAuthError with what it said, then init rejects with the same", async () => {
    sessionStorage.setItem(`${KEY} keycloak-js`, "login");
    responseUrl = `${APP}?error=access_denied&error_description=No+thanks&state=cs.1`;
    const { client, heard } = start(core());
    const said = { error: "access_denied", error_description: "No thanks" };
    await assert.rejects(client.init({ onLoad: "check-sso" }), said);
    assert.deepEqual(heard, [["onAuthError", said, false]]);
});

test("errors of the code exchange tell onAuthError nothing; errors of the configuration only reject", async () => {
    for (const [code, expected] of [
        ["token_refused", [["onAuthError", undefined, false]]],
        ["id_token_nonce", [["onAuthError", undefined, false]]],
        ["discovery_unreachable", []],
        ["early_init_missing", []]
    ]) {
        for (const onLoad of ["check-sso", "login-required"]) {
            const { client, heard } = start(core({ error: failed(code) }));
            await assert.rejects(client.init({ onLoad }), { code });
            assert.deepEqual(heard, expected, code);
        }
    }
});

test("an error of a request that the user was not asked for is no error of init", async () => {
    const { client, heard } = start(core({ error: failed("authorization_error") }));
    assert.equal(await client.init({ onLoad: "check-sso" }), false);
    assert.deepEqual(heard, [["onReady", false, false]]);
});

test("the iframe may have missed a session on another site, or where there is none", () => {
    const ask = (issuer, place = {}, isIsolated = false) => {
        globalThis.crossOriginIsolated = isIsolated;
        return mayHideSession(place, issuer);
    };
    assert.equal(ask("https://login.example.com"), true);
    assert.equal(ask("https://app.example.org"), false);
    assert.equal(ask("https://x.app.example.org"), false);
    assert.equal(ask("https://example.org"), false);
    assert.equal(ask("https://ample.org"), true);
    assert.equal(ask("https://login.example.com", { sessionRestorationMethod: "iframe" }), false);
    assert.equal(ask("https://app.example.org", { sessionRestorationMethod: "full page redirect" }), true);
    assert.equal(ask("https://app.example.org", {}, true), true);
});

test("check-sso asks by a redirect where the iframe may have missed a session: once, and not if the page knows", async () => {
    const fake = core();
    void start(fake).client.init({ onLoad: "check-sso" });
    await settled();
    const [[name, how]] = fake.calls;
    assert.equal(sessionStorage.getItem(`${KEY} keycloak-js`), "sso");
    assert.deepEqual([name, how.extraQueryParams.prompt, how.redirectUrl], ["login", "none", location.href]);
    assert.equal(how.doesCurrentHrefRequiresAuth, true);

    const calm = async (options = {}) => {
        const fake = core();
        const { client } = start(fake);
        assert.equal(await client.init({ onLoad: "check-sso", ...options }), false);
        assert.deepEqual(fake.calls, []);
    };
    await calm(); // It has just come back.
    await calm({ silentCheckSsoRedirectUri: "/silent.html", silentCheckSsoFallback: false });
    localStorage.setItem(KEY, "out");
    await calm();
});

test("login with a session goes to the server too, and each option goes along", async () => {
    for (const [options, name] of [[{ tokens: tokensFor(300) }, "goToAuthServer"], [{}, "login"]]) {
        const fake = core(options);
        const { client } = start(fake);
        localStorage.setItem(KEY, "out");
        await client.init({ onLoad: "check-sso", redirectUri: `${APP}default` });
        void client.login({ idpHint: "github" });
        void client.register({ redirectUri: `${APP}new` });
        await settled();
        const [login, register] = fake.calls;
        assert.deepEqual([login[0], login[1].redirectUrl, login[1].extraQueryParams.kc_idp_hint], [name, `${APP}default`, "github"]);
        assert.equal(register[1].redirectUrl, `${APP}new`);
        assert.equal(register[1].transformUrlBeforeRedirect("https://x/auth?y"), `${ISSUER}/protocol/openid-connect/registrations?y`);
        assert.equal(login[1].transformUrlBeforeRedirect("https://x/auth?y"), "https://x/auth?y");
    }
});

test("what comes before init is a sentence", async () => {
    const { client } = start(core());
    await assert.rejects(client.login(), /no client before init\(\); call it first/);
    await assert.rejects(client.createLoginUrl(), /no client before init\(\); call it first/);
    assert.throws(() => client.createLogoutUrl(), /not known before init\(\); call it first/);
    assert.throws(() => client.isTokenExpired(), /nobody is logged in/);
    await assert.rejects(client.updateToken(), /nobody is logged in/);
});

test("where there is no page, init says so", async () => {
    delete globalThis.document;
    const { client } = start(core());
    await assert.rejects(client.init(), /where there is no page, as in server-side rendering; call it in the browser only/);
});

test("in jsdom, where early init was not called, init and login reject with a sentence", async () => {
    const { Keycloak } = await import("../../dist/keycloak-js.js");
    globalThis.window = globalThis;
    const expected = { name: "OidcInitializationError", code: "not_in_browser", message: /^countersign: createOidc\(\) was called where there is no page/ };
    const client = new Keycloak(CONFIG);
    await assert.rejects(client.init({ onLoad: "check-sso" }), expected);
    const other = new Keycloak(CONFIG);
    await other.init();
    await assert.rejects(other.login(), expected);
    delete globalThis.window;
});

test("a second init is refused as keycloak-js refuses it", async () => {
    const { client } = start(core());
    localStorage.setItem(KEY, "out");
    const [first, second] = await Promise.allSettled([client.init({ onLoad: "check-sso" }), client.init({ onLoad: "check-sso" })]);
    assert.deepEqual([first.value, second.reason.message], [false, "A 'Keycloak' instance can only be initialized once."]);
});

test("logout stays in the app by the core, and leaves it by the URL of keycloak-js", async () => {
    const tokens = tokensFor(300);
    const fake = core({ tokens });
    const { client } = start(fake);
    await client.init({ onLoad: "check-sso" });
    void client.logout({ redirectUri: `${APP}bye` });
    assert.deepEqual(fake.calls, [["logout", { redirectTo: "specific url", url: `${APP}bye` }]]);
    void client.logout({ redirectUri: "https://www.example.com/" });
    const url = new URL(location.href);
    assert.equal(url.origin + url.pathname, `${ISSUER}/protocol/openid-connect/logout`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
        ...{ client_id: "spa", post_logout_redirect_uri: "https://www.example.com/", id_token_hint: tokens.idToken }
    });
    assert.equal(client.createLogoutUrl({ logoutMethod: "POST" }), `${ISSUER}/protocol/openid-connect/logout`);
    assert.equal(client.createAccountUrl({ redirectUri: APP }), `${ISSUER}/account?${new URLSearchParams({ referrer: "spa", referrer_uri: APP })}`);
});

test("a provider that is no Keycloak has neither account, profile nor registration: sentences", async () => {
    const provider = { issuer: "https://op.example.com", authorization_endpoint: "a", token_endpoint: "t" };
    const fake = core({ tokens: tokensFor(300) });
    const { client } = start(fake, { oidcProvider: provider, clientId: "spa" });
    await client.init({ onLoad: "check-sso" });
    assert.throws(() => client.createAccountUrl(), /only Keycloak has the account console/);
    assert.throws(() => client.createLogoutUrl(), /no end_session_endpoint; use logout\(\)/);
    await assert.rejects(client.loadUserProfile(), /only Keycloak has the profile/);
    await assert.rejects(client.loadUserInfo(), /no userinfo_endpoint; read idTokenParsed/);
    await assert.rejects(client.register(), /only Keycloak has the registration page/);
});

test("updateToken: only when little is left, or for -1; calls at the same time are one renewal", async () => {
    const fake = core({ tokens: tokensFor(60) });
    const { client, heard } = start(fake);
    await client.init({ onLoad: "check-sso" });
    heard.length = 0;
    let renewals = 0;
    fake.renew = async () => {
        renewals++;
        await settled();
        fake.listeners[0](tokensFor(60, { number: 2 }));
    };
    assert.deepEqual([client.isTokenExpired(), client.isTokenExpired(59), client.isTokenExpired(61)], [false, false, true]);
    assert.equal(await client.updateToken(), false);
    assert.equal(await client.updateToken(30), false);
    assert.deepEqual([renewals, heard], [0, []]);
    assert.deepEqual(await Promise.all([client.updateToken(-1), client.updateToken(70), client.updateToken(30)]), [true, true, false]);
    assert.deepEqual([renewals, heard, client.tokenParsed.number], [1, [["onAuthRefreshSuccess", true]], 2]);
    assert.equal(await client.updateToken(-1), true);
    assert.equal(renewals, 2);
    await assert.rejects(client.updateToken("soon"), /minValidity must be a number of seconds/);
});

test("a renewal that nobody asked for is shown too, but not after clearToken", async () => {
    const fake = core({ tokens: tokensFor(60) });
    const { client, heard } = start(fake);
    await client.init({ onLoad: "check-sso" });
    heard.length = 0;
    fake.listeners[0](tokensFor(60, { number: 2 }));
    assert.deepEqual([heard, client.tokenParsed.number], [[["onAuthRefreshSuccess", true]], 2]);
    client.clearToken();
    fake.listeners[0](tokensFor(60, { number: 3 }));
    assert.deepEqual(heard.slice(1), [["onAuthLogout", false]]);
    const { token, tokenParsed, idToken, refreshToken, subject, realmAccess, authenticated } = client;
    assert.deepEqual([token, tokenParsed, idToken, refreshToken, subject, realmAccess, authenticated], [...Array(6).fill(undefined), false]);
    client.clearToken();
    assert.equal(heard.length, 2, "there is nothing to clear");
});

test("a renewal that fails: the session has ended, or the server is away", async () => {
    for (const [error, expected] of [
        [failed("session_ended"), [["onAuthLogout", false], ["onAuthRefreshError", false]]],
        [failed("token_refused"), [["onAuthLogout", false], ["onAuthRefreshError", false]]],
        [failed("token_refused", { isAuthServerLikelyDown: true }), [["onAuthRefreshError", true]]],
        [failed("token_unreachable"), [["onAuthRefreshError", true]]]
    ]) {
        const fake = core({ tokens: tokensFor(60) });
        const { client, heard } = start(fake);
        await client.init({ onLoad: "check-sso" });
        heard.length = 0;
        fake.renew = () => Promise.reject(error);
        const outcomes = await Promise.allSettled([client.updateToken(-1), client.updateToken(-1)]);
        assert.deepEqual(outcomes.map(({ reason }) => reason), [error, error]);
        assert.deepEqual(heard, expected, error.code);
    }
});

test("login-required: clearToken logs in again", async () => {
    const fake = core({ tokens: tokensFor(60) });
    const { client } = start(fake);
    await client.init({ onLoad: "login-required" });
    client.clearToken();
    await settled();
    assert.equal(fake.calls[0][0], "goToAuthServer");
});

test("onTokenExpired comes when the token expires that the app asked for last, though it was renewed unasked", async () => {
    const fake = core({ tokens: tokensFor(60, { skew: 100 }) });
    const { client, heard } = start(fake);
    await client.init({ onLoad: "check-sso" });
    const expirations = () => heard.filter(([name]) => name === "onTokenExpired").length;
    mock.timers.tick(50_000);
    fake.listeners[0](tokensFor(60, { skew: 100 }));
    mock.timers.tick(9_999);
    assert.equal(expirations(), 0);
    mock.timers.tick(2);
    assert.equal(expirations(), 1);
    assert.equal(client.isTokenExpired(), false);
    // Then the newest one counts.
    mock.timers.tick(50_000);
    assert.equal(expirations(), 2);
    mock.timers.tick(600_000);
    assert.equal(expirations(), 2, "once for each token");
});

test("updateToken sets the time of onTokenExpired anew, and clearToken ends it", async () => {
    const fake = core({ tokens: tokensFor(60) });
    const { client, heard } = start(fake);
    await client.init({ onLoad: "check-sso" });
    const expirations = () => heard.filter(([name]) => name === "onTokenExpired").length;
    fake.renew = async () => {
        await settled();
        fake.listeners[0](tokensFor(60));
    };
    mock.timers.tick(50_000);
    await client.updateToken(-1);
    mock.timers.tick(50_000);
    assert.equal(expirations(), 0);
    client.clearToken();
    mock.timers.tick(600_000);
    assert.equal(expirations(), 0);
});

test("a token that is valid for months does not expire at once", async () => {
    // A longer timeout would come at once.
    const longest = 2 ** 31 - 1;
    const { setTimeout } = globalThis;
    const timeouts = mock.method(globalThis, "setTimeout", setTimeout);
    const { client, heard } = start(core({ tokens: tokensFor(90 * 86_400) }));
    await client.init({ onLoad: "check-sso" });
    mock.timers.tick(longest + 1);
    assert.deepEqual(timeouts.mock.calls.map(({ arguments: [, milliseconds] }) => milliseconds), [longest, longest]);
    assert.ok(!heard.some(([name]) => name === "onTokenExpired"));
});

test("an opaque access token: the user comes from the id_token, the time from the server's answer", async () => {
    const tokens = { ...tokensFor(60), accessToken: "opaque" };
    const { client } = start(core({ tokens }), { oidcProvider: { issuer: "https://op.example.com", authorization_endpoint: "a", token_endpoint: "t" }, clientId: "spa" });
    await client.init({ onLoad: "check-sso" });
    assert.deepEqual([client.subject, client.tokenParsed, client.isTokenExpired(), client.isTokenExpired(61)], ["alice", undefined, false, true]);
});
