/**
 * A resource server on web standards: who sent this request, and is its access token good?
 */
import { startEngine, type Metadata, type Outcome } from "./engine.js";
import { SECRET_BYTES, type ResourceServerOptions } from "./options.js";
import { SCOPE, type RawRequest } from "./rawRequest.js";
import type { Signatures } from "./signatures.js";

/** A request that was accepted: a valid access token, presented as it must be. */
export interface Accepted {
    readonly isAccepted: true;
    /** How the token was presented. */
    readonly scheme: "DPoP" | "Bearer";
    /** The thumbprint of the key that was proven (RFC 7638); `undefined` for Bearer. */
    readonly thumbprint: string | undefined;
    readonly accessToken: string;
    /** The token's claims. */
    readonly claims: Claims;
    /** A nonce to send as `DPoP-Nonce` with the response, because the client's is about to expire. */
    readonly nonce: string | undefined;
}

/** A request that was refused. */
export interface Refused {
    readonly isAccepted: false;
    /** 400, 401, 403 or 503. */
    readonly status: number;
    /** The error code that the client gets (RFC 6750, RFC 9449); `undefined` without a token. */
    readonly error: string | undefined;
    /** The reason's name, for metrics. */
    readonly name: string;
    /** The whole reason, for logs. Never send it to the client. */
    readonly reason: string;
    /** The response's headers: the challenges, `DPoP-Nonce`, `Retry-After`, `Cache-Control`. */
    readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
    /** A new response for the client. */
    response(): Response;
}

export type Decision = Accepted | Refused;

/** Claims of an access token (RFC 9068). */
export interface Claims {
    readonly iss: string;
    readonly aud: string | readonly string[];
    readonly exp: number;
    readonly sub?: string;
    readonly client_id?: string;
    readonly scope?: string;
    readonly [claim: string]: unknown;
}

/** What one route demands. */
export interface Demands {
    /** The scope that the token must have. */
    scope?: string | undefined;
}

/** The scope that a route demands. Throws a sentence if what is given is no demand, which would demand nothing. */
export const demandedScope = (demands: Demands | undefined): string | undefined => {
    if (demands === undefined) {
        return undefined;
    }
    const isKnown = typeof demands === "object" && demands !== null && Object.keys(demands).every(name => name === "scope");
    const scope: unknown = isKnown && Object.hasOwn(demands, "scope") ? demands.scope : undefined;
    if (!isKnown || (scope !== undefined && !(typeof scope === "string" && SCOPE.test(scope)))) {
        throw new TypeError('countersign/server: a route demands `{ scope: "notes" }`, a scope that is not empty, and nothing else; or leave it out');
    }
    return scope as string | undefined;
};

/** As `demandedScope` for one request, which is refused as malformed for the scope that is none. */
export const scopeOf = (demands: Demands | undefined): string | undefined => {
    try {
        return demandedScope(demands);
    } catch {
        return "";
    }
};

export interface ResourceServer {
    /**
     * Decides about a request: its token (signature, issuer, audience, time), its proof (RFC 9449,
     * section 4.3), that both belong together, that the proof is new, and the scope. It never
     * rejects: what can't be decided is refused with status 503.
     *
     * The request's own path is compared with the proof, after `publicUrl`: give the request as
     * the server received it, before a framework has taken a prefix away.
     */
    authenticate(request: Request, demands?: Demands): Promise<Decision>;
    /** Decides about a request that is no `Request`. */
    decide(request: RawRequest): Promise<Decision>;
    /** The document by which the API describes itself, if the options have `metadata`. Serve it to everyone. */
    readonly metadata: Metadata | undefined;
}

const decoder = new TextDecoder();

/** Reads the claims of a token that the engine has accepted. */
const claimsOf = (accessToken: string): Claims => {
    const payload = accessToken.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), character => character.charCodeAt(0));
    return JSON.parse(decoder.decode(bytes)) as Claims;
};

class AcceptedRequest implements Accepted {
    readonly isAccepted = true;
    readonly scheme: "DPoP" | "Bearer";
    readonly thumbprint: string | undefined;
    readonly accessToken: string;
    readonly nonce: string | undefined;
    #claims: Claims | undefined;

    constructor({ scheme, thumbprint, accessToken, nonce }: Outcome & { isAccepted: true }) {
        this.scheme = scheme;
        this.thumbprint = thumbprint;
        this.accessToken = accessToken;
        this.nonce = nonce;
    }

    get claims(): Claims {
        return (this.#claims ??= claimsOf(this.accessToken));
    }
}

const toDecision = (outcome: Outcome): Decision => {
    if (outcome.isAccepted) {
        return new AcceptedRequest(outcome);
    }
    const { status, error, name, reason, headers } = outcome;
    return {
        isAccepted: false,
        status,
        error,
        name,
        reason,
        headers,
        response: () => new Response(null, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) })
    };
};

/** Returns path and query of an absolute URL, as they are written. */
const targetOf = (url: string): string => {
    const path = url.indexOf("/", url.indexOf("://") + 3);
    const fragment = url.indexOf("#");
    return path < 0 ? "/" : url.slice(path, fragment < 0 ? undefined : fragment);
};

/** The values of a field; a `Headers` has joined several to one, which is refused. */
const valuesOf = (headers: Headers, name: string): string[] => {
    const value = headers.get(name);
    return value === null ? [] : [value];
};

export const makeResourceServer = (
    module: WebAssembly.Module,
    options: ResourceServerOptions,
    signatures: Signatures,
    secret: Uint8Array = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
): ResourceServer => {
    const engine = startEngine(module, options, signatures, secret);
    const decide = (request: RawRequest): Promise<Decision> => engine.authenticate(request).then(toDecision);
    return {
        metadata: engine.metadata,
        decide,
        authenticate: ({ method, url, headers }, demands) =>
            decide({
                method,
                target: targetOf(url),
                uri: undefined,
                authorization: valuesOf(headers, "authorization"),
                dpop: valuesOf(headers, "dpop"),
                scope: scopeOf(demands)
            })
    };
};
