/** The logged-in client: its tokens, kept fresh, and the ways in which a session ends. */
import type { Tokens } from "../../engine/interface.js";
import { natives } from "../natives.js";
import { own } from "../../page/own.js";
import { LOGOUT_STATE } from "../../entry/url.js";
import type { Found } from "../createOidc.js";
import { failure, isEngineError, toFailure } from "../errors/failure.js";
import { goTo, inApp, leaveForLogin, never, reload, takeLeave, type Context } from "../navigation/leave.js";
import { onHintOfOtherTab, readTab, writeHint, writeTab } from "../memory.js";
import { completeInIframe, isNobody, isSameSite, silentUrl, tokenParams } from "../navigation/iframe.js";
import type { Oidc } from "../types.js";

type Claims = Record<string, unknown>;
type ExtraTokenParams = Record<string, string | undefined> | undefined;

/** Renewed this long before the end, or when three quarters of a short life are over. */
const MARGIN_MILLISECONDS = 30_000;
/** After a renewal that failed, and never more often. */
const RETRY_MILLISECONDS = 30_000;
/** A session that ends twice in this time is not looked for again by reloading the page. */
const RELOAD_MILLISECONDS = 30_000;
const LONGEST_TIMEOUT = 2 ** 31 - 1;
/** When the page was last reloaded because the session had ended. */
const RELOADED = "countersign reloaded";

export function loggedIn(context: Context, common: Oidc.Common, { tokens: first, back }: Found): Oidc.LoggedIn<Claims> {
    const { engine, client, key, home, method, params, log } = context;
    const listeners = new Set<(tokens: Oidc.Tokens<Claims>) => void>();
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
                await findOrEnd();
            }
            if (tokens) {
                log("tokens renewed");
                adopt(tokens);
                listeners.forEach(listener => call(() => listener(current)));
            }
        } catch (error) {
            if (isNobody(error) || (isEngineError(error) && error.details[0] === "invalid_grant")) {
                await findOrEnd();
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

    /** The session that the tokens came from is over: the page starts anew, with another session or without one. */
    const findOrEnd = async (): Promise<void> => {
        const previous = Number(readTab(RELOADED) ?? 0);
        const isAgain = Math.abs(natives.now() - previous) < RELOAD_MILLISECONDS;
        if (isAgain || !writeTab(RELOADED, `${natives.now()}`)) {
            throw await failure("session_ended");
        }
        log("the session has ended, reloading the page");
        await takeLeave(reload);
        reload();
        return never();
    };

    const logout: Oidc.LoggedIn["logout"] = async how => {
        const { redirectTo, url: target = redirectTo === "home" ? home : location.href } = own(how) as { redirectTo: string; url?: string };
        const url = await inApp(target, home);
        await takeLeave(reload);
        schedule++;
        writeHint(key, "out");
        writeTab(`${key} sub`, undefined);
        const endSession = await engine.logout(client, home).catch(() => undefined);
        const leaving = new URL(endSession ?? url, natives.origin);
        if (endSession) {
            leaving.searchParams.set("state", LOGOUT_STATE);
            if (goTo(leaving.href, { state: LOGOUT_STATE, url })) {
                return never();
            }
        }
        location.assign(leaving);
        // The same page but for its fragment is not loaded again by that.
        if (leaving.href.replace(/#.*/, "") === location.href.replace(/#.*/, "")) {
            reload();
        }
        return never();
    };

    const ticks = new Set<(params: { secondsLeft: number | undefined }) => void>();
    adopt(first);
    writeHint(key, "in");
    writeHint(`${key} again`, undefined);
    onHintOfOtherTab(key, "out", reload);
    const subject = current!.decodedIdToken_original.sub;
    const isNewBrowserSession = readTab(`${key} sub`) !== subject;
    writeTab(`${key} sub`, subject);

    const oidc: Oidc.LoggedIn<Claims> = {
        ...common,
        isUserLoggedIn: true,
        backFromAuthServer: back,
        isNewBrowserSession,
        getDecodedIdToken: () => current.decodedIdToken,
        renewTokens: how => renew(own(how).extraTokenParams, true),
        getTokens: async () => {
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
        subscribeToTokensChange: listener => {
            listeners.add(listener);
            return { unsubscribeFromTokensChange: () => void listeners.delete(listener) };
        },
        subscribeToAutoLogoutCountdown: tick => {
            ticks.add(tick);
            return { unsubscribeFromAutoLogoutCountdown: () => void ticks.delete(tick) };
        },
        logout,
        goToAuthServer: async how => {
            await leaveForLogin(context, { ...how, redirectUrl: own(how).redirectUrl ?? location.href });
            return never();
        }
    };

    const { idleSessionLifetimeInSeconds: idle, autoLogoutParams = { redirectTo: "current page" } } = params;
    /** Seconds of an idle session, as the newest refresh token tells it. */
    const idleSeconds = (): number | undefined => {
        const { refreshTokenExpirationTime: until, issuedAtTime } = own(current);
        return until === undefined ? idle : Math.min((until - issuedAtTime) / 1000, idle ?? Infinity);
    };
    if (idleSeconds() !== undefined) {
        // Not needed before the user has done nothing for a while.
        natives.setTimeout(() => {
            import("./autoLogout.js")
                .then(module =>
                    module.watchActivity(
                        natives,
                        key,
                        idleSeconds,
                        secondsLeft => ticks.forEach(tick => call(() => tick({ secondsLeft }))),
                        () => oidc.logout(autoLogoutParams)
                    )
                )
                .catch((error: unknown) => log(error));
        }, 5_000);
    }
    return oidc;
}

/** A callback of the app that throws is the app's matter. */
function call(callback: () => void): void {
    try {
        callback();
    } catch (error) {
        reportError(error);
    }
}
