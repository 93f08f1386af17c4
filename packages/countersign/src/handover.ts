/**
 * Hands over to the core, once. Modules cannot keep a secret by not exporting it: each file is one
 * instance per URL, in Vite's dev server as in the build, and every script of the page can import
 * it. So no module holds anything private: early init creates it, and passes it to the core as the
 * argument of the one call that starts it. Anyone else who starts the core gets another one, which
 * knows nothing.
 */
import type { CreateOidc } from "./core/createOidc.js";
import { OidcInitializationError } from "./core/errors/oidcInitializationError.js";
import { defineProperty, Instance, Module, saved } from "./page/natives.js";
import { own } from "./page/own.js";
import type { ShippedEngine } from "./engine/load.js";
import type { Internals } from "./entry/state.js";
import { safe } from "./page/safe.js";

/** On `window` after a copy of this package has taken the page. */
const MARK = Symbol.for("countersign");

let core: Promise<CreateOidc> | undefined;

let failed: unknown;

/** Takes what kept early init from running, for `createOidc` to report, and returns it. */
export const note = (error: unknown): unknown => (failed = error);

/**
 * Loads the core. The native `then` gets its callbacks at once, so a script that patches promises
 * later cannot put another module in place of ours. If Vite wraps the import, its wrapper looks up
 * what it uses in the microtasks of this turn, which also run before any other script.
 */
const load = (internals?: Internals): Promise<CreateOidc> =>
    new Promise((resolve, reject) => {
        const fail = (error: Error) => reject(new OidcInitializationError({ messageOrCause: error }));
        let module: typeof import("./core/start.js") | undefined;
        let engine: ShippedEngine | undefined;
        const start = () => module && engine && resolve(module.start(internals, engine, failed));
        saved.Promise.then(import("./core/start.js"), loaded => ((module = loaded), start()), fail);
        let shipped: Promise<{ default: ShippedEngine }>;
        try {
            // A Content-Security-Policy or a lockdown mode may forbid even an empty module. We ask
            // now, because what is imported later could be another script's. WebKit compiles it all
            // the same, and makes no instance.
            new Instance(new Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
            shipped = import("./engine/bytes.js");
        } catch {
            shipped = import("./engine/script.js");
        }
        saved.Promise.then(shipped, loaded => ((engine = loaded.default), start()), fail);
    });

/**
 * Returns the function that hands over, to the first caller (pass nothing if the app must not
 * run in this document). Throws for every other caller, including another copy of this package: the
 * page would have two engines, and neither would have all tokens.
 */
export function takePage(): (internals?: Internals) => void {
    if (MARK in window) {
        throw new OidcInitializationError({
            messageOrCause: "countersign: two copies on this page; import one.",
            code: "second_copy"
        });
    }
    defineProperty(window, MARK, own({ value: true }));
    return internals => {
        // `createOidc` reports the error.
        (core = internals ? load(internals) : new Promise(() => {})).catch(() => {});
    };
}

/** The `createOidc` of this page, wherever it is imported from. */
export const createOidc: CreateOidc = async params => (await safe(core ?? load()))(params);
