/** Logs in with oauth4webapi, whose requests go through `dpop.fetch`: it adds the proofs. */
import { createDPoP } from "countersign/proofs";
import * as oauth from "oauth4webapi";
import { clientId, issuer, redirectUri, type Session } from "./settings";

const LOGIN = "login";
const client: oauth.Client = { client_id: clientId };

async function discover(): Promise<oauth.AuthorizationServer> {
    const url = new URL(issuer);
    // The development server has no TLS.
    const response = await oauth.discoveryRequest(url, { [oauth.allowInsecureRequests]: true });
    return oauth.processDiscoveryResponse(url, response);
}

/** Leaves the page. */
export async function leave(): Promise<void> {
    const server = await discover();
    const login = { state: oauth.generateRandomState(), verifier: oauth.generateRandomCodeVerifier() };
    sessionStorage.setItem(LOGIN, JSON.stringify(login));
    const url = new URL(server.authorization_endpoint!);
    url.search = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: "openid profile",
        state: login.state,
        code_challenge: await oauth.calculatePKCECodeChallenge(login.verifier),
        code_challenge_method: "S256"
    }).toString();
    location.assign(url);
}

/** Completes the login on the page that the server has returned to. */
export async function complete(): Promise<Session> {
    const { state, verifier } = JSON.parse(sessionStorage.getItem(LOGIN)!) as { state: string; verifier: string };
    const server = await discover();
    const dpop = await createDPoP({ tokenEndpoint: server.token_endpoint! });
    const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), state);
    const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, redirectUri, verifier, {
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: dpop.fetch
    });
    const { access_token } = await oauth.processAuthorizationCodeResponse(server, client, response);
    return { accessToken: access_token, dpop };
}
