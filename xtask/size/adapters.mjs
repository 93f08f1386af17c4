/**
 * Weighs what an adapter adds to an app: all that its subpath exports, built by Vite, without the
 * framework and the core, which the page has anyway. What it loads only when it is needed counts
 * apart.
 */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const packageRoot = new URL("../../packages/countersign/", import.meta.url);

/** @returns {Promise<{ name: string, gzip: number, later: number }[]>} */
export async function weighAdapters() {
    const { exports } = JSON.parse(await readFile(new URL("package.json", packageRoot), "utf8"));
    // The subpaths that need no early init.
    const names = Object.keys(exports).filter(name => typeof exports[name].module === "string");
    return Promise.all(names.map(name => weigh(name.slice(2), new URL(exports[name].default, packageRoot).pathname)));
}

async function weigh(name, input) {
    const { output } = await build({
        configFile: false,
        logLevel: "error",
        build: {
            write: false,
            minify: true,
            // Without Vite's helper around `import()`, which early init has brought already.
            ssr: true,
            rollupOptions: { input, preserveEntrySignatures: "strict", external: id => /^[^./]/.test(id) || /\b(core|ssr)\.js$/.test(id) }
        }
    });
    const sum = chunks => chunks.reduce((total, { code }) => total + gzipSync(code, { level: 9 }).length, 0);
    const entry = output.find(({ isEntry }) => isEntry);
    const early = output.filter(({ fileName }) => fileName === entry.fileName || entry.imports.includes(fileName));
    return { name, gzip: sum(early), later: sum(output.filter(chunk => !early.includes(chunk))) };
}
