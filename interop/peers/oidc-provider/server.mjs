/**
 * Runs oidc-provider as a program: `node server.mjs SETTINGS`, where SETTINGS is the JSON of
 * `Settings`. It sets only what an app with an API needs; everything else is the default, including
 * the development pages.
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
    // Tokens are bound without this setting. It forbids others.
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
        // By default access tokens are opaque, and only for userinfo.
        resourceIndicators: {
            enabled: true,
            defaultResource: (_, { clientId }) => (clientId === "spa-without-resource" ? undefined : audience),
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({ audience, scope: "", accessTokenFormat: "jwt" })
        },
        ...(hasNonces ? { dPoP: { nonceSecret: randomBytes(32), requireNonce: () => isStrict } } : {}),
        ...(isStrict ? { pushedAuthorizationRequests: { requirePushedAuthorizationRequests: true } } : {})
    },
    // By default refresh tokens need the scope `offline_access`, which needs `prompt=consent`.
    issueRefreshToken: (_, { grantTypes }) => grantTypes.includes("refresh_token"),
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, email: `${sub}@example.com` }) })
});
// Trusts a proxy that ends TLS: the metadata and the expected htu follow its X-Forwarded-Proto and
// -Host.
provider.proxy = true;
provider.on("server_error", (_, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
