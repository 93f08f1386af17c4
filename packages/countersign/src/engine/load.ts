/**
 * Starts the engine as it was shipped. WebAssembly: packed as text, in a module of its own, which
 * every bundler can handle. JavaScript, where compiling is refused: a function that makes a host
 * whose `instantiate` needs no bytes.
 */
import { startEngine } from "./boundary.js";
import { EngineError } from "./interface.js";
import type { Engine, EngineHost } from "./interface.js";
import { unpack } from "./unpack.js";
import { safe } from "../page/safe.js";

/** What `handover.ts` imports: `engine/bytes.ts` or `engine/script.ts`. */
export type ShippedEngine = string | ((host: EngineHost) => EngineHost);

/** Starts a new engine and passes it to `deliver`. Rejects with `EngineError`. */
export const loadEngine = async (host: EngineHost, shipped: ShippedEngine, deliver: (engine: Engine) => void): Promise<void> => {
    if (!host.subtle) {
        throw new EngineError("insecure_context", []);
    }
    await safe(typeof shipped === "string" ? startEngine(unpack(host, shipped), host, deliver) : startEngine(undefined!, shipped(host), deliver));
};
