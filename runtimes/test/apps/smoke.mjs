// An API that runs in any of the runtimes: its handler takes a `Request`. The environment names the
// issuer's keys.
import { createResourceServer } from "countersign/server";

let server;

export const handler = async (request, { issuer, jwks }) => {
    server ??= createResourceServer({
        publicUrl: "https://api.example.com",
        issuer,
        audience: "https://api.example.com",
        jwks: JSON.parse(jwks)
    });
    const decision = await server.authenticate(request);
    if (!decision.isAccepted) {
        return decision.response();
    }
    return new Response(`${decision.scheme} ${decision.claims.sub}`);
};
