// The built engine in Chromium with the natives of early init, on a page whose scripts change what they can.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { UnsecuredJWT } from "jose";
import { launch, startServer } from "./support/page.mjs";

let browser;
let server;
let issued = 0;

before(async () => {
    browser = await launch();
    server = await startServer(({ url, body }) => {
        const issuer = server.origin;
        const json = content => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(content) });
        if (url.startsWith("/.well-known/")) {
            return json({
                issuer,
                authorization_endpoint: `${issuer}/authorize`,
                token_endpoint: `${issuer}/token`,
                dpop_signing_alg_values_supported: ["ES256"]
            });
        }
        const seconds = Math.floor(Date.now() / 1000);
        // The test's client names its OIDC nonce where the server can read it.
        const nonce = new URLSearchParams(body).get("test_nonce") ?? undefined;
        issued++;
        return json({
            access_token: `secret-access-${issued}`,
            token_type: "DPoP",
            expires_in: 300,
            refresh_token: `secret-refresh-${issued}`,
            id_token: new UnsecuredJWT({ iss: issuer, aud: "app", sub: "alice", iat: seconds, exp: seconds + 300, nonce }).encode()
        });
    });
});

after(async () => {
    await browser?.close();
    await server?.close();
});

/**
 * Early init's natives are saved, then `attack` runs, then the engine is loaded and used: a login that leaves the page
 * and one that does not, a renewal, a call, a retry. Tells what `attack` has put into `window.seen`.
 */
async function attacked(attack) {
    const page = await browser.newPage();
    try {
        await page.goto(server.origin);
        await page.evaluate(async () => {
            await import("/dist/page/natives.js");
            window.base64 = (await import("/dist/engine/bytes.js")).default;
            window.seen = [];
        });
        await page.evaluate(attack);
        return await page.evaluate(async () => {
            const { natives } = await import("/dist/core/natives.js");
            const { loadEngine } = await import("/dist/engine/load.js");
            const { IFRAME, SILENT } = await import("/dist/engine/numbers.js");
            let engine;
            await loadEngine(natives, window.base64, started => (engine = started));
            const client = engine.create({ issuerUri: location.origin, clientId: "app", scope: "openid", mode: "enforced", metadata: undefined });
            let tokens;
            await engine.discover(client);
            for (const visit of [IFRAME, SILENT]) {
                const request = await engine.prepare(client, `${location.origin}/`, visit);
                const valueOf = name => request[Array.from(request).indexOf(name) + 1];
                await engine.push(client, request[0], true, []);
                tokens = await engine.redeem(client, Object.entries({ code: "c", state: valueOf("state") }), { test_nonce: valueOf("nonce") });
            }
            tokens = await engine.renew(client, {});
            const token = tokens.accessToken;
            const sent = await engine.authorize("GET", location.origin, "/api", engine.boundToken(token));
            const again = await engine.observe(
                sent.attempt,
                { status: 401, dpopNonce: "n1", wwwAuthenticate: 'DPoP error="use_dpop_nonce"', date: null, redirectOrigin: "", redirectPath: "" },
                true
            );
            const seen = window.seen.splice(0);
            const name = value => Object.prototype.toString.call(value).slice(8, -1);
            return {
                isBound: !!engine.boundToken(token),
                hasRetried: again?.proof !== undefined,
                hasPlainObjects: [engine, tokens, sent, again].some(value => value instanceof Object),
                names: seen.map(name),
                keys: seen.filter(value => name(value) === "Object").map(value => Object.keys(value).sort().join()),
                secrets: seen.flat().filter(value => typeof value === "string" && /secret-(access|refresh)-\d|eyJ[a-zA-Z]/.test(value))
            };
        });
    } finally {
        await page.close();
    }
}

const works = { isBound: true, hasRetried: true, hasPlainObjects: false };

