/**
 * Logs in with oidc-client-ts, which makes the key, keeps it in IndexedDB across the redirect, binds
 * the code to it and sends the proofs of token requests. The calls get theirs from `dpop`, which has
 * the same key.
 */
import { createDPoP } from "countersign/proofs";
import { IndexedDbDPoPStore, UserManager } from "oidc-client-ts";
import { clientId, issuer, redirectUri, type Session } from "./settings";

const store = new IndexedDbDPoPStore();
const manager = new UserManager({
    authority: issuer,
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: "openid profile",
    dpop: { bind_authorization_code: true, store }
});

/** Leaves the page. */
export async function leave(): Promise<void> {
    await manager.signinRedirect();
}

/** Completes the login on the page that the server has returned to. */
export async function complete(): Promise<Session> {
    const user = await manager.signinRedirectCallback();
    const { keys } = await store.get(clientId);
    return { accessToken: user.access_token, dpop: await createDPoP({ keyPair: keys }) };
}
