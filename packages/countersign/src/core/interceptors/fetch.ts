/**
 * The body of the `fetch` hook: requests that carry a bound token of ours go out as DPoP, with the platform's
 * own semantics; everything else is left to the native function. What to sign and when to send again is the
 * engine's decision.
 */
import type { Engine, ObservedResponse, Upgrade } from "../../engine/interface.js";
import type { FetchSlot } from "../../entry/hooks.js";
import {
    headersGet,
    headersSet,
    NativeHeaders,
    nativeFetch,
    NativeRequest,
    requestBody,
    requestClone,
    requestHeaders,
    requestMethod,
    requestSignal,
    requestUrl,
    responseBody,
    responseHeaders,
    responseStatus,
    responseUrl,
    streamCancel,
    throwIfAborted
} from "../natives.js";
import { answered, boundToken, notSent, targetOf } from "./shared.js";

export const fetchSlot =
    (engine: Engine): FetchSlot =>
    (input, init) => {
        let headers: HeadersInit | undefined;
        let isReadOnce = false;
        try {
            headers = init?.headers ?? (input instanceof NativeRequest ? requestHeaders(input) : undefined);
            if (!headers) {
                return undefined;
            }
            // An iterator gives its headers once: whoever sends the request then needs the copy.
            isReadOnce = "next" in headers && typeof headers.next === "function";
            if (!(headers instanceof NativeHeaders)) {
                headers = new NativeHeaders(headers);
            }
        } catch {
            return undefined; // What is wrong with them, the native function says.
        }
        const ownInit = isReadOnce ? (Object.create(init!, { headers: { value: headers } }) as RequestInit) : init;
        const token = boundToken(engine, headersGet(headers, "authorization"));
        if (token) {
            return send(engine, token, input, ownInit);
        }
        return isReadOnce ? nativeFetch(input, ownInit) : undefined;
    };

async function send(engine: Engine, token: string, input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    // Takes everything at once, as `fetch` does: `init` over `input`, the body as it is now, the URL resolved.
    const request = new NativeRequest(input, init);
    if (!headersGet(requestHeaders(request), "authorization")) {
        return nativeFetch(request); // The platform has removed it (mode "no-cors").
    }
    const signal = requestSignal(request);
    const method = requestMethod(request);
    const target = targetOf(requestUrl(request));
    const isReplayable = !(init?.body instanceof ReadableStream);
    // Without a body the same object can be sent again. (`undefined`: a browser without `Request.body`.)
    const spare = isReplayable && requestBody(request) !== null ? requestClone(request) : request;

    let upgrade: Upgrade;
    try {
        upgrade = await engine.authorize(method, target.origin, target.path, token, signal);
    } catch (cause) {
        throwIfAborted(signal);
        throw notSent(method, target, cause);
    }
    const response = await sendUpgraded(engine, request, upgrade);
    const again = await answered(engine, {
        method,
        target,
        token,
        attempt: upgrade.attempt,
        response: observed(response),
        url: responseUrl(response),
        isReplayable,
        isLast: false
    });
    if (!again) {
        throwIfAborted(signal);
        return response;
    }
    const body = responseBody(response);
    if (body) {
        // Frees the connection; the challenge's text is nobody's.
        streamCancel(body).catch(() => {});
    }
    // Where it was aborted meanwhile, the native function rejects with the signal's reason.
    const second = await sendUpgraded(
        engine,
        again.target === target ? spare : new NativeRequest(again.target.href, spare),
        again.upgrade
    );
    await answered(engine, {
        method,
        target: again.target,
        token,
        attempt: again.upgrade.attempt,
        response: observed(second),
        url: responseUrl(second),
        isReplayable: false,
        isLast: true
    });
    throwIfAborted(signal);
    return second;
}

async function sendUpgraded(engine: Engine, request: Request, { authorization, proof, attempt }: Upgrade): Promise<Response> {
    const headers = requestHeaders(request);
    headersSet(headers, "Authorization", authorization);
    headersSet(headers, "DPoP", proof);
    try {
        return await nativeFetch(request);
    } catch (error) {
        engine.release(attempt);
        throw error;
    }
}

function observed(response: Response): ObservedResponse {
    const headers = responseHeaders(response);
    return {
        status: responseStatus(response),
        dpopNonce: headersGet(headers, "DPoP-Nonce"),
        wwwAuthenticate: headersGet(headers, "WWW-Authenticate"),
        date: headersGet(headers, "Date")
    };
}
