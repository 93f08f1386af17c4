/** Wrong options are errors of the compiler: each of these literals is refused. */
import type { ParamsOfCreateOidc } from "countersign/core";
import type { ParamsOfEarlyInit } from "countersign/entrypoint";
import type { ParamsOfDPoP } from "countersign/DPoP";
import type { ParamsOfBrowserRuntimeFreeze } from "countersign/browser-runtime-freeze";
import type { OidcSpaVitePluginParams } from "countersign/vite-plugin";
import type { Compiles, ExpectAll, Not } from "./assert.js";

type Base = { issuerUri: string; clientId: string };
type Refused<Literal, Wanted> = Not<Compiles<Literal, Wanted>>;
type Accepted<Literal, Wanted> = Compiles<Literal, Wanted>;

export type CreateOidc = ExpectAll<[
    Accepted<Base, ParamsOfCreateOidc>,
    Accepted<Base & { disableDPoP: true; scopes: string[] }, ParamsOfCreateOidc>,
    // must-not-compile: unknown names
    Refused<Base & { dpop: true }, ParamsOfCreateOidc>,
    Refused<Base & { homeUrl: string }, ParamsOfCreateOidc>,
    // must-not-compile: options of the reference that are left out on purpose
    Refused<Base & { __unsafe_clientSecret: string }, ParamsOfCreateOidc>,
    Refused<Base & { __unsafe_useIdTokenAsAccessToken: true }, ParamsOfCreateOidc>,
    // must-not-compile: wrong values, missing names
    Refused<Base & { disableDPoP: false }, ParamsOfCreateOidc>,
    Refused<Base & { scopes: string }, ParamsOfCreateOidc>,
    Refused<Base & { sessionRestorationMethod: "popup" }, ParamsOfCreateOidc>,
    Refused<Base & { autoLogoutParams: { redirectTo: "specific url" } }, ParamsOfCreateOidc>,
    Refused<{ issuerUri: string }, ParamsOfCreateOidc>
]>;

export type EarlyInit = ExpectAll<[
    Accepted<{ BASE_URL: "/" }, ParamsOfEarlyInit>,
    // must-not-compile
    Refused<{ baseUrl: "/" }, ParamsOfEarlyInit>,
    Refused<{ sessionRestorationMethod: "redirect" }, ParamsOfEarlyInit>,
    Refused<{ enableTokenSubstitution: () => void }, NonNullable<ParamsOfEarlyInit["securityDefenses"]>>,
    Refused<{ enableDPoP: true }, NonNullable<ParamsOfEarlyInit["securityDefenses"]>>
]>;

export type Defenses = ExpectAll<[
    Accepted<{ mode: "auto" }, ParamsOfDPoP>,
    Accepted<{ excludes: ["fetch"] }, ParamsOfBrowserRuntimeFreeze>,
    // must-not-compile
    Refused<{}, ParamsOfDPoP>,
    Refused<{ mode: "off" }, ParamsOfDPoP>,
    Refused<{ mode: "auto"; nonces: true }, ParamsOfDPoP>,
    Refused<{ excludes: ["Fetch"] }, ParamsOfBrowserRuntimeFreeze>,
    Refused<{ exclude: ["fetch"] }, ParamsOfBrowserRuntimeFreeze>
]>;

export type Plugin = ExpectAll<[
    Accepted<{ DPoP: { enabled: true; mode: "enforced" } }, OidcSpaVitePluginParams>,
    // must-not-compile
    Refused<{ dpop: { enabled: true; mode: "auto" } }, OidcSpaVitePluginParams>,
    Refused<{ DPoP: { enabled: true } }, OidcSpaVitePluginParams>,
    Refused<{ DPoP: true }, OidcSpaVitePluginParams>,
    Refused<{ tokenSubstitution: { enabled: true } }, OidcSpaVitePluginParams>
]>;
