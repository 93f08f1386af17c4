/**
 * Our development server in the shape of two hosted providers that cannot be started here: it shows
 * what a client has to be configured with for them, and what it has to answer.
 *
 * Auth0: an issuer that ends in a slash, an `audience` parameter, nonces required of public clients
 * ("Demonstrating Proof-of-Possession (DPoP)"), and a sample discovery document that does not list
 * DPoP ("Configure Applications with OIDC Discovery"), so the app has to state it. Okta: an issuer
 * with a path, nonces required ("Configure OAuth 2.0 Demonstrating Proof-of-Possession").
 */
import assert from "node:assert/strict";
import { tamperJson } from "../../packages/countersign/test/browser/harness/wire.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, protectedApi, spa } from "../lib/spa.mjs";

const AUDIENCE = "https://notes.example.com";

export default definePeer({
    name: "auth0-okta-like",
    title: () => "Development server, in the shape of Auth0 and Okta",
    needs: [],
    ours: ["single-page app", "resource server", "development server"],
    async start(run) {
        return {
            auth0: await provider(run, "/", {
                tamper: tamperJson("/.well-known/openid-configuration", metadata => {
                    delete metadata.dpop_signing_alg_values_supported;
                }),
                params: {
                    extraQueryParams: { audience: AUDIENCE },
                    __metadata: { dpop_signing_alg_values_supported: ["ES256"] }
                }
            }),
            okta: await provider(run, "/oauth2/default")
        };
    },
    scenarios: {
        ...boundScenarios(fixture => fixture.auth0, " (as Auth0)"),
        "SPA: the API is named in `audience` (as Auth0)": async ({ auth0 }) => {
            const requests = auth0.authorizationRequests().filter(({ target }) => target.includes("client_id="));
            assert.ok(requests.length > 0);
            for (const request of requests) {
                assert.equal(request.query().audience, AUDIENCE, "also in the iframe that restores the session");
            }
        },
        "SPA: without `__metadata` DPoP would not be known (as Auth0)": async ({ auth0 }) => {
            const params = { issuerUri: `${auth0.wire.origin}/`, clientId: "not told" };
            const outcome = await auth0.page.evaluate(params => window.harness.create(params), params);
            assert.equal(outcome.rejected?.code, "dpop_unsupported", JSON.stringify(outcome));
        },
        ...boundScenarios(fixture => fixture.okta, " (as Okta)")
    }
});

/**
 * @param {string} path of the issuer
 * @param {object} [options]
 * @param {import("../../packages/countersign/test/browser/harness/wire.mjs").Tamper} [options.tamper]
 * @param {object} [options.params] more of `createOidc`
 */
async function provider(run, path, { tamper, params } = {}) {
    const app = await run.app({ variant: { mode: "enforced" } });
    const wire = await run.wire();
    const issuer = wire.origin + path;
    const idp = await run.idp([
        ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--audience", AUDIENCE, "--dpop", "nonce"]
    ]);
    wire.upstream = idp.port;
    wire.tamper = tamper;
    const api = await protectedApi(run, { issuer, audience: AUDIENCE, origins: [app.origin] });
    return spa(run, {
        ...{ app, wire, issuer, clientId: "spa", params, api },
        scopes: ["profile", "email", "offline_access"],
        logInAt: page => page.getByRole("button", { name: /alice/i }).click(),
        // The nonce challenges of the token endpoint.
        expectedErrors: [/status of 400/]
    });
}
