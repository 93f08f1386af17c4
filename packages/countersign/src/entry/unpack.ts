/** Unpacks the engine, by a stream that is laid before any other script can put itself into it. */
import type { Unpack } from "../engine/load.js";
import { saved } from "../page/natives.js";

/** To be called during early init; `undefined` where the browser cannot unpack. */
export function makeUnpack(): Unpack | undefined {
    if (!window.DecompressionStream) {
        return undefined;
    }
    let callback: ((unpacked: ArrayBuffer | undefined) => void) | undefined;
    const { readable, writable } = new DecompressionStream("gzip");
    // Waited for from now on: a later `await` would show the bytes to a getter on `Promise.prototype`.
    saved.Promise.then(
        new Response(readable).arrayBuffer(),
        unpacked => callback?.(unpacked),
        () => callback?.(undefined)
    );
    const writer = writable.getWriter();
    const write = writer.write.bind(writer);
    const close = writer.close.bind(writer);
    return (bytes, whenUnpacked) => {
        callback ??= whenUnpacked;
        write(bytes);
        close();
    };
}
