// An `EngineHost` made of Node's functions. The browser's own is `page/natives.ts`.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const engineHost = overrides => ({
    subtle: crypto.subtle,
    SubtleCrypto: {
        generateKey: (subtle, ...args) => subtle.generateKey(...args),
        exportKey: (subtle, ...args) => subtle.exportKey(...args),
        digest: (subtle, ...args) => subtle.digest(...args),
        sign: (subtle, ...args) => subtle.sign(...args)
    },
    crypto,
    AbortSignal: { aborted: signal => signal.aborted, reason: signal => signal.reason },
    EventTarget: {
        addEventListener: (target, type, listener) => target.addEventListener(type, listener),
        removeEventListener: (target, type, listener) => target.removeEventListener(type, listener)
    },
    Crypto: { getRandomValues: (crypto, array) => crypto.getRandomValues(array) },
    now: () => Date.now(),
    monotonic: () => performance.now(),
    parse: JSON.parse,
    stringify: JSON.stringify,
    setTimeout: (callback, milliseconds) => Number(setTimeout(callback, milliseconds).unref()),
    timeout: milliseconds => AbortSignal.timeout(milliseconds),
    indexedDB: undefined,
    sessionStorage: undefined,
    origin: "https://app.example",
    parseDate: Date.parse,
    parseUrl: text => {
        const { origin, pathname, href } = new URL(text);
        return { origin, path: pathname, href: href.replace(/#.*/s, "") };
    },
    hasOwn: Object.hasOwn,
    isArray: Array.isArray,
    encodeInto: (text, bytes) => encoder.encodeInto(text, bytes),
    decode: bytes => decoder.decode(bytes),
    atob,
    ArrayBuffer,
    Int16Array,
    Uint8Array,
    Promise: { constructor: Promise, then: (self, resolve, reject) => self.then(resolve, reject) },
    Headers: { get: (headers, name) => headers.get(name) },
    Memory: { buffer: memory => memory.buffer },
    Response: { status: response => response.status, headers: response => response.headers, text: response => response.text() },
    String: { includes: (text, part) => text.includes(part), charCodeAt: (text, index) => text.charCodeAt(index) },
    instantiate: (bytes, imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports,
    ...overrides
});

/** Creates the part of a `Storage` that the engine uses. */
export function storage() {
    const items = new Map();
    return {
        items,
        setItem: (name, value) => items.set(name, value),
        getItem: name => items.get(name) ?? null,
        removeItem: name => items.delete(name)
    };
}
