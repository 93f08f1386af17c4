/** The whole flow with the freeze on. What the freeze itself withstands is in `freeze.test.mjs`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

for (const setup of ["plugin", "manual"]) {
    test(`login, calls, renewal, restoration, nonces and logout with the freeze on (${setup})`, async t => {
        const world = await World.create(t, {
            variant: { setup, freeze: true },
            idp: ["--dpop", "nonce"],
            expectedErrors: [/status of 40[01]/]
        });
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        for (const path of ["/api/me", "/api/with-nonce"]) {
            for (const transport of ["fetch", "request", "xhr"]) {
                const { accessToken } = await world.tokens();
                const mark = world.api.mark();
                const { status } = await world.call({ url: world.api.origin + path, transport });
                assert.equal(status, 200);
                const exchanges = world.api.list({ since: mark });
                const last = exchanges.at(-1);
                const proof = JSON.parse(Buffer.from(last.header("DPoP").split(".")[1], "base64url").toString());
                await assertBoundCall(last, accessToken, { nonce: proof.nonce });
            }
        }
        const before = (await world.tokens()).accessToken;
        await world.renew();
        assert.notEqual((await world.tokens()).accessToken, before);
        assert.equal((await world.open()).main.isUserLoggedIn, true);
        const { jkt } = await assertProof(world.tokenRequests()[0]);
        assert.equal(typeof jkt, "string");
        assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    });
}
