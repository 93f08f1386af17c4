/**
 * Runs early init before the app, without a change in the app: the module scripts of each HTML page
 * become one small entry, which runs early init and then imports them, unless the page was only
 * opened to receive an authorization response. Works in the dev server and in builds of Vite 5 to
 * 8.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import type { Plugin, ResolvedConfig } from "vite";
import { addModulePreloads, issuerHints } from "./hints.js";
import { findModuleScripts, type ModuleScript } from "./html.js";
import { adviceFor, NUXT_BASE, nuxtEntry } from "./frameworks.js";
import { aliasedNames, fileOf, installedNames, isEntryModule, isModule } from "./installed.js";
import { readOptions, type OidcSpaVitePluginParams } from "./options.js";

export type { ApiName } from "../browser-runtime-freeze.js";
export type { OidcSpaVitePluginParams } from "./options.js";

const INLINE = "virtual:countersign/inline-script/";
/** What the entry imports of this package, by whatever name it is installed. */
const OURS = /^countersign\/(entrypoint|DPoP|browser-runtime-freeze)$/;
/**
 * Vite puts a polyfill of `modulepreload` before the entry, for browsers before 2023 (Safari 17 and
 * Firefox 115 were the last to learn it). It would run before early init, and in the hidden iframe
 * it would load all that our links keep from it by `media`.
 */
const WITHOUT_POLYFILL = { modulePreload: { polyfill: false } };
/** The module that the entry of a Nuxt app was, after ours took its place. */
const APP = "?countersign-app";

/**
 * Creates the plugin. The name is oidc-spa's; `countersign` is the same function. A wrong option
 * throws one sentence.
 */
export function oidcSpa(params: OidcSpaVitePluginParams = {}): Plugin {
    const options = readOptions(params);
    let config: ResolvedConfig;
    let pages = 0;
    let names: string[] = [];
    let isRelative = false;
    /** The module whose place the entry takes, where no HTML page holds it. */
    let replaced: string | undefined;
    let advice: string | undefined;
    /** Inline module scripts by module id. They wait for early init like the others. */
    const inlineScripts = new Map<string, { code: string; page: string }>();
    /** The specifiers that the entries import. */
    const imported = new Set<string>();

    return {
        name: "countersign",
        enforce: "pre",
        config({ base, root = process.cwd(), build, resolve }) {
            // The dev server serves a relative base at "/", where the build may not be.
            isRelative = base === "" || !!base?.startsWith(".");
            names = installedNames(root);
            // Pre-bundling could make two copies of the package, which refuse each other.
            return {
                optimizeDeps: { exclude: [...names, ...aliasedNames(resolve?.alias, names)] },
                ...(build?.modulePreload === undefined && { build: WITHOUT_POLYFILL })
            };
        },
        configResolved(resolved) {
            config = resolved;
            replaced = nuxtEntry(resolved);
            advice = adviceFor(resolved);
            if (advice) {
                config.logger.warnOnce(advice);
            }
        },
        async resolveId(source, importer = "") {
            if (source.startsWith(INLINE)) {
                return { id: `\0${source}`, moduleSideEffects: true };
            }
            if (options.webAssembly === false && source === "./engine/bytes.js" && /[\\/]dist[\\/]handover\.js/.test(importer)) {
                return this.resolve("./engine/script.js", importer, { skipSelf: true });
            }
            if (source === `${replaced}${APP}`) {
                return { id: source, moduleSideEffects: true };
            }
            const [, module] = OURS.exec(source) ?? [];
            if (module && (importer.includes("html-proxy") || importer === replaced)) {
                // As the app's own imports are resolved, so that both are one instance.
                for (const name of names) {
                    const found = await this.resolve(`${name}/${module}`, importer, { skipSelf: true });
                    if (found && isModule(found.id, module)) {
                        return found;
                    }
                }
                return fileOf(module);
            }
            const script = inlineScripts.get(importer);
            if (script) {
                return this.resolve(source, script.page, { skipSelf: true });
            }
            if (importer.includes("html-proxy") && imported.has(source)) {
                // As Vite does for scripts that a page names: they run whatever the app's
                // package.json says about side effects.
                const resolved = await this.resolve(source, importer, { skipSelf: true });
                return resolved && { ...resolved, moduleSideEffects: true };
            }
            return undefined;
        },
        load(id, { ssr } = {}) {
            if (id === replaced && !ssr) {
                return entryCode(options, NUXT_BASE, [`${id}${APP}`]);
            }
            return inlineScripts.get(id)?.code;
        },
        transformIndexHtml: {
            order: "pre",
            handler(html, { path: url, filename }) {
                pages += 1;
                const scripts = findModuleScripts(html);
                const own = scripts.filter(script => isOwn(script, config.publicDir));
                if (own.length === 0) {
                    config.logger.warn(
                        `countersign: ${filename} has no <script type="module"> of this app, so it gets no early init and cannot log in.`
                    );
                    return html;
                }
                const imports = own.map((script, index) => {
                    const src = script.attributes.get("src");
                    if (src !== undefined) {
                        return specifier(src, url, filename);
                    }
                    const hash = createHash("sha256").update(`${filename}\0${index}\0${script.content}`).digest("hex");
                    const id = `${INLINE}${hash.slice(0, 16)}.js`;
                    inlineScripts.set(`\0${id}`, { code: script.content, page: filename });
                    return id;
                });
                imports.forEach(one => imported.add(one));
                const page = withEntry(html, scripts[0]!, own, entryCode(options, isRelative ? undefined : literal(config.base), imports));
                return options.issuerUri === undefined ? page : { html: page, tags: issuerHints(options.issuerUri) };
            }
        },
        outputOptions(output) {
            const { meta, environment = { name: "client" } } = this as { meta: { rolldownVersion?: string }; environment?: { name: string } };
            const isDecided = output.codeSplitting !== undefined || output.advancedChunks !== undefined || output.manualChunks !== undefined;
            if (!meta.rolldownVersion || environment.name !== "client" || isDecided) {
                return null;
            }
            // Rolldown would make a file of each module that entry and core share; Rollup merges
            // them itself. If there is only one page, its entry may be in the same file; the
            // entries of several pages must not run each other.
            const test = (id: string): boolean => isEntryModule(id) || (pages === 1 && id.includes(".html?html-proxy"));
            return { ...output, codeSplitting: { groups: [{ name: "countersign", test }] } };
        },
        generateBundle: {
            // After Vite has written the pages.
            order: "post",
            handler: (_, bundle) => addModulePreloads(bundle, options.webAssembly !== false)
        },
        buildEnd() {
            if (config.command === "build" && !config.build.ssr && !config.build.lib && pages === 0 && !advice && !replaced) {
                config.logger.warn(
                    `countersign: this build has no HTML page, so the plugin had nothing to do; call oidcEarlyInit() of "countersign/entrypoint" in your entry instead.`
                );
            }
        }
    };
}

