/** Spring Security's resource server, called with tokens of Keycloak. */
import { byForms, nativeClient } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, spa } from "../lib/spa.mjs";
import { logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";
import { callsOfNative } from "./spring/peer.mjs";
import { startSpring } from "./spring/server.mjs";

/**
 * The flags leave out the setting for our own server's tokens: Keycloak's have the `typ` that
 * Spring Security expects.
 */
const FLAGS = ["--api.dpop=on", "--api.csrf=off"];

export default definePeer({
    name: "spring-keycloak",
    title: versions => `Spring Boot ${versions["spring-boot"]} with tokens of Keycloak ${versions.keycloak}`,
    needs: ["spring", "keycloak"],
    ours: ["single-page app", "native client"],
    async start(run) {
        const app = await run.app({ variant: { mode: "enforced" } });
        const apiWire = await run.wire();
        const api = { origin: apiWire.origin, wire: apiWire };
        const origins = [app.origin];
        const audiences = [api.origin];
        const { wire, issuer } = await startKeycloak(run, { apps: origins, audiences });
        const spring = await startSpring(run, { jar: "spring", issuer, audiences, origins, flags: FLAGS });
        apiWire.upstream = spring.port;
        const logInAt = logInAtKeycloak("alice");
        return {
            spa: await spa(run, { app, wire, issuer, clientId: "spa", logInAt, api }),
            native: await nativeClient(run, {
                ...{ wire, issuer, clientId: "native", api },
                logInAt: byForms(page => page.submit({ username: "alice", password: "alice-password" }))
            })
        };
    },
    scenarios: { ...boundScenarios(fixture => fixture.spa), ...callsOfNative(fixture => fixture.native) }
});
