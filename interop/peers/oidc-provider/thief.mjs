/**
 * A client without a library that makes proofs with any key, as an attacker with stolen codes and
 * tokens would.
 */
import { createHash, randomBytes } from "node:crypto";
import { proofOf } from "../../lib/hostile/proofs.mjs";
import { Visitor } from "../../lib/visitor.mjs";
import { logInByForms } from "./provider.mjs";

/**
 * Sends a form with a proof by `key`. If a nonce is required, sends another proof with it.
 *
 * @param {{ htu?: string, headers?: Record<string, string> }} [more]
 * @returns {Promise<object>}
 */
async function post(url, form, key, { htu = url, headers = {} } = {}) {
    let nonce;
    for (;;) {
        const proof = key === undefined ? {} : { DPoP: await proofOf(key, { claims: { htm: "POST", htu, nonce } }) };
        const response = await fetch(url, {
            method: "POST",
            headers: { ...headers, ...proof },
            body: new URLSearchParams(form)
        });
        const json = await response.json();
        if (json.error !== "use_dpop_nonce" || nonce !== undefined) {
            return json;
        }
        nonce = response.headers.get("DPoP-Nonce");
    }
}

export class Thief {
    #metadata;
    #redirectUri;
    #verifier = randomBytes(32).toString("base64url");

    constructor({ metadata, app }) {
        this.#metadata = metadata;
        this.#redirectUri = `${app.origin}/`;
    }

    /** Pushes a request with this `dpop_jkt` and a proof by `key`, and returns the response. */
    push(dpop_jkt, key, more) {
        return post(this.#metadata.pushed_authorization_request_endpoint, this.#request({ dpop_jkt }), key, more);
    }

    /**
     * Logs in and returns a code that is bound to `dpop_jkt`. Pushes the request if that is
     * required.
     */
    async code(dpop_jkt) {
        let query = this.#request({ dpop_jkt });
        if (this.#metadata.require_pushed_authorization_requests) {
            const { request_uri } = await this.push(dpop_jkt);
            query = { client_id: "spa", request_uri };
        }
        const login = await new Visitor().get(`${this.#metadata.authorization_endpoint}?${new URLSearchParams(query)}`);
        return new URL((await logInByForms(login)).url).searchParams.get("code");
    }

    redeem(code, key) {
        const form = { grant_type: "authorization_code", code, redirect_uri: this.#redirectUri, code_verifier: this.#verifier };
        return this.#token(form, key);
    }

    refresh(refresh_token, key) {
        return this.#token({ grant_type: "refresh_token", refresh_token }, key);
    }

    #token(form, key) {
        return post(this.#metadata.token_endpoint, { client_id: "spa", ...form }, key);
    }

    #request(more) {
        return {
            client_id: "spa",
            response_type: "code",
            scope: "openid",
            redirect_uri: this.#redirectUri,
            code_challenge: createHash("sha256").update(this.#verifier).digest("base64url"),
            code_challenge_method: "S256",
            ...more
        };
    }
}
