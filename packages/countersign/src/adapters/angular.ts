/**
 * The adapter for Angular: a service that an app extends, its providers, an HTTP interceptor and a
 * route guard. Names and shapes are those of oidc-spa.
 *
 * What is known of the user stands in signals, so templates need neither zone.js nor a word from us.
 */
import { isPlatformBrowser, Location, PlatformLocation } from "@angular/common";
import type { HttpInterceptorFn, HttpRequest } from "@angular/common/http";
import {
    APP_INITIALIZER,
    computed,
    EnvironmentInjector,
    inject,
    makeEnvironmentProviders,
    PLATFORM_ID,
    runInInjectionContext,
    signal,
    type EnvironmentProviders,
    type Signal,
    type Type
} from "@angular/core";
import type { ActivatedRouteSnapshot, RouterStateSnapshot } from "@angular/router";
import { from, ReplaySubject, Subject, switchMap, type Observable } from "rxjs";
import type { OidcInitializationError } from "../core/errors/oidcInitializationError.js";
import type { ParamsOfCreateOidc } from "../core/params.js";
import type { Oidc } from "../core/types.js";
import { own } from "../page/own.js";
import { safe } from "../page/safe.js";
import { loadCore } from "./door.js";

/** The options of `createOidc` that are the same for each service of this kind, and one more. */
export type ParamsOfProvide = Omit<ParamsOfCreateOidc<any, boolean>, "BASE_URL" | "decodedIdTokenSchema"> & {
    /**
     * From how many seconds before the automatic logout `$secondsLeftBeforeAutoLogout` counts; 60
     * by default.
     */
    warnUserSecondsBeforeAutoLogout?: number;
};

export type ParamsOfProvideMock = {
    mockIssuerUri?: string;
    mockClientId?: string;
    mockAccessToken?: string;
    /** `true` by default. */
    isUserInitiallyLoggedIn?: boolean;
};

/** An observable whose present value can be read. */
export interface ReadonlyBehaviorSubject<T> extends Observable<T> {
    /** Throws an `OidcAccessedTooEarlyError` before the value is known. */
    getValue(): T;
}

/** What was read is known only once `prInitialized` has resolved, or only of a user. */
export class OidcAccessedTooEarlyError extends Error {
    override name = "OidcAccessedTooEarlyError";
}

type Claims = Record<string, unknown>;
type State<T extends Claims> = { oidc: Oidc<T> | undefined; initializationError: OidcInitializationError | undefined };
type LoginParams = Omit<NonNullable<Parameters<Oidc.NotLoggedIn["login"]>[0]>, "doesCurrentHrefRequiresAuth">;

/** Leaves out what is `undefined`. */
const present = <O extends object>(options: O): { [K in keyof O]?: Exclude<O[K], undefined> } =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

/** After how many milliseconds a request that waits for the parameters' own callback is reported. */
const DEADLOCK_MS = 4_000;

export abstract class AbstractOidcService<T extends Claims = Oidc.Tokens.DecodedIdToken_OidcCoreSpec> {
    /** Whether the page needs a user: it goes to the login page at once where there is none. */
    protected autoLogin: boolean = false;
    /** Whether Angular starts the app only when it is known whether a user is logged in. */
    protected providerAwaitsInitialization: boolean = true;
    protected decodedIdTokenSchema: ParamsOfCreateOidc<T>["decodedIdTokenSchema"] = undefined;
    /** The claims of `provideMock`'s user. */
    protected mockDecodedIdToken: (() => Promise<T>) | T | undefined = undefined;
    /**
     * Accepted for apps of oidc-spa, and without effect: what `shouldInjectAccessToken` cannot tell
     * yet, it is asked again.
     */
    protected allowDecodedIdTokenAccessInShouldInjectAccessToken: boolean = false;

