/**
 * The options of a resource server, and the JSON that the engine reads them from. What is missing,
 * unknown or wrong is the engine's to say.
 */

/** An algorithm of JSON Web Signatures that checks with a public key. */
export type SignatureAlgorithm =
    | "ES256" | "ES384" | "ES512" | "EdDSA" | "PS256" | "PS384" | "PS512" | "RS256" | "RS384" | "RS512";

/** Where used proofs are remembered, if several processes serve the API. */
export interface ReplayStore {
    /**
     * Stores the key until `expiresAt` (milliseconds since 1970), unless it is there already, in
     * one step that is atomic for all who use the store. Answers whether the key was new, and the
     * store's own time right afterwards in milliseconds since 1970, by which the engine notices a
     * store that has forgotten at once. Whoever answers `true` twice for one key lets a captured
     * proof be used again.
     *
     * A rejection, or no answer in time, makes the request a 503: nothing is accepted without the
     * store.
     */
    insert(key: Uint8Array, expiresAt: number): Promise<{ wasNew: boolean; storeNow: number }>;
    /** How far the clocks of the servers that share it may be apart, in seconds. Default: 5. */
    readonly skew?: number;
}

/** A server's judgement of a nonce: fresh, accepted but to be renewed, too old, or not its own. */
export type NonceStatus = "fresh" | "renew" | "expired" | "not ours";

/** Issues nonces that it later recognises, by means of the program's own. Times are in Unix seconds. */
export interface NonceIssuer {
    /** Gives a nonce for a response at `now`: unpredictable until it is sent. */
    issue(now: number): string;
    /** Judges the nonce of a proof. */
    check(nonce: string, now: number): NonceStatus;
}

/** The options of {@link createResourceServer}. Times are in seconds. */
export interface ResourceServerOptions {
    /**
     * The URL by which clients call this API, with the path that stands before its own paths if a
     * proxy adds one. Proofs are compared with it, never with what a request's headers say.
     * Without it, only requests whose URL your code gives are accepted (`decide` with `uri`).
     */
    publicUrl?: string | undefined;
    /** The issuer exactly as its metadata and its tokens (`iss`) name it. */
    issuer: string;
    /** What the issuer writes into `aud` for this API. */
    audience: string;
    /** Paths that begin differently here than outside: `[["/v1", "/api/v1"]]`. */
    pathPrefixes?: ReadonlyArray<readonly [inside: string, outside: string]> | undefined;
    /** The issuer's keys, in place of those that its metadata leads to. */
    jwks?: { readonly keys: ReadonlyArray<object> } | undefined;
    /** Where the issuer's keys are: https. Its metadata is not read then. */
    jwksUri?: string | undefined;
    /** As `jwksUri`, also by plain http: whoever can change that answer is the issuer for this API. */
    dangerousPlainHttpJwksUri?: string | undefined;
    /** The age at which keys are read again. Default: 600. */
    refreshAge?: number | undefined;
    /** The age up to which keys serve while the issuer can't be read. Default: a day. */
    maxAge?: number | undefined;
    /** Whether unbound tokens are accepted as Bearer. Default: `"required"`, they are not. */
    dpop?: "required" | "optional" | undefined;
    /** Applies what the FAPI 2.0 Security Profile asks. */
    fapi2?: boolean | undefined;
    /** What access tokens must be like. */
    accessTokens?:
        | {
              /**
               * Which header `typ` they may have. Default: `"at+jwt unless bound"`; `"lenient"`
               * takes unbound tokens of Keycloak, Auth0, Okta and Entra ID.
               */
              types?: "at+jwt" | "at+jwt unless bound" | "lenient" | undefined;
              algorithms?: ReadonlyArray<SignatureAlgorithm> | undefined;
              /** How far ahead their end may lie. Default: a day. */
              maxTimeLeft?: number | undefined;
          }
        | undefined;
    /** What proofs must be like. */
    proofs?:
        | {
              algorithms?: ReadonlyArray<SignatureAlgorithm> | undefined;
              /** Default: 60. */
              maxAge?: number | undefined;
              /** How far a client's clock may be ahead. Default: 5. */
              leeway?: number | undefined;
              /** Which clock tells when a proof was made. Default: `"iat"`. */
              clock?: "iat" | "nonce" | undefined;
              /** Accepts RSA keys of up to 8192 bits and with any exponent. */
              costlyRsaKeys?: boolean | undefined;
          }
        | undefined;
    /** Requires a nonce in every proof (RFC 9449, section 9): stateless ones, or yours. */
    nonces?:
        | {
              /** Secrets of 32 random bytes, as base64url. The first issues, all are accepted. */
              keys: ReadonlyArray<string>;
              /** Default: 300. */
              lifetime?: number | undefined;
          }
        | NonceIssuer
        | undefined;
    /** How many validated tokens are kept until they end. Default: 10,000. */
    cachedTokens?: number | undefined;
    /** What the API says of itself (RFC 9728): its identifier, and further members. */
    metadata?: { resource: string; members?: Record<string, unknown> | undefined } | undefined;
    /**
     * Where used proofs are remembered. Default: in this process, which is right for one process;
     * for several, `redisReplayStore(client)`.
     */
    replayStore?: ReplayStore | undefined;
    /** How many proofs the store in this process has room for. Default: 8 million. */
    replayCapacity?: number | undefined;
    /** How long a replay store may take, in milliseconds. Default: 50. */
    replayDeadline?: number | undefined;
    /** Takes warnings and errors, one line each. Default: `console`. */
    log?: ((level: "warn" | "error", line: string) => void) | undefined;
    /** Reads the issuer's documents. Default: the runtime's `fetch`. Redirects are not followed. */
    fetch?: typeof globalThis.fetch | undefined;
    /** Tells the time, in milliseconds since 1970. For tests. */
    now?: (() => number) | undefined;
}

