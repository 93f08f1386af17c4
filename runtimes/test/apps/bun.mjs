import { handler } from "./smoke.mjs";

const env = { issuer: process.env.ISSUER, jwks: process.env.JWKS };
const { port } = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: request => handler(request, env) });
console.log(`port ${port}`);
