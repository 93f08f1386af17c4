/**
 * Apps of keycloak-js at a real Keycloak: what an app sees with Countersign in its place is what it sees with keycloak-js,
 * and the libraries on top of it, `@react-keycloak/web` and `keycloak-angular`, work on ours by an alias.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { decodeJwt } from "jose";
import { KeycloakPage } from "../../packages/countersign/test/browser/harness/keycloak-page.mjs";
import { assertBoundCall, assertProof } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi } from "../lib/spa.mjs";
import { keycloakApp, keycloakAppInDevelopment } from "./keycloak-js/build.mjs";
import { REALM } from "./keycloak/home.mjs";
import { START_LIMIT_SECONDS, logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";

const AUDIENCE = "https://notes.example.com";
const NAMES = ["keycloak-js", "countersign"];

/** What an app may ask when alice is logged in. */
const QUESTIONS = [
    ["isTokenExpired"],
    ["isTokenExpired", 10_000],
    ["updateToken", 5],
    ["updateToken", -1],
    ["hasRealmRole", "offline_access"],
    ["hasRealmRole", "administrator"],
    ["hasResourceRole", "view-profile", "account"],
    ["hasResourceRole", "view-profile"],
    ["loadUserInfo"],
    ["loadUserProfile"],
    ["createAccountUrl"],
    ["createLogoutUrl", { logoutMethod: "POST" }]
];

/** Plays a script in both apps, and checks that both see the same. */
async function compare({ run, both, open }, { init, clientId = "spa" }, script) {
    const all = [];
    for (const app of both) {
        const { page, kc, close } = await open(app, { init, clientId });
        await script(kc, page);
        const text = JSON.stringify(await kc.seen()).replaceAll(app.origin, "APP").replaceAll(encodeURIComponent(app.origin), "APP");
        all.push(
            JSON.parse(text)
                .map(line => (line[0] === "load" ? ["load"] : line))
                .filter(([what], index, lines) => what !== "load" || lines[index - 1]?.[0] !== "load")
        );
        await close();
    }
    assert.deepEqual(all[1], all[0]);
    return all[0];
}

const asAlice = async (kc, page) => {
    await logInAtKeycloak("alice")(page);
    await kc.ready();
};

/** Follows one user through an app of a library on top of keycloak-js. */
const onTop = name => async ({ tops, run, api, keycloak, configOf }) => {
    const app = tops[name];
    app.config = { ...configOf("spa-dpop-required"), api: api.origin };
    const { page, context } = await run.browser();
    await page.goto(app.origin);
    await page.click("#login");
    await logInAtKeycloak("alice")(page);
    await page.waitForSelector("#user");
    assert.equal(await page.textContent("#user"), "alice");
    for (const step of ["call", "renew", "call"]) {
        const mark = api.wire.mark();
        const renewals = keycloak.wire.mark();
        await page.click(`#${step}`);
        if (step === "renew") {
            await keycloak.wire.waitFor(({ method, path }) => method === "POST" && path.endsWith("/token"), { since: renewals });
        } else {
            const sent = await api.wire.waitFor(({ path, method }) => path === "/api/me" && method === "GET", { since: mark });
            assert.equal(sent.response.status, 200);
            await assertBoundCall(sent, sent.header("Authorization").replace(/^\S+ /, ""));
            await page.waitForFunction(() => /^200 /.test(document.querySelector("#answer").textContent), undefined, { polling: 20 });
        }
    }
    await page.reload();
    await page.waitForSelector("#user");
    const events = await page.evaluate(() => window.events);
    assert.ok(events.some(event => /ready/i.test(event)), events.join());
    await page.click("#logout");
    await page.waitForSelector("#login");
    await context.close();
};

