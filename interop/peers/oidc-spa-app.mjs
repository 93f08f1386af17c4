/**
 * Moving from oidc-spa is a change of import. One app is built with oidc-spa and with Countersign,
 * in the set-ups that oidc-spa documents and under Vite's dev server, and a user follows the same
 * script in each.
 */
import assert from "node:assert/strict";
import { assertBoundCall } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi } from "../lib/spa.mjs";
import { exampleApp, exampleInDevelopment, typeCheckExample } from "./oidc-spa/build.mjs";
import { NotesApp } from "./oidc-spa/notes-app.mjs";

const SETUPS = ["plugin", "early init", "in one module", "in development"];
const BUILDS = ["oidc-spa", "countersign"].flatMap(library => SETUPS.map(setup => ({ library, setup })));
const USER = "Alice Archer";
const logInAt = page => page.getByRole("button", { name: /alice/i }).click();

/** What the user does, in this order: each step begins where the previous one ended. */
const script = {
    async "a protected page asks for a login, and the back button leaves it"({ user }) {
        await user.open("/");
        await user.shows("/", "nobody");
        // This page requires a user (`doesCurrentHrefRequiresAuth`), so going back to it leads to
        // the page before.
        await user.open("/notes");
        await user.page.waitForURL(url => url.origin !== user.app.origin);
        await user.page.goBack();
        await user.shows("/", "nobody");
        await user.click("Notes", "link");
        await user.logIn();
        await user.shows("/notes", USER);
        assert.equal(await user.text("is-new"), "true", "isNewBrowserSession");
        assert.deepEqual(await user.back(), { extraQueryParams: {}, result: {} }, "backFromAuthServer");
        assert.equal(await user.text("sub"), "alice");
        assert.equal(await user.text("issuer"), user.issuerUri);
        assert.equal(await user.text("client"), user.clientId);
        assert.equal(await user.text("redirect-uri"), `${user.app.origin}/`);
        assert.match(await user.text("lifetime"), /^(?:300|29\d) s$/, "accessTokenExpirationTime");
    },
    async "calls carry proofs"({ user, api }) {
        const since = api.wire.mark();
        const before = await user.notes();
        await user.click("Add");
        await user.page.locator(`#notes[data-count="${before + 1}"]`).waitFor({ state: "attached" });
        await user.click("Who am I?");
        await user.holds("me", "alice");
        const sent = api.wire.list({ since });
        assert.deepEqual(sent.map(String), ["POST /api/notes -> 201", "GET /api/notes -> 200", "GET /api/me -> 200"]);
        for (const exchange of sent) {
            await assertBoundCall(exchange, tokenOf(exchange));
        }
    },
    async "renewed tokens are announced, and used"({ user, api }) {
        const since = api.wire.mark();
        await user.click("Renew tokens");
        await user.holds("token-changes", "1");
        await user.click("Who am I?");
        await until(() => api.wire.list({ since }).length === 1);
        const before = tokenOf(api.wire.exchanges[since - 1]);
        const [sent] = api.wire.list({ since });
        assert.notEqual(tokenOf(sent), before);
        await assertBoundCall(sent, tokenOf(sent));
        await user.click("Stop listening");
        await user.click("Renew tokens");
        await user.click("Who am I?");
        await until(() => api.wire.list({ since }).length === 2);
        assert.equal(await user.text("token-changes"), "1", "nobody listens any more");
    },
    async "a reload restores the session"({ user }) {
        await user.page.reload();
        await user.shows("/notes", USER);
        assert.equal(await user.text("is-new"), "false", "isNewBrowserSession");
        assert.equal(await user.back(), null, "backFromAuthServer");
        await user.notes();
    },
    async "goToAuthServer tells what was asked for"({ user }) {
        await user.click("Edit profile");
        await user.shows("/notes?edited=yes", USER);
        const expected = { extraQueryParams: { kc_action: "UPDATE_PROFILE" }, result: {} };
        assert.deepEqual(await user.back(), expected, "backFromAuthServer");
        assert.equal(await user.text("is-new"), "false", "isNewBrowserSession");
    },
    async "logout ends at a given page, at home, and for good"({ user }) {
        await user.click("Leave");
        await user.shows("/?left=yes#bye", "nobody");
        await user.page.reload();
        await user.shows("/?left=yes#bye", "nobody");
        await user.click("Log in");
        await user.logIn();
        await user.shows("/?left=yes#bye", USER);
        await user.click("Notes", "link");
        await user.shows("/notes", USER);
        assert.deepEqual((await user.back()).extraQueryParams, { ui_locales: "en" }, "of login()");
        await user.click("Log out");
        await user.shows("/", "nobody");
    },
    async "autoLogin asks for a login by itself"({ user }) {
        await user.click("Team", "link");
        await user.logIn();
        await user.shows("/team", USER);
        assert.equal(await user.text("is-new"), "true", "isNewBrowserSession");
        await user.page.reload();
        await user.shows("/team", USER);
        assert.equal(await user.text("is-new"), "false", "isNewBrowserSession");
        await user.notes();
        await user.click("Log out");
        // The page before does not require a user.
        await user.shows("/", "nobody");
    }
};

