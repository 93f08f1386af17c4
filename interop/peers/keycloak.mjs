/** Keycloak, with a realm as any API needs it. The app's client has no DPoP setting. */
import { byForms, checkOwnTokens, nativeClient, nativeScenarios } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, protectedApi, spa } from "../lib/spa.mjs";
import { browserScenarios } from "./keycloak/browser.mjs";
import { PASSWORDS } from "./keycloak/home.mjs";
import { START_LIMIT_SECONDS, logInAtKeycloak, startKeycloak } from "./keycloak/server.mjs";
import { tokenScenarios } from "./keycloak/tokens.mjs";

const AUDIENCE = "https://notes.example.com";
/** The confidential client of the realm. */
const SERVICE = { clientId: "service", secret: "service-secret" };

export default definePeer({
    name: "keycloak",
    title: versions => `Keycloak ${versions.keycloak}`,
    needs: ["keycloak"],
    ours: ["single-page app", "native client", "resource server"],
    startLimit: START_LIMIT_SECONDS,
    async start(run) {
        const [autoApp, enforcedApp, foreignApp] = await Promise.all([
            run.app({ variant: { mode: "auto" } }),
            run.app({ variant: { mode: "enforced" } }),
            run.app({ variant: { mode: "enforced" }, host: "127.0.0.1" })
        ]);
        const apps = [autoApp, enforcedApp, foreignApp].map(({ origin }) => origin);
        const keycloak = await startKeycloak(run, {
            apps,
            audiences: [AUDIENCE],
            isNamed: true,
            flags: ["--proxy-headers=xforwarded"]
        });
        const { wire, issuer } = keycloak;
        const [api, otherApi] = await Promise.all(
            [AUDIENCE, "https://other.example.com"].map(audience => protectedApi(run, { issuer, audience, origins: apps }))
        );
        /** @param {Partial<Parameters<typeof spa>[1]>} options */
        const open = options =>
            spa(run, { wire, issuer, clientId: "spa", api, logInAt: logInAtKeycloak("alice"), ...options });
        return {
            run,
            keycloak,
            api,
            otherApi,
            open,
            autoApp,
            enforcedApp,
            foreignApp,
            auto: await open({ app: autoApp }),
            enforced: await open({ app: enforcedApp, logInAt: logInAtKeycloak("bob") }),
            native: await nativeClient(run, {
                ...{ wire, issuer, clientId: "native", api },
                logInAt: byForms(page => page.submit({ username: "alice", password: PASSWORDS.alice }))
            })
        };
    },
    scenarios: {
        ...boundScenarios(({ auto }) => auto),
        ...boundScenarios(({ enforced }) => enforced, ", enforced"),
        ...browserScenarios,
        ...tokenScenarios,
        ...nativeScenarios(({ native }) => native),
        ...Object.fromEntries(
            ["basic", "post"].map(method => [
                `native: a confidential client gets bound tokens for itself (client_secret_${method})`,
                ({ native }, note) => checkOwnTokens(native.with({ ...SERVICE, flags: ["--client-auth", method] }), note)
            ])
        )
    }
});
