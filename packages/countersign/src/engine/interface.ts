/**
 * The seam between the engine (Rust, WebAssembly) and the TypeScript around it.
 * The engine decides; the TypeScript calls the browser. Nothing here is public API.
 */

import type { EngineErrorCode } from "./codes.js";
import type { Texts } from "./message.js";
import type { Mode, Renewal, Visit } from "./numbers.js";

/**
 * An object without prototype, written `{ __proto__: null, ... }`. Whatever resolves a promise is asked for its `then`:
 * a script that puts a getter of that name on `Object.prototype` would be handed every other object of ours.
 */
export interface Bare {
    readonly __proto__: null;
}

export type { Mode };

/** A client registered with the engine. Branded: only `Engine.create` makes one. */
export type ClientHandle = number & { readonly __brand: "ClientHandle" };

/** An access token of ours that goes out as DPoP. It crosses the boundary as its number. */
export interface BoundToken extends Bare {
    /** `DPoP <token>` */
    readonly authorization: string;
    readonly number: number;
}

/** One sent request whose response is still to be observed. Each attempt is used once. */
export type Attempt = number & { readonly __brand: "Attempt" };

export interface ClientConfig {
    issuerUri: string;
    clientId: string;
    /** Space-separated, `openid` included. */
    scope: string;
    mode: Mode;
    /** Overrides of the discovery document, from `__metadata`. */
    metadata: Record<string, unknown> | undefined;
}

/** Where an authorization request goes, then the names and values of its parameters. */
export type AuthorizationRequest = Texts;

export interface Tokens extends Bare {
    accessToken: string;
    /** Milliseconds since the epoch, server's time. */
    accessTokenExpirationTime: number;
    idToken: string;
    idTokenClaims: Record<string, unknown>;
    refreshToken: string | undefined;
    /** Milliseconds since the epoch, server's time; `undefined`: not told. */
    refreshTokenExpirationTime: number | undefined;
    /** `true`: API calls go out as DPoP; `false`: as Bearer. */
    isBound: boolean;
    /** Are they to be renewed before they are used? `DUE`: yes, but they are still good where that fails. */
    renewal: Renewal;
    /** When they are to be renewed by themselves, milliseconds from now. */
    renewIn: number;
}

/** What is sent beside the token's `authorization`. */
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

export interface Engine extends Bare {
    /** The same issuer and client id give the same handle. Does no I/O. */
    create(config: ClientConfig): ClientHandle;

    /** Discovers (once) and decides the mode. Resolves with the authorization endpoint. Rejects with `EngineError`. */
    discover(client: ClientHandle): Promise<string>;

    /**
     * Discovers, makes or reuses the key, and returns the authorization request, which may be changed before it is given
     * to `push`. One that leaves the page is kept in IndexedDB under a random name tied to `state`.
     * Rejects with `EngineError`.
     */
    prepare(client: ClientHandle, redirectUri: string, visit: Visit): Promise<AuthorizationRequest>;

    /**
     * Pushes an authorization request where the server requires it (RFC 9126): resolves with the URL to go to instead.
     * `undefined`: to its own. `isBound`: it has `dpop_jkt`. `changed`: the names of its parameters that are other than
     * `prepare` gave them: `parameter_reserved` where one is the engine's alone. Rejects with `EngineError`.
     */
    push(client: ClientHandle, url: string, isBound: boolean, changed: readonly string[]): Promise<string | undefined>;

    /**
     * Redeems the authorization response (its query parameters as they came, also those that come twice), once: the flow
     * that `state` names is forgotten at the first call. `flow_unknown` where it belongs to another client. Rejects with `EngineError`.
     */
    redeem(
        client: ClientHandle,
        response: ArrayLike<readonly [name: string, value: string]>,
        extraTokenParams?: Record<string, string | undefined>
    ): Promise<Tokens>;

    /** Renews by refresh token. Rejects with `EngineError`, code `no_refresh_token` where there is none. */
    renew(client: ClientHandle, extraTokenParams: Record<string, string | undefined>): Promise<Tokens>;

    tokens(client: ClientHandle): Tokens | undefined;

    /** Drops tokens and key; returns the end-session URL, `undefined` where the server has no such endpoint. */
    logout(client: ClientHandle, postLogoutRedirectUri: string): Promise<string | undefined>;