    readonly #state = signal<State<T> | undefined>(undefined);
    readonly #claims = signal<T | undefined>(undefined);
    readonly #secondsLeft = signal<number | null>(null);
    readonly #claims$ = new ReplaySubject<T>(1);
    readonly #rotation$ = new Subject<string>();
    #warnSeconds = 60;
    #isReadingParams = false;
    #settle!: { resolve: (value: true) => void; reject: (cause: unknown) => void };
    readonly #ready: Promise<true> = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));

    /** Resolves when it is known whether a user is logged in, or why that cannot be known. */
    readonly prInitialized: Promise<true> = this.#ready.then(() => true);

    /** Makes the service known to the app; a function is called when the app starts. */
    static provide(params: ParamsOfProvide | (() => Promise<ParamsOfProvide>)): EnvironmentProviders {
        return AbstractOidcService.#provideBy(this, async (service, BASE_URL) => {
            // Angular's bundle holds this adapter, so the client itself stays a chunk of its own.
            const [{ createOidc }, { warnUserSecondsBeforeAutoLogout, ...rest }] = await safe(Promise.all([
                loadCore(),
                service.#readParams(params)
            ]));
            service.#warnSeconds = warnUserSecondsBeforeAutoLogout ?? service.#warnSeconds;
            return createOidc<Claims, boolean>({
                ...present({ BASE_URL, decodedIdTokenSchema: service.decodedIdTokenSchema }),
                autoLogin: service.autoLogin,
                ...rest
            });
        });
    }

    /** As `provide`, with a user who is made up: no server, no engine. */
    static provideMock(given: ParamsOfProvideMock = {}): EnvironmentProviders {
        const params = own(given);
        return AbstractOidcService.#provideBy(this, async (service, BASE_URL) => {
            const { createMockOidc } = await safe(import("./mockOidc.js"));
            const { mockDecodedIdToken: mock } = service;
            const decodedIdToken = typeof mock === "function" ? await safe(mock()) : mock;
            return createMockOidc<Claims, boolean>({
                ...present({ BASE_URL }),
                autoLogin: service.autoLogin,
                isUserInitiallyLoggedIn: service.autoLogin || (params.isUserInitiallyLoggedIn ?? true),
                mockedParams: present({ issuerUri: params.mockIssuerUri, clientId: params.mockClientId }),
                mockedTokens: present({ accessToken: params.mockAccessToken, decodedIdToken })
            });
        });
    }

    /**
     * Adds the access token to requests of `HttpClient`: `Authorization: Bearer`, which leaves the
     * page as `Authorization: DPoP` with a proof.
     *
     * @param params.shouldInjectAccessToken Whether this request is one of the app's API. It may
     * inject services. If it reads what is not known yet, the request waits.
     */
    static createBearerInterceptor(params: {
        shouldInjectAccessToken: (req: HttpRequest<unknown>) => boolean;
    }): HttpInterceptorFn {
        return (request, next) => {
            const service = inject(this as unknown as Type<AbstractOidcService>);
            const injector = inject(EnvironmentInjector);
            const ask = () => runInInjectionContext(injector, () => own(params).shouldInjectAccessToken(request));
            let answer: boolean | undefined;
            try {
                answer = ask();
            } catch (error) {
                if (!(error instanceof OidcAccessedTooEarlyError) || service.#state()) {
                    throw error;
                }
            }
            if (answer === false) {
                return next(request);
            }
            return from(service.#tokenFor(request, () => answer ?? ask())).pipe(
                switchMap(token =>
                    next(token === undefined ? request : request.clone(own({ setHeaders: { Authorization: `Bearer ${token}` } })))
                )
            );
        };
    }

    /** `canActivate: [Oidc.enforceLoginGuard]`: who is not logged in goes to the login page. */
    static get enforceLoginGuard(): (route: ActivatedRouteSnapshot, state: RouterStateSnapshot) => Promise<boolean> {
        return async (_, { url }) => {
            const service = inject(this as unknown as Type<AbstractOidcService>);
            const location = inject(Location);
            await safe(service.#ready);
            const oidc = service.#oidc("enforceLoginGuard");
            if (!oidc.isUserLoggedIn) {
                await safe(
                    oidc.login({
                    doesCurrentHrefRequiresAuth: location.path(true) === url,
                    redirectUrl: new URL(location.prepareExternalUrl(url), document.baseURI).href
                    })
                );
            }
            return true;
        };
    }

    /** Why nothing is known of a user. With `autoLogin` all other members throw then. */
    get initializationError(): OidcInitializationError | undefined {
        return this.#known("initializationError").initializationError;
    }

    get issuerUri(): string {
        return this.#oidc("issuerUri").issuerUri;
    }

    get clientId(): string {
        return this.#oidc("clientId").clientId;
    }

    get validRedirectUri(): string {
        return this.#oidc("validRedirectUri").validRedirectUri;
    }

    get isUserLoggedIn(): boolean {
        return this.#oidc("isUserLoggedIn").isUserLoggedIn;
    }

    get isNewBrowserSession(): boolean {
        return this.#user("isNewBrowserSession").isNewBrowserSession;
    }

    get backFromAuthServer(): Oidc.LoggedIn["backFromAuthServer"] {
        return this.#user("backFromAuthServer").backFromAuthServer;
    }

    /** Leaves the page. */
    async login(params?: LoginParams): Promise<never> {
        await safe(this.#ready);
        const oidc = this.#oidc("login()");
        if (oidc.isUserLoggedIn) {
            throw new Error("countersign: login() was called, but the user is logged in; call goToAuthServer() instead");
        }
        return oidc.login({ ...params, doesCurrentHrefRequiresAuth: false });
    }

    async renewTokens(params?: Parameters<Oidc.LoggedIn["renewTokens"]>[0]): Promise<void> {
        await safe(this.#ready);
        return this.#user("renewTokens()").renewTokens(params);
    }

    /** Leaves the page. */
    async logout(params: Parameters<Oidc.LoggedIn["logout"]>[0]): Promise<never> {
        await safe(this.#ready);
        return this.#user("logout()").logout(params);
    }

    /** Leaves the page for the authorization server although a user is logged in. */
    async goToAuthServer(params: Parameters<Oidc.LoggedIn["goToAuthServer"]>[0]): Promise<never> {
        await safe(this.#ready);
        return this.#user("goToAuthServer()").goToAuthServer(params);
    }

    async getAccessToken(): Promise<
        { isUserLoggedIn: false; accessToken?: never } | { isUserLoggedIn: true; accessToken: string }
    > {
        await safe(this.#ready);
        const oidc = this.#oidc("getAccessToken()");
        return oidc.isUserLoggedIn
            ? { isUserLoggedIn: true, accessToken: (await safe(oidc.getTokens())).accessToken }
            : { isUserLoggedIn: false };
    }

    /** The user's claims, and those of each renewal that changes them. Nothing without a user. */
    readonly decodedIdToken$: ReadonlyBehaviorSubject<T> = Object.assign(this.#claims$.asObservable(), {
        getValue: () => this.$decodedIdToken()
    });

    /** The user's claims. Throws where there is no user, or not yet. */
    readonly $decodedIdToken: Signal<T> = computed(() => this.#claims() ?? (this.#user("$decodedIdToken()"), undefined as never));

    /** Each access token that replaces another. */
    readonly accessTokenRotation$: Observable<string> = this.#rotation$.asObservable();

    /** Set while an inactive user is about to be logged out (`warnUserSecondsBeforeAutoLogout`). */
    readonly $secondsLeftBeforeAutoLogout: Signal<number | null> = this.#secondsLeft.asReadonly();

    async #readParams(params: ParamsOfProvide | (() => Promise<ParamsOfProvide>)): Promise<ParamsOfProvide> {
        if (typeof params !== "function") {
            return own(params);
        }
        this.#isReadingParams = true;
        try {
            return own(await safe(params()));
        } finally {
            this.#isReadingParams = false;
        }
    }

    async #tokenFor(request: HttpRequest<unknown>, ask: () => boolean): Promise<string | undefined> {
        const timer =
            this.#isReadingParams &&
            setTimeout(
                () =>
                    console.warn(
                        `countersign: ${request.method} ${request.urlWithParams} waits for an access token, and the callback ` +
                            "of provide(), which has not ended, may wait for this request: let shouldInjectAccessToken " +
                            "return false for it before it reads anything of the service"
                    ),
                DEADLOCK_MS
            );
        try {
            await safe(this.#ready);
        } finally {
            timer !== false && clearTimeout(timer);
        }
        if (!ask()) {
            return undefined;
        }
        const user = this.#user(`an access token for ${request.method} ${request.urlWithParams}`);
        return (await safe(user.getTokens())).accessToken;
    }

    #known(what: string): State<T> {
        const state = this.#state();
        if (!state) {
            throw new OidcAccessedTooEarlyError(
                `countersign: ${what} is not known before prInitialized has resolved: wait for that, or in a template write ` +
                    "@defer (when oidc.prInitialized | async) { ... } @placeholder { ... }"
            );
        }
        return state;
    }

    #oidc(what: string): Oidc<T> {
        const { oidc, initializationError } = this.#known(what);
        if (!oidc) {
            throw new Error(`countersign: ${what} was asked for, but the client could not start; look at initializationError first`, {
                cause: initializationError
            });
        }
        return oidc;
    }

    #user(what: string): Oidc.LoggedIn<T> {
        const oidc = this.#oidc(what);
        if (!oidc.isUserLoggedIn) {
            throw new OidcAccessedTooEarlyError(`countersign: ${what} was asked for, but no user is logged in; look at isUserLoggedIn first`);
        }
        return oidc;
    }

    async #initialize(create: Promise<Oidc<T>>): Promise<void> {
        let oidc: Oidc<T>;
        try {
            oidc = await safe(create);
        } catch (error) {
            if ((error as Error | null)?.name !== "OidcInitializationError") {
                this.#settle.reject(error);
                throw error;
            }
            this.#state.set({ oidc: undefined, initializationError: error as OidcInitializationError });
            this.#settle.resolve(true);
            return;
        }
        if (oidc.isUserLoggedIn) {
            const { getDecodedIdToken } = oidc;
            const take = () => {
                const claims = getDecodedIdToken();
                if (claims !== this.#claims()) {
                    this.#claims.set(claims);
                    this.#claims$.next(claims);
                }
            };
            take();
            oidc.subscribeToTokensChange(({ accessToken }) => {
                take();
                this.#rotation$.next(accessToken);
            });
            oidc.subscribeToAutoLogoutCountdown(countdown => {
                const { secondsLeft = Infinity } = own(countdown);
                this.#secondsLeft.set(secondsLeft > this.#warnSeconds ? null : secondsLeft);
            });
        }
        this.#state.set({ oidc, initializationError: oidc.isUserLoggedIn ? undefined : oidc.initializationError });
        this.#settle.resolve(true);
    }

    /** Provides a service, and starts it when the app starts in a browser. */
    static #provideBy(
        service: unknown,
        create: (service: AbstractOidcService, BASE_URL: string | undefined) => Promise<Oidc<any>>
    ): EnvironmentProviders {
        const token = service as Type<AbstractOidcService>;
        return makeEnvironmentProviders([
            token,
            {
                // `provideAppInitializer` came with Angular 19.
                provide: APP_INITIALIZER,
                multi: true,
                useFactory: () => {
                    const injector = inject(EnvironmentInjector);
                    if (!isPlatformBrowser(inject(PLATFORM_ID))) {
                        return () => {};
                    }
                    return () => {
                        const service = injector.get(token);
                        const base = injector.get(PlatformLocation).getBaseHrefFromDOM() ?? undefined;
                        // The app's callback may inject services.
                        const created = runInInjectionContext(injector, () => create(service, base));
                        const initialized = service.#initialize(created);
                        return service.providerAwaitsInitialization ? initialized : undefined;
                    };
                }
            }
        ]);
    }
}
