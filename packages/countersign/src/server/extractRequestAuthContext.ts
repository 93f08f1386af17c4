/** What `validateAndDecodeAccessToken` needs of a request, in the shape of `oidc-spa/server`. */
import type { ValidateAndDecodeAccessToken } from "./oidcSpa.js";

export type AnyRequest =
    | AnyRequest.Unified
    | AnyRequest.RequestLike
    | AnyRequest.IncomingMessageLike
    | AnyRequest.HonoRequestLike
    | AnyRequest.FastifyRequestLike;
export declare namespace AnyRequest {
    type Unified = {
        type: "unified";
        method: string;
        pseudoHeaders: { ":scheme": string; ":authority": string; ":path": string };
        headers: Record<"Authorization" | "DPoP" | "Forwarded" | "X-Forwarded-Proto" | "X-Forwarded-Host", string | undefined>;
    };
    type IncomingMessageLike = {
        headers: { [key in string]: string | string[] | undefined };
        method?: string;
        url?: string;
        socket: Record<string, any>;
    };
    type RequestLike = { url: string; method: string; headers: { get: (name: string) => string | null } };
    type HonoRequestLike = { raw: RequestLike };
    type FastifyRequestLike = { raw: IncomingMessageLike };
}

export type RequestAuthContext = RequestAuthContext.Success | RequestAuthContext.Errored;
export declare namespace RequestAuthContext {
    type Success = { isWellFormed: true; accessTokenAndMetadata: ValidateAndDecodeAccessToken.Params };
    type Errored = { isWellFormed: false; debugErrorMessage: string };
}

/** The parts of any kind of request. Values are `undefined` where a field is missing. */
interface Parts {
    method: string;
    scheme: string;
    authority: string;
    path: string;
    /** The values of a field, one for each field that is known to be one. */
    values: (name: string) => string[];
}

type NodeLike = AnyRequest.IncomingMessageLike & { rawHeaders?: unknown; originalUrl?: unknown };

const partsOfNode = (request: NodeLike): Parts => {
    const { headers, method, socket, rawHeaders } = request;
    // What others may have put on the prototype of all objects is no URL; on that of Fastify's requests it is.
    const originalUrl = Object.hasOwn(Object.prototype, "originalUrl") ? undefined : request.originalUrl;
    const url = typeof originalUrl === "string" ? originalUrl : request.url;
    if (method === undefined || url === undefined) {
        throw new Error("countersign: the request has no method or url; give the one that the server received");
    }
    const values = (name: string): string[] => {
        // Node drops a second `Authorization` from `headers`, and joins the values of others.
        if (Array.isArray(rawHeaders)) {
            const raw = rawHeaders as string[];
            return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name);
        }
        const value = headers[name];
        return value === undefined ? [] : typeof value === "string" ? [value] : value;
    };
    const first = (name: string) => ([headers[name]].flat()[0] ?? "").trim();
    return {
        method,
        scheme: first(":scheme") || (socket["encrypted"] === true ? "https" : "http"),
        authority: first(":authority") || first("host") || "localhost",
        path: url,
        values
    };
};

const partsOf = (request: AnyRequest): Parts => {
    if ("type" in request && request.type === "unified") {
        const { method, pseudoHeaders, headers } = request;
        const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
        return {
            method,
            scheme: pseudoHeaders[":scheme"],
            authority: pseudoHeaders[":authority"],
            path: pseudoHeaders[":path"],
            values: name => (named[name] === undefined ? [] : [named[name]])
        };
    }
    if ("socket" in request) {
        return partsOfNode(request);
    }
    if ("raw" in request) {
        return partsOf(request.raw);
    }
    const { method, url, headers } = request as AnyRequest.RequestLike;
    if (!URL.canParse(url)) {
        throw new Unusable("The URL of the request is not absolute");
    }
    const { protocol, host } = new URL(url);
    return {
        method,
        scheme: protocol.slice(0, -1),
        authority: host,
        path: url,
        values: name => {
            const value = headers.get(name);
            return value === null ? [] : [value];
        }
    };
};

/** The first value of a list, as proxies write it. */
const firstOf = (values: string[]): string => (values[0]?.split(",")[0] ?? "").trim();

/** A parameter of the first element of `Forwarded` (RFC 7239). */
const forwarded = (values: string[], name: string): string => {
    for (const pair of firstOf(values).split(";")) {
        const at = pair.indexOf("=");
        if (pair.slice(0, at).trim().toLowerCase() === name) {
            return pair.slice(at + 1).trim().replace(/^"|"$/g, "");
        }
    }
    return "";
};

