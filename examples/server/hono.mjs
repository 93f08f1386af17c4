import { serve } from "@hono/node-server";
import { honoAuth } from "countersign/server";
import { Hono } from "hono";
import { notesOf, port, server, started } from "./resource-server.mjs";

const app = new Hono();
app.get(server.metadata.path, context => context.body(server.metadata.json, 200, { "content-type": "application/json" }));
app.get("/notes", honoAuth(server, { scope: "notes" }), context => context.json(notesOf(context.get("auth"))));
serve({ fetch: app.fetch, port }, started);
