/**
 * A client without an authorization server. It has no engine, makes no request, and works in a
 * page, in jsdom and in Node.
 */
import type { Oidc } from "../core/types.js";
import { own } from "../page/own.js";
import { safe } from "../page/safe.js";

export type ParamsOfCreateMockOidc<
    DecodedIdToken extends Record<string, unknown> = Record<string, unknown>,
    AutoLogin extends boolean = false
> = {
    mockedParams?: { issuerUri?: string; clientId?: string };
    /** What is not given has a default, but for `decodedIdToken`: reading it throws. */
    mockedTokens?: Partial<Oidc.Tokens<DecodedIdToken>>;
    /** Where `logout({ redirectTo: "home" })` goes; `"/"` by default. */
    BASE_URL?: string;
    autoLogin?: AutoLogin;
    postLoginRedirectUrl?: string;
} & (AutoLogin extends true
    ? { isUserInitiallyLoggedIn?: true }
    : {
          /** Until `login` or `logout` is called. */
          isUserInitiallyLoggedIn: boolean;
      });

/** In the URL after `login` and `logout`, until the client has read it. */
const PARAMETER = "isUserLoggedIn";
/** The last moment that `Date` knows. */
const NEVER_MILLISECONDS = 8.64e15;

const page = (): Location | undefined =>
    typeof location === "object" && /^https?:/.test(location.href) ? location : undefined;
const loadedFrom = page()?.href;

/**
 * Creates a client that behaves like one of `createOidc`, as far as no authorization server is
 * needed: `login` and `logout` load the page again, with the query parameter `isUserLoggedIn`, which
 * the client takes out of the URL. Where there is no page, they reject.
 */
export async function createMockOidc<
    DecodedIdToken extends Record<string, unknown> = Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
    AutoLogin extends boolean = false
>(
    params: ParamsOfCreateMockOidc<DecodedIdToken, AutoLogin>
): Promise<AutoLogin extends true ? Oidc.LoggedIn<DecodedIdToken> : Oidc<DecodedIdToken>> {
    const { mockedParams, mockedTokens = {}, BASE_URL, autoLogin, postLoginRedirectUrl, isUserInitiallyLoggedIn } = own(params);
    const mocked = own(mockedParams);
    const here = () => page()?.href ?? "http://localhost/";
    const home = new URL(BASE_URL || "/", here()).href.replace(/\/?$/, "/");
    const common: Oidc.Common = {
        issuerUri: mocked.issuerUri ?? "https://mock.example",
        clientId: mocked.clientId ?? "mock",
        validRedirectUri: home
    };
    const leave = async (target: string | undefined, isLoggedIn: boolean): Promise<never> => {
        const place = page();
        if (!place) {
            throw new Error("countersign: login() and logout() of a mocked client load a page, and there is none here.");
        }
        const url = inOrigin(target ?? place.href, place.href);
        if (!url) {
            throw notInApp(`${target}`, home);
        }
        url.searchParams.set(PARAMETER, `${isLoggedIn}`);
        place.href = url.href;
        return new Promise(() => {});
    };

    // A router may have changed the URL since the page was loaded.
    const asked = [here(), loadedFrom].map(href => href && new URL(href).searchParams.get(PARAMETER)).find(Boolean);
    const url = new URL(here());
    if (url.searchParams.has(PARAMETER)) {
        url.searchParams.delete(PARAMETER);
        history.replaceState(history.state, "", url);
    }

    let oidc: Oidc<DecodedIdToken>;
    if (asked ? asked === "true" : (isUserInitiallyLoggedIn ?? true)) {
        const tokens = mockTokens(own(mockedTokens), common);
        oidc = {
            ...common,
            isUserLoggedIn: true,
            backFromAuthServer: undefined,
            isNewBrowserSession: false,
            getTokens: async () => tokens,
            getDecodedIdToken: () => tokens.decodedIdToken,
            renewTokens: async () => {},
            subscribeToTokensChange: () => ({ unsubscribeFromTokensChange: () => {} }),
            subscribeToAutoLogoutCountdown: () => ({ unsubscribeFromAutoLogoutCountdown: () => {} }),
            connectWorker: async () => {},
            goToAuthServer: how => leave(own(how).redirectUrl, true),
            logout: given => {
                const how = own(given);
                return leave(how.redirectTo === "home" ? home : how.redirectTo === "specific url" ? how.url : undefined, false);
            }
        };
    } else {
        const login: Oidc.NotLoggedIn["login"] = how => leave(own(how).redirectUrl ?? postLoginRedirectUrl, true);
        oidc = { ...common, isUserLoggedIn: false, initializationError: undefined, login };
        if (autoLogin) {
            await safe(login());
        }
    }
    return oidc as AutoLogin extends true ? Oidc.LoggedIn<DecodedIdToken> : Oidc<DecodedIdToken>;
}

/** Returns the URL if it is one of the page's origin. (What is in a `blob:` URL has an origin too.) */
function inOrigin(target: string, href: string): URL | undefined {
    try {
        const url = new URL(target, href);
        const { origin, protocol } = new URL(href);
        return url.origin === origin && url.protocol === protocol ? url : undefined;
    } catch {
        return undefined;
    }
}

/** The error of the real client, whose module is not loaded here. The mock takes all URLs of the page's origin. */
function notInApp(url: string, home: string): Error {
    const plain = url.slice(0, 200).replace(/[^\w.-]+/g, " ").trim();
    const message = `countersign: ${plain ? `"${plain}"` : "the URL to return to"} is not in the app at ${home}; return to a URL in it, or correct BASE_URL.`;
    return Object.assign(new Error(message), { name: "OidcInitializationError", code: "redirect_url_invalid", isAuthServerLikelyDown: false });
}

function mockTokens<DecodedIdToken extends Record<string, unknown>>(
    given: Partial<Oidc.Tokens<DecodedIdToken>>,
    { issuerUri: iss, clientId: aud }: Oidc.Common
): Oidc.Tokens<DecodedIdToken> {
    const issuedAtTime = Date.now();
    const { decodedIdToken } = given;
    const iat = Math.floor(issuedAtTime / 1000);
    const all = {
        accessToken: "mocked-access-token",
        accessTokenExpirationTime: NEVER_MILLISECONDS,
        idToken: "mocked-id-token",
        decodedIdToken: decodedIdToken ?? missing(),
        decodedIdToken_original: { iss, aud, sub: "mock", iat, exp: NEVER_MILLISECONDS / 1000, ...decodedIdToken },
        issuedAtTime,
        getServerDateNow: () => Date.now(),
        hasRefreshToken: given.refreshToken !== undefined,
        ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    };
    const refresh = { refreshToken: "mocked-refresh-token", refreshTokenExpirationTime: undefined, ...all };
    return (all.hasRefreshToken ? refresh : all) as Oidc.Tokens<DecodedIdToken>;
}

/** Nobody knows which claims the app expects: an empty object would be a wrong one. */
function missing<DecodedIdToken extends object>(): DecodedIdToken {
    const refuse = (): never => {
        throw new Error("countersign: the mocked client has no id_token: give it decodedIdToken_mock (createMockOidc: mockedTokens.decodedIdToken).");
    };
    return new Proxy({} as DecodedIdToken, {
        // Promises ask for `then`, and printers for symbols.
        get: (_, name) => (typeof name === "symbol" || name === "then" ? undefined : refuse()),
        has: refuse,
        ownKeys: refuse
    });
}
