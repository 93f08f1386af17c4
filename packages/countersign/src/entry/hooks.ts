/**
 * Hooks on `fetch` and `XMLHttpRequest`. They pass everything through until the core fills the
 * slots (there is no bound token before that). `core/interceptors` holds the code of the slots;
 * this module holds only what must be in place before other scripts run, and the arguments of
 * `open()` and `setRequestHeader()`.
 */
import type { Bare } from "../engine/interface.js";
import { apply, construct, defineProperty, nativeFetch, saved } from "../page/natives.js";
import { own } from "../page/own.js";

/**
 * `undefined`: no bound token; the hook then calls the native function with the very same
 * arguments.
 */
export type FetchSlot = (self: unknown, args: readonly unknown[]) => Promise<Response> | undefined;

/** Takes the place of a native method, getter or setter. `opened`: as `openedRequest` returns it. */
export type Member = (native: Function, xhr: XMLHttpRequest, args: any[], opened?: OpenedRequest) => unknown;

/** One `setRequestHeader()`, linked to the one before it. */
export interface Header {
    readonly name: string;
    readonly value: string;
    readonly previous?: Header | undefined;
}

/** One `open()` of an XHR that our constructor created. */
export interface OpenedRequest extends Bare {
    /**
     * The arguments of the call: `(method, url, async?, user?, password?)`, texts as the strings
     * that the native function got.
     */
    readonly [argument: number]: unknown;
    /** The base URL at the time of the call; empty: not opened by our hook yet. */
    readonly base: string;
    /** The newest header that the app has set. The native instance does not get a bound token. */
    headers?: Header;
    /** The core's record of this request, after it has taken over `send()`. */
    sending?: object;
    /**
     * Set while the native instance does not know how far the app's request is (it waits for a
     * proof, or for the decision about a challenge): members that answer instead of the native
     * ones, by name.
     */
    pending?: Readonly<Record<string, Member>> | undefined;
    /**
     * Set by the core's `send()`. Called when the instance is opened again, which ends this request
     * without an event.
     */
    replace?: (this: OpenedRequest) => void;
}

export type XhrBody = Document | XMLHttpRequestBodyInit | null | undefined;

/**
 * Returns the value that the native instance gets instead of `value`. `opened` is `undefined` for
 * an instance that our constructor did not create.
 */
export type HeaderSlot = (xhr: XMLHttpRequest, opened: OpenedRequest | undefined, name: string, value: string) => string;

/** Returns `false` if the request has no bound token. */
export type SendSlot = (xhr: XMLHttpRequest, opened: OpenedRequest, args: readonly unknown[]) => boolean;

/** Stops an event of an XHR or of its upload that the app must not see. */
export type EventSlot = (event: Event) => void;

export interface Slots extends Bare {
    readonly fetch: FetchSlot;
    readonly header: HeaderSlot;
    readonly send: SendSlot;
    readonly event: EventSlot;
}

/** What the core does with the hooks. Only the core gets it. */
export interface Hooks extends Bare {
    /** Fills the slots, once. */
    readonly fillSlots: (slots: Slots) => void;
    /**
     * Returns the newest `open()` of this instance; `undefined` unless our constructor created it.
     */
    readonly openedRequest: (xhr: XMLHttpRequest) => OpenedRequest | undefined;
    /** The uploads that the page has read. */
    readonly uploads: WeakMap<XMLHttpRequest, XMLHttpRequestUpload>;
}

/** Eight: the first three can be withheld from an upload only, the others from an XHR, too. */
const types = "abort error timeout readystatechange loadstart progress load loadend".split(" ");

/**
 * Reads an object once: it may return another text the next time, or call us meanwhile. The native
 * function converts all other values, and reports those that it can't.
 */
const text = (value: unknown): unknown => (Object(value) === value ? `${value}` : value);

/**
 * Installs the hooks; `enableDPoP` calls it, and `countersign/worker`, which has no document. Each
 * call has its own state.
 */
