// Where there is no page: a server that renders the app, and tests without a browser.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { unpack } from "./support/packed.mjs";

let project;
before(async () => {
    project = await unpack();
    await project.link("react");
});
after(() => project?.remove());

const SUBPATHS = ["", "/entrypoint", "/core", "/DPoP", "/browser-runtime-freeze", "/core-mock", "/decode-jwt", "/keycloak", "/keycloak-js", "/react-spa"];

/** Everything that a script could see of an import: each object that the globals lead to, with its members. */
const SNAPSHOT = `const snapshot = () => {
    const seen = new Map();
    const visit = (value, name) => {
        if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
        const members = Object.entries(Object.getOwnPropertyDescriptors(value)).concat(Object.getOwnPropertySymbols(value).map(key => [String(key), Object.getOwnPropertyDescriptor(value, key)]));
        seen.set(value, [name, members]);
        members.forEach(([key, descriptor]) => visit(descriptor.value, name + "." + key));
        visit(Object.getPrototypeOf(value), name + ".__proto__");
    };
    for (const name of ["Object", "Function", "Promise", "Response", "ArrayBuffer", "Map", "Uint8Array", "Error", "fetch", "crypto"]) visit(globalThis[name], name);
    return [Object.getOwnPropertyNames(globalThis), ...seen.values()].map(one => one.toString() + (one[1]?.map?.(([key, { writable, configurable }]) => [key, writable, configurable]) ?? ""));
};
const before = snapshot();
`;

const load = (how, name) => (how === "import" ? `await import("${name}")` : `require("${name}")`);
const flags = { import: ["--input-type=module"], require: ["--input-type=commonjs"] };

for (const how of ["import", "require"]) {
    for (const subpath of SUBPATHS) {
        test(`\`${how}\` of countersign${subpath} in Node has no effect`, async () => {
            const code = `${SNAPSHOT}const module = ${load(how, `countersign${subpath}`)};
                require("node:assert").deepStrictEqual(snapshot(), before);
                console.log(Object.keys(module).length > 0);`;
            const start = how === "import" ? 'import { createRequire } from "node:module"; const require = createRequire("/");\n' : "";
            assert.equal(await project.run("node", ...flags[how], "-e", start + code), "true\n");
        });
    }

    test(`createOidc in Node says that there is no page (${how})`, async () => {
        const code = `(async () => {
            const { createOidc, OidcInitializationError, oidcEarlyInit } = ${load(how, "countersign/core")};
            const { DPoP } = ${load(how, "countersign/DPoP")};
            const { browserRuntimeFreeze } = ${load(how, "countersign/browser-runtime-freeze")};
            const early = oidcEarlyInit({ BASE_URL: "/", securityDefenses: { ...DPoP({ mode: "auto" }), ...browserRuntimeFreeze() } });
            // A module that keeps the promise, and whose server runs on.
            globalThis.kept = createOidc({ issuerUri: "https://login.example.com", clientId: "app" });
            await new Promise(resolve => setTimeout(resolve, 50));
            const error = await createOidc({}).catch(error => error);
            console.log(JSON.stringify([early, error instanceof OidcInitializationError, error.code, error.message]));
        })();`;
        const [early, isOurs, errorCode, message] = JSON.parse(await project.run("node", ...flags[how], "-e", code));
        assert.deepEqual(early, { shouldLoadApp: true }, "the app is rendered");
        assert.deepEqual([isOurs, errorCode], [true, "not_in_browser"]);
        assert.match(message, /^countersign: createOidc\(\) was called where there is no page, as in server-side rendering; call it in the browser only/);
    });
}

for (const how of ["import", "require"]) {
    test(`an object of keycloak-js can be made in Node, and init says that there is no page (${how})`, async () => {
        const code = `(async () => {
            const { default: Keycloak, Keycloak: named } = ${load(how, "countersign/keycloak-js")};
            const keycloak = new Keycloak({ url: "https://login.example.com", realm: "main", clientId: "spa" });
            console.log(JSON.stringify([Keycloak === named, keycloak.authenticated, await keycloak.init({ onLoad: "check-sso" }).catch(error => error.message)]));
        })();`;
        const [isSame, authenticated, message] = JSON.parse(await project.run("node", ...flags[how], "-e", code));
        assert.deepEqual([isSame, authenticated], [true, false]);
        assert.match(message, /init\(\) was called where there is no page, as in server-side rendering; call it in the browser only/);
    });
}

test("the package of the documentation stands where keycloak-js is imported", async () => {
    const page = await readFile(new URL("../../../../docs/adapters/keycloak-js.md", import.meta.url), "utf8");
    const block = language => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)[1];
    await mkdir(path.join(project.installed, "../keycloak-js"));
    await project.write("node_modules/keycloak-js/package.json", block("json"));
    await project.write("node_modules/keycloak-js/index.js", block("js"));
    const code = `const [ours, moved] = [await import("countersign/keycloak-js"), await import("keycloak-js")];
        console.log(ours.default === moved.default, Object.keys(ours).join() === Object.keys(moved).join());`;
    assert.equal(await project.run("node", ...flags.import, "-e", code), "true true\n");
});

