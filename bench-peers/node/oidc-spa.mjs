import { oidcSpa } from "oidc-spa/server";
import { serve } from "./lines.mjs";

await serve({
    name: "`oidc-spa/server`",
    package: "oidc-spa",
    replay: true,
    async start({ issuer, audience, jwks }) {
        // Serves the issuer's documents without a network.
        const documents = {
            [`${issuer}/.well-known/openid-configuration`]: JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }),
            [`${issuer}/jwks`]: jwks
        };
        globalThis.fetch = async url => new Response(documents[url], { status: url in documents ? 200 : 404 });
        const { bootstrapAuth, validateAndDecodeAccessToken } = oidcSpa.createUtils();
        await bootstrapAuth({ implementation: "real", issuerUri: issuer, expectedAudience: audience });
        return async ({ url, token, proof }) => {
            const result = await validateAndDecodeAccessToken({
                scheme: "DPoP",
                accessToken: token,
                dpopProof: proof,
                expectedHtu: url,
                expectedHtm: "GET"
            });
            return result.isSuccess;
        };
    }
});
