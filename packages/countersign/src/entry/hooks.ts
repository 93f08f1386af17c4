/**
 * Hooks on `fetch` and `XMLHttpRequest`. They pass everything through until the core fills the
 * slots (there is no bound token before that). `core/interceptors` holds the code of the slots;
 * this module holds only what must be in place before other scripts run, and the arguments of
 * `open()` and `setRequestHeader()`.
 */
import type { Bare } from "../engine/interface.js";
import { apply, construct, defineProperty, nativeFetch, saved, xhrAbort, xhrOpen, xhrSend, xhrSetRequestHeader } from "../page/natives.js";
import { own } from "../page/own.js";

/**
 * `undefined`: no bound token; the hook then calls the native function with the very same
 * arguments.
 */
export type FetchSlot = (self: unknown, args: IArguments) => Promise<Response> | undefined;

/** One `open()` of an XHR that our constructor created. */
export interface OpenedRequest extends Bare {
    /**
     * The arguments of the call: `(method, url, async?, user?, password?)`, texts as the strings
     * that the native function got.
     */
    readonly [argument: number]: unknown;
    /**
     * The URL, resolved at the time of the call: base URL and history may differ at `send()`.
     * Empty: not opened by our hook yet.
     */
    readonly url: string;
    /** The headers that the app has set. The native instance does not get a bound token. */
    readonly headers: Headers;
    /** `true` after the core has taken over `send()`. */
    isSent?: boolean;
    /**
     * Set while the app's request is in progress but the native instance does not know (it waits
     * for a proof, or for the decision about a challenge): does what `abort()` must do then.
     */
    abort?: (() => void) | undefined;
    /**
     * Set by the core's `send()`. Called when the instance is opened again, which ends this request
     * without an event.
     */
    replace?: () => void;
}

export type XhrBody = Document | XMLHttpRequestBodyInit | null | undefined;

/**
 * Returns the value that the native instance gets instead of `value`. `opened` is `undefined` for
 * an instance that our constructor did not create.
 */
export type HeaderSlot = (xhr: XMLHttpRequest, opened: OpenedRequest | undefined, name: string, value: string) => string;

/** Returns `false` if the request has no bound token. */
export type SendSlot = (xhr: XMLHttpRequest, opened: OpenedRequest, args: ArrayLike<unknown>) => boolean;

/** Returns `true` if the app must not see this event of an XHR or of its upload. */
export type EventSlot = (event: Event) => boolean;

/** What the core does with the hooks. Only the core gets it. */
export interface Hooks extends Bare {
    /** Fills the slots, once. */
    readonly fillSlots: (fetch: FetchSlot, header: HeaderSlot, send: SendSlot, event: EventSlot) => void;
    /**
     * Returns the newest `open()` of this instance; `undefined` unless our constructor created it.
     */
    readonly openedRequest: (xhr: XMLHttpRequest) => OpenedRequest | undefined;
}

const types = ["readystatechange", "loadstart", "progress", "load", "loadend"] as const;

/** The native function reports an invalid URL. */
function resolve(url: string): string {
    try {
        return saved.URL.href(new saved.URL.constructor(url, saved.Node.baseURI(document)));
    } catch {
        return url;
    }
}

/** Installs the hooks; `enableDPoP` calls it. Each call has its own state. */
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
     * Listens to the events that can be withheld from the app. Listeners run in the order in which
     * they were added, in some browsers the capturing ones before all others: ours come first in
     * both.
     */
    const listen = (target: EventTarget, change: typeof saved.EventTarget.addEventListener): void => {
        // By index, because a script may have changed how arrays are iterated.
        for (let i = 0; i < types.length; i++) {
            change(target, types[i]!, onEvent, true);
        }
    };

    // `length` is that of the native function, and `arguments` keeps omitted and extra arguments as
    // the caller wrote them.
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
        // Once, and all before anything is remembered: an object may return another text the next
        // time, or call `open()` again meanwhile.
        for (let i = 0; i < args.length; i++) {
            args[i] = i === 2 ? args[i] : args[i] && `${args[i]}`;
        }
        const previous = openedRequest(this);
        // Before the native call, which fires `readystatechange`: a listener may continue the
        // request.
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
        // An instance that was never opened throws the same error as the platform after `send()`.
        apply(xhrSetRequestHeader, opened?.abort ? new saved.XMLHttpRequest.constructor() : this, args);
        opened && saved.Headers.append(opened.headers, name, value);
    };
    prototype.send = function send() {
        const opened = openedRequest(this);
        if (!opened || !sendSlot?.(this, opened, arguments)) {
            // Listeners on `upload` change how a request is sent, so they are removed if they are
            // not needed.
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
