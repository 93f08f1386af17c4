/** What early init hands to the core, and nobody else gets (`handover.ts`). */
import type { Bare, Mode } from "../engine/interface.js";
import type { Unpack } from "../engine/load.js";
import type { Hooks } from "./hooks.js";

export type SessionRestorationMethod = "iframe" | "full page redirect" | "auto";

/** An authorization response that was taken out of the URL: its parameters as they came, also those that come twice. */
export type AuthorizationResponse = [name: string, value: string][];

/**
 * What the page needs after a full-page redirect; in sessionStorage meanwhile. It chooses what is shown and which
 * client is asked, and nothing else: whether a response is believed is the engine's decision.
 */
export interface RedirectRecord {
    state: string;
    /** Root-relative: where the page was. */
    url: string;
    /** `clientKey` of the client that left; `undefined`: a logout. */
    client?: string;
    /** `prompt=none`: the user has not been asked. */
    isSilent?: boolean;
    /** What `login` or `goToAuthServer` added to the request. */
    extraQueryParams?: Record<string, string>;
}

/** How the page was set up, and how it was come back to. Members that are missing are not known. */
export interface State extends Bare {
    BASE_URL?: string | undefined;
    sessionRestorationMethod?: SessionRestorationMethod | undefined;
    mode: Mode;
    /** How the page was left before this load, if it comes back from there. */
    record?: RedirectRecord | undefined;
    /** The answer to `record`; whoever uses it sets it to `undefined`. */
    response?: AuthorizationResponse | undefined;
    /** Origins of the issuers of this page's clients. */
    issuers?: string[];
    /** `state` of a response that no record of this tab asked for: the record was lost, or a link was crafted. */
    unclaimed?: string | undefined;
}

/** What `enableDPoP` returns to `oidcEarlyInit`. */
export interface EnabledDPoP extends Bare {
    readonly mode: Mode;
    readonly hooks: Hooks;
}

/** Everything of early init that is private: whoever held it could choose the engine, or sign for another request. */
export interface Internals extends Bare {
    readonly state: State;
    /** `undefined` where DPoP is off. */
    readonly hooks: Hooks | undefined;
    /** `undefined` where the browser has no `DecompressionStream`. */
    readonly unpack: Unpack | undefined;
}
