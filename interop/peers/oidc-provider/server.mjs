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
 * @property {boolean} isStrict nonces, pushed requests and bound tokens are required
 */

/** @type {Settings} */
const { issuer, port, app, audience, isStrict } = JSON.parse(process.argv[2]);

const client = {
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    // As any client: binding needs no setting, this only forbids tokens that are not bound.
    ...(isStrict ? { dpop_bound_access_tokens: true } : {})
};

const provider = new Provider(issuer, {
    clients: [
        { ...client, client_id: "spa", redirect_uris: [`${app}/`], post_logout_redirect_uris: [`${app}/`] },
        { ...client, client_id: "native", application_type: "native", redirect_uris: ["http://127.0.0.1/"] }
    ],
    // By default no page may call it.
    clientBasedCORS: (_, origin) => origin === app,
    // By default access tokens are opaque, and for userinfo only.
    features: {
        resourceIndicators: {
            enabled: true,
            defaultResource: () => audience,
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
                audience,
                scope: "",
                accessTokenFormat: "jwt",
                jwt: { sign: { alg: "RS256" } }
            })
        },
        ...(isStrict
            ? {
                  dPoP: { nonceSecret: randomBytes(32), requireNonce: () => true },
                  pushedAuthorizationRequests: { requirePushedAuthorizationRequests: true }
              }
            : {})
    },
    // By default only with the scope `offline_access`, which needs `prompt=consent`.
    issueRefreshToken: (_, { grantTypes }) => grantTypes.includes("refresh_token"),
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, email: `${sub}@example.com` }) })
});
provider.on("server_error", (_, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
