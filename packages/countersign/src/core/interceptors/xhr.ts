/**
 * The implementation of the hook on `XMLHttpRequest.prototype.send`. A request with a bound token
 * is sent on the app's own instance, a little later (the proof is signed asynchronously) and, after
 * a challenge, once more. The app sees one request: `loadstart` is fired inside `send()`, and events
 * of the first attempt after a 401 are withheld until the engine has decided.
 */
import type { Attempt, Engine, Upgrade } from "../../engine/interface.js";
import type { EventSlot, Header, HeaderSlot, Hooks, Member, OpenedRequest, SendSlot, XhrBody } from "../../entry/hooks.js";
import { formDataAppend, NativeWeakMap, saved, weakMapGet, weakMapSet } from "../natives.js";
import { sentences } from "../errors/failure.js";
import { challenged, DEAD_URL, deadInstance, headersOnly, unsent } from "./xhrMembers.js";
import { answered, authorize, is, isBytes, isHttp, makeFindToken, notSent, openedTarget, type Again, type FoundToken, type Target } from "./shared.js";
import { safe } from "../../page/safe.js";

/** By upload: whether the app must not see its events. */
const watches = new NativeWeakMap<EventTarget, () => boolean>();

/** Events that a script dispatches are left alone. */
export const eventSlot =
    ({ openedRequest }: Hooks): EventSlot =>
    event => {
        if (event.isTrusted) {
            const target = saved.Event.currentTarget(event)!;
            const opened = openedRequest(target as XMLHttpRequest);
            if (opened ? opened.sending && onEvent(opened.sending as Sending, event) : weakMapGet(watches, target)?.()) {
                saved.Event.stopImmediatePropagation(event);
            }
        }
    };

/**
 * WebKit lists the headers of an instance's first response for all later ones, once they were
 * listed. There, headers are asked for by name: elsewhere, the console would tell of each that CORS
 * hides.
 */
const IS_WEBKIT = "XMLHttpRequestProgressEvent" in globalThis;

/** The value that a native instance gets instead of a bound token. */
const WITHHELD = "Bearer";

async function complain(): Promise<void> {
    console.error((await safe(sentences())).NOT_OURS);
}

/**
 * Keeps a bound token from the native instance until it is sent as DPoP: whoever opens or sends the
 * instance meanwhile, even by the functions of another realm, sends no token. An instance that this
 * package did not create, or that others have opened, is made to fail: its listeners run before
 * ours, and could open it again between our steps.
 */
export const headerSlot = (engine: Engine): HeaderSlot => {
    const findToken = makeFindToken(engine);
    return (xhr, opened, name, value) => {
        if (typeof value !== "string" || !isAuthorization(name) || findToken(value) === undefined) {
            return value;
        }
        // Throws what the platform throws, before anything is changed.
        saved.RegExp.exec(/[^ -~]/, value) && saved.XMLHttpRequest.setRequestHeader(deadInstance(), name, value);
        if (!opened?.base) {
            saved.XMLHttpRequest.setRequestHeader(xhr, name, WITHHELD);
            saved.XMLHttpRequest.open(xhr, "GET", DEAD_URL, true);
            void complain();
        }
        return WITHHELD;
    };
};

/** A name may be any value that is no object. Its length is compared first, as most are others. */
const isNamed = (name: unknown, length: 4 | 13): boolean =>
    typeof name === "string" && name.length === length && saved.RegExp.exec(/^(?:authorization|dpop)$/i, name) !== null;
const isAuthorization = (name: unknown): boolean => isNamed(name, 13);

/** Does what `open()` does with a method (Fetch, "normalize a method"). */
const normalised = (method: string): string =>
    saved.RegExp.exec(/^(?:delete|get|head|options|post|put)$/i, method) ? saved.String.toUpperCase(method) : method;

/** The value of `Authorization` that the app has set, several joined as the platform joins them. */
function authorizationOf(header: Header | undefined): string | null {
    if (!header) {
        return null;
    }
    const before = authorizationOf(header.previous);
    return !isAuthorization(header.name) ? before : before === null ? `${header.value}` : `${before}, ${header.value}`;
}

