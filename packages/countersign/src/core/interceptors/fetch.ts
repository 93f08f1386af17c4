/**
 * The implementation of the `fetch` hook. Requests that carry a bound token of this page are sent
 * as DPoP, with the platform's own semantics; the native function handles all others. The engine
 * decides what to sign and when to send again.
 */
import type { Engine, Upgrade } from "../../engine/interface.js";
import type { FetchSlot } from "../../entry/hooks.js";
import { fetchOf, NativeProxy, requestMembers, saved } from "../natives.js";
import { answered, authorize, is, isBytes, isHttp, makeFindToken, notSent, targetOf, type Answer, type FindToken, type FoundToken } from "./shared.js";
import { safe } from "../../page/safe.js";

export const fetchSlot = (engine: Engine): FetchSlot => {
    const findToken = makeFindToken(engine);
    return (self, args) => {
        // An omitted argument is not read: `Object.prototype` may have it. (`document.all` is an
        // object, and falsy.)
        const input = (args.length > 0 ? args[0] : undefined) as RequestInfo;
        const init = ((args.length > 1 ? args[1] : null) ?? null) as RequestInit | null;
        const isBound = is(saved.Request.headers, input) && findToken(authorizationOf(input)) !== undefined;
        if (self && self !== globalThis && !is(other => saved.Node.baseURI((other as Window).document), self)) {
            // The native function refuses a `this` that is no window; one that a library has put in
            // its place may not, and gets no token.
            return fetchOf(self);
        }
        if (Object(init) !== init) {
            // It also refuses an `init` that is no object.
            return !isBound ? undefined : init === null ? read(engine, findToken, self, input, null) : fetchOf(self, "", init as RequestInit);
        }
        // A second reader of `init` may find other values, so it is not passed on.
        return read(engine, findToken, self, input, init);
    };
};

const authorizationOf = (request: Request): string | null => saved.Headers.get(saved.Request.headers(request), "Authorization");

/**
 * Reads everything at once, as `fetch` does: `init` over `input`, the body as it is now, the URL
 * resolved. What the platform does at once, it does: it refuses arguments, or has the signal's
 * reason.
 */
function read(engine: Engine, findToken: FindToken, self: unknown, input: RequestInfo, init: RequestInit | null): Promise<Response> {
    const isRequest = is(saved.Request.headers, input);
    let body: unknown;
    let isStream = false;
    let isAbortable = isRequest;
    let request: Request;
    try {
        request = new saved.Request.constructor(
            !self || self === globalThis || isRequest
                ? input
                : saved.URL.href(new saved.URL.constructor(`${input as string}`, saved.Node.baseURI((self as Window).document))),
            init === null
                ? undefined
                : "body" in init || "signal" in init
                  ? readBy(name => {
                        const value = init[name];
                        if (name === "body") {
                            body = value;
                            return copied(value);
                        }
                        // Browsers that can't send a stream, but its text, do not ask for `duplex`.
                        isStream ||= (name as string) === "duplex" && is(saved.ReadableStream.locked, body);
                        isAbortable ||= name === "signal" && !!value;
                        return value;
                    })
                  : init
        );
    } catch (error) {
        return rejected(error);
    }
    const token = findToken(authorizationOf(request));
    if (token === undefined) {
        // This is also so if the platform has removed the token (mode "no-cors").
        return fetchOf(self, request);
    }
    const signal = isAbortable ? saved.Request.signal(request) : undefined;
    return (signal && saved.AbortSignal.aborted(signal)) || !isHttp(saved.Request.url(request)) ? unsent(self, request) : send(engine, self, request, token, !isStream, signal);
}

/**
 * Copies bytes, which the app may change while the proof is signed: in WebKit, a `Request` has the
 * app's own memory.
 */
function copied(body: unknown): unknown {
    try {
        return isBytes(body) ? new saved.Blob.constructor([body]) : body;
    } catch {
        return body; // The platform refuses it, like memory that is shared.
    }
}

/** Rejects as `fetch` does with what the constructor of its `Request` has thrown. */
async function rejected(error: unknown): Promise<never> {
    const message = (error as Error | undefined)?.message;
    const { 1: name, 2: rest } = (typeof message === "string" && saved.RegExp.exec(/^(Failed to construct 'Request'|Request constructor)(: [^]*)$/, message)) || [];
    throw name ? new TypeError(`${name[0] === "F" ? "Failed to execute 'fetch' on 'Window'" : "Window.fetch"}${rest}`) : error;
}

