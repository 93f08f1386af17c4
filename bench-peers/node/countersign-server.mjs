import { serve } from "./lines.mjs";

const directory = new URL("../../packages/countersign/", import.meta.url);
const { createResourceServer } = await import(new URL("dist/server.js", directory));

await serve({
    name: "`countersign/server`",
    package: "countersign",
    directory,
    replay: true,
    cachesTokens: true,
    async start({ issuer, audience, jwks }) {
        const server = createResourceServer({ issuer, audience, jwks: JSON.parse(jwks) });
        return async ({ url, token, proof }) => {
            const request = { method: "GET", uri: url, authorization: [`DPoP ${token}`], dpop: [proof] };
            return (await server.decide(request)).isAccepted;
        };
    }
});
