/** The entry to the core, which early init imports and gives its internals to. */
import type { Internals } from "../entry/state.js";
import { makeCreateOidc, type CreateOidc } from "./createOidc.js";
import { beginEngine } from "./engineSlot.js";
import { failure, toFailure } from "./errors/failure.js";

/**
 * Starts the engine, whose bytes are those of `engine/bytes.ts`, and returns the `createOidc` that
 * uses it. Each call has its own state: a caller without the internals of early init gets nothing
 * of the page's.
 */
export const start = (internals: Internals, engine: string): CreateOidc => makeCreateOidc(internals.state, beginEngine(internals, engine));

/**
 * Returns a `createOidc` that rejects, because early init threw `failed`, was not called, or was
 * called by another copy of the package.
 */
export const refuse =
    (isSecondCopy: boolean, failed: unknown): CreateOidc =>
    async () => {
        throw await (failed ? toFailure(failed) : failure(isSecondCopy ? "second_copy" : "early_init_missing"));
    };
