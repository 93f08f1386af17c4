/**
 * Hooks on `fetch` and `XMLHttpRequest` that pass everything through until the core fills the slots (no
 * token of ours exists before). What the slots do is in `core/interceptors`; here is only what has to be in
 * place before other scripts run, and what `open()` and `setRequestHeader()` were told.
 */
import type { Bare } from "../engine/interface.js";
import { apply, construct, defineProperty, nativeFetch, saved, xhrAbort, xhrOpen, xhrSend, xhrSetRequestHeader } from "../page/natives.js";
import { own } from "../page/own.js";

/** `undefined`: not one of ours; the hook then calls the native function with the very same arguments. */
export type FetchSlot = (self: unknown, args: IArguments) => Promise<Response> | undefined;

/** One `open()` of an XHR that our constructor made. */
export interface OpenedRequest extends Bare {
    /** Of the call: `(method, url, async?, user?, password?)`, texts as the strings that the native got. */
    readonly [argument: number]: unknown;
    /** As it was resolved then: base URL and history may be others at `send()`. Empty: not opened by us yet. */
    readonly url: string;
    /** What the app has set. The native instance has not been told of a bound token. */
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

/** What the native instance is to be told instead of `value`. `opened` is `undefined` for an instance that is not ours. */
export type HeaderSlot = (xhr: XMLHttpRequest, opened: OpenedRequest | undefined, name: string, value: string) => string;

/** `false`: not one of ours. */
export type SendSlot = (xhr: XMLHttpRequest, opened: OpenedRequest, args: ArrayLike<unknown>) => boolean;

/** `true`: this event of an XHR or of its upload is not for the app. */
export type EventSlot = (event: Event) => boolean;

/** What the core does with the hooks; for nobody else. */
export interface Hooks extends Bare {
    /** Once. */
    readonly fillSlots: (fetch: FetchSlot, header: HeaderSlot, send: SendSlot, event: EventSlot) => void;
    /** The newest `open()` of this instance; `undefined` unless our constructor made it. */
    readonly openedRequest: (xhr: XMLHttpRequest) => OpenedRequest | undefined;
}

const types = ["readystatechange", "loadstart", "progress", "load", "loadend"] as const;

/** What is no URL, the native function refuses. */
function resolve(url: string): string {
    try {
        return saved.URL.href(new saved.URL.constructor(url, saved.Node.baseURI(document)));
    } catch {
        return url;
    }
}

/** Called by `enableDPoP`. What the hooks know and do is this call's own. */
export function installHooks(): Hooks {
    let fetchSlot: FetchSlot | undefined;
    let headerSlot: HeaderSlot | undefined;
    let sendSlot: SendSlot | undefined;
    let eventSlot: EventSlot | undefined;
    const openedRequests = new WeakMap<XMLHttpRequest, OpenedRequest>();
    const remember = (xhr: XMLHttpRequest, args: ArrayLike<unknown>, url: string) =>
        saved.WeakMap.set(openedRequests, xhr, { __proto__: null, ...args, url, headers: new saved.Headers.constructor() });
    const openedRequest = (xhr: XMLHttpRequest): OpenedRequest | undefined => saved.WeakMap.get(openedRequests, xhr);
    const onEvent = (event: Event): void => {
        eventSlot?.(event) && saved.Event.stopImmediatePropagation(event);
    };
    /**
     * What can be withheld from the app. Listeners run in the order in which they were added, in some browsers the
     * capturing ones before all others: ours come first in both.
     */
    const listen = (target: EventTarget, change: typeof saved.EventTarget.addEventListener): void => {
        // By index: a script may have changed how arrays are walked.
        for (let i = 0; i < types.length; i++) {
            change(target, types[i]!, onEvent, true);
        }
    };

    // `length` is the native one's, and by `arguments` omitted and extra arguments stay what the caller wrote.
    window.fetch = function fetch(this: unknown, _input: RequestInfo | URL) {
        return fetchSlot?.(this, arguments) ?? apply(nativeFetch, this, arguments);
    };
    const { prototype } = saved.XMLHttpRequest.constructor;
    window.XMLHttpRequest = prototype.constructor = new Proxy(saved.XMLHttpRequest.constructor, {
        __proto__: null,
        construct(target, args, newTarget) {
            const xhr = construct(target, args, newTarget);
            listen(xhr, saved.EventTarget.addEventListener);
            remember(xhr, args, "");
            return xhr;
        }
    } as ProxyHandler<typeof XMLHttpRequest>);
    const upload = {
        get(this: XMLHttpRequest) {
            const upload = saved.XMLHttpRequest.upload(this);
            listen(upload, saved.EventTarget.addEventListener);
            return upload;
        },
        enumerable: true,
        configurable: true
    };
    defineProperty(prototype, "upload", own(upload));
    prototype.open = function open(this: XMLHttpRequest, _method: string, _url: string | URL) {
        const args = arguments;
        // Once, and all before anything is remembered: an object may be another text the next time, or open us meanwhile.
        for (let i = 0; i < args.length; i++) {
            args[i] = i === 2 ? args[i] : args[i] && `${args[i]}`;
        }
        const previous = openedRequest(this);
        // Before the native call, which fires `readystatechange`: a listener may go on with the request.
        previous && remember(this, args, resolve(args[1]));
        try {
            apply(xhrOpen, this, args);
        } catch (error) {
            previous && saved.WeakMap.set(openedRequests, this, previous);
            throw error;
        }
        previous?.replace?.();
    };
    prototype.setRequestHeader = function setRequestHeader(name, value) {
        const args = arguments;
        // Once, as above.
        args[0] = name = `${name}`;
        value = `${value}`;
        args[1] = headerSlot?.(this, openedRequest(this), name, value) ?? value;
        const opened = openedRequest(this);
        // An instance that was never opened throws what the platform throws after `send()`.
        apply(xhrSetRequestHeader, opened?.abort ? new saved.XMLHttpRequest.constructor() : this, args);
        opened && saved.Headers.append(opened.headers, name, value);
    };
    prototype.send = function send() {
        const opened = openedRequest(this);
        if (!opened || !sendSlot?.(this, opened, arguments)) {
            // Listeners on `upload` change how a request is sent: not without need.
            listen(saved.XMLHttpRequest.upload(this), saved.EventTarget.removeEventListener);
            apply(xhrSend, this, arguments);
        }
    };
    prototype.abort = function abort() {
        const aborting = openedRequest(this)?.abort;
        aborting ? aborting() : apply(xhrAbort, this, arguments);
    };
    return {
        __proto__: null,
        fillSlots: (fetch, header, send, event) => {
            fetchSlot ??= fetch;
            headerSlot ??= header;
            sendSlot ??= send;
            eventSlot ??= event;
        },
        openedRequest
    };
}
