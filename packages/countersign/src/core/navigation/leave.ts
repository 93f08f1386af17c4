/** Leaves the page. */
import { NAME } from "../../entry/response.js";
import type { RedirectRecord } from "../../entry/state.js";
import { rootRelative } from "../../entry/url.js";
import { failure } from "../errors/failure.js";
import { writeTab } from "../memory.js";
import { natives } from "../natives.js";
import { safe } from "../../page/safe.js";

export const never = (): Promise<never> => new Promise(() => {});

export const reload = (): void => location.reload();

/**
 * Called when the back button restores the page as it was left; `undefined`: the page is not being
 * left.
 */
let comeBack: (() => void) | undefined;
let waiting: (() => void)[] = [];

export const isBeingLeft = (): boolean => !!comeBack;

/**
 * Reserves leaving the page. The first caller leaves it. Others wait, and go on if the page stays.
 */
export async function takeLeave(onReturn: () => void): Promise<void> {
    while (comeBack) {
        await safe(new Promise<void>(resolve => waiting.push(resolve)));
    }
    comeBack = onReturn;
}

/** Called when the page stays after all. */
export function stay(): void {
    comeBack = undefined;
    waiting.forEach(goOn => goOn());
    waiting = [];
}

addEventListener("pageshow", ({ persisted }) => {
    const onReturn = persisted && comeBack;
    if (onReturn && waiting[0]) {
        // A waiting caller that goes on would send the user away again at once.
        reload();
    } else if (onReturn) {
        stay();
        onReturn();
    }
});

/**
 * Keeps the record and goes to a URL. Returns `false` if nothing can be kept; then the page stays.
 */
export function goTo(url: string, record: RedirectRecord, isReplaced = false): boolean {
    const isKept = writeTab(NAME, natives.stringify(record));
    if (isKept) {
        isReplaced ? location.replace(url) : location.assign(url);
    }
    return isKept;
}

/** Returns a root-relative URL. Rejects if the URL is not in the app. */
export async function inApp(target: string, home: string): Promise<string> {
    const url = rootRelative(target, natives.origin);
    if (!url || !new URL(url, natives.origin).href.replace(/[?#].*|$/, "/").startsWith(home)) {
        throw await safe(failure("redirect_url_invalid", target, home));
    }
    return url;
}
