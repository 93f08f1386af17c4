/** The first Keycloak that has DPoP on by default. It starts for one scenario. */
import { definePeer } from "../lib/peer.mjs";
import { checkCalls, checkLogIn, checkRefresh, checkRestored, protectedApi, spa } from "../lib/spa.mjs";
import { START_LIMIT_SECONDS, logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";

const AUDIENCE = "https://notes.example.com";

export default definePeer({
    name: "keycloak-oldest",
    title: versions => `Keycloak ${versions["keycloak-oldest"]}, the first with DPoP on by default`,
    needs: ["keycloak-oldest"],
    ours: ["single-page app", "resource server"],
    startLimit: START_LIMIT_SECONDS,
    async start(run) {
        const app = await run.app({ variant: { mode: "enforced" } });
        const { wire, issuer } = await startKeycloak(run, {
            version: "keycloak-oldest",
            apps: [app.origin],
            audiences: [AUDIENCE]
        });
        const api = await protectedApi(run, { issuer, audience: AUDIENCE, origins: [app.origin] });
        return spa(run, { app, wire, issuer, clientId: "spa", api, logInAt: logInAtKeycloak("alice") });
    },
    scenarios: {
        "SPA, enforced: login, calls, a refresh and a reload": async (page, note) => {
            await checkLogIn(page, note);
            await checkCalls(page);
            await checkRefresh(page, note);
            await checkRestored(page, note);
        }
    }
});
