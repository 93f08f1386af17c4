import { own } from "../../page/own.js";
import type { OidcErrorCode } from "./codes.js";

/**
 * Tells why there is no login: `createOidc` rejects with it, or a logged-out `Oidc` holds it as
 * `initializationError`.
 */
export class OidcInitializationError extends Error {
    /** `true` if the server could not be reached, rather than answered what is wrong. */
    readonly isAuthServerLikelyDown: boolean;
    readonly code: OidcErrorCode;

    constructor(params: { messageOrCause: string | Error; isAuthServerLikelyDown?: boolean; code?: OidcErrorCode }) {
        const { messageOrCause, isAuthServerLikelyDown = false, code = "unexpected" } = own(params);
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
