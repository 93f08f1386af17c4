/** `createDPoP`: one key, its engine, and the requests whose responses are still to be observed. */
import { toFailure } from "../core/errors/failure.js";
import { fetchSlot } from "../core/interceptors/fetch.js";
import { fetchOf, natives, saved } from "../core/natives.js";
import type { Attempt, BoundToken, Engine } from "../engine/interface.js";
// Not by `import()`, which service workers forbid.
import engineBytes from "../engine/proofsBytes.js";
import { own } from "../page/own.js";
import type { DPoP, ParamsOfCreateDPoP, RequestToProve } from "../proofs.js";
import { startProofEngine, type ProofEngine } from "./engine.js";
import { safe } from "../page/safe.js";

/** As many as the engine knows (`crates/countersign-client/src/adopt.rs`). */
const MOST_TOKENS = 64;
/** The most responses that are waited for; an app may never give them to `observe`. */
const MOST_ATTEMPTS = 64;

/** A request whose response is to be observed. */
interface Sent {
    readonly attempt: Attempt;
    readonly isTokenRequest: boolean;
}

const parse = (url: string | URL, what: string): URL => {
    let parsed: URL | undefined;
    try {
        parsed = new URL(url, globalThis.location?.href);
    } catch {}
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
        throw new TypeError(`countersign: ${what} must be an http or https URL, not ${JSON.stringify(`${url}`)}.`);
    }
    return parsed;
};

/** The URL that a proof names (`htu`), which is also how a response finds its request. */
const htuOf = ({ origin, pathname }: URL): string => origin + pathname;

/** As `fetch` does (Fetch, "normalize"). */
const normalized = (method: string): string => (/^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method);

/** Returns the pair without a prototype: a promise shows any other object to scripts. */
function checked(keyPair: CryptoKeyPair): CryptoKeyPair {
    const pair = own(keyPair);
    const { privateKey, publicKey } = pair;
    const isFit = (key: CryptoKey | undefined, type: KeyType) =>
        key?.type === type && (key.algorithm as EcKeyAlgorithm).name === "ECDSA" && (key.algorithm as EcKeyAlgorithm).namedCurve === "P-256";
    if (!isFit(privateKey, "private") || !isFit(publicKey, "public") || !privateKey.usages.includes("sign") || !publicKey.extractable) {
        throw new TypeError(
            'countersign: keyPair must be a pair for ECDSA on P-256 whose private key signs: crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]).'
        );
    }
    return pair;
}

export async function startProofs(params?: ParamsOfCreateDPoP): Promise<DPoP> {
    const { keyPair, tokenEndpoint, ...others } = own(params);
    for (const name of Object.keys(others)) {
        throw new TypeError(`countersign: createDPoP() has no option "${name}", only "keyPair" and "tokenEndpoint".`);
    }
    const pair = keyPair && checked(keyPair);
    const tokenUrl = tokenEndpoint === undefined ? undefined : parse(tokenEndpoint, "tokenEndpoint");
    let started: ProofEngine;
    try {
        started = await safe(startProofEngine(engineBytes, pair));
    } catch (error) {
        throw await safe(toFailure(error));
    }
    return withEngine(started, tokenUrl);
}

