import { expressAuth } from "countersign/server";
import express from "express";
import { notesOf, port, server, started } from "./resource-server.mjs";

const app = express();
app.get(server.metadata.path, (request, response) => void response.type("json").send(server.metadata.json));
app.get("/notes", expressAuth(server, { scope: "notes" }), (request, response) => void response.json(notesOf(request.auth)));
const listener = app.listen(port, () => started(listener.address()));