const SKEW = 5;
const NONCE_LIFETIME = 300;

const base64url = (bytes: Uint8Array): string =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The length of the secret of the store in this process. */
export const SECRET_BYTES = 32;

/** At 29 bytes each and what growing takes, the engine's memory of 4 GiB holds them. */
const MOST_PROOFS = 100_000_000;

/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Whether the nonces are the program's own. */
export const isIssuer = (nonces: ResourceServerOptions["nonces"]): nonces is NonceIssuer =>
    nonces !== undefined && !Object.hasOwn(nonces, "keys") && "issue" in nonces;

/**
 * Returns a copy without a prototype: what others may have put on that of all objects is no option.
 * Throws a sentence if one that the engine does not read can't be used.
 */
export const checkOptions = (given: ResourceServerOptions): ResourceServerOptions => {
    if (typeof given !== "object" || given === null) {
        throw new TypeError("countersign/server: give the options `publicUrl`, `issuer` and `audience`");
    }
    const options = Object.assign(Object.create(null), given) as ResourceServerOptions;
    const { replayStore, replayDeadline, replayCapacity, nonces } = options;
    for (const name of ["log", "fetch", "now"] as const) {
        if (options[name] !== undefined && typeof options[name] !== "function") {
            throw new TypeError(`countersign/server: \`${name}\` is no function`);
        }
    }
    if (replayStore !== undefined && typeof (replayStore as ReplayStore | null)?.insert !== "function") {
        throw new TypeError("countersign/server: `replayStore` has no method `insert`: give one, as of `redisReplayStore(client)`");
    }
    if (replayDeadline !== undefined && !(typeof replayDeadline === "number" && replayDeadline >= 1 && replayDeadline <= LONGEST)) {
        throw new TypeError(`countersign/server: \`replayDeadline\` is a number of milliseconds from 1 to ${LONGEST}`);
    }
    if (replayCapacity !== undefined && !(replayCapacity <= MOST_PROOFS)) {
        throw new TypeError("countersign/server: `replayCapacity` is a number of proofs up to 100,000,000; for more, give a `replayStore`");
    }
    if (nonces && !Object.hasOwn(nonces, "keys")) {
        const { issue, check } = nonces as Partial<NonceIssuer>;
        if (typeof issue !== "function" || typeof check !== "function") {
            throw new TypeError("countersign/server: `nonces` has `keys`, or the methods `issue` and `check`");
        }
    }
    return options;
};

/** Returns the configuration for the engine; `secret`: random bytes, drawn anew at each start. */
export const toConfig = (options: ResourceServerOptions, secret: Uint8Array): string => {
    const { replayStore, replayCapacity, replayDeadline: _1, log: _2, fetch: _3, now: _4, nonces, ...others } = options;
    return JSON.stringify({
        ...others,
        nonces: nonces && (isIssuer(nonces) ? { host: {} } : { stateless: { lifetime: NONCE_LIFETIME, ...nonces } }),
        replay: replayStore
            ? { shared: { skewSeconds: replayStore.skew ?? SKEW } }
            : { inProcess: { capacity: replayCapacity, secret: base64url(secret) } }
    });
};
