// The freeze in real Chromium: each attack is one test, and what must go on working beside it.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

let browser, server;
/** Attacked again and again: none of the attacks may leave a trace. */
let attacked;
before(async () => {
    browser = await launch();
    server = await startServer(({ headers }) => {
        const isChallenge = headers["dpop"] && !JSON.parse(headers["dpop"]).nonce;
        return isChallenge ? { status: 401, headers: { "dpop-nonce": "n1" } } : { body: "ok" };
    });
    attacked = await openPage(browser, server, { freeze: { promises: true } });
});
beforeEach(() => void (server.requests.length = 0));
after(async () => {
    await browser?.close();
    await server?.close();
});

/** Both ways of calling, each with a challenge; gives what the app got. */
const callBoth = page =>
    page.evaluate(async () => {
        const headers = { Authorization: "Bearer bound-secret" };
        const response = await fetch("/api", { method: "POST", body: "by fetch", headers });
        const byFetch = await response.text();
        const byXhr = await new Promise(resolve => {
            const xhr = new XMLHttpRequest();
            xhr.open("POST", "/api");
            xhr.setRequestHeader("Authorization", "Bearer bound-secret");
            xhr.onloadend = () => resolve(xhr.responseText);
            xhr.send("by XHR");
        });
        return [byFetch, byXhr];
    });

function assertFourGoodRequests() {
    assert.deepEqual(server.requests.map(({ body }) => body), ["by fetch", "by fetch", "by XHR", "by XHR"]);
    for (const request of server.requests) {
        assert.equal(request.headers["authorization"], "DPoP bound-secret");
        assert.equal(proofOf(request).htm, "POST");
    }
}

/** `[holder expression, property]` of what the issue lists. */
const targets = [
    ["window", "fetch"],
    ["window", "XMLHttpRequest"],
    ["window", "Headers"],
    ["window", "Request"],
    ["window", "Response"],
    ["window", "TextEncoder"],
    ["window", "JSON"],
    ["window", "URL"],
    ["window", "crypto"],
    ["Crypto.prototype", "subtle"],
    ["Crypto.prototype", "getRandomValues"],
    ...["open", "send", "setRequestHeader", "abort", "getAllResponseHeaders", "upload"].map(name => ["XMLHttpRequest.prototype", name]),
    ...["get", "set", "append"].map(name => ["Headers.prototype", name]),
    ...["clone", "headers", "body"].map(name => ["Request.prototype", name]),
    ...["clone", "headers", "status", "url"].map(name => ["Response.prototype", name]),
    ...["then", "catch", "finally", "constructor"].map(name => ["Promise.prototype", name]),
    ...["sign", "generateKey", "exportKey", "digest", "importKey"].map(name => ["SubtleCrypto.prototype", name]),
    ...["parse", "stringify"].map(name => ["JSON", name]),
    ["TextEncoder.prototype", "encode"],
    ["TextDecoder.prototype", "decode"],
    ["WebAssembly", "instantiate"],
    ...["get", "set", "delete"].map(name => ["Map.prototype", name]),
    ...["subarray", "set", "indexOf"].map(name => ["Object.getPrototypeOf(Uint8Array.prototype)", name]),
    ["IDBFactory.prototype", "open"],
    ...["put", "get", "delete"].map(name => ["IDBObjectStore.prototype", name])
];

test("freeze: what a promise is derived as stays", async () => {
    const isSame = await attacked.evaluate(() => {
        const { species } = Symbol;
        const before = Promise[species];
        for (const attack of [
            () => (Promise[species] = class extends Promise {}),
            () => Object.defineProperty(Promise, species, { get: () => class extends Promise {} }),
            () => delete Promise[species]
        ]) {
            try {
                attack();
            } catch {
                // Refused aloud is refused, too.
            }
        }
        return Promise[species] === before && Promise.resolve().then(() => {}).constructor === Promise;
    });
    assert.equal(isSame, true);
});

