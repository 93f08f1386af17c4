/** Gets tokens without asking the user: `prompt=none` in a hidden iframe. */
import type { Bare, Tokens } from "../../engine/interface.js";
import { IFRAME } from "../../engine/numbers.js";
import { NAME } from "../../entry/response.js";
import type { AuthorizationResponse } from "../../entry/state.js";
import { tokenParams, type Context } from "../context.js";
import { failure } from "../errors/failure.js";
import { natives } from "../natives.js";
import { prepare, toPushed } from "./authorizationRequest.js";
import { noteIframe } from "./way.js";
import { safe } from "../../page/safe.js";

const PATIENCE_MILLISECONDS = 10_000;

/** The iframe's answer. */
interface Answer extends Bare {
    readonly response: AuthorizationResponse;
}

/**
 * Gets tokens by a hidden iframe. Rejects with `iframe_timeout`, or with the engine's error about
 * the request or the response.
 */
export async function redeemInIframe(
    context: Context,
    extraTokenParams?: Record<string, string | undefined>
): Promise<Tokens> {
    const answer = await safe(askInIframe(context));
    if (!answer) {
        throw await safe(failure("iframe_timeout", context.home));
    }
    const tokens = await safe(context.engine.redeem(context.client, answer.response, tokenParams(context, extraTokenParams)));
    noteIframe(context);
    return tokens;
}

/** Returns `undefined` if there is no answer in time. */
async function askInIframe(context: Context): Promise<Answer | undefined> {
    const { original, url } = await safe(prepare(context, IFRAME));
    const src = await safe(toPushed(context, original, url));
    const frame = document.createElement("iframe");
    frame.name = NAME;
    frame.style.display = "none";
    try {
        return await safe(new Promise<Answer | undefined>(resolve => {
            frame.addEventListener(NAME, event => {
                // A document without a response sends none.
                const { detail } = event as CustomEvent<AuthorizationResponse | null>;
                resolve(detail ? { __proto__: null, response: detail } : undefined);
            });
            natives.setTimeout(() => resolve(undefined), PATIENCE_MILLISECONDS);
            frame.src = src;
            document.documentElement.append(frame);
        }));
    } finally {
        frame.remove();
    }
}
