/** Unpacks the shipped WebAssembly: base64 of gzip, in a module of its own, which every bundler can carry. */
import type { Unpack } from "../entry/unpack.js";
import { startEngine } from "./boundary.js";
import { EngineError } from "./interface.js";
import type { Engine, EngineHost } from "./interface.js";

/** Starts a new engine and gives it to `deliver`. Rejects with `EngineError`. */
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
    await new host.Promise<void>(resolve =>
        unpack!(decode(host, base64), bytes => {
            unpacked = bytes;
            resolve();
        })
    );
    await startEngine(unpacked!, host, deliver);
};

/** By hand, since a script that can change `atob` or `charCodeAt` would choose the engine. */
const decode = (host: EngineHost, base64: string): Uint8Array<ArrayBuffer> => {
    const { length } = base64;
    const padding = base64[length - 2] === "=" ? 2 : base64[length - 1] === "=" ? 1 : 0;
    const codes = new host.Uint8Array(length);
    host.encodeInto(base64, codes);
    const bytes = new host.Uint8Array((length / 4) * 3 - padding);
    for (let i = 0, at = 0, held = 0, bits = 0; i < length; i++) {
        const code = codes[i]!;
        held = (held << 6) | (code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 43 ? 63 : 62);
        bits += 6;
        if (bits > 7) {
            bits -= 8;
            // What the padding gives lies beyond the end, and goes nowhere.
            bytes[at++] = held >> bits;
        }
    }
    return bytes;
};
