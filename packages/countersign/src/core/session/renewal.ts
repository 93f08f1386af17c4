/** The tokens of a session as the app sees them: when new ones are requested, and how. */
import type { Tokens } from "../../engine/interface.js";
import { NOT_DUE, OVERDUE } from "../../engine/numbers.js";
import { tokenParams, type Context } from "../context.js";
import { askApp, isEngineError, isNobody, toFailure } from "../errors/failure.js";
import { natives } from "../natives.js";
import { redeemInIframe } from "../navigation/iframe.js";
import { leaveForLogin } from "../navigation/login.js";
import { noteRedirect, triesIframe, trustsIframe } from "../navigation/way.js";
import type { Oidc } from "../types.js";
import { startAnew } from "./ended.js";
import { safe } from "../../page/safe.js";

type Claims = Record<string, unknown>;
type ExtraTokenParams = Record<string, string | undefined> | undefined;

const LONGEST_TIMEOUT = 2 ** 31 - 1;

export interface Renewal {
    current(): Oidc.Tokens<Claims>;
    /** Returns the tokens; those with less than half a minute left are renewed first. */
    fresh(): Promise<Oidc.Tokens<Claims>>;
    /**
     * Renews the tokens, and returns whether there are new ones. `mayLeave`: the page may be
     * redirected if there is no other way.
     */
    renew(extra: ExtraTokenParams, mayLeave: boolean): Promise<boolean>;
    /** Returns the server's time, as far as the engine knows it. */
    serverNow(): number;
    /** Cancels the scheduled renewal. */
    stop(): void;
}

/** Keeps tokens fresh. `onChange`: called with the tokens of each renewal. */
export function keepFresh(context: Context, first: Tokens, onChange: (tokens: Oidc.Tokens<Claims>) => void): Renewal {
    const { engine, client, params, log } = context;
    const serverNow = () => natives.now() + engine.clockOffset(client);

    let current: Oidc.Tokens<Claims>;
    let decoded: { text: string; claims: Claims } | undefined;
    let schedule = 0;

    const decode = (original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec): Claims => {
        askApp("decodedIdTokenSchema", () => {
            const claims: Claims = params.decodedIdTokenSchema?.parse(original) ?? original;
            const text = natives.stringify(claims);
            if (decoded?.text !== text) {
                decoded = { text, claims };
            }
        });
        // The same object is returned as long as its content is the same.
        return decoded!.claims;
    };

    const adopt = (tokens: Tokens): void => {
        const { accessToken, accessTokenExpirationTime, idToken, refreshToken, refreshTokenExpirationTime } = tokens;
        // A copy, so that the app may change it.
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

    /** Schedules a renewal. Only the newest call counts. */
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

    /** Gets new tokens, if possible without leaving the page. */
    const obtain = async (extra: ExtraTokenParams, mayLeave: boolean): Promise<Tokens | undefined> => {
        if (current.hasRefreshToken || !engine.tokens(client)) {
            return engine.renew(client, tokenParams(context, extra));
        }
        const endpoint = await safe(engine.discover(client));
        if (triesIframe(context)) {
            try {
                return await safe(redeemInIframe(context, extra));
            } catch (error) {
                if (!isNobody(error) || trustsIframe(context, endpoint)) {
                    throw error;
                }
                noteRedirect(context);
            }
        }
        return mayLeave ? leaveForLogin(context, { redirectUrl: location.href, isAwaited: true }) : undefined;
    };

    const renewAlone = async (extra: ExtraTokenParams, mayLeave: boolean): Promise<boolean> => {
        try {
            const tokens = await safe(obtain(extra, mayLeave));
            // The server's session may now be another user's: a page must not change its user while
            // the app runs.
            if (tokens && tokens.idTokenClaims["sub"] !== subject) {
                await safe(startAnew(context));
            }
            if (tokens) {
                log("tokens renewed");
                adopt(tokens);
                onChange(current);
            }
            return !!tokens;
        } catch (error) {
            if (isNobody(error) || (isEngineError(error) && error.details[0] === "invalid_grant")) {
                await safe(startAnew(context));
            }
            throw await safe(toFailure(error));
        }
    };

    let renewal: Promise<boolean> | undefined;
    let renewalOf: string;
    const renew = (extra: ExtraTokenParams, mayLeave: boolean): Promise<boolean> => {
        const of = natives.stringify([extra, mayLeave]);
        if (renewal && renewalOf === of) {
            return renewal;
        }
        // A renewal with other parameters waits for the one in progress.
        const own = (renewal ?? Promise.resolve(false)).catch(() => {}).then(() => renewAlone(extra, mayLeave));
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
            // What has just come is handed out, however short its life: a listener that asks for it
            // would renew it without end.
            const isNew = await safe(renewal?.catch(() => false));
            const due = engine.tokens(client)?.renewal ?? OVERDUE;
            if (!isNew && due !== NOT_DUE) {
                const isOver = due === OVERDUE;
                await safe(renew(undefined, isOver).catch((error: unknown) => {
                    if (isOver) {
                        throw error;
                    }
                }));
            }
            return current;
        },
        renew,
        serverNow,
        stop: () => void schedule++
    };
}
