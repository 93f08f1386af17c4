/**
 * Ends the session: in the page, and at the authorization server if it has an end-session endpoint.
 */
import { LOGOUT_STATE } from "../../entry/url.js";
import type { Context } from "../context.js";
import { readHow } from "../errors/failure.js";
import { writeHint, writeTab } from "../memory.js";
import { natives } from "../natives.js";
import { goTo, inApp, never, reload, takeLeave } from "../navigation/leave.js";
import type { Oidc } from "../types.js";
import { safe } from "../../page/safe.js";

/** Logs the user out. `stop`: called when the page begins to leave. */
export async function logOut(
    { engine, client, key, home }: Context,
    stop: () => void,
    how: Parameters<Oidc.LoggedIn["logout"]>[0]
): Promise<never> {
    const { redirectTo, url: target = redirectTo === "home" ? home : location.href } = readHow(how) as { redirectTo: string; url?: string };
    const url = await safe(inApp(target, home));
    await safe(takeLeave(reload));
    stop();
    writeHint(key, "out");
    writeTab(`${key} sub`, undefined);
    const endSession = await safe(engine.logout(client, home).catch(() => undefined));
    const leaving = new URL(endSession ?? url, natives.origin);
    if (endSession) {
        leaving.searchParams.set("state", LOGOUT_STATE);
        if (goTo(leaving.href, { state: LOGOUT_STATE, url })) {
            return never();
        }
    }
    location.assign(leaving);
    // This does not reload a page that differs only by its fragment.
    if (leaving.href.replace(/#.*/, "") === location.href.replace(/#.*/, "")) {
        reload();
    }
    return never();
}
