/**
 * An API as most are written: Express, and jose's `jwtVerify` on what follows `Bearer`. It knows no
 * other scheme, ignores `cnf`, and answers requests that it refuses with RFC 6750's challenge.
 */
import { createServer } from "node:http";
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { listenOnLoopback } from "../../../packages/countersign/test/browser/harness/loopback.mjs";

/**
 * @param {{ issuer: string, jwksUri: string, audience: string, origins: string[], allowedHeaders: string[] }} options
 * `allowedHeaders`: request header fields that its CORS allows
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export function startBearerApi({ issuer, jwksUri, audience, origins, allowedHeaders }) {
    const keys = createRemoteJWKSet(new URL(jwksUri));
    const app = express();
    app.use((request, response, next) => {
        const { origin } = request.headers;
        if (origins.includes(origin)) {
            response.set({ "Access-Control-Allow-Origin": origin, Vary: "Origin" });
        }
        if (request.method === "OPTIONS") {
            response.set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
            response.set("Access-Control-Allow-Headers", allowedHeaders.join(", "));
            response.sendStatus(204);
            return;
        }
        next();
    });
    app.use(async (request, response, next) => {
        const refuse = (challenge, body) => response.status(401).set("WWW-Authenticate", challenge).json(body);
        const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
        if (token === undefined) {
            refuse("Bearer", { error: "a Bearer token is needed" });
            return;
        }
        try {
            const { payload } = await jwtVerify(token, keys, { issuer, audience });
            request.auth = payload;
        } catch (error) {
            refuse('Bearer error="invalid_token"', { error: error.code });
            return;
        }
        next();
    });
    app.use(express.json());
    app.get("/me", (request, response) => response.json({ sub: request.auth.sub }));
    app.post("/notes", (request, response) => response.status(201).json(request.body));
    const server = createServer(app);
    return listenOnLoopback(socket => server.emit("connection", socket));
}
