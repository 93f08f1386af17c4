/** Every `code` of an `EngineError`, with what its `details` hold in square brackets. Written by `cargo xtask package`: change `crates/countersign-client/src/error/catalogue.rs`. */
export type EngineErrorCode =
    /** The page has no WebCrypto: it is served neither by https nor from localhost. [] */
    | "insecure_context"
    /** The engine stopped because of a bug in it. [message or ""] */
    | "engine_crashed"
    /** The token does not belong to this page. [] */
    | "token_unknown"
    /** The issuer is neither https nor http on this machine. [issuer] */
    | "issuer_invalid"
    /** The discovery document could not be fetched: the server is down, or a browser is kept from it by CORS or the Content-Security-Policy. [url, status or ""] */
    | "discovery_unreachable"
    /** The discovery document is not JSON or lacks a member. [url, member or ""] */
    | "discovery_invalid"
    /** The discovery document names another issuer (OpenID Connect Discovery 4.3). [expected, received or ""] */
    | "issuer_mismatch"
    /** An endpoint of the authorization server is neither https nor http on this machine. [member, url] */
    | "endpoint_insecure"
    /** The mode is `enforced`, but the authorization server does not list ES256 for DPoP (RFC 9449, 5.1). No authorization request was sent. [issuer] */
    | "dpop_unsupported"
    /** The mode is `enforced`, but the server issued a token that is not bound to the key (RFC 9449, 5). [issuer, token_type or ""] */
    | "token_not_bound"
    /** The token is neither DPoP nor Bearer. [token_type or ""] */
    | "token_type_unknown"
    /** The platform could not create a key or a signature. [] */
    | "key_failed"
    /** The login could not be kept until its response: the browser stores no data for the site. [] */
    | "storage_refused"
    /** The app adds, changes or removes a parameter that only the login itself decides. [name] */
    | "parameter_reserved"
    /** No answer from the pushed authorization request endpoint (RFC 9126): the server is down, or its CORS settings leave out a browser's origin or the `DPoP` header. [url] */
    | "push_unreachable"
    /** The pushed authorization request endpoint refused (RFC 9126, 2.3). [error or "", description or "", status] */
    | "push_refused"
    /** The answer of the pushed authorization request endpoint is not JSON or lacks a member. [member or ""] */
    | "push_response_invalid"
    /** The authorization response belongs to no login in progress: it was used before, its login was abandoned, or it is forged. [state] */
    | "flow_unknown"
    /** The `iss` of the authorization response is missing or names another issuer (RFC 9207). [expected, received or ""] */
    | "response_issuer_mismatch"
    /** The authorization server refused the login (RFC 6749, 4.1.2.1). [error, description or ""] */
    | "authorization_error"
    /** The authorization response holds neither a code nor an error, or a parameter twice (RFC 6749, 3.1). [repeated or ""] */
    | "response_invalid"
    /** No answer from the token endpoint: the server is down, or its CORS settings leave out a browser's origin or the `DPoP` header. [url] */
    | "token_unreachable"
    /** The token endpoint refused (RFC 6749, 5.2). [error or "", description or "", status] */
    | "token_refused"
    /** The answer of the token endpoint is not JSON or lacks a member. [member or ""] */
    | "token_response_invalid"
    /** No id_token came with the code. [] */
    | "id_token_missing"
    /** The id_token is no JWT with a JSON payload. [] */
    | "id_token_malformed"
    /** The `iss` of the id_token is missing or names another issuer. [expected, received or ""] */
    | "id_token_iss"
    /** The `aud` of the id_token does not name the client. [expected, received or ""] */
    | "id_token_aud"
    /** The `azp` of the id_token is missing or names another client. [expected, received or ""] */
    | "id_token_azp"
    /** The id_token has expired by the server's clock, or has no `exp`. [] */
    | "id_token_exp"
    /** The id_token has no `iat`. [] */
    | "id_token_iat"
    /** The `nonce` of the id_token is missing or not the login's. [expected, received or ""] */
    | "id_token_nonce"
    /** The `sub` of the id_token is missing or not the one of the login. [expected, received or ""] */
    | "id_token_sub"
    /** There are no tokens that can be renewed. [] */
    | "no_refresh_token";
