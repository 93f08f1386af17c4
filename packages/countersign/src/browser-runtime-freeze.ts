/**
 * Takes from later scripts the means to put themselves between the app and its requests: what those pass through
 * can no longer be redefined, and assigning to it does nothing. Only that: arrays, objects and functions stay as
 * they are, an instance or a subclass may still have members of its own, and nothing becomes slower.
 */

/** Frozen with everything on their prototype. */
const classes = ["XMLHttpRequest", "Headers", "Request", "Response", "URL", "URLSearchParams", "FormData", "Blob", "TextEncoder"] as const;
const globals = ["fetch", "JSON", "encodeURIComponent", "decodeURIComponent", "atob", "btoa"] as const;
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
    "Uint8Array",
    "Uint32Array",
    "Reflect",
    "Function.prototype.call"
] as const;

export const apiNames = [...classes, ...globals, "Promise", "crypto.subtle", ...untouched] as const;

export type ApiName = (typeof apiNames)[number];

export type ParamsOfBrowserRuntimeFreeze = {
    /** Left alone, for a library that has to patch them. */
    excludes?: ApiName[];
};

/** Throws one sentence where an option or a name in `excludes` is unknown. */
export function browserRuntimeFreeze(params: ParamsOfBrowserRuntimeFreeze = {}): { enableBrowserRuntimeFreeze: () => void } {
    const { excludes = [], ...others } = params;
    for (const name in others) {
        throw new TypeError(`countersign: browserRuntimeFreeze() has no option "${name}", only "excludes".`);
    }
    for (const name of excludes) {
        if (!apiNames.includes(name)) {
            throw new TypeError(`countersign: browserRuntimeFreeze() knows no API "${name}"; known are ${apiNames.join(", ")}.`);
        }
    }
    const freezes = (name: ApiName): boolean => !excludes.includes(name);
    return {
        enableBrowserRuntimeFreeze: () => {
            for (const name of classes.filter(freezes)) {
                freeze(window, name, name);
                freezeAll(window[name].prototype, name);
            }
            for (const name of globals.filter(freezes)) {
                freeze(window, name, name);
            }
            if (freezes("JSON")) {
                freezeAll(JSON, "JSON");
            }
            if (freezes("Promise")) {
                // Not the global: what an app calls `Promise` is its own affair, an `await` does not look there.
                freezeAll(Promise.prototype, "Promise");
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
    const descriptor = getOwnPropertyDescriptor(holder, key);
    if (!descriptor?.configurable) {
        return;
    }
    const { value, get, set, enumerable } = descriptor;
    // An accessor and not a read-only value: that would forbid the assignment to those who inherit, too.
    defineProperty(holder, key, {
        get: get ?? (() => value),
        set: get
            ? set!
            : function (this: unknown, own: unknown) {
                  if (this === holder) {
                      console.warn(
                          `countersign: the browser runtime freeze ignores an assignment to ${String(key)}; add "${name}" to its excludes to allow it.`
                      );
                  } else {
                      defineProperty(this as object, key, { value: own, writable: true, enumerable: true, configurable: true });
                  }
              },
        enumerable: enumerable!,
        configurable: false
    });
}