test("a getter for `then` on Object.prototype sees no engine, no tokens and no response, and of keys the browser's own pair", async () => {
    const { names, keys, secrets, ...rest } = await attacked(() => {
        Object.defineProperty(Object.prototype, "then", {
            configurable: true,
            get() {
                window.seen.push(this);
                return undefined;
            }
        });
    });
    assert.deepEqual(rest, works);
    const pairs = keys.filter(key => key === "privateKey,publicKey");
    // One key for both logins: the client's own.
    assert.equal(pairs.length, 1, `${names} ${keys}`);
    // The public half as JWK.
    assert.deepEqual(keys.filter(key => !pairs.includes(key)), ["crv,ext,key_ops,kty,x,y"]);
    assert.deepEqual(names.filter(name => name !== "Object"), [], `${names}`);
});

test("secrets and linear memory pass through nothing that a script can change", async () => {
    const { names, keys, secrets, ...rest } = await attacked(() => {
        const { seen } = window;
        const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
        const spy = (holder, key) => {
            const { value, get } = getOwnPropertyDescriptor(holder, key);
            const changed = function (...args) {
                seen[seen.length] = this;
                for (let i = 0; i < args.length; i++) {
                    seen[seen.length] = args[i];
                }
                return new.target ? construct(value, args, value) : apply(value ?? get, this, args);
            };
            if (value?.prototype) {
                changed.prototype = value.prototype;
            }
            defineProperty(holder, key, value ? { value: changed } : { get: changed });
        };
        const typedArray = Object.getPrototypeOf(Uint8Array);
        for (const [holder, ...names] of [
            [typedArray, "from"],
            [typedArray.prototype, "set", "subarray", "indexOf", "length", "buffer", "byteLength"],
            [Object, "entries", "hasOwn", "assign"],
            [Array.prototype, "reduce", "every", "flat", "shift", "indexOf", "join", "push", Symbol.iterator],
            [Map.prototype, "get", "set", "delete"],
            [Date, "parse", "now"],
            [String.prototype, "charCodeAt", "split"],
            [JSON, "parse", "stringify"],
            [WebAssembly, "instantiate", "compile", "Module", "Instance"],
            [WebAssembly.Memory.prototype, "buffer"],
            [WebAssembly.Instance.prototype, "exports"],
            [Response.prototype, "text", "arrayBuffer", "headers", "status", "body"],
            [Headers.prototype, "get"],
            [TextEncoder.prototype, "encode", "encodeInto"],
            [TextDecoder.prototype, "decode"],
            [SubtleCrypto.prototype, "generateKey", "exportKey", "sign", "digest"],
            [Crypto.prototype, "getRandomValues"],
            [URL.prototype, "origin", "pathname", "username", "password", "href"],
            [Promise.prototype, "then", "catch", "finally"],
            [window, "fetch", "atob", "Map", "Uint8Array", "Int16Array", "Promise", "TextEncoder", "TextDecoder", "Response", "Blob"]
        ]) {
            names.forEach(name => spy(holder, name));
        }
        // The spies work.
        new Uint8Array(1).set([7]);
    });
    assert.deepEqual(rest, works);
    assert.deepEqual(secrets, []);
    assert.deepEqual(names.filter(name => /8Array|Buffer|Memory|Instance|Response|Key/.test(name)), ["Uint8Array"], `${names}`);
});

test("a script that uses up the memory is not shown the engine, which does not start then", async () => {
    const page = await browser.newPage();
    try {
        await page.goto(server.origin);
        const result = await page.evaluate(async () => {
            const { natives } = await import("/dist/core/natives.js");
            const { loadEngine } = await import("/dist/engine/load.js");
            const { default: base64 } = await import("/dist/engine/bytes.js");
            const used = [];
            let limit;
            try {
                for (;;) {
                    used.push(new WebAssembly.Memory({ initial: 1, maximum: 65_536 }));
                }
            } catch (error) {
                limit = error.name;
            }
            const seen = [];
            WebAssembly.instantiate = (...args) => {
                seen.push(Object.keys(args[1].host).join());
                return new Promise(() => {});
            };
            RangeError.prototype.toString = Error.prototype.toString = () => "main thread";
            const outcome = await Promise.race([
                loadEngine(natives, base64, () => {}).catch(error => error.code),
                new Promise(resolve => setTimeout(resolve, 3_000, "waits"))
            ]);
            return { limit, outcome, seen, used: used.length > 0 };
        });
        assert.deepEqual(result, { limit: "RangeError", outcome: "engine_crashed", seen: [], used: true });
    } finally {
        await page.close();
    }
});
