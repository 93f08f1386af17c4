/**
 * The body of the hook on `XMLHttpRequest.prototype.send`. A request with a bound token of ours is sent on the
 * app's own instance, a little later (the proof is signed asynchronously) and, after a challenge, once more. The
 * app sees one request: what the first attempt fires after a 401 is withheld until the engine has decided.
 */
import type { Engine, Upgrade } from "../../engine/interface.js";
import { openedRequest, type EventSlot, type OpenedRequest, type SendSlot, type XhrBody } from "../../entry/hooks.js";
import {
    apply,
    baseUri,
    dispatch,
    eventCurrentTarget,
    eventType,
    headersForEach,
    headersGet,
    NativeXMLHttpRequest,
    regExpExec,
    weakMapGet,
    weakMapSet,
    xhrAbort,
    xhrOpen,
    xhrReadyState,
    xhrResponseHeaders,
    xhrResponseUrl,
    xhrSend,
    xhrSetRequestHeader,
    xhrStatus,
    xhrUpload
} from "../../entry/natives.js";
import { answered, boundToken, notSent, targetOf, type Target } from "./shared.js";

/** By XHR and by its upload. */
const watches = new WeakMap<EventTarget, EventSlot>();

/** What a script dispatches itself is its own affair. */
export const eventSlot: EventSlot = event =>
    event.isTrusted && !!weakMapGet(watches, eventCurrentTarget(event)!)?.(event);

/** A data URL without a comma is a network error wherever it is asked for (Fetch, "data: URL processor"). */
const DEAD_URL = "data:not-sent";

export const sendSlot =
    (engine: Engine): SendSlot =>
    (xhr, opened, body) => {
        if (opened.isSent) {
            // Throws what the platform throws; an instance that waits does not know yet that it was sent.
            apply(xhrSend, opened.abort ? new NativeXMLHttpRequest() : xhr, [body]);
            return true;
        }
        const token = boundToken(engine, headersGet(opened.headers, "authorization"));
        if (!token || xhrReadyState(xhr) !== 1) {
            return false;
        }
        const { args } = opened;
        const target = targetOf(`${args[1]}`, baseUri(document));
        if (args.length > 2 && !args[2]) {
            throw new DOMException(
                `countersign: a synchronous XMLHttpRequest cannot carry a DPoP-bound token (${target.href}): signing is asynchronous.`,
                "InvalidAccessError"
            );
        }
        opened.isSent = true;
        void run(engine, xhr, opened, token, normalisedMethod(`${args[0]}`), target, snapshot(body));
        return true;
    };

/** As `open()` does. */
const normalisedMethod = (method: string): string =>
    regExpExec(/^(?:delete|get|head|options|post|put)$/i, method) ? method.toUpperCase() : method;

/** `send()` copies what the app may change afterwards. */
function snapshot(body: XhrBody): XhrBody {
    if (body instanceof FormData) {
        const copy = new FormData();
        body.forEach((value, name) => copy.append(name, value as string));
        return copy;
    }
    if (body instanceof URLSearchParams) {
        return new URLSearchParams(body);
    }
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
        return new Blob([body as ArrayBuffer]);
    }
    return body instanceof Document ? (body.cloneNode(true) as Document) : body;
}

async function run(
    engine: Engine,
    xhr: XMLHttpRequest,
    opened: OpenedRequest,
    token: string,
    method: string,
    target: Target,
    body: XhrBody
): Promise<void> {
    const waiting = new AbortController();
    const isOver = (): boolean => openedRequest(xhr) !== opened || waiting.signal.aborted;

    let isFirst = true;
    let hasStarted = false;
    /** What the instance does now is our doing. */
    let isQuiet = false;
    /** The first attempt has met a 401. */
    let isHeld = false;
    let upgrade: Upgrade | undefined;

    const transmit = (url: string, values: Upgrade | undefined): void => {
        isQuiet = true;
        apply(xhrOpen, xhr, [method, url, true, opened.args[3], opened.args[4]]);
        if (values) {
            headersForEach(opened.headers, (value, name) => {
                if (name !== "authorization" && name !== "dpop") {
                    apply(xhrSetRequestHeader, xhr, [name, value]);
                }
            });
            apply(xhrSetRequestHeader, xhr, ["Authorization", values.authorization]);
            apply(xhrSetRequestHeader, xhr, ["DPoP", values.proof]);
        }
        upgrade = values;
        isHeld = false;
        isQuiet = hasStarted; // `loadstart` is for the app, once.
        hasStarted = true;
        apply(xhrSend, xhr, [body]);
        isQuiet = false;
    };
    /** The app's request ends as one that found no server: `error` and `loadend`, fired by the platform. */
    const fail = (): void => {
        opened.abort = undefined;
        transmit(DEAD_URL, undefined);
    };
    const wait = (): void => {
        opened.abort = () => {
            waiting.abort();
            fail();
            apply(xhrAbort, xhr, []);
        };
    };

    weakMapSet(watches, xhr, event => {
        if (openedRequest(xhr) !== opened) {
            return false;
        }
        const type = eventType(event);
        if (type === "readystatechange" && !isQuiet && isFirst && upgrade) {
            isHeld = xhrReadyState(xhr) > 1 && xhrStatus(xhr) === 401;
        }
        if (type === "loadend" && !isQuiet && upgrade) {
            void ended(upgrade, event as ProgressEvent);
        }
        return isQuiet || isHeld;
    });
    // The first attempt has told all about the upload.
    weakMapSet(watches, xhrUpload(xhr), () => openedRequest(xhr) === opened && !isFirst);

    const ended = async (sent: Upgrade, { loaded, total, lengthComputable }: ProgressEvent): Promise<void> => {
        upgrade = undefined;
        const status = xhrStatus(xhr);
        if (status === 0) {
            engine.release(sent.attempt);
            return;
        }
        if (isHeld) {
            wait();
        }
        const headers = xhrResponseHeaders(xhr);
        const response = {
            status,
            dpopNonce: regExpExec(/^dpop-nonce: (.*)$/im, headers)?.[1] ?? null,
            wwwAuthenticate: regExpExec(/^www-authenticate: (.*)$/im, headers)?.[1] ?? null,
            date: regExpExec(/^date: (.*)$/im, headers)?.[1] ?? null
        };
        const again = await answered(engine, method, target, token, sent, response, xhrResponseUrl(xhr), true, !isHeld);
        if (!isHeld || isOver()) {
            again && engine.release(again.upgrade.attempt);
            return;
        }
        opened.abort = undefined;
        isFirst = false;
        if (again) {
            transmit(again.target.href, again.upgrade);
            return;
        }
        isHeld = false;
        dispatch(xhr, new Event("readystatechange"));
        for (const type of ["load", "loadend"]) {
            // A listener may have opened the instance again.
            isOver() || dispatch(xhr, new ProgressEvent(type, { loaded, total, lengthComputable }));
        }
    };

    wait();
    try {
        const values = await engine.authorize(method, target.origin, target.path, token, waiting.signal);
        if (isOver()) {
            engine.release(values.attempt);
            return;
        }
        opened.abort = undefined;
        transmit(target.href, values);
    } catch (error) {
        if (!isOver()) {
            console.error(notSent(method, target, error));
            fail();
        }
    }
}
