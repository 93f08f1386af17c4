/** The example of `createDPoP` beside other OAuth libraries: built as it is, opened, logged in. */
import assert from "node:assert/strict";
import path from "node:path";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { Unsupported } from "./harness/drivers/unsupported.mjs";
import { repository } from "./harness/paths.mjs";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { isRefused } from "./harness/webassembly.mjs";
import { World } from "./harness/world.mjs";

for (const [library, isNonceRequired] of [["oauth4webapi", false], ["oauth4webapi", true], ["oidc-client-ts", false], ["oidc-client-ts", true]]) {
    test(`${library} logs in, and its token goes out with proofs of createDPoP (nonces: ${isNonceRequired})`, async t => {
        if (isRefused) {
            throw new Unsupported("createDPoP has its engine as WebAssembly alone, and says wasm_refused");
        }
        const built = path.join(repository, "target/browser-apps", `proofs-example-${library}-${isNonceRequired}`);
        const app = await AppServer.start(built);
        const world = await World.create(t, {
            app,
            clients: ["demo"],
            idp: isNonceRequired ? ["--dpop", "nonce"] : [],
            api: isNonceRequired ? ["--nonces"] : [],
            expectedErrors: [/status of 40[01]/, /^WebSocket connection/]
        });
        const { page, api, issuer } = world;
        Object.assign(process.env, { VITE_ISSUER: issuer.origin, VITE_API: api.origin, VITE_CLIENT_ID: "demo" });
        await build({ root: path.join(repository, "examples/proofs"), build: { outDir: built, emptyOutDir: true }, logLevel: "error" });

        await page.goto(app.origin);
        await page.getByRole("button", { name: library }).click();
        await world.chooseUser();
        await page.waitForFunction(() => /done\n$/.test(document.querySelector("#log")?.textContent), undefined, { polling: 50 });
        await page.waitForFunction(() => /socket/.test(document.querySelector("#log").textContent), undefined, { polling: 50 });
        const log = await page.evaluate(() => document.querySelector("#log").textContent);
        assert.deepEqual(log.split("\n").filter(line => !line.startsWith("socket")), [
            "I am alice, with the key of this page",
            "written: 201",
            'event: "a note"',
            'event: "another"',
            "done",
            ""
        ]);
        assert.match(log, /^socket: \{"sub":"alice"\}$/m);

        const tokenRequests = world.tokenRequests();
        const redeemed = tokenRequests.at(-1);
        assert.equal(tokenRequests.length, isNonceRequired ? 2 : 1);
        const nonceOf = ({ response }) => response.header("DPoP-Nonce");
        const { jkt } = await assertProof(redeemed, isNonceRequired ? { nonce: nonceOf(tokenRequests[0]) } : {});
        const { access_token: token, token_type } = redeemed.response.json();
        assert.equal(token_type, "DPoP");
        if (library === "oidc-client-ts") {
            assert.equal(world.authorizationRequests()[0].query().dpop_jkt, jkt);
        }

        // Everything with a token is bound, and asked for a nonce once at most.
        const calls = api.list().filter(({ path }) => path !== "/live");
        let nonce;
        for (const call of calls) {
            assert.equal((await assertBoundCall(call, token, { nonce })).jkt, jkt);
            nonce = nonceOf(call) ?? nonce;
        }
        const refused = calls.filter(({ response }) => response.status === 401);
        assert.equal(refused.length, isNonceRequired ? 1 : 0, calls.join("\n"));
        assert.ok(calls.filter(({ path }) => path === "/api/events").length >= 2, "each connection has a proof of its own");

        const [socket] = api.list({ path: "/live" });
        assert.deepEqual([socket.all("Authorization"), socket.all("DPoP")], [[], []]);
        assert.ok(!socket.target.includes(token));
        const again = await page.evaluate(
            url => new Promise(resolve => Object.assign(new WebSocket(url), { onopen: () => resolve("open"), onerror: () => resolve("refused") })),
            `${api.origin.replace("http", "ws")}${socket.target}`
        );
        assert.equal(again, "refused", "a ticket opens one socket");
    });
}
