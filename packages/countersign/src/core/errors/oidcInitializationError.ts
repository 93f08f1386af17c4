import type { EngineErrorCode } from "../../engine/codes.js";
import { own } from "../../page/own.js";

/** Every `code` of an `OidcInitializationError`, with what `details` its sentence is made of in square brackets. */
export type OidcErrorCode =
    | EngineErrorCode
    /** `oidcEarlyInit()` was not called, and there is no Vite plugin. [] */
    | "early_init_missing"
    /** Early init was called by another copy of the package. [] */
    | "second_copy"
    /** `createOidc` has no such option. [name] */
    | "option_unknown"
    /** An option of oidc-spa that is left out on purpose. [name] */
    | "option_unsupported"
    /** An option is missing or not what it has to be. [name, or "" for all of them; value] */
    | "option_invalid"
    /** Neither `oidcEarlyInit` nor `createOidc` was told where the app is served. [] */
    | "base_url_missing"
    /** Where to return to is not in the app. [URL, base of the app] */
    | "redirect_url_invalid"
    /** The hidden iframe did not answer: framing refused, wrong redirect URI, or a server that shows a page. [redirect URI] */
    | "iframe_timeout"
    /** The session has ended at the server, twice within seconds. [] */
    | "session_ended"
    /** Not one of ours: a file of the package could not be loaded, or a callback of the app threw. [message] */
    | "unexpected";

/** Why there is no login: `createOidc` rejects with it, or a logged-out `Oidc` holds it as `initializationError`. */
export class OidcInitializationError extends Error {
    /** The server could not be reached, rather than answered what is wrong. */
    readonly isAuthServerLikelyDown: boolean;
    readonly code: OidcErrorCode;

    constructor(params: { messageOrCause: string | Error; isAuthServerLikelyDown: boolean; code?: OidcErrorCode }) {
        const { messageOrCause, isAuthServerLikelyDown, code = "unexpected" } = own(params);
        if (typeof messageOrCause === "string") {
            super(messageOrCause);
        } else {
            super(messageOrCause.message, { cause: messageOrCause });
        }
        this.name = "OidcInitializationError";
        this.isAuthServerLikelyDown = isAuthServerLikelyDown;
        this.code = code;
    }
}
