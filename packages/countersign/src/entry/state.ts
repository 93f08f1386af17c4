/**
 * What early init leaves for the core: one module instance shared by both.
 * It is not public, and page scripts cannot reach it. The saved native functions are in `natives.ts`.
 */
import type { Mode } from "../engine/interface.js";

export type SessionRestorationMethod = "iframe" | "full page redirect" | "auto";

/** An authorization response that was taken out of the URL: its parameters as they came. */
export type AuthorizationResponse = Record<string, string>;

/**
 * Stands in front of the native `fetch`. `undefined` means "not one of ours": the hook then calls the
 * native function with the very same arguments.
 */
export type FetchSlot = (input: RequestInfo | URL, init: RequestInit | undefined) => Promise<Response> | undefined;

/** What the XHR hook remembers of one `open()` until `send()`. */
export interface OpenedRequest {
    method: string;
    url: string | URL;
    async: boolean;
    user: string | null | undefined;
    password: string | null | undefined;
    /** In the order of the calls. */
    headers: [name: string, value: string][];
}

/** Stands in front of `XMLHttpRequest.prototype.send`. `false` means "not one of ours". */
export type SendSlot = (
    request: XMLHttpRequest,
    opened: OpenedRequest,
    body: Document | XMLHttpRequestBodyInit | null | undefined
) => boolean;

export const state: {
    /** What `oidcEarlyInit` returned; `undefined`: not called yet. */
    shouldLoadApp: boolean | undefined;
    BASE_URL: string | undefined;
    sessionRestorationMethod: SessionRestorationMethod;
    /** Set by `enableDPoP` of `DPoP.ts`. */
    mode: Mode;
    /** Of a full-page redirect; whoever uses it sets it to `undefined`. */
    response: AuthorizationResponse | undefined;
    /** Filled by `installInterceptors` of the core. */
    fetchSlot: FetchSlot | undefined;
    sendSlot: SendSlot | undefined;
} = {
    shouldLoadApp: undefined,
    BASE_URL: undefined,
    sessionRestorationMethod: "auto",
    mode: "off",
    response: undefined,
    fetchSlot: undefined,
    sendSlot: undefined
};
