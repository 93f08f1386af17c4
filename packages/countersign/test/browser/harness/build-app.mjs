/**
 * Builds the test apps with Vite: one app in the two set-ups that the package documents, in the
 * variants that the tests need. A build is reused until the app, the package or Vite changes.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { build, version as viteVersion } from "vite";
import { apps, packageRoot, repository } from "./paths.mjs";

/**
 * @typedef {{ setup?: "plugin" | "manual", mode?: "off" | "auto" | "enforced", freeze?: boolean | "promises", webAssembly?: boolean }} Variant
 */

/** Returns the directory with the built app. @param {Variant} [variant] */
export async function buildApp({ setup = "plugin", mode = "auto", freeze = false, webAssembly = true } = {}) {
    const name = `${setup}-${mode}${freeze ? `-freeze-${freeze}` : ""}${webAssembly ? "" : "-script"}`;
    const directory = path.join(repository, "target/browser-apps", `${name}-${await fingerprint()}`);
    if (existsSync(directory)) {
        return directory;
    }
    const unfinished = `${directory}.${process.pid}`;
    await mkdir(path.dirname(directory), { recursive: true });
    await build({
        ...(await viteConfig({ setup, mode, freeze, webAssembly })),
        build: { outDir: unfinished, emptyOutDir: true, reportCompressedSize: false },
        logLevel: "error"
    });
    // Another test file may have built it first.
    await rename(unfinished, directory).catch(() => rm(unfinished, { recursive: true }));
    return directory;
}

/** @param {Required<Variant>} variant */
export async function viteConfig({ setup, mode, freeze, webAssembly = true }) {
    const common = { root: path.join(apps, setup), configFile: false };
    if (setup === "manual") {
        return { ...common, define: { __MODE__: JSON.stringify(mode), __FREEZE__: JSON.stringify(freeze) } };
    }
    const { oidcSpa } = await import("countersign/vite-plugin");
    return {
        ...common,
        plugins: [
            oidcSpa({
                browserRuntimeFreeze: { enabled: freeze !== false, promises: freeze === "promises" },
                webAssembly,
                DPoP: mode === "off" ? { enabled: false } : { enabled: true, mode }
            })
        ]
    };
}

async function fingerprint() {
    const hash = createHash("sha256").update(viteVersion);
    const root = path.join(packageRoot, "dist");
    if (!existsSync(path.join(root, "engine/bytes.js"))) {
        throw new Error("packages/countersign is not built: cargo xtask package");
    }
    for (const directory of [root, apps]) {
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        const files = entries
            .filter(entry => entry.isFile() && !entry.name.endsWith(".d.ts"))
            .map(entry => path.join(entry.parentPath ?? entry.path, entry.name))
            .sort();
        for (const file of files) {
            hash.update(file).update(await readFile(file));
        }
    }
    return hash.digest("hex").slice(0, 16);
}