test("an error of the ES module is one of the CommonJS module's too, and the other way round", async () => {
    const code = `(async () => {
        const modules = [await import("countersign/core"), require("countersign/core")];
        const errors = await Promise.all(modules.map(({ createOidc }) => createOidc({}).catch(error => error)));
        console.log(JSON.stringify(modules.map(({ OidcInitializationError }) => [...errors, new Error(), null, 1].map(error => error instanceof OidcInitializationError))));
    })();`;
    const both = [true, true, false, false, false];
    assert.deepEqual(JSON.parse(await project.run("node", ...flags.require, "-e", code)), [both, both]);
});

test("the types, the plugin and the manifest can be required too", async () => {
    const code = `console.log(typeof require("countersign/vite-plugin").oidcSpa, require("countersign/package.json").name)`;
    assert.equal(await project.run("node", ...flags.require, "-e", code), "function countersign\n");
});

test("everything that a page can import is there without a page too", async () => {
    const { exports } = JSON.parse(await readFile(path.join(project.installed, "package.json"), "utf8"));
    const pages = Object.entries(exports).filter(([, target]) => target.import?.browser);
    assert.ok(pages.length >= 7);
    for (const [name, { import: esm, module, require }] of pages) {
        const { types, ...targets } = esm;
        assert.deepEqual(module, targets, "for require() in a bundler too");
        const file = esm.browser.replace("./dist/", "");
        assert.equal(esm.browser, esm.default);
        assert.equal(require.default, `./dist/cjs/${file.replace(".js", ".cjs")}`);
        const code = await readFile(path.join(project.installed, esm.browser), "utf8");
        const named = [...code.matchAll(/^export (?:async )?(?:const|let|function|class) (\w+)|^export \{([^}]*)\}/gm)].flatMap(([, one, list]) => one ?? list.split(",").map(item => item.trim().split(" as ").at(-1)));
        // A worker imports its file for the effect.
        assert.equal(named.length > 0, file !== "worker.js", file);
        const has = `const ssr = await import(${JSON.stringify(`countersign${name.slice(1)}`)}); console.log(JSON.stringify(Object.keys(ssr)))`;
        const found = JSON.parse(await project.run("node", ...flags.import, "-e", has));
        assert.deepEqual(named.filter(one => !found.includes(one)), [], name);
    }
});

test("what needs no page is the same module everywhere, and never a second instance in a page", async () => {
    const { exports } = JSON.parse(await readFile(path.join(project.installed, "package.json"), "utf8"));
    const everywhere = Object.entries(exports).filter(([, target]) => typeof target.module === "string");
    assert.ok(everywhere.length >= 3);
    for (const [subpath, target] of everywhere) {
        const name = subpath.slice(2);
        const file = `./dist/${name}.js`;
        assert.deepEqual(target, {
            module: file,
            import: { types: `./dist/${name}.d.ts`, default: file },
            require: { types: `./dist/cjs/${name}.d.ts`, default: `./dist/cjs/${name}.js` },
            default: file
        });
    }
});

for (const conditions of [["worker"], ["edge-light"], ["workerd", "worker", "browser"]]) {
    test(`runtimes that are no Node get the same: ${conditions}`, async () => {
        const code = `const { createOidc } = await import("countersign/core"); console.log(await createOidc({}).catch(error => error.code));`;
        assert.equal(await project.run("node", ...conditions.map(name => `--conditions=${name}`), ...flags.import, "-e", code), "not_in_browser\n");
    });
}

// A bundler for the server may know no condition but this one, and then takes the page's modules.
test("with the condition `browser` alone, imports work on a server too", async () => {
    for (const name of [...SUBPATHS, "/proofs"].map(subpath => `countersign${subpath}`)) {
        const code = `console.log(Object.keys(await import("${name}")).length > 0);`;
        assert.equal(await project.run("node", "--conditions=browser", ...flags.import, "-e", code), "true\n", name);
    }
});

test("so do those of a build of Vite for a server that is no Node", async () => {
    const names = ["core", "entrypoint", "DPoP", "browser-runtime-freeze", "proofs"];
    await project.write("server.js", `import { createOidc, OidcInitializationError } from "countersign/core";
        ${names.map((name, index) => `import * as module${index} from "countersign/${name}";`).join("\n")}
        const error = await createOidc({}).catch(error => error);
        console.log([${names.map((_, index) => `Object.keys(module${index}).length > 0`)}], error instanceof OidcInitializationError);`);
    const outDir = path.join(project.root, "server");
    await build({ root: project.root, logLevel: "error", ssr: { target: "webworker", noExternal: true, resolve: { conditions: ["module", "browser"] } }, build: { ssr: "server.js", outDir, minify: false } });
    assert.equal(await project.run("node", path.join(outDir, "server.js")), "[ true, true, true, true, true ] true\n");
});