test("freeze: no `then` of a script's is handed a new key pair, and objects may have their own", async () => {
    const outcome = await attacked.evaluate(async () => {
        "use strict";
        const seen = [];
        const spy = {
            configurable: true,
            get() {
                seen.push(Object.keys(this).join());
                return undefined;
            }
        };
        for (const attack of [
            () => Object.defineProperty(Object.prototype, "then", spy),
            () => Object.defineProperty(Object.prototype, "then", { value: resolve => resolve("another pair") }),
            () => (Object.prototype.then = resolve => resolve("another pair")),
            () => delete Object.prototype.then,
            () => Object.prototype.__defineGetter__("then", spy.get)
        ]) {
            try {
                attack();
            } catch {
                // Refused aloud is refused, too.
            }
        }
        const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
        const assigned = {};
        assigned.then = resolve => resolve("assigned");
        class Deferred {}
        Deferred.prototype.then = resolve => resolve("inherited");
        return {
            seen,
            pair: Object.keys(pair).sort(),
            own: [await assigned, await { then: resolve => resolve("literal") }, await new Deferred()],
            plain: JSON.stringify([{ a: 1 }, Object.keys({})]),
            enumerated: (() => {
                const names = [];
                for (const name in {}) {
                    names.push(name);
                }
                return names;
            })()
        };
    });
    assert.deepEqual(outcome, {
        seen: [],
        pair: ["privateKey", "publicKey"],
        own: ["assigned", "literal", "inherited"],
        plain: '[{"a":1},[]]',
        enumerated: []
    });
});

for (const [holder, name] of targets) {
    test(`freeze: assigning or redefining ${holder}.${name} has no effect on our requests`, async () => {
        const result = await attacked.evaluate(
            target => {
                "use strict";
                const [holderText, name] = target;
                const holder = (0, eval)(holderText);
                const read = () => Reflect.getOwnPropertyDescriptor(holder, name);
                window.stolen = [];
                const before = read();
                const evil = function (...args) {
                    window.stolen.push(String(args), String(this));
                    throw new Error("evil");
                };
                const outcomes = [];
                for (const attack of [
                    () => void (holder[name] = evil),
                    () => Reflect.set(holder, name, evil),
                    () => Object.defineProperty(holder, name, { value: evil, configurable: true, writable: true }),
                    () => Object.defineProperty(holder, name, { get: () => evil, configurable: true }),
                    () => Object.defineProperties(holder, { [name]: { value: evil } }),
                    () => delete holder[name],
                    () => Object.assign(holder, { [name]: evil }),
                    () => holder.__defineGetter__(name, () => evil)
                ]) {
                    try {
                        attack();
                        outcomes.push("no error");
                    } catch (error) {
                        outcomes.push(error.name);
                    }
                }
                const after = read();
                return { isSame: after.get === before.get && after.set === before.set && after.configurable === false, outcomes };
            },
            [holder, name]
        );
        assert.equal(result.isSame, true, result.outcomes.join());
        assert.equal(result.outcomes[2], "TypeError");
        assert.deepEqual(await callBoth(attacked), ["ok", "ok"]);
        assert.deepEqual(await attacked.evaluate(() => window.stolen), []);
        assertFourGoodRequests();
    });
}

test("freeze: a script's own let or function fetch cannot stand before ours", async () => {
    const page = await openPage(browser, server, { freeze: {} });
    const errors = [];
    page.on("pageerror", ({ name }) => errors.push(name));
    for (const content of ["let fetch = () => 'evil';", "function fetch() { return 'evil'; }", "var fetch = () => 'evil';"]) {
        await page.addScriptTag({ content });
    }
    assert.deepEqual(await callBoth(page), ["ok", "ok"]);
    assert.deepEqual(errors, ["SyntaxError", "SyntaxError"]);
    await page.close();
});

