/**
 * What the page remembers across loads besides the engine's logins. Nothing of it is trusted: it may
 * be lost or forged.
 */
import { natives } from "./natives.js";

/** "in": there was a session when the page was last loaded. "out": the user ended it. */
export type Hint = "in" | "out";

/** Reads the client's hint, or another value that all tabs share. */
export function readHint(key: string): string | undefined {
    try {
        return localStorage.getItem(key) ?? undefined;
    } catch {
        return undefined;
    }
}

export function writeHint(key: string, hint: string | undefined): void {
    try {
        hint ? localStorage.setItem(key, hint) : localStorage.removeItem(key);
    } catch {
        // Then the page looks for a session as at a first visit.
    }
}

/** There is no session any more. That the user has ended it is not forgotten. */
export function forgetSession(key: string): void {
    readHint(key) === "in" && writeHint(key, undefined);
}

/**
 * Returns `true` once until there is a session. A response that nobody asked for (a crafted link,
 * or a tab that forgets what it left for) starts the login again, and the next such response does
 * not. All tabs share this, because a tab that forgets would forget this too.
 */
export function mayTryAgain(key: string): boolean {
    const name = `${key} again`;
    const isAgain = readHint(name) !== undefined;
    writeHint(name, isAgain ? undefined : "in");
    return !isAgain && readHint(name) !== undefined;
}

/** Calls back when another tab of the app has logged in or out. */
export function onHintOfOtherTab(key: string, awaited: Hint, callback: () => void): void {
    addEventListener("storage", event => {
        if (event.key === key && event.newValue === awaited) {
            callback();
        }
    });
}

/** Reads a value of this tab. */
export const readTab = (key: string): string | undefined => natives.sessionStorage?.getItem(key) ?? undefined;

/** Writes a value of this tab. Returns `false` if it cannot be kept. */
export function writeTab(key: string, value: string | undefined): boolean {
    try {
        value === undefined ? natives.sessionStorage!.removeItem(key) : natives.sessionStorage!.setItem(key, value);
        return true;
    } catch {
        return false;
    }
}
