/** Parameters of a login that are not the app's to decide, and those that are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";

const RESERVED = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "request",
    "request_uri"
];

const failed = ({ code, message }, name) => {
    assert.equal(code, "parameter_reserved");
    assert.equal(
        message,
        `countersign: "${name}" is a parameter that the login itself decides; leave it out of extraQueryParams and extraTokenParams, and unchanged in transformUrlBeforeRedirect.`
    );
};

for (const flags of [[], ["--require-par"]]) {
    test(`no way of the app to change the request reaches a reserved parameter ${flags}`, async t => {
        const world = await World.create(t, { idp: flags });
        await world.open();
        const mark = world.issuer.mark();
        for (const name of RESERVED) {
            const errors = await world.page.evaluate(async name => {
                const edits = [
                    url => url.searchParams.set(name, "evil"),
                    url => url.searchParams.append(name, url.searchParams.get(name) ?? "evil"),
                    url => url.searchParams.append(name.toUpperCase(), "evil")
                ];
                // What is not there cannot be removed.
                if (!["request", "request_uri", "response_mode"].includes(name)) {
                    edits.push(url => url.searchParams.delete(name));
                }
                const ways = edits.map(edit => ({
                    transformUrlBeforeRedirect(text) {
                        const url = new URL(text);
                        edit(url);
                        return url.href;
                    }
                }));
                ways.push({ extraQueryParams: { ui_locales: "fr", [name]: "evil" } });
                const errors = [];
                for (const way of ways) {
                    errors.push(await window.harness.login("main", way).catch(window.harness.failureOf));
                }
                return errors;
            }, name);
            for (const [index, error] of errors.entries()) {
                failed(error, index === 2 ? name.toUpperCase() : name);
            }
        }
        assert.deepEqual(world.issuer.list({ since: mark }), [], "nothing was sent");
        assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    });
}

for (const params of [
    { extraQueryParams: { ui_locales: "fr", dpop_jkt: "evil" } },
    { extraQueryParams: { dpop_jkt: "evil" }, autoLogin: true },
    { extraQueryParams: { dpop_jkt: "evil" }, sessionRestorationMethod: "iframe" }
]) {
    test(`createOidc rejects for a reserved parameter, each time: ${JSON.stringify(params)}`, async t => {
        const world = await World.create(t, { params: { main: params } });
        for (let round = 0; round < 2; round++) {
            failed((await world.open()).main.rejected ?? {}, "dpop_jkt");
        }
        assert.deepEqual(world.authorizationRequests(), []);
    });
}

test("token requests have theirs, too", async t => {
    const world = await World.create(t);
    await world.start();
    const mark = world.issuer.mark();
    for (const name of ["grant_type", "refresh_token", "client_id", "code", "code_verifier", "redirect_uri"]) {
        const failure = await world.page.evaluate(
            name => window.harness.loggedIn().renewTokens({ extraTokenParams: { [name]: "evil" } }).catch(window.harness.failureOf),
            name
        );
        failed(failure, name);
    }
    assert.deepEqual(world.tokenRequests(mark), []);
    await world.renew();
    assert.equal(world.tokenRequests(mark).length, 1);
});

test("everything else is the app's: hints, prompts, scope, another page of the server, the same value again", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 404/] });
    await world.open();
    await world.page.evaluate(() => {
        const { pathname } = new URL(window.harness.oidcs.get("main").issuerUri);
        void window.harness.login("main", {
            extraQueryParams: { client_id: "main", kc_idp_hint: "x", login_hint: "a b+c", prompt: "login", max_age: "1", scope: "openid", claims: "{}" },
            transformUrlBeforeRedirect(text) {
                const url = new URL(text);
                url.searchParams.append("resource", "https://a.example/");
                url.searchParams.append("resource", "https://b.example/");
                url.searchParams.sort();
                url.pathname = `${pathname}register`;
                return url.href;
            }
        });
    });
    await world.issuer.waitFor(exchange => exchange.path === "/register");
    const [visit] = world.issuer.list({ path: "/register" });
    const query = new URL(visit.target, world.issuer.origin).searchParams;
    assert.deepEqual(query.getAll("resource"), ["https://a.example/", "https://b.example/"]);
    assert.deepEqual(
        ["client_id", "kc_idp_hint", "login_hint", "prompt", "max_age", "scope"].map(name => query.get(name)),
        ["main", "x", "a b+c", "login", "1", "openid"]
    );
});
