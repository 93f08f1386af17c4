/**
 * Members of an XHR of the app, for the time in which the native instance is not as far as the
 * app's request (it waits for a proof) or further (it has a challenge that is being answered).
 */
import type { Member } from "../../entry/hooks.js";
import { apply, freeze } from "../../page/natives.js";
import { saved } from "../natives.js";

/** A data URL without a comma is a network error everywhere (Fetch, "data: URL processor"). */
export const DEAD_URL = "data:not-sent";

/** An instance of ours, which sends nothing. */
export function deadInstance(): XMLHttpRequest {
    const xhr = new saved.XMLHttpRequest.constructor();
    saved.XMLHttpRequest.open(xhr, "GET", DEAD_URL, true);
    return xhr;
}

/** Throws what the platform throws once `send()` was called. */
const throwAsSent: Member = (native, _, args) => {
    const sent = deadInstance();
    let thrown: unknown;
    saved.EventTarget.addEventListener(sent, "loadstart", () => {
        try {
            apply(native, sent, args);
        } catch (error) {
            thrown = error;
        }
        saved.XMLHttpRequest.abort(sent);
    });
    saved.XMLHttpRequest.send(sent);
    throw thrown;
};

/** Members of an instance that was sent, while the native one is only open. */
export const unsent = freeze<Record<string, Member>>({
    __proto__: null as never,
    send: throwAsSent,
    setRequestHeader: throwAsSent,
    withCredentials: (native, xhr, args) => (args.length === 0 ? apply(native, xhr, args) : throwAsSent(native, xhr, args))
});

/** Answers like an instance without a response. */
const unanswered: Member = (native, xhr, args) => {
    const open = deadInstance();
    open.responseType = saved.XMLHttpRequest.responseType(xhr);
    return apply(native, open, args);
};

/** Members of an instance without the text of a response, while the native one has it. */
export const headersOnly = freeze<Record<string, Member>>({
    __proto__: null as never,
    response: unanswered,
    responseText: unanswered,
    responseXML: unanswered
});

/** Members of an instance without a response, while the native one has a challenge. */
export const challenged = freeze<Record<string, Member>>({
    ...headersOnly,
    __proto__: null as never,
    readyState: unanswered,
    status: unanswered,
    statusText: unanswered,
    responseURL: unanswered,
    getResponseHeader: unanswered,
    getAllResponseHeaders: unanswered
});
