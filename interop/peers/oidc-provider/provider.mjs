/** Starts the provider as a process behind a recording proxy, with our API and both our clients. */
import { fileURLToPath } from "node:url";
import { byForms, nativeClient } from "../../lib/native.mjs";
import { protectedApi, spa } from "../../lib/spa.mjs";

const program = fileURLToPath(new URL("server.mjs", import.meta.url));

const LOGIN = { login: "alice", password: "any" };

/**
 * Does the user's part over plain HTTP: name and password, then consent.
 *
 * @param {import("../../lib/visitor.mjs").Page} page
 */
export const logInByForms = async page => (await page.submit(LOGIN)).submit({});

/** @param {import("playwright-core").Page} page */
async function logInAt(page) {
    for (const [name, value] of Object.entries(LOGIN)) {
        await page.locator(`[name=${name}]`).fill(value);
    }
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
}

/**
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {Pick<import("./server.mjs").Settings, "hasNonces" | "isStrict">} demands
 */
export async function startProvider(run, demands) {
    const app = await run.app({ variant: { mode: demands.isStrict ? "enforced" : "auto" } });
    const [wire, apiWire, port] = [await run.wire(), await run.wire(), await run.freePort()];
    const issuer = wire.origin;
    const settings = { issuer, port, app: app.origin, audience: apiWire.origin, ...demands };
    await run.spawn(process.execPath, [program, JSON.stringify(settings)], { ready: /listening/ });
    wire.upstream = port;
    const flags = demands.isStrict ? ["--nonces"] : [];
    const api = await protectedApi(run, { issuer, origins: [app.origin], wire: apiWire, flags });
    return {
        ...{ wire, issuer, app, api },
        /** Opens the app in a new browser context. */
        spa: ({ clientId = "spa", params, expectedErrors = [] } = {}) =>
            spa(run, {
                ...{ app, wire, issuer, clientId, params, api, logInAt },
                logOutAt: page => page.getByRole("button", { name: "Yes, sign me out" }).click(),
                // Its development pages load a font from another server.
                expectedErrors: [/fonts\.googleapis\.com/, ...expectedErrors]
            }),
        native: await nativeClient(run, {
            ...{ wire, issuer, clientId: "native", api },
            logInAt: byForms(logInByForms)
        })
    };
}
