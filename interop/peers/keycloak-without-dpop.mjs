/** Keycloak with its DPoP feature switched off, like every Keycloak before 26.4 to an app. */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBearerCall } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi, spa } from "../lib/spa.mjs";
import { START_LIMIT_SECONDS, logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";

const AUDIENCE = "https://notes.example.com";

export default definePeer({
    name: "keycloak-without-dpop",
    title: versions => `Keycloak ${versions.keycloak} without its DPoP feature`,
    needs: ["keycloak"],
    ours: ["single-page app", "resource server"],
    startLimit: START_LIMIT_SECONDS,
    async start(run) {
        const [autoApp, enforcedApp] = await Promise.all(
            ["auto", "enforced"].map(mode => run.app({ variant: { mode } }))
        );
        const apps = [autoApp.origin, enforcedApp.origin];
        const { wire, issuer } = await startKeycloak(run, {
            apps,
            audiences: [AUDIENCE],
            flags: ["--features-disabled=dpop"]
        });
        // Its tokens are of the type `JWT`, and here they are not bound to a key.
        const flags = ["--dpop", "optional", "--access-tokens", "lenient"];
        const api = await protectedApi(run, { issuer, audience: AUDIENCE, origins: apps, flags });
        const common = { wire, issuer, clientId: "spa", api, logInAt: logInAtKeycloak("alice") };
        return {
            auto: await spa(run, { ...common, app: autoApp }),
            enforced: await spa(run, { ...common, app: enforcedApp })
        };
    },
    scenarios: {
        "auto: login ends with a Bearer token": async ({ auto }, note) => {
            assert.equal(auto.metadata.dpop_signing_alg_values_supported, undefined);
            assert.deepEqual(await auto.open(), { main: { isUserLoggedIn: false } });
            const mark = auto.wire.mark();
            assert.equal((await auto.logIn()).main.isUserLoggedIn, true);
            const [redemption, ...others] = auto.tokenRequests(mark);
            assert.equal(others.length, 0);
            const { token_type, access_token } = redemption.response.json();
            assert.equal(token_type, "Bearer");
            assert.equal(decodeJwt(access_token).cnf, undefined);
            assertNoDpop(auto.wire.exchanges.slice(mark));
            note("its metadata then does not name DPoP, and the app follows the metadata");
        },
        "auto: calls, a reload, a refresh and logout work as Bearer": async ({ auto }) => {
            const mark = auto.wire.mark();
            await checkBearerCall(auto, { url: `${auto.api.origin}/api/me` }, 200);
            await checkBearerCall(auto, { url: `${auto.api.origin}/api/me`, transport: "xhr" }, 200);
            const note = { kind: "json", value: { text: "interop" } };
            await checkBearerCall(auto, { url: `${auto.api.origin}/api/notes`, method: "POST", body: note }, 201);
            assert.equal((await auto.reload()).main.isUserLoggedIn, true);
            await auto.renew();
            await checkBearerCall(auto, { url: `${auto.api.origin}/api/me` }, 200);
            assertNoDpop(auto.wire.exchanges.slice(mark));
            assert.deepEqual(await auto.logOut(), { main: { isUserLoggedIn: false } });
        },
        "enforced: refuses with dpop_unsupported and sends no authorization request": async ({ enforced }) => {
            const mark = enforced.wire.mark();
            const { main } = await enforced.open();
            assert.equal(main.rejected?.name, "OidcInitializationError", JSON.stringify(main));
            assert.equal(main.rejected.code, "dpop_unsupported");
            assert.deepEqual(enforced.authorizationRequests(mark), []);
            assert.deepEqual(enforced.tokenRequests(mark), []);
        }
    }
});

async function checkBearerCall(page, call, expected) {
    const mark = page.api.wire.mark();
    const { accessToken } = await page.tokens();
    const { status, text } = await page.call(call);
    assert.equal(status, expected, text);
    const sent = page.api.wire.list({ since: mark });
    assert.equal(sent.length, 1, sent.join(", "));
    assertBearerCall(sent[0], accessToken);
}

function assertNoDpop(exchanges) {
    for (const exchange of exchanges) {
        assert.deepEqual(exchange.all("DPoP"), [], String(exchange));
        assert.equal(exchange.query().dpop_jkt, undefined, String(exchange));
    }
}
