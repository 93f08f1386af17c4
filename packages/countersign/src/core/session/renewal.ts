/** The tokens of a session as the app sees them: when new ones are asked for, and from where they come. */
import type { Tokens } from "../../engine/interface.js";
import { tokenParams, type Context } from "../context.js";
import { isEngineError, isNobody, toFailure } from "../errors/failure.js";
import { natives } from "../natives.js";
import { silentUrl } from "../navigation/authorizationRequest.js";
import { completeInIframe } from "../navigation/iframe.js";
import { leaveForLogin } from "../navigation/login.js";
import { isSameSite } from "../navigation/site.js";
import type { Oidc } from "../types.js";
import { startAnew } from "./ended.js";

type Claims = Record<string, unknown>;
type ExtraTokenParams = Record<string, string | undefined> | undefined;

/** Renewed this long before the end, or when three quarters of a short life are over. */
const MARGIN_MILLISECONDS = 30_000;
/** After a renewal that failed, and never more often. */
const RETRY_MILLISECONDS = 30_000;
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export interface Renewal {
    current(): Oidc.Tokens<Claims>;
    /** Those that are about to expire are renewed first. */
    fresh(): Promise<Oidc.Tokens<Claims>>;
    /** `mayLeave`: by a redirect of the page, where there is no other way. */
    renew(extra: ExtraTokenParams, mayLeave: boolean): Promise<void>;
    /** No renewal is scheduled any more. */
    stop(): void;
}

/** `onChange`: called with the tokens of each renewal. */
export function keepFresh(context: Context, first: Tokens, onChange: (tokens: Oidc.Tokens<Claims>) => void): Renewal {
    const { engine, client, method, params, log } = context;
    const serverNow = () => natives.now() + engine.clockOffset(client);

    let current: Oidc.Tokens<Claims>;
    /** By the monotonic clock: does not move when the computer's clock is set. */
    let end: number;
    let margin: number;
    let decoded: { text: string; claims: Claims } | undefined;
    let schedule = 0;

    /** Milliseconds of the tokens' life. */
    const left = () =>
        engine.tokens(client) ? Math.min(end - performance.now(), current.accessTokenExpirationTime - serverNow()) : -Infinity;

    const decode = (original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec): Claims => {
        const claims: Claims = params.decodedIdTokenSchema?.parse(original) ?? original;
        const text = natives.stringify(claims);
        if (decoded?.text !== text) {
            decoded = { text, claims };
        }
        // The same object as long as it says the same.
        return decoded!.claims;
    };

    const adopt = (tokens: Tokens): void => {
        const { accessToken, accessTokenExpirationTime, idToken, refreshToken, refreshTokenExpirationTime } = tokens;
        // A copy: the app may do with it what it wants.
        const original = natives.parse(natives.stringify(tokens.idTokenClaims)) as Oidc.Tokens.DecodedIdToken_OidcCoreSpec;
        const lifetime = accessTokenExpirationTime - serverNow();
        end = performance.now() + lifetime;
        margin = Math.min(MARGIN_MILLISECONDS, lifetime / 4);
        current = {
            accessToken,
            accessTokenExpirationTime,
            idToken,
            decodedIdToken: decode(original),
            decodedIdToken_original: original,
            issuedAtTime: original.iat * 1000,
            getServerDateNow: serverNow,
            ...(refreshToken === undefined
                ? { hasRefreshToken: false as const }
                : { hasRefreshToken: true as const, refreshToken, refreshTokenExpirationTime })
        };
        renewIn(lifetime - margin);
    };

    /** Only the newest call counts. */
    const renewIn = (milliseconds: number): void => {
        const own = ++schedule;
        // Tokens that came expired are not asked for again and again.
        const wait = Math.min(Math.max(milliseconds, milliseconds > 0 ? 1_000 : RETRY_MILLISECONDS), LONGEST_TIMEOUT);
        natives.setTimeout(() => {
            if (own === schedule) {
                renew(undefined, false).catch((error: Error) => {
                    log(error.message);
                    renewIn(RETRY_MILLISECONDS);
                });
            }
        }, wait);
    };

    /** Tokens that are new, from where they can be had without leaving the page. */
    const obtain = async (extra: ExtraTokenParams, mayLeave: boolean): Promise<Tokens | undefined> => {
        if (current.hasRefreshToken || !engine.tokens(client)) {
            return engine.renew(client, tokenParams(context, extra));
        }
        const url = await silentUrl(context);
        if (method === "iframe" || (method === "auto" && isSameSite(url, location.href))) {
            return completeInIframe(context, url, extra);
        }
        return mayLeave ? leaveForLogin(context, { redirectUrl: location.href, isAwaited: true }) : undefined;
    };

    const renewAlone = async (extra: ExtraTokenParams, mayLeave: boolean): Promise<void> => {
        try {
            const tokens = await obtain(extra, mayLeave);
            // The server's session may be another user's by now: the page does not change hands under the app.
            if (tokens && tokens.idTokenClaims["sub"] !== subject) {
                await startAnew(context);
            }
            if (tokens) {
                log("tokens renewed");
                adopt(tokens);
                onChange(current);
            }
        } catch (error) {
            if (isNobody(error) || (isEngineError(error) && error.details[0] === "invalid_grant")) {
                await startAnew(context);
            }
            throw await toFailure(error);
        }
    };

    let renewal: Promise<void> | undefined;
    let renewalOf: string;
    const renew = (extra: ExtraTokenParams, mayLeave: boolean): Promise<void> => {
        const of = natives.stringify([extra, mayLeave]);
        if (renewal && renewalOf === of) {
            return renewal;
        }
        // One with other parameters comes after the one that is under way.
        const own = (renewal ?? Promise.resolve()).catch(() => {}).then(() => renewAlone(extra, mayLeave));
        renewal = own;
        renewalOf = of;
        const forget = () => {
            renewal = renewal === own ? undefined : renewal;
        };
        own.then(forget, forget);
        return own;
    };

    adopt(first);
    const subject = current!.decodedIdToken_original.sub;
    return {
        current: () => current,
        fresh: async () => {
            // One that is under way may be enough.
            await renewal?.catch(() => {});
            if (left() < margin) {
                const isOver = left() <= 0;
                await renew(undefined, isOver).catch((error: unknown) => {
                    if (isOver) {
                        throw error;
                    }
                });
            }
            return current;
        },
        renew,
        stop: () => void schedule++
    };
}
