/** Bundles one of `behaviours/libraries` for a page, by Vite. */
import path from "node:path";
import { build } from "vite";
import { packageRoot } from "./paths.mjs";

const root = path.join(packageRoot, "test/browser/behaviours/libraries");
const bundles = new Map();

/** Returns the library as one module. @param {string} name @returns {Promise<string>} */
export function bundle(name) {
    if (!bundles.has(name)) {
        bundles.set(name, bundleAnew(name));
    }
    return bundles.get(name);
}

async function bundleAnew(name) {
    const [{ output }] = await build({
        root,
        configFile: false,
        logLevel: "error",
        define: { "process.env.NODE_ENV": '"production"' },
        build: { write: false, minify: false, lib: { entry: path.join(root, `${name}.js`), formats: ["es"], fileName: name }, rollupOptions: { output: { codeSplitting: false } } }
    });
    return output.find(({ type }) => type === "chunk").code;
}
