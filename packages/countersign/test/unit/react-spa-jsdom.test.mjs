// The React adapter in jsdom, as Vitest and Jest run components: mocked, and what an app without early init is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";

const { window } = new JSDOM('<!doctype html><div id="root"></div>', { url: "http://localhost/" });
// As Vitest does: what Node has stays Node's.
const names = ["addEventListener", "removeEventListener", "dispatchEvent", ...Object.getOwnPropertyNames(window)];
for (const name of names.filter(name => !(name in globalThis) || name === "navigator")) {
    const value = window[name];
    const isFunction = typeof value === "function" && /^[a-z]/.test(name);
    Object.defineProperty(globalThis, name, { value: isFunction ? value.bind(window) : value, configurable: true, writable: true });
}
Object.assign(globalThis, { window, IS_REACT_ACT_ENVIRONMENT: true });

const { act, Component, createElement: h, StrictMode, Suspense } = await import("react");
const { createRoot, hydrateRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const { oidcSpa } = await import("countersign/react-spa");

const shape = { decodedIdTokenSchema: { parse: claims => claims }, decodedIdToken_mock: { sub: "1", name: "Alice" } };

/** Renders under StrictMode. `html` is that of a server. */
async function render(t, element, html = "") {
    const container = document.createElement("div");
    container.innerHTML = html;
    document.body.append(container);
    const problems = [];
    const options = { onUncaughtError: error => problems.push(error), onRecoverableError: error => problems.push(error) };
    let root;
    await act(async () => {
        root = html ? hydrateRoot(container, element, options) : createRoot(container, options);
        html || root.render(h(StrictMode, null, element));
    });
    t.after(() => act(async () => root.unmount()));
    return { container, problems };
}

class Boundary extends Component {
    state = {};
    static getDerivedStateFromError = error => ({ error });
    render() {
        return this.state.error ? h("i", null, this.state.error.message) : this.props.children;
    }
}

test("a component is suspended until the mocked client is there", async t => {
    const { bootstrapOidc, useOidc } = oidcSpa.withExpectedDecodedIdTokenShape(shape).createUtils();
    const Who = () => h("b", null, useOidc({ assert: "user logged in" }).decodedIdToken.name);
    const { container, problems } = await render(t, h(Suspense, { fallback: "one moment" }, h(Who)));
    assert.equal(container.innerHTML, "one moment");
    await act(() => bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true }));
    assert.equal(container.innerHTML, "<b>Alice</b>");
    assert.deepEqual(problems, []);
});

test("the gate takes over what a server has rendered, without a difference", async t => {
    const { bootstrapOidc, useOidc, OidcInitializationGate } = oidcSpa.withExpectedDecodedIdTokenShape(shape).createUtils();
    const Who = () => h("b", null, useOidc().isUserLoggedIn ? "in" : "out");
    const app = h("main", null, h(OidcInitializationGate, { fallback: h("i", null, "one moment") }, h(Who)));
    const html = renderToString(app);
    assert.equal(html, "<main><i>one moment</i></main>");
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: false });
    const { container, problems } = await render(t, app, html);
    assert.equal(container.innerHTML, "<main><b>out</b></main>");
    assert.deepEqual(problems, []);
});

test("withLoginEnforced renders a component for those who are logged in, and keeps its props and name", async t => {
    const { bootstrapOidc, withLoginEnforced } = oidcSpa.createUtils();
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true });
    const Private = withLoginEnforced(function Secret({ text }) {
        return h("b", null, text);
    });
    assert.equal(Private.displayName, "withLoginEnforced(Secret)");
    const { container } = await render(t, h(Private, { text: "only for you" }));
    assert.equal(container.innerHTML, "<b>only for you</b>");
});

test("a login that cannot begin reaches the error boundary, and another attempt can be made", async t => {
    const { bootstrapOidc, withLoginEnforced } = oidcSpa.createUtils();
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: false });
    const Private = withLoginEnforced(() => assert.fail("nobody is logged in"));
    t.mock.method(console, "error", () => {});
    const url = Object.getOwnPropertyDescriptor(globalThis, "location");
    Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
    t.after(() => Object.defineProperty(globalThis, "location", url));
    for (let attempt = 0; attempt < 2; attempt++) {
        const { container } = await render(t, h(Boundary, null, h(Private)));
        assert.match(container.innerHTML, /^<i>countersign: login\(\) and logout\(\) of a mocked client load a page/);
    }
});

test("a client that is not mocked has no page here: the error gate says so, and getOidc rejects with the same", async t => {
    const { bootstrapOidc, useOidc, getOidc, OidcInitializationErrorGate } = oidcSpa.withAutoLogin().createUtils();
    const Who = () => useOidc().clientId;
    const errorComponent = ({ oidcInitializationError: { name, message } }) => h("i", null, `${name}: ${message}`);
    await bootstrapOidc({ implementation: "real", issuerUri: "https://login.example.com", clientId: "app" });
    const { container } = await render(t, h(Suspense, null, h(OidcInitializationErrorGate, { errorComponent }, h(Who))));
    assert.match(container.innerHTML, /^<i>OidcInitializationError: countersign: createOidc\(\) was called where there is no page/);
    await assert.rejects(getOidc(), { name: "OidcInitializationError", code: "not_in_browser" });
});
