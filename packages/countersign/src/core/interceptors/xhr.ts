/**
 * The implementation of the hook on `XMLHttpRequest.prototype.send`. A request with a bound token
 * is sent on the app's own instance, a little later (the proof is signed asynchronously) and, after
 * a challenge, once more. The app sees one request: events of the first attempt after a 401 are
 * withheld until the engine has decided.
 */
import type { Attempt, Engine, Upgrade } from "../../engine/interface.js";
import type { EventSlot, HeaderSlot, Hooks, OpenedRequest, SendSlot, XhrBody } from "../../entry/hooks.js";
import { formDataAppend, NativeWeakMap, saved, weakMapGet, weakMapSet } from "../natives.js";
import { sentences } from "../errors/failure.js";
import { answered, authorize, boundToken, is, notSent, targetOf, type FoundToken, type Target } from "./shared.js";

/** The watchers, by XHR and by its upload. */
const watches = new NativeWeakMap<EventTarget, EventSlot>();

/** Events that a script dispatches are left alone. */
export const eventSlot: EventSlot = event =>
    event.isTrusted && !!weakMapGet(watches, saved.Event.currentTarget(event)!)?.(event);

/** A data URL without a comma is a network error everywhere (Fetch, "data: URL processor"). */
const DEAD_URL = "data:not-sent";
/** The value that a native instance gets instead of a bound token. */
const WITHHELD = "Bearer";

async function complain(): Promise<void> {
    console.error((await sentences()).NOT_OURS);
}

/**
 * Keeps a bound token from the native instance until it is sent as DPoP: whoever opens or sends the
 * instance meanwhile, even by the functions of another realm, sends no token. An instance that this
 * package did not create, or that others have opened, is made to fail: its listeners run before
 * ours, and could open it again between our steps.
 */
export const headerSlot =
    (engine: Engine): HeaderSlot =>
    (xhr, opened, name, value) => {
        if (!saved.RegExp.exec(/^authorization$/i, name) || !engine.holdsBoundToken(value)) {
            return value;
        }
        if (!opened?.url) {
            // Throws what the platform throws, before anything is changed.
            saved.XMLHttpRequest.setRequestHeader(xhr, name, WITHHELD);
            saved.XMLHttpRequest.open(xhr, "GET", DEAD_URL, true);
            void complain();
        }
        return WITHHELD;
    };

export const sendSlot = (engine: Engine, openedRequest: Hooks["openedRequest"]): SendSlot => {
    const slot: SendSlot = (xhr, opened, args) => {
        if (opened.isSent) {
            // Throws what the platform throws. An instance that waits does not know yet that it was
            // sent.
            saved.XMLHttpRequest.send(opened.abort ? new saved.XMLHttpRequest.constructor() : xhr, args[0] as XhrBody);
            return true;
        }
        const token = boundToken(engine, opened.headers);
        if (token === undefined) {
            return false;
        }
        const body = snapshot(({ __proto__: null, ...args } as { readonly [0]?: unknown })[0] as XhrBody);
        const newest = openedRequest(xhr)!;
        if (newest !== opened || opened.isSent) {
            return slot(xhr, newest, [body]); // Code of the page ran while the body was read.
        }
        if (saved.XMLHttpRequest.readyState(xhr) !== 1) {
            return false;
        }
        const target = targetOf(opened.url);
        if (2 in opened && !opened[2]) {
            throw new DOMException(
                `countersign: a synchronous XMLHttpRequest cannot carry a DPoP-bound token (${target.href}): signing is asynchronous.`,
                "InvalidAccessError"
            );
        }
        opened.isSent = true;
        void begin({
            engine,
            openedRequest,
            xhr,
            opened,
            token,
            // Normalised like `open()` does it.
            method: saved.Request.method(new saved.Request.constructor(DEAD_URL, { __proto__: null, method: opened[0] } as RequestInit)),
            target,
            body,
            giveUp: new AbortController(),
            isOver: false,
            stage: "signing",
            isQuiet: false,
            attempt: undefined
        });
        return true;
    };
    return slot;
};

