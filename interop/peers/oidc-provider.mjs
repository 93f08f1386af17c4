/** node oidc-provider, as an app with an API needs it; and once more with all that it can require of DPoP. */
import { fileURLToPath } from "node:url";
import { byForms, nativeClient, nativeScenarios } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, protectedApi, spa } from "../lib/spa.mjs";

const program = fileURLToPath(new URL("oidc-provider/server.mjs", import.meta.url));

/** One provider with our API behind it, and both clients. */
async function start(run, isStrict) {
    const app = await run.app({ variant: { mode: isStrict ? "enforced" : "auto" } });
    const [wire, apiWire, port] = [await run.wire(), await run.wire(), await run.freePort()];
    const issuer = wire.origin;
    const settings = { issuer, port, app: app.origin, audience: apiWire.origin, isStrict };
    await run.spawn(process.execPath, [program, JSON.stringify(settings)], { ready: /listening/ });
    wire.upstream = port;
    const api = await protectedApi(run, { issuer, origins: [app.origin], wire: apiWire, flags: isStrict ? ["--nonces"] : [] });
    return {
        spa: await spa(run, {
            ...{ app, wire, issuer, clientId: "spa", api },
            logInAt: async page => {
                await page.locator("[name=login]").fill("alice");
                await page.locator("[name=password]").fill("any");
                await page.getByRole("button", { name: "Sign-in" }).click();
                await page.getByRole("button", { name: "Continue" }).click();
            },
            logOutAt: page => page.getByRole("button", { name: "Yes, sign me out" }).click(),
            // Its development pages take a font from elsewhere.
            expectedErrors: [/fonts\.googleapis\.com/, ...(isStrict ? [/status of 40[01]/] : [])]
        }),
        native: await nativeClient(run, {
            ...{ wire, issuer, clientId: "native", api },
            logInAt: byForms(async page => (await page.submit({ login: "alice", password: "any" })).submit({}))
        })
    };
}

export default definePeer({
    name: "oidc-provider",
    title: versions => `oidc-provider ${versions["oidc-provider"]}`,
    needs: [],
    async start(run) {
        return { usual: await start(run, false), strict: await start(run, true) };
    },
    scenarios: {
        ...boundScenarios(({ usual }) => usual.spa),
        ...nativeScenarios(({ usual }) => usual.native),
        ...boundScenarios(({ strict }) => strict.spa, " (nonces, PAR and binding required)", { par: true }),
        ...nativeScenarios(({ strict }) => strict.native, " (nonces, PAR and binding required)", { par: true })
    }
});
