/** Finds a session: in the response that the page came back with, or without asking the user. */
import type { Bare, Tokens } from "../../engine/interface.js";
import type { Answer, State } from "../../entry/state.js";
import { own } from "../../page/own.js";
import { tokenParams, type Context } from "../context.js";
import { failure, isEngineError, isNobody, sentences } from "../errors/failure.js";
import type { OidcInitializationError } from "../errors/oidcInitializationError.js";
import { forgetSession, mayTryAgain, readHint } from "../memory.js";
import { redeemInIframe } from "../navigation/iframe.js";
import { nextHop, takeAnswer } from "../navigation/chain.js";
import { leaveForLogin } from "../navigation/login.js";
import { noteRedirect, triesIframe, trustsIframe } from "../navigation/way.js";
import type { Oidc } from "../types.js";
import { safe } from "../../page/safe.js";

/** How the session was found. */
export interface Found extends Bare {
    tokens: Tokens;
    /** `undefined`: the user was not asked. */
    back: Oidc.LoggedIn["backFromAuthServer"];
}

/** Redeems the response that the page was opened with, which is for this client. */
async function redeem(context: Context, state: State, { record, response, from }: Answer): Promise<Found> {
    const { engine, client, params } = context;
    const { isSilent, extraQueryParams = {} } = own(record);
    // Without `iss` (RFC 9207) a response does not name its issuer. But the page that it came from
    // may show that another issuer of the app sent it: then its code is not for this one (RFC 9700,
    // 4.4).
    const { issuerUri } = params;
    if (from !== new URL(issuerUri).origin && state.issuers!.includes(from) && !response.some(([name]) => name === "iss")) {
        throw await safe(failure("response_issuer_mismatch", issuerUri, from));
    }
    const tokens = await safe(engine.redeem(client, response, tokenParams(context)));
    if (isSilent && triesIframe(context)) {
        // The iframe has not found what the redirect found.
        noteRedirect(context);
    }
    const { state: _, session_state, iss, code, ...result } = Object.fromEntries(response);
    return { __proto__: null, tokens, back: isSilent ? undefined : { extraQueryParams, result } };
}

/**
 * Whether the login took longer than we keep it, or than the server does (Keycloak says so). The
 * session there is new, so one more login does not ask the user.
 */
const isLate = (error: unknown, isHeld: boolean): boolean =>
    isEngineError(error) &&
    (error.code === "flow_unknown" ||
        error.details[1] === "authentication_expired" ||
        // The code was too old when all others were there.
        (isHeld && error.details[0] === "invalid_grant"));

/** Finds a session: in the response that the page was opened with, or without asking the user. */
export async function find(context: Context, state: State, endpoint: string): Promise<Found | undefined> {
    const { key, method, params, log } = context;
    const { unclaimed } = state;
    const answer = await safe(takeAnswer(state, key));
    /** How the page was left for this client, if it comes back from there. */
    const record = answer ? own(answer.record) : state.record?.client === key ? state.record : undefined;
    const hop = nextHop(state);
    let isLost = false;
    if (answer) {
        try {
            return await safe(redeem(context, state, answer));
        } catch (error) {
            log(`the response logged nobody in: ${(error as Error).message}`);
            isLost = isLate(error, record!.state !== state.record?.state);
            if (isLost ? record!.isAgain || !hop : !isNobody(error) || params.autoLogin) {
                throw error;
            }
            !isLost && record!.isSilent && forgetSession(key);
        }
    }
    const hint = readHint(key);
    // The page has just come back from the authorization server. If the record of a redirect gets
    // lost, it would leave again and again.
    const hasReturned = unclaimed !== undefined || record || !hop;
    const wasAsked = record?.isSilent;
    if (hint !== "out" && !wasAsked) {
        let isOver = false;
        if (triesIframe(context)) {
            log("looking for a session in a hidden iframe");
            try {
                const tokens = await safe(redeemInIframe(context));
                return { __proto__: null, tokens, back: undefined };
            } catch (error) {
                const isTimeout = (error as OidcInitializationError).code === "iframe_timeout";
                if (isTimeout) {
                    // A redirect or the login page may still work.
                    console.warn((error as Error).message);
                } else if (!isNobody(error)) {
                    throw error;
                } else {
                    isOver = trustsIframe(context, endpoint);
                    if (hint === "in" && method === "iframe") {
                        console.warn((await safe(sentences())).NOBODY_IN_IFRAME);
                    }
                }
                // With `autoLogin` no silent redirect follows that could tell more.
                if (isTimeout || (hint === "in" && params.autoLogin && !isOver)) {
                    noteRedirect(context);
                }
            }
        }
        if (hint === "in" && method !== "iframe" && !hasReturned && !params.autoLogin) {
            log("looking for a session by a redirect");
            // Returns if that cannot be done.
            await safe(leaveForLogin(context, { isSilent: true, isReplaced: true, redirectUrl: location.href, hop }));
        }
        isOver && forgetSession(key);
    }
    if (isLost) {
        return leaveForLogin(context, { isSilent: record!.isSilent, isReplaced: true, isAgain: true, redirectUrl: location.href, hop });
    }
    if (params.autoLogin && (!hop || (unclaimed !== undefined && !mayTryAgain(key)))) {
        throw await safe(failure("flow_unknown", unclaimed ?? ""));
    }
    return params.autoLogin ? leaveForLogin(context, { isReplaced: true, hop }) : undefined;
}
