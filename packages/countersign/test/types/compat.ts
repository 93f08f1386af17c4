/** Moving over from oidc-spa is a change of import: our functions and types stand where its own are asked for. */
import type * as reference from "oidc-spa/core";
import type { OidcSpaVitePluginParams as ReferencePluginParams } from "oidc-spa/vite-plugin";
import type { oidcEarlyInit as referenceEarlyInit, ApiName as ReferenceApiName } from "oidc-spa/entrypoint";
import {
    createOidc,
    oidcEarlyInit as earlyInitOfCore,
    OidcInitializationError,
    type Oidc,
    type ParamsOfCreateOidc
} from "countersign/core";
import { oidcEarlyInit as earlyInitOfRoot } from "countersign";
import { oidcEarlyInit, type ApiName } from "countersign/entrypoint";
import { oidcSpa, countersign, type OidcSpaVitePluginParams } from "countersign/vite-plugin";
import { DPoP } from "countersign/DPoP";
import { browserRuntimeFreeze } from "countersign/browser-runtime-freeze";
import type { Expect, IsAssignable, Not } from "./assert.js";

type Claims = { sub: string; name: string };

// createOidc: called with the reference's parameters, its result used as the reference's.
export const plain: (params: reference.ParamsOfCreateOidc) => Promise<reference.Oidc> = createOidc;
export const withSchema: (params: reference.ParamsOfCreateOidc<Claims>) => Promise<reference.Oidc<Claims>> = createOidc<Claims>;
export const withAutoLogin: (params: reference.ParamsOfCreateOidc<Claims, true>) => Promise<reference.Oidc.LoggedIn<Claims>> =
    createOidc<Claims, true>;
export const earlyInit: (params: EarlyInitWithoutSubstitution) => ReturnType<typeof referenceEarlyInit> = oidcEarlyInit;
// Where else the reference has it.
export const elsewhere: [typeof reference.oidcEarlyInit, typeof oidcEarlyInit] = [earlyInitOfCore, earlyInitOfRoot];

/** Token substitution is the one defense of the reference that is not here. */
type ReferenceEarlyInit = NonNullable<Parameters<typeof referenceEarlyInit>[0]>;
type EarlyInitWithoutSubstitution = Omit<ReferenceEarlyInit, "securityDefenses"> & {
    securityDefenses?: Omit<NonNullable<ReferenceEarlyInit["securityDefenses"]>, "enableTokenSubstitution">;
};

export type Results = [
    Expect<IsAssignable<Oidc, reference.Oidc>>,
    Expect<IsAssignable<Oidc<Claims>, reference.Oidc<Claims>>>,
    Expect<IsAssignable<Oidc.LoggedIn<Claims>, reference.Oidc.LoggedIn<Claims>>>,
    Expect<IsAssignable<Oidc.NotLoggedIn, reference.Oidc.NotLoggedIn>>,
    Expect<IsAssignable<Oidc.Tokens, reference.Oidc.Tokens>>,
    Expect<IsAssignable<reference.Oidc.Tokens, Oidc.Tokens>>,
    Expect<IsAssignable<Oidc.Tokens.WithRefreshToken<Claims>, reference.Oidc.Tokens.WithRefreshToken<Claims>>>,
    Expect<IsAssignable<Oidc.Tokens.WithoutRefreshToken<Claims>, reference.Oidc.Tokens.WithoutRefreshToken<Claims>>>,
    Expect<
        IsAssignable<
            Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
            reference.Oidc.Tokens.DecodedIdToken_OidcCoreSpec
        >
    >,
    // The reference has no workers.
    Expect<IsAssignable<reference.Oidc.LoggedIn<Claims>, Omit<Oidc.LoggedIn<Claims>, "connectWorker">>>,
    Expect<IsAssignable<OidcInitializationError, reference.OidcInitializationError>>
];

export type ParameterTypes = [
    Expect<IsAssignable<reference.ParamsOfCreateOidc, ParamsOfCreateOidc>>,
    Expect<IsAssignable<reference.ParamsOfCreateOidc<Claims, true>, ParamsOfCreateOidc<Claims, true>>>,
    // Ours take nothing that the reference would not: going back is a change of import too.
    Expect<IsAssignable<ParamsOfCreateOidc, reference.ParamsOfCreateOidc>>,
    Expect<IsAssignable<Omit<ReferencePluginParams, "tokenSubstitution">, OidcSpaVitePluginParams>>,
    Expect<IsAssignable<ReferenceApiName, ApiName>>
];

// The discriminants of an Oidc and of its tokens.
export async function narrowing(): Promise<void> {
    const oidc = await createOidc({ issuerUri: "https://login.example", clientId: "app" });
    if (!oidc.isUserLoggedIn) {
        const error: OidcInitializationError | undefined = oidc.initializationError;
        const neverBack: never = await oidc.login({ redirectUrl: "/dashboard", extraQueryParams: { ui_locales: "fr" } });
        return neverBack ?? error;
    }
    const tokens = await oidc.getTokens();
    const refreshToken: string | undefined = tokens.hasRefreshToken ? tokens.refreshToken : tokens.refreshToken;
    const sub: string = oidc.getDecodedIdToken().sub;
    oidc.subscribeToAutoLogoutCountdown(({ secondsLeft }) => secondsLeft).unsubscribeFromAutoLogoutCountdown();
    await oidc.logout({ redirectTo: "specific url", url: `/bye?${sub}${refreshToken}` });
}

export async function inferred(): Promise<[string, string]> {
    const withSchema = await createOidc({
        issuerUri: "https://login.example",
        clientId: "app",
        autoLogin: true,
        decodedIdTokenSchema: { parse: ({ sub, name = "" }) => ({ sub, name }) }
    });
    type IsLoggedIn = Expect<IsAssignable<typeof withSchema, Oidc.LoggedIn<Claims>>>;
    type HasNoMore = Expect<Not<IsAssignable<"email", keyof ReturnType<typeof withSchema.getDecodedIdToken>>>>;
    const { name } = withSchema.getDecodedIdToken();
    return [name, (await withSchema.getTokens()).decodedIdToken.sub];
}

// Both ways in, as the README writes them.
export const plugins = [
    oidcSpa({ browserRuntimeFreeze: { enabled: true }, DPoP: { enabled: true, mode: "auto" } }),
    countersign({ browserRuntimeFreeze: false, DPoP: { enabled: false }, sessionRestorationMethod: "iframe" })
];
export const shouldLoadApp: boolean = oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: { ...browserRuntimeFreeze(), ...DPoP({ mode: "auto" }) }
}).shouldLoadApp;
