/**
 * Starts the engine as it was shipped. WebAssembly: base64 of gzip, in a module of its own, which
 * every bundler can handle. JavaScript, where compiling is refused: a function that makes a host
 * whose `instantiate` needs no bytes.
 */
import { startEngine } from "./boundary.js";
import { EngineError } from "./interface.js";
import type { Engine, EngineHost } from "./interface.js";
import type { Bytes } from "./message.js";
import { safe } from "../page/safe.js";

/**
 * Unpacks gzip. Can be called once. The callback gets the unpacked bytes, or nothing if that
 * failed.
 */
export type Unpack = (bytes: Bytes, callback: (unpacked: ArrayBuffer | undefined) => void) => void;

/** What `handover.ts` imports: `engine/bytes.ts` or `engine/script.ts`. */
export type ShippedEngine = string | ((host: EngineHost) => EngineHost);

/** Starts a new engine and passes it to `deliver`. Rejects with `EngineError`. */
export const loadEngine = async (
    host: EngineHost,
    shipped: ShippedEngine,
    unpack: Unpack | undefined,
    deliver: (engine: Engine) => void
): Promise<void> => {
    if (!host.subtle) {
        throw new EngineError("insecure_context", []);
    }
    let unpacked: ArrayBuffer | undefined;
    if (typeof shipped === "string") {
        await safe(new host.Promise.constructor<void>(resolve =>
            unpack!(decode(host, shipped), bytes => {
                unpacked = bytes;
                resolve();
            })
        ));
    } else {
        host = shipped(host);
        // So `deliver` is called after this function has returned.
        await safe(undefined);
    }
    await safe(startEngine(unpacked!, host, deliver));
};

const decode = (host: EngineHost, base64: string): Bytes => {
    const text = host.atob(base64);
    const bytes = new host.Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
        bytes[i] = host.String.charCodeAt(text, i);
    }
    return bytes;
};
