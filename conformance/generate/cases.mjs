// Collects cases. `accept` and `refuse` take what differs from a good request; the expectation
// beside it is written by hand from the RFC.
import { AUDIENCE, NOW, URL, accessToken, proof, sha256 } from "./build.mjs";

export const cases = [];

const REASON_CODES = {
    invalid_dpop_proof: 401,
    use_dpop_nonce: 401,
    invalid_token: 401,
    invalid_request: 400,
    none: 401,
    unavailable: 503
};

/**
 * Makes the request of one step, with a token and a proof that are good except for what is given.
 */
const step = (id, index, options, expect) => {
    const {
        policy = "required",
        now = NOW,
        method = "GET",
        url = URL,
        scheme = "DPoP",
        token: tokenOptions = {},
        proof: proofOptions = {},
        jti = sha256(`${id}/${index}`).slice(0, 22),
        headers
    } = options;
    const token = typeof tokenOptions === "string" ? tokenOptions : accessToken(tokenOptions);
    const target = url.split(/[?#]/)[0];
    const make = (more = {}) =>
        proof({
            jti,
            token,
            ...proofOptions,
            ...more,
            claims: { htm: method, htu: target, iat: now, ...proofOptions?.claims, ...more.claims }
        });
    const authorization = ["Authorization", `${scheme} ${token}`];
    const all =
        headers?.({ token, proof: make, authorization }) ??
        (proofOptions === null ? [authorization] : [authorization, ["DPoP", make()]]);
    return { now, policy, request: { method, url, headers: all }, expect };
};

const ACCEPTED = { outcome: "accepted", status: 200, error: null };

const expectation = (code, check) => {
    if (code === undefined) return ACCEPTED;
    if (!(code in REASON_CODES)) throw new Error(`no such code: ${code}`);
    const error = code === "none" || code === "unavailable" ? null : code;
    return { outcome: "refused", status: REASON_CODES[code], error, check };
};

const add = (row, id, says, steps) => {
    const name = `${row.toLowerCase()}-${id}`;
    if (cases.some(other => other.name === name)) throw new Error(`twice: ${name}`);
    cases.push({
        name,
        row,
        says,
        steps: steps.map(([options, code, check], index) => step(name, index, options, expectation(code, check)))
    });
};

/** Adds a request that is accepted. */
export const accept = (row, id, says, options = {}) => add(row, id, says, [[options]]);

/** Adds a request that the named check refuses with this error code (`none`: without a code). */
export const refuse = (row, id, says, code, check, options = {}) => add(row, id, says, [[options, code, check]]);

/**
 * Adds several requests to one server. Each step is `[options, code, check]`, or `[options]` if it
 * is accepted.
 */
export const sequence = (row, id, says, steps) => add(row, id, says, steps);

export { AUDIENCE, NOW, URL };
