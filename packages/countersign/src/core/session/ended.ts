/** The session that the tokens came from is over at the authorization server. */
import type { Context } from "../context.js";
import { failure } from "../errors/failure.js";
import { readTab, writeTab } from "../memory.js";
import { natives } from "../natives.js";
import { never, reload, takeLeave } from "../navigation/leave.js";

/** A session that ends twice in this time is not looked for again by reloading the page. */
const RELOAD_MILLISECONDS = 30_000;
/** When the page was last reloaded because the session had ended. */
const RELOADED = "countersign reloaded";

/** The page starts anew, with another session or without one. Rejects with `session_ended` where it just did. */
export async function startAnew({ log }: Context): Promise<never> {
    const previous = Number(readTab(RELOADED) ?? 0);
    const isAgain = Math.abs(natives.now() - previous) < RELOAD_MILLISECONDS;
    if (isAgain || !writeTab(RELOADED, `${natives.now()}`)) {
        throw await failure("session_ended");
    }
    log("the session has ended, reloading the page");
    await takeLeave(reload);
    reload();
    return never();
}
