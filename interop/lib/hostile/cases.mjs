/**
 * Invalid requests, and some valid ones that look odd, with the answer of our example API. Each
 * peer has its own list of where it answers differently. Names start with the row of the RFC 9449
 * checklist, as the names of our tests do: V for the proof, R for the request, S for the security
 * considerations.
 */
import { generateKey, proofOf, now, encode, signatureOf } from "./proofs.mjs";

/**
 * The URL of both servers, as if behind a proxy that keeps `Host`. Their sockets are on loopback
 * ports.
 */
export const ORIGIN = "http://api.example";
const HOST = "api.example";
const TARGET = "/api/me";
const URL_OF_ME = `${ORIGIN}${TARGET}`;

const ACCEPTED = "200";
const BAD_PROOF = "401 DPoP invalid_dpop_proof";
const BAD_TOKEN = "401 DPoP invalid_token";
const BAD_REQUEST = "400 DPoP invalid_request";
const NO_TOKEN = "401 DPoP";

/** Repeats a member of the JSON: first with the given value, then with its own. */
const twice = (part, member, value) => (name, json) =>
    name === part ? json.replace("{", `{${JSON.stringify(member)}:${JSON.stringify(value)},`) : json;

/**
 * @param {(key?: import("./proofs.mjs").Key) => Promise<string>} logIn resolves with an access token for `ORIGIN`,
 * bound to this key or to none
 * @returns {Promise<Record<"credentials" | "form" | "target" | "use", import("./replay.mjs").Case[]>>}
 */
