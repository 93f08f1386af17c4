/**
 * Tokens with the members of "Access token claims reference" and "ID token claims reference",
 * version 2.0.
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";

/** "Access tokens in the Microsoft identity platform": a random value between 60 and 90 minutes. */
const [SHORTEST_SECONDS, LONGEST_SECONDS] = [60 * 60, 90 * 60];
/** The sample tokens: five minutes before they were issued. */
const BACKDATED_SECONDS = 5 * 60;

export class Signer {
    static async create() {
        const signer = new Signer();
        const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
        signer.privateKey = privateKey;
        signer.jwk = await exportJWK(publicKey);
        signer.kid = await calculateJwkThumbprint(signer.jwk);
        return signer;
    }

    /** Returns the key set: without `alg`, and with the issuer that each key is for. */
    jwks(issuer) {
        return { keys: [{ ...this.jwk, use: "sig", kid: this.kid, x5t: this.kid, issuer }] };
    }

    /** `typ` is `JWT`, not `at+jwt`; `azp`, `scp` and `uti`, not `client_id`, `scope` and `jti`. */
    async accessToken(grantee, { audience, scp }) {
        const lifetime = randomInt(SHORTEST_SECONDS, LONGEST_SECONDS);
        const token = await this.#sign(grantee, lifetime, {
            aud: audience,
            azp: grantee.clientId,
            azpacr: "0",
            scp,
            sub: pairwise(grantee.user, audience)
        });
        return { token, lifetime };
    }

    idToken(grantee) {
        const { nonce } = grantee;
        return this.#sign(grantee, SHORTEST_SECONDS, {
            aud: grantee.clientId,
            sub: pairwise(grantee.user, grantee.clientId),
            ...(nonce === null ? {} : { nonce })
        });
    }

    #sign({ issuer, tenant, user }, lifetime, claims) {
        const issued = Math.floor(Date.now() / 1000) - BACKDATED_SECONDS;
        const common = {
            iss: issuer,
            iat: issued,
            nbf: issued,
            exp: issued + BACKDATED_SECONDS + lifetime,
            aio: randomBytes(48).toString("base64"),
            name: user.name,
            oid: user.oid,
            preferred_username: user.username,
            rh: `0.A${randomBytes(24).toString("base64url")}.`,
            tid: tenant,
            uti: randomBytes(16).toString("base64url"),
            ver: "2.0"
        };
        return new SignJWT({ ...common, ...claims })
            .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: this.kid })
            .sign(this.privateKey);
    }
}

/** "The subject is a pairwise identifier that's unique to a particular application ID." */
function pairwise(user, clientId) {
    return createHash("sha256").update(`${user.oid} ${clientId}`).digest("base64url");
}
