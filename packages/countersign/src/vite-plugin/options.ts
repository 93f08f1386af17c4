/** The plugin's options: their types, and the same rules as checks at run time. */
import { apiNames, type ApiName } from "../browser-runtime-freeze.js";

export type OidcSpaVitePluginParams = {
    /** `false` or `{ enabled: false }` (the default): off. */
    browserRuntimeFreeze?: false | { enabled: boolean; excludes?: ApiName[] };
    /** `false` or `{ enabled: false }` (the default): off. */
    DPoP?: false | { enabled: false; mode?: "auto" | "enforced" } | { enabled: true; mode: "auto" | "enforced" };
    /**
     * `"auto"` (the default): a hidden iframe if the authorization server is on the app's site,
     * otherwise a redirect.
     */
    sessionRestorationMethod?: "iframe" | "full page redirect" | "auto";
};

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

const fail = (sentence: string): never => {
    throw new TypeError(`countersign: ${sentence}`);
};

/** Throws one sentence that names the first wrong option. */
export function checkOptions(options: OidcSpaVitePluginParams): void {
    checkNames("oidcSpa()", options, ["browserRuntimeFreeze", "DPoP", "sessionRestorationMethod"]);
    const { browserRuntimeFreeze, DPoP, sessionRestorationMethod } = options;
    checkOneOf("sessionRestorationMethod", sessionRestorationMethod, ["auto", "iframe", "full page redirect", undefined]);
    if (browserRuntimeFreeze !== undefined && browserRuntimeFreeze !== false) {
        checkNames("browserRuntimeFreeze", browserRuntimeFreeze, ["enabled", "excludes"]);
        checkOneOf("browserRuntimeFreeze.enabled", browserRuntimeFreeze.enabled, [true, false]);
        const { excludes = [] } = browserRuntimeFreeze;
        if (!Array.isArray(excludes)) {
            fail(`browserRuntimeFreeze.excludes must be an array of names, not ${show(excludes)}.`);
        }
        excludes.forEach(name => checkOneOf("browserRuntimeFreeze.excludes", name, apiNames));
    }
    if (DPoP !== undefined && DPoP !== false) {
        checkNames("DPoP", DPoP, ["enabled", "mode"]);
        checkOneOf("DPoP.enabled", DPoP.enabled, [true, false]);
        checkOneOf("DPoP.mode", DPoP.mode, DPoP.enabled ? ["auto", "enforced"] : ["auto", "enforced", undefined]);
    }
}

/**
 * Throws if the base does not say where the app is served: the redirect URI has to be the same for
 * all pages.
 */
export function checkBase(base: string | undefined): void {
    if (base === "" || base?.startsWith(".")) {
        fail(`Vite's base is ${show(base)}, relative to each page, so there is no redirect URI; give the path of the app, like "/" or "/app/".`);
    }
}

function checkNames(of: string, options: unknown, known: readonly string[]): void {
    if (typeof options !== "object" || options === null) {
        fail(`${of} takes an object, not ${show(options)}.`);
    }
    for (const name of Object.keys(options as object)) {
        if (!known.includes(name)) {
            fail(`${of} has no option ${show(name)}, only ${known.map(show).join(", ")}.`);
        }
    }
}

function checkOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
    if (!allowed.includes(value)) {
        const named = allowed.filter(one => one !== undefined);
        fail(`${name} must be ${named.map(show).join(", ").replace(/, ([^,]*)$/, " or $1")}, not ${show(value)}.`);
    }
}
