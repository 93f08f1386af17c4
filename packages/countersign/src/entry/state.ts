/**
 * What early init leaves for the core: one module instance shared by both.
 * It is not public, and page scripts cannot reach it. The saved native functions are in `natives.ts`.
 */
import type { Mode } from "../engine/interface.js";

export type SessionRestorationMethod = "iframe" | "full page redirect" | "auto";

/** An authorization response that was taken out of the URL: its parameters as they came. */
export type AuthorizationResponse = Record<string, string>;

export const state: {
    /** What `oidcEarlyInit` returned; `undefined`: not called yet. */
    shouldLoadApp: boolean | undefined;
    BASE_URL: string | undefined;
    sessionRestorationMethod: SessionRestorationMethod;
    /** Set by `enableDPoP` of `DPoP.ts`. */
    mode: Mode;
    /** Of a full-page redirect; whoever uses it sets it to `undefined`. */
    response: AuthorizationResponse | undefined;
} = {
    shouldLoadApp: undefined,
    BASE_URL: undefined,
    sessionRestorationMethod: "auto",
    mode: "off",
    response: undefined
};
