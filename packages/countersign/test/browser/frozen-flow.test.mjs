/** The whole flow with the freeze on. What the freeze itself withstands is in `freeze.test.mjs`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
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
                await assertBoundCall(last, accessToken, { nonce: decodeJwt(last.header("DPoP")).nonce });
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

/** Every API that the issue of a token passes through, replaced by one that notes what it is given. */
function attack() {
    window.stolen = [];
    const spyOn = (holder, name) => {
        const native = holder[name];
        const spy = function (...parameters) {
            // What a spy sees of ours may be a key, a proof's bytes or a token: all of them are too much.
            window.stolen.push(name);
            return new.target ? Reflect.construct(native, parameters) : Reflect.apply(native, this, parameters);
        };
        spy.prototype = native.prototype;
        for (const plant of [
            () => (holder[name] = spy),
            () => Object.defineProperty(holder, name, { value: spy, writable: true, configurable: true }),
            () => delete holder[name]
        ]) {
            try {
                plant();
            } catch {
                // Refused aloud is refused, too.
            }
        }
    };
    for (const name of ["fetch", "XMLHttpRequest", "Headers", "Request", "Response"]) {
        spyOn(window, name);
    }
    for (const name of ["open", "send", "setRequestHeader"]) {
        spyOn(XMLHttpRequest.prototype, name);
    }
    for (const name of ["sign", "digest", "generateKey", "exportKey"]) {
        spyOn(crypto.subtle, name);
        spyOn(SubtleCrypto.prototype, name);
    }
    for (const name of ["parse", "stringify"]) {
        spyOn(JSON, name);
    }
    spyOn(Promise.prototype, "then");
    spyOn(TextEncoder.prototype, "encode");
}

for (const setup of ["plugin", "manual"]) {
    test(`a script that patches what tokens pass through sees none of them under the freeze (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup, freeze: "promises" }, expectedErrors: [/status of 401/, /freeze/] });
        await world.start();
        const { accessToken } = await world.tokens();
        await world.page.evaluate(attack);
        // In the page, so that what the test's own tools call is not counted.
        const statuses = await world.page.evaluate(
            async ([origin, token]) => {
                const { send } = window.harness;
                window.stolen = [];
                const results = [];
                for (const transport of ["fetch", "request", "xhr"]) {
                    for (const path of ["/api/me", "/api/with-nonce"]) {
                        results.push((await send({ url: origin + path, transport, token })).status);
                    }
                }
                await window.harness.loggedIn().renewTokens();
                return results;
            },
            [world.api.origin, accessToken]
        );
        assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
        assert.deepEqual(await world.page.evaluate(() => window.stolen), []);
        for (const exchange of world.api.list()) {
            const { nonce } = decodeJwt(exchange.header("DPoP"));
            await assertBoundCall(exchange, accessToken, { nonce });
        }
    });
}
