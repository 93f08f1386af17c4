/**
 * Middlewares for Express, Fastify, Hono and Node's `http`. Those on Node read the fields as they
 * were sent, so that a second `Authorization` or `DPoP` is seen, and refused.
 */
import type { Accepted, Decision, Demands, Refused, ResourceServer } from "./resourceServer.js";

/** A request of Node's `http`, `https` or `http2`. */
export interface NodeRequest {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly rawHeaders: readonly string[];
}

/** A response of Node's `http`, `https` or `http2`. */
export interface NodeResponse {
    statusCode: number;
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

/** Decides about a request of Node. `url`: path and query as they were sent, before a router cut them. */
const decide = (server: ResourceServer, request: NodeRequest, url: string | undefined, demands: Demands | undefined): Promise<Decision> =>
    server.decide({
        method: request.method ?? "",
        target: url ?? "",
        authorization: values(request.rawHeaders, "authorization"),
        dpop: values(request.rawHeaders, "dpop"),
        scope: demands?.scope
    });

/** Several fields of one name are a list. */
const grouped = (headers: Refused["headers"]): Map<string, string[]> => {
    const lists = new Map<string, string[]>();
    for (const [name, value] of headers) {
        lists.set(name, [...(lists.get(name) ?? []), value]);
    }
    return lists;
};

/** Answers a refused request. */
const refuse = (response: NodeResponse, { status, headers }: Refused): void => {
    response.statusCode = status;
    for (const [name, list] of grouped(headers)) {
        response.setHeader(name, list.length === 1 ? list[0]! : list);
    }
    response.end();
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
    const decision = await decide(server, request, request.url, demands);
    if (!decision.isAccepted) {
        refuse(response, decision);
        return undefined;
    }
    if (decision.nonce) {
        response.setHeader("DPoP-Nonce", decision.nonce);
    }
    return decision;
};

/** A middleware for Express 4 and 5, which sets `req.auth`. */
export const expressAuth =
    (server: ResourceServer, demands?: Demands) =>
    (request: NodeRequest & { originalUrl: string; auth?: Accepted }, response: NodeResponse, next: (error?: unknown) => void): void => {
        decide(server, request, request.originalUrl, demands).then(decision => {
            if (!decision.isAccepted) {
                refuse(response, decision);
                return;
            }
            if (decision.nonce) {
                response.setHeader("DPoP-Nonce", decision.nonce);
            }
            request.auth = decision;
            next();
        }, next);
    };

interface FastifyRequestLike {
    readonly raw: NodeRequest;
}

interface FastifyReplyLike {
    code(status: number): unknown;
    header(name: string, value: unknown): unknown;
    send(): unknown;
}

/** A hook `onRequest` for Fastify 4 and 5, which sets `request.auth`. */
export const fastifyAuth =
    (server: ResourceServer, demands?: Demands) =>
    async (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown> => {
        const decision = await decide(server, request.raw, request.raw.url, demands);
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

interface HonoContextLike {
    readonly req: { readonly raw: Request };
    readonly env: unknown;
    set(name: "auth", value: Accepted): void;
    header(name: string, value: string): void;
}

/**
 * A middleware for Hono 4, which sets the variable `auth`. On Node it reads the fields as they were
 * sent (`@hono/node-server`).
 */
export const honoAuth =
    (server: ResourceServer, demands?: Demands) =>
    async (context: HonoContextLike, next: () => Promise<void>): Promise<Response | void> => {
        const incoming = (context.env as { incoming?: NodeRequest } | undefined)?.incoming;
        const decision = await (incoming && Array.isArray(incoming.rawHeaders)
            ? decide(server, incoming, incoming.url, demands)
            : server.authenticate(context.req.raw, demands));
        if (!decision.isAccepted) {
            return decision.response();
        }
        context.set("auth", decision);
        await next();
        if (decision.nonce) {
            context.header("DPoP-Nonce", decision.nonce);
        }
    };
