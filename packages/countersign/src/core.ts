import * as handover from "./handover.js";
import type { ParamsOfCreateOidc } from "./core/params.js";
import type { CreateUser, Oidc } from "./core/types.js";

export type { CreateUser, Oidc, ParamsOfCreateOidc };
export type { OidcErrorCode } from "./core/errors/codes.js";
export { OidcInitializationError } from "./core/errors/oidcInitializationError.js";
export { oidcEarlyInit } from "./entrypoint.js";

/**
 * Creates a client. Resolves when it is known whether a user is logged in. A second call with the
 * same issuer and client id returns the same object, with its first configuration.
 *
 * Rejects with an `OidcInitializationError` if an option is wrong, if the browser forbids what the
 * client needs, and, with `enforced`, if the server issues no DPoP-bound tokens. With `autoLogin`
 * it rejects for everything that keeps the user from logging in. All other errors are the
 * `initializationError` of the result.
 */
export const createOidc = handover.createOidc as <
    DecodedIdToken extends Record<string, unknown> = Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
    AutoLogin extends boolean = false
>(
    params: ParamsOfCreateOidc<DecodedIdToken, AutoLogin>
) => Promise<AutoLogin extends true ? Oidc.LoggedIn<DecodedIdToken> : Oidc<DecodedIdToken>>;
