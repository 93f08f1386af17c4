/**
 * What early init leaves for the core: one module instance shared by both.
 * It is not public, and page scripts cannot reach it. The saved native functions are in `natives.ts`.
 */
import type { Mode } from "../engine/interface.js";

export type SessionRestorationMethod = "iframe" | "full page redirect" | "auto";

/** An authorization response that was taken out of the URL: its parameters as they came. */
export type AuthorizationResponse = Record<string, string>;

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

/** Members that are missing have not been set yet. */
export const state: {
    /** What `oidcEarlyInit` returned; `undefined`: not called yet. */
    shouldLoadApp?: boolean;
    BASE_URL?: string | undefined;
    sessionRestorationMethod?: SessionRestorationMethod | undefined;
    /** Set by `enableDPoP` of `DPoP.ts`. */
    mode: Mode;
    /** How the page was left before this load, if it comes back from there. */
    record?: RedirectRecord | undefined;
    /** The answer to `record`; whoever uses it sets it to `undefined`. */
    response?: AuthorizationResponse | undefined;
    /** `state` of a response that no record of this tab asked for: the record was lost, or a link was crafted. */
    unclaimed?: string | undefined;
} = { mode: "off" };
