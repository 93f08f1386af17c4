// The React adapter without a page: on a server that renders, and mocked in tests that have no DOM.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { oidcSpa } from "countersign/react-spa";

const require = createRequire(import.meta.url);
const schema = { parse: ({ sub, name }) => ({ sub, name: String(name) }) };
const shape = { decodedIdTokenSchema: schema, decodedIdToken_mock: { sub: "1", name: "Alice" } };
const real = { implementation: "real", issuerUri: "https://login.example.com", clientId: "app" };

test("on a server the app is rendered as far as no client is needed, and everything else says why it is not", async () => {
    const { bootstrapOidc, useOidc, getOidc, enforceLogin, OidcInitializationGate } = oidcSpa.createUtils();
    const { OidcInitializationErrorGate } = oidcSpa.withAutoLogin().createUtils();
    await bootstrapOidc(real);
    await bootstrapOidc(real);
    const Who = () => useOidc().clientId;
    assert.equal(renderToString(h(OidcInitializationGate, { fallback: "one moment" }, h(Who))), "one moment");
    assert.equal(renderToString(h(OidcInitializationGate, null, h(Who))), "");
    assert.equal(renderToString(h(OidcInitializationErrorGate, { errorComponent: Who }, "app")), "app");
    assert.throws(() => renderToString(h(Who)), { message: "countersign: useOidc() has no client on a server; render the component in <OidcInitializationGate> or in the browser only." });
    const message = "countersign: getOidc() has no client on a server; call it in the browser only.";
    await assert.rejects(getOidc(), { message });
    await assert.rejects(enforceLogin({ request: new Request("https://app.example/x") }), { message });
});

for (const how of ["import", "require"]) {
    test(`mocked in Node, components and getOidc have a client (${how})`, async () => {
        const module = how === "import" ? { oidcSpa } : require("countersign/react-spa");
        const { bootstrapOidc, useOidc, getOidc } = module.oidcSpa.withExpectedDecodedIdTokenShape(shape).createUtils();
        const started = bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true, issuerUri_mock: "https://a.example", clientId_mock: "c" });
        const oidc = await getOidc();
        await started;
        assert.deepEqual([oidc.isUserLoggedIn, oidc.issuerUri, oidc.clientId, oidc.validRedirectUri], [true, "https://a.example", "c", "http://localhost/"]);
        assert.equal(await oidc.getAccessToken(), "mocked-access-token");
        assert.deepEqual(oidc.getDecodedIdToken(), { sub: "1", name: "Alice" });
        assert.equal(await getOidc({ assert: "user logged in" }), oidc);
        await assert.rejects(getOidc({ assert: "user not logged in" }), { message: 'countersign: the app asserts "user not logged in", but the user is logged in.' });
        const states = [];
        oidc.subscribeToAutoLogoutState(state => states.push(state)).unsubscribeFromAutoLogoutState();
        assert.deepEqual(states, [{ shouldDisplayWarning: false }]);
        const Who = () => {
            const { isUserLoggedIn, decodedIdToken, autoLogoutState, user, refreshUser } = useOidc({ assert: "user logged in" });
            return JSON.stringify([isUserLoggedIn, decodedIdToken.name, autoLogoutState.shouldDisplayWarning, user, refreshUser]);
        };
        assert.equal(renderToString(h(Who)).replaceAll("&quot;", '"'), '[true,"Alice",false,null,null]');
    });
}

test("mocked and not logged in, a component can ask for a login, and an assertion fails with a sentence", async () => {
    const { bootstrapOidc, useOidc, getOidc, enforceLogin } = oidcSpa.createUtils();
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: false });
    let seen;
    const Who = ({ assert }) => ((seen = useOidc({ assert })), seen.clientId);
    assert.equal(renderToString(h(Who)), "mock");
    assert.equal(renderToString(h(Who, { assert: "user not logged in" })), "mock");
    assert.deepEqual([seen.isUserLoggedIn, seen.initializationError, seen.autoLogoutState], [false, undefined, { shouldDisplayWarning: false }]);
    await assert.rejects(seen.login(), { message: /^countersign: login\(\) and logout\(\) of a mocked client load a page/ });
    assert.throws(() => renderToString(h(Who, { assert: "user logged in" })), { message: 'countersign: the app asserts "user logged in", but the user is not logged in.' });
    const oidc = await getOidc({ assert: "user not logged in" });
    assert.deepEqual(Object.keys(oidc).sort(), ["clientId", "initializationError", "isUserLoggedIn", "issuerUri", "login", "validRedirectUri"]);
    globalThis.window = { location: { href: "https://app.example/" } };
    try {
        await assert.rejects(enforceLogin({ cause: "preload", location: { href: "/x" } }), { message: /^countersign: the route is only preloaded, and needs a login\. Nothing is wrong/ });
        await assert.rejects(enforceLogin({ cause: "enter", location: { href: "/x" } }), { message: /load a page/ });
    } finally {
        delete globalThis.window;
    }
});

test("claims and users of bootstrapOidc come before those of the builder", async () => {
    const created = { createUser: () => assert.fail("a mocked client asks nobody"), user_mock: { id: "builder" } };
    for (const [more, expected] of [
        [{}, ["Alice", "builder"]],
        [{ decodedIdToken_mock: { sub: "2", name: "Bob" }, user_mock: { id: "bootstrap" } }, ["Bob", "bootstrap"]]
    ]) {
        // The order of the builder's calls does not matter.
        const { bootstrapOidc, useOidc, getOidc } = oidcSpa.withUser(created).withAutoLogin().withExpectedDecodedIdTokenShape(shape).createUtils();
        await bootstrapOidc({ implementation: "mock", ...more });
        const Who = () => `${useOidc().decodedIdToken.name} ${useOidc().user.id}`;
        assert.equal(renderToString(h(Who)), expected.join(" "));
        const { user, refreshUser, subscribeToUserChange } = await (await getOidc()).getUser();
        assert.deepEqual([user.id, (await refreshUser()).id], [expected[1], expected[1]]);
        subscribeToUserChange(() => {}).unsubscribeFromUserChange();
    }
});

test("what a mock was not given is an error with a sentence where it is read", async () => {
    const { bootstrapOidc, useOidc, getOidc } = oidcSpa.createUtils();
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true });
    assert.throws(() => renderToString(h(() => useOidc().decodedIdToken.sub)), /give it decodedIdToken_mock/);
    await assert.rejects((await getOidc()).getUser(), { message: "countersign: getUser() needs withUser()." });

    const withUser = oidcSpa.withUser({ createUser: () => ({}) }).createUtils();
    await withUser.bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true });
    const message = "countersign: the mocked client has no user: give user_mock to withUser() or to bootstrapOidc().";
    await assert.rejects((await withUser.getOidc()).getUser(), { message });
    assert.throws(() => renderToString(h(() => withUser.useOidc().clientId)), { message });
});
