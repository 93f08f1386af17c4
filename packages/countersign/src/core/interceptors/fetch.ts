/**
 * The body of the `fetch` hook: requests that carry a bound token of ours go out as DPoP, with the platform's
 * own semantics; everything else is left to the native function. What to sign and when to send again is the
 * engine's decision.
 */
import type { Engine, ObservedResponse, Upgrade } from "../../engine/interface.js";
import type { FetchSlot } from "../../entry/hooks.js";
import {
    apply,
    baseUri,
    headersGet,
    headersSet,
    nativeFetch,
    NativeProxy,
    NativeRequest,
    NativeURL,
    requestBody,
    requestClone,
    requestHeaders,
    requestMembers,
    requestMethod,
    requestSignal,
    requestUrl,
    responseBody,
    responseHeaders,
    responseStatus,
    responseUrl,
    streamCancel,
    streamLocked,
    throwIfAborted,
    urlHref
} from "../natives.js";
import { answered, authorize, boundToken, is, notSent, targetOf } from "./shared.js";

export const fetchSlot =
    (engine: Engine): FetchSlot =>
    (self, args) => {
        // What was omitted is not looked for: `Object.prototype` may have it. (`document.all` is an object, and false.)
        const { 0: input, 1: init = null } = { __proto__: null, ...args } as unknown as [RequestInfo, RequestInit?];
        // Whoever reads `init` twice may find something else, so it is not left to the native function.
        return init !== null || (is(requestHeaders, input) && boundToken(engine, requestHeaders(input)) !== undefined)
            ? send(engine, self, input, init)
            : undefined;
    };

async function send(engine: Engine, self: unknown, input: RequestInfo, init: RequestInit | null): Promise<Response> {
    let isStream = false;
    // Takes everything at once, as `fetch` does: `init` over `input`, the body as it is now, the URL resolved.
    const request = new NativeRequest(
        !self || self === window || is(requestHeaders, input)
            ? input
            : urlHref(new NativeURL(`${input as string}`, baseUri((self as Window).document))),
        init === null
            ? undefined
            : readBy(init, name => {
                  const value = init[name];
                  if (name === "body") {
                      isStream = is(streamLocked, value);
                  }
                  return value;
              })
    );
    const token = boundToken(engine, requestHeaders(request));
    if (token === undefined) {
        // Also where the platform has removed it (mode "no-cors").
        return apply(nativeFetch, self, [request]);
    }
    const signal = requestSignal(request);
    const method = requestMethod(request);
    const target = targetOf(requestUrl(request));
    const isReplayable = !isStream;
    // Without a body the same object can be sent again. (`undefined`: a browser without `Request.body`.)
    const spare = isReplayable && requestBody(request) !== null ? requestClone(request) : request;

    let upgrade: Upgrade;
    try {
        upgrade = await authorize(engine, method, target, token, signal);
    } catch (cause) {
        throwIfAborted(signal);
        throw notSent(method, target, cause);
    }
    const response = await sendUpgraded(engine, self, request, upgrade);
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
        self,
        again.target === target ? spare : new NativeRequest(again.target.href, asInit(spare)),
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

/** `init` whose members the platform reads by `get`. */
const readBy = (init: object, get: (name: keyof RequestInit) => unknown): RequestInit =>
    new NativeProxy(init, { __proto__: null, get: (_: object, name: keyof RequestInit) => get(name) } as ProxyHandler<object>);

/** A Request as `init`, by its accessors as they were saved: a script may have replaced them. */
const asInit = (request: Request): RequestInit =>
    readBy(request, name => (requestMembers[name] as ((self: Request) => unknown) | undefined)?.(request));

async function sendUpgraded(
    engine: Engine,
    self: unknown,
    request: Request,
    { authorization, proof, attempt }: Upgrade
): Promise<Response> {
    const headers = requestHeaders(request);
    headersSet(headers, "Authorization", authorization);
    headersSet(headers, "DPoP", proof);
    try {
        return (await apply(nativeFetch, self, [request])) as Response;
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
