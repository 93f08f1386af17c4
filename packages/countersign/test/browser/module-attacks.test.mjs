/**
 * What scripts once did with our modules in Vite's dev server, where each has its name: each attack by name, and what it
 * gained. `reachable.test.mjs` tries the same without knowing names.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildApp } from "./harness/build-app.mjs";
import { AppServer } from "./harness/app-server.mjs";
import { startDevApp } from "./harness/dev-app.mjs";
import { intruder } from "./harness/intruder.mjs";
import { assertBoundCall, assertCallsAreBound } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const VARIANT = { setup: "plugin", mode: "enforced", freeze: true };
const ELSEWHERE = "https://attacker.example";

async function createWorld(t, options = {}) {
    return World.create(t, { app: await startDevApp(VARIANT), initScripts: [intruder], expectedErrors: [/./], ...options });
}

/** `attack` runs in a module script behind that of early init, with every export of our modules by name. */
async function openAttacked(world, attack) {
    world.app.editPage = html =>
        html.replace("</body>", `<script type="module">window.attack = window.exportsOfAll().then(${attack});</script></body>`);
    const outcomes = await world.open();
    await world.page.evaluate(() => window.attack);
    return outcomes;
}

test("s4_a_script_cannot_take_the_engine_and_sign_for_a_url_that_nobody_requests", async t => {
    const world = await createWorld(t);
    await world.start();
    const { accessToken } = await world.tokens();
    const proofs = await world.page.evaluate(
        async ([token, elsewhere]) => {
            const ours = await window.exportsOfAll();
            const engines = [];
            for (const take of [() => ours.getEngine(), () => ours.loadEngine(ours.natives), () => ours.loadEngine(ours.natives, ours.bytes, ours.makeUnpack(), engine => engines.push(engine))]) {
                try {
                    engines.push(await take());
                } catch {}
            }
            const found = [];
            for (const engine of engines) {
                try {
                    // Hours ahead, by a false Date.
                    const { attempt } = await engine.authorize("GET", elsewhere, "/", engine.boundToken(token));
                    await engine.observe(attempt, { status: 401, dpopNonce: null, wwwAuthenticate: null, date: new Date(Date.now() + 7_200_000).toUTCString() }, false);
                    found.push((await engine.authorize("POST", elsewhere, "/x", engine.boundToken(token))).proof);
                } catch {}
            }
            return found;
        },
        [accessToken, ELSEWHERE]
    );
    assert.deepEqual(proofs, []);
    await assertCallsAreBound(world);
});

test("s4_a_script_cannot_replace_the_saved_function_that_makes_keys", async t => {
    const world = await createWorld(t);
    const attack = async ours => {
        window.stolen = [];
        const native = SubtleCrypto.prototype.generateKey;
        const replacement = async (...parameters) => {
            // In the saved functions' two shapes: with `subtle` before the rest, or without.
            const [algorithm, , usages] = parameters.slice(-3);
            const pair = await native.call(crypto.subtle, algorithm, true, usages);
            window.stolen.push(await crypto.subtle.exportKey("jwk", pair.privateKey));
            return pair;
        };
        for (const holder of [ours.natives?.SubtleCrypto, ours.saved?.SubtleCrypto, ours.page?.subtle, ours.natives, ours.page]) {
            for (const key of ["generateKey", "subtle"]) {
                try {
                    holder[key] = key === "subtle" ? { ...holder[key], generateKey: replacement } : replacement;
                } catch {}
            }
        }
    };
    await openAttacked(world, attack);
    await world.logIn();
    await world.renew();
    assert.deepEqual(await world.page.evaluate(() => window.stolen), []);
    await assertCallsAreBound(world);
});

test("s4_a_script_cannot_choose_the_engine_by_changing_what_unpacks_it", async t => {
    const world = await createWorld(t);
    const attack = ours => {
        // An engine that is changed by one of these cannot run.
        const other = function () {
            return new Array(1_000_000).fill(7);
        };
        for (const holder of [ours.natives, ours.page, window]) {
            for (const name of ["Int16Array", "Uint8Array", "atob"]) {
                try {
                    holder[name] = other;
                } catch {}
            }
        }
        String.prototype.charCodeAt = () => 7;
    };
    const { main } = await openAttacked(world, attack);
    assert.deepEqual(main, { isUserLoggedIn: false });
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
    await assertCallsAreBound(world);
});

