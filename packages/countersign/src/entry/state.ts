/** What early init hands to the core and to no one else (`handover.ts`). */
import type { Bare, Mode } from "../engine/interface.js";
import type { Hooks } from "./hooks.js";

export type SessionRestorationMethod = "iframe" | "full page redirect" | "auto";

/**
 * An authorization response that was taken out of the URL: its parameters as they came, including
 * repeated ones.
 */
export type AuthorizationResponse = [name: string, value: string][];

/**
 * What the page needs after a full-page redirect; sessionStorage keeps it meanwhile. It chooses
 * what is shown and which client is asked, and nothing else: the engine decides whether a response
 * is believed.
 */
export interface RedirectRecord {
    state: string;
    /** Where the page was, as a root-relative URL. */
    url: string;
    /** `clientKey` of the client that left the page; `undefined`: a logout. */
    client?: string;
    /** `prompt=none`: the user has not been asked. */
    isSilent?: boolean;
    /** The login before this one was lost: a second one in a row is an error. */
    isAgain?: boolean | undefined;
    /** What `login` or `goToAuthServer` added to the request. */
    extraQueryParams?: Record<string, string>;
    /** Responses to other clients, which are redeemed when the page is back. */
    held?: Answer[] | undefined;
    /** How many redirects in a row nobody has asked for, with this one. */
    hop?: number | undefined;
}

/** A response of an authorization server, and how the page was left for it. */
export interface Answer {
    record: RedirectRecord;
    response: AuthorizationResponse;
    /** The origin that the page came back from; empty if the browser does not tell. */
    from: string;
}

/** How the page was set up, and how it was reached again. A missing member is not known. */
export interface State extends Bare {
    BASE_URL?: string | undefined;
    sessionRestorationMethod?: SessionRestorationMethod | undefined;
    mode: Mode;
    /** How the page was left before this load, if it comes back from there. */
    record?: RedirectRecord | undefined;
    /** The answer to `record`. */
    response?: AuthorizationResponse | undefined;
    /** The answers that no client has taken yet. */
    answers?: Answer[];
    /** Clients that may leave the page, by key, until they have decided. */
    undecided?: Map<string, Promise<void>>;
    /** The origins of the issuers of this page's clients. */
    issuers?: string[];
    /**
     * The `state` of a response that no record of this tab asked for: the record was lost, or a
     * link was crafted.
     */
    unclaimed?: string | undefined;
}

/** What `enableDPoP` returns to `oidcEarlyInit`. */
export interface EnabledDPoP extends Bare {
    readonly mode: Mode;
    readonly hooks: Hooks;
}

/**
 * Everything private of early init: an attacker who held it could choose the engine, or sign other
 * requests.
 */
export interface Internals extends Bare {
    readonly state: State;
    /** `undefined` if DPoP is off. */
    readonly hooks: Hooks | undefined;
}
