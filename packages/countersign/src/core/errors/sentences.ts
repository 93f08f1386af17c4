/**
 * The sentence of each code: what was found, and what to do. Loaded only when there is one to say.
 * The codes are listed in `oidcInitializationError.ts` and `engine/codes.ts`.
 */
import type { OidcErrorCode } from "./oidcInitializationError.js";
import { OPTIONS } from "./optionWords.js";

/**
 * What came with a URL may be anybody's: of it only what is neither markup nor a line of its own gets into a sentence,
 * and not much of that.
 */
const plain = (text = ""): string => text.slice(0, 200).replace(/[^\w.-]+/g, " ").trim();

const because = (description: string | undefined): string => (description ? ` (${description})` : "");
const orNone = (received: string | undefined): string => (received ? `"${received}"` : "none");

/** A value as it is named in a sentence; not everything is JSON. */
const show = (value: unknown): string => {
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
};

/** By code. */
export const SENTENCES: Record<OidcErrorCode, (...details: string[]) => string> = {
    insecure_context: () =>
        "this page has no WebCrypto, because it is served neither by https nor on localhost; serve it by https.",
    wasm_refused: reason =>
        `the browser refused to compile WebAssembly${because(reason)}; add 'wasm-unsafe-eval' to script-src of the Content-Security-Policy, or leave the browser's lockdown mode for this site.`,
    engine_crashed: () => "the engine met a defect of its own and was stopped; reload the page, and report it with the steps that led there.",
    issuer_invalid: issuer => `issuerUri "${issuer}" is neither https nor http on localhost; give the https URL of the authorization server.`,
    discovery_unreachable: (url, status) =>
        status
            ? `${url} answered with status ${status}; check issuerUri and the authorization server.`
            : `${url} could not be read; check that the authorization server is running, allows this page's origin by CORS and is named in connect-src of the Content-Security-Policy.`,
    discovery_invalid: (url, member) =>
        member
            ? `the discovery document ${url} has no valid "${member}"; correct it at the authorization server, or give the member in __metadata.`
            : `${url} is not a JSON document; check issuerUri "${url?.replace(/\/\.well-known\/.*/, "")}".`,
    issuer_mismatch: (expected, received) =>
        `issuerUri is "${expected}", but the server there calls itself ${orNone(received)}; use that as issuerUri if it is the server you mean.`,
    endpoint_insecure: (member, url) => `"${member}" of the authorization server is "${url}", neither https nor http on localhost; correct it there.`,
    dpop_unsupported: issuer =>
        `DPoP is enforced, but ${issuer} does not list ES256 in dpop_signing_alg_values_supported; turn DPoP on there, or use mode "auto" or disableDPoP.`,
    token_not_bound: (issuer, type) =>
        `DPoP is enforced, but ${issuer} issued a token of type "${type}" that is not bound to the key; turn DPoP on for this client there, or use mode "auto" or disableDPoP.`,
    token_type_unknown: type => `the token endpoint issued a token of type "${type}", neither DPoP nor Bearer; configure the client for one of them.`,
    key_failed: () => "WebCrypto could not make a P-256 key or a signature; try another browser, or one without hardening.",
    storage_refused: () => "this browser keeps no data for this site, so a login could not be taken up after the redirect; allow site data.",
    parameter_reserved: name =>
        `"${name}" is a parameter that the login itself decides; leave it out of extraQueryParams and extraTokenParams, and unchanged in transformUrlBeforeRedirect.`,
    push_unreachable: url =>
        `the pushed authorization request endpoint ${url} could not be read; check that the authorization server is running and allows this page's origin and the DPoP header by CORS.`,
    push_refused: (error, description) =>
        `the authorization server refused the pushed request with "${error}"${because(description)}; check the client's configuration there.`,
    push_response_invalid: member =>
        `the answer to the pushed authorization request ${member ? `has no "${member}"` : "is not JSON"}; check the authorization server.`,
    flow_unknown: state => `the authorization response "${plain(state)}" belongs to no login that is under way; log in again.`,
    response_issuer_mismatch: (expected, received) =>
        `the authorization response should come from "${expected}", but its iss is ${orNone(plain(received))}; it was refused, log in again.`,
    authorization_error: (error, description) =>
        `the authorization server refused the login with "${plain(error)}"${because(plain(description))}; check the client's configuration there.`,
    response_invalid: repeated =>
        repeated
            ? `the authorization response holds "${plain(repeated)}" twice; it was refused, log in again.`
            : "the authorization response holds neither a code nor an error; check the authorization server.",
    token_unreachable: url =>
        `the token endpoint ${url} could not be read; check that the authorization server is running and allows this page's origin and the DPoP header by CORS.`,
    token_refused: (error, description) =>
        `the token endpoint refused with "${error}"${because(description)}; check that the client is public and the request is allowed for it.`,
    token_response_invalid: member =>
        member ? `the token endpoint's answer has no "${member}"; check the authorization server.` : "the token endpoint's answer is not JSON; check the authorization server.",
    id_token_missing: () => `the token endpoint issued no id_token; allow the scope "openid" for this client.`,
    id_token_malformed: () => "the id_token is no JWT with a JSON payload; check the authorization server.",
    id_token_iss: (expected, received) => `the id_token's iss is ${orNone(received)} and not "${expected}"; it was refused.`,
    id_token_aud: (expected, received) => `the id_token's aud is ${orNone(received)} and does not name "${expected}"; it was refused.`,
    id_token_azp: (expected, received) => `the id_token's azp is ${orNone(received)} and not "${expected}"; it was refused.`,
    id_token_exp: () => "the id_token has expired by the server's clock, or tells no exp; it was refused.",
    id_token_iat: () => "the id_token tells no iat; it was refused.",
    id_token_nonce: () => "the id_token's nonce is not the one of this login; it was refused, log in again.",
    id_token_sub: (expected, received) =>
        // "?": nobody in particular had logged in.
        expected !== "?"
            ? `the id_token's sub is ${orNone(received)}, but "${expected}" had logged in; it was refused.`
            : "the id_token has no sub; it was refused.",
    no_refresh_token: () => "there are no tokens to renew; log in again.",
    token_unknown: () => "the token is not one of this page's; take it from getTokens().",
    early_init_missing: () =>
        `early init did not run; add the plugin of "countersign/vite-plugin" to the Vite configuration, or call oidcEarlyInit() of "countersign/entrypoint" before the app is loaded.`,
    second_copy: () =>
        `this page has two copies of the package, and early init ran in the other one; let everything import one copy, for example by one alias, by Vite's resolve.dedupe, or shared as a singleton in module federation.`,
    option_unknown: name => `createOidc() has no option "${name}"; remove it or correct its name.`,
    option_unsupported: name => `createOidc() does not support "${name}", which would weaken the app; remove it.`,
    option_invalid: (name, value: unknown) =>
        name
            ? `"${name}" of createOidc() is ${show(value)}; it has to be ${OPTIONS[name as keyof typeof OPTIONS]}.`
            : `createOidc() is called with ${show(value)}; give it an object with issuerUri and clientId.`,
    base_url_missing: () => `BASE_URL is missing; give "/" or the path where the app is served to oidcEarlyInit() or createOidc().`,
    redirect_url_invalid: (url, home) => `"${plain(url)}" is not in the app at ${home}; return to a URL in it, or correct BASE_URL.`,
    iframe_timeout: uri =>
        `the authorization server did not answer in the hidden iframe; register the redirect URI ${uri} there, let this page frame both (frame-src here, frame-ancestors 'self' of the app), or use sessionRestorationMethod "full page redirect".`,
    session_ended: () => "the session at the authorization server has ended; log in again.",
    unexpected: message => `${message}.`
};

export const sentence = (code: OidcErrorCode, details: readonly unknown[]): string => SENTENCES[code](...(details as string[]));

/** A bound token in another form than the one that we understand. */
export const UNKNOWN_FORM = "a DPoP-bound token goes out as `Authorization: Bearer <token>` only";

/** A bound token on an instance that is not ours. */
export const NOT_OURS =
    "countersign: an XMLHttpRequest of another window, or made before early init, is not sent with a DPoP-bound token; make it in this window, or use fetch.";
