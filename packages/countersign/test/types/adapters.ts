/** The adapters' functions and types stand where the reference's are asked for, and its types where ours are. */
import type * as referenceMock from "oidc-spa/core-mock";
import type * as referenceDecode from "oidc-spa/decode-jwt";
import type * as referenceReact from "oidc-spa/react-spa";
import type { Oidc as ReferenceOidc } from "oidc-spa/core";
import { createMockOidc, type ParamsOfCreateMockOidc } from "countersign/core-mock";
import { decodeJwt, InvalidTokenError, type JwtDecodeOptions, type JwtHeader, type JwtPayload } from "countersign/decode-jwt";
import { oidcSpa, type GetOidc, type OidcSpaUtils, type ParamsOfBootstrap, type UseOidc } from "countersign/react-spa";
import type { CreateUser, Oidc } from "countersign/core";
import type { Expect, IsAssignable, Not } from "./assert.js";

type Claims = { sub: string; name: string };

// createMockOidc
export const plainMock: (params: referenceMock.ParamsOfCreateMockOidc<Claims>) => Promise<ReferenceOidc<Claims>> = createMockOidc<Claims>;
export const autoLoginMock: (params: referenceMock.ParamsOfCreateMockOidc<Claims, true>) => Promise<ReferenceOidc.LoggedIn<Claims>> =
    createMockOidc<Claims, true>;
export const mock: typeof referenceMock.createMockOidc = createMockOidc;

export type Mock = [
    Expect<IsAssignable<ParamsOfCreateMockOidc<Claims>, referenceMock.ParamsOfCreateMockOidc<Claims>>>,
    Expect<IsAssignable<ParamsOfCreateMockOidc<Claims, true>, referenceMock.ParamsOfCreateMockOidc<Claims, true>>>,
    // must-not-compile: only with autoLogin is it known who is logged in
    Expect<Not<IsAssignable<{}, ParamsOfCreateMockOidc>>>,
    Expect<IsAssignable<{}, ParamsOfCreateMockOidc<Claims, true>>>,
    Expect<Not<IsAssignable<{ isUserInitiallyLoggedIn: false }, ParamsOfCreateMockOidc<Claims, true>>>>
];

export async function mocked(): Promise<string> {
    const mockedTokens = { decodedIdToken: { sub: "123", name: "Alice" } };
    const oidc: Oidc<Claims> = await createMockOidc({ isUserInitiallyLoggedIn: true, mockedTokens });
    return oidc.isUserLoggedIn ? oidc.getDecodedIdToken().name : oidc.login();
}

// decodeJwt
export const decode: typeof referenceDecode.decodeJwt = decodeJwt;
export const error: referenceDecode.InvalidTokenError = new InvalidTokenError("");
export const claims: Claims = decodeJwt<Claims>("a.b.c");
export const header: JwtHeader = decodeJwt("a.b.c", { header: true });

export type Decode = [
    Expect<IsAssignable<JwtPayload, referenceDecode.JwtPayload>>,
    Expect<IsAssignable<referenceDecode.JwtPayload, JwtPayload>>,
    Expect<IsAssignable<referenceDecode.JwtHeader, JwtHeader>>,
    Expect<IsAssignable<referenceDecode.JwtDecodeOptions, JwtDecodeOptions>>
];

// oidcSpa (`moved/reactSpa.tsx` is an app of it)
type FirstOf<T> = T extends (params: infer P) => unknown ? P : never;
export type React = [
    Expect<IsAssignable<OidcSpaUtils<false, Claims>, referenceReact.OidcSpaUtils<false, Claims>>>,
    // A class component's props may not be of another type; ours have an error with a code.
    Expect<IsAssignable<Omit<OidcSpaUtils<true, Claims>, "OidcInitializationErrorGate">, Omit<referenceReact.OidcSpaUtils<true, Claims>, "OidcInitializationErrorGate">>>,
    Expect<IsAssignable<UseOidc<Claims>, referenceReact.UseOidc<Claims>>>,
    Expect<IsAssignable<referenceReact.UseOidc.Oidc.LoggedIn<Claims>, UseOidc.Oidc.LoggedIn<Claims>>>,
    Expect<IsAssignable<UseOidc.Oidc<Claims>, referenceReact.UseOidc.Oidc<Claims>>>,
    Expect<IsAssignable<GetOidc.Oidc<Claims>, referenceReact.GetOidc.Oidc<Claims>>>,
    // The reference has no workers.
    Expect<IsAssignable<referenceReact.GetOidc.Oidc.LoggedIn<Claims>, Omit<GetOidc.Oidc.LoggedIn<Claims>, "connectWorker">>>,
    // Nor have its errors a code.
    Expect<IsAssignable<Omit<referenceReact.GetOidc.Oidc.NotLoggedIn, "initializationError">, Omit<GetOidc.Oidc.NotLoggedIn, "initializationError">>>,
    Expect<IsAssignable<ParamsOfBootstrap<false, Claims>, referenceReact.ParamsOfBootstrap<false, Claims>>>,
    Expect<IsAssignable<ParamsOfBootstrap<true, Claims>, referenceReact.ParamsOfBootstrap<true, Claims>>>,
    Expect<IsAssignable<referenceReact.ParamsOfBootstrap<false, Claims>, ParamsOfBootstrap<false, Claims>>>,
    Expect<IsAssignable<FirstOf<referenceReact.OidcSpaUtils<false, Claims>["enforceLogin"]>, FirstOf<OidcSpaUtils<false, Claims>["enforceLogin"]>>>,
    // must-not-compile: there is no user without withUser
    Expect<Not<IsAssignable<"user", keyof UseOidc.Oidc.LoggedIn<Claims>>>>,
    Expect<Not<IsAssignable<"getUser", keyof GetOidc.Oidc.LoggedIn<Claims>>>>
];

// The names of oidc-spa 10.3.
type User = { id: string; isAdmin: boolean };
const createUser: CreateUser<User> = async ({ decodedIdToken, accessToken, fetchUserInfo, issuerUri, user_current }) => {
    const { sub, email } = await fetchUserInfo();
    return user_current ?? { id: sub ?? decodedIdToken.sub, isAdmin: `${email}${accessToken}${issuerUri}` === "" };
};
const withUser = oidcSpa.withUser({ createUser, user_mock: { id: "1", isAdmin: true } }).createUtils();
void withUser.bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true, user_mock: { id: "2", isAdmin: false } });
export function useName(): string | undefined {
    const { user, refreshUser } = withUser.useOidc();
    const next: Promise<User> | undefined = refreshUser?.();
    return next && withUser.useOidc({ assert: "user logged in" }).user.isAdmin ? user?.id : undefined;
}
export async function nameOutside(): Promise<string> {
    const { user, subscribeToUserChange, refreshUser } = await (await withUser.getOidc({ assert: "user logged in" })).getUser();
    subscribeToUserChange(({ user, user_previous }) => user.id === user_previous?.id).unsubscribeFromUserChange();
    return (await refreshUser()).id + user.id;
}
export const explicit = oidcSpa.withUser<User>({ createUser }).withAutoLogin().createUtils();
export const all: OidcSpaUtils<true, Oidc.Tokens.DecodedIdToken_OidcCoreSpec, User> = explicit;
// @ts-expect-error The mocked user is one of createUser's.
oidcSpa.withUser({ createUser, user_mock: { id: 1 } });
