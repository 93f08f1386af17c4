/** Every `code` of an `EngineError`, with what its `details` hold in square brackets. */
export type EngineErrorCode =
    /** No `crypto.subtle`: the page is neither https nor on localhost. [] */
    | "insecure_context"
    /** The browser forbids WebAssembly: a Content-Security-Policy without 'wasm-unsafe-eval', or a hardened mode. [browser's message] */
    | "wasm_refused"
    /** The engine met a defect of its own and was discarded; reload the page. [browser's message, where it did not start] */
    | "engine_crashed"
    /** The issuer is neither https nor loopback http. [issuer] */
    | "issuer_invalid"
    /** The discovery document could not be fetched. [URL, HTTP status or "" where there was no readable response] */
    | "discovery_unreachable"
    /** The discovery document is not JSON or lacks a member. [URL, member or ""] */
    | "discovery_invalid"
    /** The discovery document names another issuer. [expected, received] */
    | "issuer_mismatch"
    /** An endpoint is neither https nor loopback http. [metadata member, URL] */
    | "endpoint_insecure"
    /** `enforced`, and the metadata does not list ES256 for DPoP. [issuer] */
    | "dpop_unsupported"
    /** `enforced`, and the server answered with another `token_type` than DPoP. [issuer, received token_type] */
    | "token_not_bound"
    /** A `token_type` that the request did not ask for and we cannot use. [received token_type] */
    | "token_type_unknown"
    /** WebCrypto could not make a key or a signature. [] */
    | "key_failed"
    /** Neither IndexedDB nor sessionStorage keeps the login under way. [] */
    | "storage_refused"
    /** The app has added, changed or removed a parameter that only the engine decides. [name] */
    | "parameter_reserved"
    /** No response from the pushed authorization request endpoint (RFC 9126). [URL] */
    | "push_unreachable"
    /** The pushed authorization request endpoint refused. [error or HTTP status, error_description or "", HTTP status] */
    | "push_refused"
    /** The pushed authorization request endpoint's answer is not JSON or lacks a member. [member or ""] */
    | "push_response_invalid"
    /** The response belongs to no login of this client that is under way: taken before, abandoned, or forged. [state] */
    | "flow_unknown"
    /** RFC 9207: `iss` of the response is missing or another. [expected, received or ""] */
    | "response_issuer_mismatch"
    /** The authorization endpoint answered with an error. [error, error_description or ""] */
    | "authorization_error"
    /** The authorization response holds no `code`, or a parameter twice (RFC 6749, 3.1). [name that is repeated, or ""] */
    | "response_invalid"
    /** No response from the token endpoint. [URL] */
    | "token_unreachable"
    /** The token endpoint refused. [error or HTTP status, error_description or "", HTTP status] */
    | "token_refused"
    /** The token endpoint's answer is not JSON or lacks a member. [member or ""] */
    | "token_response_invalid"
    /** None came with the code. [] */
    | "id_token_missing"
    /** Not a JWT with a JSON payload. [] */
    | "id_token_malformed"
    /** [expected, received] */
    | "id_token_iss"
    /** [expected client id, received ...] */
    | "id_token_aud"
    /** [expected client id, received or ""] */
    | "id_token_azp"
    /** Expired by the server's clock, or no `exp`. [] */
    | "id_token_exp"
    /** No `iat`. [] */
    | "id_token_iat"
    /** [expected, received or ""] */
    | "id_token_nonce"
    /** No `sub`, or another one than at login. [expected or "?", received or ""] */
    | "id_token_sub"
    /** `renew` without a refresh token. [] */
    | "no_refresh_token"
    /** `authorize` with a string that is no bound token of ours. [] */
    | "token_unknown";
