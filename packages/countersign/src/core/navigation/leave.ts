/** Takes the browser away from the page. */
import { NAME } from "../../entry/response.js";
import type { RedirectRecord } from "../../entry/state.js";
import { rootRelative } from "../../entry/url.js";
import { failure } from "../errors/failure.js";
import { writeTab } from "../memory.js";
import { natives } from "../natives.js";

export const never = (): Promise<never> => new Promise(() => {});

export const reload = (): void => location.reload();

/** What is done when the back button brings the page back as it was left; `undefined`: it is not being left. */
let comeBack: (() => void) | undefined;
let waiting: (() => void)[] = [];

/** A page is left by whoever asks first. Others wait, and go on where it has stayed. */
export async function takeLeave(onReturn: () => void): Promise<void> {
    while (comeBack) {
        await new Promise<void>(resolve => waiting.push(resolve));
    }
    comeBack = onReturn;
}

/** The page is not left after all. */
export function stay(): void {
    comeBack = undefined;
    waiting.forEach(goOn => goOn());
    waiting = [];
}

addEventListener("pageshow", ({ persisted }) => {
    const onReturn = persisted && comeBack;
    if (onReturn && waiting[0]) {
        // Woken, who waits would send the user off again at once.
        reload();
    } else if (onReturn) {
        stay();
        onReturn();
    }
});

/** `false`: nothing can be kept, so the page stays. */
export function goTo(url: string, record: RedirectRecord, isReplaced = false): boolean {
    const isKept = writeTab(NAME, natives.stringify(record));
    if (isKept) {
        isReplaced ? location.replace(url) : location.assign(url);
    }
    return isKept;
}

/** Root-relative; rejects where the app is not responsible for it. */
export async function inApp(target: string, home: string): Promise<string> {
    const url = rootRelative(target, natives.origin);
    if (!url || !new URL(url, natives.origin).href.replace(/[?#].*|$/, "/").startsWith(home)) {
        throw await failure("redirect_url_invalid", target, home);
    }
    return url;
}