export const sendSlot = (engine: Engine, { openedRequest, uploads }: Hooks): SendSlot => {
    const findToken = makeFindToken(engine);
    const slot: SendSlot = (xhr, opened, args) => {
        if (opened.sending) {
            // Throws what the platform throws. An instance that waits does not know that it was sent.
            saved.XMLHttpRequest.send(opened.pending ? new saved.XMLHttpRequest.constructor() : xhr, args[0] as XhrBody);
            return true;
        }
        const token = findToken(authorizationOf(opened.headers));
        if (token === undefined) {
            return false;
        }
        const target = openedTarget(opened[1] as string, opened.base);
        if (!isHttp(target.href)) {
            return false; // The native instance does not have the token.
        }
        // An omitted argument is not read: `Object.prototype` may have it.
        const body = snapshot(args.length > 0 ? (args[0] as XhrBody) : null);
        const newest = openedRequest(xhr)!;
        if (newest !== opened || opened.sending) {
            return slot(xhr, newest, [body]); // Code of the page ran while the body was read.
        }
        if (saved.XMLHttpRequest.readyState(xhr) !== 1) {
            return false;
        }
        if (2 in opened && !opened[2]) {
            throw new DOMException(
                `countersign: a synchronous XMLHttpRequest cannot carry a DPoP-bound token (${target.href}): signing is asynchronous.`,
                "InvalidAccessError"
            );
        }
        const method = normalised(`${opened[0] as string}`);
        const sending: Sending = {
            engine,
            xhr,
            opened,
            token,
            method,
            target,
            body,
            hasBody: body !== null && body !== undefined && method !== "GET" && method !== "HEAD",
            isUploading: false,
            isOver: false,
            isAborted: false,
            stage: "signing",
            isQuiet: false,
            attempt: undefined,
            replay: nothing
        };
        opened.sending = sending;
        opened.replace = replaced;
        opened.pending = waiting;
        // Another thread signs while the app's listeners run.
        const task = authorize(engine, method, target, token);
        fire(xhr, "loadstart");
        // A listener may have opened the instance again, and the upload is the newer request's then.
        sending.isOver || (sending.hasBody && upload(sending, openedRequest, uploads));
        void begin(sending, task);
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
    if (typeof body === "symbol" || isBytes(body) || is(() => new DataView(body as unknown as ArrayBuffer), body)) {
        try {
            return new saved.Blob.constructor([body as ArrayBuffer]);
        } catch (error) {
            // Throws what the platform throws, as for memory that is shared.
            saved.XMLHttpRequest.send(new saved.XMLHttpRequest.constructor(), body);
            throw error;
        }
    }
    return is(saved.Node.nodeType, body) && saved.Node.nodeType(body) === 9 ? (saved.Node.cloneNode(body, true) as Document) : `${body as string}`;
}

/** One request of the app, from its `send()` to its last event. */
interface Sending {
    readonly engine: Engine;
    readonly xhr: XMLHttpRequest;
    readonly opened: OpenedRequest;
    readonly token: FoundToken;
    readonly method: string;
    readonly target: Target;
    readonly body: XhrBody;
    readonly hasBody: boolean;
    /** The app has seen `loadstart` of an upload, and nothing was sent yet. */
    isUploading: boolean;
    /**
     * The app no longer wants a response: by `abort()` while we wait, or by opening the instance
     * again.
     */
    isOver: boolean;
    /** The app has seen that it is over. */
    isAborted: boolean;
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
    /** Fires the events that were withheld, in their order. */
    replay: () => void;
}

const nothing = () => {};

/** The instance was opened again. */
function replaced(this: OpenedRequest): void {
    const sending = this.sending as Sending;
    sending.isOver = true;
    letGo(sending);
}

/** `abort()` while the native instance does not know of the request. */
const abort: Member = (_, xhr, __, opened) => {
    const sending = opened!.sending as Sending;
    sending.isOver = true;
    // Aborted as soon as it has begun (`onEvent`), which fires the platform's own events.
    fail(sending);
    // zone.js, if it was loaded before early init, does not abort what has just begun.
    sending.isAborted || saved.XMLHttpRequest.abort(xhr);
};

// Until the next `transmit` the native instance does not know how far the app's request is.
const waiting = { ...unsent, __proto__: null as never, abort };
const waitingAgain = { ...challenged, __proto__: null as never, abort };

/** Fires the first event of an upload, if the app listens. */
function upload(sending: Sending, openedRequest: Hooks["openedRequest"], uploads: Hooks["uploads"]): void {
    const { xhr, opened, body } = sending;
    const upload = saved.XMLHttpRequest.upload(xhr);
    // Listeners on `upload` that the app adds later stay too late.
    const isWatched = weakMapGet(uploads, xhr) !== undefined;
    // The first attempt has fired all events of the upload, and we its `loadstart`.
    weakMapSet(watches, upload, () => openedRequest(xhr) === opened && (!isWatched || sending.isQuiet || sending.stage === "last"));
    if (isWatched) {
        sending.isUploading = true;
        const size = typeof body === "string" || is(saved.URLSearchParams.toString, body) ? new saved.Blob.constructor([`${body as string}`]) : body;
        const lengthComputable = is(saved.Blob.size, size);
        fire(upload, "loadstart", { total: lengthComputable ? saved.Blob.size(size) : 0, lengthComputable });
    }
}

async function begin(sending: Sending, task: Promise<Upgrade>): Promise<void> {
    try {
        const upgrade = await safe(task);
        if (sending.isOver) {
            sending.engine.release(upgrade.attempt);
            return;
        }
        transmit(sending, sending.target.href, upgrade);
    } catch (error) {
        if (!sending.isOver) {
            fail(sending, error);
        }
    }
}

/** Fires an event in the platform's place. */
function fire(target: EventTarget, type: string, progress?: ProgressEventInit): void {
    const event = type === "readystatechange" ? new Event(type) : new ProgressEvent(type, { __proto__: null, ...progress } as ProgressEventInit);
    saved.EventTarget.dispatchEvent(target, event);
}

/**
 * Sends on the app's instance. Throws what `open`, `setRequestHeader` or `send` throws; then no
 * attempt is open.
 */
function transmit(sending: Sending, url: string, upgrade?: Upgrade): void {
    const { xhr, opened, token, method, body, stage } = sending;
    opened.pending = undefined;
    sending.attempt = upgrade?.attempt;
    sending.isQuiet = true; // The app has seen `loadstart`.
    try {
        // No code of the page runs from here to `saved.XMLHttpRequest.send`: our listener of
        // `readystatechange` comes first.
        saved.XMLHttpRequest.open(xhr, method, url, true, opened[3] as string, opened[4] as string);
        if (upgrade) {
            sending.isUploading = false;
            repeat(xhr, opened.headers);
            saved.XMLHttpRequest.setRequestHeader(xhr, "Authorization", token!.authorization);
            saved.XMLHttpRequest.setRequestHeader(xhr, "DPoP", upgrade.proof);
        }
        sending.stage = stage === "signing" && upgrade ? "first" : "last";
        saved.XMLHttpRequest.send(xhr, body);
    } catch (error) {
        letGo(sending);
        throw error;
    } finally {
        sending.isQuiet = false;
    }
}

/** Sets the headers of the app again, in their order, but for ours. */
function repeat(xhr: XMLHttpRequest, header: Header | undefined): void {
    if (header) {
        repeat(xhr, header.previous);
        isAuthorization(header.name) || isNamed(header.name, 4) || saved.XMLHttpRequest.setRequestHeader(xhr, header.name, header.value);
    }
}

/**
 * Ends the app's request like one that found no server: the platform fires `error` and `loadend`;
 * or, if the app no longer wants a response, like one that was aborted.
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
    const { xhr, opened, attempt } = sending;
    const type = saved.Event.type(event);
    if (sending.isQuiet) {
        if (type === "loadstart" && sending.isOver) {
            sending.isQuiet = false;
            saved.XMLHttpRequest.abort(xhr);
        }
        return true;
    }
    if (!IS_WEBKIT && sending.stage === "last" && saved.XMLHttpRequest.status(xhr) === 0) {
        // In Firefox, reading the text of an instance that was used before and has failed throws.
        opened.pending = headersOnly;
    }
    sending.isAborted = sending.isOver;
    if (sending.isUploading && sending.stage === "last") {
        // The end of a request that was not sent. The upload's events come after this event, and
        // before the instance's next one, which a listener may answer by sending again.
        sending.isUploading = false;
        const upload = saved.XMLHttpRequest.upload(xhr);
        fire(xhr, type);
        // Of an instance that was opened again meanwhile, the app sees the platform's own ones.
        if (saved.XMLHttpRequest.readyState(xhr) !== 1) {
            fire(upload, sending.isOver ? "abort" : "error");
            fire(upload, "loadend");
        }
        return true;
    }
    if (attempt !== undefined) {
        if (type === "readystatechange" && sending.stage !== "last") {
            const isHeld = saved.XMLHttpRequest.readyState(xhr) > 1 && saved.XMLHttpRequest.status(xhr) === 401;
            sending.stage = isHeld ? "held" : "first";
            opened.pending = isHeld ? challenged : undefined;
        }
        if (type === "loadend") {
            ended(sending, attempt);
        }
    }
    if (sending.stage !== "held") {
        return false;
    }
    const { replay } = sending;
    const state = saved.XMLHttpRequest.readyState(xhr);
    const { loaded, total, lengthComputable } = event as ProgressEvent;
    sending.replay = () => {
        replay();
        // Chromium fires neither `load` nor `loadend` after `abort()` in the last `readystatechange`.
        sending.isOver ||= type === "load" && saved.XMLHttpRequest.readyState(xhr) === 0 && !IS_WEBKIT && !("mozAnon" in xhr);
        if (!sending.isOver) {
            opened.pending = state < 4 ? { ...headersOnly, __proto__: null as never, abort, readyState: () => state } : undefined;
            fire(xhr, type, { loaded, total, lengthComputable });
        }
    };
    return true;
}

/** The last attempt has a response, or has failed. */
function ended(sending: Sending, attempt: Attempt): void {
    const { engine, xhr, opened, target } = sending;
    const status = saved.XMLHttpRequest.status(xhr);
    if (status === 0) {
        letGo(sending);
        return;
    }
    sending.attempt = undefined; // `answered` ends it.
    const isHeld = sending.stage === "held";
    if (isHeld) {
        opened.pending = waitingAgain;
    }
    const headers = IS_WEBKIT ? "" : saved.XMLHttpRequest.getAllResponseHeaders(xhr);
    const header = (name: string, line: RegExp): string | null =>
        IS_WEBKIT ? saved.XMLHttpRequest.getResponseHeader(xhr, name) : (saved.RegExp.exec(line, headers)?.[1] ?? null);
    const response = {
        status,
        dpopNonce: header("DPoP-Nonce", /^dpop-nonce: (.*)$/im),
        wwwAuthenticate: status === 401 ? header("WWW-Authenticate", /^www-authenticate: (.*)$/im) : null,
        date: header("Date", /^date: (.*)$/im)
    };
    // The URL of a request with a password contains it, where `target` does not.
    const url = opened[3] === undefined ? saved.XMLHttpRequest.responseURL(xhr) : "";
    const task = answered(engine, { target, attempt, response, url, isReplayable: isHeld });
    if (isHeld || task) {
        void goOn(sending, isHeld, task);
    }
}

async function goOn(sending: Sending, isHeld: boolean, task: Promise<Again | undefined> | undefined): Promise<void> {
    const again = await safe(task);
    if (sending.isOver || !isHeld) {
        again && sending.engine.release(again.upgrade.attempt);
    } else if (again) {
        try {
            transmit(sending, again.target.href, again.upgrade);
        } catch (error) {
            fail(sending, error);
        }
    } else {
        sending.stage = "last";
        sending.replay();
    }
}
