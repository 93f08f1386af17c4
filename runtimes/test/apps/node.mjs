import { createServer } from "node:http";
import { authenticateIncoming, createResourceServer } from "countersign/server";
import { options } from "./options.mjs";

const server = createResourceServer(options);
const listener = createServer(async (request, response) => {
    const auth = await authenticateIncoming(server, request, response);
    auth && response.end(`${auth.scheme} ${auth.claims.sub}`);
});
listener.listen(0, "127.0.0.1", () => console.log(`port ${listener.address().port}`));
