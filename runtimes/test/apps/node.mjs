import { createServer } from "node:http";
import { authenticateIncoming, createResourceServer } from "countersign/server";

const server = createResourceServer({
    publicUrl: "https://api.example.com",
    issuer: process.env.ISSUER,
    audience: "https://api.example.com",
    jwks: JSON.parse(process.env.JWKS)
});
const listener = createServer(async (request, response) => {
    const auth = await authenticateIncoming(server, request, response);
    auth && response.end(`${auth.scheme} ${auth.claims.sub}`);
});
listener.listen(0, "127.0.0.1", () => console.log(`port ${listener.address().port}`));
