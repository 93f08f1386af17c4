/**
 * oidc-provider as a program: `node server.mjs SETTINGS`, SETTINGS being the JSON of `Settings`.
 * What is set here is what an app with an API needs of it; all else is its default, its development pages included.
 */
import { randomBytes } from "node:crypto";
import Provider from "oidc-provider";

/**
 * @typedef {object} Settings
 * @property {string} issuer as clients know it
 * @property {number} port to listen on, on 127.0.0.1
 * @property {string} app the app's origin
 * @property {string} audience of the access tokens
 * @property {boolean} hasNonces it gives out nonces
 * @property {boolean} isStrict nonces, pushed requests and bound tokens are required
 */

/** @type {Settings} */
const { issuer, port, app, audience, hasNonces, isStrict } = JSON.parse(process.argv[2]);

const client = {
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    // Tokens are bound without it. It forbids others.
    ...(isStrict ? { dpop_bound_access_tokens: true } : {})
};
const page = { ...client, redirect_uris: [`${app}/`], post_logout_redirect_uris: [`${app}/`] };

const provider = new Provider(issuer, {
    clients: [
        { ...page, client_id: "spa" },
        { ...page, client_id: "spa-without-resource" },
        { ...page, client_id: "spa-that-pushes", require_pushed_authorization_requests: true },
        { ...client, client_id: "native", application_type: "native", redirect_uris: ["http://127.0.0.1/"] }
    ],
    // By default no page may call it.
    clientBasedCORS: (_, origin) => origin === app,
    features: {
        // By default access tokens are opaque, and for userinfo only.
        resourceIndicators: {
            enabled: true,
            defaultResource: (_, { clientId }) => (clientId === "spa-without-resource" ? undefined : audience),
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({ audience, scope: "", accessTokenFormat: "jwt" })
        },
        ...(hasNonces ? { dPoP: { nonceSecret: randomBytes(32), requireNonce: () => isStrict } } : {}),
        ...(isStrict ? { pushedAuthorizationRequests: { requirePushedAuthorizationRequests: true } } : {})
    },
    // By default only with the scope `offline_access`, which needs `prompt=consent`.
    issueRefreshToken: (_, { grantTypes }) => grantTypes.includes("refresh_token"),
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, email: `${sub}@example.com` }) })
});
// Behind a proxy that ends TLS: its X-Forwarded-Proto and -Host are in what the metadata and a proof's htu have to name.
provider.proxy = true;
provider.on("server_error", (_, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
