/** What `createOidc` takes, and what of it is refused before anything is done. */
import type { SessionRestorationMethod, State } from "../entry/state.js";
import { natives } from "./natives.js";
import { own } from "../page/own.js";
import { isBaseUrl } from "../entry/url.js";
import { failure } from "./errors/failure.js";
import type { OptionName } from "./errors/optionWords.js";
import type { Oidc } from "./types.js";

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
    /** What the authorization server calls itself, exactly; a slash at the end makes no difference here. */
    issuerUri: string;
    clientId: string;
    /** `["profile"]` by default; `openid` is added. */
    scopes?: string[];
    /** Has the last word on each authorization request. `isSilent`: the user is not asked (`prompt=none`). */
    transformUrlBeforeRedirect?: (params: { authorizationUrl: string; isSilent: boolean }) => string;
    /** Added to each authorization request; a function is called for each. Not what binds it (`parameter_reserved`). */
    extraQueryParams?:
        | Record<string, string | undefined>
        | ((params: { isSilent: boolean; url: string }) => Record<string, string | undefined>);
    /** Added to each token request; a function is called for each. Not what binds it (`parameter_reserved`). */
    extraTokenParams?: Record<string, string | undefined> | (() => Record<string, string | undefined>);
    /** A zod schema, or anything that checks the id_token's claims and returns those that the app wants. */
    decodedIdTokenSchema?: { parse: (decodedIdToken_original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec) => DecodedIdToken };
    /**
     * After how long without activity the user is logged out. Only for servers whose tokens do not tell when an idle
     * session ends: otherwise it is read from the refresh token's expiration. 60 at least.
     */
    idleSessionLifetimeInSeconds?: number;
    /** Where the page goes at that moment; `{ redirectTo: "current page" }` by default. */
    autoLogoutParams?: { redirectTo: "home" | "current page" } | { redirectTo: "specific url"; url: string };
    /** Without a session, go to the login page at once: the returned `Oidc` is always logged in. */
    autoLogin?: AutoLogin;
    /**
     * For this client; see `oidcEarlyInit`. By `"full page redirect"` one page load restores one client, since the tokens
     * of the others would not outlive the next redirect: with several clients on one page, use `"iframe"`.
     */
    sessionRestorationMethod?: SessionRestorationMethod;
    /** Says in the console what is done and why. Tokens and codes are not printed. */
    debugLogs?: boolean;
    /** Takes precedence over the discovery document; with both endpoints there is no discovery. */
    __metadata?: Partial<OidcMetadata>;
    /** Where the app is served, in place of the one of `oidcEarlyInit` or of the Vite plugin. */
    BASE_URL?: string;
    /** Where the page is after a login that does not say it; the current URL by default. */
    postLoginRedirectUrl?: string;
    /** Bearer tokens for this client, where DPoP is on for the page. */
    disableDPoP?: true;
};

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isFunction = (value: unknown): boolean => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && !!value && !Array.isArray(value);
/** Query or form parameters, or what gives them. */
const isParameters = (value: unknown): boolean =>
    isFunction(value) ||
    (isObject(value) && Object.values(value).every(one => one === undefined || typeof one === "string"));

/** What each option has to be where it is given; `errors/optionWords.ts` says it in words. */
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
    idleSessionLifetimeInSeconds: value => typeof value === "number" && value >= 60,
    autoLogoutParams(value) {
        const { redirectTo, url } = own(value);
        return ["home", "current page"].includes(redirectTo) || (redirectTo === "specific url" && isText(url));
    },
    autoLogin: isBoolean,
    sessionRestorationMethod: value => ["auto", "iframe", "full page redirect"].includes(value),
    debugLogs: isBoolean,
    __metadata: isObject,
    BASE_URL: isBaseUrl,
    postLoginRedirectUrl: isText,
    disableDPoP: isBoolean
};

/** The parameters with defaults, and what follows from them. */
export interface Settings {
    params: ParamsOfCreateOidc<Record<string, unknown>, boolean>;
    clientId: string;
    /** Names this client wherever the page keeps something about it. */
    key: string;
    /** Home of the app and redirect URI; ends with a slash. */
    home: string;
    method: SessionRestorationMethod;
    log: (...message: unknown[]) => void;
}

/** Rejects with `option_*` or `base_url_missing`. */
export async function readParams(given: Settings["params"], state: State): Promise<Settings> {
    if (!isObject(given)) {
        throw await failure("option_invalid", "", given);
    }
    const params = own(given);
    for (const name of ["issuerUri", "clientId", ...Object.keys(params)]) {
        const value = (params as Record<string, unknown>)[name];
        if (value === undefined && name !== "issuerUri" && name !== "clientId") {
            // Not given, whatever its name.
            continue;
        }
        if (!Object.hasOwn(CHECKS, name)) {
            throw await failure(name.startsWith("__unsafe_") ? "option_unsupported" : "option_unknown", name);
        }
        if (!CHECKS[name as keyof typeof CHECKS](value)) {
            throw await failure("option_invalid", name, value);
        }
    }
    const { clientId } = params;
    const base = params.BASE_URL ?? state.BASE_URL;
    if (base === undefined) {
        throw await failure("base_url_missing");
    }
    const home = toUrl(base || "/", natives.origin);
    if (!home || home.origin !== natives.origin || home.search || home.hash) {
        throw await failure("option_invalid", "BASE_URL", base);
    }
    return {
        params,
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
