/** Pure functions on URLs and on the record that is kept across a redirect. */
import { own } from "../page/own.js";
import type { AuthorizationResponse, RedirectRecord } from "./state.js";

/** The engine's prefix of each `state`. */
const STATE_PREFIX = "cs.";
/** The `state` of our logout requests. It only says that the record in sessionStorage is meant. */
export const LOGOUT_STATE = "cs.logout";

/**
 * Returns the response in a URL (query or fragment), its `state`, and the root-relative URL without
 * it.
 */
export function readResponse(href: string): { response: AuthorizationResponse; state: string; rest: string } | undefined {
    const url = new URL(href);
    for (const part of ["hash", "search"] as const) {
        const parameters = new URLSearchParams(url[part].slice(1));
        const response: AuthorizationResponse = [...parameters];
        const state = parameters.get("state");
        if (state?.startsWith(STATE_PREFIX) && (parameters.get("code") || parameters.get("error") || state === LOGOUT_STATE)) {
            for (const name of ["state", "code", "iss", "session_state", "error", "error_description", "error_uri"]) {
                parameters.delete(name);
            }
            url[part] = `${parameters}`;
            return { response, state, rest: rootRelative(url.href, url.origin)! };
        }
    }
    return undefined;
}

/**
 * Tells whether this is a path from the root or an absolute URL: a relative one would differ from
 * page to page. `""` is the root.
 */
export const isBaseUrl = (text: unknown): boolean => typeof text === "string" && /^(\/|https?:\/\/|$)/.test(text);

/** Returns the root-relative URL; `undefined` for a URL of another origin, or an invalid one. */
export function rootRelative(url: string, origin: string): string | undefined {
    try {
        const resolved = new URL(url, origin);
        // A path that begins with two slashes would name another host once it is relative.
        return resolved.origin === origin ? resolved.href.slice(origin.length).replace(/^\/+/, "/") : undefined;
    } catch {
        return undefined;
    }
}

export function readRecord(text: string | null | undefined): RedirectRecord | undefined {
    try {
        const record = own(JSON.parse(text!) as RedirectRecord | null);
        return typeof record.state === "string" && typeof record.url === "string" ? record : undefined;
    } catch {
        return undefined;
    }
}
