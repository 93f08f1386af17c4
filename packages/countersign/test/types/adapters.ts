/** The adapters' functions and types stand where the reference's are asked for, and its types where ours are. */
import type * as referenceMock from "oidc-spa/core-mock";
import type * as referenceDecode from "oidc-spa/decode-jwt";
import type { Oidc as ReferenceOidc } from "oidc-spa/core";
import { createMockOidc, type ParamsOfCreateMockOidc } from "countersign/core-mock";
import { decodeJwt, InvalidTokenError, type JwtDecodeOptions, type JwtHeader, type JwtPayload } from "countersign/decode-jwt";
import type { Oidc } from "countersign/core";
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