export default definePeer({
    name: "keycloak-js",
    title: versions =>
        `apps for keycloak-js ${versions["keycloak-js"]} (${["@react-keycloak/web", "keycloak-angular"].map(name => `${name} ${versions[name]}`).join(", ")}) at Keycloak ${versions.keycloak}, moved to Countersign by an alias`,
    needs: ["keycloak"],
    ours: ["single-page app", "resource server"],
    startLimit: START_LIMIT_SECONDS,
    async start(run) {
        const both = [await keycloakApp(run, "plain", false), await keycloakApp(run, "plain", true)];
        const tops = { react: await keycloakApp(run, "react", true), angular: await keycloakApp(run, "angular", true), development: await keycloakAppInDevelopment(run, "angular") };
        const origins = [...both, ...Object.values(tops)].map(({ origin }) => origin);
        const keycloak = await startKeycloak(run, { apps: origins, audiences: [AUDIENCE], isNamed: true });
        await keycloak.administer("PUT", "", { registrationAllowed: true });
        // Imported users have no roles; those that registered have this one, which the account API asks for.
        const [{ id }] = await keycloak.administer("GET", "users?username=alice");
        const role = await keycloak.administer("GET", `roles/default-roles-${REALM}`);
        await keycloak.administer("POST", `users/${id}/role-mappings/realm`, [role]);
        const api = await protectedApi(run, { issuer: keycloak.issuer, audience: AUDIENCE, origins });
        const configOf = clientId => ({ config: { url: keycloak.wire.origin, realm: REALM, clientId } });
        const open = async (app, { init, clientId = "spa", ...options }) => {
            app.config = { ...configOf(clientId), init };
            const { page, context } = await run.browser(options);
            return { page, kc: new KeycloakPage(page, app.origin), close: () => context.close() };
        };
        return { run, keycloak, api, both, tops, open, configOf };
    },
    scenarios: {
        "check-sso: login, questions, a reload, logout: the same as with keycloak-js": async fixture => {
            const seen = await compare(fixture, { init: { onLoad: "check-sso" } }, async (kc, page) => {
                await kc.open();
                await kc.leave("login", { locale: "en" });
                await asAlice(kc, page);
                for (const [name, ...given] of QUESTIONS) {
                    await kc.call(name, ...given);
                }
                await kc.open();
                await kc.leave("logout");
                await kc.ready();
            });
            const answers = seen.filter(([, , arrow]) => arrow === "->").map(([name, given, , answer]) => [name, ...given, answer]);
            const has = (...line) => assert.ok(answers.some(answer => isDeepStrictEqual(answer, line)), JSON.stringify(line));
            has("hasRealmRole", "offline_access", true);
            has("hasRealmRole", "administrator", false);
            has("hasResourceRole", "view-profile", "account", true);
            has("updateToken", -1, true);
            assert.equal(answers.find(([name]) => name === "loadUserProfile").at(-1).username, "alice");
        },
        "login-required, and an action that the user cancels: the same as with keycloak-js": fixture =>
            compare(fixture, { init: { onLoad: "login-required" } }, async (kc, page) => {
                await page.goto(kc.origin);
                await asAlice(kc, page);
                await kc.leave("login", { action: "UPDATE_PASSWORD" });
                await page.locator("[name=cancel-aia]").click();
                await kc.ready();
            }),
        "without onLoad: the same as with keycloak-js": fixture =>
            compare(fixture, { init: {} }, async (kc, page) => {
                await kc.open();
                await kc.leave("login");
                await asAlice(kc, page);
                await kc.open();
            }),
        "register opens the registration page": async ({ both: [, app], open }) => {
            const { page, kc, close } = await open(app, { init: { onLoad: "check-sso" } });
            await kc.open();
            await kc.leave("register");
            await page.locator("#kc-register-form").waitFor();
            await close();
        },
        "accountManagement opens the account console": async ({ both: [, app], open, keycloak }) => {
            const { page, kc, close } = await open(app, { init: { onLoad: "login-required" } });
            await page.goto(app.origin);
            await asAlice(kc, page);
            await kc.leave("accountManagement");
            await page.waitForURL(url => url.href.startsWith(`${keycloak.issuer}/account`));
            await close();
        },
        "a client that requires DPoP: bound tokens, a renewal, the profile and the app's calls": async ({ both: [, app], open, keycloak, api }, note) => {
            const { page, kc, close } = await open(app, { init: { onLoad: "login-required" }, clientId: "spa-dpop-required" });
            const since = keycloak.wire.mark();
            await page.goto(app.origin);
            await asAlice(kc, page);
            assert.equal(await kc.call("updateToken", -1), true);
            const token = await page.evaluate(() => window.kc.token);
            const requests = keycloak.wire.list({ method: "POST", since }).filter(({ path }) => path.endsWith("/token"));
            const [{ jkt }] = await Promise.all(requests.map(request => assertProof(request)));
            assert.equal(requests.length, 2);
            assert.equal(decodeJwt(token).cnf.jkt, jkt);
            const mark = keycloak.wire.mark();
            assert.equal((await kc.call("loadUserInfo")).preferred_username, "alice");
            assert.equal((await kc.call("loadUserProfile")).firstName, "Alice");
            for (const asked of keycloak.wire.list({ since: mark })) {
                await assertBoundCall(asked, token);
            }
            const since2 = api.wire.mark();
            const status = await page.evaluate(async url => (await fetch(url, { headers: { Authorization: `Bearer ${window.kc.token}` } })).status, `${api.origin}/api/me`);
            assert.equal(status, 200);
            await assertBoundCall(api.wire.list({ since: since2 })[0], token);
            await close();
        },
        "@react-keycloak/web on top: login, a call, a renewal, a reload, logout": onTop("react"),
        "keycloak-angular on top: login, a call by HttpClient, a renewal, a reload, logout": onTop("angular"),
        "keycloak-angular on top, in Vite's dev server": onTop("development")
    }
});
