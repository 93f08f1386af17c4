/** The functions that `createUtils` makes: one client, shared by the components of a page. */
import { createElement, useEffect, useState, useSyncExternalStore, type ComponentType, type ReactNode } from "react";
import type { OidcInitializationError } from "../../core/errors/oidcInitializationError.js";
import type { OidcMetadata } from "../../core/params.js";
import type { CreateUser, Oidc } from "../../core/types.js";
import { own } from "../../page/own.js";
import { safe } from "../../page/safe.js";
import { callAll } from "../callAll.js";
import { loadCore } from "../door.js";
import type { KeptUser } from "../user.js";
import type { AutoLogoutState, GetOidc, OidcSpaUtils, ParamsOfBootstrap, UseOidc } from "./types.js";

type Claims = Record<string, unknown>;
type Assertion = { assert?: "user logged in" | "user not logged in" | undefined };

/** What the builder was told. */
export interface Expected {
    autoLogin?: boolean;
    decodedIdTokenSchema?: { parse: (original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec) => Claims };
    decodedIdToken_mock?: Claims | undefined;
    createUser?: CreateUser<unknown>;
    user_mock?: unknown;
}

/** What changes while the page is there. Replaced as a whole, so that components can compare it. */
interface Changing {
    decodedIdToken: Claims | undefined;
    autoLogoutState: AutoLogoutState;
    user: unknown;
}

const NO_WARNING: AutoLogoutState & { shouldDisplayWarning: false } = { shouldDisplayWarning: false };

const isServer = (): boolean => typeof document !== "object";

function fail(sentence: string): never {
    throw new Error(`countersign: ${sentence}`);
}

function check(oidc: Oidc<Claims>, assertion: Assertion): void {
    const { assert } = own(assertion);
    if (assert !== undefined && oidc.isUserLoggedIn !== (assert === "user logged in")) {
        fail(`the app asserts "${assert}", but the user is ${oidc.isUserLoggedIn ? "" : "not "}logged in.`);
    }
}

