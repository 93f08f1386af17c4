/**
 * The class of keycloak-js over `createOidc`: its properties, callbacks and methods, at the same
 * moments and in the same order. Sessions are found, renewed and ended by the core.
 */
import type { OidcInitializationError } from "../../core/errors/oidcInitializationError.js";
import type { ParamsOfCreateOidc } from "../../core/params.js";
import type { Oidc } from "../../core/types.js";
import { own } from "../../page/own.js";
import { safe } from "../../page/safe.js";
import { fetchJson } from "../keycloak/ask.js";
import { accountUrl } from "../keycloak/utils.js";
import { Expiry } from "./expiry.js";
import { errorOfResponse, hasHint, keepLeft, keepRecord, takeLeft } from "./memory.js";
import { check, toParameters, toScopes } from "./options.js";
import { OF_THE_TOKEN, Properties, readClaims } from "./properties.js";
import { checkConfig, mayHideSession, toServer, type Server } from "./server.js";
import type {
    KeycloakAccountOptions,
    KeycloakConfig,
    KeycloakInitOptions,
    KeycloakLoginOptions,
    KeycloakLogoutOptions,
    KeycloakProfile,
    KeycloakRegisterOptions,
    KeycloakUserInfo
} from "./types.js";

/** Loads `createOidc`. */
export type LoadCore = () => Promise<{ createOidc: (params: ParamsOfCreateOidc) => Promise<Oidc> }>;

/** Errors of a response and of what follows it: those of a login, and not of the configuration. */
const IS_OF_LOGIN = /^(authorization_error|(token|id_token|response|flow)_\w+)$/;

const never = (): Promise<never> => new Promise(() => {});

const sentence = (what: string): Error => new Error(`countersign/keycloak-js: ${what}.`);

