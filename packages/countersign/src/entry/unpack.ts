/** Unpacks the engine, by a stream that is set up before any other script can tamper with it. */
import type { Unpack } from "../engine/load.js";
import { saved } from "../page/natives.js";

/** Sets up the stream; call it during early init. Throws if the browser cannot unpack. */
export function makeUnpack(): Unpack {
    // Nothing is unpacked before it is set.
    let callback: ((unpacked: ArrayBuffer | undefined) => void) | undefined;
    const { readable, writable } = new DecompressionStream("gzip");
    // Waited for from now on, because a later `await` would show the bytes to a getter on
    // `Promise.prototype`.
    saved.Promise.then(
        new Response(readable).arrayBuffer(),
        unpacked => callback!(unpacked),
        () => callback!(undefined)
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
