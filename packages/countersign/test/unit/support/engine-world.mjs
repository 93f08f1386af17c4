// The built engine in Node, with the real glue, and a function as the server.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import vm from "node:vm";
import { EmbeddedJWK, UnsecuredJWT, jwtVerify } from "jose";
import { engineHost } from "./engine-host.mjs";

const { startEngine } = await import("../../../dist/engine/boundary.js");
const { IFRAME } = await import("../../../dist/engine/numbers.js");
const { unpack } = await import("../../../dist/engine/unpack.js");
const { default: base64 } = await import("../../../dist/engine/bytes.js");

/** The engine in JavaScript, in a realm without globals. */
export async function makeScriptHost(page) {
    const source = await readFile(new URL("../../../dist/engine/script.js", import.meta.url), "utf8");
    const realm = vm.createContext();
    vm.runInContext("const all = globalThis; for (const name of Object.getOwnPropertyNames(all)) delete all[name];", realm);
    assert.throws(() => vm.runInContext("Math", realm), { name: "ReferenceError" });
    return vm.runInContext(source.replace("export default ", "(").replace(/;\s*$/, ")"), realm)(page);
}

export const ISSUER = "https://as.example";
export const APP = "https://app.example";
export const API = "https://api.example";

/**
 * Starts a new engine with a scripted network. `respond(request)` returns
 * `{ status, headers, json }`, or `text` instead of `json`.
 */
export async function world({ respond, host: overrides } = {}) {
    const requests = [];
    const signs = { count: 0 };
    const { SubtleCrypto } = engineHost();
    const server = { nonce: undefined, metadata: {}, token: {}, claims: {}, oidcNonce: undefined };
    const standard = ({ url, method, body }) => {
        if (url === `${ISSUER}/.well-known/openid-configuration`) {
            return {
                json: {
                    issuer: ISSUER,
                    authorization_endpoint: `${ISSUER}/authorize`,
                    token_endpoint: `${ISSUER}/token`,
                    end_session_endpoint: `${ISSUER}/logout`,
                    authorization_response_iss_parameter_supported: true,
                    dpop_signing_alg_values_supported: ["ES256"],
                    ...server.metadata
                }
            };
        }
        assert.equal(`${method} ${url}`, `POST ${ISSUER}/token`);
        const seconds = Math.floor(Date.now() / 1000);
        const id_token = new UnsecuredJWT({
            iss: ISSUER,
            aud: "app",
            sub: "alice",
            iat: seconds,
            exp: seconds + 300,
            ...(body.get("grant_type") === "authorization_code" ? { nonce: server.oidcNonce } : {}),
            ...server.claims
        }).encode();
        return {
            json: {
                access_token: `at-${requests.length}`,
                token_type: "DPoP",
                expires_in: 300,
                refresh_token: `rt-${requests.length}`,
                id_token,
                ...server.token
            }
        };
    };
    const page = engineHost({
        fetchOf: async (_self, url, init) => {
            const request = {
                url: String(url),
                method: init.method,
                body: init.body ? new URLSearchParams(init.body) : undefined,
                headers: new Headers(init.headers),
                signal: init.signal
            };
            requests.push(request);
            const { status = 200, headers = {}, json = {}, text = JSON.stringify(json) } = (await respond?.(request, server)) ?? standard(request);
            return new Response(init.method === "HEAD" ? null : text, { status, headers });
        },
        SubtleCrypto: { ...SubtleCrypto, sign: (...args) => (signs.count++, SubtleCrypto.sign(...args)) },
        ...overrides
    });
    let engine;
    const host = process.env.ENGINE === "javascript" ? await makeScriptHost(page) : page;
    await startEngine(unpack(page, base64), host, started => (engine = started));
    const create = (overrides = {}) =>
        engine.create({ issuerUri: ISSUER, clientId: "app", scope: "openid", mode: "enforced", metadata: undefined, ...overrides });
    /** An authorization request as a page makes it: `state`, all parameters, and the URL with them. */
    const prepare = async (client, visit = IFRAME) => {
        const [endpoint, ...parameters] = Array.from(await engine.prepare(client, `${APP}/`, visit));
        const url = new URL(endpoint);
        for (let i = 0; i < parameters.length; i += 2) {
            url.searchParams.append(parameters[i], parameters[i + 1]);
        }
        const query = url.searchParams;
        server.oidcNonce = query.get("nonce");
        return { query, url: url.href, state: query.get("state") };
    };
    const logIn = async client => {
        const { state, query } = await prepare(client);
        return { query, tokens: await engine.redeem(client, Object.entries({ code: "c0de", state, iss: ISSUER })) };
    };
    return { engine, host, server, requests, signs, create, prepare, logIn };
}

export const verifyProof = (proof, options = {}) => jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"], ...options });

export const observed = (overrides = {}) => ({ status: 200, dpopNonce: null, wwwAuthenticate: null, date: null, redirectOrigin: "", redirectPath: "", ...overrides });
