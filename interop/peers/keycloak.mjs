/** Keycloak, with a realm as any API needs it: the app's client has no DPoP setting whatsoever. */
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, protectedApi, spa } from "../lib/spa.mjs";
import { logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";

const AUDIENCE = "https://notes.example.com";

export default definePeer({
    name: "keycloak",
    title: versions => `Keycloak ${versions.keycloak}`,
    needs: ["keycloak"],
    async start(run) {
        const auto = await run.app();
        const keycloak = await startKeycloak(run, { apps: [auto.origin], audiences: [AUDIENCE] });
        const api = await protectedApi(run, {
            issuer: keycloak.issuer,
            audience: AUDIENCE,
            origins: [auto.origin]
        });
        const page = await spa(run, {
            app: auto,
            wire: keycloak.wire,
            issuer: keycloak.issuer,
            clientId: "spa",
            logInAt: logInAtKeycloak("alice"),
            api
        });
        return { run, keycloak, api, page };
    },
    scenarios: {
        ...boundScenarios(({ page }) => page)
    }
});
