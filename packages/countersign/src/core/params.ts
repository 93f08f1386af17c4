/** What `createOidc` takes, and what of it is refused before anything is done. */
import { state, type SessionRestorationMethod } from "../entry/state.js";
import { natives } from "../entry/natives.js";
import { isBaseUrl } from "../entry/url.js";
import { failure } from "./failure.js";
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
    /** Added to each authorization request; a function is called for each. */
    extraQueryParams?:
        | Record<string, string | undefined>
        | ((params: { isSilent: boolean; url: string }) => Record<string, string | undefined>);
    /** Added to each token request; a function is called for each. */
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
    /** For this client; see `oidcEarlyInit`. */
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

const NAMES = [
    "issuerUri",
    "clientId",
    "scopes",
    "transformUrlBeforeRedirect",
    "extraQueryParams",
    "extraTokenParams",
    "decodedIdTokenSchema",
    "idleSessionLifetimeInSeconds",
    "autoLogoutParams",
    "autoLogin",
    "sessionRestorationMethod",
    "debugLogs",
    "__metadata",
    "BASE_URL",
    "postLoginRedirectUrl",
    "disableDPoP"
];

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
export async function readParams(params: Settings["params"]): Promise<Settings> {
    for (const name in params) {
        if (!NAMES.includes(name)) {
            throw await failure(name.startsWith("__unsafe_") ? "option_unsupported" : "option_unknown", name);
        }
    }
    const require = async (name: keyof typeof params, isRight: boolean, what: string): Promise<void> => {
        if (!isRight) {
            throw await failure("option_invalid", name, `${natives.stringify(params[name])}`, what);
        }
    };
    const { clientId, scopes, idleSessionLifetimeInSeconds: idle } = params;
    await require("clientId", !!clientId && typeof clientId === "string", "the id that the client is registered with");
    const issuer = toUrl(params.issuerUri);
    await require("issuerUri", !!issuer && !issuer.search && !issuer.hash, "the URL of the authorization server");
    await require("scopes", scopes === undefined || Array.isArray(scopes), "an array of strings");
    await require("idleSessionLifetimeInSeconds", idle === undefined || idle >= 60, "60 or more");
    const method = params.sessionRestorationMethod ?? state.sessionRestorationMethod;
    await require(
        "sessionRestorationMethod",
        ["auto", "iframe", "full page redirect"].includes(method),
        `"auto", "iframe" or "full page redirect"`
    );
    const base = params.BASE_URL ?? state.BASE_URL;
    if (base === undefined) {
        throw await failure("base_url_missing");
    }
    const home = isBaseUrl(base) ? toUrl(base || "/", natives.origin) : undefined;
    if (!home || home.origin !== natives.origin || home.search || home.hash) {
        throw await failure("option_invalid", "BASE_URL", natives.stringify(base), `the path of the app on ${natives.origin} from "/" on`);
    }
    return {
        params,
        clientId,
        key: `countersign ${withoutSlash(params.issuerUri)} ${clientId}`,
        home: home.href.replace(/\/?$/, "/"),
        method,
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