export function installHooks(): Hooks {
    let slots: Slots | undefined;
    const openedRequests = new WeakMap<XMLHttpRequest, OpenedRequest>();
    const uploads = new WeakMap<XMLHttpRequest, XMLHttpRequestUpload>();
    const remember = (xhr: XMLHttpRequest, base: string, args?: ArrayLike<unknown>) =>
        saved.WeakMap.set(openedRequests, xhr, { __proto__: null, ...args, base });
    const openedRequest = (xhr: XMLHttpRequest): OpenedRequest | undefined => saved.WeakMap.get(openedRequests, xhr);
    const onEvent = (event: Event): void => slots?.event(event);
    /**
     * Listens to the types of events from `i` on. Listeners run in the order in which they were
     * added, in some browsers the capturing ones before all others: ours come first in both.
     */
    const listen = (target: EventTarget, change: typeof saved.EventTarget.addEventListener, i = 0): void => {
        // By index, because a script may have changed how arrays are iterated.
        for (; i < 8; i++) {
            change(target, types[i]!, onEvent, true);
        }
    };
    /**
     * Takes a native function's place. A proxy has its name and length, is no constructor where it
     * is none, and shows `[native code]`.
     */
    const hook = <F extends Function>(native: F, call: (native: F, self: any, args: any[]) => unknown): F =>
        new Proxy(native, { __proto__: null, apply: call } as ProxyHandler<F>);

    globalThis.fetch = hook(nativeFetch, (native, self, args) => slots?.fetch(self, args) ?? apply(native, self, args));

    const members: Readonly<Record<string, Member>> = {
        __proto__: null as never,
        open(native, xhr, args, previous) {
            if (previous && args.length > 1) {
                for (let i = 0; i < args.length; i++) {
                    i === 2 || (args[i] = text(args[i]));
                }
                // Before the native call, which fires `readystatechange`: a listener may continue
                // the request.
                remember(xhr, (saved.Node.baseURI ?? String)((globalThis.document ?? location) as Document), args);
            }
            try {
                apply(native, xhr, args);
            } catch (error) {
                previous && saved.WeakMap.set(openedRequests, xhr, previous);
                throw error;
            }
            previous?.replace?.();
        },
        setRequestHeader(native, xhr, args) {
            const name = text(args[0]) as string;
            const value = text(args[1]) as string;
            const opened = openedRequest(xhr);
            if (args.length > 1) {
                args[0] = name;
                args[1] = slots?.header(xhr, opened, name, value) ?? value;
            }
            apply(native, xhr, args);
            if (opened) {
                opened.headers = { name, value, previous: opened.headers };
            }
        },
        send(native, xhr, args, opened) {
            if (!opened || !slots?.send(xhr, opened, args)) {
                // Listeners on `upload` change how a request is sent, so they are removed if they
                // are not needed.
                const upload = saved.WeakMap.get(uploads, xhr);
                upload && listen(upload, saved.EventTarget.removeEventListener);
                apply(native, xhr, args);
            }
        },
        upload(native, xhr, args) {
            const upload = apply(native, xhr, args);
            saved.WeakMap.set(uploads, xhr, upload);
            listen(upload, saved.EventTarget.addEventListener);
            return upload;
        }
    };
    const { prototype } = saved.XMLHttpRequest.constructor;
    for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(prototype) as Record<string, PropertyDescriptor>)) {
        const descriptor = own(found);
        for (const part of ["value", "get", "set"] as const) {
            if (typeof descriptor[part] === "function") {
                descriptor[part] = hook(descriptor[part], (native, xhr, args) => {
                    const opened = openedRequest(xhr);
                    return (opened?.pending?.[name] ?? members[name] ?? apply)(native, xhr, args, opened);
                });
            }
        }
        defineProperty(prototype, name, descriptor);
    }
    globalThis.XMLHttpRequest = prototype.constructor = new Proxy(saved.XMLHttpRequest.constructor, {
        __proto__: null,
        construct(target, args, newTarget) {
            const xhr = construct(target, args, newTarget);
            listen(xhr, saved.EventTarget.addEventListener, 3);
            remember(xhr, "");
            return xhr;
        }
    } as ProxyHandler<typeof XMLHttpRequest>);
    return {
        __proto__: null,
        fillSlots: given => void (slots ??= given),
        openedRequest,
        uploads
    };
}
