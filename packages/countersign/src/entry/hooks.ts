/**
 * Hooks on `fetch` and `XMLHttpRequest` that pass everything through until the core fills the slots (no
 * token of ours exists before). What the slots do is in `core/interceptors`; here is only what has to be in
 * place before other scripts run, and what `open()` and `setRequestHeader()` were told.
 */
import {
    addListener,
    apply,
    construct,
    defineProperty,
    headersAppend,
    NativeHeaders,
    nativeFetch,
    NativeXMLHttpRequest,
    removeListener,
    stopImmediatePropagation,
    weakMapGet,
    weakMapSet,
    xhrAbort,
    xhrOpen,
    xhrSend,
    xhrSetRequestHeader,
    xhrUpload
} from "./natives.js";

/** `undefined`: not one of ours; the hook then calls the native function with the very same arguments. */
export type FetchSlot = (input: RequestInfo | URL, init: RequestInit | undefined) => Promise<Response> | undefined;

/** One `open()` of an XHR. */
export interface OpenedRequest {
    /** Of the call: `(method, url, async?, user?, password?)`. */
    readonly args: ArrayLike<unknown>;
    readonly headers: Headers;
    /** `true` once `send()` was taken over by the core. */
    isSent: boolean;
    /**
     * Set while the app's request is under way but the native instance cannot tell (waiting for a proof,
     * or for the decision about a challenge): does what `abort()` has to do then.
     */
    abort: (() => void) | undefined;
}

export type XhrBody = Document | XMLHttpRequestBodyInit | null | undefined;

/** `false`: not one of ours. */
export type SendSlot = (xhr: XMLHttpRequest, opened: OpenedRequest, body: XhrBody) => boolean;

/** `true`: this event of an XHR or of its upload is not for the app. */
export type EventSlot = (event: Event) => boolean;

let fetchSlot: FetchSlot | undefined;
let sendSlot: SendSlot | undefined;
let eventSlot: EventSlot | undefined;

export function fillSlots(fetch: FetchSlot, send: SendSlot, event: EventSlot): void {
    fetchSlot = fetch;
    sendSlot = send;
    eventSlot = event;
}

const openedRequests = new WeakMap<XMLHttpRequest, OpenedRequest>();

/** The newest `open()` of this instance. */
export const openedRequest = (xhr: XMLHttpRequest): OpenedRequest | undefined => weakMapGet(openedRequests, xhr);

const onEvent = (event: Event): void => {
    eventSlot?.(event) && stopImmediatePropagation(event);
};

/**
 * What can be withheld from the app. Listeners run in the order in which they were added, in some browsers the
 * capturing ones before all others: ours come first in both.
 */
const listen = (target: EventTarget, change: typeof addListener): void =>
    ["readystatechange", "loadstart", "progress", "load", "loadend"].forEach(type => change(target, type, onEvent, true));

/** Called once, by `enableDPoP`. */
export function installHooks(): void {
    // Written with `arguments`, so that length, omitted and extra arguments are the caller's own.
    window.fetch = function fetch(this: unknown, input: RequestInfo | URL) {
        return fetchSlot?.(input, arguments[1]) ?? apply(nativeFetch, this, arguments);
    };
    const { prototype } = NativeXMLHttpRequest;
    window.XMLHttpRequest = prototype.constructor = new Proxy(NativeXMLHttpRequest, {
        construct(target, args, newTarget) {
            const xhr = construct(target, args, newTarget);
            listen(xhr, addListener);
            return xhr;
        }
    });
    defineProperty(prototype, "upload", {
        get(this: XMLHttpRequest) {
            const upload = xhrUpload(this);
            listen(upload, addListener);
            return upload;
        },
        enumerable: true,
        configurable: true
    });
    prototype.open = function open(this: XMLHttpRequest) {
        const previous = openedRequest(this);
        // Before the native call, which fires `readystatechange`: a listener may go on with the request.
        weakMapSet(openedRequests, this, { args: arguments, headers: new NativeHeaders(), isSent: false, abort: undefined });
        try {
            apply(xhrOpen, this, arguments);
        } catch (error) {
            weakMapSet(openedRequests, this, previous as OpenedRequest);
            throw error;
        }
    };
    prototype.setRequestHeader = function setRequestHeader(name, value) {
        const opened = openedRequest(this);
        // An instance that was never opened throws what the platform throws after `send()`.
        apply(xhrSetRequestHeader, opened?.abort ? new NativeXMLHttpRequest() : this, arguments);
        opened && headersAppend(opened.headers, name, value);
    };
    prototype.send = function send(body) {
        const opened = openedRequest(this);
        if (!opened || !sendSlot?.(this, opened, body)) {
            // Listeners on `upload` change how a request is sent: not without need.
            listen(xhrUpload(this), removeListener);
            apply(xhrSend, this, arguments);
        }
    };
    prototype.abort = function abort() {
        const aborting = openedRequest(this)?.abort;
        aborting ? aborting() : apply(xhrAbort, this, arguments);
    };
}
