/**
 * What the page remembers across loads, beside the engine's flows: display data only, each of it may be lost or forged.
 */
import { natives } from "./natives.js";

/** "in": there was a session when the page was last loaded. "out": the user ended it. */
export type Hint = "in" | "out" | undefined;

/** Shared by the tabs. */
export function readHint(key: string): Hint {
    try {
        return (localStorage.getItem(key) as Hint | null) ?? undefined;
    } catch {
        return undefined;
    }
}

export function writeHint(key: string, hint: Hint): void {
    try {
        hint ? localStorage.setItem(key, hint) : localStorage.removeItem(key);
    } catch {
        // Then a session is looked for as at a first visit.
    }
}

/**
 * Once until there is a session: a response that nobody asked for (a crafted link, or a tab that forgets what it left for)
 * begins the login again, and the next one ends that. Shared by the tabs, as a tab that forgets would forget this, too.
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

/** This tab's. */
export const readTab = (key: string): string | undefined => natives.sessionStorage?.getItem(key) ?? undefined;

/** `false`: it is not kept. */
export function writeTab(key: string, value: string | undefined): boolean {
    try {
        value === undefined ? natives.sessionStorage!.removeItem(key) : natives.sessionStorage!.setItem(key, value);
        return true;
    } catch {
        return false;
    }
}
