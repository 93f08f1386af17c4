/** Leaves the page for the authorization endpoint. */
import { INTERACTIVE, SILENT } from "../../engine/numbers.js";
import { own } from "../../page/own.js";
import { readParameters, type AppParameters, type Context } from "../context.js";
import { failure, toFailure } from "../errors/failure.js";
import { readHint } from "../memory.js";
import { addParameters, prepare, toPushed, transformed } from "./authorizationRequest.js";
import { answersOf } from "./chain.js";
import { goTo, inApp, never, reload, stay, takeLeave } from "./leave.js";
import { safe } from "../../page/safe.js";

export interface Leaving {
    redirectUrl?: string | undefined;
    extraQueryParams?: AppParameters | undefined;
    transformUrlBeforeRedirect?: ((url: string) => string) | undefined;
    /** `prompt=none` */
    isSilent?: boolean | undefined;
    /** The login before this one is lost, though the user has just been asked. */
    isAgain?: boolean;
    /** See `RedirectRecord`. */
    hop?: number | undefined;
    /** The page must not be reachable by the back button. */
    isReplaced?: boolean | undefined;
    /**
     * The page's caller waits for the result, so the page starts anew if it comes back without one.
     */
    isAwaited?: boolean;
}

/** Leaves the page for a login. Returns only if a silent attempt cannot be made. */
export async function leaveForLogin(context: Context, how: Leaving): Promise<undefined> {
    const { home, key, params, log } = context;
    const { isSilent = false, isReplaced = false, isAgain, hop, isAwaited, redirectUrl, extraQueryParams: extra, transformUrlBeforeRedirect } = own(how);
    await safe(takeLeave(isSilent || isAwaited ? reload : () => isReplaced && history.back()));
    try {
        const target = redirectUrl ?? params.postLoginRedirectUrl ?? location.href;
        const url = await safe(inApp(target, home));
        if (document.visibilityState === "hidden" && isSilent) {
            await safe(new Promise(resolve => document.addEventListener("visibilitychange", resolve, own({ once: true }))));
        }
        // If there is no end-session endpoint, the server would log the same user in again without
        // asking.
        const again = readHint(key) === "out" && !isAgain ? { prompt: "login" } : undefined;
        const { original, url: before } = await safe(prepare(context, isSilent ? SILENT : INTERACTIVE, again));
        const known = new URLSearchParams(before.search);
        addParameters(before, readParameters("extraQueryParams", extra, undefined), isSilent);
        const after = transformed(before, transformUrlBeforeRedirect);
        const extraQueryParams = Object.fromEntries([...after.searchParams].filter(([name, value]) => known.get(name) !== value));
        log(`going to ${after.origin}`, isSilent ? "to ask for a session" : "to log in", `, redirect URI ${home}`);
        const record = { state: original.get("state")!, url, client: key, isSilent, isAgain, extraQueryParams, held: answersOf(context.state), hop };
        if (goTo(await safe(toPushed(context, original, after)), record, isReplaced)) {
            return await safe(never());
        }
        if (!isSilent) {
            // The response would find no record, and no one would be logged in.
            throw await safe(failure("storage_refused"));
        }
    } catch (error) {
        stay();
        throw await safe(toFailure(error));
    }
    stay();
    return undefined;
}
