/** Turns codes into errors that can be shown. The sentences are loaded when one is needed. */
import type { EngineError } from "../../engine/interface.js";
import type { OidcErrorCode } from "./codes.js";
import { OidcInitializationError } from "./oidcInitializationError.js";
import { own } from "../../page/own.js";
import { safe } from "../../page/safe.js";

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
        sentence = (await safe(sentences())).sentence(code, details);
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

/** What the app's own code threw: a callback, or a getter of an option. */
class AppError {
    constructor(
        readonly option: string,
        readonly cause: unknown
    ) {}
}

/** Runs code of the app. `toFailure` tells what it throws as the app's. */
export const askApp = <T>(option: string, run: () => T): T => {
    try {
        return run();
    } catch (cause) {
        throw new AppError(option, cause);
    }
};

/** Converts whatever the engine, or the app's own code, threw. */
export const toFailure = async (error: unknown): Promise<OidcInitializationError> => {
    if (error instanceof AppError) {
        const { option, cause } = error;
        const told = await safe(failure("callback_failed", option, `${(cause as Error | null)?.message ?? cause}`));
        Object.defineProperty(told, "cause", own({ value: cause, writable: true, configurable: true }));
        return told;
    }
    return error instanceof OidcInitializationError
        ? error
        : isEngineError(error)
          ? failure(error.code, ...error.details)
          : new OidcInitializationError({
                messageOrCause: error instanceof Error ? error : `${error}`,
                isAuthServerLikelyDown: false
            });
};

/** Rejects with an error that can be shown, whatever `run` throws. */
export const tell = <T>(run: () => Promise<T>): Promise<T> =>
    run().catch(async (error: unknown) => {
        throw await safe(toFailure(error));
    });

/** Reads what the app gave to a method, once. */
export const readHow = <T extends object>(how: T | null | undefined): T => askApp("", () => own(how));

/** Errors of an authorization endpoint that only mean "nobody is logged in". */
const NOBODY = /^(?:(?:login|interaction|consent|account_selection)_required|access_denied)$/;

export const isNobody = (error: unknown): error is EngineError =>
    isEngineError(error) && error.code === "authorization_error" && NOBODY.test(error.details[0]!);
