// The sources' rooms: how files are named, and that imports between rooms run one way.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

const root = new URL("../../", import.meta.url).pathname;
const files = (await readdir(path.join(root, "src"), { recursive: true })).filter(name => name.endsWith(".ts"));
const moduleOf = file => file.replace(/(\.d)?\.ts$/, "");
/** A folder is a room, `core` has rooms of its own; a file that stands in no room is one. */
const roomOf = module => path.dirname(module).replace(/^(core|\.)$/, module);

test("a file's name is in camelCase, unless it is the name by which apps import it", async () => {
    const { exports } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
    const subpaths = new Set(Object.keys(exports).map(name => name.slice(2)));
    const parts = files.flatMap(file => moduleOf(file).split("/").map((part, index, all) => [part, all.slice(0, index + 1).join("/")]));
    assert.ok(subpaths.has("DPoP") && parts.some(([, name]) => name === "browser-runtime-freeze"));
    for (const [part, name] of parts) {
        assert.ok(/^[a-z][A-Za-z0-9]*$/.test(part) || subpaths.has(name), name);
    }
});

test("no room imports itself by way of others, be it a type or a module that is loaded later", async () => {
    const rooms = new Map();
    for (const file of files) {
        const module = moduleOf(file);
        const text = await readFile(path.join(root, "src", file), "utf8");
        for (const [, target] of text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)\.js"/g)) {
            const imported = path.join(path.dirname(module), target);
            assert.ok(files.some(file => moduleOf(file) === imported), `${file} imports ${target}`);
            if (roomOf(imported) !== roomOf(module)) {
                rooms.set(roomOf(module), (rooms.get(roomOf(module)) ?? new Set()).add(roomOf(imported)));
            }
        }
    }
    assert.ok(rooms.get("core/session").has("core/navigation"), "the imports are read");
    const done = new Set();
    const visit = (room, way) => {
        assert.ok(!way.includes(room), [...way, room].join(" -> "));
        for (const next of done.has(room) ? [] : (rooms.get(room) ?? [])) {
            visit(next, [...way, room]);
        }
        done.add(room);
    };
    for (const room of rooms.keys()) {
        visit(room, []);
    }
});

test("what our code awaits is safe from scripts that have changed promises", async () => {
    let awaits = 0;
    for (const file of files.filter(file => !/^(vite-plugin|ssr|server)\b|^serverWorkerd\b/.test(file))) {
        const text = (await readFile(path.join(root, "src", file), "utf8")).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
        for (const [found, how] of text.matchAll(/\bawait (\w*)[^\n]*/g)) {
            assert.ok(how === "safe", `${file}: ${found}`);
            awaits++;
        }
        for (const [found, how] of text.matchAll(/\bsaved\.Promise\.then\(\s*([^,]*)/g)) {
            assert.ok(/^safe\(/.test(how) || /^(handover|entry)/.test(file), `${file}: ${found}`);
        }
        assert.ok(!/\bfor await\b|\byield\b/.test(text), file);
    }
    assert.ok(awaits > 50, "they are read");
});

test("an adapter imports nothing statically but adapters, `safe`, `own` and its framework; the core is loaded when it is needed", async () => {
    const isAdapter = module => module.startsWith("adapters/");
    const statics = text => [...text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from "(\.[^"]+)\.js";/gm)].map(([, target]) => target);
    const lazy = new Set();
    let adapters = 0;
    for (const file of files) {
        const module = moduleOf(file);
        const text = await readFile(path.join(root, "src", file), "utf8");
        const targets = statics(text).map(target => path.join(path.dirname(module), target));
        // What apps import is a list of names.
        if (!isAdapter(module) && !targets.some(isAdapter)) {
            continue;
        }
        adapters++;
        // Both are a few lines: what is awaited, and what is read, passes through them wherever it is.
        assert.deepEqual(targets.filter(target => !isAdapter(target) && !["page/safe", "page/own"].includes(target)), [], file);
        for (const [, target] of text.matchAll(/\bimport\("(\.[^"]+)\.js"\)/g)) {
            lazy.add(path.join(path.dirname(module), target));
        }
    }
    assert.ok(adapters >= 4, "they are read");
    assert.deepEqual([...lazy].filter(target => !isAdapter(target)).sort(), ["core", "ssr"]);
});
