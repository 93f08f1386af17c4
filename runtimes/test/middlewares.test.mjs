// Each middleware in a real server, called over a socket with lines that a client can choose.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { client, countersign, header, headersFor, issuer, listening, NONCE_KEY, OPTIONS, send } from "./support.mjs";

const { authenticateIncoming, createResourceServer, expressAuth, fastifyAuth, honoAuth } = countersign;

/** Servers with `/notes` behind the middleware, and `/write` that needs a scope; each says who called. */
const FRAMEWORKS = {
    "Node's http": (server, run) =>
        listening(async (request, response) => {
            const demands = request.url === "/api/write" ? { scope: "write" } : {};
            const auth = await authenticateIncoming(server, request, response, demands);
            auth && response.end(`${auth.scheme} ${auth.claims.sub}`);
        }, run),
    Express: (server, run) => {
        const app = express();
        const api = express.Router();
        api.get("/notes", expressAuth(server), (request, response) => void response.send(`${request.auth.scheme} ${request.auth.claims.sub}`));
        api.get("/write", expressAuth(server, { scope: "write" }), (request, response) => void response.send("written"));
        // Express takes the prefix away from `req.url`.
        app.use("/api", api);
        return listening(app, run);
    },
    Fastify: async (server, run) => {
        const app = fastify();
        app.decorateRequest("auth", null);
        app.get("/api/notes", { onRequest: fastifyAuth(server) }, async request => `${request.auth.scheme} ${request.auth.claims.sub}`);
        app.get("/api/write", { onRequest: fastifyAuth(server, { scope: "write" }) }, async () => "written");
        await app.listen({ port: 0, host: "127.0.0.1" });
        try {
            return await run(app.server.address().port);
        } finally {
            await app.close();
        }
    },
    Hono: (server, run) => {
        const app = new Hono();
        app.get("/api/notes", honoAuth(server), context => context.text(`${context.get("auth").scheme} ${context.get("auth").claims.sub}`));
        app.get("/api/write", honoAuth(server, { scope: "write" }), context => context.text("written"));
        return listening(getRequestListener(app.fetch), run);
    }
};

for (const [name, serve] of Object.entries(FRAMEWORKS)) {
    test(`${name}: a request with token and proof reaches the handler, once`, async () => {
        await serve(createResourceServer(OPTIONS), async port => {
            const headers = headersFor("/api/notes");
            const accepted = await send(port, { method: "GET", target: "/api/notes?page=2", headers });
            assert.equal(accepted.status, 200);
            assert.match(accepted.body, /DPoP ann/);
            const replayed = await send(port, { method: "GET", target: "/api/notes", headers });
            assert.equal(replayed.status, 401);
            assert.match(header(replayed, "www-authenticate")[0], /^DPoP .*error="invalid_dpop_proof"/);
            assert.deepEqual(header(replayed, "cache-control"), ["no-store"]);
        });
    });

    test(`${name}: a second Authorization or DPoP field is seen, and refused`, async () => {
        await serve(createResourceServer({ ...OPTIONS, dpop: "optional" }), async port => {
            const [authorization, proof] = headersFor("/api/notes");
            const bearer = ["Authorization", `Bearer ${issuer.token(undefined)}`];
            for (const headers of [
                [authorization, proof, bearer],
                [bearer, authorization, proof],
                [authorization, ["AUTHORIZATION", authorization[1]], proof]
            ]) {
                assert.equal((await send(port, { method: "GET", target: "/api/notes", headers })).status, 400);
            }
            const twice = await send(port, { method: "GET", target: "/api/notes", headers: [authorization, proof, ["dpop", proof[1]]] });
            assert.equal(twice.status, 401);
            assert.match(header(twice, "www-authenticate").join(), /error="invalid_dpop_proof"/);
            // What was refused has used up nothing.
            assert.equal((await send(port, { method: "GET", target: "/api/notes", headers: [authorization, proof] })).status, 200);
        });
    });

    test(`${name}: each challenge is a field of its own`, async () => {
        await serve(createResourceServer({ ...OPTIONS, dpop: "optional" }), async port => {
            const refused = await send(port, { method: "GET", target: "/api/notes", headers: [] });
            assert.equal(refused.status, 401);
            const challenges = header(refused, "www-authenticate");
            // A `Response` may join them to one field, as RFC 9110 (5.3) allows.
            assert.deepEqual(challenges.join(", "), 'DPoP algs="ES256 EdDSA PS256 RS256", Bearer');
        });
    });

    test(`${name}: a scope of the route is required`, async () => {
        await serve(createResourceServer(OPTIONS), async port => {
            const lacking = await send(port, { method: "GET", target: "/api/write", headers: headersFor("/api/write") });
            assert.equal(lacking.status, 403);
            const token = issuer.token(client, { scope: "read write" });
            const allowed = await send(port, { method: "GET", target: "/api/write", headers: headersFor("/api/write", { token }) });
            assert.equal(allowed.status, 200);
        });
    });

    test(`${name}: a nonce is asked for and renewed`, async () => {
        let now = Date.now();
        const server = createResourceServer({ ...OPTIONS, nonces: { keys: [NONCE_KEY], lifetime: 100 }, now: () => now });
        await serve(server, async port => {
            const asked = await send(port, { method: "GET", target: "/api/notes", headers: headersFor("/api/notes") });
            assert.equal(asked.status, 401);
            const [nonce] = header(asked, "dpop-nonce");
            now += 60_000;
            const headers = headersFor("/api/notes", { claims: { nonce, iat: Math.floor(now / 1000) } });
            const accepted = await send(port, { method: "GET", target: "/api/notes", headers });
            assert.equal(accepted.status, 200);
            assert.equal(header(accepted, "dpop-nonce").length, 1);
            assert.notEqual(header(accepted, "dpop-nonce")[0], nonce);
        });
    });
}

test("HTTP/2 requests are decided too", async () => {
    const server = createResourceServer(OPTIONS);
    const listener = http2.createServer(async (request, response) => {
        const auth = await authenticateIncoming(server, request, response);
        auth && response.end(auth.claims.sub);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const session = http2.connect(`http://127.0.0.1:${listener.address().port}`);
    const call = async headers => {
        const stream = session.request({ ":path": "/api/notes", ...headers });
        const [{ ":status": status }] = await once(stream, "response");
        stream.resume();
        await once(stream, "close");
        return status;
    };
    const headers = Object.fromEntries(headersFor("/api/notes").map(([name, value]) => [name.toLowerCase(), value]));
    assert.equal(await call(headers), 200);
    assert.equal(await call(headers), 401);
    session.close();
    listener.close();
});
