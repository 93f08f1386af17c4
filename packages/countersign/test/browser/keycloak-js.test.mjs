/**
 * `countersign/keycloak-js` beside keycloak-js itself: one app and one script, and what the app sees is compared, with the
 * properties at each moment. What is different is at the end, each with its own test.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AppServer } from "./harness/app-server.mjs";
import { buildKeycloakApp } from "./harness/keycloak-js.mjs";
import { KeycloakPage } from "./harness/keycloak-page.mjs";
import { likeKeycloak } from "./harness/like-keycloak.mjs";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const OURS = "countersign/keycloak-js";
const LIBRARIES = ["keycloak-js", OURS];
const built = Object.fromEntries(await Promise.all(LIBRARIES.map(async library => [library, await buildKeycloakApp(library)])));

/**
 * Plays a script with one library, and returns what the app has seen.
 *
 * @param {{ init?: object | null, roles?: object, host?: string, directory?: string, realm?: string, idp?: string[], expectedErrors?: RegExp[] }} options
 * `realm`: the app knows the server as a Keycloak with this realm; by default as a provider of OpenID Connect
 * @param {(app: KeycloakPage, world: World) => Promise<void>} script
 */
async function play(t, library, { init, roles, host, realm, directory = built[library], ...options }, script) {
    const app = await AppServer.start(directory, host);
    const world = await World.create(t, { app, clients: ["spa"], ...(realm && { issuerPath: `/realms/${realm}` }), ...options });
    t.after(await likeKeycloak(world, { roles }));
    const { origin } = world.issuer;
    world.app.config = {
        config: realm ? { url: origin, realm, clientId: "spa" } : { oidcProvider: origin, clientId: "spa" },
        // A provider that is no Keycloak has no login-status iframe.
        ...(init !== null && { init: { ...(!realm && { checkLoginIframe: false }), redirectUri: `${app.origin}/`, ...init } })
    };
    const page = new KeycloakPage(world.page, app.origin);
    await script(page, world);
    const text = JSON.stringify(await page.seen());
    return { world, seen: JSON.parse(text.replaceAll(app.origin, "APP").replaceAll(encodeURIComponent(app.origin), "APP").replaceAll(world.issuer.origin, "ISSUER")) };
}

/** Loads that follow each other are one: where keycloak-js redirects the page to look for a session, we use an iframe. */
const asOneLoad = seen =>
    seen.filter(([what], index) => what !== "load" || seen[index - 1]?.[0] !== "load").map(line => (line[0] === "load" ? ["load"] : line));

/** A test that both libraries show the app the same. */
function same(title, options, script, adapt = seen => seen) {
    test(title, async t => {
        const seen = {};
        for (const library of LIBRARIES) {
            seen[library] = adapt(asOneLoad((await play(t, library, options, script)).seen), library);
        }
        assert.ok(seen["keycloak-js"].length > 2);
        assert.deepEqual(seen[OURS], seen["keycloak-js"]);
    });
}

const asAlice = async (app, world) => {
    await world.chooseUser("alice");
    await app.ready();
};
const cancel = async (app, { page }) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await app.ready();
};

same("check-sso: nobody, a login, questions to the session, a reload, a logout", { init: { onLoad: "check-sso" } }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    for (const [name, ...given] of [
        ["isTokenExpired"],
        ["isTokenExpired", 10_000],
        ["isTokenExpired", "soon"],
        ["updateToken"],
        ["updateToken", 5],
        ["updateToken", -1],
        ["updateToken", 10_000],
        ["updateToken", "soon"],
        ["loadUserInfo"],
        ["init"],
        ["createLogoutUrl", { logoutMethod: "POST" }]
    ]) {
        await app.call(name, ...given);
    }
    await app.open();
    await app.leave("logout");
    await app.ready();
});

const ROLES = { sid: "a session", realm_access: { roles: ["user"] }, resource_access: { spa: { roles: ["edit"] }, notes: { roles: ["read"] } } };
same("roles of the realm, of this client and of others", { init: { onLoad: "check-sso" }, roles: ROLES }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    await app.call("hasRealmRole", "user");
    await app.call("hasRealmRole", "edit");
    await app.call("hasResourceRole", "edit");
    await app.call("hasResourceRole", "read");
    await app.call("hasResourceRole", "read", "notes");
    await app.call("hasResourceRole", "read", "none");
});

