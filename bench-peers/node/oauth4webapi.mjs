import * as oauth from "oauth4webapi";
import { serve } from "./lines.mjs";

await serve({
    name: "`oauth4webapi`",
    package: "oauth4webapi",
    replay: false,
    prepare: ({ url, token, proof }) =>
        new Request(url, { headers: { Authorization: `DPoP ${token}`, DPoP: proof } }),
    async start({ issuer, audience, jwks }) {
        const server = { issuer, jwks_uri: `${issuer}/jwks` };
        const cache = { jwks: JSON.parse(jwks), uat: Math.floor(Date.now() / 1000) };
        return request =>
            oauth
                .validateJwtAccessToken(server, request, audience, {
                    requireDPoP: true,
                    [oauth.jwksCache]: cache
                })
                .then(
                    () => true,
                    () => false
                );
    }
});