test("s4_a_module_that_an_import_map_puts_in_place_of_the_workers_is_handed_no_engine", async t => {
    const world = await createWorld(t);
    await world.start();
    const { target, handed } = await world.page.evaluate(async () => {
        const files = [...document.querySelectorAll("script[src], link[href]")].map(element => element.src || element.href);
        let target;
        for (const url of new Set([...files, ...performance.getEntriesByType("resource").map(({ name }) => name)])) {
            if (/\.js$/.test(url) && url.startsWith(location.origin)) {
                const [, file] = /["'`]([^"'`]*\/connect[-\w]*\.js)["'`]/.exec(await (await fetch(url)).text()) ?? [];
                target ??= file && new URL(file, file.startsWith(".") ? url : `${location.origin}/`).href;
            }
        }
        window.handed = [];
        const other = "export const connectWorkers = (...all) => { handed.push(...all); return { connect() {}, announce() {} }; };";
        const map = document.createElement("script");
        map.type = "importmap";
        map.textContent = JSON.stringify({ imports: { [target]: URL.createObjectURL(new Blob([other], { type: "text/javascript" })) } });
        document.head.append(map);
        const worker = new Worker(URL.createObjectURL(new Blob([""])));
        await window.harness.loggedIn().connectWorker(worker, { origins: ["https://api.example.com"] });
        return { target, handed: window.handed.map(one => (typeof one === "object" ? Object.keys(one).sort() : typeof one)) };
    });
    assert.ok(target, "the module is found");
    // What a worker's script may ask for, natives, and functions that hold nothing.
    assert.deepEqual(handed.slice(0, 2), ["number", ["authorize", "boundToken", "observe", "release"]]);
    assert.deepEqual(handed.slice(4), ["function", "function", "function"]);
    assert.ok(handed.slice(2, 4).every(names => names.includes("MessagePort") || names.includes("parseUrl")), handed);
});

test("s4_a_script_cannot_fill_the_slots_of_the_hooks", async t => {
    const world = await createWorld(t);
    await world.start();
    await world.page.evaluate(async () => {
        const ours = await window.exportsOfAll();
        for (const holder of [ours, ours.installHooks?.(), ours.DPoP({ mode: "auto" }).enableDPoP()?.hooks]) {
            try {
                // Nothing is ours: the token would go out as Bearer.
                holder.fillSlots(() => undefined, () => false, () => false);
            } catch {}
        }
    });
    await assertCallsAreBound(world);
});

test("s4_a_script_cannot_change_what_an_xhr_was_opened_for", async t => {
    const world = await createWorld(t);
    await world.start();
    const { accessToken } = await world.tokens();
    const result = await world.page.evaluate(
        async ([url, elsewhere, token]) => {
            const ours = await window.exportsOfAll();
            const xhr = new XMLHttpRequest();
            xhr.open("GET", url);
            xhr.setRequestHeader("Authorization", `Bearer ${token}`);
            for (const holder of [ours, ours.installHooks?.(), ours.DPoP({ mode: "auto" }).enableDPoP()?.hooks]) {
                try {
                    const opened = holder.openedRequest(xhr);
                    opened.url = elsewhere;
                    opened.args[0] = "DELETE";
                } catch {}
            }
            await new Promise(resolve => {
                xhr.onloadend = resolve;
                xhr.send();
            });
            return [xhr.status, xhr.responseURL];
        },
        [`${world.api.origin}/api/me`, `${world.api.origin}/api/notes`, accessToken]
    );
    assert.deepEqual(result, [200, `${world.api.origin}/api/me`]);
    await assertBoundCall(world.api.list().at(-1), accessToken);
});

test("s4_a_script_cannot_turn_enforced_into_auto_or_off", async t => {
    const world = await createWorld(t, { idp: ["--dpop", "off"] });
    const attack = ours => {
        try {
            ours.DPoP({ mode: "auto" }).enableDPoP();
        } catch {}
        try {
            ours.state.mode = "off";
        } catch {}
        try {
            ours.oidcEarlyInit({ securityDefenses: { ...ours.DPoP({ mode: "auto" }) } });
        } catch {}
    };
    const { main } = await openAttacked(world, attack);
    assert.equal(main.rejected?.code, "dpop_unsupported", JSON.stringify(main));
});

/** Of each file a second copy: served below another path, whose modules are others to the browser. */
async function withSecondCopy(t) {
    const app = await AppServer.start(await buildApp(VARIANT));
    return World.create(t, { app, expectedErrors: [/./] });
}

test("a second copy of early init throws second_copy, and the first copy goes on", async t => {
    const world = await withSecondCopy(t);
    await world.start();
    const entry = await world.page.evaluate(() => document.querySelector("script[src*=countersign]").src);
    const error = await world.page.evaluate(url => import(`${url}?copy`).then(() => undefined, ({ name, code, message }) => ({ name, code, message })), entry);
    assert.equal(error?.name, "OidcInitializationError", JSON.stringify(error));
    assert.equal(error.code, "second_copy");
    assert.match(error.message, /two copies/);
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
});

test("createOidc of a second copy rejects with second_copy, and makes no second engine", async t => {
    const world = await createWorld(t);
    await world.start();
    const failure = await world.page.evaluate(async () => {
        const ours = performance.getEntriesByType("resource").map(({ name }) => name);
        const url = ours.find(name => /\/dist\/handover\.js/.test(name));
        const { createOidc } = await import(`${url}?copy`);
        const config = await (await fetch("/config.json")).json();
        return createOidc(config.clients.main).then(() => undefined, ({ name, code, message }) => ({ name, code, message }));
    });
    assert.equal(failure?.name, "OidcInitializationError", JSON.stringify(failure));
    assert.equal(failure.code, "second_copy");
    assert.match(failure.message, /two copies.*dedupe/);
});

test("core twice beside one entry is one engine", async t => {
    const world = await createWorld(t);
    await world.start();
    const isSame = await world.page.evaluate(async () => {
        const names = performance.getEntriesByType("resource").map(({ name }) => name);
        const { createOidc } = await import(`${names.find(name => /\/dist\/core\.js/.test(name))}?copy`);
        const config = await (await fetch("/config.json")).json();
        return (await createOidc(config.clients.main)) === window.harness.loggedIn();
    });
    assert.equal(isSame, true);
});

test("a mark that a script has put on the page first causes that error and nothing else", async t => {
    const mark = () => Object.defineProperty(window, Symbol.for("countersign"), { value: {} });
    const world = await World.create(t, { app: await AppServer.start(await buildApp(VARIANT)), initScripts: [mark], expectedErrors: [/./] });
    const thrown = new Promise(resolve => world.page.once("pageerror", resolve));
    await world.page.goto(world.app.origin);
    assert.match((await thrown).message, /two copies/);
    assert.deepEqual(world.issuer.list(), []);
});
