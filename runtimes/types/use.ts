// The types of our middlewares and of the Redis store fit those of the packages that they are for.
import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { Redis } from "ioredis";
import { createClient } from "redis";
import {
    authenticateIncoming,
    createResourceServer,
    expressAuth,
    fastifyAuth,
    honoAuth,
    redisReplayStore,
    type Accepted
} from "../../packages/countersign/dist/server.js";

declare global {
    namespace Express {
        interface Request {
            auth?: Accepted;
        }
    }
}
declare module "fastify" {
    interface FastifyRequest {
        auth: Accepted | null;
    }
}

export const stores = [redisReplayStore(new Redis()), redisReplayStore(createClient())];
const server = createResourceServer({ publicUrl: "https://a.example", issuer: "https://i.example", audience: "a", replayStore: stores[0] });

const app = express();
app.use(expressAuth(server));
app.get("/notes", expressAuth(server, { scope: "read" }), (request, response) => void response.json(request.auth?.claims.sub));

const quick = fastify();
quick.addHook("onRequest", fastifyAuth(server));
quick.get("/notes", { onRequest: fastifyAuth(server, { scope: "read" }) }, async request => request.auth?.claims.sub);

const hono = new Hono<{ Variables: { auth: Accepted } }>();
hono.use("/api/*", honoAuth(server));
hono.get("/notes", honoAuth(server, { scope: "read" }), context => context.text(context.get("auth").claims.sub ?? ""));

export const node = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const auth = await authenticateIncoming(server, request, response);
    auth && response.end(auth.claims.sub);
};
