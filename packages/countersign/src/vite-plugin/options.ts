/** The plugin's options: their types, and the same rules as checks at run time. */
import { apiNames, type ApiName } from "../browser-runtime-freeze.js";
import { isBaseUrl } from "../entry/url.js";

export type OidcSpaVitePluginParams = {
    /** `false` or `{ enabled: false }` (the default): off. */
    browserRuntimeFreeze?: false | { enabled: boolean; excludes?: ApiName[]; promises?: boolean };
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

/** Names of earlier versions of oidc-spa, and what to write today. */
const FORMER: Record<string, string> = {
    exclude: "excludes",
    freezeFetch: "browserRuntimeFreeze: { enabled: true }",
    freezeXMLHttpRequest: "browserRuntimeFreeze: { enabled: true }",
    freezeWebSocket: "browserRuntimeFreeze: { enabled: true }",
    enableTokenExfiltrationDefense: "browserRuntimeFreeze: { enabled: true }"
};

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

const fail = (sentence: string): never => {
    throw new TypeError(`countersign: ${sentence}`);
};

/** A path of the app's own server is one too. */
const isIssuer = (value: unknown): boolean => typeof value === "string" && (/^\/(?!\/)/.test(value) || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)));

/** Throws one sentence that names the first wrong option. */
export function checkOptions(options: OidcSpaVitePluginParams): void {
    checkNames("oidcSpa()", options, ["browserRuntimeFreeze", "DPoP", "sessionRestorationMethod", "BASE_URL", "webAssembly", "issuerUri"]);
    const { browserRuntimeFreeze, DPoP, sessionRestorationMethod, BASE_URL, webAssembly, issuerUri } = options;
    if (BASE_URL !== undefined && !isBaseUrl(BASE_URL)) {
        fail(`BASE_URL must be a path like "/" or "/app/", not ${show(BASE_URL)}.`);
    }
    checkOneOf("webAssembly", webAssembly, [true, false, undefined]);
    checkOneOf("sessionRestorationMethod", sessionRestorationMethod, ["auto", "iframe", "full page redirect", undefined]);
    if (issuerUri !== undefined && !isIssuer(issuerUri)) {
        fail(`issuerUri must be the URL of the authorization server, not ${show(issuerUri)}.`);
    }
    if (browserRuntimeFreeze !== undefined && browserRuntimeFreeze !== false) {
        checkNames("browserRuntimeFreeze", browserRuntimeFreeze, ["enabled", "excludes", "promises"]);
        checkOneOf("browserRuntimeFreeze.enabled", browserRuntimeFreeze.enabled, [true, false]);
        checkOneOf("browserRuntimeFreeze.promises", browserRuntimeFreeze.promises, [true, false, undefined]);
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

function checkNames(of: string, options: unknown, known: readonly string[]): void {
    if (typeof options !== "object" || options === null) {
        fail(`${of} takes an object, not ${show(options)}.`);
    }
    for (const name of Object.keys(options as object)) {
        if (!known.includes(name)) {
            const today = Object.hasOwn(FORMER, name) ? `; today it is ${FORMER[name]}` : `, only ${known.map(show).join(", ")}`;
            fail(`${of} has no option ${show(name)}${today}.`);
        }
    }
}

function checkOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
    if (!allowed.includes(value)) {
        const named = allowed.filter(one => one !== undefined);
        fail(`${name} must be ${named.map(show).join(", ").replace(/, ([^,]*)$/, " or $1")}, not ${show(value)}.`);
    }
}
