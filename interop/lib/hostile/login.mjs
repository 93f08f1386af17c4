/**
 * Logs in at our development server, as a client without a browser that holds its own keys. It can
 * make proofs for the token that no honest client would make.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { proofOf } from "./proofs.mjs";

/**
 * @param {{ issuer: string, clientId: string, redirectUri: string, key?: import("./proofs.mjs").Key }} options without
 * a key, the token is bound to none
 * @returns {Promise<string>} the access token
 */
export async function accessToken({ issuer, clientId, redirectUri, key }) {
    const verifier = randomBytes(32).toString("base64url");
    const { code } = await authorize(issuer, {
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: "openid",
        state: "a-state",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256"
    });
    const url = `${issuer}/token`;
    const response = await fetch(url, {
        method: "POST",
        headers: key === undefined ? {} : { DPoP: await proofOf(key, { claims: { htm: "POST", htu: url } }) },
        body: new URLSearchParams({
            grant_type: "authorization_code",
            client_id: clientId,
            redirect_uri: redirectUri,
            code,
            code_verifier: verifier
        })
    });
    const { access_token, token_type, ...rest } = await response.json();
    assert.equal(token_type, key === undefined ? "Bearer" : "DPoP", JSON.stringify(rest));
    return access_token;
}

/** Does the user's and the browser's part: the login page, its form, the redirect. */
async function authorize(issuer, parameters) {
    const page = await fetch(`${issuer}/authorize?${new URLSearchParams(parameters)}`);
    const cookies = page.headers.getSetCookie().map(cookie => cookie.split(";")[0]);
    const html = await page.text();
    const hidden = name => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1].replaceAll("&amp;", "&");
    const answer = await fetch(`${issuer}/login`, {
        method: "POST",
        redirect: "manual",
        headers: { Cookie: cookies.join("; ") },
        body: new URLSearchParams({ request: hidden("request"), csrf: hidden("csrf"), user: "alice" })
    });
    assert.equal(answer.status, 303, html);
    return Object.fromEntries(new URL(answer.headers.get("Location")).searchParams);
}