test("without the freeze, what later scripts patch is not on our path either", async () => {
    const page = await openPage(browser, server);
    await page.evaluate(() => {
        window.stolen = [];
        const spy = (holder, name) => {
            const { value } = Reflect.getOwnPropertyDescriptor(holder, name);
            const wrapped = function (...args) {
                if ([this, ...args].some(one => String(one).includes("bound-secret"))) {
                    window.stolen.push(name);
                }
                return Reflect.apply(value, this, args);
            };
            Object.defineProperty(holder, name, { value: wrapped, configurable: true, writable: true });
        };
        for (const [prototype, names] of [
            [RegExp.prototype, ["exec"]],
            [WeakMap.prototype, ["get", "set"]],
            [Headers.prototype, ["get", "set", "append", "forEach"]],
            [Request.prototype, ["clone"]],
            [XMLHttpRequest.prototype, ["getAllResponseHeaders"]]
        ]) {
            names.forEach(name => spy(prototype, name));
        }
        window.Headers = window.Request = window.Response = window.URL = class Evil {
            constructor(...args) {
                window.stolen.push(String(args));
                throw new Error("evil");
            }
        };
    });
    assert.deepEqual(await callBoth(page), ["ok", "ok"]);
    assert.deepEqual(await page.evaluate(() => window.stolen), []);
    assertFourGoodRequests();
    await page.close();
});

test("rc15_assignments_on_instances_and_subclasses_work", async () => {
    const page = await openPage(browser, server, { freeze: {} });
    const result = await page.evaluate(async () => {
        "use strict";
        const xhr = new XMLHttpRequest();
        xhr.open = () => "own open";
        const headers = new Headers();
        headers.get = () => "own get";
        class Sub extends XMLHttpRequest {}
        Sub.prototype.send = () => "sub send";
        class Urls extends URL {
            toString() {
                return `sub ${super.toString()}`;
            }
        }
        function Old() {}
        Old.prototype = Object.create(Headers.prototype);
        Old.prototype.constructor = Old;
        const promise = Promise.resolve(1);
        promise.then = () => "own then";
        const heir = Object.create(window);
        heir.fetch = () => "own fetch";
        const json = Object.create(JSON);
        json.parse = () => "own parse";
        const own = Object.getOwnPropertyDescriptor(xhr, "open");
        return {
            values: [xhr.open(), headers.get("a"), new Sub().send(), String(new Urls("http://a/")), Old.prototype.constructor === Old, promise.then(), heir.fetch(), json.parse()],
            own: [own.writable, own.enumerable, own.configurable],
            others: [await Promise.resolve(2).then(two => two), new Headers({ a: "b" }).get("a"), new Sub() instanceof XMLHttpRequest, JSON.parse("3")]
        };
    });
    assert.deepEqual(result, {
        values: ["own open", "own get", "sub send", "sub http://a/", true, "own then", "own fetch", "own parse"],
        own: [true, true, true],
        others: [2, "b", true, 3]
    });
    await page.close();
});

test("rc15_arrays_objects_and_functions_are_left_alone", async () => {
    const page = await openPage(browser, server, { freeze: {} });
    const result = await page.evaluate(() => {
        "use strict";
        const array = [];
        array.push = () => "own push";
        const object = {};
        object.hasOwnProperty = () => "own";
        const f = () => {};
        f.call = () => "own call";
        const isNative = f => /\[native code\]/.test(Function.prototype.toString.call(f));
        return {
            own: [array.push(), object.hasOwnProperty(), f.call()],
            native: [Object.defineProperty, Object.defineProperties, Reflect.defineProperty].map(isNative),
            untouched: [Array.prototype, Object.prototype, Function.prototype, String.prototype, RegExp.prototype, EventTarget.prototype].map(prototype =>
                Reflect.ownKeys(prototype).every(key => Reflect.getOwnPropertyDescriptor(prototype, key).configurable || ["prototype", "length", Symbol.hasInstance, "then"].includes(key))
            )
        };
    });
    assert.deepEqual(result, { own: ["own push", "own", "own call"], native: [true, true, true], untouched: [true, true, true, true, true, true] });
    await page.close();
});

test("excludes leaves an API to be patched", async () => {
    const page = await openPage(browser, server, { freeze: { excludes: ["fetch", "crypto.subtle", "WebSocket"] } });
    const result = await page.evaluate(() => {
        window.fetch = () => "patched";
        SubtleCrypto.prototype.sign = () => "patched";
        window.Headers = undefined;
        return [fetch(), crypto.subtle.sign(), typeof Headers];
    });
    assert.deepEqual(result, ["patched", "patched", "function"]);
    await page.close();
});

