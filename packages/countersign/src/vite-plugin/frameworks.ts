/**
 * Frameworks that render their pages themselves, so that there is no HTML page to put early init
 * in. They are known by the names of their plugins.
 */
import path from "node:path";
import type { ResolvedConfig } from "vite";

interface Framework {
    name: string;
    plugin: RegExp;
    /** The file that the app may have in place of the framework's own entry. */
    entry: string;
}

const FRAMEWORKS: Framework[] = [
    { name: "TanStack Start", plugin: /^tanstack-(?:react-|solid-|vue-)?start/, entry: "src/client.tsx" },
    { name: "React Router", plugin: /^react-router(?::|$)/, entry: "app/entry.client.tsx" }
];

const hasPlugin = ({ plugins }: ResolvedConfig, name: RegExp): boolean => plugins.some(plugin => name.test(plugin.name));

/** Says what to write, if the app has to call early init itself. */
export function adviceFor(config: ResolvedConfig): string | undefined {
    const framework = FRAMEWORKS.find(({ plugin }) => hasPlugin(config, plugin));
    return (
        framework &&
        `countersign: ${framework.name} renders its pages itself, so the plugin cannot put early init into them; ` +
            `write ${framework.entry} that calls oidcEarlyInit() of "countersign/entrypoint" and, if shouldLoadApp is true, imports what was in it (the package's README shows it).`
    );
}

/** The base of a Nuxt app, which its pages hold; Vite's says nothing about it. */
export const NUXT_BASE = "__NUXT__.config.app.baseURL";

/** Returns the module that a Nuxt app's pages run, if this is one. */
export function nuxtEntry(config: ResolvedConfig): string | undefined {
    if (!hasPlugin(config, /^nuxt:vite-node-server$/)) {
        return undefined;
    }
    // Vite before 6 has no environments.
    const build = (config.environments as ResolvedConfig["environments"] | undefined)?.["client"]?.build ?? config.build;
    const { input } = build.rollupOptions;
    const entry = typeof input === "string" ? input : Object.values(input ?? {})[0];
    return entry === undefined ? undefined : path.resolve(config.root, entry).replaceAll("\\", "/");
}
