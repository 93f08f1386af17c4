/**
 * The native functions that our path uses, saved when this module is evaluated: before any script of the
 * app, so that a later patch of a global or a prototype does not reach the requests that carry our tokens.
 * Everything is a function that looks nothing up when it is called. Nothing here decides anything.
 */
import type { EngineHost } from "../engine/interface.js";

type Method = (...args: never[]) => unknown;
type Class<P> = { readonly prototype: P };
type Called<P, K extends keyof P> = P[K] extends (...args: infer A) => infer R ? (self: P, ...args: A) => R : never;

const { getOwnPropertyDescriptor } = Reflect;
export const { construct, defineProperty } = Reflect;
export const apply: (target: Function, self: unknown, args: ArrayLike<unknown>) => any = Reflect.apply;
const { bind, call } = Function.prototype;
/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)` without reading `f.call`. */
const uncurry = bind.bind(call) as unknown as (method: unknown) => Method;

const method = <P extends object, K extends keyof P>(of: Class<P>, name: K): Called<P, K> =>
    uncurry(of.prototype[name]) as Called<P, K>;

/** Reads a property that a prototype defines as an accessor; `undefined` where this browser has none. */
const getter = <P extends object, K extends keyof P>(of: Class<P>, name: K): ((self: P) => P[K]) =>
    uncurry(getOwnPropertyDescriptor(of.prototype, name)?.get ?? (() => undefined)) as never;

export const {
    Blob: NativeBlob,
    FormData: NativeFormData,
    Headers: NativeHeaders,
    Request: NativeRequest,
    URL: NativeURL,
    URLSearchParams: NativeURLSearchParams,
    XMLHttpRequest: NativeXMLHttpRequest
} = window;

export const nativeFetch = fetch;
export const headersGet = method(Headers, "get");
export const headersSet = method(Headers, "set");
export const headersAppend = method(Headers, "append");
export const headersForEach = method(Headers, "forEach");
export const requestClone = method(Request, "clone");
export const requestHeaders = getter(Request, "headers");
export const requestSignal = getter(Request, "signal");
export const requestMethod = getter(Request, "method");
export const requestUrl = getter(Request, "url");
export const requestBody = getter(Request, "body");
export const responseStatus = getter(Response, "status");
export const responseHeaders = getter(Response, "headers");
export const responseUrl = getter(Response, "url");
export const responseBody = getter(Response, "body");
export const streamCancel = method(ReadableStream, "cancel");
export const throwIfAborted = method(AbortSignal, "throwIfAborted");
export const urlHref = getter(URL, "href");
export const urlOrigin = getter(URL, "origin");
export const urlPathname = getter(URL, "pathname");
export const regExpExec = method(RegExp, "exec");
export const weakMapGet = method(WeakMap, "get") as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K) => V | undefined;
export const weakMapSet = method(WeakMap, "set") as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K, value: V) => void;

export const { open: xhrOpen, send: xhrSend, setRequestHeader: xhrSetRequestHeader, abort: xhrAbort } = XMLHttpRequest.prototype;
export const xhrReadyState = getter(XMLHttpRequest, "readyState");
export const xhrStatus = getter(XMLHttpRequest, "status");
export const xhrResponseUrl = getter(XMLHttpRequest, "responseURL");
export const xhrUpload = getter(XMLHttpRequest, "upload");
export const xhrResponseHeaders = method(XMLHttpRequest, "getAllResponseHeaders");
type ChangeListener = (self: EventTarget, type: string, listener: (event: Event) => void, isCapture: true) => void;
export const addListener = method(EventTarget, "addEventListener") as ChangeListener;
export const removeListener = method(EventTarget, "removeEventListener") as ChangeListener;
export const dispatch = method(EventTarget, "dispatchEvent");
export const baseUri = getter(Node, "baseURI");
export const formDataAppend = method(FormData, "append") as (self: FormData, name: string, value: FormDataEntryValue) => void;
export const formDataForEach = method(FormData, "forEach");
export const eventType = getter(Event, "type");
export const eventCurrentTarget = getter(Event, "currentTarget");
export const stopImmediatePropagation = method(Event, "stopImmediatePropagation");

// A promise that is resolved with an object asks it for `then`, which may be a script's getter on `Object.prototype`:
// these two answer for themselves, so that no token response, digest or engine is handed over on its way to us.
for (const { prototype } of [Response, ArrayBuffer]) {
    defineProperty(prototype, "then", { value: undefined });
}

const { subtle } = crypto;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const { Module, Instance, Memory } = (window.WebAssembly ?? {}) as typeof WebAssembly;
const instanceExports = Instance && getter(Instance, "exports");

/** Laid before any other script runs, so that none can put itself into it. */
const gunzip = (): EngineHost["unpack"] => {
    const { readable, writable } = new DecompressionStream("gzip");
    const unpacked = new Response(readable).arrayBuffer();
    const writer = writable.getWriter();
    const write = writer.write.bind(writer);
    const close = writer.close.bind(writer);
    return bytes => {
        write(bytes);
        close();
        return unpacked;
    };
};

/** Reading a storage from `window` throws where it is blocked. */
const storage = <K extends "indexedDB" | "sessionStorage">(name: K): Window[K] | undefined => {
    try {
        return window[name];
    } catch {
        return undefined;
    }
};

/** What the engine uses of the page. */
export const natives: EngineHost = {
    fetch: fetch.bind(window),
    subtle: subtle && {
        generateKey: subtle.generateKey.bind(subtle) as SubtleCrypto["generateKey"],
        exportKey: subtle.exportKey.bind(subtle) as SubtleCrypto["exportKey"],
        sign: subtle.sign.bind(subtle),
        digest: subtle.digest.bind(subtle)
    },
    getRandomValues: crypto.getRandomValues.bind(crypto),
    now: Date.now,
    parse: JSON.parse,
    stringify: JSON.stringify,
    setTimeout: window.setTimeout.bind(window),
    timeout: AbortSignal.timeout?.bind(AbortSignal),
    indexedDB: storage("indexedDB"),
    sessionStorage: storage("sessionStorage"),
    origin: location.origin,
    parseDate: Date.parse,
    parseUrl: text => {
        const url = new NativeURL(text);
        return { origin: urlOrigin(url), path: urlPathname(url), href: urlHref(url) };
    },
    hasOwn: Object.hasOwn,
    isArray: Array.isArray,
    encodeInto: encoder.encodeInto.bind(encoder),
    decode: decoder.decode.bind(decoder),
    Uint8Array,
    Promise,
    responseStatus,
    responseHeaders,
    responseText: method(Response, "text"),
    headersGet,
    unpack: window.DecompressionStream && gunzip(),
    instantiate: (bytes, imports) => instanceExports(new Instance(new Module(bytes), imports)),
    memoryBuffer: Memory && getter(Memory, "buffer")
};
