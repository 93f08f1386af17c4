/**
 * The types of keycloak-js 26, so that an app moves by changing its import: `test/types/keycloak-js.ts`
 * holds that each stands where the original is asked for, and the other way round. The comments say
 * what is different here.
 */
import type { SessionRestorationMethod } from "../../entry/state.js";
import type { ParamsOfCreateOidc } from "../../core/params.js";
import type { KeycloakProfile, KeycloakUserInfo } from "../keycloak/utils.js";

export type { KeycloakProfile, KeycloakUserInfo };

export type KeycloakOnLoad = "login-required" | "check-sso";
export type KeycloakResponseMode = "query" | "fragment";
export type KeycloakResponseType = "code" | "id_token token" | "code id_token token";
export type KeycloakFlow = "standard" | "implicit" | "hybrid";
export type KeycloakPkceMethod = "S256" | false;

/** Not in keycloak-js: where the app is, if neither the Vite plugin nor early init says so. */
export interface PlaceOfApp {
    /** As for `createOidc`. */
    BASE_URL?: string;
    /** As for `createOidc`. */
    sessionRestorationMethod?: SessionRestorationMethod;
}

export interface KeycloakServerConfig extends PlaceOfApp {
    /** The server, with its relative path if it has one: `https://login.example.com/auth`. */
    url: string;
    realm: string;
    clientId: string;
}

export interface GenericOidcConfig extends PlaceOfApp {
    clientId: string;
    /** The issuer, or its metadata. Metadata must have the member `issuer`. */
    oidcProvider: string | OpenIdProviderMetadata;
}

/** OpenID Connect Discovery 1.0, 3. Other members are kept, and `issuer` is needed. */
export interface OpenIdProviderMetadata {
    authorization_endpoint: string;
    token_endpoint: string;
    userinfo_endpoint?: string;
    check_session_iframe?: string;
    end_session_endpoint?: string;
}

export type KeycloakConfig = KeycloakServerConfig | GenericOidcConfig;

/** The level of authentication that is asked for (OpenID Connect Core 1.0, 5.5.1). */
export interface Acr {
    values: string[];
    essential: boolean;
}

export interface KeycloakInitOptions {
    /** No effect: the nonce is always checked. */
    useNonce?: boolean;
    /** Only `"default"`. `init` rejects for others. */
    adapter?: "default" | "cordova" | "cordova-native" | KeycloakAdapter;
    /**
     * What happens if nobody has just logged in. `"check-sso"`: a session is looked for without
     * asking the user. `"login-required"`: the page goes to the login if there is none. Without it,
     * nothing: a reload is logged out.
     */
    onLoad?: KeycloakOnLoad;
    /** Not possible: `init` rejects. Tokens come with a key, and both stay in the page. */
    token?: string;
    /** Not possible: `init` rejects. */
    refreshToken?: string;
    /** No effect without the two before. */
    idToken?: string;
    /** No effect: the server's clock is known from its responses. */
    timeSkew?: number;
    /** No effect: there is no such iframe. A logout in another tab of the app reloads the page. */
    checkLoginIframe?: boolean;
    /** No effect. */
    checkLoginIframeInterval?: number;
    /** No effect but on the property: early init takes the response out of the URL. */
    responseMode?: KeycloakResponseMode;
    /**
     * Where the app goes after a login, and after a logout. The server gets the app's home instead,
     * which is the redirect URI to register.
     */
    redirectUri?: string;
    /** Not needed: a session is looked for in a hidden iframe of the app's home. */
    silentCheckSsoRedirectUri?: string;
    /** `false`, with `silentCheckSsoRedirectUri`: never looks for a session by a redirect. */
    silentCheckSsoFallback?: boolean;
    /** Only `"standard"`. `init` rejects for others. */
    flow?: KeycloakFlow;
    /** No effect: it is always `S256`. */
    pkceMethod?: KeycloakPkceMethod;
    /** Logs what is done and why to the console. Tokens and codes are not logged. */
    enableLogging?: boolean;
    /** Separated by spaces; `openid` is added. */
    scope?: string;
    /** No effect. */
    messageReceiveTimeout?: number;
    /** The language of the login page that `onLoad` leads to. */
    locale?: string;
    /** The page is left by `GET` in any case; `"POST"` changes only `createLogoutUrl`. */
    logoutMethod?: "GET" | "POST";
    /** Not in keycloak-js: as for `createOidc`. */
    autoLogoutParams?: NonNullable<ParamsOfCreateOidc["autoLogoutParams"]>;
}

export interface KeycloakLoginOptions {
    /** For this login; `openid` is added. */
    scope?: string;
    /** Where the app goes after the login: a URL in it. */
    redirectUri?: string;
    prompt?: "none" | "login" | "consent";
    /** `"register"`: the registration page. Others: an action of Keycloak (`kc_action`). */
    action?: string;
    /** Seconds since the user was asked. */
    maxAge?: number;
    loginHint?: string;
    acr?: Acr;
    acrValues?: string;
    /** The identity provider to go on to. */
    idpHint?: string;
    locale?: string;
    /** No effect. */
    cordovaOptions?: { [optionName: string]: string };
}

export interface KeycloakLogoutOptions {
    /** Where the user gets: in the app, or elsewhere if the server allows it. */
    redirectUri?: string;
    /** As in `KeycloakInitOptions`. */
    logoutMethod?: "GET" | "POST";
}

export interface KeycloakRegisterOptions extends Omit<KeycloakLoginOptions, "action"> {}

export interface KeycloakAccountOptions {
    /** Where the account console's link back leads. */
    redirectUri?: string;
}

/** The error of an authorization response (RFC 6749, 4.1.2.1). */
export interface KeycloakError {
    error: string;
    error_description: string;
}

export interface KeycloakRedirectUriOptions {
    redirectUri?: string;
}

/** There are no custom adapters: `init` rejects. */
export interface KeycloakAdapter {
    login: (options?: KeycloakLoginOptions) => Promise<void>;
    logout: (options?: KeycloakLogoutOptions) => Promise<void>;
    register: (options?: KeycloakRegisterOptions) => Promise<void>;
    accountManagement: () => Promise<void>;
    redirectUri: (options?: KeycloakRedirectUriOptions) => string;
}

export interface KeycloakTokenParsed {
    iss?: string;
    sub?: string;
    aud?: string;
    exp?: number;
    iat?: number;
    auth_time?: number;
    nonce?: string;
    acr?: string;
    amr?: string;
    azp?: string;
    session_state?: string;
    realm_access?: KeycloakRoles;
    resource_access?: KeycloakResourceAccess;
    [key: string]: any;
}

export interface KeycloakResourceAccess {
    [key: string]: KeycloakRoles;
}

export interface KeycloakRoles {
    roles: string[];
}