/**
 * Copies what the app may change later, as `send()` does. Sending the result runs no code of the
 * page.
 */
function snapshot(body: XhrBody): XhrBody {
    if (body === null || body === undefined || is(saved.Blob.size, body)) {
        return body;
    }
    const form = new saved.FormData.constructor();
    if (is<FormData>(self => saved.FormData.forEach(self, (value, name) => formDataAppend(form, name, value)), body)) {
        return form;
    }
    if (is(saved.URLSearchParams.toString, body)) {
        return new saved.URLSearchParams.constructor(saved.URLSearchParams.toString(body));
    }
    if (ArrayBuffer.isView(body) || is(() => new DataView(body as ArrayBuffer), body)) {
        return new saved.Blob.constructor([body as ArrayBuffer]);
    }
    return is(saved.Node.nodeType, body) && saved.Node.nodeType(body) === 9 ? (saved.Node.cloneNode(body, true) as Document) : `${body as string}`;
}

/** One request of the app, from its `send()` to its last event. */
interface Sending {
    readonly engine: Engine;
    readonly openedRequest: Hooks["openedRequest"];
    readonly xhr: XMLHttpRequest;
    readonly opened: OpenedRequest;
    readonly token: FoundToken;
    readonly method: string;
    readonly target: Target;
    readonly body: XhrBody;
    /**
     * Aborted when the app no longer wants a response: by `abort()` while we wait, or by opening
     * the instance again.
     */
    readonly giveUp: AbortController;
    /** The same as `giveUp.signal.aborted`, which a script could fake. */
    isOver: boolean;
    /**
     * `signing`: nothing was sent. `first`: the first attempt is in progress, or its response goes
     * to the app. `held`: it met a 401, and the app sees nothing of it until the engine has
     * decided. `last`: the next events are the outcome.
     */
    stage: "signing" | "first" | "held" | "last";
    /** The instance's events are caused by us. */
    isQuiet: boolean;
    /** Sent, without a response yet. Ends in `ended`, or in `letGo` if there will be none. */
    attempt: Attempt | undefined;
}

async function begin(sending: Sending): Promise<void> {
    const { engine, openedRequest, xhr, opened, token, method, target, giveUp } = sending;
    opened.replace = () => {
        end(sending);
        letGo(sending);
    };
    weakMapSet(watches, xhr, event => onEvent(sending, event));
    // The first attempt has fired all events of the upload.
    weakMapSet(watches, saved.XMLHttpRequest.upload(xhr), () => openedRequest(xhr) === opened && sending.stage === "last");
    wait(sending);
    try {
        const upgrade = await authorize(engine, method, target, token, giveUp.signal);
        if (sending.isOver) {
            engine.release(upgrade.attempt);
            return;
        }
        transmit(sending, target.href, upgrade);
    } catch (error) {
        if (!sending.isOver) {
            fail(sending, error);
        }
    }
}

/** The app no longer wants a response. */
function end(sending: Sending): void {
    sending.isOver = true;
    sending.giveUp.abort();
}

/** Until the next `transmit` the native instance does not know what `abort()` must do. */
function wait(sending: Sending): void {
    const { openedRequest, xhr, opened } = sending;
    opened.abort = () => {
        end(sending);
        fail(sending);
        // Not if a listener has opened it again.
        openedRequest(xhr) === opened && saved.XMLHttpRequest.abort(xhr);
    };
}

/**
 * Sends on the app's instance. Throws what `open`, `setRequestHeader` or `send` throws; then no
 * attempt is open.
 */
