/** The options of `createOidc`, and the checks that come before everything else. */
import type { SessionRestorationMethod, State } from "../entry/state.js";
import { natives } from "./natives.js";
import { own } from "../page/own.js";
import { isBaseUrl } from "../entry/url.js";
import { askApp, failure, readHow } from "./errors/failure.js";
import type { OptionName } from "./errors/optionWords.js";
import type { Oidc } from "./types.js";
import { safe } from "../page/safe.js";

/** Members of a discovery document; others are kept too. */
export type OidcMetadata = {
    issuer: string;
    authorization_endpoint: string;
    token_endpoint: string;
    end_session_endpoint: string;
    dpop_signing_alg_values_supported: string[];
    authorization_response_iss_parameter_supported: boolean;
    [name: string]: unknown;
};

export type ParamsOfCreateOidc<
    DecodedIdToken extends Record<string, unknown> = Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
    AutoLogin extends boolean = false
> = {
    /**
     * The issuer, exactly as the authorization server names it; a slash at the end makes no
     * difference. If it is on the page's origin, its path is enough: `/realms/x`.
     */
    issuerUri: string;
    clientId: string;
    /** `["profile"]` by default; `openid` is added. */
    scopes?: string[];
    /**
     * Changes each authorization request last. `isSilent`: the user is not asked (`prompt=none`).
     */
    transformUrlBeforeRedirect?: (params: { authorizationUrl: string; isSilent: boolean }) => string;
    /**
     * Added to each authorization request; a function is called for each, and getters are read for
     * each. Numbers go out as text. Parameters that bind the request are not allowed
     * (`parameter_reserved`).
     */
    extraQueryParams?:
        | Record<string, string | undefined>
        | ((params: { isSilent: boolean; url: string }) => Record<string, string | undefined>);
    /**
     * Added to each token request; as `extraQueryParams`.
     */
    extraTokenParams?: Record<string, string | undefined> | (() => Record<string, string | undefined>);
    /**
     * A zod schema, or anything that checks the id_token's claims and returns those that the app
     * wants.
     */
    decodedIdTokenSchema?: { parse: (decodedIdToken_original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec) => DecodedIdToken };
    /**
     * After how many seconds without activity the user is logged out; more than 0, and not before
     * the page has been quiet for 5. Only for servers whose tokens do not tell when an idle session
     * ends: otherwise the refresh token's expiration tells it.
     */
    idleSessionLifetimeInSeconds?: number;
    /**
     * Where the page goes after that logout; `{ redirectTo: "current page" }` by default. Getters
     * are read then.
     */
    autoLogoutParams?: { redirectTo: "home" | "current page" } | { redirectTo: "specific url"; url: string };
    /**
     * If there is no session, goes to the login page at once: the returned `Oidc` is always logged
     * in.
     */
    autoLogin?: AutoLogin;
    /**
     * Overrides the option of `oidcEarlyInit` for this client. With `"full page redirect"`, a page
     * with several clients is redirected once for each; create them together, not one after the
     * other, since tokens do not survive a redirect and would be asked for again.
     */
    sessionRestorationMethod?: SessionRestorationMethod;
    /** Logs what is done and why to the console. Tokens and codes are not logged. */
    debugLogs?: boolean;
    /**
     * Members that take precedence over the discovery document's. With both endpoints there is no
     * discovery.
     */
    __metadata?: Partial<OidcMetadata>;
    /** Where the app is served, instead of the path from `oidcEarlyInit` or the Vite plugin. */
    BASE_URL?: string;
    /** Where the page goes after a login that does not name a URL; the current URL by default. */
    postLoginRedirectUrl?: string;
    /** Uses Bearer tokens for this client, even if DPoP is on for the page. */
    disableDPoP?: true;
};

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isFunction = (value: unknown): boolean => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && !!value && !Array.isArray(value);
/** Tells whether a member is right, as far as that is known: a getter is read where it is used. */
const isMember = (object: object, name: string, check: (value: unknown) => boolean): boolean => {
    const { get, value } = own(Object.getOwnPropertyDescriptor(object, name));
    return !!get || check(value);
};
/** Query or form parameters, or a function that returns them. */
const isParameters = (value: unknown): boolean =>
    isFunction(value) ||
    (isObject(value) &&
        Object.keys(value).every(name => isMember(value, name, one => one === null || !/object|function|symbol/.test(typeof one))));

