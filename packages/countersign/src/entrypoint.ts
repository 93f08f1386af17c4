/**
 * Early init: what must happen before any other script of the page.
 *
 * It saves the native functions, takes the authorization response out of the URL, applies the
 * defenses and starts loading the core. It decides nothing of the protocol.
 */
import { note, takePage } from "./handover.js";
import { own } from "./page/own.js";
import { fail, refuse } from "./entry/refuse.js";
import { takeResponse } from "./entry/response.js";
import type { EnabledDPoP, SessionRestorationMethod, State } from "./entry/state.js";
import { isBaseUrl } from "./entry/url.js";

export type { ApiName } from "./browser-runtime-freeze.js";

export type ParamsOfEarlyInit = {
    /**
     * Where the app is served, usually `import.meta.env.BASE_URL`. You can give it to `createOidc`
     * instead.
     */
    BASE_URL?: string;
    /**
     * How a session is found again after a reload. `"auto"` (the default): in a hidden iframe; if
     * that finds nobody, though the last load had a session, once by a redirect of the page. What
     * worked is remembered. In a cross-origin isolated page it is the redirect at once. `"iframe"`
     * and `"full page redirect"` choose one. `createOidc` can choose for one client.
     */
    sessionRestorationMethod?: SessionRestorationMethod;
    /** `{ ...browserRuntimeFreeze(), ...DPoP({ mode: "auto" }) }` */
    securityDefenses?: {
        enableBrowserRuntimeFreeze?: (() => void) | false;
        enableDPoP?: (() => void) | false;
    };
};

/** The result of `oidcEarlyInit`. */
let shouldLoadApp: boolean | undefined;

/**
 * Prepares the page. Call it once, before everything else, and load the app only if `shouldLoadApp`
 * is `true`: otherwise the document was opened only to hand over an authorization response. A
 * second call returns the same and changes nothing. Throws a `TypeError` with one sentence for an
 * unknown or wrong option, and an `OidcInitializationError` if another copy of this package was
 * called before.
 */
export function oidcEarlyInit(params?: ParamsOfEarlyInit): { shouldLoadApp: boolean } {
    try {
        shouldLoadApp ??= init(params);
    } catch (error) {
        throw note(error);
    }
    return { shouldLoadApp };
}

function init(params: ParamsOfEarlyInit | undefined): boolean {
    const { BASE_URL, sessionRestorationMethod, securityDefenses, ...others } = own(params);
    const { enableDPoP, enableBrowserRuntimeFreeze, ...otherDefenses } = own(securityDefenses);
    refuse("oidcEarlyInit()", others, "BASE_URL, sessionRestorationMethod and securityDefenses");
    refuse("securityDefenses", otherDefenses, "those of DPoP() and browserRuntimeFreeze()");
    if (!["auto", "iframe", "full page redirect"].includes(sessionRestorationMethod ?? "auto")) {
        fail(
            `sessionRestorationMethod must be "auto", "iframe" or "full page redirect", not ${JSON.stringify(sessionRestorationMethod)}.`
        );
    }
    if (!isBaseUrl(BASE_URL ?? "")) {
        fail(`BASE_URL must be a path like "/" or "/app/", not ${JSON.stringify(BASE_URL)}.`);
    }
    const handOver = takePage();
    const state: State = { __proto__: null, BASE_URL, sessionRestorationMethod, mode: "off" };
    const isApp = takeResponse(state);
    if (isApp) {
        const enabled = (enableDPoP && enableDPoP()) as EnabledDPoP | undefined | void;
        if (enableDPoP && !enabled?.hooks) {
            fail("enableDPoP must be that of DPoP().");
        }
        state.mode = enabled?.mode ?? "off";
        enableBrowserRuntimeFreeze && enableBrowserRuntimeFreeze();
        handOver({ __proto__: null, state, hooks: enabled?.hooks });
    } else {
        handOver();
    }
    return isApp;
}
