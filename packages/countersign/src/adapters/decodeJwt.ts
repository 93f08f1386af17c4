/** Reads a JWT (RFC 7519) without verifying it. */
import { own } from "../page/own.js";

export interface JwtDecodeOptions {
    /** Reads the header instead of the claims. */
    header?: boolean;
}

export interface JwtHeader {
    typ?: string;
    alg?: string;
    kid?: string;
}

export interface JwtPayload {
    iss?: string;
    sub?: string;
    aud?: string[] | string;
    /** Seconds since the epoch, as `nbf` and `iat`. */
    exp?: number;
    nbf?: number;
    iat?: number;
    jti?: string;
}

/** Thrown for what is no JWT, for example an opaque access token. */
export class InvalidTokenError extends Error {
    constructor(problem: string, options?: ErrorOptions) {
        super(`countersign: decodeJwt() got a token that is no JWT: ${problem}`, options);
        this.name = "InvalidTokenError";
    }
}

/**
 * Returns the claims, or the header, of a JWT. Nothing is verified: whoever wrote the token chose
 * them, so decide by them what to show, never what is allowed. Throws an `InvalidTokenError`.
 */
export function decodeJwt<T = JwtHeader>(token: string, options: JwtDecodeOptions & { header: true }): T;
export function decodeJwt<T = JwtPayload>(token: string, options?: JwtDecodeOptions): T;
export function decodeJwt<T>(token: string, options?: JwtDecodeOptions): T {
    const part = own(options).header ? 0 : 1;
    const text = typeof token === "string" ? token.split(".").at(part) : undefined;
    if (text === undefined) {
        throw new InvalidTokenError(typeof token === "string" ? `it has no part number ${part + 1}.` : "it is no string.");
    }
    let value: unknown;
    try {
        const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
        // Some test environments have no TextDecoder.
        value = JSON.parse(decodeURIComponent(binary.replace(/[^]/g, byte => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)));
    } catch (cause) {
        throw new InvalidTokenError(`part number ${part + 1} is not JSON in base64url (${(cause as Error).message}).`, { cause });
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new InvalidTokenError(`part number ${part + 1} is no JSON object.`);
    }
    return value as T;
}