same("a Keycloak with its realm, and the default options of init", { init: { onLoad: "check-sso" }, realm: "main", roles: ROLES }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    for (const [name, ...given] of [
        ["updateToken", -1],
        ["createAccountUrl"],
        ["createAccountUrl", { redirectUri: world.app.origin }],
        ["createLogoutUrl", { logoutMethod: "POST" }]
    ]) {
        await app.call(name, ...given);
    }
    await app.open();
    await app.leave("logout");
    await app.ready();
});

same("register, and a URL for it", { init: { onLoad: "login-required" }, realm: "main", roles: ROLES }, async (app, world) => {
    await app.page.goto(app.origin);
    await asAlice(app, world);
    const byUrl = async () => {
        const url = await window.kc.createRegisterUrl({ prompt: "login" });
        window.isOld = true;
        location.assign(url);
    };
    for (const leave of [() => app.leave("register", { prompt: "login" }), () => app.page.evaluate(byUrl)]) {
        const mark = world.issuer.mark();
        await leave();
        await asAlice(app, world);
        const [asked] = world.issuer.list({ since: mark, path: "/realms/main/protocol/openid-connect/registrations" });
        assert.deepEqual([asked.query().client_id, asked.query().kc_action], ["spa", undefined]);
    }
});

same("login-required: the login page at once, and again after clearToken", { init: { onLoad: "login-required" } }, async (app, world) => {
    await app.page.goto(app.origin);
    await asAlice(app, world);
    await app.leave("clearToken");
    // The server still knows the user.
    await app.ready();
});

same("check-sso: clearToken forgets the tokens, and a login gets new ones", { init: { onLoad: "check-sso" } }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    await app.call("clearToken");
    await app.call("clearToken");
    await app.call("updateToken", -1);
    await app.leave("login");
    await app.ready();
});

same("without onLoad nothing is looked for; a login counts, a reload does not", { init: {} }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    await app.open();
    await app.open();
});

same("init without options", { init: null }, async app => {
    await app.open();
    await app.call("updateToken");
    await app.call("loadUserInfo");
});

for (const onLoad of ["check-sso", "login-required"]) {
    same(`${onLoad}: a login that the user cancels is an error of init`, { init: { onLoad } }, async (app, world) => {
        if (onLoad === "check-sso") {
            await app.open();
            await app.leave("login");
        } else {
            await app.page.goto(app.origin);
        }
        await cancel(app, world);
    });
}

same("a login with prompt none that finds nobody is no error", { init: {} }, async app => {
    await app.open();
    await app.leave("login", { prompt: "none" });
    await app.ready();
});

same("a code that the server does not take is an error of init", { init: { onLoad: "check-sso" }, expectedErrors: [/status of 400/] }, async (app, world) => {
    await app.open();
    await app.leave("login");
    world.issuer.tamper = (response, { path, method }) => {
        if (path === world.tokenPath && method === "POST") {
            response.status = 400;
            response.body = Buffer.from('{"error":"invalid_request"}');
        }
    };
    await asAlice(app, world);
});

same("two calls of updateToken at the same time are one renewal", { init: { onLoad: "check-sso" } }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    const mark = world.issuer.mark();
    await app.page.evaluate(() => Promise.all([window.call("updateToken", -1), window.call("updateToken", -1), window.call("updateToken", -1)]));
    assert.equal(world.tokenRequests(mark).length, 1);
});

same("a renewal that does not reach the server", { init: { onLoad: "check-sso" }, expectedErrors: [/ERR_/] }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    const { upstream } = world.issuer;
    world.issuer.upstream = undefined;
    await app.page.evaluate(() => Promise.all([window.call("updateToken", -1), window.call("updateToken", -1)]));
    await app.call("isTokenExpired");
    world.issuer.upstream = upstream;
    await app.call("updateToken", -1);
});

same("a URL of createLoginUrl logs in", { init: { onLoad: "check-sso" } }, async (app, world) => {
    await app.open();
    await app.page.evaluate(async () => {
        const url = await window.kc.createLoginUrl({ loginHint: "alice" });
        window.isOld = true;
        location.assign(url);
    });
    await asAlice(app, world);
});

same("a URL of createLogoutUrl logs out", { init: { onLoad: "check-sso" } }, async (app, world) => {
    await app.open();
    await app.leave("login");
    await asAlice(app, world);
    await app.page.evaluate(() => {
        window.isOld = true;
        location.assign(window.kc.createLogoutUrl());
    });
    await app.ready();
});

