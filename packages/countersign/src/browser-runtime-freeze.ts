/**
 * Keeps later scripts from inserting themselves between the app and its requests: what requests
 * pass through can no longer be redefined, and assigning to it does nothing. That is all: arrays,
 * objects and functions stay as they are (by `promises`, except `then` of `Object.prototype`, which
 * stays `undefined`), an instance or a subclass may still have members of its own, and without
 * `promises` nothing becomes slower.
 */
import { own } from "./page/own.js";
import { fail, refuse } from "./entry/refuse.js";

/** Frozen, with everything on their prototype. */
const classes = [
    "XMLHttpRequest",
    "Headers",
    "Request",
    "Response",
    "URL",
    "URLSearchParams",
    "FormData",
    "Blob",
    "TextEncoder",
    "TextDecoder",
    // What `connectWorker` hands a worker.
    "Worker",
    "MessageChannel",
    "MessagePort"
] as const;
const namespaces = ["JSON", "WebAssembly"] as const;
const functions = ["fetch", "encodeURIComponent", "decodeURIComponent", "atob", "btoa"] as const;
/**
 * The engine keeps keys and bytes in these. Only the methods that it calls are frozen, so that
 * iterating stays as fast as it is.
 */
const methods = {
    Map: [() => Map.prototype, "get", "set", "delete"],
    Uint8Array: [() => Reflect.getPrototypeOf(Uint8Array.prototype)!, "subarray", "set", "indexOf"]
} as const;
/**
 * Names of the reference that are accepted in `excludes`, although nothing of theirs is frozen
 * here.
 */
const untouched = [
    "WebSocket",
    "EventSource",
    "ServiceWorkerContainer",
    "ServiceWorkerRegistration",
    "ServiceWorker",
    "WeakMap",
    "String",
    "Object",
    "Array",
    "RegExp",
    "Uint32Array",
    "Reflect",
    "Function.prototype.call"
] as const;

export const apiNames = Object.freeze([
    ...classes,
    ...namespaces,
    ...functions,
    "Map",
    "Uint8Array",
    "Promise",
    "crypto.subtle",
    "indexedDB",
    ...untouched
] as const);

export type ApiName = (typeof apiNames)[number];

export type ParamsOfBrowserRuntimeFreeze = {
    /** What is not frozen, for a library that has to patch it. */
    excludes?: ApiName[];
    /**
     * `true`: freezes the members of `Promise.prototype` too, what `then` derives its promise from
     * (`Symbol.species`), and `then` of `Object.prototype`. V8 gives up its fast path for promises
     * as soon as one of these is redefined, so it is off by default.
     */
    promises?: boolean;
};

/**
 * Returns what `securityDefenses` takes. Throws a `TypeError` with one sentence for an unknown
 * option, or an unknown name in `excludes`.
 */
export function browserRuntimeFreeze(params?: ParamsOfBrowserRuntimeFreeze): { enableBrowserRuntimeFreeze: () => void } {
    const { excludes: given, promises, ...others } = own(params);
    const excludes = given ?? [];
    refuse("browserRuntimeFreeze()", others, '"excludes" and "promises"');
    for (const name of excludes) {
        if (!apiNames.includes(name)) {
            fail(`browserRuntimeFreeze() knows no API "${name}"; known are ${apiNames.join(", ")}.`);
        }
    }
    const freezes = (name: ApiName): boolean => !excludes.includes(name);
    return {
        enableBrowserRuntimeFreeze: () => {
            for (const name of [...classes, ...namespaces, ...functions].filter(freezes)) {
                freeze(window, name, name);
                const api = window[name];
                freezeAll(Object.hasOwn(api, "prototype") ? (api as typeof Response).prototype : api, name);
            }
            for (const name of (["Map", "Uint8Array"] as const).filter(freezes)) {
                const [holder, ...keys] = methods[name];
                keys.forEach(key => freeze(holder(), key, name));
            }
            if (freezes("indexedDB")) {
                for (const { prototype } of [IDBFactory, IDBDatabase, IDBTransaction, IDBObjectStore, IDBRequest]) {
                    freezeAll(prototype, "indexedDB");
                }
            }
            if (promises && freezes("Promise")) {
                // The global is not frozen: an app may replace `Promise`, and an `await` does not
                // look there.
                freezeAll(Promise.prototype, "Promise");
                freeze(Promise, Symbol.species, "Promise");
                // A promise looks for `then` in the value that it is resolved with. A new key pair
                // is such a value, and an ordinary object.
                defineProperty(Object.prototype, "then", own({ value: undefined, configurable: true }));
                freeze(Object.prototype, "then", "Promise");
            }
            if (freezes("crypto.subtle")) {
                freeze(window, "crypto", "crypto.subtle");
                freezeAll(Crypto.prototype, "crypto.subtle");
                if (crypto.subtle) {
                    freezeAll(SubtleCrypto.prototype, "crypto.subtle");
                }
            }
        }
    };
}

const { defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;

function freezeAll(holder: object, name: ApiName): void {
    ownKeys(holder).forEach(key => freeze(holder, key, name));
}

function freeze(holder: object, key: PropertyKey, name: ApiName): void {
    const { value, get, set, enumerable, configurable } = own(getOwnPropertyDescriptor(holder, key));
    if (!configurable) {
        return;
    }
    // An accessor rather than a read-only value, which would also forbid the assignment to objects
    // that inherit it.
    const accessor = {
        get: get ?? (() => value),
        set: get
            ? set!
            : function (this: unknown, its: unknown) {
                  if (this === holder) {
                      console.warn(
                          `countersign: browserRuntimeFreeze ignored an assignment to ${String(key)}; to allow it, add "${name}" to excludes.`
                      );
                  } else {
                      defineProperty(this as object, key, own({ value: its, writable: true, enumerable: true, configurable: true }));
                  }
              },
        enumerable: enumerable!,
        configurable: false
    };
    defineProperty(holder, key, own(accessor));
}