/** What each given option must be; `errors/optionWords.ts` says it in words. */
const CHECKS: Record<keyof ParamsOfCreateOidc & OptionName, (value: any) => boolean> = {
    issuerUri(value) {
        const url = isText(value) && toUrl(value);
        return !!url && !url.search && !url.hash;
    },
    clientId: isText,
    scopes: value => Array.isArray(value) && value.every(isText),
    transformUrlBeforeRedirect: isFunction,
    extraQueryParams: isParameters,
    extraTokenParams: isParameters,
    decodedIdTokenSchema: value => isFunction(value?.parse),
    idleSessionLifetimeInSeconds: value => typeof value === "number" && value > 0,
    autoLogoutParams: value =>
        isObject(value) &&
        isMember(
            value,
            "redirectTo",
            to => ["home", "current page"].includes(to as string) || (to === "specific url" && isMember(value, "url", isText))
        ),
    autoLogin: isBoolean,
    sessionRestorationMethod: value => ["auto", "iframe", "full page redirect"].includes(value),
    debugLogs: isBoolean,
    __metadata: isObject,
    BASE_URL: isBaseUrl,
    postLoginRedirectUrl: isText,
    disableDPoP: isBoolean
};

/** The options with their defaults, and what follows from them. */
export interface Settings {
    params: ParamsOfCreateOidc<Record<string, unknown>, boolean>;
    clientId: string;
    /** The name under which the page keeps data of this client. */
    key: string;
    /** The app's home, which is also the redirect URI; ends with a slash. */
    home: string;
    method: SessionRestorationMethod;
    /** The page's. */
    state: State;
    log: (...message: unknown[]) => void;
}

/** Checks the options. Rejects with `option_*` or `base_url_missing`. */
export async function readParams(given: Settings["params"], state: State): Promise<Settings> {
    if (!isObject(given)) {
        throw await safe(failure("option_invalid", "", given));
    }
    const params = readHow(given);
    if (isText(params.issuerUri) && params.issuerUri[0] === "/") {
        params.issuerUri = toUrl(params.issuerUri, natives.origin)?.href ?? "";
    }
    for (const name of ["issuerUri", "clientId", ...Object.keys(params)] as (keyof typeof params)[]) {
        const value: unknown = params[name];
        if ((value ?? undefined) === undefined && name !== "issuerUri" && name !== "clientId") {
            // Not given, whatever its name.
            delete params[name];
        } else if (!Object.hasOwn(CHECKS, name)) {
            // Those would weaken the app, but not when they are off.
            const isUnsafe = name.startsWith("__unsafe_");
            if (value || !isUnsafe) {
                throw await safe(failure(isUnsafe ? "option_unsupported" : "option_unknown", name));
            }
        } else if (!askApp(name, () => CHECKS[name as keyof typeof CHECKS](value))) {
            throw await safe(failure("option_invalid", name, value));
        }
    }
    const { clientId } = params;
    const base = params.BASE_URL ?? state.BASE_URL;
    if (typeof base !== "string") {
        throw await safe(failure("base_url_missing"));
    }
    const home = toUrl(base || "/", natives.origin);
    if (!home || home.origin !== natives.origin || home.search || home.hash) {
        throw await safe(failure("option_invalid", "BASE_URL", base));
    }
    return {
        params,
        state,
        clientId,
        key: `countersign ${withoutSlash(params.issuerUri)} ${clientId}`,
        home: home.href.replace(/\/?$/, "/"),
        method: params.sessionRestorationMethod ?? state.sessionRestorationMethod ?? "auto",
        log: params.debugLogs ? (...message) => console.log(`countersign (${clientId}):`, ...message) : () => {}
    };
}

export const withoutSlash = (uri: string): string => uri.replace(/\/$/, "");

function toUrl(text: unknown, base?: string): URL | undefined {
    try {
        return new URL(text as string, base);
    } catch {
        return undefined;
    }
}