test("an ignored assignment says so, and what to exclude", async () => {
    const page = await openPage(browser, server, { freeze: {} });
    const messages = [];
    page.on("console", message => messages.push(message.text()));
    await page.evaluate(() => void (window.fetch = () => {}));
    assert.deepEqual(messages, ['countersign: browserRuntimeFreeze ignored an assignment to fetch; to allow it, add "fetch" to excludes.']);
    await page.close();
});

test("lodash loads and works under the freeze", async () => {
    const page = await openPage(browser, server, { freeze: {} });
    await page.addScriptTag({ url: "/modules/lodash/lodash.js" });
    const result = await page.evaluate(() => [
        _.chunk([1, 2, 3], 2),
        _.cloneDeep({ a: [new Date(0)] }).a[0].getTime(),
        _.template("<%= a %>")({ a: "b" }),
        _.merge({ a: { b: 1 } }, { a: { c: 2 } }),
        _([3, 1]).sort().reverse().value()
    ]);
    assert.deepEqual(result, [[[1, 2], [3]], 0, "b", { a: { b: 1, c: 2 } }, [3, 1]]);
    assert.deepEqual(await callBoth(page), ["ok", "ok"]);
    await page.close();
});

for (const freeze of [{}, undefined]) {
    test(`zone.js loads and works ${freeze ? "under" : "without"} the freeze, and so do our requests`, async () => {
        const page = await openPage(browser, server, { freeze });
        const errors = [];
        page.on("pageerror", error => errors.push(String(error)));
        await page.addScriptTag({ url: "/modules/zone.js/bundles/zone.umd.js" });
        const result = await page.evaluate(async () => {
            const zone = Zone.current.fork({ name: "test", properties: { key: "value" } });
            const seen = await zone.run(
                () =>
                    new Promise(resolve => {
                        const names = [Zone.current.name];
                        Promise.resolve().then(() => {
                            names.push(Zone.current.name);
                            setTimeout(() => {
                                names.push(Zone.current.get("key"));
                                const target = new EventTarget();
                                target.addEventListener("x", () => resolve([...names, Zone.current.name]));
                                target.dispatchEvent(new Event("x"));
                            });
                        });
                    })
            );
            return { seen, isZonePromise: String(Promise).includes("ZoneAwarePromise") || Promise.name };
        });
        assert.deepEqual(result.seen, ["test", "test", "value", "test"]);
        assert.deepEqual(await callBoth(page), ["ok", "ok"]);
        assertFourGoodRequests();
        assert.deepEqual(errors, []);
        await page.close();
    });
}

test("rc15_array_spread_defineProperty_and_await_do_not_get_slow", async () => {
    const measure = async freeze => {
        const page = await openPage(browser, server, { freeze });
        const result = await page.evaluate(async () => {
            const best = async work => {
                let least = Infinity;
                for (let round = 0; round < 5; round++) {
                    const start = performance.now();
                    await work();
                    least = Math.min(least, performance.now() - start);
                }
                return least;
            };
            const array = Array.from({ length: 1000 }, (_, index) => index);
            let sum = 0;
            return {
                spread: await best(() => {
                    for (let i = 0; i < 5000; i++) sum += [...array].length;
                }),
                defineProperty: await best(() => {
                    for (let i = 0; i < 100_000; i++) Object.defineProperty({}, "a", { value: i });
                }),
                await: await best(async () => {
                    for (let i = 0; i < 50_000; i++) sum += await Promise.resolve(i);
                }),
                iterateMap: await best(() => {
                    const map = new Map(array.map(index => [index, index]));
                    for (let i = 0; i < 500; i++) sum += [...map].length;
                }),
                map: await best(() => {
                    const map = new Map();
                    for (let i = 0; i < 200_000; i++) map.set(i & 1023, i), (sum += map.get(i & 511) ?? 0);
                }),
                parse: await best(() => {
                    for (let i = 0; i < 50_000; i++) sum += JSON.parse("1");
                })
            };
        });
        await page.close();
        return result;
    };
    const plain = await measure(undefined);
    const frozen = await measure({});
    for (const name of Object.keys(plain)) {
        // Measured: 1.0 to 1.3. The bound leaves room for a busy machine; the reference's were 80 and 32.
        assert.ok(frozen[name] < 3 * plain[name] + 5, `${name}: ${plain[name]} ms, frozen ${frozen[name]} ms`);
    }
});
