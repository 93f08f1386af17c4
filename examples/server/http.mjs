import { createServer } from "node:http";
import { authenticateIncoming } from "countersign/server";
import { notesOf, port, server, started } from "./resource-server.mjs";

const listener = createServer(async (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === server.metadata.path) {
        response.end(server.metadata.json);
        return;
    }
    const auth = await authenticateIncoming(server, request, response, { scope: "notes" });
    auth && response.end(JSON.stringify(notesOf(auth)));
});
listener.listen(port, () => started(listener.address()));
