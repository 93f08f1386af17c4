/** What a thief gets from a stolen token and a stolen proof, away from the browser: refusals, each with its reason. */
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { hash } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** A request by node's own HTTP client: nothing of a browser, header for header as given. */
function send(url, { method = "GET", headers }) {
    return new Promise((resolve, reject) => {
        const request = http.request(url, { method, headers, agent: false }, response => {
            let text = "";
            response.setEncoding("utf8").on("data", chunk => (text += chunk));
            response.on("end", () =>
                resolve({
                    status: response.statusCode,
                    challenges: response.headers["www-authenticate"] ?? "",
                    text
                })
            );
        });
        request.on("error", reject);
        request.end();
    });
}

test("r4_v15_the_stolen_token_is_refused_in_each_way_to_use_it", async t => {
    const world = await World.create(t, { api: ["--journal"] });
    await world.start();
    const url = `${world.api.origin}/api/me`;
    assert.equal((await world.call({ url })).status, 200);
    const [stolen] = world.api.list();
    const { accessToken: token } = await world.tokens();
    const proof = stolen.header("DPoP");

    const thief = await generateKeyPair("ES256");
    const jwk = await exportJWK(thief.publicKey);
    const forge = claims =>
        new SignJWT({ jti: crypto.randomUUID(), htm: "GET", htu: url, ath: hash(token), ...claims })
            .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
            .setIssuedAt()
            .sign(thief.privateKey);
    const own = await forge({});
    assert.notEqual(await calculateJwkThumbprint(jwk), JSON.parse((await world.call({ url })).text).jkt);

    const dpop = { Authorization: `DPoP ${token}` };
    const stolenWithProof = { headers: { ...dpop, DPoP: proof } };
    /** By name: what is sent, the challenge's error, and the reason that only the API's own log tells. */
    const attempts = {
        "the token without a proof": [url, { headers: dpop }, "invalid_dpop_proof", "HeaderMissing"],
        "the token as Bearer": [
            url,
            { headers: { Authorization: `Bearer ${token}` } },
            "invalid_token",
            "TokenBoundAsBearer"
        ],
        "the token with its stolen proof": [url, stolenWithProof, "invalid_dpop_proof", "Replayed"],
        "the stolen proof for another path": [
            `${world.api.origin}/api/notes`,
            stolenWithProof,
            "invalid_dpop_proof",
            "HtuMismatch"
        ],
        "the stolen proof for another method": [
            url,
            { method: "DELETE", ...stolenWithProof },
            "invalid_dpop_proof",
            "HtmMismatch"
        ],
        "the token with a proof of the thief's own key": [
            url,
            { headers: { ...dpop, DPoP: own } },
            "invalid_dpop_proof",
            "KeyMismatch"
        ],
        "the stolen proof twice": [
            url,
            { headers: { ...dpop, DPoP: [proof, proof] } },
            "invalid_dpop_proof",
            "HeaderRepeated"
        ]
    };
    const journalUrl = `${world.api.origin}/journal`;
    for (const [name, [target, request, error, reason]] of Object.entries(attempts)) {
        await t.test(name, async () => {
            const { status, challenges } = await send(target, request);
            assert.equal(status, 401);
            assert.match(challenges, /^DPoP |, DPoP /);
            assert.match(challenges, new RegExp(`error="${error}"`));
            const entry = JSON.parse((await send(journalUrl, { headers: {} })).text).at(-1);
            assert.deepEqual([entry.outcome, entry.status, entry.reason], ["refused", 401, reason]);
            assert.ok(entry.detail.length > 10, "with a sentence for the person who reads the log");
        });
    }
    assert.equal((await world.call({ url })).status, 200, "the owner goes on");
});

test("t4_c2_stolen_code_and_refresh_token_are_useless_without_the_key", async t => {
    const world = await World.create(t);
    await world.start();
    const [redemption] = world.tokenRequests();
    const { refreshToken } = await world.tokens();
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: "main" });
    const url = world.metadata.token_endpoint;
    const thief = await generateKeyPair("ES256");
    const forged = await new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: url })
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: await exportJWK(thief.publicKey) })
        .setIssuedAt()
        .sign(thief.privateKey);
    for (const headers of [{}, { DPoP: forged }, { DPoP: redemption.header("DPoP") }]) {
        const response = await fetch(url, { method: "POST", body, headers });
        assert.equal(response.status, 400);
        assert.match((await response.json()).error, /^invalid_(dpop_proof|grant)$/);
    }
    await world.renew();
    assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200, "the owner goes on");
});
