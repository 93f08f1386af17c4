/** A client without a library, whose proofs are of whichever key it likes: what a thief of codes and tokens would send. */
import { createHash, randomBytes } from "node:crypto";
import { proofOf } from "../../lib/hostile/proofs.mjs";
import { Visitor } from "../../lib/visitor.mjs";
import { logInByForms } from "./provider.mjs";

/**
 * Sends a form with a proof of `key`; a nonce that is asked for comes with the next one.
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

    /** The answer to a pushed request with this `dpop_jkt` and a proof of `key`. */
    push(dpop_jkt, key, more) {
        return post(this.#metadata.pushed_authorization_request_endpoint, this.#request({ dpop_jkt }), key, more);
    }

    /** The code of a login, bound to `dpop_jkt`; pushed where that is required. */
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
