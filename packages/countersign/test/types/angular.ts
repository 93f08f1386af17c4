/** The Angular adapter stands where the reference's is asked for. */
import type { HttpInterceptorFn } from "@angular/common/http";
import type { EnvironmentProviders, Signal } from "@angular/core";
import type { CanActivateFn, Route } from "@angular/router";
import type * as reference from "oidc-spa/angular";
import { AbstractOidcService, OidcAccessedTooEarlyError, type ParamsOfProvide, type ParamsOfProvideMock } from "countersign/angular";
import type { Oidc } from "countersign/core";
import type { Expect, IsAssignable } from "./assert.js";

type Claims = { sub: string; name: string };

class Ours extends AbstractOidcService<Claims> {
    override autoLogin = true;
    override providerAwaitsInitialization = false;
    override decodedIdTokenSchema = { parse: (claims: Oidc.Tokens.DecodedIdToken_OidcCoreSpec) => ({ sub: claims.sub, name: claims.name! }) };
    override mockDecodedIdToken = async () => ({ sub: "1", name: "Alice" });
    override allowDecodedIdTokenAccessInShouldInjectAccessToken = true;
}

export const providers: EnvironmentProviders[] = [
    Ours.provide({ issuerUri: "https://login.example.com", clientId: "app", warnUserSecondsBeforeAutoLogout: 30 }),
    Ours.provide(async () => ({ issuerUri: "https://login.example.com", clientId: "app", disableDPoP: true })),
    Ours.provideMock(),
    Ours.provideMock({ mockIssuerUri: "https://login.example.com", mockClientId: "app", mockAccessToken: "a", isUserInitiallyLoggedIn: false })
];
export const interceptor: HttpInterceptorFn = Ours.createBearerInterceptor({ shouldInjectAccessToken: ({ url }) => url.startsWith("/api") });
export const guard: CanActivateFn = Ours.enforceLoginGuard;
export const route: Route = { path: "", canActivate: [Ours.enforceLoginGuard] };
export const claims = (ours: Ours): Signal<Claims> => ours.$decodedIdToken;
export const early: Error = new OidcAccessedTooEarlyError("");

/** What an app sees of a service. */
type Members<Service> = { [Name in keyof Service]: Service[Name] };

export type Angular = [
    Expect<IsAssignable<Members<Ours>, Omit<Members<reference.AbstractOidcService<Claims>>, "decodedIdTokenAccess">>>,
    // `autoLogin` is the service's own too, and the parameters of the reference are all ours.
    Expect<IsAssignable<keyof reference.ParamsOfProvide, keyof ParamsOfProvide | "__unsafe_clientSecret" | "__unsafe_useIdTokenAsAccessToken">>,
    Expect<IsAssignable<reference.ParamsOfProvideMock, ParamsOfProvideMock>>
];
