/** The entry to the core, which early init imports and gives its internals to. */
import type { Internals } from "../entry/state.js";
import { makeCreateOidc, type CreateOidc } from "./createOidc.js";
import { beginEngine } from "./engineSlot.js";
import type { ShippedEngine } from "../engine/load.js";
import { failure, toFailure } from "./errors/failure.js";
import { safe } from "../page/safe.js";

/**
 * Starts the engine that was imported, and returns the `createOidc` that uses it. Each call has its
 * own state: a caller without the internals of early init gets nothing of the page's. Without any,
 * returns a `createOidc` that rejects: early init threw `failed`, was not called, or was called by
 * another copy of the package.
 */
export const start = (internals: Internals | undefined, shipped: ShippedEngine, failed: unknown): CreateOidc =>
    internals
        ? makeCreateOidc(internals.state, beginEngine(internals, shipped))
        : async () => {
              throw await safe(failed ? toFailure(failed) : failure(Symbol.for("countersign") in window ? "second_copy" : "early_init_missing"));
          };
