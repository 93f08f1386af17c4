/** The native client against our own development authorization server and example API. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { byBrowser, byForms, checkBearerCall, checkLogIn, nativeClient, nativeScenarios } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi } from "../lib/spa.mjs";

/** Starts our server with a native client `cli`, and our API, each behind a recording proxy. */
async function provider(run, name, flags = [], apiFlags = []) {
    const [wire, apiWire] = [await run.wire(), await run.wire()];
    const config = path.join(run.directory, `${name}.toml`);
    await writeFile(
        config,
        `[[clients]]
id = "cli"
redirect_uris = ["http://127.0.0.1/"]
native = true
audiences = ["${apiWire.origin}"]
`
    );
    const idp = await run.idp(["--config", config, "--issuer", wire.origin, ...flags]);
    wire.upstream = idp.port;
    const api = await protectedApi(run, { issuer: wire.origin, origins: [], wire: apiWire, flags: apiFlags });
    const logInAt = byForms(page => page.submit({ user: "alice" }));
    return { wire, issuer: wire.origin, clientId: "cli", api, logInAt };
}

export default definePeer({
    name: "native",
    title: () => "Native client, development server",
    needs: [],
    ours: ["native client", "resource server", "development server"],
    async start(run) {
        const usual = await provider(run, "usual");
        return {
            native: await nativeClient(run, usual),
            inBrowser: byBrowser(run, page => page.getByRole("button", { name: /alice/i }).click()),
            nonces: await nativeClient(run, await provider(run, "nonces", ["--dpop", "nonce"], ["--nonces"])),
            bearer: await nativeClient(run, await provider(run, "bearer", ["--dpop", "off"], ["--dpop", "optional"])),
            advertised: await nativeClient(
                run,
                await provider(run, "advertised", ["--dpop", "advertised-only"], ["--dpop", "optional"])
            )
        };
    },
    scenarios: {
        ...nativeScenarios(fixture => fixture.native),
        "native: login with a browser": async ({ native, inBrowser }) => {
            assert.equal((await native.logIn(inBrowser)).tokenUse, "DPoP");
        },
        "native: the user cancels": async ({ native }) => {
            const cancel = byForms(page => page.submit({ cancel: "1" }));
            await assert.rejects(native.logIn(cancel), { code: "authorization_error" });
        },
        ...nativeScenarios(fixture => fixture.nonces, " (required nonces)"),
        "native: enforced logs in where the server binds": async ({ native }, note) => {
            await checkLogIn(native.with({ mode: "enforced" }), note);
        },
        "native: auto ends in Bearer at a server without DPoP": async ({ bearer }) => {
            const { tokenUse, thumbprint } = await bearer.logIn();
            assert.deepEqual({ tokenUse, thumbprint }, { tokenUse: "Bearer", thumbprint: null });
            await checkBearerCall(bearer, { url: `${bearer.api.origin}/api/me` }, 200);
            assert.equal((await bearer.refresh()).tokenUse, "Bearer");
        },
        "native: enforced refuses a server without DPoP before the browser opens": async ({ bearer }) => {
            await assert.rejects(bearer.with({ mode: "enforced" }).logIn(), { code: "dpop_unsupported" });
        },
        "native: auto uses a Bearer token of a server that says it binds": async ({ advertised }) => {
            assert.equal((await advertised.logIn()).tokenUse, "Bearer");
            await checkBearerCall(advertised, { url: `${advertised.api.origin}/api/me` }, 200);
        },
        "native: enforced refuses a Bearer token of a server that says it binds": async ({ advertised }) => {
            await assert.rejects(advertised.with({ mode: "enforced" }).logIn(), { code: "token_not_bound" });
        },
        "native: off sends no proof": async ({ bearer }) => {
            const off = bearer.with({ mode: "off" });
            assert.equal((await off.logIn()).tokenUse, "Bearer");
            await checkBearerCall(off, { url: `${off.api.origin}/api/me` }, 200);
        }
    }
});
