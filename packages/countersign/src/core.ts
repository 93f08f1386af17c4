import * as handover from "./handover.js";
import type { ParamsOfCreateOidc } from "./core/params.js";
import type { Oidc } from "./core/types.js";

export type { ParamsOfCreateOidc };
export type { Oidc };
export type { OidcErrorCode } from "./core/errors/codes.js";
export { OidcInitializationError } from "./core/errors/oidcInitializationError.js";
export { oidcEarlyInit } from "./entrypoint.js";

/**
 * Resolves when it is known whether somebody is logged in. The same issuer and client id give the same object, as
 * configured first.
 *
 * Rejects with an `OidcInitializationError` where an option is wrong, where the browser forbids what is needed, and
 * under `enforced` where the server issues no DPoP-bound tokens; with `autoLogin`, for whatever keeps the user from
 * logging in. Otherwise what went wrong is the `initializationError` of the result.
 */
export const createOidc = handover.createOidc as <
    DecodedIdToken extends Record<string, unknown> = Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
    AutoLogin extends boolean = false
>(
    params: ParamsOfCreateOidc<DecodedIdToken, AutoLogin>
) => Promise<AutoLogin extends true ? Oidc.LoggedIn<DecodedIdToken> : Oidc<DecodedIdToken>>;
