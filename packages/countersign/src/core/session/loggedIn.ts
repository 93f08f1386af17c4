/** The logged-in client that the app gets. */
import { own } from "../../page/own.js";
import { readParameters, type Context } from "../context.js";
import { readHow, tell, toFailure } from "../errors/failure.js";
import { onHintOfOtherTab, readTab, writeHint, writeTab } from "../memory.js";
import { natives, saved } from "../natives.js";
import { never, reload } from "../navigation/leave.js";
import { leaveForLogin } from "../navigation/login.js";
import type { Oidc } from "../types.js";
import type { Workers } from "../worker/connect.js";
import type { Found } from "./find.js";
import { logOut } from "./logout.js";
import { keepFresh } from "./renewal.js";
import { safe } from "../../page/safe.js";

type Claims = Record<string, unknown>;

export function loggedIn(context: Context, common: Oidc.Common, { tokens, back }: Found): Oidc.LoggedIn<Claims> {
    const { key, params, log } = context;
    const listeners = new Set<(tokens: Oidc.Tokens<Claims>) => void>();
    let workers: Workers | undefined;
    const ticks = new Set<(params: { secondsLeft: number | undefined }) => void>();
    const { current, fresh, renew, serverNow, stop } = keepFresh(context, tokens, renewed => {
        workers?.announce(renewed.accessToken);
        callAll(listeners, renewed);
    });
    writeHint(key, "in");
    writeHint(`${key} again`, undefined);
    onHintOfOtherTab(key, "out", reload);
    const subject = current().decodedIdToken_original.sub;
    const isNewBrowserSession = readTab(`${key} sub`) !== subject;
    writeTab(`${key} sub`, subject);

    const oidc: Oidc.LoggedIn<Claims> = {
        ...common,
        isUserLoggedIn: true,
        backFromAuthServer: back,
        isNewBrowserSession,
        getDecodedIdToken: () => current().decodedIdToken,
        renewTokens: how =>
            tell(async () => {
                const { extraTokenParams: extra } = readHow(how);
                await safe(renew(extra && readParameters("extraTokenParams", extra, undefined), true));
            }),
        getTokens: fresh,
        subscribeToTokensChange: listener => {
            listeners.add(listener);
            return { unsubscribeFromTokensChange: () => void listeners.delete(listener) };
        },
        subscribeToAutoLogoutCountdown: tick => {
            ticks.add(tick);
            return { unsubscribeFromAutoLogoutCountdown: () => void ticks.delete(tick) };
        },
        connectWorker: async (worker, how) => {
            if (!workers) {
                const { connectWorkers } = await safe(import("../worker/connect.js"));
                const { authorize, boundToken, observe, release } = context.engine;
                workers ??= connectWorkers(context.client, { __proto__: null, authorize, boundToken, observe, release }, natives, saved, safe, toFailure, () => current().accessToken);
            }
            // At once, if it can be: origins that are taken from a worker must be gone before its
            // next question.
            workers.connect(worker, how);
        },
        logout: how => tell(() => logOut(context, stop, how)),
        goToAuthServer: how =>
            tell(async () => {
                const { redirectUrl, ...rest } = readHow(how);
                await safe(leaveForLogin(context, { ...rest, redirectUrl: redirectUrl ?? location.href }));
                return never();
            })
    };

    const { idleSessionLifetimeInSeconds: idle, autoLogoutParams = { redirectTo: "current page" } } = params;
    /** Returns the seconds that an idle session lasts, according to the newest refresh token. */
    const idleSeconds = (): number | undefined => {
        const { refreshTokenExpirationTime: until, issuedAtTime } = own(current());
        return until === undefined ? idle : Math.min((until - issuedAtTime) / 1000, idle ?? Infinity);
    };
    if (idleSeconds() !== undefined) {
        // Needed only after the user has been inactive for a while.
        natives.setTimeout(() => {
            import("./autoLogout.js")
                .then(module =>
                    module.watchActivity(
                        { ...natives, safe, now: serverNow },
                        key,
                        idleSeconds,
                        secondsLeft => callAll(ticks, { secondsLeft }),
                        () => renew(undefined, false),
                        () => oidc.logout(autoLogoutParams)
                    )
                )
                .catch((error: unknown) => log(error));
        }, 5_000);
    }
    return oidc;
}

/** Calls all callbacks. An error of one is the app's own. */
function callAll<T>(callbacks: Set<(argument: T) => void>, argument: T): void {
    callbacks.forEach(callback => {
        try {
            callback(argument);
        } catch (error) {
            reportError(error);
        }
    });
}
