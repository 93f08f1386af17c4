/** A request as a program gives it, and the message that the engine takes it by. */
import { encode, utf8, type Field } from "./message.js";

/** A request, as far as the engine looks at it. Values of fields have one byte per character. */
export interface RawRequest {
    method: string;
    /** Path and query, as they were sent. */
    target?: string | undefined;
    /** In place of `target`: the URI that the client called. Never take it from headers that a client can write. */
    uri?: string | undefined;
    /** The values of all `Authorization` fields, one for each field. */
    authorization: readonly string[];
    /** The values of all `DPoP` fields, one for each field. */
    dpop: readonly string[];
    /** The scope that the route requires. */
    scope?: string | undefined;
}

/** The message, and what `authenticate` of the engine takes beside it. */
export interface EncodedRequest {
    message: Uint8Array;
    isUri: 0 | 1;
    authorizations: number;
}

/** No HTTP server takes that much, and the engine's memory is bounded. */
const MOST_BYTES = 2 ** 20;

/** Scope tokens (RFC 6749, section 3.3). */
export const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

const isStrings = (value: unknown): value is string[] =>
    Array.isArray(value) && Array.from(value as unknown[]).every(one => typeof one === "string");

/**
 * Checks what a program without types may have given otherwise. Returns a sentence if it is no
 * request.
 */
export const encodeRequest = (request: RawRequest): EncodedRequest | string => {
    try {
        const { method, target, authorization, dpop, scope } = request;
        // What others may have put on the prototype of all objects names no URI.
        const uri = Object.hasOwn(request, "uri") ? (request.uri ?? undefined) : undefined;
        if (typeof method !== "string") {
            return "`method` is no string";
        }
        if (![uri, target].every(one => one === undefined || typeof one === "string")) {
            return "`target` or `uri` is no string";
        }
        if (!isStrings(authorization) || !isStrings(dpop)) {
            return "`authorization` or `dpop` is no array of strings: give the values of the request's fields, or an empty array";
        }
        if (scope !== undefined && !(typeof scope === "string" && SCOPE.test(scope))) {
            return "the required scope is none (RFC 6749, section 3.3); leave it out if there is none";
        }
        const fields: Field[] = [method, utf8(uri ?? target ?? ""), utf8(scope ?? ""), ...authorization, ...dpop];
        const message = encode(fields);
        return message.length > MOST_BYTES
            ? "it is longer than a mebibyte"
            : { message, isUri: uri === undefined ? 0 : 1, authorizations: authorization.length };
    } catch {
        return "it can't be read";
    }
};
