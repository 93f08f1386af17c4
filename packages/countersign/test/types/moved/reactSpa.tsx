/**
 * An app as it is written for oidc-spa/react-spa, but for the package's name. It compiles against
 * ours, and against the reference (`../reference`).
 */
import { Suspense, type ReactNode } from "react";
import { createRoute, createRootRoute } from "@tanstack/react-router";
import { createBrowserRouter, type LoaderFunctionArgs } from "react-router";
import { z } from "zod";
import { oidcSpa, type GetOidc, type OidcSpaUtils, type ParamsOfBootstrap, type UseOidc } from "countersign/react-spa";
import type { OidcInitializationError } from "countersign/core";

const decodedIdTokenSchema = z.object({
    sub: z.string(),
    name: z.string(),
    email: z.email().optional(),
    realm_access: z.object({ roles: z.array(z.string()) }).optional()
});
type Claims = z.infer<typeof decodedIdTokenSchema>;

export const { bootstrapOidc, useOidc, getOidc, enforceLogin, withLoginEnforced, OidcInitializationGate } = oidcSpa
    .withExpectedDecodedIdTokenShape({ decodedIdTokenSchema, decodedIdToken_mock: { sub: "123", name: "Jane" } })
    .createUtils();

export const started: Promise<void> = bootstrapOidc(
    Math.random() < 0.5
        ? { implementation: "mock", isUserInitiallyLoggedIn: false, decodedIdToken_mock: { sub: "1", name: "Joe" }, issuerUri_mock: "", clientId_mock: "", BASE_URL: "/" }
        : {
              implementation: "real",
              issuerUri: "https://login.example.com",
              clientId: "app",
              scopes: ["profile", "email"],
              extraQueryParams: ({ isSilent }) => ({ ui_locales: isSilent ? undefined : "fr" }),
              extraTokenParams: () => ({ resource: "x" }),
              transformUrlBeforeRedirect: ({ authorizationUrl, isSilent }) => `${authorizationUrl}&s=${isSilent}`,
              warnUserSecondsBeforeAutoLogout: 45,
              idleSessionLifetimeInSeconds: 600,
              autoLogoutParams: { redirectTo: "specific url", url: "/bye" },
              sessionRestorationMethod: "auto",
              __metadata: { token_endpoint: "https://login.example.com/token" },
              BASE_URL: "/",
              disableDPoP: true,
              debugLogs: true
          }
);

export function Header(): ReactNode {
    const { isUserLoggedIn, decodedIdToken, login, logout, initializationError, autoLogoutState } = useOidc();
    if (!isUserLoggedIn) {
        const down: boolean | undefined = initializationError?.isAuthServerLikelyDown;
        return (
            <button onClick={() => login({ extraQueryParams: { kc_idp_hint: "google" }, redirectUrl: "/home", transformUrlBeforeRedirect: url => url })}>
                {down}
            </button>
        );
    }
    const name: string = decodedIdToken.name;
    const roles: string[] | undefined = decodedIdToken.realm_access?.roles;
    const seconds: number | undefined = autoLogoutState.shouldDisplayWarning ? autoLogoutState.secondsLeftBeforeAutoLogout : undefined;
    return (
        <button onClick={() => logout({ redirectTo: "home" })}>
            {name} {roles} {seconds}
        </button>
    );
}

export function Account(): ReactNode {
    const { decodedIdToken, goToAuthServer, renewTokens, backFromAuthServer, isNewBrowserSession, issuerUri, clientId, validRedirectUri } = useOidc({
        assert: "user logged in"
    });
    const status: string | undefined = backFromAuthServer?.result["kc_action_status"];
    const texts: string[] = [decodedIdToken.sub, issuerUri, clientId, validRedirectUri];
    const change = () => goToAuthServer({ extraQueryParams: { kc_action: "UPDATE_PASSWORD" }, redirectUrl: "/x" });
    const renew: () => Promise<void> = () => renewTokens({ extraTokenParams: { a: "b" } });
    return <i onClick={change} onKeyDown={renew}>{[status, isNewBrowserSession, ...texts]}</i>;
}

export function LoggedOut(): ReactNode {
    const { login, initializationError } = useOidc({ assert: "user not logged in" });
    return <i onClick={() => void login()}>{initializationError?.message}</i>;
}

export const fetchWithAuth: typeof fetch = async (input, init) => {
    const oidc = await getOidc();
    const headers = new Headers(init?.headers);
    if (oidc.isUserLoggedIn) {
        headers.set("Authorization", `Bearer ${await oidc.getAccessToken()}`);
    }
    return fetch(input, { ...init, headers });
};

