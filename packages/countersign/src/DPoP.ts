/**
 * Turns DPoP on: `oidcEarlyInit({ securityDefenses: { ...DPoP({ mode: "auto" }) } })`.
 */
import { installHooks } from "./entry/hooks.js";
import { own } from "./page/own.js";
import { refuse } from "./entry/refuse.js";
import type { EnabledDPoP } from "./entry/state.js";

export type ParamsOfDPoP = {
    /**
     * `"auto"`: DPoP wherever the authorization server supports it, Bearer elsewhere.
     * `"enforced"`: a server that issues no DPoP-bound tokens is an initialization error, never Bearer.
     */
    mode: "auto" | "enforced";
};

/** Throws one sentence where `mode` is missing or unknown, or where there is another option. */
export function DPoP(params: ParamsOfDPoP): { enableDPoP: () => void } {
    const { mode, ...others } = own(params);
    refuse("DPoP()", others, '"mode"');
    if (mode !== "auto" && mode !== "enforced") {
        throw new TypeError(`countersign: DPoP() needs mode "auto" or "enforced", not ${JSON.stringify(mode)}.`);
    }
    return {
        // For `oidcEarlyInit`: what others call has no effect on what it has set up.
        enableDPoP: (): EnabledDPoP => ({ __proto__: null, mode, hooks: installHooks() })
    };
}