/** A request that a URL can't be taken from. */
class Unusable extends Error {}

/** The scheme and the start of a URI up to its path. */
const BEFORE_PATH = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i;
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d+)?$/i;

/**
 * The path as it was sent, to which no host can be added and from which no segment is taken away.
 * Routers take dot segments as they are, and a URL's reader removes them: a proof for one route
 * would fit another. Of a target in absolute form, the path counts, as to the engine.
 */
const pathOf = (target: string): string => {
    const start = BEFORE_PATH.exec(`${target}`)?.[0];
    const [path] = `${target}`.slice(start?.length ?? 0).split(/[?#]/) as [string];
    if (start !== undefined && path === "") {
        return "/";
    }
    if (!path.startsWith("/") || path.split("/").some(segment => DOT_SEGMENT.test(segment))) {
        throw new Unusable("The path of the request does not begin with a slash, or has a segment of dots, which its proof could name otherwise");
    }
    return path;
};

/** The URL that the client called, as far as the request and its proxies tell. */
const urlOf = ({ scheme, authority, path, values }: Parts, trustProxy: boolean): string => {
    const proxies = trustProxy
        ? {
              scheme: forwarded(values("forwarded"), "proto") || firstOf(values("x-forwarded-proto")),
              authority: forwarded(values("forwarded"), "host") || firstOf(values("x-forwarded-host"))
          }
        : { scheme: "", authority: "" };
    const outside = proxies.scheme.replace(/:$/, "").toLowerCase();
    const usedScheme = outside === "http" || outside === "https" ? outside : scheme;
    if (!/^https?$/i.test(usedScheme)) {
        throw new Unusable("The scheme of the request is neither http nor https");
    }
    const usedAuthority = proxies.authority || authority;
    // What ends a host in a URL would let a header choose the path.
    if (typeof usedAuthority !== "string" || !AUTHORITY.test(usedAuthority)) {
        throw new Unusable("The host of the request (Host, X-Forwarded-Host or Forwarded) is no name or address with or without a port");
    }
    // As it was sent: the engine refuses a path that is written in another way than the proof's.
    return `${usedScheme}://${usedAuthority}${pathOf(path)}`;
};

const errored = (debugErrorMessage: string): RequestAuthContext.Errored => ({ isWellFormed: false, debugErrorMessage });

interface Params {
    request: AnyRequest;
    trustProxy: boolean;
    publicUrl?: string;
}

const extract = ({ request, trustProxy, publicUrl }: Params): RequestAuthContext | undefined => {
    const parts = partsOf(request);
    const authorization = parts.values("authorization");
    const dpop = parts.values("dpop");
    if (authorization.length === 0) {
        return undefined;
    }
    if (authorization.length > 1 || dpop.length > 1) {
        return errored("The request has more than one Authorization or DPoP header");
    }
    const match = /^(Bearer|DPoP) +(\S+)$/i.exec(authorization[0]!.trim());
    if (!match) {
        return errored("Malformed Authorization header, or another scheme than Bearer and DPoP");
    }
    const accessToken = match[2]!;
    if (match[1]!.toLowerCase() === "bearer") {
        return {
            isWellFormed: true,
            accessTokenAndMetadata: { scheme: "Bearer", accessToken, rejectIfAccessTokenDPoPBound: true }
        };
    }
    if (dpop.length === 0) {
        return errored("Scheme DPoP was specified but the DPoP header is missing");
    }
    const expectedHtu = publicUrl === undefined ? urlOf(parts, trustProxy) : publicUrl.replace(/\/+$/, "") + pathOf(parts.path);
    return {
        isWellFormed: true,
        accessTokenAndMetadata: { scheme: "DPoP", accessToken, dpopProof: dpop[0]!, expectedHtu, expectedHtm: parts.method }
    };
};

/**
 * Takes from a request what `validateAndDecodeAccessToken` needs. `undefined`: it has no
 * `Authorization` field.
 *
 * The URL is the one that `Host` names or, with `trustProxy`, that a proxy names: both are headers.
 * With `publicUrl` (scheme, host and what stands before this server's paths) they are not looked
 * at, which is safer: then a proof for another host can't be used here.
 */
export const extractRequestAuthContext = (params: Params): RequestAuthContext | undefined => {
    try {
        return extract(params);
    } catch (error) {
        if (error instanceof Unusable) {
            return errored(error.message);
        }
        throw error;
    }
};