/** A promise and its end. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
    let resolve!: () => void;
    return { promise: new Promise<void>(end => (resolve = end)), resolve };
}

export function createUtils<AutoLogin, DecodedIdToken, User>(told: Expected): OidcSpaUtils<AutoLogin, DecodedIdToken, User> {
    const expected = own(told);
    let bootstrapped: Promise<void> | undefined;
    let isMocked = false;
    let oidc: Oidc<Claims> | undefined;
    let error: OidcInitializationError | undefined;
    let user: KeptUser<unknown> | undefined;
    let isReady = false;
    /** The client is known: `createUser` may ask for it. */
    const known = deferred();
    /** So is the user. */
    const ready = deferred();

    let changing: Changing = { decodedIdToken: undefined, autoLogoutState: NO_WARNING, user: undefined };
    const listeners = new Set<(now: Changing, before: Changing) => void>();
    const subscribe = (listener: (now: Changing, before: Changing) => void): (() => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
    };
    const change = (what: Partial<Changing>): void => {
        const before = changing;
        changing = { ...changing, ...what };
        callAll(listeners, changing, before);
    };

    const bootstrapOidc = (params: ParamsOfBootstrap<boolean, Claims, unknown>): Promise<void> => (bootstrapped ??= bootstrap(own(params)));

    async function bootstrap(params: ParamsOfBootstrap<boolean, Claims, unknown>): Promise<void> {
        isMocked = params.implementation === "mock";
        if (isServer() && !isMocked) {
            return;
        }
        try {
            oidc = await safe(params.implementation === "mock" ? mock(params) : real(params));
        } catch (cause) {
            error = cause as OidcInitializationError;
        }
        if (oidc?.isUserLoggedIn) {
            const client = oidc;
            change({ decodedIdToken: client.getDecodedIdToken() });
            client.subscribeToTokensChange(({ decodedIdToken }) => {
                if (decodedIdToken !== changing.decodedIdToken) {
                    change({ decodedIdToken });
                }
            });
        }
        known.resolve();
        // Whoever has waited for the client does not wait for the user.
        void prepareUser(params);
    }

    async function mock(params: ParamsOfBootstrap.Mock<boolean, Claims, unknown>): Promise<Oidc<Claims>> {
        const { createMockOidc } = await safe(import("../mockOidc.js"));
        const { BASE_URL, issuerUri_mock: issuerUri, clientId_mock: clientId, isUserInitiallyLoggedIn } = params;
        const decodedIdToken = params.decodedIdToken_mock ?? expected.decodedIdToken_mock;
        return createMockOidc<Claims, boolean>({
            autoLogin: !!expected.autoLogin,
            isUserInitiallyLoggedIn: isUserInitiallyLoggedIn as true,
            mockedParams: { ...(issuerUri && { issuerUri }), ...(clientId && { clientId }) },
            mockedTokens: decodedIdToken ? { decodedIdToken } : {},
            ...(BASE_URL !== undefined && { BASE_URL })
        });
    }

    async function real(params: ParamsOfBootstrap.Real<boolean>): Promise<Oidc<Claims>> {
        const { implementation: _, warnUserSecondsBeforeAutoLogout = 60, ...rest } = params;
        const { autoLogin = false, decodedIdTokenSchema } = expected;
        const { createOidc } = await safe(loadCore());
        const options = { ...rest, autoLogin, ...(decodedIdTokenSchema && { decodedIdTokenSchema }) };
        const client: Oidc<Claims> = await safe(createOidc<Claims, boolean>(options));
        if (client.isUserLoggedIn) {
            client.subscribeToAutoLogoutCountdown(({ secondsLeft }) => {
                const isDue = secondsLeft !== undefined && secondsLeft <= warnUserSecondsBeforeAutoLogout;
                if (isDue || changing.autoLogoutState.shouldDisplayWarning) {
                    change({ autoLogoutState: isDue ? { shouldDisplayWarning: true, secondsLeftBeforeAutoLogout: secondsLeft } : NO_WARNING });
                }
            });
        }
        return client;
    }

    async function prepareUser(params: ParamsOfBootstrap<boolean, Claims, unknown>): Promise<void> {
        const { createUser } = expected;
        try {
            if (createUser && oidc?.isUserLoggedIn) {
                user = await safe(params.implementation === "mock" ? mockUser(params) : keep(oidc, createUser, params.__metadata));
                change({ user: user.current() });
                user.subscribe(({ user }) => change({ user }));
            }
        } catch (cause) {
            error = cause as OidcInitializationError;
            if (!isMocked) {
                const { OidcInitializationError } = await safe(loadCore());
                error = new OidcInitializationError({ messageOrCause: cause instanceof Error ? cause : `${cause}` });
            }
        }
        isReady = true;
        ready.resolve();
        callAll(listeners, changing, changing);
    }

    async function keep(
        client: Oidc.LoggedIn<Claims>,
        createUser: CreateUser<unknown>,
        metadata?: Partial<OidcMetadata>
    ): Promise<KeptUser<unknown>> {
        const { keepUser } = await safe(import("../user.js"));
        return keepUser(client as Oidc.LoggedIn, createUser, metadata);
    }

    async function mockUser(params: ParamsOfBootstrap.Mock<boolean, Claims, unknown>): Promise<KeptUser<unknown>> {
        const user =
            params.user_mock ??
            expected.user_mock ??
            fail("the mocked client has no user: give user_mock to withUser() or to bootstrapOidc().");
        return { current: () => user, subscribe: () => () => {}, refresh: async () => user };
    }

    /** Returns the client to a component that is being rendered, or suspends it. */
    function read(assertion: Assertion): Oidc<Claims> {
        if (!isReady) {
            if (isServer() && !isMocked) {
                fail("useOidc() has no client on a server; render the component in <OidcInitializationGate> or in the browser only.");
            }
            throw ready.promise;
        }
        if (error) {
            throw error;
        }
        check(oidc!, assertion);
        return oidc!;
    }

    function useOidc(params: Assertion = {}): UseOidc.Oidc<Claims, unknown> {
        const client = read(params);
        const [{ used, snapshot }] = useState(track);
        useSyncExternalStore(subscribe, snapshot, snapshot);
        const { issuerUri, clientId, validRedirectUri } = client;
        const common = { issuerUri, clientId, validRedirectUri };
        if (!client.isUserLoggedIn) {
            const { initializationError } = client;
            return {
                ...common,
                isUserLoggedIn: false,
                initializationError,
                autoLogoutState: NO_WARNING,
                login: how => client.login({ doesCurrentHrefRequiresAuth: false, ...how })
            };
        }
        const { logout, renewTokens, goToAuthServer, backFromAuthServer, isNewBrowserSession } = client;
        const use = <Name extends keyof Changing>(name: Name): Changing[Name] => {
            used.add(name);
            return changing[name];
        };
        return {
            ...common,
            ...{ isUserLoggedIn: true, logout, renewTokens, goToAuthServer, backFromAuthServer, isNewBrowserSession },
            get decodedIdToken() {
                return use("decodedIdToken")!;
            },
            get autoLogoutState() {
                return use("autoLogoutState");
            },
            get user() {
                return use("user");
            },
            refreshUser: user?.refresh
        } as UseOidc.Oidc<Claims, unknown>;
    }

    /** Remembers what a component reads, so that only a change of it renders the component again. */
    function track(): { used: Set<keyof Changing>; snapshot: () => Changing } {
        const used = new Set<keyof Changing>();
        let last = changing;
        const snapshot = (): Changing => {
            if ([...used].some(name => last[name] !== changing[name])) {
                last = changing;
            }
            return last;
        };
        return { used, snapshot };
    }

    let exposed: GetOidc.Oidc<Claims, unknown> | undefined;

    async function getOidc(params: Assertion = {}): Promise<GetOidc.Oidc<Claims, unknown>> {
        if (isServer() && !isMocked) {
            fail("getOidc() has no client on a server; call it in the browser only.");
        }
        await safe(known.promise);
        if (!oidc) {
            throw error;
        }
        check(oidc, params);
        return (exposed ??= oidc.isUserLoggedIn ? exposeLoggedIn(oidc) : oidc);
    }

    function exposeLoggedIn(client: Oidc.LoggedIn<Claims>): GetOidc.Oidc.LoggedIn<Claims, unknown> {
        const { getTokens, subscribeToTokensChange, subscribeToAutoLogoutCountdown: _, ...rest } = client;
        return {
            ...rest,
            getAccessToken: async () => (await safe(getTokens())).accessToken,
            subscribeToAccessTokenRotation: next => ({
                unsubscribeFromAccessTokenRotation: subscribeToTokensChange(({ accessToken }) => next(accessToken)).unsubscribeFromTokensChange
            }),
            subscribeToDecodedIdTokenChange: next => ({
                unsubscribeFromDecodedIdTokenChange: subscribe(({ decodedIdToken: now }, before) => now !== before.decodedIdToken && next(now!))
            }),
            subscribeToAutoLogoutState: next => {
                next(changing.autoLogoutState);
                return {
                    unsubscribeFromAutoLogoutState: subscribe(({ autoLogoutState: now }, before) => now !== before.autoLogoutState && next(now))
                };
            },
            getUser: async () => {
                await safe(ready.promise);
                const { current, subscribe, refresh } = user ?? (error ? raise(error) : fail("getUser() needs withUser()."));
                return {
                    user: current(),
                    subscribeToUserChange: onUserChange => ({ unsubscribeFromUserChange: subscribe(onUserChange) }),
                    refreshUser: refresh
                };
            }
        };
    }

    async function enforceLogin(given: {
        request?: { url?: string };
        cause?: string;
        location?: { href?: string; publicHref?: string };
    }): Promise<void> {
        const context = own(given);
        const place = own(context.location);
        const { isUserLoggedIn, login } = own((await safe(getOidc())) as GetOidc.Oidc.NotLoggedIn);
        if (isUserLoggedIn) {
            return;
        }
        if (context.cause === "preload") {
            fail("the route is only preloaded, and needs a login. Nothing is wrong: the router tries again when the route is opened.");
        }
        const { href } = window.location;
        const url = new URL(context.request?.url ?? place.publicHref ?? place.href ?? href, href).href;
        // In the middle of a navigation the page is still where the user came from.
        await safe(login({ redirectUrl: url, doesCurrentHrefRequiresAuth: withoutSlash(url) === withoutSlash(href) }));
    }

    let leaving: Promise<never> | undefined;

    function withLoginEnforced(Component: ComponentType<Claims>): (props: Claims) => ReactNode {
        const WithLoginEnforced = (props: Claims): ReactNode => {
            const { isUserLoggedIn, login } = useOidc();
            const [failure, setFailure] = useState<{ cause: unknown }>();
            // A component that is rendered but never shown must not make the page leave.
            useEffect(() => {
                if (!isUserLoggedIn) {
                    leaving ??= login({ doesCurrentHrefRequiresAuth: true });
                    leaving.catch((cause: unknown) => {
                        leaving = undefined;
                        setFailure({ cause });
                    });
                }
            }, []);
            if (failure) {
                throw failure.cause;
            }
            return isUserLoggedIn ? createElement(Component, props) : null;
        };
        WithLoginEnforced.displayName = `withLoginEnforced(${Component.displayName ?? Component.name})`;
        return WithLoginEnforced;
    }

    function OidcInitializationGate(props: { fallback?: ReactNode; children: ReactNode }): ReactNode {
        const { fallback, children } = own(props);
        const isKnown = useSyncExternalStore(
            subscribe,
            () => isReady,
            () => false
        );
        return isKnown ? children : fallback;
    }

    function OidcInitializationErrorGate(props: {
        errorComponent: ComponentType<{ oidcInitializationError: OidcInitializationError }>;
        children: ReactNode;
    }): ReactNode {
        const { errorComponent, children } = own(props);
        if (!isReady && !isServer()) {
            throw ready.promise;
        }
        return error ? createElement(errorComponent, { oidcInitializationError: error }) : children;
    }

    return {
        bootstrapOidc,
        useOidc,
        getOidc,
        enforceLogin,
        withLoginEnforced,
        OidcInitializationGate,
        OidcInitializationErrorGate
    } as unknown as OidcSpaUtils<AutoLogin, DecodedIdToken, User>;
}

const withoutSlash = (url: string): string => url.replace(/\/$/, "");

function raise(error: Error): never {
    throw error;
}
