/**
 * Middlewares for Express, Fastify, Hono and Node's `http`. Those on Node read the fields as they
 * were sent, so that a second `Authorization` or `DPoP` is seen, and refused.
 */
import { demandedScope, scopeOf, type Accepted, type Decision, type Demands, type Refused, type ResourceServer } from "./resourceServer.js";

/** A request of Node's `http`, `https` or `http2`. */
export interface NodeRequest {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly rawHeaders: readonly string[];
}

/** A response of Node's `http`, `https` or `http2`. */
export interface NodeResponse {
    statusCode: number;
    readonly headersSent?: boolean | undefined;
    readonly writableEnded?: boolean | undefined;
    setHeader(name: string, value: string | readonly string[]): unknown;
    end(): unknown;
}

/** Returns the values of all fields of one name (in lower case), one for each field. */
const values = (rawHeaders: readonly string[], name: string): string[] => {
    const found: string[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
        const field = rawHeaders[i]!;
        if (field.length === name.length && field.toLowerCase() === name) {
            found.push(rawHeaders[i + 1]!);
        }
    }
    return found;
};

/** Path and query as they were sent, before a router cut them. */
const urlOf = (request: NodeRequest & { readonly originalUrl?: unknown }): string | undefined =>
    Object.hasOwn(request, "originalUrl") && typeof request.originalUrl === "string" ? request.originalUrl : request.url;

/** Decides about a request of Node. */
const decide = async (server: ResourceServer, request: NodeRequest, url: string | undefined, scope: string | undefined): Promise<Decision> =>
    server.decide({
        method: request.method ?? "",
        target: url ?? "",
        uri: undefined,
        authorization: values(request.rawHeaders, "authorization"),
        dpop: values(request.rawHeaders, "dpop"),
        scope
    });

/** Several fields of one name are a list. */
const grouped = (headers: Refused["headers"]): Map<string, string[]> => {
    const lists = new Map<string, string[]>();
    for (const [name, value] of headers) {
        lists.set(name, [...(lists.get(name) ?? []), value]);
    }
    return lists;
};

/** Whether nothing can be said any more: something else has answered meanwhile, or the client has gone. */
const isLate = (response: NodeResponse & { readonly destroyed?: boolean; readonly stream?: { readonly destroyed?: boolean } | null }): boolean =>
    response.headersSent === true || response.writableEnded === true || response.destroyed === true || response.stream?.destroyed === true;

/** Answers a refused request. Returns who sent it, if the request goes on. */
const conclude = (response: NodeResponse, decision: Decision): Accepted | undefined => {
    if (decision.isAccepted) {
        if (response.writableEnded === true) {
            return undefined;
        }
        if (decision.nonce && !isLate(response)) {
            response.setHeader("DPoP-Nonce", decision.nonce);
        }
        return decision;
    }
    if (!isLate(response)) {
        response.statusCode = decision.status;
        for (const [name, list] of grouped(decision.headers)) {
            response.setHeader(name, list.length === 1 ? list[0]! : list);
        }
        response.end();
    }
    return undefined;
};

/**
 * Decides about a request of Node's `http` and answers a refused one. Returns `undefined` then;
 * else who sent it.
 */
export const authenticateIncoming = async (
    server: ResourceServer,
    request: NodeRequest,
    response: NodeResponse,
    demands?: Demands
): Promise<Accepted | undefined> => {
    // A demand that is none is refused with status 400.
    return conclude(response, await decide(server, request, urlOf(request), scopeOf(demands)));
};

/** A middleware for Express 4 and 5, which sets `req.auth`. */
export const expressAuth = (server: ResourceServer, demands?: Demands) => {
    const scope = demandedScope(demands);
    return (request: NodeRequest & { originalUrl: string; auth?: Accepted }, response: NodeResponse, next: (error?: unknown) => void): void => {
        decide(server, request, urlOf(request), scope)
            .then(decision => {
                const accepted = conclude(response, decision);
                if (accepted) {
                    request.auth = accepted;
                    next();
                }
            })
            .catch(next);
    };
};

interface FastifyRequestLike {
    readonly raw: NodeRequest;
}

interface FastifyReplyLike {
    readonly sent?: boolean;
    code(status: number): unknown;
    header(name: string, value: unknown): unknown;
    send(): unknown;
}

/** A hook `onRequest` for Fastify 4 and 5, which sets `request.auth`. */
export const fastifyAuth = (server: ResourceServer, demands?: Demands) => {
    const scope = demandedScope(demands);
    return async (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown> => {
        const decision = await decide(server, request.raw, request.raw.url, scope);
        // Something else has answered meanwhile.
        if (reply.sent === true) {
            return reply;
        }
        if (decision.isAccepted) {
            if (decision.nonce) {
                reply.header("DPoP-Nonce", decision.nonce);
            }
            (request as { auth?: Accepted }).auth = decision;
            return undefined;
        }
        reply.code(decision.status);
        for (const [name, list] of grouped(decision.headers)) {
            reply.header(name, list.length === 1 ? list[0] : list);
        }
        return reply.send();
    };
};

interface HonoContextLike {
    readonly req: { readonly raw: Request };
    readonly env: unknown;
    set(name: "auth", value: Accepted): void;
    header(name: string, value: string): void;
}

/** The request of Node's, where `@hono/node-server` gives it. */
const incomingOf = (env: unknown): NodeRequest | undefined => {
    const incoming = typeof env === "object" && env !== null && Object.hasOwn(env, "incoming") ? (env as { incoming?: NodeRequest }).incoming : undefined;
    return incoming && Array.isArray(incoming.rawHeaders) ? incoming : undefined;
};

/**
 * A middleware for Hono 4, which sets the variable `auth`. On Node it reads the fields as they were
 * sent (`@hono/node-server`).
 */
export const honoAuth = (server: ResourceServer, demands?: Demands) => {
    const scope = demandedScope(demands);
    return async (context: HonoContextLike, next: () => Promise<void>): Promise<Response | void> => {
        const incoming = incomingOf(context.env);
        const decision = await (incoming ? decide(server, incoming, incoming.url, scope) : server.authenticate(context.req.raw, { scope }));
        if (!decision.isAccepted) {
            return decision.response();
        }
        context.set("auth", decision);
        await next();
        if (decision.nonce) {
            context.header("DPoP-Nonce", decision.nonce);
        }
    };
};
