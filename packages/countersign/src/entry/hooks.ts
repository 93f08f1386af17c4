/**
 * Hooks on `fetch` and `XMLHttpRequest` that pass everything through until the core fills the slots (no
 * token of ours exists before). What the slots do is in `core/interceptors`; here is only what has to be in
 * place before other scripts run, and what `open()` and `setRequestHeader()` were told.
 */
import type { Bare } from "../engine/interface.js";
import { apply, construct, defineProperty, nativeFetch, saved, xhrAbort, xhrOpen, xhrSend, xhrSetRequestHeader } from "./natives.js";

const { addEventListener: addListener, removeEventListener: removeListener } = saved.EventTarget;
const { constructor: NativeXMLHttpRequest, upload: xhrUpload } = saved.XMLHttpRequest;
const { constructor: NativeURL, href: urlHref } = saved.URL;
const { constructor: NativeHeaders, append: headersAppend } = saved.Headers;
const { get: weakMapGet, set: weakMapSet } = saved.WeakMap;
const { baseURI: baseUri } = saved.Node;
const { stopImmediatePropagation } = saved.Event;

/** `undefined`: not one of ours; the hook then calls the native function with the very same arguments. */
export type FetchSlot = (input: RequestInfo | URL, init: RequestInit | undefined) => Promise<Response> | undefined;

/** One `open()` of an XHR. */
export interface OpenedRequest {
    /** Of the call: `(method, url, async?, user?, password?)`, the first two as the strings that the native got. */
    readonly args: ArrayLike<unknown>;
    /** As it was resolved then: base URL and history may be others at `send()`. */
    readonly url: string;
    readonly headers: Headers;
    /** `true` once `send()` was taken over by the core. */
    isSent?: boolean;
    /**
     * Set while the app's request is under way but the native instance cannot tell (waiting for a proof,
     * or for the decision about a challenge): does what `abort()` has to do then.
     */
    abort?: (() => void) | undefined;
    /** Set by `send()` of the core: the instance has been opened anew, which ends this request without an event. */
    replace?: () => void;
}

export type XhrBody = Document | XMLHttpRequestBodyInit | null | undefined;

/** `false`: not one of ours. */
export type SendSlot = (xhr: XMLHttpRequest, opened: OpenedRequest, body: XhrBody) => boolean;

/** `true`: this event of an XHR or of its upload is not for the app. */
export type EventSlot = (event: Event) => boolean;

/** What the core does with the hooks; for nobody else. */
export interface Hooks extends Bare {
    /** Once. */
    readonly fillSlots: (fetch: FetchSlot, send: SendSlot, event: EventSlot) => void;
    /** The newest `open()` of this instance. */
    readonly openedRequest: (xhr: XMLHttpRequest) => OpenedRequest | undefined;
}

/** What is no URL, the native function refuses. */
function resolve(url: string): string {
    try {
        return urlHref(new NativeURL(url, baseUri(document)));
    } catch {
        return url;
    }
}

/** Called by `enableDPoP`. What the hooks know and do is this call's own. */
export function installHooks(): Hooks {
    let fetchSlot: FetchSlot | undefined;
    let sendSlot: SendSlot | undefined;
    let eventSlot: EventSlot | undefined;
    const openedRequests = new WeakMap<XMLHttpRequest, OpenedRequest>();
    const openedRequest = (xhr: XMLHttpRequest): OpenedRequest | undefined => weakMapGet(openedRequests, xhr);
    const onEvent = (event: Event): void => {
        eventSlot?.(event) && stopImmediatePropagation(event);
    };
    /**
     * What can be withheld from the app. Listeners run in the order in which they were added, in some browsers the
     * capturing ones before all others: ours come first in both.
     */
    const listen = (target: EventTarget, change: typeof addListener): void =>
        ["readystatechange", "loadstart", "progress", "load", "loadend"].forEach(type => change(target, type, onEvent, true));

    // `length` is the native one's, and by `arguments` omitted and extra arguments stay what the caller wrote.
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
    prototype.open = function open(this: XMLHttpRequest, method: string, url: string | URL) {
        const args = arguments;
        if (args.length > 1) {
            // Once: an object may be another URL the next time it is read.
            args[0] = `${method}`;
            args[1] = `${url}`;
        }
        const previous = openedRequest(this);
        const opened: OpenedRequest = { args, url: resolve(args[1]), headers: new NativeHeaders() };
        // Before the native call, which fires `readystatechange`: a listener may go on with the request.
        weakMapSet(openedRequests, this, opened);
        try {
            apply(xhrOpen, this, args);
        } catch (error) {
            weakMapSet(openedRequests, this, previous as OpenedRequest);
            throw error;
        }
        previous?.replace?.();
    };
    prototype.setRequestHeader = function setRequestHeader(name, value) {
        const opened = openedRequest(this);
        // An instance that was never opened throws what the platform throws after `send()`.
        apply(xhrSetRequestHeader, opened?.abort ? new NativeXMLHttpRequest() : this, arguments);
        opened && headersAppend(opened.headers, name, value);
    };
    prototype.send = function send() {
        const opened = openedRequest(this);
        if (!opened || !sendSlot?.(this, opened, arguments[0])) {
            // Listeners on `upload` change how a request is sent: not without need.
            listen(xhrUpload(this), removeListener);
            apply(xhrSend, this, arguments);
        }
    };
    prototype.abort = function abort() {
        const aborting = openedRequest(this)?.abort;
        aborting ? aborting() : apply(xhrAbort, this, arguments);
    };
    return {
        __proto__: null,
        fillSlots: (fetch, send, event) => {
            fetchSlot ??= fetch;
            sendSlot ??= send;
            eventSlot ??= event;
        },
        openedRequest
    };
}
