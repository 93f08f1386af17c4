/**
 * What every import is where there is no page: a server that renders the app, a build, a test. The
 * conditions of package.json choose this module there. Nothing of it has an effect, and nobody is
 * logged in.
 */
import type { createOidc as CreateOidc } from "./core.js";
import { failure } from "./core/errors/failure.js";
import { OidcInitializationError } from "./core/errors/oidcInitializationError.js";
import type { DPoP as TurnOn } from "./DPoP.js";
import type { oidcEarlyInit as EarlyInit } from "./entrypoint.js";
import type { createDPoP as CreateDPoP } from "./proofs.js";

// A server may load this module twice, as ES module and as CommonJS: an error of one is one of the
// other's too.
Object.defineProperty(OidcInitializationError, Symbol.hasInstance, {
    value: (error: unknown) => (error as Error | null)?.name === "OidcInitializationError"
});

export { OidcInitializationError };
export { apiNames, browserRuntimeFreeze } from "./browser-runtime-freeze.js";

/** Does nothing: the app is rendered as for a user who is not known yet. */
export const oidcEarlyInit: typeof EarlyInit = () => ({ shouldLoadApp: true });

export const DPoP: typeof TurnOn = () => ({ enableDPoP: () => {} });

const rejected = (): Promise<never> => {
    const rejected = failure("not_in_browser").then(error => {
        throw error;
    });
    rejected.catch(() => {});
    return rejected;
};

/**
 * Rejects with `not_in_browser`. A module that only keeps the promise works on the server too: it
 * is not an unhandled rejection.
 */
export const createOidc: typeof CreateOidc = rejected;

/** As `createOidc`. */
export const createDPoP: typeof CreateDPoP = rejected;
