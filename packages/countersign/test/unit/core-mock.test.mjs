// `createMockOidc`: a client without an authorization server, in Node, in jsdom and in a page of the test's.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { JSDOM } from "jsdom";

const root = new URL("../../", import.meta.url);
let copies = 0;
/** The module as a page that is loaded anew has it. */
const fresh = () => import(`${root}dist/adapters/mockOidc.js?${copies++}`);

/** Runs with these globals. */
async function within(globals, run) {
    const before = Object.entries(globals).map(([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
    for (const [name, value] of Object.entries(globals)) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    try {
        return await run(await fresh());
    } finally {
        for (const [name, descriptor] of before) {
            descriptor ? Object.defineProperty(globalThis, name, descriptor) : delete globalThis[name];
        }
    }
}

/** A page that notes where it is sent, and how its URL is changed. */
function page(href) {
    const went = [];
    const location = {
        get href() {
            return href;
        },
        set href(to) {
            went.push(to);
        }
    };
    const history = { state: { key: 1 }, replaceState: (state, _, url) => ((href = `${url}`), assert.deepEqual(state, { key: 1 })) };
    return { went, location, history };
}

const NO_PAGE = { message: "countersign: login() and logout() of a mocked client load a page, and there is none here." };

for (const how of ["import", "require"]) {
    test(`in Node it is logged in or not, as the test says (${how})`, async () => {
        const { createMockOidc } = how === "import" ? await import("countersign/core-mock") : createRequire(import.meta.url)("countersign/core-mock");
        const out = await createMockOidc({ isUserInitiallyLoggedIn: false });
        assert.deepEqual([out.isUserLoggedIn, out.initializationError, out.issuerUri, out.clientId, out.validRedirectUri], [false, undefined, "https://mock.example", "mock", "http://localhost/"]);
        await assert.rejects(out.login(), NO_PAGE);

        const oidc = await createMockOidc({ isUserInitiallyLoggedIn: true, mockedParams: { issuerUri: "https://a.example", clientId: "app" }, mockedTokens: { decodedIdToken: { sub: "alice" } }, BASE_URL: "/app" });
        assert.deepEqual([oidc.isUserLoggedIn, oidc.issuerUri, oidc.clientId, oidc.validRedirectUri], [true, "https://a.example", "app", "http://localhost/app/"]);
        assert.deepEqual([oidc.backFromAuthServer, oidc.isNewBrowserSession], [undefined, false]);
        assert.deepEqual(oidc.getDecodedIdToken(), { sub: "alice" });
        const tokens = await oidc.getTokens();
        assert.equal(tokens.accessToken, "mocked-access-token");
        assert.ok(tokens.accessTokenExpirationTime > tokens.getServerDateNow());
        assert.equal(tokens.hasRefreshToken, false);
        assert.ok(!("refreshToken" in tokens));
        const { iss, aud, sub } = tokens.decodedIdToken_original;
        assert.deepEqual({ iss, aud, sub }, { iss: "https://a.example", aud: "app", sub: "alice" });
        await oidc.renewTokens();
        await oidc.connectWorker();
        oidc.subscribeToTokensChange(() => assert.fail()).unsubscribeFromTokensChange();
        oidc.subscribeToAutoLogoutCountdown(() => assert.fail()).unsubscribeFromAutoLogoutCountdown();
        await assert.rejects(oidc.logout({ redirectTo: "home" }), NO_PAGE);
    });
}

test("given tokens are the client's, and a refresh token follows from hasRefreshToken", async () => {
    const { createMockOidc } = await fresh();
    const given = { accessToken: "a", idToken: "i", refreshToken: "r", refreshTokenExpirationTime: 5, accessTokenExpirationTime: 4, issuedAtTime: 3, decodedIdToken_original: { sub: "x" }, decodedIdToken: { n: 1 } };
    const { getServerDateNow, ...tokens } = await (await createMockOidc({ isUserInitiallyLoggedIn: true, mockedTokens: given })).getTokens();
    assert.deepEqual(tokens, { ...given, hasRefreshToken: true });
    const other = await (await createMockOidc({ isUserInitiallyLoggedIn: true, mockedTokens: { hasRefreshToken: true, accessToken: undefined } })).getTokens();
    assert.deepEqual([other.refreshToken, other.refreshTokenExpirationTime, other.accessToken], ["mocked-refresh-token", undefined, "mocked-access-token"]);
});

test("claims that the test has not given are an error with a sentence, once they are read", async () => {
    const { createMockOidc } = await fresh();
    const oidc = await createMockOidc({ isUserInitiallyLoggedIn: true });
    const claims = oidc.getDecodedIdToken();
    assert.equal((await oidc.getTokens()).decodedIdToken, claims);
    assert.equal(await claims, claims, "a promise may hold them");
    for (const read of [() => claims.sub, () => ({ ...claims }), () => JSON.stringify(claims), () => "sub" in claims]) {
        assert.throws(read, /^Error: countersign: the mocked client has no id_token: give it decodedIdToken_mock/);
    }
});

test("login and logout load the page again, and what they said is read once and taken out of the URL", async () => {
    const first = page("https://app.example/app/here?x=1#part");
    await within(first, async ({ createMockOidc }) => {
        const oidc = await createMockOidc({ isUserInitiallyLoggedIn: false, BASE_URL: "/app/" });
        assert.equal(oidc.validRedirectUri, "https://app.example/app/");
        oidc.login();
        oidc.login({ redirectUrl: "/app/there?y=2" });
        await null;
        assert.deepEqual(first.went, ["https://app.example/app/here?x=1&isUserLoggedIn=true#part", "https://app.example/app/there?y=2&isUserLoggedIn=true"]);
    });

    const second = page(first.went[0]);
    await within(second, async ({ createMockOidc }) => {
        const oidc = await createMockOidc({ isUserInitiallyLoggedIn: false, BASE_URL: "/app/" });
        assert.equal(oidc.isUserLoggedIn, true);
        assert.equal(second.location.href, "https://app.example/app/here?x=1#part");
        assert.equal((await createMockOidc({ isUserInitiallyLoggedIn: false })).isUserLoggedIn, true, "each client of the page");
        oidc.goToAuthServer({ redirectUrl: "/app/profile" });
        oidc.logout({ redirectTo: "current page" });
        oidc.logout({ redirectTo: "home" });
        oidc.logout({ redirectTo: "specific url", url: "/bye" });
        await null;
        assert.deepEqual(second.went, [
            "https://app.example/app/profile?isUserLoggedIn=true",
            "https://app.example/app/here?x=1&isUserLoggedIn=false#part",
            "https://app.example/app/?isUserLoggedIn=false",
            "https://app.example/bye?isUserLoggedIn=false"
        ]);
    });

    const third = page(second.went[2]);
    await within(third, async ({ createMockOidc }) => {
        assert.equal((await createMockOidc({ isUserInitiallyLoggedIn: true })).isUserLoggedIn, false);
    });
});

test("a URL that is not of the app's origin is refused as the real client refuses it, and no script runs", async () => {
    const { sentence } = await import(`${root}dist/core/errors/sentences.js`);
    const here = page("https://app.example/app/");
    await within(here, async ({ createMockOidc }) => {
        for (const target of ["javascript:alert(1)//", "https://evil.example/app/", "//evil.example", "data:text/html,x", "http://app.example/app/", "blob:https://app.example/x", "https://"]) {
            const refused = { name: "OidcInitializationError", code: "redirect_url_invalid", isAuthServerLikelyDown: false, message: `countersign: ${sentence("redirect_url_invalid", [target, "https://app.example/app/"])}` };
            const out = await createMockOidc({ isUserInitiallyLoggedIn: false, BASE_URL: "/app/" });
            await assert.rejects(out.login({ redirectUrl: target }), refused);
            const oidc = await createMockOidc({ isUserInitiallyLoggedIn: true, BASE_URL: "/app/" });
            await assert.rejects(oidc.goToAuthServer({ redirectUrl: target }), refused);
            await assert.rejects(oidc.logout({ redirectTo: "specific url", url: target }), refused);
            await assert.rejects(createMockOidc({ autoLogin: true, isUserInitiallyLoggedIn: false, postLoginRedirectUrl: target, BASE_URL: "/app/" }), refused);
        }
        assert.deepEqual(here.went, []);
    });
});

test("a router that has changed the URL meanwhile takes nothing away", async () => {
    const here = page("https://app.example/?isUserLoggedIn=true");
    await within(here, async ({ createMockOidc }) => {
        here.history.replaceState({ key: 1 }, "", "https://app.example/home");
        assert.equal((await createMockOidc({ isUserInitiallyLoggedIn: false })).isUserLoggedIn, true);
    });
});

test("with autoLogin a user who has logged out is logged in again at once", async () => {
    assert.equal((await (await fresh()).createMockOidc({ autoLogin: true })).isUserLoggedIn, true);
    const again = page("https://app.example/?isUserLoggedIn=false");
    await within(again, async ({ createMockOidc }) => {
        void createMockOidc({ autoLogin: true, postLoginRedirectUrl: "/start" });
        await null;
        assert.deepEqual(again.went, ["https://app.example/start?isUserLoggedIn=true"]);
    });
});

for (const url of ["http://localhost/", "about:blank"]) {
    test(`it works in jsdom (${url})`, async () => {
        const { window } = new JSDOM("", { url });
        const { document, location, history } = window;
        await within({ window, document, location, history }, async ({ createMockOidc }) => {
            const oidc = await createMockOidc({ isUserInitiallyLoggedIn: true, mockedTokens: { decodedIdToken: { sub: "alice" } } });
            assert.deepEqual([oidc.getDecodedIdToken().sub, oidc.validRedirectUri], ["alice", "http://localhost/"]);
            assert.equal((await createMockOidc({ isUserInitiallyLoggedIn: false })).isUserLoggedIn, false);
        });
    });
}
