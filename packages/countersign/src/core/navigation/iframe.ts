/** Tokens without asking the user: `prompt=none` in a hidden iframe. */
import type { EngineError, Tokens } from "../../engine/interface.js";
import { failure, isEngineError } from "../errors/failure.js";
import { askInIframe, type Context } from "./leave.js";

export { isSameSite } from "./site.js";

/** Answers of an authorization endpoint that only mean "nobody is logged in". */
const NOBODY = /^(?:(?:login|interaction|consent|account_selection)_required|access_denied)$/;

export const isNobody = (error: unknown): error is EngineError =>
    isEngineError(error) && error.code === "authorization_error" && NOBODY.test(error.details[0]!);

/** What the app adds to each token request. */
export function tokenParams({ params }: Context, more?: Record<string, string | undefined>): Record<string, string> {
    const { extraTokenParams: extra } = params;
    const all = { ...(typeof extra === "function" ? extra() : extra), ...more };
    // As text, whatever JavaScript passes: `searchParams` makes the same of the other request's.
    return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])));
}

/** An authorization request with `prompt=none`; the engine remembers it until it is answered. */
export async function silentUrl({ engine, client, home }: Context): Promise<string> {
    const request = { redirectUri: home, silent: true, interactive: false, extraQueryParams: {} };
    return (await engine.login(client, request)).url;
}

/** `url`: of a silent authorization request. Rejects with `iframe_timeout`, or what the engine says of the answer. */
export async function completeInIframe(
    context: Context,
    url: string,
    extraTokenParams?: Record<string, string | undefined>
): Promise<Tokens> {
    const answer = await askInIframe(context, url);
    if (!answer) {
        throw await failure("iframe_timeout", context.home);
    }
    return context.engine.complete(context.client, answer.response, tokenParams(context, extraTokenParams));
}
