// A login across a redirect, kept in Chromium's IndexedDB and in sessionStorage, on a page whose scripts look on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./support/page.mjs";

let browser, server;
before(async () => {
    browser = await launch();
    server = await startServer(() => ({}));
});
after(async () => {
    await browser?.close();
    await server?.close();
});

/** Runs `body` in a fresh page and origin, where `window.flows` is the module and `window.natives` its host. */
async function run(body) {
    const context = await browser.newContext();
    try {
        const page = await context.newPage();
        await page.goto(server.origin);
        await page.evaluate(async () => {
            window.flows = await import("/dist/engine/flows.js");
            const { noTexts, toTexts } = await import("/dist/engine/message.js");
            window.texts = (...values) => toTexts(values);
            window.none = noTexts;
            window.natives = (await import("/dist/core/natives.js")).natives;
            window.HOUR = 3_600_000;
            window.makeKey = async () => ({
                __proto__: null,
                privateKey: (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"])).privateKey,
                x: "x1",
                y: "y1"
            });
            /** Past the module, as another script of the origin would. */
            window.inStore = act =>
                new Promise((resolve, reject) => {
                    const opening = indexedDB.open("countersign");
                    opening.onupgradeneeded = () => opening.result.createObjectStore("countersign");
                    opening.onsuccess = () => {
                        const transaction = opening.result.transaction("countersign", "readwrite");
                        const request = act(transaction.objectStore("countersign"));
                        transaction.oncomplete = () => resolve(request.result);
                        transaction.onabort = reject;
                        opening.result.close();
                    };
                });
            window.shown = flow => flow && { key: flow.key && [flow.key.privateKey?.type, flow.key.x, flow.key.y], texts: Object.values({ ...flow.texts, length: undefined }).filter(Boolean) };
        });
        return await page.evaluate(text => (0, eval)(`(${text})`)(), body.toString());
    } finally {
        await context.close();
    }
}

const KEPT = { key: ["private", "x1", "y1"], texts: ["x1", "y1", "verifier", "nonce"] };

test("a login is kept and taken once, and no setter on Array.prototype or Object.prototype sees verifier or nonce", async () => {
    const result = await run(async () => {
        const key = await makeKey();
        const seen = [];
        const spy = (holder, name) =>
            Object.defineProperty(holder, name, { configurable: true, set: value => seen.push(String(value)), get: () => undefined });
        const names = [...Array(8).keys(), "until", "fields", "key", "texts", "privateKey", "x", "y", "length"];
        for (const name of names) {
            spy(Object.prototype, name);
            name === "length" || spy(Array.prototype, name);
        }
        let taken;
        try {
            await flows.keepFlow(natives, texts("name", "verifier", "nonce"), key);
            taken = [await flows.takeFlow(natives, "name"), await flows.takeFlow(natives, "name")];
        } finally {
            for (const name of names) {
                delete Object.prototype[name];
                name === "length" || delete Array.prototype[name];
            }
        }
        return { seen: seen.filter(text => /verifier|nonce/.test(text)), taken: taken.map(shown) };
    });
    assert.deepEqual(result, { seen: [], taken: [KEPT, undefined] });
});

test("sessionStorage in the place of a refused IndexedDB: no toJSON of a script sees the login", async () => {
    const result = await run(async () => {
        const host = { __proto__: natives, indexedDB: undefined };
        const seen = [];
        Object.defineProperty(Object.prototype, "toJSON", {
            configurable: true,
            get() {
                seen.push(JSON.stringify(Object.values(this)));
                return undefined;
            }
        });
        try {
            await flows.keepFlow(host, texts("name", "verifier", "nonce"), undefined);
        } finally {
            delete Object.prototype.toJSON;
        }
        return { seen, taken: shown(await flows.takeFlow(host, "name")), left: sessionStorage.length };
    });
    assert.deepEqual(result, { seen: [], taken: { key: undefined, texts: ["verifier", "nonce"] }, left: 0 });
});

test("what a record lacks is not found on Object.prototype", async () => {
    const taken = await run(async () => {
        const full = { until: Date.now() + HOUR / 2, fields: { length: 2, 0: "verifier", 1: "nonce" }, key: await makeKey() };
        const names = ["until", "fields", "key"];
        const found = [];
        for (const lacking of [...names, "all", "x", "privateKey", "of fields"]) {
            const record = { ...full, key: { ...full.key }, fields: { ...full.fields } };
            (lacking === "all" ? names : [lacking]).forEach(name => delete record[name]);
            delete record.key?.[lacking];
            lacking === "of fields" && delete record.fields[1];
            await inStore(store => store.put(record, lacking));
            Object.assign(Object.prototype, full, { x: "mallory", y: "mallory", privateKey: "mallory", 1: "mallory" });
            try {
                found.push(shown(await flows.takeFlow(natives, lacking)));
            } finally {
                [...names, "x", "y", "privateKey", 1].forEach(name => delete Object.prototype[name]);
            }
        }
        return found;
    });
    assert.deepEqual(taken, [
        undefined,
        undefined,
        { key: undefined, texts: ["verifier", "nonce"] },
        undefined,
        { key: ["private", "", "y1"], texts: ["y1", "verifier", "nonce"] },
        { key: [undefined, "x1", "y1"], texts: ["x1", "y1", "verifier", "nonce"] },
        undefined
    ]);
});

test("abandoned records die: those that are over, that a wrong clock has dated, and that are none; the others stay", async () => {
    const result = await run(async () => {
        const fields = { length: 0 };
        const now = Date.now();
        const records = {
            over: { until: now - 1, fields },
            dated: { until: now + 2 * HOUR, fields },
            undated: { fields },
            none: 7,
            alive: { until: now + HOUR / 2, fields }
        };
        for (const name in records) {
            await inStore(store => store.put(records[name], name));
        }
        const refused = [];
        for (const name of ["over", "dated", "undated", "none"]) {
            // Read before the sweep of the same transaction.
            refused.push(shown(await flows.takeFlow(natives, name)));
            await inStore(store => store.put(records[name], name));
        }
        const timers = [];
        const host = { __proto__: natives, setTimeout: (act, milliseconds) => (milliseconds === 2_000 ? 0 : timers.push([act, milliseconds])) };
        flows.sweepFlows(host);
        const times = [];
        const left = [];
        // The page stays open.
        for (let i = 0; i < 3; i++) {
            const [[act, milliseconds]] = timers.splice(0);
            times.push(milliseconds);
            await act();
            left.push(await inStore(store => store.getAllKeys()));
            await inStore(store => store.put(records.over, "over"));
        }
        return { refused, times, left };
    });
    assert.deepEqual(result, {
        refused: Array(4).fill(undefined),
        times: [0, 900_000, 900_000],
        left: Array(3).fill(["alive"])
    });
});

// Why the functions of IndexedDB are not saved at the start: the database itself is open to every script of the origin.
test("a script that patches IndexedDB sees what it can read there anyway: verifier, nonce and a key that it cannot export", async () => {
    const result = await run(async () => {
        const seen = { written: [], taken: [] };
        const { put, get } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = function (value, ...rest) {
            seen.written.push(value);
            return put.call(this, value, ...rest);
        };
        IDBObjectStore.prototype.get = function (...key) {
            const request = get.call(this, ...key);
            request.addEventListener("success", () => seen.taken.push(request.result));
            return request;
        };
        await flows.keepFlow(natives, texts("s", "verifier", "nonce"), await makeKey());
        const read = await inStore(store => get.call(store, "s"));
        await flows.takeFlow(natives, "s");
        const show = async ({ fields, key }) => ({
            fields: Object.values({ ...fields, length: undefined }).filter(Boolean),
            key: Object.keys({ ...key }),
            exported: await crypto.subtle.exportKey("jwk", key.privateKey).then(() => "exported", ({ name }) => name)
        });
        return Promise.all([...seen.written, ...seen.taken, read].map(show));
    });
    const record = { fields: ["verifier", "nonce"], key: ["privateKey", "x", "y"], exported: "InvalidAccessError" };
    assert.deepEqual(result, [record, record, record]);
});
