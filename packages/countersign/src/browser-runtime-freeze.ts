/**
 * Takes from later scripts the means to put themselves between the app and its requests: what those pass through
 * can no longer be redefined, and assigning to it does nothing. Only that: arrays, objects and functions stay as
 * they are (but for `then` of `Object.prototype`, which stays `undefined`), an instance or a subclass may still have
 * members of its own, and nothing becomes slower.
 */
import { own } from "./page/own.js";
import { refuse } from "./entry/refuse.js";

/** Frozen with everything on their prototype. */
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
    "TextDecoder"
] as const;
const namespaces = ["JSON", "WebAssembly"] as const;
const functions = ["fetch", "encodeURIComponent", "decodeURIComponent", "atob", "btoa"] as const;
/** Where the engine keeps keys and bytes; of these only what it calls, so that iterating stays as fast as it is. */
const methods = {
    Map: [() => Map.prototype, "get", "set", "delete"],
    Uint8Array: [() => Reflect.getPrototypeOf(Uint8Array.prototype)!, "subarray", "set", "indexOf"]
} as const;
/** Names of the reference that may stand in `excludes`, though nothing of theirs is frozen here. */
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
    /** Left alone, for a library that has to patch them. */
    excludes?: ApiName[];
};

/** Throws one sentence where an option or a name in `excludes` is unknown. */
export function browserRuntimeFreeze(params?: ParamsOfBrowserRuntimeFreeze): { enableBrowserRuntimeFreeze: () => void } {
    const { excludes = [], ...others } = own(params);
    refuse("browserRuntimeFreeze()", others, '"excludes"');
    for (const name of excludes) {
        if (!apiNames.includes(name)) {
            throw new TypeError(`countersign: browserRuntimeFreeze() knows no API "${name}"; known are ${apiNames.join(", ")}.`);
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
            if (freezes("Promise")) {
                // Not the global: what an app calls `Promise` is its own affair, an `await` does not look there.
                freezeAll(Promise.prototype, "Promise");
                freeze(Promise, Symbol.species, "Promise");
                // What a promise is resolved with is asked for its `then`: a new key pair, too, which is an ordinary object.
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
    // An accessor and not a read-only value: that would forbid the assignment to those who inherit, too.
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
