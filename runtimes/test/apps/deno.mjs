import { handler } from "./smoke.mjs";

const env = { issuer: Deno.env.get("ISSUER"), jwks: Deno.env.get("JWKS") };
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(`port ${port}`) }, request => handler(request, env));
