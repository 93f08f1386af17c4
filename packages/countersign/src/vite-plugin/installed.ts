/**
 * Where this package is, and under which names the app has it: `npm install
 * oidc-spa@npm:countersign` gives it another one.
 */
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { AliasOptions } from "vite";
import { here } from "./here.js";

const slashes = (file: string): string => file.replaceAll("\\", "/");

/** The package's folder, and that of its ES modules, with slashes. */
const root = slashes(path.dirname(fileURLToPath(here))).replace(/\/dist\/(?:cjs\/)?vite-plugin$/, "");
const dist = `${root}/dist`;

/** The path without links; of a module's id, too. `undefined` if there is no such file. */
const real = (id: string): string | undefined => {
    try {
        return slashes(realpathSync.native(id.replace(/[?#].*/, "")));
    } catch {
        return undefined;
    }
};

/** Returns the file of one of our modules, like "entrypoint". */
export const fileOf = (module: string): string => `${dist}/${module}.js`;

/** Tells whether this is the id of that module of ours. */
export const isModule = (id: string, module: string): boolean => real(id) === fileOf(module);

/**
 * Modules of ours that run before the app (the core uses them too), and Vite's own helpers.
 */
export function isEntryModule(id: string): boolean {
    if (/^\0vite\/(?:preload-helper|modulepreload-polyfill)/.test(id)) {
        return true;
    }
    const [, module] = /[\\/]dist[\\/](.+)\.js$/.exec(id) ?? [];
    return (
        !!module &&
        /^(?:(?:page|entry)[\\/]|core[\\/]errors[\\/]oidcInitializationError$|(?:entrypoint|handover|DPoP|browser-runtime-freeze)$)/.test(module) &&
        !!real(id)?.startsWith(`${dist}/`)
    );
}

/** Returns every name by which a project can import this package, its own first. */
export function installedNames(projectRoot: string): string[] {
    const names = new Set(["countersign"]);
    for (let folder = path.resolve(projectRoot); ; folder = path.dirname(folder)) {
        for (const name of dependenciesOf(folder)) {
            if (real(path.join(folder, "node_modules", name)) === root) {
                names.add(name);
            }
        }
        if (folder === path.dirname(folder)) {
            return [...names];
        }
    }
}

/**
 * Returns what the app puts this package in the place of. A library that is pre-bundled imports it by
 * that name, and would get a copy of its own. `names`: those of `installedNames`.
 */
export function aliasedNames(alias: AliasOptions | undefined, names: readonly string[]): string[] {
    const entries: readonly { find: string | RegExp; replacement: string }[] = Array.isArray(alias)
        ? alias
        : Object.entries(alias ?? {}).map(([find, replacement]) => ({ find, replacement }));
    const isOurs = (replacement: string): boolean =>
        names.some(name => `${replacement}/`.startsWith(`${name}/`)) || slashes(replacement).startsWith(`${root}/`);
    return entries.flatMap(({ find, replacement }) => (typeof find === "string" && isOurs(replacement) ? [find] : []));
}

function dependenciesOf(folder: string): string[] {
    try {
        const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Record<string, object | undefined>;
        return ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"].flatMap(kind => Object.keys(manifest[kind] ?? {}));
    } catch {
        // No manifest here, or not one that can be read: the package manager complains about it.
        return [];
    }
}
