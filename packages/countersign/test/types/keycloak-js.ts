/**
 * Our class stands where keycloak-js's own is asked for, by its published types, and each of its interfaces is assignable
 * both ways; `countersign/keycloak` as oidc-spa's.
 */
import type * as original from "keycloak-js";
import type OriginalKeycloak from "keycloak-js";
import type * as reference from "oidc-spa/keycloak";
import type * as referenceJs from "oidc-spa/keycloak-js";
import Keycloak, { Keycloak as Named, type KeycloakInstance } from "countersign/keycloak-js";
import type * as ours from "countersign/keycloak-js";
import { createKeycloakUtils, isKeycloak, type KeycloakIssuerUriParsed, type KeycloakUtils } from "countersign/keycloak";
import type { Expect, IsAssignable } from "./assert.js";

declare const config: original.KeycloakConfig;
export const object: OriginalKeycloak = new Keycloak(config);
export const ofFile: OriginalKeycloak = new Keycloak("/keycloak.json");
export const named: typeof Keycloak = Named;
export const instance: KeycloakInstance = new Named({ url: "https://login.example.com", realm: "main", clientId: "spa" });
export const asConstructor: new (config: original.KeycloakConfig | string) => OriginalKeycloak = Keycloak;
export const more = new Keycloak({ url: "", realm: "", clientId: "", BASE_URL: "/app/", sessionRestorationMethod: "iframe" });

type Both<Ours, Theirs> = [IsAssignable<Ours, Theirs>, IsAssignable<Theirs, Ours>] extends [true, true] ? true : false;

export type OfKeycloakJs = [
    Expect<Both<ours.Acr, original.Acr>>,
    Expect<Both<ours.GenericOidcConfig, original.GenericOidcConfig>>,
    Expect<Both<ours.KeycloakAccountOptions, original.KeycloakAccountOptions>>,
    Expect<Both<ours.KeycloakAdapter, original.KeycloakAdapter>>,
    Expect<Both<ours.KeycloakConfig, original.KeycloakConfig>>,
    Expect<Both<ours.KeycloakError, original.KeycloakError>>,
    Expect<Both<ours.KeycloakFlow, original.KeycloakFlow>>,
    Expect<Both<ours.KeycloakInitOptions, original.KeycloakInitOptions>>,
    Expect<Both<ours.KeycloakLoginOptions, original.KeycloakLoginOptions>>,
    Expect<Both<ours.KeycloakLogoutOptions, original.KeycloakLogoutOptions>>,
    Expect<Both<ours.KeycloakOnLoad, original.KeycloakOnLoad>>,
    Expect<Both<ours.KeycloakPkceMethod, original.KeycloakPkceMethod>>,
    Expect<Both<ours.KeycloakProfile, original.KeycloakProfile>>,
    Expect<Both<ours.KeycloakRedirectUriOptions, original.KeycloakRedirectUriOptions>>,
    Expect<Both<ours.KeycloakRegisterOptions, original.KeycloakRegisterOptions>>,
    Expect<Both<ours.KeycloakResourceAccess, original.KeycloakResourceAccess>>,
    Expect<Both<ours.KeycloakResponseMode, original.KeycloakResponseMode>>,
    Expect<Both<ours.KeycloakResponseType, original.KeycloakResponseType>>,
    Expect<Both<ours.KeycloakRoles, original.KeycloakRoles>>,
    Expect<Both<ours.KeycloakServerConfig, original.KeycloakServerConfig>>,
    Expect<Both<ours.KeycloakTokenParsed, original.KeycloakTokenParsed>>,
    Expect<Both<ours.KeycloakUserInfo, original.KeycloakUserInfo>>,
    Expect<Both<ours.OpenIdProviderMetadata, original.OpenIdProviderMetadata>>,
    // All that keycloak-js names, and nothing of its class is missing.
    Expect<IsAssignable<Keycloak, original.KeycloakInstance>>,
    Expect<IsAssignable<keyof OriginalKeycloak, keyof Keycloak>>
];

/** oidc-spa's takes fewer options, and ours takes all of them; two can only be `undefined` there. */
export type OfOidcSpaJs = [
    Expect<
        IsAssignable<
            Omit<referenceJs.KeycloakInitOptions, "checkLoginIframeInterval" | "messageReceiveTimeout">,
            ours.KeycloakInitOptions
        >
    >,
    Expect<IsAssignable<ConstructorParameters<typeof referenceJs.Keycloak>[0], ConstructorParameters<typeof Keycloak>[0]>>,
    Expect<IsAssignable<keyof referenceJs.Keycloak, keyof Keycloak>>
];

// `countersign/keycloak`
export const utils: typeof reference.createKeycloakUtils = createKeycloakUtils;
export const is: typeof reference.isKeycloak = isKeycloak;
export type OfOidcSpa = [
    Expect<Both<KeycloakUtils, reference.KeycloakUtils>>,
    Expect<Both<KeycloakIssuerUriParsed, reference.KeycloakIssuerUriParsed>>
];
