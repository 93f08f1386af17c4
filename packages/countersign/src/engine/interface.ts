/**
 * The interface between the engine (Rust, WebAssembly) and the TypeScript around it. The engine
 * decides; the TypeScript calls the browser. Nothing here is public API.
 */

import type { EngineErrorCode } from "./codes.js";
import type { Bytes, Texts } from "./message.js";
import type { Mode, Renewal, Visit } from "./numbers.js";

/**
 * An object without prototype, written `{ __proto__: null, ... }`. A promise looks for `then` in
 * every value that it is resolved with, so a script with a getter of that name on
 * `Object.prototype` would receive every other object of ours.
 */
export interface Bare {
    readonly __proto__: null;
}

export type { Mode };

/** A client registered with the engine. Branded: only `Engine.create` makes one. */
export type ClientHandle = number & { readonly __brand: "ClientHandle" };

/** A bound access token, which is sent as DPoP. It crosses the boundary as its number. */
export interface BoundToken extends Bare {
    /** `DPoP <token>` */
    readonly authorization: string;
    /** Whose it is. */
    readonly client: ClientHandle;
    readonly number: number;
}

/**
 * A request that was sent and whose response is still to be observed. Each attempt is used once.
 */
export type Attempt = number & { readonly __brand: "Attempt" };

export interface ClientConfig {
    issuerUri: string;
    clientId: string;
    /** Separated by spaces, including `openid`. */
    scope: string;
    mode: Mode;
    /** Members that take precedence over the discovery document's, from `__metadata`. */
    metadata: Record<string, unknown> | undefined;
}

/** The endpoint of an authorization request, then the names and values of its parameters. */
export type AuthorizationRequest = Texts;

export interface Tokens extends Bare {
    accessToken: string;
    /** Milliseconds since the epoch, by the server's clock. */
    accessTokenExpirationTime: number;
    idToken: string;
    idTokenClaims: Record<string, unknown>;
    refreshToken: string | undefined;
    /**
     * Milliseconds since the epoch, by the server's clock; `undefined` if the server did not tell.
     */
    refreshTokenExpirationTime: number | undefined;
    /**
     * Whether to renew them before they are used. `DUE`: yes, but they can be used if that fails.
     */
    renewal: Renewal;
    /** When to renew them in the background, in milliseconds from now. */
    renewIn: number;
}

/** What is sent in addition to the token's `authorization`. */
export interface Upgrade extends Bare {
    proof: string;
    attempt: Attempt;
}

/** What `observe` needs of a response. A header that the browser does not expose is `null`. */
export interface ObservedResponse {
    status: number;
    dpopNonce: string | null;
    wwwAuthenticate: string | null;
    date: string | null;
}

/** Where redirects led that the browser followed. */
export interface End {
    readonly origin: string;
    readonly path: string;
    /** The URL that the proof names differs only by a slash at the end of its path. */
    readonly isSlash: boolean;
}

export interface Engine extends Bare {
    /** Registers a client. The same issuer and client id give the same handle. Does no I/O. */
    create(config: ClientConfig): ClientHandle;

    /**
     * Discovers (once) and decides the mode. Resolves with the authorization endpoint. Rejects with
     * `EngineError`.
     */
    discover(client: ClientHandle): Promise<string>;

    /**
     * Discovers the endpoints, generates or reuses the key, and returns the authorization request,
     * which may be changed before it is given to `push`. If it leaves the page, the login is kept
     * in IndexedDB under a random name tied to `state`. Rejects with `EngineError`.
     */
    prepare(client: ClientHandle, redirectUri: string, visit: Visit): Promise<AuthorizationRequest>;

    /**
     * Pushes an authorization request if the server requires it (RFC 9126). Resolves with the URL
     * to go to instead, or with `undefined`: go to the request's own. `isBound`: the request has
     * `dpop_jkt`. `changed`: the names of the parameters that differ from those of `prepare`.
     * Rejects with `EngineError`, code `parameter_reserved` if only the engine decides one of
     * these.
     */
    push(client: ClientHandle, url: string, isBound: boolean, changed: readonly string[]): Promise<string | undefined>;

    /**
     * Redeems the authorization response (its query parameters as they came, including repeated
     * ones), once: the first call forgets the login that `state` names. Rejects with `EngineError`,
     * code `flow_unknown` if the login belongs to another client.
     */
    redeem(
        client: ClientHandle,
        response: ArrayLike<readonly [name: string, value: string]>,
        extraTokenParams?: Record<string, string | undefined>
    ): Promise<Tokens>;

    /**
     * Renews by refresh token. Rejects with `EngineError`, code `no_refresh_token` if there is
     * none.
     */
    renew(client: ClientHandle, extraTokenParams: Record<string, string | undefined>): Promise<Tokens>;

    tokens(client: ClientHandle): Tokens | undefined;

    /**
     * Drops tokens and key. Resolves with the end-session URL, or with `undefined` if the server
     * has no such endpoint.
     */
    logout(client: ClientHandle, postLogoutRedirectUri: string): Promise<string | undefined>;

    /**
     * Finds this exact string among the bound access tokens, which are sent as DPoP. Synchronous.
     * `undefined`: it is none, or belongs to a Bearer client. A token that was replaced by a
     * renewal is found until it expires. Never throws: after the engine has crashed or a session
     * has ended, its last tokens are still found, and `authorize` rejects for them.
     */
    boundToken(accessToken: string): BoundToken | undefined;

    /**
     * Tells whether this text contains such a token anywhere. Synchronous. The text may have any
     * length: it stays outside of linear memory.
     */
    holdsBoundToken(text: string): boolean;