/** Lets the platform do what it does with a request that it does not send: one that was aborted, or a `blob:`. */
function unsent(self: unknown, request: Request): Promise<Response> {
    saved.Headers.delete(saved.Request.headers(request), "Authorization");
    return fetchOf(self, request);
}

/** Settles like `task`, or rejects as soon as the signal aborts. Then what `task` brings is released. */
const untilAborted = (engine: Engine, signal: AbortSignal, task: Promise<Upgrade>): Promise<Upgrade> =>
    new saved.Promise.constructor((resolve, reject) => {
        saved.EventTarget.addEventListener(signal, "abort", reject);
        saved.Promise.then(safe(task), upgrade => (saved.AbortSignal.aborted(signal) ? engine.release(upgrade.attempt) : resolve(upgrade)), reject);
    });

async function send(
    engine: Engine,
    self: unknown,
    request: Request,
    token: FoundToken,
    isReplayable: boolean,
    signal: AbortSignal | undefined
): Promise<Response> {
    const method = saved.Request.method(request);
    let target = targetOf(saved.Request.url(request));
    let upgrade: Upgrade;
    let spare = request;
    try {
        const task = authorize(engine, method, target, token, signal);
        // Another thread signs meanwhile. A request without a body can be sent again as it is.
        // Nothing reads `Request.body` to know that: in WebKit, the getter turns the body into a
        // stream, which can then be sent neither with `keepalive` nor, if it was a form, at all.
        if (isReplayable && method !== "GET" && method !== "HEAD") {
            spare = saved.Request.clone(request);
        }
        upgrade = await safe(signal ? untilAborted(engine, signal, task) : task);
    } catch (cause) {
        if (signal && saved.AbortSignal.aborted(signal)) {
            return unsent(self, request);
        }
        throw notSent(method, target, cause);
    }
    for (;;) {
        const { proof, attempt } = upgrade;
        const headers = saved.Request.headers(request);
        // `authorize` rejects if there is none.
        saved.Headers.set(headers, "Authorization", token!.authorization);
        saved.Headers.set(headers, "DPoP", proof);
        let response: Response;
        try {
            response = await safe(fetchOf(self, request));
        } catch (error) {
            engine.release(attempt);
            throw error;
        }
        const task = answered(engine, { target, attempt, response: observed(response), url: saved.Response.url(response), isReplayable });
        const again = task && (await safe(task));
        if (!again) {
            signal && saved.AbortSignal.throwIfAborted(signal);
            return response;
        }
        const body = saved.Response.body(response);
        if (body) {
            // Frees the connection. No one reads the challenge's text.
            saved.ReadableStream.cancel(body).catch(() => {});
        }
        // If it was aborted meanwhile, the native function rejects with the signal's reason.
        request =
            again.target === target
                ? spare
                : // A stream would not do for a body: few browsers and servers take one.
                  copyFor(again.target.href, spare, spare === request ? undefined : await safe(saved.Request.arrayBuffer(spare)));
        ({ target, upgrade } = again);
        isReplayable = false;
    }
}

/**
 * Returns an `init` whose members the platform reads by `get`. The proxy has a target of its own:
 * after the trap `get`, it would look at the member of another one.
 */
const readBy = (get: (name: keyof RequestInit) => unknown): RequestInit =>
    new NativeProxy({ __proto__: null }, { __proto__: null, get: (_: object, name: keyof RequestInit) => get(name) } as ProxyHandler<object>);

/**
 * Returns a copy of a Request for another URL, with this body. It is read by its saved accessors,
 * because a script may have replaced them. The platform would read `headers` by an iterator, which
 * would show token and proof to a script that has replaced that.
 */
function copyFor(url: string, request: Request, body: ArrayBuffer | undefined): Request {
    const copy = new saved.Request.constructor(
        url,
        readBy(name => (name === "body" ? body : name === "headers" ? undefined : (requestMembers[name] as ((self: Request) => unknown) | undefined)?.(request)))
    );
    const headers = saved.Request.headers(copy);
    saved.Headers.forEach(saved.Request.headers(request), (value, name) => saved.Headers.set(headers, name, value));
    return copy;
}

function observed(response: Response): Answer["response"] {
    const headers = saved.Response.headers(response);
    const status = saved.Response.status(response);
    return {
        status,
        dpopNonce: saved.Headers.get(headers, "DPoP-Nonce"),
        wwwAuthenticate: status === 401 ? saved.Headers.get(headers, "WWW-Authenticate") : null,
        date: saved.Headers.get(headers, "Date")
    };
}
