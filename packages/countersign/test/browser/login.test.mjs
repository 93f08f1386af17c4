/** Logging in, in both set-ups: the authorization request, its response, the token request, the first call. */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBoundCall, assertProof, hash } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const LOGGED_OUT = { isUserLoggedIn: false };

for (const setup of ["plugin", "manual"]) {
    test(`c1_t1_r1_login_binds_code_and_token_to_one_key (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        assert.deepEqual(await world.open(), { main: LOGGED_OUT });
        const mark = world.issuer.mark();
        const { main } = await world.logIn();
        assert.equal(main.isUserLoggedIn, true);

        const [authorization, ...others] = world.authorizationRequests(mark);
        assert.equal(others.length, 0);
        const query = authorization.query();
        assert.equal(query.response_type, "code");
        assert.equal(query.client_id, "main");
        assert.equal(query.redirect_uri, `${world.app.origin}/`);
        assert.deepEqual(query.scope.split(" ").sort(), ["email", "openid", "profile"]);
        assert.equal(query.code_challenge_method, "S256");
        assert.match(query.state, /^cs\.[\w-]{22,}$/);
        assert.match(query.nonce, /^[\w-]{22,}$/);
        assert.equal(query.prompt, undefined);

        const [redemption, ...more] = world.tokenRequests();
        assert.equal(more.length, 0, "one token request");
        const form = redemption.form();
        assert.equal(form.grant_type, "authorization_code");
        assert.equal(form.redirect_uri, query.redirect_uri);
        assert.equal(hash(form.code_verifier), query.code_challenge);
        const { jkt } = await assertProof(redemption);
        assert.equal(jkt, query.dpop_jkt, "the code is bound to the key of the token request");
        const issued = redemption.response.json();
        assert.equal(issued.token_type, "DPoP");
        assert.equal(decodeJwt(issued.id_token).nonce, query.nonce);
        assert.equal(main.sub, decodeJwt(issued.id_token).sub);

        const { status, text } = await world.call({ url: `${world.api.origin}/api/me?of=interest#part` });
        assert.equal(status, 200);
        const [call] = world.api.list();
        assert.equal(call.target, "/api/me?of=interest");
        await assertBoundCall(call, issued.access_token);
        const { sub, scheme, jkt: proven, clientId } = JSON.parse(text);
        assert.deepEqual({ sub, scheme, proven, clientId }, { sub: main.sub, scheme: "DPoP", proven: jkt, clientId: "main" });
    });

    test(`the app sees neither the response in its URL nor a token in any storage (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        await world.open("/notes?sort=date#last");
        await world.logIn();
        assert.equal(world.page.url(), `${world.app.origin}/notes?sort=date#last`, "back where the login began");
        const { accessToken, idToken, refreshToken } = await world.tokens();
        const stored = await world.page.evaluate(async () => {
            const contents = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
            let records = 0;
            for (const { name } of await indexedDB.databases()) {
                const database = await new Promise((resolve, reject) => {
                    const request = indexedDB.open(name);
                    request.onsuccess = () => resolve(request.result);
                    request.onerror = () => reject(request.error);
                });
                for (const store of database.objectStoreNames) {
                    records += await new Promise((resolve, reject) => {
                        const request = database.transaction(store).objectStore(store).count();
                        request.onsuccess = () => resolve(request.result);
                        request.onerror = () => reject(request.error);
                    });
                }
                database.close();
            }
            return { contents, records };
        });
        assert.equal(stored.records, 0, "the key waits in IndexedDB during the redirect only");
        for (const secret of [accessToken, idToken, refreshToken]) {
            assert.equal(typeof secret, "string");
            assert.ok(!stored.contents.some(content => content.includes(secret)));
        }
    });
}

test("a response that is used twice, or was never asked for, logs nobody in", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 400/] });
    await world.open();
    let landing;
    world.page.on("request", request => {
        if (request.isNavigationRequest() && /[?&]code=/.test(request.url())) {
            landing = request.url();
        }
    });
    await world.logIn();
    const redemptions = world.tokenRequests().length;
    const other = await world.context.browser().newContext();
    t.after(() => other.close());
    // The victim's browser, which began no login, is sent to the attacker's response: login CSRF.
    const victim = await other.newPage();
    await victim.goto(landing);
    await victim.waitForFunction(() => window.harness?.outcomes !== undefined);
    assert.equal(await victim.evaluate(() => window.harness.outcomes.main.isUserLoggedIn), false);
    assert.equal(world.tokenRequests().length, redemptions, "the code was not sent");
});

test("createOidc called twice gives the same object", async t => {
    const world = await World.create(t);
    await world.start();
    const mark = world.issuer.mark();
    const isSame = await world.page.evaluate(async () => {
        const { clients } = await (await fetch("/config.json")).json();
        const [first, second] = await Promise.all([
            window.harness.createOidc(clients.main),
            window.harness.createOidc({ ...clients.main })
        ]);
        return first === second && first === window.harness.oidcs.get("main");
    });
    assert.equal(isSame, true);
    assert.equal(world.issuer.mark(), mark, "without another request");
});
