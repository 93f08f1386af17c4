/** The tokens of a session as the app sees them: when new ones are asked for, and from where they come. */
import type { Tokens } from "../../engine/interface.js";
import { NOT_DUE, OVERDUE } from "../../engine/numbers.js";
import { tokenParams, type Context } from "../context.js";
import { isEngineError, isNobody, toFailure } from "../errors/failure.js";
import { natives } from "../natives.js";
import { redeemInIframe } from "../navigation/iframe.js";
import { leaveForLogin } from "../navigation/login.js";
import { isSameSite } from "../navigation/site.js";
import type { Oidc } from "../types.js";
import { startAnew } from "./ended.js";

type Claims = Record<string, unknown>;
type ExtraTokenParams = Record<string, string | undefined> | undefined;

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
    let decoded: { text: string; claims: Claims } | undefined;
    let schedule = 0;

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
        plan(tokens.renewIn);
    };

    /** Only the newest call counts. */
    const plan = (milliseconds: number): void => {
        const own = ++schedule;
        natives.setTimeout(() => {
            if (own === schedule) {
                renew(undefined, false)
                    .catch((error: Error) => {
                        log(error.message);
                        plan(engine.tokens(client)!.renewIn);
                    })
                    // The session or the engine has ended.
                    .catch(() => {});
            }
        }, Math.min(milliseconds, LONGEST_TIMEOUT));
    };

    /** Tokens that are new, from where they can be had without leaving the page. */
    const obtain = async (extra: ExtraTokenParams, mayLeave: boolean): Promise<Tokens | undefined> => {
        if (current.hasRefreshToken || !engine.tokens(client)) {
            return engine.renew(client, tokenParams(context, extra));
        }
        const endpoint = await engine.discover(client);
        if (method === "iframe" || (method === "auto" && isSameSite(endpoint, location.href))) {
            return redeemInIframe(context, extra);
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
            const due = engine.tokens(client)?.renewal ?? OVERDUE;
            if (due !== NOT_DUE) {
                const isOver = due === OVERDUE;
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
