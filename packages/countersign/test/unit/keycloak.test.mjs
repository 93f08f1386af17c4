// `countersign/keycloak`: the addresses of a Keycloak server, and what it is asked.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createKeycloakUtils, isKeycloak, NetworkError } from "../../dist/keycloak.js";

const issuerUri = "https://login.example.com/auth/realms/my%20realm";
const original = globalThis.fetch;
afterEach(() => {
    globalThis.fetch = original;
});

/** Answers each request, and returns them. */
function answer(status, body) {
    const requests = [];
    globalThis.fetch = async (url, init) => {
        requests.push([url, init.headers]);
        return new Response(JSON.stringify(body), { status });
    };
    return requests;
}

test("a Keycloak issuer is known by its form, whatever else is asked", () => {
    for (const is of [
        "https://login.example.com/realms/main",
        "https://login.example.com/realms/main/",
        "https://login.example.com:8443/a/b/realms/main",
        issuerUri
    ]) {
        assert.equal(isKeycloak({ issuerUri: is }), true, is);
    }
    for (const isNot of [
        "https://login.example.com",
        "https://login.example.com/realms/",
        "https://login.example.com/realms/main/account",
        "https://login.example.com/realms/a/realms/b",
        "https://login.example.com/realms/%zz",
        "login.example.com/realms/main",
        "",
        undefined
    ]) {
        assert.equal(isKeycloak({ issuerUri: isNot }), false, isNot);
    }
});

test("the parts of the issuer, and the consoles", () => {
    const utils = createKeycloakUtils({ issuerUri });
    assert.deepEqual(utils.issuerUriParsed, { origin: "https://login.example.com", realm: "my realm", kcHttpRelativePath: "/auth" });
    assert.equal(utils.adminConsoleUrl, "https://login.example.com/auth/admin/my%20realm/console");
    assert.equal(utils.adminConsoleUrl_master, "https://login.example.com/auth/admin/master/console");
    const atRoot = createKeycloakUtils({ issuerUri: "https://login.example.com/realms/main/" });
    assert.deepEqual(atRoot.issuerUriParsed, { origin: "https://login.example.com", realm: "main", kcHttpRelativePath: undefined });
    assert.equal(atRoot.adminConsoleUrl, "https://login.example.com/admin/main/console");
});

test("an issuer of another server is a sentence", () => {
    assert.throws(() => createKeycloakUtils({ issuerUri: "https://accounts.example.com" }), {
        name: "TypeError",
        message:
            'countersign: "https://accounts.example.com" is not the issuer of a Keycloak realm, like "https://login.example.com/realms/main"; ask isKeycloak() first if it may be another server\'s.'
    });
});

test("the account console leads back to a redirect URI as it is registered", () => {
    const { getAccountUrl } = createKeycloakUtils({ issuerUri });
    const of = (validRedirectUri, locale) => {
        const url = new URL(getAccountUrl({ clientId: "spa", validRedirectUri, locale }));
        assert.equal(url.origin + url.pathname, "https://login.example.com/auth/realms/my%20realm/account");
        return Object.fromEntries(url.searchParams);
    };
    assert.deepEqual(of("https://app.example.com/x"), { referrer: "spa", referrer_uri: "https://app.example.com/x/" });
    assert.deepEqual(of("https://app.example.com/x?y", "de"), {
        referrer: "spa",
        referrer_uri: "https://app.example.com/x?y",
        kc_locale: "de"
    });
});

test("profile and user info are asked for with the token, by the page's fetch", async () => {
    const { fetchUserProfile, fetchUserInfo } = createKeycloakUtils({ issuerUri });
    const requests = answer(200, { sub: "1", username: "alice" });
    const profile = await fetchUserProfile({ accessToken: "token" });
    assert.deepEqual([profile, await fetchUserInfo({ accessToken: "token" })], Array(2).fill({ sub: "1", username: "alice" }));
    const headers = { Accept: "application/json", Authorization: "Bearer token" };
    assert.deepEqual(requests, [
        ["https://login.example.com/auth/realms/my%20realm/account", headers],
        ["https://login.example.com/auth/realms/my%20realm/protocol/openid-connect/userinfo", headers]
    ]);
});

for (const [status, advice] of [
    [401, "the access token has expired, or this server does not take it"],
    [403, "the access token lacks the role or scope for it"],
    [500, "check the address and the server"]
]) {
    test(`an answer with ${status} is no profile`, async () => {
        const { fetchUserProfile } = createKeycloakUtils({ issuerUri });
        answer(status, { error: "HTTP Unauthorized" });
        const error = await fetchUserProfile({ accessToken: "token" }).catch(error => error);
        assert.ok(error instanceof NetworkError);
        assert.equal(error.response.status, status);
        assert.equal(
            error.message,
            `countersign: https://login.example.com/auth/realms/my%20realm/account answered with status ${status}; ${advice}.`
        );
    });
}

test("the registration page takes the place of the login page, with the same request", () => {
    const { transformUrlBeforeRedirectForRegister: transform } = createKeycloakUtils({ issuerUri });
    assert.equal(
        transform("https://login.example.com/auth/realms/a/protocol/openid-connect/auth?state=cs.1&x=/auth"),
        "https://login.example.com/auth/realms/a/protocol/openid-connect/registrations?state=cs.1&x=/auth"
    );
});
