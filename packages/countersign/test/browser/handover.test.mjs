/**
 * A script that runs right after early init and changes what promises, functions and objects do: it is not given what is
 * handed over to the core, nor can it put something else in the place of core or engine.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startDevApp } from "./harness/dev-app.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** Notes every value that comes its way, and gives back others where it can. */
function attack() {
    const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
    const NativePromise = Promise;
    const { then } = Promise.prototype;
    const toText = Object.prototype.toString;
    const seen = new WeakSet();
    const found = (window.found = []);
    const WANTED = ["fillSlots", "openedRequest", "boundToken", "reserve"];
    const visit = (value, path, depth) => {
        if (((typeof value !== "object" || value === null) && typeof value !== "function") || seen.has(value) || depth > 4 || value === window) {
            return;
        }
        seen.add(value);
        if (toText.call(value) === "[object CryptoKey]" && value.type === "private") {
            found[found.length] = `${path} is a key`;
        }
        for (const key of ownKeys(value)) {
            if (WANTED.includes(key)) {
                found[found.length] = `${path}.${key}`;
            }
            visit(getOwnPropertyDescriptor(value, key)?.value, `${path}.${String(key)}`, depth + 1);
        }
    };
    let isBusy = false;
    const note = (value, path) => {
        if (!isBusy) {
            isBusy = true;
            try {
                visit(value, path, 0);
            } catch {}
            isBusy = false;
        }
    };
    const fakeStart = (...values) => {
        values.forEach(value => note(value, "start"));
        found[found.length] = "start of another module was called";
        return () => new NativePromise(() => {});
    };
    const exchange = value =>
        toText.call(value) === "[object Module]" && ("start" in value || "default" in value)
            ? { start: fakeStart, refuse: fakeStart, getEngine: fakeStart, default: "" }
            : value;
    const watch = promise => {
        if (!isBusy) {
            isBusy = true;
            try {
                apply(then, promise, [value => note(value, "promise"), () => {}]);
            } catch {}
            isBusy = false;
        }
    };
    const plant = (holder, key, descriptor) => {
        try {
            defineProperty(holder, key, { configurable: true, ...descriptor });
        } catch {}
    };
    class Other extends NativePromise {
        static get [Symbol.species]() {
            return Other;
        }
        constructor(run) {
            super((resolve, reject) => run(value => (note(value, "derived"), resolve(exchange(value))), reject));
        }
    }
    plant(Promise.prototype, "then", {
        value: function (succeed, fail) {
            watch(this);
            return apply(then, this, [typeof succeed === "function" ? value => succeed(exchange(value)) : succeed, fail]);
        }
    });
    plant(Promise.prototype, "catch", {
        value: function (fail) {
            watch(this);
            return apply(then, this, [exchange, fail]);
        }
    });
    plant(Promise.prototype, "constructor", {
        get() {
            watch(this);
            return isBusy ? NativePromise : Other;
        }
    });
    plant(Promise, Symbol.species, { get: () => Other });
    plant(window, "Promise", { value: Other });
    for (const name of ["resolve", "all"]) {
        const native = Promise[name];
        plant(NativePromise, name, {
            value: function (value) {
                note(value, name);
                return apply(native, this, [value]);
            }
        });
    }
    for (const [holder, ...names] of [
        [Function.prototype, "call", "apply", "bind"],
        [Reflect, "apply", "construct", "get"],
        [Object, "freeze", "assign", "entries"],
        [Map.prototype, "get", "set"],
        [WeakMap.prototype, "get", "set"],
        [Array.prototype, "push", "forEach", "map"]
    ]) {
        for (const name of names) {
            const native = holder[name];
            plant(holder, name, {
                writable: true,
                value: function (...values) {
                    if (!isBusy) {
                        note(this, name);
                        for (let i = 0; i < values.length; i++) {
                            note(values[i], name);
                        }
                    }
                    return apply(native, this, values);
                }
            });
        }
    }
    for (const name of ["Map", "WeakMap", "WebAssembly"]) {
        const native = window[name];
        plant(window, name, {
            writable: true,
            value: typeof native === "function"
                ? new Proxy(native, { construct: (target, values) => (values.forEach(value => note(value, name)), construct(target, values)) })
                : native
        });
    }
}