export class Client extends Properties {
    readonly #config: KeycloakConfig | string;
    readonly #load: LoadCore;
    #server: Server | undefined;
    #options: KeycloakInitOptions = own({});
    #isStarting = true;
    #opened: Promise<Oidc> | undefined;
    #oidc: Oidc | undefined;
    #renewal: Promise<boolean> | undefined;
    readonly #expiry = new Expiry(
        () => Date.now() / 1000 - (this.timeSkew ?? 0),
        () => this.onTokenExpired?.()
    );

    /** `load`: loads the core, when `init` or `login` needs it. */
    constructor(config: KeycloakConfig | string, load: LoadCore) {
        super();
        checkConfig(config);
        this.#config = config;
        this.#load = load;
    }

    /** Not in keycloak-js: the client underneath (`countersign/core`). Throws while there is none. */
    get oidc(): Oidc {
        if (!this.#oidc) {
            throw sentence("there is no client yet; wait until init() has resolved, with onLoad or after a login");
        }
        return this.#oidc;
    }

    /**
     * Finds out whether a user is logged in, and tells it. Rejects if a login has failed, if the
     * page cannot work with this configuration, and for what cannot be.
     */
    init = async (initOptions: KeycloakInitOptions = {}): Promise<boolean> => {
        if (this.didInitialize) {
            throw new Error("A 'Keycloak' instance can only be initialized once.");
        }
        this.didInitialize = true;
        if (typeof document === "undefined") {
            throw sentence("init() was called where there is no page, as in server-side rendering; call it in the browser only, for example in an effect");
        }
        check(initOptions, Object.hasOwn(globalThis, "Cordova") || Object.hasOwn(globalThis, "cordova"));
        const { onLoad, responseMode, redirectUri } = (this.#options = own(initOptions));
        this.loginRequired = onLoad === "login-required";
        responseMode && (this.responseMode = responseMode);
        redirectUri && (this.redirectUri = redirectUri);
        try {
            const server = (this.#server = await safe(toServer(this.#config)));
            const { authServerUrl, realm, clientId } = server;
            Object.assign(this, { clientId }, authServerUrl !== undefined && { authServerUrl, realm });
            await safe(this.#look(server));
        } finally {
            this.#isStarting = false;
        }
        this.onReady?.(this.authenticated);
        return this.authenticated;
    };

    /** Looks for a session, as far as `onLoad` says, or for what a login has brought. */
    async #look({ key, place, issuerUri }: Server): Promise<void> {
        const { onLoad, silentCheckSsoRedirectUri, silentCheckSsoFallback } = this.#options;
        const left = takeLeft(key);
        if (!onLoad && !left) {
            return;
        }
        const isKnown = hasHint(key);
        const wasAsked = left === "login" || this.loginRequired;
        try {
            const oidc = await safe(this.#open());
            if (oidc.isUserLoggedIn) {
                // Without `onLoad`, what a reload has found does not count.
                return onLoad || oidc.backFromAuthServer ? await safe(this.#enter(oidc)) : undefined;
            }
            if (oidc.initializationError) {
                throw oidc.initializationError;
            }
            const refusal = wasAsked ? errorOfResponse() : undefined;
            if (refusal) {
                throw sentence(`the server refused the login with "${refusal.error}"`);
            }
            const isAllowed = !(silentCheckSsoRedirectUri && silentCheckSsoFallback === false);
            const canKeep = (): unknown => keepLeft(key, "sso") && takeLeft(key);
            if (onLoad && isAllowed && !isKnown && !left && mayHideSession(place, issuerUri) && canKeep()) {
                // Another client of the page may leave it first: that is not noted here.
                const note = (url: string): string => (keepLeft(key, "sso"), url);
                await safe(this.#leave({ redirectUri: location.href, prompt: "none" }, true, note));
            }
        } catch (cause) {
            const error = cause as OidcInitializationError;
            const { code } = own(error);
            if (code === "authorization_error" && !wasAsked) {
                // The user was not asked, and the console has the sentence.
                return;
            }
            const refusal = wasAsked ? errorOfResponse() : undefined;
            if (refusal || IS_OF_LOGIN.test(code)) {
                this.onAuthError?.(refusal);
            }
            throw Object.assign(error, refusal);
        }
    }

    /** Returns the client, which is created with the first call. */
    async #open(): Promise<Oidc> {
        const server = this.#server;
        if (!server) {
            throw sentence("there is no client before init(); call it first, and wait for it");
        }
        const { scope, enableLogging, autoLogoutParams, locale, onLoad } = this.#options;
        const create = async (): Promise<Oidc> => {
            const { createOidc } = await safe(this.#load());
            return createOidc({
                ...server.place,
                issuerUri: server.issuerUri,
                clientId: server.clientId,
                scopes: toScopes(scope),
                extraQueryParams: () => (this.#isStarting && locale ? { ui_locales: locale } : {}),
                debugLogs: enableLogging === true,
                ...(server.metadata && { __metadata: server.metadata }),
                ...(this.redirectUri && { postLoginRedirectUrl: this.redirectUri }),
                ...(autoLogoutParams && { autoLogoutParams }),
                // The type says what the result is, and here it does not matter.
                ...(this.loginRequired && { autoLogin: true as false }),
                // Then a page that is opened must not be redirected.
                ...(!onLoad && { sessionRestorationMethod: "iframe" as const })
            });
        };
        return (this.#oidc = await safe((this.#opened ??= create())));
    }

    /** Shows the session. */
    async #enter(oidc: Oidc.LoggedIn): Promise<void> {
        const { kc_action_status: status, kc_action: action } = own(own(oidc.backFromAuthServer).result);
        if (status) {
            this.onActionUpdate?.(status as "success", action);
        }
        this.#show((await safe(oidc.getTokens())) as Oidc.Tokens, true);
        oidc.subscribeToTokensChange(tokens => {
            if (this.token) {
                this.#show(tokens as Oidc.Tokens, !!this.#renewal);
                this.onAuthRefreshSuccess?.();
            }
        });
        this.onAuthSuccess?.();
    }

    /** `isAsked`: the app has asked for them, so it wants to know when they expire. */
    #show(tokens: Oidc.Tokens, isAsked: boolean): void {
        const { accessToken: token, idToken, refreshToken, accessTokenExpirationTime, getServerDateNow } = own(tokens);
        const tokenParsed = readClaims(token);
        this.#clear();
        // Other servers' tokens may be opaque.
        const claims: Record<string, any> = own(tokenParsed ?? tokens.decodedIdToken_original);
        Object.assign(this, {
            ...{ token, tokenParsed, idToken, idTokenParsed: readClaims(idToken) },
            ...(refreshToken !== undefined && { refreshToken, refreshTokenParsed: readClaims(refreshToken) }),
            authenticated: true,
            timeSkew: Math.round((Date.now() - getServerDateNow()) / 1000) || 0,
            ...{ subject: claims["sub"], sessionId: claims["sid"] },
            ...{ realmAccess: claims["realm_access"], resourceAccess: claims["resource_access"] }
        });
        this.#expiry.set(own(tokenParsed).exp ?? accessTokenExpirationTime / 1000, isAsked);
    }

    /** Forgets the tokens. */
    #clear(): void {
        this.authenticated = false;
        for (const name of OF_THE_TOKEN) {
            delete this[name];
        }
    }

    /** Goes to the login page; the promise stays open. Rejects if the login cannot begin. */
    login = async (options: KeycloakLoginOptions = {}): Promise<void> => {
        await safe(this.#open());
        keepLeft(this.#server!.key, own(options).prompt === "none" ? "sso" : "login");
        await safe(this.#leave(options));
    };

    /** Leaves the page for a login, whether or not there is a session. */
    async #leave(options: KeycloakLoginOptions, isReplaced = false, change?: (url: string) => string): Promise<void> {
        const { registrationEndpoint } = this.#known();
        const isRegistration = own(options).action === "register";
        if (isRegistration && !registrationEndpoint) {
            throw noRealm("registration page");
        }
        const transform = (url: string): string => (isRegistration ? registrationEndpoint + new URL(url).search : url);
        const how = {
            extraQueryParams: toParameters(options),
            redirectUrl: this.#back(options),
            transformUrlBeforeRedirect: (url: string) => (change ? change(transform(url)) : transform(url))
        };
        const oidc = this.oidc;
        await safe(oidc.isUserLoggedIn ? oidc.goToAuthServer(how) : oidc.login({ ...how, doesCurrentHrefRequiresAuth: isReplaced }));
    }

    /** Where the app goes after a login or a logout. */
    #back(options: { redirectUri?: string } | undefined): string {
        return own(options).redirectUri || this.redirectUri || location.href;
    }

    /** As `login`, but opens the registration page. */
    register = (options?: KeycloakRegisterOptions): Promise<void> => this.login({ ...options, action: "register" });

    /**
     * Returns the URL of a login, for a link in this tab: the response to the newest one is taken.
     * If the server requires pushed requests (RFC 9126), use `login`.
     */
    createLoginUrl = async (options: KeycloakLoginOptions = {}): Promise<string> => {
        await safe(this.#open());
        let href: string | undefined;
        try {
            await safe(
                this.#leave(options, false, url => {
                    href = url;
                    // The page stays.
                    throw sentence("the URL is there");
                })
            );
        } catch (error) {
            if (href === undefined) {
                throw error;
            }
        }
        const { key } = this.#server!;
        keepLeft(key, own(options).prompt === "none" ? "sso" : "login");
        keepRecord({
            state: new URL(href!).searchParams.get("state")!,
            url: this.#back(options),
            client: key,
            extraQueryParams: JSON.parse(JSON.stringify(toParameters(options)))
        });
        return href!;
    };

    /** As `createLoginUrl`, of the registration page. */
    createRegisterUrl = (options?: KeycloakRegisterOptions): Promise<string> =>
        this.createLoginUrl({ ...options, action: "register" });

    /** Ends the session here and at the server, and goes to `redirectUri`. */
    logout = async (options?: KeycloakLogoutOptions): Promise<void> => {
        const oidc = this.#oidc;
        const url = new URL(this.#back(options), location.href);
        const isLeaving = new Promise<void>(resolve => addEventListener("pagehide", () => resolve(), own({ once: true })));
        if (oidc?.isUserLoggedIn && url.href.replace(/[?#].*|$/, "/").startsWith(oidc.validRedirectUri)) {
            await safe(Promise.race([isLeaving, oidc.logout({ redirectTo: "specific url", url: url.href })]));
        } else {
            location.replace(this.createLogoutUrl({ ...options, logoutMethod: "GET" }));
            await safe(isLeaving);
        }
    };

    /** Returns the URL of a logout. The app that is opened by it learns of it at its next load. */
    createLogoutUrl = (options?: KeycloakLogoutOptions): string => {
        const { clientId, endSessionEndpoint } = this.#known();
        if (!endSessionEndpoint) {
            throw sentence("the server has no end_session_endpoint; use logout(), which forgets the session in the page");
        }
        const parameters = new URLSearchParams({
            client_id: clientId,
            post_logout_redirect_uri: this.#back(options),
            ...(this.idToken && { id_token_hint: this.idToken })
        });
        const method = own(options).logoutMethod ?? this.#options.logoutMethod;
        return method === "POST" ? endSessionEndpoint : `${endSessionEndpoint}?${parameters}`;
    };

    /** Goes to the account console; the promise stays open. */
    accountManagement = async (): Promise<void> => {
        location.href = this.createAccountUrl();
        await safe(never());
    };

    createAccountUrl = (options?: KeycloakAccountOptions): string => {
        const { realmUrl, clientId } = this.#known();
        return accountUrl(realmUrl ?? refuse(noRealm("account console")), clientId, this.#back(options));
    };

    /** Rejects with a `NetworkError` if the server refuses. */
    loadUserProfile = async (): Promise<KeycloakProfile> => {
        const { realmUrl } = this.#known();
        return (this.profile = await safe(fetchJson<KeycloakProfile>(`${realmUrl ?? refuse(noRealm("profile"))}/account`, this.#needed())));
    };

    /** As `loadUserProfile`. */
    loadUserInfo = async (): Promise<KeycloakUserInfo> => {
        const { userinfoEndpoint } = this.#known();
        if (!userinfoEndpoint) {
            throw sentence("the server has no userinfo_endpoint; read idTokenParsed");
        }
        return (this.userInfo = await safe(fetchJson<KeycloakUserInfo>(userinfoEndpoint, this.#needed())));
    };

    /** Whether less than `minValidity` seconds of the token are left. Throws without a token. */
    isTokenExpired = (minValidity?: number): boolean => {
        this.#needed();
        if (minValidity && isNaN(minValidity)) {
            throw new TypeError("countersign/keycloak-js: minValidity must be a number of seconds.");
        }
        return this.#expiry.left() - (minValidity || 0) < 0;
    };

    /**
     * Renews the tokens if less than `minValidity` seconds (5 by default) are left, or in any case
     * for -1. Returns whether it has. Calls at the same time are one renewal.
     */
    updateToken = async (minValidity?: number): Promise<boolean> => {
        this.#needed();
        const seconds = minValidity || 5;
        if (seconds !== -1 && !this.isTokenExpired(seconds)) {
            return false;
        }
        this.#renewal ??= this.#renew();
        return this.#renewal;
    };

    async #renew(): Promise<boolean> {
        try {
            await safe((this.oidc as Oidc.LoggedIn).renewTokens());
            return true;
        } catch (error) {
            const { code, isAuthServerLikelyDown } = own(error as OidcInitializationError);
            if (code === "session_ended" || (code === "token_refused" && !isAuthServerLikelyDown)) {
                this.clearToken();
            }
            this.onAuthRefreshError?.();
            throw error;
        } finally {
            this.#renewal = undefined;
        }
    }

    /** Forgets the tokens, though not the session at the server. */
    clearToken = (): void => {
        if (this.token) {
            this.#expiry.stop();
            this.#clear();
            this.onAuthLogout?.();
            this.loginRequired && void this.login();
        }
    };

    /** Returns the token. */
    #needed(): string {
        if (!this.token) {
            throw sentence("nobody is logged in; ask authenticated first, and call login()");
        }
        return this.token;
    }

    #known(): Server {
        if (!this.#server) {
            throw sentence("the server is not known before init(); call it first, and wait for it");
        }
        return this.#server;
    }
}

const noRealm = (what: string): Error =>
    sentence(`only Keycloak has the ${what}; configure url and realm instead of oidcProvider`);

const refuse = (error: Error): never => {
    throw error;
};
