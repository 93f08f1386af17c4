// `createUser` of the adapters: when it is called, with what, and what becomes of its errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepUser } from "../../dist/adapters/user.js";

const part = claims => Buffer.from(JSON.stringify(claims)).toString("base64url");
const jwt = claims => `e30.${part(claims)}.`;

/** A client whose tokens the test changes. */
function client(first) {
    const listeners = new Set();
    const tokensOf = ({ id, access }) => ({ decodedIdToken_original: { sub: "alice", ...id }, accessToken: typeof access === "string" ? access : jwt(access) });
    let tokens = tokensOf(first);
    const renew = next => {
        tokens = tokensOf(next);
        listeners.forEach(listener => listener(tokens));
    };
    return {
        renew,
        next: undefined,
        issuerUri: "https://login.example.com",
        getTokens: async () => tokens,
        async renewTokens() {
            renew(this.next);
        },
        subscribeToTokensChange: listener => listeners.add(listener)
    };
}
const FIRST = { id: { exp: 1, roles: ["a"] }, access: { jti: "1", exp: 1 } };
const settle = () => new Promise(resolve => setTimeout(resolve, 5));

test("it is called once the client is there, and again for new claims only, one call after the other", async () => {
    const oidc = client(FIRST);
    const calls = [];
    const user = await keepUser(oidc, async params => {
        calls.push(params);
        await settle();
        return { number: calls.length };
    });
    assert.deepEqual(user.current(), { number: 1 });
    const { fetchUserInfo, ...given } = calls[0];
    assert.equal(typeof fetchUserInfo, "function");
    assert.deepEqual(given, { decodedIdToken: { sub: "alice", exp: 1, roles: ["a"] }, accessToken: jwt(FIRST.access), issuerUri: "https://login.example.com", user_current: undefined });

    const changes = [];
    const stop = user.subscribe(change => changes.push(change));
    user.subscribe(() => changes.push("another"));
    oidc.renew({ id: { exp: 2, iat: 2, nonce: "n", roles: ["a"] }, access: { jti: "2", exp: 2, cnf: { jkt: "k" } } });
    await settle();
    assert.equal(calls.length, 1, "the same claims");
    oidc.renew({ id: { roles: ["a", "b"] }, access: {} });
    oidc.renew({ id: { roles: ["a", "b"] }, access: { scope: "more" } });
    oidc.renew({ id: { roles: ["a", "b"] }, access: "opaque" });
    await settle().then(settle).then(settle).then(settle);
    assert.deepEqual(calls.map(({ user_current }) => user_current?.number), [undefined, 1, 2, 3]);
    assert.deepEqual(user.current(), { number: 4 });
    assert.deepEqual(changes.filter(change => change !== "another").map(({ user, user_previous }) => [user.number, user_previous.number]), [[2, 1], [3, 2], [4, 3]]);
    stop();
    oidc.renew(FIRST);
    await settle().then(settle);
    assert.deepEqual([changes.length, user.current().number], [7, 5]);
});

test("the first error is the caller's, later ones leave the last user", async t => {
    await assert.rejects(keepUser(client(FIRST), () => { throw new Error("no user"); }), { message: "no user" });
    const log = t.mock.method(console, "error", () => {});
    const oidc = client(FIRST);
    let isBroken = false;
    const user = await keepUser(oidc, ({ decodedIdToken }) => {
        if (isBroken) throw new Error("broken");
        return decodedIdToken.roles;
    });
    isBroken = true;
    oidc.renew({ id: { roles: ["b"] }, access: {} });
    await settle();
    assert.deepEqual(user.current(), ["a"]);
    assert.match(log.mock.calls[0].arguments[0], /^countersign: createUser\(\) failed, the last user stays\.$/);
    isBroken = false;
    oidc.renew({ id: { roles: ["b"] }, access: {} });
    await settle();
    assert.deepEqual(user.current(), ["b"], "tried again");
});

test("refresh renews the tokens and calls it once, whatever the claims; its error is the caller's", async () => {
    const oidc = client(FIRST);
    let calls = 0;
    const user = await keepUser(oidc, ({ decodedIdToken: { fails } }) => {
        calls++;
        if (fails) throw new Error("no user");
        return calls;
    });
    oidc.next = FIRST;
    assert.deepEqual([await user.refresh(), user.current(), calls], [2, 2, 2]);
    oidc.next = { id: { fails: true }, access: {} };
    await assert.rejects(user.refresh(), { message: "no user" });
    assert.equal(user.current(), 2);
    oidc.renewTokens = () => Promise.reject(new Error("no server"));
    await assert.rejects(user.refresh(), { message: "no server" });
});

test("fetchUserInfo asks the endpoint of the metadata with the token, and refuses what is about another user", async t => {
    const requests = [];
    let answers;
    t.mock.method(globalThis, "fetch", async (url, init) => (requests.push([url, init?.headers?.Authorization]), answers[url]?.clone() ?? new Response("", { status: 404 })));
    const ask = metadata => keepUser(client({ id: {}, access: "token" }), ({ fetchUserInfo }) => fetchUserInfo(), metadata).then(user => user.current());
    const discovery = "https://login.example.com/.well-known/openid-configuration";
    const endpoint = "https://login.example.com/me";
    answers = { [discovery]: Response.json({ userinfo_endpoint: endpoint }), [endpoint]: Response.json({ sub: "alice", email: "a@example.com" }) };
    assert.deepEqual(await ask(), { sub: "alice", email: "a@example.com" });
    assert.deepEqual(requests, [[discovery, undefined], [endpoint, "Bearer token"]]);

    answers = { "https://other.example/me": Response.json({ sub: "alice" }) };
    assert.deepEqual(await ask({ userinfo_endpoint: "https://other.example/me" }), { sub: "alice" });

    await assert.rejects(ask(), { message: `countersign: ${discovery} answered 404.` });
    answers = { [discovery]: Response.json({}) };
    await assert.rejects(ask(), { message: "countersign: the authorization server's metadata names no userinfo_endpoint." });
    answers = { [discovery]: Response.json({ userinfo_endpoint: endpoint }), [endpoint]: Response.json({ sub: "mallory" }) };
    await assert.rejects(ask(), { message: "countersign: the user info is not about the user of the id_token (OpenID Connect Core 1.0, 5.3.2)." });
});
