/** Mix-up: an issuer sends the user on to another one of the app's, whose code would then be its (RFC 9700, 4.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";
import { tamperJson } from "./harness/wire.mjs";

/** The world's issuer knows nothing of RFC 9207 and sends to `honest`, which answers with a code of its own. */
async function createWorld(t, { isKnown, iss }) {
    const world = await World.create(t, { apis: 2, expectedErrors: [/status of 400/] });
    const honest = world.apis[1];
    world.issuer.tamper = (response, exchange) => {
        tamperJson("/.well-known/openid-configuration", body => {
            body.authorization_response_iss_parameter_supported = false;
        })(response, exchange);
        const query = exchange.query();
        if (exchange.path === world.authorizationPath && query.prompt !== "none") {
            response.status = 302;
            response.headers = [["Location", `${honest.origin}/login?state=${query.state}`]];
        }
    };
    honest.tamper = (response, exchange) => {
        const answer = new URLSearchParams({ code: "stolen", state: exchange.query().state, ...(iss && { iss: world.issuer.origin }) });
        response.status = 200;
        response.headers = [["Content-Type", "text/html"]];
        response.body = Buffer.from(`<script>location.href = "${world.app.origin}/?${answer}"</script>`);
    };
    if (isKnown) {
        const { origin } = honest;
        world.app.config.clients.honest = {
            issuerUri: origin,
            clientId: "honest",
            sessionRestorationMethod: "full page redirect",
            __metadata: {
                issuer: origin,
                authorization_endpoint: `${origin}/authorize`,
                token_endpoint: `${origin}/token`,
                dpop_signing_alg_values_supported: ["ES256"]
            }
        };
    }
    await world.open();
    const outcomes = await world.leave(() => void window.harness.login());
    return { world, honest, main: outcomes.main };
}

test("a code that another issuer of the app answered with is not sent to the one that was asked", async t => {
    const { world, honest, main } = await createWorld(t, { isKnown: true });
    assert.equal(main.initializationError?.code, "response_issuer_mismatch", JSON.stringify(main));
    assert.ok(main.initializationError.message.includes(`should come from "${world.issuer.origin}"`), main.initializationError.message);
    assert.ok(main.initializationError.message.includes(`its iss is "http localhost ${new URL(honest.origin).port}"`));
    assert.deepEqual(world.tokenRequests(), []);
});

for (const [name, options] of [
    ["a server that is no issuer of the app's, like one that the issuer lets users log in at,", { isKnown: false }],
    ["a response that names its issuer", { isKnown: true, iss: true }]
]) {
    test(`${name} is not refused for where it came from`, async t => {
        const { world, main } = await createWorld(t, options);
        // Its code is none of the issuer's.
        assert.equal(main.initializationError?.code, "token_refused", JSON.stringify(main));
        assert.equal(world.tokenRequests().length, 1);
    });
}
