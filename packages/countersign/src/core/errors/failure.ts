/** Turns codes into errors that can be shown. The sentences are loaded when one is needed. */
import type { EngineError } from "../../engine/interface.js";
import type { OidcErrorCode } from "./codes.js";
import { OidcInitializationError } from "./oidcInitializationError.js";

/**
 * There was no answer, or the server failed: the last detail is a status, `""` or, without an
 * answer, a URL.
 */
const isServerDown = (code: OidcErrorCode, details: readonly unknown[]): boolean =>
    /_(?:unreachable|refused)$/.test(code) && /^(?:5|http|$)/.test(details.at(-1) as string);

/** Loads the sentences. */
export const sentences = () => import("./sentences.js");

export async function failure(code: OidcErrorCode, ...details: unknown[]): Promise<OidcInitializationError> {
    let sentence: string = code;
    try {
        sentence = (await sentences()).sentence(code, details);
    } catch {
        // The page may be offline. Then the code is the message.
    }
    return new OidcInitializationError({
        messageOrCause: `countersign: ${sentence}`,
        isAuthServerLikelyDown: isServerDown(code, details),
        code
    });
}

/** Compared by name: the error may come from another copy of the class. */
export const isEngineError = (error: unknown): error is EngineError => (error as Error | null)?.name === "EngineError";

/** Converts whatever the engine, or a callback of the app, rejected with. */
export const toFailure = async (error: unknown): Promise<OidcInitializationError> =>
    error instanceof OidcInitializationError
        ? error
        : isEngineError(error)
          ? failure(error.code, ...error.details)
          : new OidcInitializationError({
                messageOrCause: error instanceof Error ? error : `${error}`,
                isAuthServerLikelyDown: false
            });

/** Errors of an authorization endpoint that only mean "nobody is logged in". */
const NOBODY = /^(?:(?:login|interaction|consent|account_selection)_required|access_denied)$/;

export const isNobody = (error: unknown): error is EngineError =>
    isEngineError(error) && error.code === "authorization_error" && NOBODY.test(error.details[0]!);
