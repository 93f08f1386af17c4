/** Requests to Keycloak from clients that hold their own keys, attackers included. */
import { randomBytes } from "node:crypto";
import { now, proofOf, sha256 } from "../../lib/hostile/proofs.mjs";
import { PASSWORDS } from "./home.mjs";

/** The credentials of the client in `realm.json`. */
const SERVICE = `Basic ${Buffer.from("service:service-secret").toString("base64")}`;

/**
 * Sends a request to the token endpoint.
 *
 * @param {{ endpoint: (name: string) => string }} keycloak
 * @param {Record<string, string>} form
 * @param {object} [options]
 * @param {import("../../lib/hostile/proofs.mjs").Key} [options.key] without: no proof
 * @param {string} [options.proof] instead of a new one by `key`
 * @param {number} [options.age] of the proof, in seconds
 * @param {string} [options.htu] by default the endpoint
 * @param {Record<string, string>} [options.headers]
 * @param {string} [options.url] where it is really sent; by default to the endpoint
 * @returns {Promise<{ status: number, body: any }>}
 */
export async function askForTokens(keycloak, form, { key, proof, age = 0, htu, headers = {}, url } = {}) {
    const endpoint = keycloak.endpoint("token");
    const claims = { htm: "POST", htu: htu ?? endpoint, iat: now() - age };
    const dpop = proof ?? (key === undefined ? undefined : await proofOf(key, { claims }));
    const response = await fetch(url ?? endpoint, {
        method: "POST",
        headers: { ...headers, ...(dpop === undefined ? {} : { DPoP: dpop }) },
        body: new URLSearchParams(form)
    });
    return { status: response.status, body: await response.json() };
}

/**
 * Asks for tokens as the confidential client of the realm.
 *
 * @param {Parameters<typeof askForTokens>[2]} [options]
 */
export function askAsService(keycloak, options = {}) {
    const headers = { Authorization: SERVICE, ...options.headers };
    return askForTokens(keycloak, { grant_type: "client_credentials" }, { ...options, headers });
}

/**
 * Logs a user in without a browser, at a client that binds the code to `jkt`.
 *
 * @returns {Promise<Record<string, string>>} the form that redeems the code
 */
export async function obtainCode(keycloak, { clientId, redirectUri, jkt, user = "alice" }) {
    const verifier = randomBytes(32).toString("base64url");
    const parameters = new URLSearchParams({
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: "openid",
        state: "a-state",
        code_challenge: sha256(verifier),
        code_challenge_method: "S256",
        ...(jkt === undefined ? {} : { dpop_jkt: jkt })
    });
    const page = await fetch(`${keycloak.endpoint("auth")}?${parameters}`);
    const html = await page.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1].replaceAll("&amp;", "&");
    const answer = await fetch(action, {
        method: "POST",
        redirect: "manual",
        headers: { Cookie: page.headers.getSetCookie().map(cookie => cookie.split(";")[0]).join("; ") },
        body: new URLSearchParams({ username: user, password: PASSWORDS[user] })
    });
    const code = new URL(answer.headers.get("Location") ?? "about:blank").searchParams.get("code");
    if (code === null) {
        throw new Error(`no code: ${answer.status} ${await answer.text()}`);
    }
    return {
        grant_type: "authorization_code",
        client_id: clientId,
        redirect_uri: redirectUri,
        code,
        code_verifier: verifier
    };
}

/**
 * Makes a call with an access token.
 *
 * @param {string} url
 * @param {{ scheme?: string, token: string, key?: import("../../lib/hostile/proofs.mjs").Key }} options
 * @returns {Promise<{ status: number, challenge: string, text: string }>}
 */
export async function callWith(url, { scheme = "DPoP", token, key }) {
    const headers = { Authorization: `${scheme} ${token}` };
    if (key !== undefined) {
        headers.DPoP = await proofOf(key, { token, claims: { htm: "GET", htu: url } });
    }
    const response = await fetch(url, { headers });
    return {
        status: response.status,
        challenge: response.headers.get("WWW-Authenticate") ?? "",
        text: await response.text()
    };
}
