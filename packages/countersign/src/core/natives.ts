/** Names for what early init has saved of the browser (`entry/natives.ts`), and what the engine uses of it. */
import type { EngineHost } from "../engine/interface.js";
import { defineProperty, freeze, page, saved } from "../entry/natives.js";

export { apply, nativeFetch, xhrAbort, xhrOpen, xhrSend, xhrSetRequestHeader } from "../entry/natives.js";

export const {
    AbortSignal: { throwIfAborted },
    Blob: { constructor: NativeBlob, size: blobSize },
    Event: { currentTarget: eventCurrentTarget, type: eventType },
    EventTarget: { dispatchEvent: dispatch },
    FormData: { constructor: NativeFormData, forEach: formDataForEach },
    Headers: { constructor: NativeHeaders, forEach: headersForEach, get: headersGet, set: headersSet },
    Node: { baseURI: baseUri, cloneNode, nodeType },
    ReadableStream: { cancel: streamCancel, locked: streamLocked },
    RegExp: { exec: regExpExec },
    Request: {
        constructor: NativeRequest,
        // `undefined` in browsers that have no such member.
        body: requestBody = (): undefined => undefined,
        clone: requestClone,
        headers: requestHeaders,
        method: requestMethod,
        signal: requestSignal,
        url: requestUrl
    },
    Response: { body: responseBody, headers: responseHeaders, status: responseStatus, text: responseText, url: responseUrl },
    String: { includes },
    URL: { constructor: NativeURL, href: urlHref, origin: urlOrigin, pathname: urlPathname },
    URLSearchParams: { constructor: NativeURLSearchParams, toString: searchParamsText },
    XMLHttpRequest: {
        constructor: NativeXMLHttpRequest,
        getAllResponseHeaders: xhrResponseHeaders,
        readyState: xhrReadyState,
        responseURL: xhrResponseUrl,
        status: xhrStatus,
        upload: xhrUpload
    }
} = saved;
/** Of a Request, by name. */
export const requestMembers: { readonly [name: PropertyKey]: unknown } = saved.Request;
export const { Proxy: NativeProxy } = page;

type Append = (self: FormData, name: string, value: FormDataEntryValue) => void;
export const formDataAppend = saved.FormData.append as Append;
export const NativeWeakMap: WeakMapConstructor = saved.WeakMap.constructor;
export const weakMapGet = saved.WeakMap.get as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K) => V | undefined;
export const weakMapSet = saved.WeakMap.set as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K, value: V) => void;

const { constructor: NativePromise } = saved.Promise;
const { crypto, subtle } = page;
const { digest, exportKey, generateKey, sign } = saved.SubtleCrypto;
const { constructor: Instance, exports: instanceExports } = saved.Instance;
const { constructor: Module } = saved.Module;
const { constructor: Encoder, encodeInto } = saved.TextEncoder;
const { constructor: Decoder, decode } = saved.TextDecoder;
const encoder = Encoder && new Encoder();
const decoder = Decoder && new Decoder();

/** What the engine uses of the page. */
export const natives = freeze<EngineHost>({
    ...page,
    __proto__: null as null,
    subtle: subtle && freeze<NonNullable<EngineHost["subtle"]>>({
        __proto__: null as null,
        digest: (algorithm, data) => digest(subtle, algorithm, data),
        exportKey: ((format: "jwk", key: CryptoKey) => exportKey(subtle, format, key)) as never,
        generateKey: ((algorithm: EcKeyGenParams, isExtractable: boolean, usages: KeyUsage[]) =>
            generateKey(subtle, algorithm as never, isExtractable, usages)) as never,
        sign: (algorithm, key, data) => sign(subtle, algorithm, key, data)
    }),
    getRandomValues: array => saved.Crypto.getRandomValues(crypto, array) as typeof array,
    parseUrl: text => {
        const url = new NativeURL(text);
        return { origin: urlOrigin(url), path: urlPathname(url), href: urlHref(url) };
    },
    encodeInto: (text, bytes) => encodeInto(encoder, text, bytes),
    decode: bytes => decode(decoder, bytes),
    includes,
    Promise: NativePromise,
    own: promise => {
        defineProperty(promise, "constructor", { __proto__: null, value: NativePromise } as PropertyDescriptor);
        return promise;
    },
    responseStatus,
    responseHeaders,
    responseText,
    headersGet,
    instantiate: (bytes, imports) => instanceExports(new Instance(new Module(bytes), imports)),
    memoryBuffer: saved.Memory.buffer
});
