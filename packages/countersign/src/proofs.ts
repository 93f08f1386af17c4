/**
 * Proofs for apps that log in by another library: a key, and what goes with each request. It needs
 * neither early init nor `createOidc`, and runs in pages and in workers of every kind.
 */
import { startProofs } from "./proofs/start.js";

export { OidcInitializationError } from "./core/errors/oidcInitializationError.js";

export type ParamsOfCreateDPoP = {
    /**
     * The key (P-256). By default a new one is made, which cannot be exported and is gone with the
     * page. Give one that you keep, for example in IndexedDB, if tokens shall outlive the page.
     */
    keyPair?: CryptoKeyPair;
    /** The authorization server's token endpoint, for `tokenRequestHeaders` and `fetch`. */
    tokenEndpoint?: string;
};

/** A request that a proof is made for. */
export type RequestToProve = {
    /** As `fetch` takes it: `get` is `GET`, `patch` is not `PATCH`. */
    method: string;
    /** Absolute, or relative to the page. Its query and fragment do not matter. */
    url: string | URL;
    /**
     * The access token that the request carries. Leave it out for requests to an authorization
     * server (RFC 9449, 5).
     */
    accessToken?: string;
};

export type DPoP = {
    /** The key's thumbprint: for `dpop_jkt` in an authorization request (RFC 9449, 10). */
    readonly jkt: string;
    /**
     * Like the platform's `fetch`, but a request with `Authorization: Bearer <token>` (or `DPoP
     * <token>`) goes out as DPoP, and a `POST` to `tokenEndpoint` with a proof. Nonces, clocks and
     * the one second attempt are taken care of. Rejects if the header holds a token that was used
     * before, in another form. Other requests go out unchanged.
     */
    readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
    /**
     * Returns a new proof, for one request. Send it as `DPoP`, beside `Authorization: DPoP
     * <token>`, and give the response to `observe`.
     */
    readonly proof: (request: RequestToProve) => Promise<string>;
    /** Returns the header of one `POST` to a token endpoint, by default `tokenEndpoint`. */
    readonly tokenRequestHeaders: (url?: string | URL) => Promise<{ DPoP: string }>;
    /**
     * Learns nonce and time from the response to a request with a proof of `proof` or
     * `tokenRequestHeaders`. Its body stays unread. `true`: it was refused, and would not be with
     * a new proof; send it once more.
     */
    readonly observe: (response: Response) => Promise<boolean>;
};

/**
 * Creates a key for one authorization server's tokens. Rejects with a `TypeError` for a wrong
 * option, and with an `OidcInitializationError` (`wasm_refused`, `insecure_context`, `key_failed`)
 * if the browser forbids what is needed.
 */
export const createDPoP: (params?: ParamsOfCreateDPoP) => Promise<DPoP> = startProofs;
