/**
 * What the interceptors of `fetch` and `XMLHttpRequest` have in common: finding the token in a header, and
 * asking the engine about an answer.
 */
import type { Attempt, BoundToken, Engine, ObservedResponse, Upgrade } from "../../engine/interface.js";
import { sentences } from "../errors/failure.js";
import { natives, saved } from "../natives.js";

/** `null`: a token of ours in a form that we don't understand, while a server may; it is not sent. */
export type FoundToken = BoundToken | null;

/** The token of ours in an `Authorization` header, which goes out as DPoP. `undefined`: leave the request alone. */
export function boundToken(engine: Engine, headers: Headers): FoundToken | undefined {
    const authorization = saved.Headers.get(headers, "authorization");
    if (!authorization || !engine.holdsBoundToken(authorization)) {
        return undefined;
    }
    // The scheme's case does not matter (RFC 9110, 11.1), and servers split at what they take for a space; an app may
    // write "DPoP" itself.
    const token = saved.RegExp.exec(/^\s*(?:bearer|dpop)\s+(\S+)\s*$/i, authorization)?.[1];
    return (token && engine.boundToken(token)) || null;
}

/** `engine.authorize`, for a token that `boundToken` has found: rejects for what it did not understand. */
export async function authorize(engine: Engine, method: string, target: Target, token: FoundToken, signal: AbortSignal): Promise<Upgrade> {
    if (!token) {
        throw new Error((await sentences()).UNKNOWN_FORM);
    }
    // Awaited, since returning a promise shows it to `then`, which a script may have changed.
    return await engine.authorize(method, target.origin, target.path, token, signal);
}

/** Tells by a saved function that throws for anything else, in whatever realm it was made. */
export function is<T>(brand: (self: T) => unknown, value: unknown): value is T {
    try {
        brand(value as T);
        return true;
    } catch {
        return false;
    }
}

/** A URL as the engine wants it. */
export interface Target {
    /** Without the fragment, which is not sent. */
    href: string;
    origin: string;
    path: string;
}

export const targetOf: (url: string) => Target = natives.parseUrl;

/** As for every request that fails before a response: a `TypeError`, here with the engine's error as its cause. */
export const notSent = (method: string, { href }: Target, cause: unknown): TypeError =>
    new TypeError(`countersign: ${method} ${href} was not sent: ${(cause as Error).message}`, { cause });

/** An answer to a request of ours. */
export interface Answer {
    /** What the proof names. */
    target: Target;
    attempt: Attempt;
    response: Pick<ObservedResponse, "status" | "dpopNonce" | "wwwAuthenticate" | "date">;
    /** What answered, after redirects; empty: not told. */
    url: string;
    /** The request can be sent again with the same body, and the app waits for that. */
    isReplayable: boolean;
}

/** What is sent once more: to `target`, with the values of `upgrade`. */
export interface Again {
    /** Promises look for `then` in what they resolve with: on `Object.prototype` a script could wait for it. */
    readonly __proto__: null;
    upgrade: Upgrade;
    target: Target;
}

/**
 * Reports an answer to the engine, which ends its attempt, and tells what to send once more, and where. A failing
 * engine delivers the answer as it is.
 */
export async function answered(engine: Engine, { target, attempt, response, url, isReplayable }: Answer): Promise<Again | undefined> {
    const final = url ? targetOf(url) : target;
    const end = final.href === target.href ? undefined : final;
    try {
        const upgrade = await engine.observe(attempt, response, isReplayable, end);
        return upgrade && { __proto__: null, upgrade, target: end ?? target };
    } catch {
        // The answer is there all the same.
        return undefined;
    }
}
