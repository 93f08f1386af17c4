/** Unpacks the shipped WebAssembly: base64 of gzip, in a module of its own, which every bundler can carry. */
import { startEngine } from "./boundary.js";
import { EngineError } from "./interface.js";
import type { Engine, EngineHost, LoadEngine } from "./interface.js";

const load = async (host: EngineHost): Promise<Engine> => {
    if (!host.subtle) {
        throw new EngineError("insecure_context", []);
    }
    const { default: base64 } = await import("./bytes.js");
    const packed = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return startEngine(await new Response(unpacked).arrayBuffer(), host);
};

let engine: Promise<Engine> | undefined;

export const loadEngine: LoadEngine = host => (engine ??= load(host));
