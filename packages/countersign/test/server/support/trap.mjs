// An engine whose exports can be made to trap, or looked at.
import { serverOf } from "./servers.mjs";

/** Creates a server, and returns it with its engine's exports; what is written to `replaced` stands in for them. */
export const openServer = (options, way = "node:crypto") => {
    const Original = WebAssembly.Instance;
    const replaced = {};
    let exports;
    WebAssembly.Instance = function (module, imports) {
        ({ exports } = new Original(module, imports));
        return { exports: new Proxy(replaced, { get: (own, name) => own[name] ?? exports[name] }) };
    };
    try {
        return { server: serverOf(way, options), exports, replaced };
    } finally {
        WebAssembly.Instance = Original;
    }
};
