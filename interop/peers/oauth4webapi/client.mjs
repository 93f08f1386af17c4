/**
 * oauth4webapi as a public client of a provider on localhost: its own functions in the order of its
 * documentation, with one key pair and one DPoP handle.
 */
import * as oauth from "oauth4webapi";

/** By default it refuses http. */
const insecure = { [oauth.allowInsecureRequests]: true };

export class Client {
    /** How many requests were sent again with a nonce. */
    retries = 0;

    /** @param {{ issuer: string, clientId: string, redirectUri: string }} registration */
    static async discover({ issuer, clientId, redirectUri }) {
        const client = new Client();
        client.redirectUri = redirectUri;
        const url = new URL(issuer);
        client.as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
        client.client = { client_id: clientId };
        const keys = await oauth.generateKeyPair("ES256");
        client.dpop = oauth.DPoP(client.client, keys);
        return client;
    }

    /**
     * Logs in: from the authorization request to the tokens.
     *
     * @param {(url: URL) => Promise<URL>} logInAt the user's part: follows the request, returns where the response went
     * @param {{ par?: boolean, redeemedWith?: oauth.DPoPHandle }} [options] `redeemedWith`: another handle than its own
     */
    async logIn(logInAt, { par = false, redeemedWith = this.dpop } = {}) {
        const { as, client } = this;
        const verifier = oauth.generateRandomCodeVerifier();
        const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
        const parameters = {
            response_type: "code",
            redirect_uri: this.redirectUri,
            scope: "openid profile email",
            code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
            code_challenge_method: "S256",
            state,
            nonce
        };
        const url = new URL(as.authorization_endpoint);
        url.searchParams.set("client_id", client.client_id);
        if (par) {
            // The handle's proof on the pushed request binds the code (RFC 9449, 10.1).
            const { request_uri } = await this.#answeringNonces(async () =>
                oauth.processPushedAuthorizationResponse(
                    as,
                    client,
                    await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, {
                        ...insecure,
                        DPoP: this.dpop
                    })
                )
            );
            url.searchParams.set("request_uri", request_uri);
        } else {
            const all = { ...parameters, dpop_jkt: await this.dpop.calculateThumbprint() };
            for (const [name, value] of Object.entries(all)) {
                url.searchParams.set(name, value);
            }
        }
        const callback = oauth.validateAuthResponse(as, client, await logInAt(url), state);
        const options = { ...insecure, DPoP: redeemedWith };
        return this.#answeringNonces(async () => {
            const response = await oauth.authorizationCodeGrantRequest(
                as,
                client,
                oauth.None(),
                callback,
                this.redirectUri,
                verifier,
                options
            );
            const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
                expectedNonce: nonce,
                requireIdToken: true
            });
            await oauth.validateApplicationLevelSignature(as, response, insecure);
            return tokens;
        });
    }

    /** @param {string} refreshToken @param {oauth.DPoPHandle} [dpop] */
    refresh(refreshToken, dpop = this.dpop) {
        const { as, client } = this;
        const options = { ...insecure, DPoP: dpop };
        return this.#answeringNonces(async () =>
            oauth.processRefreshTokenResponse(
                as,
                client,
                await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refreshToken, options)
            )
        );
    }

    /**
     * @param {string} token @param {string} method @param {string} url
     * @param {{ json?: unknown, dpop?: oauth.DPoPHandle }} [options] `dpop`: another handle than its own
     */
    call(token, method, url, { json, dpop = this.dpop } = {}) {
        const headers = new Headers(json === undefined ? {} : { "Content-Type": "application/json" });
        const body = json === undefined ? null : JSON.stringify(json);
        const options = { ...insecure, DPoP: dpop };
        return this.#answeringNonces(() =>
            oauth.protectedResourceRequest(token, method, new URL(url), headers, body, options)
        );
    }

    /** @param {string} token @param {string} subject */
    userInfo(token, subject) {
        const { as, client } = this;
        return this.#answeringNonces(async () =>
            oauth.processUserInfoResponse(
                as,
                client,
                subject,
                await oauth.userInfoRequest(as, client, token, { ...insecure, DPoP: this.dpop })
            )
        );
    }

    /**
     * Returns the address as OpenID Connect RP-Initiated Logout 1.0 says: oauth4webapi has no
     * function for it.
     */
    endSessionUrl(idToken) {
        const url = new URL(this.as.end_session_endpoint);
        url.searchParams.set("id_token_hint", idToken);
        url.searchParams.set("post_logout_redirect_uri", this.redirectUri);
        return url;
    }

    /** Sends again if `isDPoPNonceError` says so: by then the handle has stored the nonce. */
    async #answeringNonces(send) {
        try {
            return await send();
        } catch (error) {
            if (!oauth.isDPoPNonceError(error)) {
                throw error;
            }
            this.retries += 1;
            return send();
        }
    }
}
