/**
 * Early init: what has to happen before any other script of the page.
 *
 * It saves the native functions, takes the authorization response out of the URL, applies the defenses and starts
 * loading the core. Nothing of the protocol is decided here.
 */
import { natives } from "./entry/natives.js";
import { refuse } from "./entry/refuse.js";
import { takeResponse } from "./entry/response.js";
import { state, type SessionRestorationMethod } from "./entry/state.js";
import { isBaseUrl } from "./entry/url.js";

export type { ApiName } from "./browser-runtime-freeze.js";

export type ParamsOfEarlyInit = {
    /** Where the app is served, usually `import.meta.env.BASE_URL`. May be given to `createOidc` instead. */
    BASE_URL?: string;
    /**
     * How a session is found again after a reload. `"auto"` (the default): in a hidden iframe where app and
     * authorization server are on one site, else by a redirect of the page. `"iframe"` and `"full page redirect"`
     * decide it. `createOidc` can decide it for one client.
     */
    sessionRestorationMethod?: SessionRestorationMethod;
    /** `{ ...browserRuntimeFreeze(), ...DPoP({ mode: "auto" }) }` */
    securityDefenses?: {
        enableBrowserRuntimeFreeze?: () => void;
        enableDPoP?: () => void;
    };
};

/**
 * Call it once, before everything else, and load the app only where `shouldLoadApp` is `true`: otherwise the document
 * was opened only to hand over an authorization response. A second call returns the same and changes nothing.
 * Throws one sentence for an unknown or wrong option.
 */
export function oidcEarlyInit(params: ParamsOfEarlyInit = {}): { shouldLoadApp: boolean } {
    if (state.shouldLoadApp === undefined) {
        const { BASE_URL, sessionRestorationMethod, securityDefenses = {}, ...others } = params;
        const { enableDPoP, enableBrowserRuntimeFreeze, ...otherDefenses } = securityDefenses;
        refuse("oidcEarlyInit()", others, "BASE_URL, sessionRestorationMethod and securityDefenses");
        refuse("securityDefenses", otherDefenses, "those of DPoP() and browserRuntimeFreeze()");
        if (!["auto", "iframe", "full page redirect", undefined].includes(sessionRestorationMethod)) {
            throw new TypeError(
                `countersign: sessionRestorationMethod must be "auto", "iframe" or "full page redirect", not ${natives.stringify(sessionRestorationMethod)}.`
            );
        }
        if (BASE_URL !== undefined && !isBaseUrl(BASE_URL)) {
            throw new TypeError(`countersign: BASE_URL must be a path like "/" or "/app/", not ${natives.stringify(BASE_URL)}.`);
        }
        state.BASE_URL = BASE_URL;
        state.sessionRestorationMethod = sessionRestorationMethod;
        state.shouldLoadApp = takeResponse();
        if (state.shouldLoadApp) {
            enableDPoP?.();
            enableBrowserRuntimeFreeze?.();
            // Both at once; `createOidc` reports what fails here.
            import("./core/engine.js").then(({ getEngine }) => getEngine()).catch(() => {});
            import("./engine/bytes.js").catch(() => {});
        }
    }
    return { shouldLoadApp: state.shouldLoadApp };
}
