/** The plugin's options: their types, and the same rules as checks at run time. */
import { apiNames, type ApiName } from "../browser-runtime-freeze.js";
import { isBaseUrl } from "../entry/url.js";

export type OidcSpaVitePluginParams = {
    /** `false` or `{ enabled: false }` (the default): off. */
    browserRuntimeFreeze?: false | { enabled: boolean; excludes?: ApiName[]; promises?: boolean };
    /** Of oidc-spa; not included, so it can only be off. */
    tokenSubstitution?: false | { enabled: false };
    /** `false` or `{ enabled: false }` (the default): off. */
    DPoP?: false | { enabled: false; mode?: "auto" | "enforced" } | { enabled: true; mode: "auto" | "enforced" };
    /**
     * `"auto"` (the default): a hidden iframe if the authorization server is on the app's site,
     * otherwise a redirect.
     */
    sessionRestorationMethod?: "iframe" | "full page redirect" | "auto";
    /**
     * Where the app is served, if it is not Vite's `base`: with the base `"./"`, which says nothing
     * about it. `createOidc` can have it instead.
     */
    BASE_URL?: string;
    /**
     * `false`: the engine in JavaScript in every browser. By default (`true`) it is loaded only
     * where the browser refuses to compile WebAssembly.
     */
    webAssembly?: boolean;
    /**
     * The issuer of `createOidc`, if it is known when the app is built. Each page then connects to it
     * and fetches its discovery document at once, which saves a round trip.
     */
    issuerUri?: string;
};

/** Why an option is refused that oidc-spa has or had. */
const REFUSED: Record<string, string> = {
    exclude: "; today it is excludes",
    freezeFetch: "; today it is browserRuntimeFreeze: { enabled: true }",
    freezeXMLHttpRequest: "; today it is browserRuntimeFreeze: { enabled: true }",
    freezeWebSocket: "; today it is browserRuntimeFreeze: { enabled: true }",
    enableTokenExfiltrationDefense: "; today it is browserRuntimeFreeze: { enabled: true }",
    tokenSubstitution: ": it is not included. Remove it; with DPoP, a stolen token is worthless"
};

/** Asks for nothing, whatever is asked by the option. */
const isOff = (value: unknown): boolean => value === false || (value as { enabled?: unknown }).enabled === false;

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

const fail = (sentence: string): never => {
    throw new TypeError(`countersign: ${sentence}`);
};

/** A path of the app's own server is one too. */
const isIssuer = (value: unknown): boolean => typeof value === "string" && (/^\/(?!\/)/.test(value) || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)));

/**
 * Returns the options that are given: neither `null` nor `undefined`, nor refused ones that are
 * off. Throws one sentence that names the first wrong option.
 */
export function readOptions(options: OidcSpaVitePluginParams): OidcSpaVitePluginParams {
    const given = read("oidcSpa()", options, ["browserRuntimeFreeze", "DPoP", "sessionRestorationMethod", "BASE_URL", "webAssembly", "issuerUri"]);
    const { sessionRestorationMethod, BASE_URL, webAssembly, issuerUri } = given;
    if (BASE_URL !== undefined && !isBaseUrl(BASE_URL)) {
        fail(`BASE_URL must be a path like "/" or "/app/", not ${show(BASE_URL)}.`);
    }
    checkOneOf("webAssembly", webAssembly, [true, false, undefined]);
    checkOneOf("sessionRestorationMethod", sessionRestorationMethod, ["auto", "iframe", "full page redirect", undefined]);
    if (issuerUri !== undefined && !isIssuer(issuerUri)) {
        fail(`issuerUri must be the URL of the authorization server, not ${show(issuerUri)}.`);
    }
    if (given.browserRuntimeFreeze !== undefined && given.browserRuntimeFreeze !== false) {
        const { enabled, excludes = [], promises } = (given.browserRuntimeFreeze = read("browserRuntimeFreeze", given.browserRuntimeFreeze, ["enabled", "excludes", "promises"]));
        checkOneOf("browserRuntimeFreeze.enabled", enabled, [true, false]);
        checkOneOf("browserRuntimeFreeze.promises", promises, [true, false, undefined]);
        if (!Array.isArray(excludes)) {
            fail(`browserRuntimeFreeze.excludes must be an array of names, not ${show(excludes)}.`);
        }
        excludes.forEach(name => checkOneOf("browserRuntimeFreeze.excludes", name, apiNames));
    }
    if (given.DPoP !== undefined && given.DPoP !== false) {
        const { enabled, mode } = (given.DPoP = read("DPoP", given.DPoP, ["enabled", "mode"]));
        checkOneOf("DPoP.enabled", enabled, [true, false]);
        checkOneOf("DPoP.mode", mode, enabled ? ["auto", "enforced"] : ["auto", "enforced", undefined]);
    }
    return given;
}

/** The members of `options` that are given. */
function read<Options extends object>(of: string, options: Options, known: readonly string[]): Options {
    if (typeof options !== "object" || options === null) {
        fail(`${of} takes an object, not ${show(options)}.`);
    }
    const given = Object.entries(options).filter(([name, value]) => value !== undefined && value !== null && !(Object.hasOwn(REFUSED, name) && isOff(value)));
    for (const [name] of given) {
        if (!known.includes(name)) {
            fail(`${of} has no option ${show(name)}${Object.hasOwn(REFUSED, name) ? REFUSED[name] : `, only ${known.map(show).join(", ")}`}.`);
        }
    }
    return Object.fromEntries(given) as Options;
}

function checkOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
    if (!allowed.includes(value)) {
        const named = allowed.filter(one => one !== undefined);
        fail(`${name} must be ${named.map(show).join(", ").replace(/, ([^,]*)$/, " or $1")}, not ${show(value)}.`);
    }
}