same("what a provider that is no Keycloak cannot do", { init: {} }, async app => {
    await app.open();
    await app.call("createAccountUrl");
    await app.call("createRegisterUrl");
    await app.call("loadUserProfile");
    await app.call("accountManagement");
});

same("what comes before init", { init: null }, async app => {
    await app.open();
    await app.page.evaluate(async () => {
        const fresh = new window.kc.constructor({ oidcProvider: "https://op.example.com", clientId: "spa" });
        const outcomes = await Promise.all(["login", "createLoginUrl", "updateToken"].map(async name => fresh[name]().then(() => "resolves", () => "rejects").catch(() => "throws")).map(one => one.catch(() => "rejects")));
        window.note("before init", outcomes, fresh.authenticated, fresh.token, fresh.didInitialize, fresh.timeSkew);
    });
});

/** The parameters of the authorization request, without those that each library chooses. */
async function requestOf(t, library, options) {
    let query;
    await play(t, library, { init: { onLoad: "check-sso", scope: "email" } }, async (app, world) => {
        await app.open();
        const mark = world.issuer.mark();
        await app.leave("login", options);
        await world.page.getByRole("button", { name: /alice/i }).waitFor();
        query = world.authorizationRequests(mark).at(-1).query();
        await world.chooseUser("alice");
        await app.ready();
    });
    const { state, nonce, code_challenge, dpop_jkt, response_mode, redirect_uri, ...rest } = query;
    return rest;
}
test("what each option of login puts into the authorization request", async t => {
    const options = {
        ...{ scope: "profile", prompt: "login", action: "UPDATE_PASSWORD", maxAge: 60, loginHint: "alice", idpHint: "github" },
        ...{ acr: { values: ["gold"], essential: true }, acrValues: "2", locale: "de" }
    };
    for (const given of [options, { scope: "openid profile" }, undefined]) {
        assert.deepEqual(await requestOf(t, OURS, given), await requestOf(t, "keycloak-js", given));
    }
});

// What is different.

test("the tokens are bound: the login, a renewal, userinfo and the app's own calls carry proofs of one key", async t => {
    await play(t, OURS, { init: { onLoad: "check-sso" } }, async (app, world) => {
        await app.open();
        await app.leave("login");
        await asAlice(app, world);
        assert.equal(await app.call("updateToken", -1), true);
        const proofs = await Promise.all(world.tokenRequests().map(request => assertProof(request)));
        assert.equal(proofs.length, 2);
        assert.equal(new Set(proofs.map(({ jkt }) => jkt)).size, 1);
        const token = await app.page.evaluate(() => window.kc.token);
        const mark = world.issuer.mark();
        await app.call("loadUserInfo");
        await assertBoundCall(world.issuer.list({ since: mark, path: "/userinfo" })[0], token);
        await app.page.evaluate(url => fetch(url, { headers: { Authorization: `Bearer ${window.kc.token}` } }), `${world.api.origin}/api/me`);
        await assertBoundCall(world.api.list()[0], token);
    });
});

test("nothing is in the app's URL or in storage when the app runs, where keycloak-js leaves the code in the URL until init", async t => {
    const loads = async library => {
        const { seen } = await play(t, library, { init: { onLoad: "check-sso" } }, async (app, world) => {
            await app.open();
            await app.leave("login");
            await asAlice(app, world);
        });
        return seen.filter(([what]) => what === "load").map(([, url]) => url);
    };
    assert.deepEqual(await loads(OURS), ["/", "/"]);
    assert.match((await loads("keycloak-js")).at(-1), /code=/);
});

test("a session that has ended: the page is loaded once more, and tells that nobody is logged in", async t => {
    const { seen } = await play(t, OURS, { init: { onLoad: "check-sso" }, expectedErrors: [/status of 400/] }, async (app, world) => {
        await app.open();
        await app.leave("login");
        await asAlice(app, world);
        await world.startIdp();
        await app.leave("updateToken", -1);
        await app.ready();
    });
    assert.deepEqual(asOneLoad(seen).map(([what, first]) => (what === "onReady" ? `${what} ${first}` : what)), [
        ...["load", "onReady false", "init"],
        ...["load", "onAuthSuccess", "onReady true", "init"],
        ...["load", "onReady false", "init"]
    ]);
});

