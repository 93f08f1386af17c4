import { serve } from "./lines.mjs";

const directory = new URL("../../packages/countersign/", import.meta.url);
const { oidcSpa } = await import(new URL("dist/server.js", directory));

await serve({
    name: "`countersign/server`, called as `oidc-spa/server`",
    package: "countersign",
    directory,
    replay: true,
    cachesTokens: true,
    async start({ issuer, audience, jwks }) {
        const { bootstrapAuth, validateAndDecodeAccessToken } = oidcSpa.createUtils();
        await bootstrapAuth({ implementation: "real", issuerUri: issuer, expectedAudience: audience, options: { jwks: JSON.parse(jwks) } });
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
