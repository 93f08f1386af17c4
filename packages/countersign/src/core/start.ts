/** What early init imports: the whole core, which it gives its internals to. */
import type { Internals } from "../entry/state.js";
import { makeCreateOidc, type CreateOidc } from "./createOidc.js";
import { beginEngine } from "./engineSlot.js";
import { failure } from "./errors/failure.js";

/**
 * Starts the engine, which is given as `engine/bytes.ts` has it, and returns what makes clients of it. All is this
 * call's own: whoever calls it without the internals of early init gets nothing of the page's.
 */
export const start = (internals: Internals, engine: string): CreateOidc => makeCreateOidc(internals.state, beginEngine(internals, engine));

/** Where early init was not called, or that of another copy of the package was. */
export const refuse =
    (isSecondCopy: boolean): CreateOidc =>
    async () => {
        throw await failure(isSecondCopy ? "second_copy" : "early_init_missing");
    };
