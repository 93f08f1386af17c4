/**
 * What the page remembers between leaving it and its next load. Nothing of it is trusted: it chooses
 * only whether a session is looked for.
 */
import type { RedirectRecord } from "../../entry/state.js";

/** Why the page was left: `"sso"`: to look for a session, without asking the user. */
export type Left = "login" | "sso";

const nameOf = (key: string): string => `${key} keycloak-js`;

/** Returns why the page was left, once. */
export function takeLeft(key: string): Left | undefined {
    try {
        const left = sessionStorage.getItem(nameOf(key));
        sessionStorage.removeItem(nameOf(key));
        return (left as Left | null) ?? undefined;
    } catch {
        return undefined;
    }
}

/** Returns whether it is kept. */
export function keepLeft(key: string, left: Left): boolean {
    try {
        sessionStorage.setItem(nameOf(key), left);
        return true;
    } catch {
        return false;
    }
}

/**
 * Keeps the record of a login that the app begins by a URL, as `core/navigation/leave.ts` does: early
 * init looks for it when the response comes.
 */
export const keepRecord = (record: RedirectRecord): void => sessionStorage.setItem("countersign", JSON.stringify(record));

/** Returns whether the page knows if there was a session. */
export function hasHint(key: string): boolean {
    try {
        return localStorage.getItem(key) !== null;
    } catch {
        return false;
    }
}

/**
 * Returns the error of the authorization response that the page was opened with. It is in the URL
 * that the browser remembers the load by. For display only.
 */
export function errorOfResponse(): { error: string; error_description: string } | undefined {
    const [load] = performance.getEntriesByType("navigation");
    const parameters = load && new URL(load.name, location.href).searchParams;
    const error = parameters?.get("state") && parameters.get("error");
    return error ? { error, error_description: parameters!.get("error_description") ?? "" } : undefined;
}
