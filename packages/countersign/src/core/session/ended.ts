/** Handles a session that has ended at the authorization server. */
import type { Context } from "../context.js";
import { failure } from "../errors/failure.js";
import { readTab, writeTab } from "../memory.js";
import { natives } from "../natives.js";
import { never, reload, takeLeave } from "../navigation/leave.js";
import { safe } from "../../page/safe.js";

/** If a session ends twice within this time, the page is not reloaded again to look for one. */
const RELOAD_MILLISECONDS = 30_000;
/** When the page was last reloaded because the session had ended. */
const RELOADED = "countersign reloaded";

/**
 * Reloads the page, which then has another session or none. Rejects with `session_ended` if it has
 * just done so.
 */
export async function startAnew({ log }: Context): Promise<never> {
    const previous = Number(readTab(RELOADED) ?? 0);
    const isAgain = Math.abs(natives.now() - previous) < RELOAD_MILLISECONDS;
    if (isAgain || !writeTab(RELOADED, `${natives.now()}`)) {
        throw await safe(failure("session_ended"));
    }
    log("the session has ended, reloading the page");
    await safe(takeLeave(reload));
    reload();
    return never();
}
