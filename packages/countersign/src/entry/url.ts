/** Pure functions on URLs and on what is kept across a redirect. */
import { own } from "../page/own.js";
import type { AuthorizationResponse, RedirectRecord } from "./state.js";

/** What the engine begins each `state` with. */
const STATE_PREFIX = "cs.";
/** `state` of our logout requests: it only says that the record in sessionStorage is meant. */
export const LOGOUT_STATE = "cs.logout";

/** The response in a URL (query or fragment), its `state`, and the root-relative URL without it. */
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

/** A path from the root or a URL of its own: relative to the page it would be another place on each. `""` is the root. */
export const isBaseUrl = (text: unknown): boolean => typeof text === "string" && /^(\/|https?:\/\/|$)/.test(text);

/** `undefined` for a URL of another origin, or for what is no URL. */
export function rootRelative(url: string, origin: string): string | undefined {
    try {
        const resolved = new URL(url, origin);
        // With a path of two slashes it would be another host's once it is relative.
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
