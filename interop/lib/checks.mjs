/** Checks of recorded requests that scenarios of all clients share. */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";

/**
 * Returns the one token request that was answered with tokens. The others may have been challenged
 * for a nonce, which is noted; anything else is a failure.
 *
 * @param {import("../../packages/countersign/test/browser/harness/wire.mjs").Exchange[]} requests
 * @param {(text: string) => void} [note]
 */
export function acceptedTokenRequest(requests, note) {
    const isAccepted = ({ response }) => response?.status === 200;
    for (const { response } of requests.filter(request => !isAccepted(request))) {
        assert.equal(response?.json().error, "use_dpop_nonce", requests.join(", "));
        note?.(`the token endpoint asks for a nonce with ${response.status} use_dpop_nonce`);
    }
    const [request, ...more] = requests.filter(isAccepted);
    assert.ok(request !== undefined && more.length === 0, `one token request is accepted: ${requests.join(", ")}`);
    return request;
}

/** Returns the nonce in the proof of a request, or `undefined` if there is no nonce or no proof. */
export function proofNonce(exchange) {
    const [proof] = exchange.all("DPoP");
    return proof === undefined ? undefined : decodeJwt(proof).nonce;
}
