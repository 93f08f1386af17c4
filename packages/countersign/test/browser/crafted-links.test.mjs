/** Links that look like an authorization response, and responses that hold more than they should. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";

const MARKUP = `<img src=x onerror="document.title='taken'">`;
const link = (parameters = {}) => `/?${new URLSearchParams({ state: `cs.${MARKUP}`, code: "1", ...parameters })}`;

/** Whatever is in the URL of the answer to a login. */
function tamperAnswer(world, edit) {
    world.issuer.tamper = response => {
        response.headers = response.headers.map(([key, value]) => {
            if (key.toLowerCase() !== "location" || !value.startsWith(world.app.origin)) {
                return [key, value];
            }
            const url = new URL(value);
            edit(url.searchParams);
            return [key, url.href];
        });
    };
}

test("a crafted link begins the login of an autoLogin app again", async t => {
    const world = await World.create(t, { params: { main: { autoLogin: true } } });
    await world.page.goto(`${world.app.origin}/deep${link().slice(1)}`);
    await world.chooseUser();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(world.page.url(), `${world.app.origin}/deep`);
    // With a session it does not even leave.
    const mark = world.issuer.mark();
    assert.equal((await world.open(link())).main.isUserLoggedIn, true);
    assert.deepEqual(
        world.authorizationRequests(mark).map(exchange => exchange.query().prompt),
        ["none"]
    );
});

test("a second crafted link before there is a session is a typed error without markup, and a reload goes on", async t => {
    const world = await World.create(t, { params: { main: { autoLogin: true } } });
    await world.page.goto(world.app.origin + link());
    await world.page.getByRole("button").first().waitFor();
    const { main } = await world.open(link());
    assert.deepEqual(main.rejected, {
        name: "OidcInitializationError",
        code: "flow_unknown",
        message: 'countersign: the authorization response "cs. img src x onerror document.title taken" belongs to no login in progress; log in again.'
    });
    assert.equal(world.page.url(), `${world.app.origin}/`);
    await world.page.reload({ waitUntil: "commit" });
    await world.chooseUser();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal((await world.open(link())).main.isUserLoggedIn, true);
});

test("without autoLogin a crafted link leaves the app logged out, without an error", async t => {
    const world = await World.create(t);
    assert.deepEqual((await world.open(link())).main, { isUserLoggedIn: false });
    assert.equal(world.page.url(), `${world.app.origin}/`);
});

test("a response to a login that the engine has forgotten begins it again with autoLogin", async t => {
    const main = { autoLogin: true, sessionRestorationMethod: "full page redirect" };
    const world = await World.create(t, { params: { main } });
    // Record and response agree on a state that the engine does not know.
    await world.context.addInitScript(() => {
        if (!isSecureContext) {
            return; // The empty page that each test begins with has no storage.
        }
        const record = sessionStorage.getItem("countersign");
        const state = new URLSearchParams(location.search).get("state");
        if (record && state && !localStorage.getItem("done")) {
            localStorage.setItem("done", "1");
            sessionStorage.setItem("countersign", JSON.stringify({ ...JSON.parse(record), state: "cs.unknown" }));
            history.replaceState(null, "", location.href.replace(state, "cs.unknown"));
        }
    });
    await world.page.goto(world.app.origin);
    await world.chooseUser();
    assert.equal((await world.settled()).main.isUserLoggedIn, true);
    assert.equal(world.authorizationRequests().length, 2);
});

for (const [name, edit, code, message] of [
    [
        "error and error_description",
        query => {
            query.delete("code");
            query.set("error", `x${MARKUP}`);
            query.set("error_description", `${MARKUP} no such scope`);
        },
        "authorization_error",
        /^countersign: the authorization server refused the login with "x img src x onerror document.title taken" \(img src x onerror document.title taken no such scope\); check the client's configuration there\.$/
    ],
    [
        "iss",
        query => query.set("iss", `https://other.example/${MARKUP}`),
        "response_issuer_mismatch",
        /^countersign: the authorization response should come from "http:\/\/localhost:\d+", but its iss is "https other.example img src x onerror document.title taken"; log in again\.$/
    ]
]) {
    test(`markup in ${name} of a response does not reach the message`, async t => {
        const world = await World.create(t);
        await world.open();
        tamperAnswer(world, edit);
        const { main } = await world.logIn();
        assert.equal(main.initializationError?.code, code, JSON.stringify(main));
        assert.match(main.initializationError.message, message);
    });
}

for (const name of ["code", "state", "iss", "session_state", "foo"]) {
    test(`a response with ${name} twice is refused, and no code is sent (RFC 6749, 3.1)`, async t => {
        const world = await World.create(t);
        await world.open();
        tamperAnswer(world, query => {
            query.append(name, query.get(name) ?? "1");
            if (query.getAll(name).length === 1) {
                query.append(name, "2");
            }
        });
        const { main } = await world.logIn();
        assert.equal(main.initializationError?.code, "response_invalid", JSON.stringify(main));
        assert.equal(
            main.initializationError.message,
            `countersign: the authorization response holds "${name}" twice (RFC 6749, 3.1); log in again.`
        );
        assert.deepEqual(world.tokenRequests(), []);
        assert.ok(!/[?&](code|state|iss)=/.test(world.page.url()), world.page.url());
        // In the iframe as well: the server has a session now.
        assert.equal((await world.open()).main.initializationError?.code, "response_invalid");
        assert.deepEqual(world.tokenRequests(), []);
        world.issuer.tamper = undefined;
        assert.equal((await world.open()).main.isUserLoggedIn, true);
    });
}