export { oidcSpa as countersign };

/**
 * Whether the script is the app's own. Scripts from other servers, and those that Vite copies
 * unchanged, stay in their place after the entry.
 */
function isOwn({ attributes, content }: ModuleScript, publicDir: string): boolean {
    const src = attributes.get("src");
    if (attributes.has("vite-ignore")) {
        return false;
    }
    if (src === undefined) {
        return content.trim() !== "";
    }
    const isElsewhere = src === "" || /^(?:[a-z][a-z\d+.-]*:|\/\/|#)/i.test(src);
    const isPublic = publicDir !== "" && src.startsWith("/") && existsSync(path.join(publicDir, src.replace(/[?#].*/, "")));
    return !isElsewhere && !isPublic;
}

/**
 * Returns the specifier that imports the script that a page names: relative to the root, or the
 * file's path if it is outside the root.
 */
function specifier(src: string, pageUrl: string, pageFile: string): string {
    if (src.startsWith("/")) {
        return src;
    }
    const joined = path.posix.join(path.posix.dirname(pageUrl), src);
    return joined.startsWith("/..") ? path.posix.join(path.dirname(pageFile).replaceAll("\\", "/"), src) : joined;
}

/** `base`: where the app is, as JavaScript, if the options do not say it. */
function entryCode(options: OidcSpaVitePluginParams, base: string | undefined, imports: string[]): string {
    const { browserRuntimeFreeze, DPoP, sessionRestorationMethod, BASE_URL } = options;
    const place = BASE_URL === undefined ? base : literal(BASE_URL);
    const lines = [`import { oidcEarlyInit } from "countersign/entrypoint";`];
    const defenses: string[] = [];
    if (browserRuntimeFreeze && browserRuntimeFreeze.enabled) {
        lines.push(`import { browserRuntimeFreeze } from "countersign/browser-runtime-freeze";`);
        defenses.push(`...browserRuntimeFreeze(${literal({ excludes: browserRuntimeFreeze.excludes ?? [], promises: browserRuntimeFreeze.promises })})`);
    }
    if (DPoP && DPoP.enabled) {
        lines.push(`import { DPoP } from "countersign/DPoP";`);
        defenses.push(`...DPoP(${literal({ mode: DPoP.mode })})`);
    }
    const where = place === undefined ? "" : `BASE_URL: ${place}, `;
    const method = sessionRestorationMethod ? `sessionRestorationMethod: ${literal(sessionRestorationMethod)}, ` : "";
    // One after the other, as a page runs its module scripts: if one fails, the next still runs.
    const chain = imports
        .map(one => `import(${literal(one)})`)
        .reduceRight((next, one) => `${one}.finally(() => ${next})`);
    return [
        ...lines,
        `const { shouldLoadApp } = oidcEarlyInit({ ${where}${method}securityDefenses: { ${defenses.join(", ")} } });`,
        `if (shouldLoadApp) { ${chain}; }`
    ].join("\n");
}

/** Formats a value as JSON that is safe in a `<script>`. */
const literal = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/**
 * Inserts the entry before the first module script of the page, even if that one stays in its
 * place.
 */
function withEntry(html: string, first: ModuleScript, own: ModuleScript[], code: string): string {
    const nonce = own[0]!.attributes.get("nonce");
    const attribute = nonce === undefined ? "" : ` nonce="${nonce.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`;
    let result = `${html.slice(0, first.start)}<script type="module"${attribute}>\n${code}\n</script>`;
    let at = first.start;
    for (const { start, end } of own) {
        result += html.slice(at, start);
        at = end;
    }
    return result + html.slice(at);
}
