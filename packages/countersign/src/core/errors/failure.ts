/** From a code to an error that can be shown: the sentences are loaded when there is one to say. */
import type { EngineError } from "../../engine/interface.js";
import type { OidcErrorCode } from "./codes.js";
import { OidcInitializationError } from "./oidcInitializationError.js";

/** No answer, or the server's own failure: the last detail is a status, `""` or, where there was no answer, a URL. */
const isServerDown = (code: OidcErrorCode, details: readonly unknown[]): boolean =>
    /_(?:unreachable|refused)$/.test(code) && /^(?:5|http|$)/.test(details.at(-1) as string);

/** Loaded when there is one to say. */
export const sentences = () => import("./sentences.js");

export async function failure(code: OidcErrorCode, ...details: unknown[]): Promise<OidcInitializationError> {
    let sentence: string = code;
    try {
        sentence = (await sentences()).sentence(code, details);
    } catch {
        // Offline: the code has to do.
    }
    return new OidcInitializationError({
        messageOrCause: `countersign: ${sentence}`,
        isAuthServerLikelyDown: isServerDown(code, details),
        code
    });
}

/** By name: it may be of another copy of the class. */
export const isEngineError = (error: unknown): error is EngineError => (error as Error | null)?.name === "EngineError";

/** What the engine, or a callback of the app, rejected with. */
export const toFailure = async (error: unknown): Promise<OidcInitializationError> =>
    error instanceof OidcInitializationError
        ? error
        : isEngineError(error)
          ? failure(error.code, ...error.details)
          : new OidcInitializationError({
                messageOrCause: error instanceof Error ? error : `${error}`,
                isAuthServerLikelyDown: false
            });

/** Answers of an authorization endpoint that only mean "nobody is logged in". */
const NOBODY = /^(?:(?:login|interaction|consent|account_selection)_required|access_denied)$/;

export const isNobody = (error: unknown): error is EngineError =>
    isEngineError(error) && error.code === "authorization_error" && NOBODY.test(error.details[0]!);