export async function cases(logIn) {
    const [key, thief] = [await generateKey(), await generateKey()];
    const [token, otherToken, unboundToken] = [await logIn(key), await logIn(key), await logIn()];
    const authorization = (scheme = "DPoP", value = token) => ["Authorization", `${scheme} ${value}`];
    const proof = ({ claims, ...options } = {}) =>
        proofOf(key, { token, claims: { htm: "GET", htu: URL_OF_ME, ...claims }, ...options });
    const request = (headers, { target = TARGET, host = HOST } = {}) => ({ target, host, headers });
    /** Makes a case of one request with these header fields. A field's value may be a promise. */
    const sent = (name, fields, ours, where) => ({
        name,
        requests: async () => [request(await Promise.all((await fields()).map(field => Promise.all(field))), where)],
        ours
    });
    /** Makes a case with the right token, and this as the proof. */
    const proven = (name, make, ours, where) => sent(name, () => [authorization(), ["DPoP", make()]], ours, where);
    /** Returns a valid token and proof of another key. */
    const othersCredentials = async (alg, claims = {}) => {
        const own = await generateKey(alg);
        const ownToken = await logIn(own);
        const ownProof = await proofOf(own, { token: ownToken, claims: { htm: "GET", htu: URL_OF_ME, ...claims } });
        return [authorization("DPoP", ownToken), ["DPoP", ownProof]];
    };
    const withClaims = (name, claims, ours) => proven(name, () => proof({ claims }), ours);
    const withHeader = (name, header, ours) => proven(name, () => proof({ header }), ours);

    const credentials = [
        sent("R1 a good request", () => [authorization(), ["DPoP", proof()]], ACCEPTED),
        sent("R2 the scheme in lower case", () => [authorization("dpop"), ["DPoP", proof()]], ACCEPTED),
        sent("R2 the scheme in upper case", () => [authorization("DPOP"), ["DPoP", proof()]], ACCEPTED),
        sent("R5 no credentials", () => [], NO_TOKEN),
        sent("R5 another scheme", () => [["Authorization", "Basic YTpi"]], NO_TOKEN),
        sent("R2 two tokens", () => [authorization(), authorization(), ["DPoP", proof()]], BAD_REQUEST),
        sent(
            "R2 DPoP and then Bearer",
            () => [authorization(), authorization("Bearer"), ["DPoP", proof()]],
            BAD_REQUEST
        ),
        sent(
            "R2 Bearer and then DPoP",
            () => [authorization("Bearer"), authorization(), ["DPoP", proof()]],
            BAD_REQUEST
        ),
        sent("R2 two tokens in one field", () => [authorization("DPoP", `${token}, DPoP ${token}`)], BAD_TOKEN),
        sent("R3 no proof", () => [authorization()], BAD_PROOF),
        sent("R4 the bound token as Bearer", () => [authorization("Bearer")], BAD_TOKEN),
        sent(
            "R4 the bound token as Bearer, with a proof",
            () => [authorization("Bearer"), ["DPoP", proof()]],
            BAD_TOKEN
        ),
        sent(
            "R4 an unbound token as DPoP",
            () => [authorization("DPoP", unboundToken), ["DPoP", proof({ token: unboundToken })]],
            BAD_TOKEN
        ),
        sent("an unbound token as Bearer", () => [authorization("Bearer", unboundToken)], BAD_TOKEN),
        sent("R6 the token in the query", () => [["DPoP", proof()]], NO_TOKEN, {
            target: `${TARGET}?access_token=${token}`
        })
    ];

    const form = [
        sent("V1 two proofs", () => [authorization(), ["DPoP", proof()], ["DPoP", proof()]], BAD_PROOF),
        proven("V1 two proofs in one field", async () => `${await proof()}, ${await proof()}`, BAD_PROOF),
        proven("V2 no JWT", () => "x", BAD_PROOF),
        proven("V2 padding", async () => `${await proof()}=`, BAD_PROOF),
        proven("V2 of 12,000 characters", () => proof({ claims: { filler: "x".repeat(9_000) } }), BAD_PROOF),
        ...["jti", "htm", "htu", "iat"].map(claim => withClaims(`V3 no ${claim}`, { [claim]: undefined }, BAD_PROOF)),
        withClaims("V3 an empty jti", { jti: "" }, BAD_PROOF),
        withClaims("V3 jti as a number", { jti: 7 }, BAD_PROOF),
        withClaims("V3 iat as a string", { iat: String(now()) }, BAD_PROOF),
        withClaims("V3 htm as a list", { htm: ["GET"] }, BAD_PROOF),
        proven("V3 htu twice", () => proof({ text: twice("claims", "htu", "http://other.example/") }), BAD_PROOF),
        proven("V3 alg twice", () => proof({ text: twice("header", "alg", "none") }), BAD_PROOF),
        withHeader("V4 no typ", { typ: undefined }, BAD_PROOF),
        withHeader("V4 typ JWT", { typ: "JWT" }, BAD_PROOF),
        withHeader("V4 typ at+jwt", { typ: "at+jwt" }, BAD_PROOF),
        withHeader("V4 typ in upper case", { typ: "DPOP+JWT" }, BAD_PROOF),
        proven("V5 alg none", () => proof({ header: { alg: "none" }, sign: () => "" }), BAD_PROOF),
        withHeader("V5 alg HS256", { alg: "HS256" }, BAD_PROOF),
        withHeader("V5 alg HS256 with a secret key", { alg: "HS256", jwk: { kty: "oct", k: "AAAA" } }, BAD_PROOF),
        withHeader("V5 alg of another curve", { alg: "ES384" }, BAD_PROOF),
        withHeader("V5 an unknown crit", { crit: ["x"], x: 1 }, BAD_PROOF),
        withHeader("V5 no jwk", { jwk: undefined }, BAD_PROOF),
        sent("V5 EdDSA, with its own token", () => othersCredentials("EdDSA"), ACCEPTED),
        proven("V6 another key's signature", () => proof({ sign: input => signatureOf(thief, input) }), BAD_PROOF),
        proven("V6 no signature", () => proof({ sign: () => "" }), BAD_PROOF),
        proven("V6 a signature of zeros", () => proof({ sign: () => encode(Buffer.alloc(64)) }), BAD_PROOF),
        withHeader("V7 the private key in jwk", { jwk: key.privateJwk }, BAD_PROOF),
        withHeader("V7 other members in jwk", { jwk: { ...key.publicJwk, kid: "1", use: "sig" } }, ACCEPTED),
        proven("S5 the access token as the proof", () => token, BAD_PROOF)
    ];

    const forOtherHost = () => proof({ claims: { htu: `http://other.example${TARGET}` } });
    const withHtu = (name, htu, ours) => withClaims(name, { htu }, ours);
    const target = [
        withClaims("V8 htm of another method", { htm: "POST" }, BAD_PROOF),
        withClaims("V8 htm in lower case", { htm: "get" }, BAD_PROOF),
        withHtu("V9 another path", `${ORIGIN}/api/notes`, BAD_PROOF),
        withHtu("V9 the path in upper case", `${ORIGIN}/api/ME`, BAD_PROOF),
        withHtu("V9 a slash at the end", `${URL_OF_ME}/`, BAD_PROOF),
        withHtu("V9 another host", `http://other.example${TARGET}`, BAD_PROOF),
        withHtu("V9 another scheme", `https://${HOST}${TARGET}`, BAD_PROOF),
        withHtu("V9 another port", `${ORIGIN}:8080${TARGET}`, BAD_PROOF),
        withHtu("V9 the path alone", TARGET, BAD_PROOF),
        proven("V9 another host, named by Host too", forOtherHost, BAD_PROOF, { host: "other.example" }),
        sent(
            "V9 another host, named by X-Forwarded-Host too",
            () => [authorization(), ["DPoP", forOtherHost()], ["X-Forwarded-Host", "other.example"]],
            BAD_PROOF
        ),
        withHtu("V9 a query", `${URL_OF_ME}?a=b`, ACCEPTED),
        withHtu("V9 a fragment", `${URL_OF_ME}#a`, ACCEPTED),
        withHtu("V10 the default port", `${ORIGIN}:80${TARGET}`, ACCEPTED),
        withHtu("V10 scheme and host in upper case", `HTTP://API.Example${TARGET}`, ACCEPTED),
        withHtu("V10 an encoded letter", `${ORIGIN}/api/%6De`, ACCEPTED),
        withHtu("V10 dot segments", `${ORIGIN}/api/x/../me`, ACCEPTED),
        proven("V9 a query of the request", proof, ACCEPTED, { target: `${TARGET}?a=b` })
    ];

    const ofAge = (name, seconds, ours) => proven(name, () => proof({ claims: { iat: now() - seconds } }), ours);
    /** Makes a case of a good request, followed by one that `second` makes from it. */
    const again = (name, second, ours) => ({
        name,
        requests: async () => {
            const jti = crypto.randomUUID();
            const first = [authorization(), ["DPoP", await proof({ claims: { jti } })]];
            return [request(first), request(await second({ jti, first }))];
        },
        ours
    });
    const use = [
        ofAge("V12 of ten minutes ago", 600, BAD_PROOF),
        ofAge("V12 of 45 seconds ago", 45, ACCEPTED),
        ofAge("V12 of 20 seconds ago", 20, ACCEPTED),
        ofAge("V12 of in 3 seconds", -3, ACCEPTED),
        ofAge("V12 of in 20 seconds", -20, BAD_PROOF),
        ofAge("V12 of in ten minutes", -600, BAD_PROOF),
        withClaims("V11 a nonce that nobody asked for", { nonce: "a-nonce" }, ACCEPTED),
        withClaims("V13 no ath", { ath: undefined }, BAD_PROOF),
        proven("V13 the hash of another token", () => proof({ token: otherToken }), BAD_PROOF),
        proven(
            "V14 the thief's own key",
            () => proofOf(thief, { token, claims: { htm: "GET", htu: URL_OF_ME } }),
            BAD_PROOF
        ),
        again("V15 the same proof again", ({ first }) => first, BAD_PROOF),
        again(
            "V15 a new proof with the same jti",
            async ({ jti }) => [authorization(), ["DPoP", await proof({ claims: { jti } })]],
            BAD_PROOF
        ),
        again("S1 the same jti of another key", ({ jti }) => othersCredentials("ES256", { jti }), ACCEPTED)
    ];

    return { credentials, form, target, use };
}