function transmit(sending: Sending, url: string, upgrade?: Upgrade): void {
    const { xhr, opened, token, method, body, stage } = sending;
    const isAgain = stage !== "signing";
    opened.abort = undefined;
    sending.attempt = upgrade?.attempt;
    sending.isQuiet = true;
    try {
        // No code of the page runs from here to `saved.XMLHttpRequest.send`: our listener of
        // `readystatechange` comes first.
        saved.XMLHttpRequest.open(xhr, method, url, true, opened[3] as string, opened[4] as string);
        if (upgrade) {
            saved.Headers.forEach(opened.headers, (value, name) => {
                if (name !== "authorization" && name !== "dpop") {
                    saved.XMLHttpRequest.setRequestHeader(xhr, name, value);
                }
            });
            saved.XMLHttpRequest.setRequestHeader(xhr, "Authorization", token!.authorization);
            saved.XMLHttpRequest.setRequestHeader(xhr, "DPoP", upgrade.proof);
        }
        sending.stage = isAgain ? "last" : "first";
        sending.isQuiet = isAgain; // `loadstart` is for the app, once.
        saved.XMLHttpRequest.send(xhr, body);
    } catch (error) {
        letGo(sending);
        throw error;
    } finally {
        sending.isQuiet = false;
    }
}

/**
 * Ends the app's request like one that found no server: the platform fires `error` and `loadend`.
 */
function fail(sending: Sending, cause?: unknown): void {
    try {
        transmit(sending, DEAD_URL);
    } catch {
        // The instance belongs to a document that is gone, so there are no listeners.
    }
    cause && console.error(notSent(sending.method, sending.target, cause));
}

/** There will be no response, so calls that wait for this attempt's nonce go on. */
function letGo(sending: Sending): void {
    const { engine, attempt } = sending;
    sending.attempt = undefined;
    attempt === undefined || engine.release(attempt);
}

/** Returns `true` if the app must not see the event. */
function onEvent(sending: Sending, event: Event): boolean {
    const { openedRequest, xhr, opened, isQuiet, attempt } = sending;
    if (openedRequest(xhr) !== opened) {
        return false;
    }
    if (!isQuiet && attempt !== undefined) {
        const type = saved.Event.type(event);
        if (type === "readystatechange" && sending.stage !== "last") {
            sending.stage = saved.XMLHttpRequest.readyState(xhr) > 1 && saved.XMLHttpRequest.status(xhr) === 401 ? "held" : "first";
        }
        if (type === "loadend") {
            void ended(sending, attempt, event as ProgressEvent);
        }
    }
    return isQuiet || sending.stage === "held";
}

/** The last attempt has a response, or has failed. */
async function ended(sending: Sending, attempt: Attempt, { loaded, total, lengthComputable }: ProgressEvent): Promise<void> {
    const { engine, xhr, target } = sending;
    const status = saved.XMLHttpRequest.status(xhr);
    if (status === 0) {
        letGo(sending);
        return;
    }
    sending.attempt = undefined; // `answered` ends it.
    const isHeld = sending.stage === "held";
    if (isHeld) {
        wait(sending);
    }
    const headers = saved.XMLHttpRequest.getAllResponseHeaders(xhr);
    const response = {
        status,
        dpopNonce: saved.RegExp.exec(/^dpop-nonce: (.*)$/im, headers)?.[1] ?? null,
        wwwAuthenticate: saved.RegExp.exec(/^www-authenticate: (.*)$/im, headers)?.[1] ?? null,
        date: saved.RegExp.exec(/^date: (.*)$/im, headers)?.[1] ?? null
    };
    const url = saved.XMLHttpRequest.responseURL(xhr);
    const again = await answered(engine, { target, attempt, response, url, isReplayable: isHeld });
    if (sending.isOver || !isHeld) {
        again && engine.release(again.upgrade.attempt);
    } else if (again) {
        try {
            transmit(sending, again.target.href, again.upgrade);
        } catch (error) {
            fail(sending, error);
        }
    } else {
        sending.opened.abort = undefined;
        sending.stage = "last";
        saved.EventTarget.dispatchEvent(xhr, new Event("readystatechange"));
        for (const type of ["load", "loadend"]) {
            // A listener may have opened the instance again.
            sending.isOver || saved.EventTarget.dispatchEvent(xhr, new ProgressEvent(type, { loaded, total, lengthComputable }));
        }
    }
}
