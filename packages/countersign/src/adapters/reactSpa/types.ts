/**
 * The public types of the React adapter. Names and shapes are those of oidc-spa/react-spa, so that
 * an app moves by changing its import.
 */
import type { ComponentType, ReactNode } from "react";
import type { OidcInitializationError } from "../../core/errors/oidcInitializationError.js";
import type { ParamsOfCreateOidc } from "../../core/params.js";
import type { Oidc as Client } from "../../core/types.js";

/** Members that are there if the app has called `withUser`. */
type IfUser<User, Members> = [User] extends [never] ? unknown : Members;

/** Whether the user will soon be logged out for being inactive, and when. */
export type AutoLogoutState =
    | { shouldDisplayWarning: true; secondsLeftBeforeAutoLogout: number }
    | { shouldDisplayWarning: false };

/**
 * Returns the client to a component, which is rendered again when what it has read of it changes.
 * Suspends until the client is known. Throws the initialization error with `withAutoLogin`, and an
 * error if what the component asserts is not so.
 */
export type UseOidc<DecodedIdToken, User = never> = {
    (params?: { assert?: undefined }): UseOidc.Oidc<DecodedIdToken, User>;
    (params: { assert: "user logged in" }): UseOidc.Oidc.LoggedIn<DecodedIdToken, User>;
    (params: { assert: "user not logged in" }): UseOidc.Oidc.NotLoggedIn;
};

export declare namespace UseOidc {
    export type WithAutoLogin<DecodedIdToken, User = never> = () => Oidc.LoggedIn<DecodedIdToken, User>;

    export type Oidc<DecodedIdToken, User = never> =
        | (Oidc.NotLoggedIn & {
              decodedIdToken?: never;
              logout?: never;
              renewTokens?: never;
              goToAuthServer?: never;
              backFromAuthServer?: never;
              isNewBrowserSession?: never;
              user?: never;
              refreshUser?: never;
          })
        | (Oidc.LoggedIn<DecodedIdToken, User> & { login?: never; initializationError?: never });

    export namespace Oidc {
        export type NotLoggedIn = Client.Common & {
            isUserLoggedIn: false;
            /** As that of `createOidc`; `doesCurrentHrefRequiresAuth` is false by default. */
            login: Client.NotLoggedIn["login"];
            autoLogoutState: { shouldDisplayWarning: false };
            initializationError: OidcInitializationError | undefined;
        };

        export type LoggedIn<DecodedIdToken, User = never> = Client.Common &
            Pick<Client.LoggedIn, "logout" | "renewTokens" | "goToAuthServer" | "backFromAuthServer"> & {
                isUserLoggedIn: true;
                decodedIdToken: DecodedIdToken;
                isNewBrowserSession: boolean;
                autoLogoutState: AutoLogoutState;
            } & IfUser<
                User,
                {
                    user: User;
                    /** Renews the tokens and calls `createUser`. */
                    refreshUser: () => Promise<User>;
                }
            >;
    }
}

/**
 * Returns the client outside of components: in loaders, or where an API is called. Resolves once
 * the client is known. Rejects with the initialization error with `withAutoLogin`, on a server, and
 * if what is asserted is not so.
 */
export type GetOidc<DecodedIdToken, User = never> = {
    (params?: { assert?: undefined }): Promise<GetOidc.Oidc<DecodedIdToken, User>>;
    (params: { assert: "user logged in" }): Promise<GetOidc.Oidc.LoggedIn<DecodedIdToken, User>>;
    (params: { assert: "user not logged in" }): Promise<GetOidc.Oidc.NotLoggedIn>;
};

export declare namespace GetOidc {
    export type WithAutoLogin<DecodedIdToken, User = never> = (params?: {
        assert: "user logged in";
    }) => Promise<Oidc.LoggedIn<DecodedIdToken, User>>;

    export type Oidc<DecodedIdToken, User = never> =
        | (Oidc.NotLoggedIn & {
              getAccessToken?: never;
              subscribeToAccessTokenRotation?: never;
              getDecodedIdToken?: never;
              subscribeToDecodedIdTokenChange?: never;
              logout?: never;
              renewTokens?: never;
              goToAuthServer?: never;
              backFromAuthServer?: never;
              isNewBrowserSession?: never;
              subscribeToAutoLogoutState?: never;
              connectWorker?: never;
              getUser?: never;
          })
        | (Oidc.LoggedIn<DecodedIdToken, User> & { initializationError?: never; login?: never });

    export namespace Oidc {
        export type NotLoggedIn = Client.NotLoggedIn;