export async function outside(): Promise<string> {
    const oidc = await getOidc({ assert: "user logged in" });
    oidc.subscribeToAccessTokenRotation(token => token.length).unsubscribeFromAccessTokenRotation();
    oidc.subscribeToDecodedIdTokenChange(({ name }) => name.length).unsubscribeFromDecodedIdTokenChange();
    oidc.subscribeToAutoLogoutState(state => state.shouldDisplayWarning).unsubscribeFromAutoLogoutState();
    const claims: Claims = oidc.getDecodedIdToken();
    const out = await getOidc({ assert: "user not logged in" });
    await out.login({ doesCurrentHrefRequiresAuth: false });
    return claims.email ?? oidc.validRedirectUri;
}

// React Router
export const Private = withLoginEnforced(({ text }: { text: string }) => <b>{text}</b>);
export const router = createBrowserRouter([
    { path: "/private", element: <Private text="" />, loader: async ({ request }) => { await enforceLogin({ request }); } },
    { path: "/arguments", loader: enforceLoginWithAll }
]);
async function enforceLoginWithAll(all: LoaderFunctionArgs): Promise<null> {
    await enforceLogin(all);
    return null;
}

// TanStack Router
const root = createRootRoute();
export const routes = [
    createRoute({ getParentRoute: () => root, path: "/whole", beforeLoad: enforceLogin }),
    createRoute({ getParentRoute: () => root, path: "/part", beforeLoad: ({ cause, location }) => enforceLogin({ cause, location }) })
];

export const page = (
    <Suspense>
        <OidcInitializationGate fallback={<i />}>
            <Header />
        </OidcInitializationGate>
        <OidcInitializationGate>
            <Account />
        </OidcInitializationGate>
    </Suspense>
);

// With a login for all of the app.
const auto = oidcSpa.withAutoLogin().withExpectedDecodedIdTokenShape({ decodedIdTokenSchema }).createUtils();
void auto.bootstrapOidc({ implementation: "mock" });
function Failed({ oidcInitializationError }: { oidcInitializationError: OidcInitializationError }): ReactNode {
    return oidcInitializationError.message;
}
function Who(): ReactNode {
    const { decodedIdToken, logout } = auto.useOidc();
    return <i onClick={() => logout({ redirectTo: "current page" })}>{decodedIdToken.name}</i>;
}
export const whole = (
    <auto.OidcInitializationErrorGate errorComponent={Failed}>
        <Who />
    </auto.OidcInitializationErrorGate>
);
export const token = async (): Promise<string> => (await auto.getOidc()).getAccessToken();

// The types by their names.
export const use: UseOidc<Claims> = useOidc;
export const get: GetOidc<Claims> = getOidc;
export const real: ParamsOfBootstrap.Real<false> = { implementation: "real", issuerUri: "", clientId: "" };
export const mocked: ParamsOfBootstrap.Mock<true, Claims> = { implementation: "mock" };
export const either: ParamsOfBootstrap<false, Claims>[] = [real];
export const loggedIn = (oidc: UseOidc.Oidc.LoggedIn<Claims>, other: GetOidc.Oidc.LoggedIn<Claims>): Claims[] => [oidc.decodedIdToken, other.getDecodedIdToken()];
export const notLoggedIn = (oidc: UseOidc.Oidc.NotLoggedIn, other: GetOidc.Oidc.NotLoggedIn): boolean => oidc.isUserLoggedIn || other.isUserLoggedIn;
export const utils: Pick<OidcSpaUtils<false, Claims>, "useOidc" | "getOidc"> = { useOidc, getOidc };

// must-not-compile
// @ts-expect-error Only a logged-in client has claims.
export const noClaims = (oidc: UseOidc.Oidc<Claims>): Claims => oidc.decodedIdToken;
// @ts-expect-error A name that is not of the schema.
export const noSuch = () => useOidc({ assert: "user logged in" }).decodedIdToken.nickname;
// @ts-expect-error The mock has to say it.
void bootstrapOidc({ implementation: "mock" });
// @ts-expect-error There is no real client without an issuer.
void bootstrapOidc({ implementation: "real", clientId: "app" });
// @ts-expect-error An app with autoLogin enforces nothing.
export const { enforceLogin: none } = auto;
// @ts-expect-error Said once.
oidcSpa.withAutoLogin().withAutoLogin();
// @ts-expect-error The mocked claims are those of the schema.
oidcSpa.withExpectedDecodedIdTokenShape({ decodedIdTokenSchema, decodedIdToken_mock: { sub: 1 } });