function withEngine({ engine, jkt, sign }: ProofEngine, tokenUrl: URL | undefined): DPoP {
    const sent = new Map<string, Sent>();
    /** The tokens that were used last, the newest at the end. */
    const tokens = { __proto__: null } as object as Record<string, true>;

    const know = (token: string): void => {
        let count = 0;
        delete tokens[token];
        for (const _ in tokens) {
            count++;
        }
        for (const oldest in tokens) {
            count-- < MOST_TOKENS || delete tokens[oldest];
            break;
        }
        tokens[token] = true;
    };

    const holdsToken = (authorization: string): boolean => {
        for (const token in tokens) {
            if (saved.String.includes(authorization, token)) {
                return true;
            }
        }
        return false;
    };

    const forget = (htu: string): Sent | undefined => {
        const found = sent.get(htu);
        sent.delete(htu);
        return found;
    };

    const prove = async (method: string, url: URL, accessToken: string | undefined): Promise<string> => {
        const isTokenRequest = accessToken === undefined;
        const { origin, pathname } = url;
        // Nonces of authorization servers and of APIs are kept apart (RFC 9449, 9), also if both
        // have one origin: the slash makes it another to the engine, and the proof is the same.
        isTokenRequest || know(accessToken);
        const { proof, attempt } = await safe(
            isTokenRequest ? sign(method, `${origin}/`, pathname.slice(1)) : sign(method, origin, pathname, accessToken)
        );
        const htu = htuOf(url);
        const oldest = sent.size < MOST_ATTEMPTS ? undefined : [...sent.keys()][0];
        for (const replaced of [forget(htu), oldest === undefined ? undefined : forget(oldest)]) {
            replaced && engine.release(replaced.attempt);
        }
        sent.set(htu, { attempt, isTokenRequest });
        return proof;
    };

    const observe = async (response: Response): Promise<boolean> => {
        const answered = response.url && forget(htuOf(new URL(response.url)));
        if (!answered) {
            return false;
        }
        const { attempt, isTokenRequest } = answered;
        const { headers } = response;
        const error = isTokenRequest && !response.ok ? await safe(errorOf(response)) : undefined;
        const again = await safe(engine.observe(
            attempt,
            {
                // An authorization server says in the body what an API says in the challenge.
                status: error ? 401 : response.status,
                wwwAuthenticate: error ?? headers.get("WWW-Authenticate"),
                dpopNonce: headers.get("DPoP-Nonce"),
                date: headers.get("Date")
            },
            true
        ));
        // The proof that the app asks for then is as new.
        again && engine.release(again.attempt);
        return !!again;
    };

    const sendTokenRequest = async (request: Request): Promise<Response> => {
        const url = new URL(request.url);
        const spare = request.clone();
        request.headers.set("DPoP", await safe(prove(request.method, url, undefined)));
        const response = await safe(fetchOf(undefined, request));
        if (!(await safe(observe(response)))) {
            return response;
        }
        spare.headers.set("DPoP", await safe(prove(spare.method, url, undefined)));
        const second = await safe(fetchOf(undefined, spare));
        await safe(observe(second));
        return second;
    };

    return own<DPoP>({
        jkt,
        fetch: async (input, init) => {
            // Reads everything once.
            const request = new Request(input, init);
            const url = new URL(request.url);
            if (tokenUrl && request.method === "POST" && htuOf(url) === htuOf(tokenUrl)) {
                return sendTokenRequest(request);
            }
            let token: string;
            const signing: Engine = {
                ...engine,
                __proto__: null,
                holdsBoundToken: holdsToken,
                // Any token is. `sign` finds out its number.
                boundToken: found => {
                    know((token = found));
                    return { __proto__: null, authorization: `DPoP ${found}` } as BoundToken;
                },
                authorize: (method, origin, path, _, signal) => sign(method, origin, path, token, signal)
            };
            return fetchSlot(signing)(undefined, [request]) ?? fetchOf(undefined, request);
        },
        proof: async request => {
            const { method, url, accessToken } = own<RequestToProve>(request);
            if (typeof method !== "string" || (accessToken !== undefined && (typeof accessToken !== "string" || !accessToken))) {
                throw new TypeError("countersign: proof() needs { method, url }, and accessToken as a string if the request carries one.");
            }
            return prove(normalized(method), parse(url, "url of proof()"), accessToken);
        },
        tokenRequestHeaders: async (url = tokenUrl) => {
            if (url === undefined) {
                throw new TypeError("countersign: give the token endpoint to tokenRequestHeaders(), or as tokenEndpoint to createDPoP().");
            }
            return own({ DPoP: await safe(prove("POST", parse(url, "the URL of tokenRequestHeaders()"), undefined)) });
        },
        observe
    });
}

/** The error of a token response that concerns its proof, as a challenge. */
async function errorOf(response: Response): Promise<string | undefined> {
    try {
        const { error } = own(natives.parse(await safe(response.clone().text())) as { error?: unknown });
        if (error === "use_dpop_nonce") {
            return 'DPoP error="use_dpop_nonce"';
        }
        // Keycloak calls a proof that it refuses an `invalid_request`.
        return error === "invalid_dpop_proof" || error === "invalid_request" ? 'DPoP error="invalid_dpop_proof"' : undefined;
    } catch {
        return undefined;
    }
}
