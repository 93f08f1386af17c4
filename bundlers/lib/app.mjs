/**
 * The browser suite's test app in a project of its own, with the packed package installed under any
 * name, set up by `oidcEarlyInit`; as JavaScript, because bundlers differ in how they take
 * TypeScript.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { apps } from "../../packages/countersign/test/browser/harness/paths.mjs";
import { modulesDir, unpack } from "../../packages/countersign/test/unit/support/packed.mjs";

const MAIN = `import { oidcEarlyInit } from "countersign/entrypoint";
import { browserRuntimeFreeze } from "countersign/browser-runtime-freeze";
import { DPoP } from "countersign/DPoP";
const { shouldLoadApp } = oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: { ...browserRuntimeFreeze(), ...DPoP({ mode: "auto" }) }
});
if (shouldLoadApp) { import("./main.lazy"); }
`;
/** The app and a library of it, each with its own way to load the package. */
const LAZY = `import "./shared/app";
import { createOidc } from "countersign/core";
import { required } from "a-commonjs-library";
Object.assign(window, { isOneInstance: createOidc === required.createOidc });
`;
const LIBRARY = 'exports.required = require("countersign/core");\n';
const LIBRARY_TYPES = 'export declare const required: { createOidc: unknown };\n';

/** Makes the project. @param {string} [name] the name that the package is installed under */
export async function makeApp(name = "countersign") {
    const project = await unpack(name);
    const named = text => text.replaceAll('"countersign/', `"${name}/`);
    const sources = path.join(project.root, "typescript");
    await cp(path.join(apps, "shared"), path.join(sources, "shared"), { recursive: true });
    for (const file of await readdir(path.join(sources, "shared"))) {
        const source = path.join(sources, "shared", file);
        await writeFile(source, named(await readFile(source, "utf8")));
    }
    const library = path.join(project.root, "node_modules/a-commonjs-library");
    await mkdir(library);
    await writeFile(path.join(library, "package.json"), '{ "name": "a-commonjs-library", "version": "1.0.0", "main": "index.js", "types": "index.d.ts" }');
    await writeFile(path.join(library, "index.js"), named(LIBRARY));
    await writeFile(path.join(library, "index.d.ts"), LIBRARY_TYPES);
    await writeFile(path.join(sources, "main.ts"), named(MAIN));
    await writeFile(path.join(sources, "main.lazy.ts"), named(LAZY));
    const dependencies = { [name]: "npm:countersign@0.1.0", "a-commonjs-library": "1.0.0" };
    await project.write("package.json", JSON.stringify({ name: "app", version: "1.0.0", private: true, dependencies }));
    const compilerOptions = { strict: true, target: "ES2022", module: "ESNext", moduleResolution: "Bundler", types: [], rootDir: "typescript", outDir: "src" };
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["typescript"] }));
    await project.run("node", path.join(modulesDir, "typescript/bin/tsc"), "-p", ".");
    await rm(sources, { recursive: true });
    await project.write("index.html", '<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>app</title></head><body><script type="module" src="./src/main.js"></script></body></html>');
    return project;
}
