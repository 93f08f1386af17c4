import { fastifyAuth } from "countersign/server";
import fastify from "fastify";
import { notesOf, port, server, started } from "./resource-server.mjs";

const app = fastify();
app.decorateRequest("auth", null);
app.get(server.metadata.path, (request, reply) => reply.type("application/json").send(server.metadata.json));
app.get("/notes", { onRequest: fastifyAuth(server, { scope: "notes" }) }, async request => notesOf(request.auth));
await app.listen({ port });
started(app.server.address());
