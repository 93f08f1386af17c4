/**
 * The implementation of the `fetch` hook. Requests that carry a bound token of this page are sent
 * as DPoP, with the platform's own semantics; the native function handles all others. The engine
 * decides what to sign and when to send again.
 */
import type { Engine, Upgrade } from "../../engine/interface.js";
import type { FetchSlot } from "../../entry/hooks.js";
import { fetchOf, NativeProxy, requestMembers, saved } from "../natives.js";
import { answered, authorize, boundToken, is, notSent, targetOf, type Answer, type FoundToken } from "./shared.js";

export const fetchSlot =
    (engine: Engine): FetchSlot =>
    (self, args) => {
        // An omitted argument is not read: `Object.prototype` may have it. (`document.all` is an
        // object, and falsy.)
        const input = (args.length > 0 ? args[0] : undefined) as RequestInfo;
        const init = ((args.length > 1 ? args[1] : null) ?? null) as RequestInit | null;
        // A second reader of `init` may find other values, so it is not passed on to the native
        // function.
        return init !== null || (is(saved.Request.headers, input) && boundToken(engine, authorizationOf(input)) !== undefined)
            ? send(engine, self, input, init)
            : undefined;
    };

const authorizationOf = (request: Request): string | null => saved.Headers.get(saved.Request.headers(request), "Authorization");

async function send(engine: Engine, self: unknown, input: RequestInfo, init: RequestInit | null): Promise<Response> {
    let isStream = false;
    // Reads everything at once, as `fetch` does: `init` over `input`, the body as it is now, the
    // URL resolved.
    const request = new saved.Request.constructor(
        !self || self === window || is(saved.Request.headers, input)
            ? input
            : saved.URL.href(new saved.URL.constructor(`${input as string}`, saved.Node.baseURI((self as Window).document))),
        init === null
            ? undefined
            : "body" in init
              ? readBy(init, name => {
                    const value = init[name];
                    if (name === "body") {
                        isStream = is(saved.ReadableStream.locked, value);
                    }
                    return value;
                })
              : init
    );
    const token = boundToken(engine, authorizationOf(request));
    if (token === undefined) {
        // This is also so if the platform has removed the token (mode "no-cors").
        return fetchOf(self, request);
    }
    const signal = saved.Request.signal(request);
    const method = saved.Request.method(request);
    const target = targetOf(saved.Request.url(request));
    const isReplayable = !isStream;
    // A request without a body can be sent again as it is. Nothing reads `Request.body` to know that:
    // in WebKit, the getter turns the body into a stream, which can then be sent neither with
    // `keepalive` nor, if it was a form, at all.
    const spare = isReplayable && method !== "GET" && method !== "HEAD" ? saved.Request.clone(request) : request;

    let upgrade: Upgrade;
    try {
        upgrade = await authorize(engine, method, target, token, signal);
    } catch (cause) {
        saved.AbortSignal.throwIfAborted(signal);
        throw notSent(method, target, cause);
    }
    const response = await sendUpgraded(engine, self, request, token, upgrade);
    const again = await answered(engine, {
        target,
        attempt: upgrade.attempt,
        response: observed(response),
        url: saved.Response.url(response),
        isReplayable
    });
    if (!again) {
        saved.AbortSignal.throwIfAborted(signal);
        return response;
    }
    const body = saved.Response.body(response);
    if (body) {
        // Frees the connection. No one reads the challenge's text.
        saved.ReadableStream.cancel(body).catch(() => {});
    }
    // If it was aborted meanwhile, the native function rejects with the signal's reason.
    const second = await sendUpgraded(
        engine,
        self,
        again.target === target
            ? spare
            : new saved.Request.constructor(
                  again.target.href,
                  // A stream would not do for a body: few browsers and servers take one.
                  asInit(spare, spare === request ? undefined : await saved.Request.arrayBuffer(spare))
              ),
        token,
        again.upgrade
    );
    await answered(engine, {
        target: again.target,
        attempt: again.upgrade.attempt,
        response: observed(second),
        url: saved.Response.url(second),
        isReplayable: false
    });
    saved.AbortSignal.throwIfAborted(signal);
    return second;
}

/** Returns an `init` whose members the platform reads by `get`. */
const readBy = (init: object, get: (name: keyof RequestInit) => unknown): RequestInit =>
    new NativeProxy(init, { __proto__: null, get: (_: object, name: keyof RequestInit) => get(name) } as ProxyHandler<object>);

/**
 * Returns a Request with this body as `init`. It is read by its saved accessors, because a script
 * may have replaced them.
 */
const asInit = (request: Request, body: ArrayBuffer | undefined): RequestInit =>
    readBy(request, name => (name === "body" ? body : (requestMembers[name] as ((self: Request) => unknown) | undefined)?.(request)));

async function sendUpgraded(
    engine: Engine,
    self: unknown,
    request: Request,
    token: FoundToken,
    { proof, attempt }: Upgrade
): Promise<Response> {
    const headers = saved.Request.headers(request);
    // `authorize` rejects if there is none.
    saved.Headers.set(headers, "Authorization", token!.authorization);
    saved.Headers.set(headers, "DPoP", proof);
    try {
        return await fetchOf(self, request);
    } catch (error) {
        engine.release(attempt);
        throw error;
    }
}

function observed(response: Response): Answer["response"] {
    const headers = saved.Response.headers(response);
    return {
        status: saved.Response.status(response),
        dpopNonce: saved.Headers.get(headers, "DPoP-Nonce"),
        wwwAuthenticate: saved.Headers.get(headers, "WWW-Authenticate"),
        date: saved.Headers.get(headers, "Date")
    };
}