    /**
     * Synchronous: this exact string as an access token of ours that goes out as DPoP; `undefined`: it is none.
     * A token that was renewed away stays ours until it expires. Tokens of Bearer clients are not.
     * Never throws: where the engine has crashed, or a session has ended, its last tokens stay ours, and `authorize`
     * rejects for them.
     */
    boundToken(accessToken: string): BoundToken | undefined;

    /** Synchronous: does this text hold such a token, wherever in it? Of any length: it stays outside of linear memory. */
    holdsBoundToken(text: string): boolean;

    /**
     * The proof for one request. `origin` and `path` as `URL` serialises them (path without query).
     * Waits (1 s at most) where another call is already asking this origin for a nonce; `signal` releases it.
     */
    authorize(method: string, origin: string, path: string, token: BoundToken, signal?: AbortSignal): Promise<Upgrade>;

    /**
     * `undefined`: deliver the response. Otherwise send once more with these values, to `end` if it is given: where
     * redirects have led.
     */
    observe(
        attempt: Attempt,
        response: ObservedResponse,
        isReplayable: boolean,
        end?: { readonly origin: string; readonly path: string }
    ): Promise<Upgrade | undefined>;

    /** The request ended without a response (network error, abort). Never throws. */
    release(attempt: Attempt): void;

    /** Server's clock minus the local one for this client, milliseconds. */
    clockOffset(client: ClientHandle): number;
}

/** `core/errors/sentences.ts` turns the codes into sentences. */
export class EngineError extends Error {
    readonly code: EngineErrorCode;
    /** What was expected, received, or asked, in an order that the code defines. */
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
    readonly Crypto: { readonly getRandomValues: (self: Crypto, array: Uint8Array<ArrayBuffer>) => unknown };
    readonly Headers: { readonly get: (self: Headers, name: string) => string | null };
    readonly Memory: { readonly buffer: (self: WebAssembly.Memory) => ArrayBuffer };
    readonly Promise: { readonly constructor: PromiseConstructor };
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

/** The natives saved at early init, before any other script; the engine uses nothing else of the page. */
export interface EngineHost extends Bare, EngineHostClasses {
    /** With the `this` of the call. */
    readonly fetchOf: (self: undefined, url: string, init: RequestInit) => Promise<Response>;
    /** `undefined` in an insecure context. */
    readonly subtle: SubtleCrypto | undefined;
    readonly crypto: Crypto;
    readonly now: () => number;
    /** Milliseconds of a clock that nobody sets. */
    readonly monotonic: () => number;
    readonly parse: (text: string) => unknown;
    readonly stringify: (value: unknown) => string;
    readonly setTimeout: (callback: () => void, milliseconds: number) => number;
    /** Aborts after so many milliseconds; `undefined` in browsers before 2022. */
    readonly timeout: ((milliseconds: number) => AbortSignal) | undefined;
    /** Reading these from `window` may throw where storage is blocked: then `undefined`. */
    readonly indexedDB: IDBFactory | undefined;
    /** Holds the PKCE verifier and OIDC nonce (never a key) where IndexedDB is refused. */
    readonly sessionStorage: Storage | undefined;
    /** The app's own origin: asked (`HEAD`) for a `Date` where no server lets us read its own. */
    readonly origin: string;
    readonly parseDate: (text: string) => number;
    /** `href`: without the fragment, which is not sent. Throws where it is no URL. */
    readonly parseUrl: (text: string) => { readonly origin: string; readonly path: string; readonly href: string };
    readonly hasOwn: (object: object, name: string) => boolean;
    readonly isArray: (value: unknown) => value is unknown[];
    readonly encodeInto: (text: string, bytes: Uint8Array<ArrayBuffer>) => TextEncoderEncodeIntoResult;
    readonly decode: (bytes: Uint8Array<ArrayBuffer>) => string;
    readonly atob: (base64: string) => string;
    readonly Uint8Array: Uint8ArrayConstructor;
    /** Compiles and starts at once, since a promise would show the exports to others. */
    readonly instantiate: (bytes: BufferSource, imports: WebAssembly.Imports) => WebAssembly.Exports;
}
