import { handler } from "./smoke.mjs";

export default { fetch: (request, env) => handler(request, { issuer: env.ISSUER, jwks: env.JWKS }) };
