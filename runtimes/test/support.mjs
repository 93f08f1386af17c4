// What the tests of this folder share: the built package, an issuer and a client, and calls over a socket.
import { once } from "node:events";
import http from "node:http";
import { AUDIENCE, makeClient, makeIssuer } from "../../packages/countersign/test/server/support/parties.mjs";
import { send } from "../../packages/countersign/test/server/support/socket.mjs";

export { AUDIENCE, makeClient, makeIssuer, send };
export const countersign = await import("../../packages/countersign/dist/server.js");

export const issuer = makeIssuer();
export const client = makeClient();
export const OPTIONS = { publicUrl: AUDIENCE, issuer: issuer.name, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, log: () => {} };
export const NONCE_KEY = Buffer.alloc(32, 9).toString("base64url");

/** Header lines with a token, and with a proof for this path. */
export const headersFor = (path, { method = "GET", token = issuer.token(client), claims } = {}) => [
    ["Authorization", `DPoP ${token}`],
    ["DPoP", client.proof(method, `${AUDIENCE}${path}`, token, claims)]
];

export const header = ({ headers }, name) => headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);

/** Listens, runs the test with the port, and closes. */
export const listening = async (handler, run) => {
    const server = http.createServer(handler);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
        return await run(server.address().port);
    } finally {
        server.closeAllConnections();
        server.close();
    }
};
