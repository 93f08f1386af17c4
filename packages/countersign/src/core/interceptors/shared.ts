/**
 * The common part of the interceptors of `fetch` and `XMLHttpRequest`: finding the token in a
 * header, and asking the engine about a response.
 */
import type { Attempt, BoundToken, Engine, ObservedResponse, Upgrade } from "../../engine/interface.js";
import { sentences } from "../errors/failure.js";
import { natives, saved } from "../natives.js";
import { safe } from "../../page/safe.js";

/**
 * `null`: a bound token in a form that this package does not understand but a server may. It is not
 * sent.
 */
export type FoundToken = BoundToken | null;

/** Finds the bound token in an `Authorization` header. `undefined`: leave the request alone. */
export type FindToken = (authorization: string | null) => FoundToken | undefined;

export const makeFindToken = (engine: Engine): FindToken => {
    // Most calls have the same header, and parsing it takes longer than comparing it.
    let last: string | undefined;
    let token: string | undefined;
    return authorization => {
        if (!authorization) {
            return undefined;
        }
        if (authorization !== last) {
            last = authorization;
            // The scheme's case does not matter (RFC 9110, 11.1), and servers split at different
            // characters; an app may write "DPoP" itself.
            token = saved.RegExp.exec(/^\s*(?:bearer|dpop)\s+(\S+)\s*$/i, authorization)?.[1];
        }
        // Looked up before it is searched for, which takes longer.
        return (token && engine.boundToken(token)) || (engine.holdsBoundToken(authorization) ? null : undefined);
    };
};

/** Calls `engine.authorize` for a token that was found. Rejects for a form that is not understood. */
export const authorize = (engine: Engine, method: string, target: Target, token: FoundToken, signal?: AbortSignal): Promise<Upgrade> =>
    token ? engine.authorize(method, target.origin, target.path, token, signal) : unknownForm();

async function unknownForm(): Promise<never> {
    throw new Error((await safe(sentences())).UNKNOWN_FORM);
}

/**
 * Tells the type of a value by a saved function that throws for any other, whatever realm the value
 * comes from.
 */
export function is<T>(brand: (self: T) => unknown, value: unknown): value is T {
    // An error, with its stack, is the costliest part of a call: not for what is no object.
    if (typeof value !== "object") {
        return false;
    }
    try {
        brand(value as T);
        return true;
    } catch {
        return false;
    }
}

/** Tells whether a body is bytes in memory, also memory that was transferred. */
export const isBytes = (body: unknown): body is BufferSource =>
    ArrayBuffer.isView(body) || is(self => Reflect.get(ArrayBuffer.prototype, "byteLength", self), body);

/** A URL in the form that the engine takes. */
export interface Target {
    /** Without the fragment, which is not sent. */
    href: string;
    origin: string;
    path: string;
}

/** Takes a URL as the platform serialises it, whose parts are where they always are. */
export function targetOf(url: string): Target {
    // Few URLs have another scheme, or user information.
    const parts = saved.RegExp.exec(/^(https?:\/\/[^/@]+)(\/[^?#]*)[^#]*/, url);
    return parts ? { href: parts[0], origin: parts[1]!, path: parts[2]! } : natives.parseUrl(url);
}

/** Takes the arguments of `open()`. */
export const openedTarget = (url: string, base: string): Target => {
    // As most are, and as the platform would serialise it: no upper case, no number for a host, no
    // default port, no dot before a segment, nothing to be encoded.
    const parts = saved.RegExp.exec(/^(https?:\/\/(?:[a-z\d-]+\.)*[a-z][a-z\d-]*(?::[1-9]\d{3,4})?)((?:\/(?!\.)[\w.~@:,;=+-]*)+)(?:\?[\w.~@:,;=+&%/?-]*)?$/, url);
    return parts ? { href: parts[0], origin: parts[1]!, path: parts[2]! } : targetOf(saved.URL.href(new saved.URL.constructor(url, base)));
};

/** Others, like `data:` and `blob:`, reach no server: there is nothing to sign for. */
export const isHttp = (url: string): boolean => saved.RegExp.exec(/^https?:/, url) !== null;

/**
 * Returns a `TypeError`, as for every request that fails before a response. The engine's error is
 * its cause.
 */
export const notSent = (method: string, { href }: Target, cause: unknown): TypeError =>
    new TypeError(`countersign: ${method} ${href} was not sent: ${(cause as Error).message}`, { cause });

/** A response to a signed request. */
export interface Answer {
    /** The URL that the proof names. */
    target: Target;
    attempt: Attempt;
    response: Pick<ObservedResponse, "status" | "dpopNonce" | "wwwAuthenticate" | "date">;
    /** The URL that answered, after redirects; empty if it is not known. */
    url: string;
    /** Whether the request can be sent again with the same body, and the app waits for that. */
    isReplayable: boolean;
}

/** A second request: to `target`, with the values of `upgrade`. */
export interface Again {
    /**
     * Promises look for `then` in the value that they resolve with. Without this, a script could
     * put it on `Object.prototype`.
     */
    readonly __proto__: null;
    upgrade: Upgrade;
    target: Target;
}

/** Returns the URL without the slash at the end of its path, to be compared with another. */
function withoutSlash({ href }: Target): string {
    const { 1: path, 2: query } = saved.RegExp.exec(/^(.*?)\/?(\?.*)?$/, href)!;
    return `${path} ${query}`;
}

/**
 * Reports a response to the engine, which ends its attempt. Returns what to send once more, and
 * where, if anything; for most responses that is decided at once. If the engine fails, the response
 * is delivered as it is.
 */
export function answered(engine: Engine, answer: Answer): Promise<Again | undefined> | undefined {
    const { target, attempt, response, url, isReplayable } = answer;
    const final = url && url !== target.href ? targetOf(url) : undefined;
    const end = final && { __proto__: null, ...final, isSlash: withoutSlash(final) === withoutSlash(target) };
    try {
        const task = engine.observe(attempt, response, isReplayable, end);
        return task || response.status === 401 ? decided(answer, task, end) : undefined;
    } catch {
        return undefined;
    }
}

async function decided({ target, response }: Answer, task: Promise<Upgrade | undefined> | undefined, end: Target | undefined): Promise<Again | undefined> {
    try {
        const upgrade = await safe(task);
        if (upgrade) {
            return { __proto__: null, upgrade, target: end ?? target };
        }
        if (response.status === 401 && (end || response.wwwAuthenticate === null)) {
            void explain(target.href, end?.href);
        }
    } catch {}
    return undefined;
}

/** Tells the developer about a 401 that the app gets, if the API could have spared it. */
async function explain(url: string, end: string | undefined): Promise<void> {
    const text = (await safe(sentences())).refused(url, end);
    text && console.warn(text);
}
