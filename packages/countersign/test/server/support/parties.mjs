// An issuer and a client by node:crypto alone: tokens, proofs, a JWKS and its server.
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import http from "node:http";

const base64url = value => Buffer.from(value).toString("base64url");
const sha256 = text => createHash("sha256").update(text).digest("base64url");
const seconds = () => Math.floor(Date.now() / 1000);

export const AUDIENCE = "https://api.example.com";

/** An ES256 key pair, and its public half as JWK. */
export const keyPair = () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return { privateKey, jwk: publicKey.export({ format: "jwk" }) };
};

const jwt = (privateKey, header, claims) => {
    const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
    return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
};

const thumbprint = ({ crv, kty, x, y }) => sha256(JSON.stringify({ crv, kty, x, y }));

/** An issuer without a network. */
export const makeIssuer = (name = "https://issuer.example.com", kid = "1") => {
    const key = keyPair();
    return {
        name,
        jwk: { ...key.jwk, kid, alg: "ES256", use: "sig" },
        /** A token for a client's key; without one it is unbound. */
        token: (client, claims = {}, header = {}) =>
            jwt(
                key.privateKey,
                { typ: "at+jwt", alg: "ES256", kid, ...header },
                {
                    iss: name,
                    aud: AUDIENCE,
                    sub: "ann",
                    client_id: "app",
                    iat: seconds(),
                    exp: seconds() + 300,
                    ...(client && { cnf: { jkt: client.thumbprint } }),
                    ...claims
                }
            )
    };
};

/** A client with a key. */
export const makeClient = () => {
    const { privateKey, jwk } = keyPair();
    return {
        thumbprint: thumbprint(jwk),
        proof: (method, uri, token, claims = {}) =>
            jwt(
                privateKey,
                { typ: "dpop+jwt", alg: "ES256", jwk },
                { jti: randomUUID(), htm: method, htu: uri, iat: seconds(), ath: sha256(token), ...claims }
            )
    };
};

/** An issuer over HTTP on this machine. `keys`, `delay` and `status` may be changed while it runs. */
export const serveIssuer = async () => {
    const state = { asked: [], status: 200, keys: [], hangs: false };
    const server = http.createServer((request, response) => {
        state.asked.push(request.url);
        if (state.hangs) {
            return;
        }
        const isMetadata = request.url.startsWith("/.well-known");
        const body = isMetadata ? { issuer: state.issuer.name, jwks_uri: `${state.issuer.name}/jwks` } : { keys: state.keys };
        response.writeHead(state.status, state.status === 302 ? { location: "/elsewhere" } : {});
        response.end(state.body ?? JSON.stringify(body));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    state.issuer = makeIssuer(`http://127.0.0.1:${server.address().port}`);
    state.keys.push(state.issuer.jwk);
    /** Reads of the key set so far. */
    state.reads = () => state.asked.filter(url => url === "/jwks").length;
    state.close = async () => {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
    };
    return state;
};
