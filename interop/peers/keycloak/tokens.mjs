/**
 * Scenarios with Keycloak's tokens at our API, and in the hands of an attacker. The page `auto` is
 * logged in.
 */
import assert from "node:assert/strict";
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from "jose";
import { generateKey, proofOf } from "../../lib/hostile/proofs.mjs";
import { checkCall } from "../../lib/spa.mjs";
import { askAsService, askForTokens, callWith, obtainCode } from "./requests.mjs";

/** @type {import("../../lib/peer.mjs").Peer<any>["scenarios"]} */
export const tokenScenarios = {
    "our API reads the claims of its tokens": async ({ auto, api, otherApi }, note) => {
        const { accessToken, idToken } = await auto.tokens();
        const claims = decodeJwt(accessToken);
        const header = decodeProtectedHeader(accessToken);
        assert.deepEqual({ typ: header.typ, alg: header.alg }, { typ: "JWT", alg: "RS256" });
        assert.equal(claims.typ, "DPoP");
        assert.deepEqual(Object.keys(claims.cnf).sort(), ["jkt", "kc-jkt-type"]);
        const { text } = await auto.call({ url: `${api.origin}/api/me` });
        assert.deepEqual(JSON.parse(text), {
            sub: decodeJwt(idToken).sub,
            scheme: "DPoP",
            jkt: claims.cnf.jkt,
            clientId: claims.azp,
            scope: claims.scope
        });
        note('header `typ` is "JWT", not "at+jwt"; the claim `typ` is "DPoP"; `cnf` holds `kc-jkt-type` in addition to `jkt`');
        const key = await generateKey();
        const { body } = await askAsService({ endpoint: name => auto.metadata[`${name}_endpoint`] }, { key });
        const other = await callWith(`${otherApi.origin}/api/me`, { token: body.access_token, key });
        assert.equal(other.status, 401, "an API that is not in `aud`");
        assert.match(other.challenge, /error="invalid_token"/);
    },
    "the confidential client: its token is bound to the proof's key": async ({ keycloak, api }) => {
        const key = await generateKey();
        const { status, body } = await askAsService(keycloak, { key });
        assert.equal(status, 200, JSON.stringify(body));
        assert.equal(body.token_type, "DPoP");
        const token = body.access_token;
        assert.equal(decodeJwt(token).cnf.jkt, await calculateJwkThumbprint(key.publicJwk));
        const url = `${api.origin}/api/me`;
        const { status: called, text } = await callWith(url, { token, key });
        assert.equal(called, 200, text);
        assert.equal(JSON.parse(text).clientId, "service");
        assert.equal((await callWith(url, { token, key: await generateKey() })).status, 401);
        // Without a proof it gets an ordinary token, which an API that requires DPoP refuses.
        const bearer = await askAsService(keycloak);
        assert.equal(bearer.body.token_type, "Bearer");
        assert.equal((await callWith(url, { scheme: "Bearer", token: bearer.body.access_token })).status, 401);
    },
    "a client that requires DPoP gets no token without a proof; the others get Bearer": async ({ keycloak, autoApp }, note) => {
        const redirectUri = `${autoApp.origin}/`;
        const required = await obtainCode(keycloak, { clientId: "spa-dpop-required", redirectUri });
        assert.deepEqual(await askForTokens(keycloak, required), {
            status: 400,
            body: { error: "invalid_request", error_description: "DPoP proof is missing" }
        });
        const free = await obtainCode(keycloak, { clientId: "spa", redirectUri });
        const { body } = await askForTokens(keycloak, free);
        assert.equal(body.token_type, "Bearer");
        assert.equal(decodeJwt(body.access_token).cnf, undefined);
        note("no setting is needed for bound tokens: the proof is enough");
    },
    "a stolen code is worth nothing without its key": async ({ keycloak, autoApp }) => {
        const redirectUri = `${autoApp.origin}/`;
        const [key, thief] = [await generateKey(), await generateKey()];
        const jkt = await calculateJwkThumbprint(key.publicJwk);
        for (const presented of [thief, undefined]) {
            const code = await obtainCode(keycloak, { clientId: "spa", redirectUri, jkt });
            const { status, body } = await askForTokens(keycloak, code, { key: presented });
            assert.equal(status, 400, JSON.stringify(body));
            assert.equal(body.access_token, undefined);
        }
        const code = await obtainCode(keycloak, { clientId: "spa", redirectUri, jkt });
        assert.equal((await askForTokens(keycloak, code, { key })).status, 200);
    },
    "a stolen access token is refused at our API and at userinfo": async ({ auto, api, keycloak }, note) => {
        const { accessToken: token } = await auto.tokens();
        const thief = await generateKey();
        for (const url of [`${api.origin}/api/me`, keycloak.endpoint("userinfo")]) {
            for (const attempt of [{ scheme: "Bearer" }, { scheme: "Bearer", key: thief }, {}, { key: thief }]) {
                const { status, challenge } = await callWith(url, { token, ...attempt });
                assert.equal(status, 401, `${url} ${Object.keys(attempt)}`);
                assert.match(challenge, /error="invalid_(token|dpop_proof)"/);
            }
        }
        note("userinfo answers every refused proof with `invalid_token`");
    },
    "a stolen refresh token is refused without its key, and stays good with it": async ({ auto, keycloak }) => {
        const { refreshToken } = await auto.tokens();
        const form = { grant_type: "refresh_token", client_id: "spa", refresh_token: refreshToken };
        for (const key of [await generateKey(), undefined]) {
            const { status, body } = await askForTokens(keycloak, form, { key });
            assert.equal(status, 400);
            assert.equal(body.error, "invalid_grant", JSON.stringify(body));
        }
        await auto.renew();
        await checkCall(auto, { url: `${auto.api.origin}/api/me` }, 200);
    },
    "after logout the refresh token is over, with its key, too": async ({ keycloak, autoApp }) => {
        const key = await generateKey();
        const code = await obtainCode(keycloak, { clientId: "spa", redirectUri: `${autoApp.origin}/` });
        const { body } = await askForTokens(keycloak, code, { key });
        const form = { client_id: "spa", refresh_token: body.refresh_token };
        const refresh = { grant_type: "refresh_token", ...form };
        assert.equal((await askForTokens(keycloak, refresh, { key })).status, 200);
        const end = new URLSearchParams({ client_id: "spa", id_token_hint: body.id_token });
        assert.equal((await fetch(`${keycloak.endpoint("logout")}?${end}`)).status, 200);
        assert.equal((await askForTokens(keycloak, refresh, { key })).body.error, "invalid_grant");
    },
    "a new key of the realm: our API takes its tokens without a restart": async ({ auto, api, keycloak }) => {
        const before = await auto.tokens();
        const old = decodeProtectedHeader(before.accessToken).kid;
        const mark = keycloak.wire.mark();
        await keycloak.administer("POST", "components", {
            name: "rotated",
            providerId: "rsa-generated",
            providerType: "org.keycloak.keys.KeyProvider",
            config: { priority: ["1000"], enabled: ["true"], active: ["true"], algorithm: ["RS256"] }
        });
        await auto.renew();
        const { accessToken } = await auto.tokens();
        assert.notEqual(decodeProtectedHeader(accessToken).kid, old);
        await checkCall(auto, { url: `${api.origin}/api/me` }, 200, accessToken);
        await checkCall(auto, { url: `${api.origin}/api/me` }, 200, accessToken);
        assert.equal(keycloak.wire.list({ path: auto.jwksPath, since: mark }).length, 1, "the keys were fetched once");
    },
    "tokens signed with its other algorithms are read": async ({ auto, keycloak }) => {
        for (const alg of ["ES256", "PS256", "EdDSA", "RS256"]) {
            await keycloak.administer("PUT", "", { realm: "countersign", defaultSignatureAlgorithm: alg });
            await auto.renew();
            const { accessToken } = await auto.tokens();
            assert.equal(decodeProtectedHeader(accessToken).alg, alg);
            await checkCall(auto, { url: `${auto.api.origin}/api/me` }, 200, accessToken);
        }
    },
    "behind a reverse proxy, proofs are held against what the proxy tells, not against --hostname": async (
        { keycloak },
        note
    ) => {
        // Requests as a proxy sends them that changes `Host`.
        const url = `http://127.0.0.1:${keycloak.port}${new URL(keycloak.endpoint("token")).pathname}`;
        const key = await generateKey();
        const untold = await askAsService(keycloak, { key, url });
        assert.deepEqual(untold, {
            status: 400,
            body: { error: "invalid_request", error_description: "DPoP HTTP URL mismatch" }
        });
        const { protocol, host, port } = new URL(keycloak.issuer);
        const headers = {
            "X-Forwarded-Proto": protocol.replace(":", ""),
            "X-Forwarded-Host": host,
            "X-Forwarded-Port": port
        };
        const { status, body } = await askAsService(keycloak, { key, url, headers });
        assert.equal(status, 200, JSON.stringify(body));
        assert.equal(decodeJwt(body.access_token).iss, keycloak.issuer);
        note(
            "`htu` has to be the address of the request as it reaches Keycloak, even where `--hostname` and its own " +
                'metadata say another; otherwise "DPoP HTTP URL mismatch"'
        );
    },
    "a proof is good once, and for half a minute": async ({ keycloak }, note) => {
        const key = await generateKey();
        const proof = await proofOf(key, { claims: { htm: "POST", htu: keycloak.endpoint("token") } });
        assert.equal((await askAsService(keycloak, { proof })).status, 200);
        const again = await askAsService(keycloak, { proof });
        assert.deepEqual(again.body, { error: "invalid_request", error_description: "DPoP proof has already been used" });
        for (const [age, status] of [[-40, 400], [-10, 200], [20, 200], [40, 400]]) {
            assert.equal((await askAsService(keycloak, { key, age })).status, status, `${age} s old`);
        }
        note("proofs are accepted up to 25 s after and 15 s before their time; no setting changes that");
    }
};
