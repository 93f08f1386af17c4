/**
 * Unpacks the shipped WebAssembly: base64 of gzip, in a module of its own, which every bundler can
 * handle.
 */
import { startEngine } from "./boundary.js";
import { EngineError } from "./interface.js";
import type { Engine, EngineHost } from "./interface.js";
import type { Bytes } from "./message.js";

/**
 * Unpacks gzip. Can be called once. The callback gets the unpacked bytes, or nothing if that
 * failed.
 */
export type Unpack = (bytes: Bytes, callback: (unpacked: ArrayBuffer | undefined) => void) => void;

/** Starts a new engine and passes it to `deliver`. Rejects with `EngineError`. */
export const loadEngine = async (
    host: EngineHost,
    base64: string,
    unpack: Unpack | undefined,
    deliver: (engine: Engine) => void
): Promise<void> => {
    if (!host.subtle) {
        throw new EngineError("insecure_context", []);
    }
    let unpacked: ArrayBuffer | undefined;
    await new host.Promise.constructor<void>(resolve =>
        unpack!(decode(host, base64), bytes => {
            unpacked = bytes;
            resolve();
        })
    );
    await startEngine(unpacked!, host, deliver);
};

const decode = (host: EngineHost, base64: string): Bytes => {
    const text = host.atob(base64);
    const bytes = new host.Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
        bytes[i] = host.String.charCodeAt(text, i);
    }
    return bytes;
};