/** This step is slow and does not depend on the set-up. */
const idleness = {
    async "doing nothing starts the countdown to a logout, and activity ends it"({ user }) {
        await user.open("/notes");
        await user.logIn();
        await user.shows("/notes", USER);
        assert.equal(await user.text("countdown"), "");
        await user.holds("countdown", /^5\d s$/);
        await user.page.mouse.move(10, 10);
        await user.page.mouse.move(20, 20);
        await user.holds("countdown", "");
        await user.shows("/notes", USER);
    }
};

export default definePeer({
    name: "oidc-spa-app",
    title: versions => `an app for oidc-spa ${versions["oidc-spa"]}, moved to Countersign by an alias`,
    needs: [],
    ours: ["single-page app", "resource server", "development server"],
    async start(run) {
        const apps = await Promise.all(
            BUILDS.map(({ library, setup }) =>
                setup === "in development" ? exampleInDevelopment(run, library) : exampleApp(run, library, setup)
            )
        );
        const clients = apps.map((app, index) => ({ app, clientId: `notes-${index}` }));
        const [wire, apiWire, front] = [await run.wire(), await run.wire(), await run.wire()];
        const idp = await run.idp([
            ...["--issuer", wire.origin, "--audience", apiWire.origin],
            ...["--client", `moving=${front.origin}/`],
            ...clients.flatMap(({ app, clientId }) => ["--client", `${clientId}=${app.origin}/`])
        ]);
        wire.upstream = idp.port;
        const issuerUri = wire.origin;
        const origins = [front, ...apps].map(({ origin }) => origin);
        const api = await protectedApi(run, { issuer: issuerUri, origins, wire: apiWire });
        const users = [];
        for (const { app, clientId } of clients) {
            app.config = { issuerUri, clientId, api: api.origin, idleSessionLifetimeInSeconds: 60 };
            const { page } = await run.browser();
            users.push(Object.assign(new NotesApp({ page, app, logInAt }), { issuerUri, clientId }));
        }
        return { run, api, users, front };
    },
    scenarios: {
        "type-checks with oidc-spa": () => typeCheckExample("oidc-spa"),
        "type-checks with Countersign": () => typeCheckExample("countersign"),
        ...Object.fromEntries(
            BUILDS.flatMap(({ library, setup }, index) => scenariosOf(`${library}, ${setup}`, index, setup === "plugin"))
        ),
        async "a tab that oidc-spa has logged in goes on with Countersign, and back"({ run, users, front }) {
            // The other users would be logged out after a minute without activity, and their apps
            // load a new configuration.
            await Promise.all(users.map(({ page }) => page.close()));
            const deploy = library => {
                const { app } = users[BUILDS.findIndex(build => build.library === library && build.setup === "plugin")];
                app.config.clientId = "moving";
                front.upstream = Number(new URL(app.origin).port);
            };
            deploy("oidc-spa");
            const { page } = await run.browser();
            const user = new NotesApp({ page, app: front, logInAt });
            await user.open("/notes");
            await user.logIn();
            await user.shows("/notes", USER);
            for (const library of ["countersign", "oidc-spa", "countersign"]) {
                deploy(library);
                await page.reload();
                await user.shows("/notes", USER);
                await user.notes();
                await user.click("Who am I?");
                await user.holds("me", "alice");
            }
            await user.click("Log out");
            await user.shows("/", "nobody");
        }
    }
});

/** Returns the script as one scenario per step, or as a single scenario. */
function scenariosOf(build, index, isEachStep) {
    const run = step => ({ api, users }) => step({ api, user: users[index] });
    if (isEachStep) {
        return Object.entries({ ...script, ...idleness }).map(([title, step]) => [`${build}: ${title}`, run(step)]);
    }
    const all = async fixture => {
        for (const [title, step] of Object.entries(script)) {
            await step(fixture).catch(error => {
                throw new Error(`${title}: ${error.message}`, { cause: error });
            });
        }
    };
    return [[`${build}: the same script`, run(all)]];
}

/** Returns the access token of a call. */
function tokenOf(exchange) {
    return exchange.header("Authorization").replace(/^\S+ /, "");
}

/** @param {() => boolean} condition */
async function until(condition) {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
        if (Date.now() > deadline) {
            throw new Error(`not seen within 10 s: ${condition}`);
        }
        await new Promise(resolve => setTimeout(resolve, 20));
    }
}
