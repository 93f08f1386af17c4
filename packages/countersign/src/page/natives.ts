/**
 * The native functions that our requests use, saved when this module is evaluated: before any
 * script of the app, so that a later patch of a global or a prototype does not reach the requests
 * that carry our tokens. Every script can import this module, so nothing here decides anything or
 * can be changed. `core/natives.ts` makes from it what the engine gets.
 */
import { own } from "./own.js";

type Class = { readonly prototype: object };

/** The members of a class as functions of their object: methods, and getters. */
type Members<P> = {
    readonly [K in Exclude<keyof P, "constructor">]: P[K] extends (...args: infer A) => infer R ? (self: P, ...args: A) => R : (self: P) => P[K];
};
type Saved<C extends Class> = Members<C["prototype"]> & { readonly constructor: C };

type Apply = { readonly apply: (target: Function, self: unknown, args: ArrayLike<unknown>) => any };
export const { apply, construct, defineProperty }: Omit<typeof Reflect, "apply"> & Apply = Reflect;
const { bind, call } = Function.prototype;
/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)` without reading `f.call`. */
const uncurry = bind.bind(call) as unknown as (method: unknown) => unknown;
export const { freeze } = Object;

// Not everywhere: workers have no `Node`, service workers no `XMLHttpRequest` and no `Worker`,
// insecure pages no `SubtleCrypto`.
const { Node, SubtleCrypto, Worker, XMLHttpRequest } = globalThis;
const { Instance, Memory, Module } = (globalThis.WebAssembly ?? {}) as typeof globalThis.WebAssembly;
/** Both are `undefined` in a browser without WebAssembly. */
export { Instance, Module };
const classes = {
    AbortSignal,
    Blob,
    Crypto,
    Event,
    EventTarget,
    FormData,
    Headers,
    Instance,
    Memory,
    MessageChannel,
    MessageEvent,
    MessagePort,
    Node,
    // That of an `await`, also where a library that came first has put its own in the global's place.
    Promise: (async () => {})().constructor as PromiseConstructor,
    ReadableStream,
    RegExp,
    Request,
    Response,
    String,
    SubtleCrypto,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
    WeakMap,
    WeakRef,
    Worker,
    XMLHttpRequest
};

type Table = Record<PropertyKey, any>;
/** The members of a class, which cannot be changed. The freeze, which comes later, would hide them. */
const membersOf = <C extends Class>(found: C | undefined): Saved<C> => {
    const members = { __proto__: null } as Table;
    // A class that this browser does not have has no members.
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(found?.prototype ?? {}))) {
        const { value, get = value } = own(descriptor as PropertyDescriptor);
        if (typeof get === "function") {
            members[key] = key === "constructor" ? get : uncurry(get);
        }
    }
    return freeze(members) as Saved<C>;
};
const table = { __proto__: null } as Table;
for (const [name, found] of Object.entries<Class | undefined>(classes)) {
    table[name] = membersOf(found);
}

/** The own members of each class. */
export const saved = freeze(table) as { readonly [K in keyof typeof classes]: Saved<(typeof classes)[K]> };

/** Unchanged: the caller chooses `this` and the number of arguments. */
export const nativeFetch = fetch;

/** Reading a storage throws if it is blocked. */
const storage = <K extends "indexedDB" | "sessionStorage">(name: K): (typeof globalThis)[K] | undefined => {
    try {
        return globalThis[name];
    } catch {
        return undefined;
    }
};

/** Values of the page, and functions without an object. */
export const page = freeze({
    __proto__: null as null,
    crypto,
    indexedDB: storage("indexedDB"),
    sessionStorage: storage("sessionStorage"),
    // Missing on a server, whose bundler takes this module if it knows no condition but `browser`.
    origin: (globalThis.location as Location | undefined)?.origin as string,
    /** `self`: the `this` of the call. */
    fetchOf: uncurry(fetch) as (self: unknown, input?: RequestInfo, init?: RequestInit) => Promise<Response>,
    atob: atob.bind(globalThis),
    setTimeout: setTimeout.bind(globalThis) as (callback: () => void, milliseconds: number) => number,
    /** Missing in browsers before 2022. */
    timeout: AbortSignal.timeout as typeof AbortSignal.timeout | undefined,
    now: Date.now,
    monotonic: performance.now.bind(performance),
    parseDate: Date.parse,
    parse: JSON.parse,
    stringify: JSON.stringify,
    hasOwn: Object.hasOwn,
    isArray: Array.isArray,
    ArrayBuffer,
    Proxy,
    Int16Array,
    Uint8Array
});

// A promise that is resolved with an object looks for `then` in it, which may be a script's getter
// on `Object.prototype`. These two classes have their own, so that no script intercepts a token
// response, digest or engine on its way to us.
for (const { prototype } of [Response, ArrayBuffer]) {
    defineProperty(prototype, "then", own({ value: undefined }));
}