/** On top of the others: what promises are resolved with is asked for its `then`. */
function attackThen() {
    const seen = (window.asked = []);
    Object.defineProperty(Object.prototype, "then", {
        configurable: true,
        get() {
            seen[seen.length] = this;
            for (const key of ["start", "getEngine", "default"]) {
                if (Reflect.getOwnPropertyDescriptor(this, key)) {
                    seen[seen.length] = key;
                    try {
                        this[key] = "";
                    } catch {}
                }
            }
            return undefined;
        }
    });
}

for (const setup of ["plugin", "manual"]) {
    for (const freeze of [true, false]) {
        for (const isDev of [false, true]) {
            const where = `${setup}, ${isDev ? "dev server" : "built"}, freeze ${freeze ? "on" : "off"}`;
            const variant = { setup, mode: "enforced", freeze };
            const create = async (t, code) => {
                const world = await World.create(t, { variant, ...(isDev ? { app: await startDevApp(variant) } : {}), expectedErrors: [/./] });
                world.app.editPage = html => html.replace("</body>", `<script type="module">(${code})()</script></body>`);
                return world;
            };
            const assertWorks = async (world, assertHidden) => {
                await world.open();
                await assertHidden();
                assert.equal((await world.logIn()).main.isUserLoggedIn, true);
                await assertHidden();
                assert.equal((await world.open()).main.isUserLoggedIn, true);
                const { accessToken } = await world.tokens();
                await world.renew();
                assert.equal((await world.call({ url: `${world.api.origin}/api/me`, token: accessToken })).status, 200);
                await assertBoundCall(world.api.list().at(-1), accessToken);
                await assertHidden();
            };

            test(`s4_the_handover_shows_a_script_nothing_that_has_changed_promises (${where})`, async t => {
                const world = await create(t, attack);
                await assertWorks(world, async () => assert.deepEqual(await world.page.evaluate(() => window.found), []));
            });

            test(`s4_the_handover_shows_a_getter_for_then_nothing_that_it_could_change (${where})`, async t => {
                const world = await create(t, attackThen);
                await assertWorks(world, async () => {
                    const asked = await world.page.evaluate(() =>
                        window.asked.map(value => (typeof value === "string" ? value : Object.keys(value).join()))
                    );
                    for (const keys of asked) {
                        assert.ok(!/\b(start|getEngine|default|hooks|boundToken|engine)\b/.test(keys), keys);
                    }
                });
            });
        }
    }
}

test("s4_an_await_of_ours_shows_no_proof_to_a_script_that_has_changed_promises", async t => {
    const world = await World.create(t, { variant: { mode: "enforced" } });
    const attack = () => {
        window.seen = [];
        const { constructor, then } = Promise.prototype;
        let isBusy = false;
        const note = value => {
            for (const key of typeof value === "object" && value ? Reflect.ownKeys(value) : []) {
                /^(proof|authorization|texts|upgrade)$/.test(key) && window.seen.push(key);
            }
        };
        window.isPlanted = Reflect.defineProperty(Promise.prototype, "constructor", {
            get() {
                if (!isBusy) {
                    isBusy = true;
                    Reflect.apply(then, this, [note, () => {}]);
                    isBusy = false;
                }
                return constructor;
            }
        });
    };
    world.app.editPage = html => html.replace("</body>", `<script type="module">(${attack})();</script></body>`);
    await world.start();
    for (const transport of ["fetch", "xhr"]) {
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
    }
    assert.deepEqual(await world.page.evaluate(() => [window.seen, window.isPlanted]), [[], true]);
});