        export type LoggedIn<DecodedIdToken, User = never> = Client.Common &
            Pick<Client.LoggedIn, "logout" | "renewTokens" | "goToAuthServer" | "backFromAuthServer" | "connectWorker"> & {
                isUserLoggedIn: true;
                /** Renews the token first if it is about to expire: see `getTokens` of `createOidc`. */
                getAccessToken: () => Promise<string>;
                subscribeToAccessTokenRotation: (next: (accessToken: string) => void) => {
                    unsubscribeFromAccessTokenRotation: () => void;
                };
                getDecodedIdToken: () => DecodedIdToken;
                subscribeToDecodedIdTokenChange: (next: (decodedIdToken: DecodedIdToken) => void) => {
                    unsubscribeFromDecodedIdTokenChange: () => void;
                };
                isNewBrowserSession: boolean;
                /** Calls back at once, and each second while the warning is to be shown. */
                subscribeToAutoLogoutState: (next: (autoLogoutState: AutoLogoutState) => void) => {
                    unsubscribeFromAutoLogoutState: () => void;
                };
            } & IfUser<
                User,
                {
                    getUser: () => Promise<{
                        user: User;
                        subscribeToUserChange: (
                            onUserChange: (params: { user: User; user_previous: User | undefined }) => void
                        ) => { unsubscribeFromUserChange: () => void };
                        refreshUser: () => Promise<User>;
                    }>;
                }
            >;
    }
}

export type ParamsOfBootstrap<AutoLogin, DecodedIdToken, User = never> =
    | ParamsOfBootstrap.Real<AutoLogin>
    | ParamsOfBootstrap.Mock<AutoLogin, DecodedIdToken, User>;

export declare namespace ParamsOfBootstrap {
    /** The parameters of `createOidc`. */
    export type Real<_AutoLogin> = Omit<ParamsOfCreateOidc, "autoLogin" | "decodedIdTokenSchema" | "postLoginRedirectUrl"> & {
        implementation: "real";
        /** How long before the logout of an inactive user `autoLogoutState` says so; 60 by default. */
        warnUserSecondsBeforeAutoLogout?: number;
    };

    /** Nobody is asked, and no engine is loaded: for tests and Storybook. */
    export type Mock<AutoLogin, DecodedIdToken, User = never> = {
        implementation: "mock";
        issuerUri_mock?: string;
        clientId_mock?: string;
        /** Instead of what `withExpectedDecodedIdTokenShape` was given. */
        decodedIdToken_mock?: DecodedIdToken;
        /** Instead of what `withUser` was given. */
        user_mock?: User;
        /** Where `logout({ redirectTo: "home" })` goes; `"/"` by default. */
        BASE_URL?: string;
    } & (AutoLogin extends true ? { isUserInitiallyLoggedIn?: true } : { isUserInitiallyLoggedIn: boolean });
}

export type OidcSpaUtils<AutoLogin, DecodedIdToken, User = never> = {
    /**
     * Creates the client. Call it once, where the app starts; only the first call counts. Resolves
     * when it is known whether a user is logged in, and on a server at once.
     */
    bootstrapOidc: (params: ParamsOfBootstrap<AutoLogin, DecodedIdToken, User>) => Promise<void>;
    useOidc: AutoLogin extends true ? UseOidc.WithAutoLogin<DecodedIdToken, User> : UseOidc<DecodedIdToken, User>;
    getOidc: AutoLogin extends true ? GetOidc.WithAutoLogin<DecodedIdToken, User> : GetOidc<DecodedIdToken, User>;
    /** Shows `fallback` until the client is known, and on a server. */
    OidcInitializationGate: (props: { fallback?: ReactNode; children: ReactNode }) => ReactNode;
} & (AutoLogin extends true
    ? {
          /** Shows `errorComponent` instead of its children if nobody can be logged in. */
          OidcInitializationErrorGate: (props: {
              errorComponent: ComponentType<{ oidcInitializationError: OidcInitializationError }>;
              children: ReactNode;
          }) => ReactNode;
      }
    : {
          /**
           * For the loaders of a router: leaves the page for a login if there is none, and comes
           * back to the URL that is being opened. Takes the arguments of React Router's loaders and
           * of TanStack Router's `beforeLoad`. Throws for a route that is only preloaded.
           */
          enforceLogin: (loaderContext: {
              request?: { url?: string };
              cause?: "preload" | string;
              location?: { href?: string; publicHref?: string };
          }) => Promise<void | never>;
          /** Returns the component, which leaves the page for a login if there is none. */
          withLoginEnforced: <Props extends Record<string, unknown>>(
              component: ComponentType<Props>
          ) => (props: Props) => ReactNode;
      });
