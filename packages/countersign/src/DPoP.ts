/**
 * Turns DPoP on: `oidcEarlyInit({ securityDefenses: { ...DPoP({ mode: "auto" }) } })`.
 */
import { installHooks } from "./entry/hooks.js";
import { own } from "./page/own.js";
import { fail, refuse } from "./entry/refuse.js";
import type { EnabledDPoP } from "./entry/state.js";

export type ParamsOfDPoP = {
    /**
     * `"auto"`: DPoP if the authorization server supports it, otherwise Bearer. `"enforced"`: if a
     * server issues tokens that are not bound to a key, initialization fails; Bearer is never used.
     */
    mode: "auto" | "enforced";
};

/**
 * Returns what `securityDefenses` takes. Throws a `TypeError` with one sentence if `mode` is
 * missing or unknown, or if there is another option.
 */
export function DPoP(params: ParamsOfDPoP): { enableDPoP: () => void } {
    const { mode, ...others } = own(params);
    refuse("DPoP()", others, '"mode"');
    if (mode !== "auto" && mode !== "enforced") {
        fail(`DPoP.mode must be "auto" or "enforced", not ${JSON.stringify(mode)}.`);
    }
    return {
        // Only `oidcEarlyInit` uses the result: when others call it, nothing that early init has
        // set up changes.
        enableDPoP: (): EnabledDPoP => ({ __proto__: null, mode, hooks: installHooks() })
    };
}
