/** The engine of one early init. */
import { loadEngine } from "../engine/load.js";
import type { Bare, Engine } from "../engine/interface.js";
import { natives } from "./natives.js";
import type { Internals } from "../entry/state.js";
import { installInterceptors } from "./interceptors/index.js";

/** Held by the core and nobody else. Not in a promise: those tell what they hold to whoever asks them. */
export interface EngineSlot extends Bare {
    /** Set when `ready` resolves. */
    engine?: Engine;
    /** Rejects with `EngineError`. */
    readonly ready: Promise<void>;
}

export function beginEngine({ hooks, unpack }: Internals, base64: string): EngineSlot {
    const slot: EngineSlot = {
        __proto__: null,
        ready: loadEngine(natives, base64, unpack, engine => {
            hooks && installInterceptors(engine, hooks);
            slot.engine = engine;
        })
    };
    // `createOidc` reports it.
    slot.ready.catch(() => {});
    return slot;
}
