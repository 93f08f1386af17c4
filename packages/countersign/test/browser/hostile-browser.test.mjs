/** Browsers that refuse what the package would like to use. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { assertBoundCall, assertCallsAreBound, assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const STORAGE_FAILURES = {
    "IndexedDB throws": () => {
        IDBFactory.prototype.open = () => {
            throw new DOMException("The operation is insecure.", "SecurityError");
        };
    },
    "IndexedDB fails": () => {
        const open = IDBFactory.prototype.open;
        IDBFactory.prototype.open = function (name) {
            // A version that cannot be: the request ends with an error event.
            open.call(this, `${name}.broken`, 2).onsuccess = event => event.target.result.close();
            const request = open.call(this, `${name}.broken`, 1);
            return request;
        };
    },
    "keys cannot be stored": () => {
        const put = IDBObjectStore.prototype.put;
        const add = IDBObjectStore.prototype.add;
        const holdsKey = value =>
            value instanceof CryptoKey ||
            (typeof value === "object" && value !== null && Object.values(value).some(holdsKey));
        const refuse = method =>
            function (value, ...rest) {
                if (holdsKey(value)) {
                    throw new DOMException("The object can not be cloned.", "DataCloneError");
                }
                return method.call(this, value, ...rest);
            };
        IDBObjectStore.prototype.put = refuse(put);
        IDBObjectStore.prototype.add = refuse(add);
    },
    "IndexedDB never answers": () => {
        IDBFactory.prototype.open = () => new EventTarget();
    },
    "there is no IndexedDB": () => {
        Object.defineProperty(window, "indexedDB", { value: undefined });
    },
    "reading indexedDB throws": () => {
        Object.defineProperty(window, "indexedDB", {
            get() {
                throw new DOMException("The operation is insecure.", "SecurityError");
            }
        });
    }
};

for (const [name, script] of Object.entries(STORAGE_FAILURES)) {
    test(`c1_${name}: the login goes without dpop_jkt, the token is bound all the same`, async t => {
        const world = await World.create(t, { initScripts: [script] });
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        const authorization = world.authorizationRequests().at(-1);
        assert.equal(authorization.query().dpop_jkt, undefined);
        assert.equal(authorization.query().code_challenge_method, "S256");
        const [redemption, ...others] = world.tokenRequests();
        assert.equal(others.length, 0);
        const { jkt } = await assertProof(redemption);
        const { accessToken } = await world.tokens();
        assert.equal(decodeJwt(accessToken).cnf.jkt, jkt);
        assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
        await assertBoundCall(world.api.list()[0], accessToken);
    });
}

/** What an app needs at least, but for `script-src`. */
const CONTENT_SECURITY_POLICY = world => `default-src 'self'; connect-src 'self' ${world.issuer.origin} ${world.api.origin}; frame-src 'self' ${world.issuer.origin}`;

/** The engine's files that the page has loaded. */
const engineFiles = world => world.app.requests.filter(request => /\/(?:bytes|script)-[^/]*\.js$/.test(request)).map(request => /(bytes|script)/.exec(request)[0]);

for (const setup of ["plugin", "manual"]) {
    test(`where WebAssembly is refused by the Content-Security-Policy, the engine in JavaScript does the same (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup }, expectedErrors: [/WebAssembly|Content Security Policy/] });
        world.app.headers["Content-Security-Policy"] = `${CONTENT_SECURITY_POLICY(world)}; script-src 'self'`;
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        // The plugin's page preloads the engine that most browsers use.
        assert.deepEqual([...new Set(engineFiles(world))].sort(), setup === "plugin" ? ["bytes", "script"] : ["script"]);
        const [redemption] = world.tokenRequests();
        assert.equal((await assertProof(redemption)).jkt, world.authorizationRequests().at(-1).query().dpop_jkt);
        assert.equal((await world.open()).main.isUserLoggedIn, true, "restored");
        await assertCallsAreBound(world);
        await world.renew();
        assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    });

    test(`in a browser without WebAssembly, as in a lockdown mode, the engine in JavaScript does the same (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup }, initScripts: [() => void delete window.WebAssembly] });
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        // The plugin's page preloads the engine that most browsers use.
        assert.deepEqual([...new Set(engineFiles(world))].sort(), setup === "plugin" ? ["bytes", "script"] : ["script"]);
        assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
        await assertBoundCall(world.api.list()[0], (await world.tokens()).accessToken);
    });

    test(`a page that enforces Trusted Types works (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        world.app.headers["Content-Security-Policy"] =
            `${CONTENT_SECURITY_POLICY(world)}; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'`;
        await world.start();
        assert.equal((await world.open()).main.isUserLoggedIn, true);
        assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
        assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
        assert.equal(await world.page.evaluate(() => "trustedTypes" in window), true);
    });

    test(`a strict Content-Security-Policy with 'wasm-unsafe-eval' is enough (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        world.app.headers["Content-Security-Policy"] =
            `${CONTENT_SECURITY_POLICY(world)}; script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'self'`;
        await world.start();
        assert.equal((await world.open()).main.isUserLoggedIn, true);
        assert.deepEqual([...new Set(engineFiles(world))], ["bytes"], "nothing else is loaded");
        assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    });
}

test("with webAssembly: false the engine in JavaScript is used in every browser", async t => {
    const world = await World.create(t, { variant: { webAssembly: false } });
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    assert.deepEqual([...new Set(engineFiles(world))], ["script"]);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
    await assertBoundCall(world.api.list()[0], (await world.tokens()).accessToken);
});

test("an insecure context is a typed error in each mode", async t => {
    for (const mode of ["auto", "enforced"]) {
        await t.test(mode, async t => {
            const insecure = () => Object.defineProperty(Crypto.prototype, "subtle", { value: undefined });
            const world = await World.create(t, { variant: { mode }, initScripts: [insecure] });
            const { main } = await world.open();
            assert.equal(main.rejected?.code, "insecure_context", JSON.stringify(main));
            assert.match(main.rejected.message, /https|localhost/);
        });
    }
});
