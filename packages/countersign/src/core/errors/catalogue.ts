import type { OidcErrorCode } from "./codes.js";

/**
 * Text from a URL may be attacker-written, so sentences show only its plain characters.
 */
const plain = (text = ""): string => text.slice(0, 200).replace(/[^\w.-]+/g, " ").trim();

/** The sentence of each code: what was found, and what to do. Written by `cargo xtask package`: change `crates/countersign-client/src/error/catalogue.rs`. */
export const SENTENCES: Record<OidcErrorCode, (...details: string[]) => string> = {
    not_in_browser: () => "createOidc() was called where there is no page, as in server-side rendering; call it in the browser only, for example in an effect or behind `typeof document`.",
    early_init_missing: () => `early init did not run: the plugin of countersign/vite-plugin is not in the Vite configuration, or it found no HTML page to put the call in, as with a framework that renders pages itself; add the plugin, or call oidcEarlyInit() of "countersign/entrypoint" before the app is loaded.`,
    second_copy: () => "this page has two copies of the package, and early init ran in the other one; let everything import one copy, for example by one alias, by Vite's resolve.dedupe, or shared as a singleton in module federation.",
    option_unknown: name => `createOidc() has no option ${name ? `"${name}"` : `""`}; remove it or correct its name.`,
    option_unsupported: name => `createOidc() does not support ${name ? `"${name}"` : "this option"}, which would weaken the app; remove it.`,
    option_invalid: (name, value, expected) => name ? `"${name}" of createOidc() is ${value || "nothing"}; ${expected ? `it has to be ${expected}` : "correct it"}.` : `createOidc() is called with ${value || "nothing"}; give it an object with issuerUri and clientId.`,
    base_url_missing: () => `BASE_URL is missing; give "/" or the path where the app is served to the Vite plugin (whose base may be "./"), to oidcEarlyInit() or to createOidc().`,
    redirect_url_invalid: (url, home) => `${plain(url) ? `"${plain(url)}"` : "the URL to return to"} is not in the app${home ? ` at ${home}` : ""}; return to a URL in it, or correct BASE_URL.`,
    iframe_timeout: redirectUri => `the authorization server did not answer in the hidden iframe; register the redirect URI${redirectUri ? ` ${redirectUri}` : ""} there, let this page frame both (frame-src here, frame-ancestors 'self' of the app), or use sessionRestorationMethod "full page redirect".`,
    session_ended: () => "the session at the authorization server has ended; log in again.",
    callback_failed: (option, message) => `${option ? `"${option}"` : "the object"} that the app gave to createOidc() or its object threw an error${plain(message) ? ` (${plain(message)})` : ""}; see its cause.`,
    unexpected: message => `${message || "something unexpected happened"}.`,
    insecure_context: () => "this page has no WebCrypto, because it is served neither by https nor from localhost; serve it by https.",
    engine_crashed: message => `the engine stopped because of a bug in it${message ? ` (${message})` : ""}; reload the page, and report the bug with the steps that led to it.`,
    token_unknown: () => "the token does not belong to this page; take it from getTokens().",
    issuer_invalid: issuer => `the issuer ${issuer ? `"${issuer}"` : `""`} is neither https nor http on this machine; give the https URL of the authorization server.`,
    discovery_unreachable: (url, status) => status ? `${url || "the discovery document"} answered with status ${status}; check the issuer and the authorization server.` : `the discovery document${url ? ` ${url}` : ""} could not be reached; check that the authorization server is running, allows this page's origin by CORS and is named in connect-src of the Content-Security-Policy.`,
    discovery_invalid: (url, member) => member ? `the discovery document${url ? ` ${url}` : ""} has no valid "${member}"; correct it at the authorization server, or give the member in __metadata.` : `${url || "the discovery document"} is not a JSON document; check the issuer.`,
    issuer_mismatch: (expected, received) => `the issuer is ${expected ? `"${expected}"` : "none"}, but its discovery document names ${received ? `"${received}"` : "none"}; use that issuer if it is the server that you mean.`,
    endpoint_insecure: (member, url) => `${member ? `"${member}"` : "an endpoint"} of the authorization server is ${url ? `"${url}"` : "none"}, neither https nor http on this machine; correct it there.`,
    dpop_unsupported: issuer => `DPoP is enforced, but ${issuer || "the authorization server"} does not list ES256 in dpop_signing_alg_values_supported; turn DPoP on there, or use mode "auto" or disableDPoP.`,
    token_not_bound: (issuer, tokenType) => `DPoP is enforced, but ${issuer || "the authorization server"} issued a token of ${tokenType ? `type "${tokenType}"` : "no type"} that is not bound to the key; turn DPoP on for this client there, or use mode "auto" or disableDPoP.`,
    token_type_unknown: tokenType => `the token endpoint issued a token of ${tokenType ? `type "${tokenType}"` : "no type"}, neither DPoP nor Bearer; configure the client for one of them.`,
    key_failed: () => "no P-256 key or signature could be created; try another browser, or one without hardening.",
    storage_refused: () => "the login could not be kept until its response; allow this site to store data.",
    parameter_reserved: name => `${name ? `"${name}" is` : "this is"} a parameter that the login itself decides; leave it out of extraQueryParams and extraTokenParams, and unchanged in transformUrlBeforeRedirect.`,
    push_unreachable: url => `the pushed authorization request endpoint${url ? ` ${url}` : ""} could not be reached; check that the authorization server is running and allows this page's origin and the DPoP header by CORS.`,
    push_refused: (error, description, status) => `the authorization server refused the pushed request with ${error ? `"${error}"` : status ? `status ${status}` : "no reason"}${description ? ` (${description})` : ""}; check the client's configuration there.`,
    push_response_invalid: member => `the answer of the pushed authorization request endpoint ${member ? `has no "${member}"` : "is not JSON"}; check the authorization server.`,
    flow_unknown: state => `the authorization response${plain(state) ? ` "${plain(state)}"` : ""} belongs to no login in progress; log in again.`,
    response_issuer_mismatch: (expected, received) => `the authorization response should come from ${expected ? `"${expected}"` : "the issuer"}, but its iss is ${plain(received) ? `"${plain(received)}"` : "none"}; log in again.`,
    authorization_error: (error, description) => `the authorization server refused the login with ${plain(error) ? `"${plain(error)}"` : "no reason"}${plain(description) ? ` (${plain(description)})` : ""}; check the client's configuration there.`,
    response_invalid: repeated => plain(repeated) ? `the authorization response holds "${plain(repeated)}" twice (RFC 6749, 3.1); log in again.` : "the authorization response holds neither a code nor an error; check the authorization server.",
    token_unreachable: url => `the token endpoint${url ? ` ${url}` : ""} could not be reached; check that the authorization server is running and allows this page's origin and the DPoP header by CORS.`,
    token_refused: (error, description, status) => `the token endpoint refused with ${error ? `"${error}"` : status ? `status ${status}` : "no reason"}${description ? ` (${description})` : ""}; check that the client is public and the request is allowed for it.`,
    token_response_invalid: member => `the answer of the token endpoint ${member ? `has no "${member}"` : "is not JSON"}; check the authorization server.`,
    id_token_missing: () => `the token endpoint issued no id_token; allow the scope "openid" for this client.`,
    id_token_malformed: () => "the id_token is no JWT with a JSON payload; check the authorization server.",
    id_token_iss: (expected, received) => `the id_token's iss is ${received ? `"${received}"` : "none"} and not ${expected ? `"${expected}"` : "the issuer"}; check the authorization server.`,
    id_token_aud: (expected, received) => `the id_token's aud is ${received ? `"${received}"` : "none"} and does not name ${expected ? `"${expected}"` : "this client"}; check the client's configuration at the authorization server.`,
    id_token_azp: (expected, received) => `the id_token's azp is ${received ? `"${received}"` : "none"} and not ${expected ? `"${expected}"` : "this client"}; check the client's configuration at the authorization server.`,
    id_token_exp: () => "the id_token has expired by the server's clock, or has no exp; check the authorization server.",
    id_token_iat: () => "the id_token has no iat; check the authorization server.",
    id_token_nonce: () => "the id_token's nonce is not the one of this login; log in again.",
    id_token_sub: (expected, received) => received ? `the id_token's sub is "${received}", but ${expected ? `"${expected}"` : "another user"} had logged in; log in again.` : "the id_token has no sub; check the authorization server.",
    no_refresh_token: () => "there are no tokens that can be renewed; log in again."
};