test("check-sso on another site: one redirect finds the server's session, or nobody, and the next load of nobody has one again", async t => {
    await play(t, OURS, { init: { onLoad: "check-sso" }, host: "127.0.0.1" }, async (app, world) => {
        const ways = mark => world.authorizationRequests(mark).filter(request => request.query().prompt === "none").map(request => request.header("Sec-Fetch-Dest"));
        let mark = 0;
        for (const expected of [["iframe", "document", "iframe"], ["iframe", "document", "iframe"]]) {
            await app.open();
            assert.equal(await app.page.evaluate(() => window.kc.authenticated), false);
            assert.deepEqual(ways(mark), expected);
            mark = world.issuer.mark();
        }
        await app.leave("login");
        await asAlice(app, world);
        // Another app of the user: this one has never seen a session.
        await app.page.evaluate(() => localStorage.clear());
        mark = world.issuer.mark();
        await app.open();
        assert.equal(await app.page.evaluate(() => window.kc.authenticated), true);
        assert.deepEqual(ways(mark), ["iframe", "document"]);
    });
});

test("silentCheckSsoFallback false: no redirect", async t => {
    const init = { onLoad: "check-sso", silentCheckSsoRedirectUri: "/silent-check-sso.html", silentCheckSsoFallback: false };
    await play(t, OURS, { init, host: "127.0.0.1" }, async (app, world) => {
        await app.open();
        assert.deepEqual(world.authorizationRequests().map(request => request.header("Sec-Fetch-Dest")), ["iframe"]);
    });
});

test("onTokenExpired comes as without us, though the token has been renewed before: nobody is logged out for it", async t => {
    const lifetime = ["--access-token-lifetime", "4"];
    for (const library of LIBRARIES) {
        await play(t, library, { init: { onLoad: "check-sso" }, idp: lifetime }, async (app, world) => {
            await app.open();
            await app.leave("login");
            await asAlice(app, world);
            await app.page.waitForFunction(() => window.seen().some(([what]) => what === "onTokenExpired"), undefined, { polling: 50 });
        });
    }
});

test("what cannot be rejects init with a sentence, and the object stays logged out", async t => {
    for (const [init, told] of [
        [{ flow: "implicit" }, /would put tokens into the URL; remove flow/],
        [{ adapter: "cordova" }, /no adapter for Cordova/],
        [{ onLoad: "check-sso", token: "a", refreshToken: "b" }, /remove them, and let onLoad find the session/]
    ]) {
        await play(t, OURS, { init }, async app => {
            await app.open();
            const said = await app.page.evaluate(async init => {
                const other = new window.kc.constructor({ oidcProvider: "https://op.example.com", clientId: "spa" });
                return [await other.init(init).catch(error => error.message), other.authenticated];
            }, init);
            assert.match(said[0], told);
            assert.equal(said[1], false);
        });
    }
});

test("without early init, init says what to write, and a login says it again", async t => {
    const directory = await buildKeycloakApp(OURS, false);
    await play(t, OURS, { init: { onLoad: "check-sso" }, directory }, async app => {
        await app.open();
        const said = await app.page.evaluate(() => window.kc.login().catch(error => [error.code, error.message]));
        assert.equal(said[0], "early_init_missing");
        assert.match(said[1], /add the plugin, or call oidcEarlyInit\(\) of "countersign\/entrypoint" before the app is loaded/);
        assert.deepEqual((await app.seen()).map(([what, , outcome]) => [what, outcome]).at(-1), ["init", "rejects"]);
    });
});

test("two objects of one client have one session, and both hear of a renewal", async t => {
    await play(t, OURS, { init: { onLoad: "check-sso" } }, async (app, world) => {
        await app.open();
        await app.leave("login");
        await asAlice(app, world);
        const mark = world.issuer.mark();
        const seen = await app.page.evaluate(async () => {
            const { kc } = window;
            const other = new kc.constructor({ oidcProvider: kc.oidc.issuerUri, clientId: "spa" });
            const isIn = await other.init({ onLoad: "check-sso" });
            const isSame = other.token === kc.token;
            const before = kc.token;
            await other.updateToken(-1);
            return [isIn, isSame, kc.token === other.token, kc.token !== before];
        });
        assert.deepEqual(seen, [true, true, true, true]);
        assert.equal(world.tokenRequests(mark).length, 1);
    });
});