    /**
     * Returns the proof for one request. `origin` and `path`: as `URL` serialises them (path
     * without query). Waits (at most 1 s) if another call is already asking this origin for a
     * nonce; aborting `signal` ends the wait.
     */
    authorize(method: string, origin: string, path: string, token: BoundToken, signal?: AbortSignal): Promise<Upgrade>;

    /**
     * Reads a response. `undefined`: deliver it. Otherwise send the request once more with these
     * values, to `end` if it is given. Not a promise if it is no 401, which is always delivered.
     * Throws if the engine has crashed.
     */
    observe(
        attempt: Attempt,
        response: ObservedResponse,
        isReplayable: boolean,
        end?: End
    ): Promise<Upgrade | undefined> | undefined;

    /** Tells that the request ended without a response (network error, abort). Never throws. */
    release(attempt: Attempt): void;

    /** Returns the server's clock minus the local one for this client, in milliseconds. */
    clockOffset(client: ClientHandle): number;
}

/** An error of the engine. `core/errors/sentences.ts` turns its code into a sentence. */
export class EngineError extends Error {
    readonly code: EngineErrorCode;
    /** The values involved, in an order that the code defines. */
    readonly details: readonly string[];
    constructor(code: EngineErrorCode, details: readonly string[]) {
        super(`${code}${details.length === 0 ? "" : `: ${details.join(", ")}`}`);
        this.name = "EngineError";
        this.code = code;
        this.details = details;
    }
}

/** Members of the page's classes as functions of their object: methods, and getters. */
export interface EngineHostClasses {
    readonly AbortSignal: {
        readonly aborted: (self: AbortSignal) => boolean;
        readonly reason: (self: AbortSignal) => unknown;
    };
    readonly Crypto: { readonly getRandomValues: (self: Crypto, array: Bytes) => unknown };
    readonly EventTarget: {
        readonly addEventListener: (self: EventTarget, type: string, listener: () => void) => void;
        readonly removeEventListener: (self: EventTarget, type: string, listener: () => void) => void;
    };
    readonly Headers: { readonly get: (self: Headers, name: string) => string | null };
    readonly Memory: { readonly buffer: (self: WebAssembly.Memory) => ArrayBuffer };
    readonly Promise: {
        readonly constructor: PromiseConstructor;
        readonly then: <T>(self: Promise<T>, resolve: (value: T) => void, reject: (reason: unknown) => void) => unknown;
    };
    readonly Response: {
        readonly status: (self: Response) => number;
        readonly headers: (self: Response) => Headers;
        readonly text: (self: Response) => Promise<string>;
    };
    readonly String: {
        readonly includes: (self: string, part: string) => boolean;
        readonly charCodeAt: (self: string, index: number) => number;
    };
    readonly SubtleCrypto: {
        readonly generateKey: (self: SubtleCrypto, algorithm: EcKeyGenParams, isExtractable: boolean, usages: KeyUsage[]) => Promise<CryptoKeyPair>;
        readonly exportKey: (self: SubtleCrypto, format: "jwk", key: CryptoKey) => Promise<JsonWebKey>;
        readonly sign: (self: SubtleCrypto, algorithm: EcdsaParams, key: CryptoKey, data: BufferSource) => Promise<ArrayBuffer>;
        readonly digest: (self: SubtleCrypto, algorithm: string, data: BufferSource) => Promise<ArrayBuffer>;
    };
}

/**
 * The native functions that early init saved before any other script ran. The engine uses nothing
 * else of the page.
 */
export interface EngineHost extends Bare, EngineHostClasses {
    /** With the `this` of the call. */
    readonly fetchOf: (self: undefined, url: string, init: RequestInit) => Promise<Response>;
    /** `undefined` in an insecure context. */
    readonly subtle: SubtleCrypto | undefined;
    readonly crypto: Crypto;
    readonly now: () => number;
    /** Reads a clock that nobody sets, in milliseconds. */
    readonly monotonic: () => number;
    readonly parse: (text: string) => unknown;
    readonly stringify: (value: unknown) => string;
    readonly setTimeout: (callback: () => void, milliseconds: number) => number;
    /** Aborts after this many milliseconds; `undefined` in browsers before 2022. */
    readonly timeout: ((milliseconds: number) => AbortSignal) | undefined;
    /** `undefined` if storage is blocked: then reading it from `window` may throw. */
    readonly indexedDB: IDBFactory | undefined;
    /** Holds the PKCE verifier and OIDC nonce (never a key) if IndexedDB is not available. */
    readonly sessionStorage: Storage | undefined;
    /** The app's own origin. It is asked (`HEAD`) for a `Date` if no server's own can be read. */
    readonly origin: string;
    readonly parseDate: (text: string) => number;
    /** `href`: without the fragment, which is not sent. Throws where it is no URL. */
    readonly parseUrl: (text: string) => { readonly origin: string; readonly path: string; readonly href: string };
    readonly hasOwn: (object: object, name: string) => boolean;
    readonly isArray: (value: unknown) => value is unknown[];
    readonly encodeInto: (text: string, bytes: Bytes) => TextEncoderEncodeIntoResult;
    readonly decode: (bytes: Bytes) => string;
    readonly atob: (base64: string) => string;
    readonly ArrayBuffer: ArrayBufferConstructor;
    readonly Int16Array: Int16ArrayConstructor;
    readonly Uint8Array: Uint8ArrayConstructor;
    /** Compiles and starts at once, since a promise would show the exports to others. */
    readonly instantiate: (bytes: BufferSource, imports: WebAssembly.Imports) => WebAssembly.Exports;
}
