/** The engine of one early init. */
import { loadEngine, type ShippedEngine } from "../engine/load.js";
import type { Bare, Engine } from "../engine/interface.js";
import { natives } from "./natives.js";
import type { Internals } from "../entry/state.js";
import { installInterceptors } from "./interceptors/index.js";

/**
 * Holds the engine; only the core has it. A promise is not used, because everyone can read what a
 * promise holds.
 */
export interface EngineSlot extends Bare {
    /** Set when `ready` resolves. */
    engine?: Engine;
    /** Rejects with `EngineError`. */
    ready?: Promise<void>;
}

export function beginEngine({ hooks }: Internals, shipped: ShippedEngine): EngineSlot {
    const slot: EngineSlot = { __proto__: null };
    slot.ready = loadEngine(natives, shipped, engine => {
        hooks && installInterceptors(engine, hooks);
        slot.engine = engine;
    });
    // `createOidc` reports the error.
    slot.ready.catch(() => {});
    return slot;
}
