/**
 * The public types of a client. Names and shapes are those of oidc-spa, so that an app moves by
 * changing its import.
 */
import type { OidcInitializationError } from "./errors/oidcInitializationError.js";

/** A client, logged in or not: `isUserLoggedIn` tells which. It changes only with a page load. */
export type Oidc<DecodedIdToken extends Record<string, unknown> = Oidc.Tokens.DecodedIdToken_OidcCoreSpec> =
    | Oidc.LoggedIn<DecodedIdToken>
    | Oidc.NotLoggedIn;

export declare namespace Oidc {
    export type Common = {
        issuerUri: string;
        clientId: string;
        /** The redirect URI to register with the authorization server, for login and for logout. */
        validRedirectUri: string;
    };

    export type NotLoggedIn = Common & {
        isUserLoggedIn: false;
        /** Leaves the page. Rejects if the login cannot begin. */
        login: (params?: {
            /**
             * Whether the page is useless without a login: the back button then leads from the
             * login page to the page before this one.
             */
            doesCurrentHrefRequiresAuth?: boolean;
            /**
             * Added to the authorization request. A parameter that is already there is replaced,
             * except those that only the login itself decides (`parameter_reserved`).
             */
            extraQueryParams?: Record<string, string | undefined>;
            /**
             * Where the app goes after the login, instead of the current URL. The origin may be
             * left out.
             */
            redirectUrl?: string;
            /** Changes the authorization request last. */
            transformUrlBeforeRedirect?: (url: string) => string;
        }) => Promise<never>;
        initializationError: OidcInitializationError | undefined;
    };

    export type LoggedIn<DecodedIdToken extends Record<string, unknown> = Record<string, unknown>> = Common & {
        isUserLoggedIn: true;
        /**
         * Renews the tokens. Rejects with an `OidcInitializationError` if the server cannot be
         * reached or its response is not valid.
         */
        renewTokens(params?: { extraTokenParams?: Record<string, string | undefined> }): Promise<void>;
        /**
         * Returns the tokens. Renews them first if less than 30 seconds of the access token are
         * left, by refresh token or in a hidden iframe; if only a redirect can renew them, once it
         * has expired. A token that never has 30 seconds left is renewed at each call. If a renewal
         * fails, the tokens are returned as long as they are valid, and the next renewal comes 30
         * seconds later.
         */
        getTokens: () => Promise<Tokens<DecodedIdToken>>;
        subscribeToTokensChange: (onTokenChange: (tokens: Tokens<DecodedIdToken>) => void) => {
            unsubscribeFromTokensChange: () => void;
        };
        getDecodedIdToken: () => DecodedIdToken;
        /**
         * Lets a dedicated worker call APIs with this client's access tokens. Its script imports
         * `countersign/worker` first; then its `fetch` and `XMLHttpRequest` send them as DPoP to
         * `origins` (like `https://api.example.com`), and nowhere else. Rejects with a `TypeError`
         * for anything but a dedicated worker and a list of origins. Wait for the first call of a
         * client, and only then give the worker a token; a later call takes effect at once.
         */
        connectWorker: (worker: Worker, params: { origins: readonly string[] }) => Promise<void>;
        /** Leaves the page. */
        logout: (
            params: { redirectTo: "home" | "current page" } | { redirectTo: "specific url"; url: string }
        ) => Promise<never>;
        /**
         * Leaves the page for the authorization server although there is a session, for example to
         * update a profile.
         */
        goToAuthServer: (params: {
            extraQueryParams?: Record<string, string | undefined>;
            redirectUrl?: string;
            transformUrlBeforeRedirect?: (url: string) => string;
        }) => Promise<never>;
        /**
         * Calls back each second while the user is inactive; with `undefined` once there is
         * activity again.
         */
        subscribeToAutoLogoutCountdown: (tickCallback: (params: { secondsLeft: number | undefined }) => void) => {
            unsubscribeFromAutoLogoutCountdown: () => void;
        };
        /**
         * Set after `login` or `goToAuthServer`: what was added to the request, and what the
         * authorization server answered besides the code. For example
         * `{ extraQueryParams: { kc_action: "UPDATE_PASSWORD" }, result: { kc_action_status: "success" } }`.
         */
        backFromAuthServer:
            | { extraQueryParams: Record<string, string>; result: Record<string, string> }
            | undefined;
        /**
         * Whether this is the tab's first page load with this user logged in: false after a reload.
         */
        isNewBrowserSession: boolean;
    };

    export type Tokens<DecodedIdToken extends Record<string, unknown> = Tokens.DecodedIdToken_OidcCoreSpec> =
        | Tokens.WithRefreshToken<DecodedIdToken>
        | Tokens.WithoutRefreshToken<DecodedIdToken>;

    export namespace Tokens {
        export type Common<DecodedIdToken> = {
            accessToken: string;
            /** Milliseconds since the epoch, by the server's clock. */
            accessTokenExpirationTime: number;
            idToken: string;
            /** The claims of the id_token as `decodedIdTokenSchema` returned them. */
            decodedIdToken: DecodedIdToken;
            /** The claims as the server sent them. */
            decodedIdToken_original: DecodedIdToken_OidcCoreSpec;
            /** `iat` of the id_token: milliseconds since the epoch, by the server's clock. */
            issuedAtTime: number;
            /** Compare expiration times with this, not with the local clock. */
            getServerDateNow: () => number;
        };

        export type WithRefreshToken<DecodedIdToken> = Common<DecodedIdToken> & {
            hasRefreshToken: true;
            refreshToken: string;
            /**
             * Milliseconds since the epoch, by the server's clock; `undefined` if the server did
             * not tell.
             */
            refreshTokenExpirationTime: number | undefined;
        };

        export type WithoutRefreshToken<DecodedIdToken> = Common<DecodedIdToken> & {
            hasRefreshToken: false;
            refreshToken?: never;
            refreshTokenExpirationTime?: never;
        };

        /** OpenID Connect Core 1.0, sections 2 and 5.1. */
        export type DecodedIdToken_OidcCoreSpec = {
            iss: string;
            sub: string;
            aud: string | string[];
            exp: number;
            iat: number;
            auth_time?: number;
            nonce?: string;
            acr?: string;
            amr?: string[];
            azp?: string;
            name?: string;
            given_name?: string;
            family_name?: string;
            middle_name?: string;
            nickname?: string;
            preferred_username?: string;
            profile?: string;
            picture?: string;
            website?: string;
            email?: string;
            email_verified?: boolean;
            gender?: string;
            birthdate?: string;
            zoneinfo?: string;
            locale?: string;
            phone_number?: string;
            phone_number_verified?: boolean;
            address?: Record<string, unknown>;
            updated_at?: number;
            [claimName: string]: unknown;
        };
    }
}

/**
 * Makes an app's own object of who is logged in, for the adapters' `withUser`. Called once there
 * are tokens, and again when their claims have changed.
 */
export type CreateUser<User> = (params: {
    /** The claims as the server sent them. */
    decodedIdToken: Oidc.Tokens.DecodedIdToken_OidcCoreSpec;
    accessToken: string;
    /** Asks the authorization server (OpenID Connect Core 1.0, 5.3). */
    fetchUserInfo: () => Promise<{ [key: string]: unknown; sub: string }>;
    issuerUri: string;
    /** What the last call returned. */
    user_current: User | undefined;
}) => User | Promise<User>;
