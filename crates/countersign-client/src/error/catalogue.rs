//! Every error of a client: its code, its details in order, and its sentence.
//!
//! This table defines [`Cause`], the native client's sentences, and the npm package's codes and
//! sentences and the table in its README, which `cargo xtask package` generates. The WebAssembly
//! engine holds the codes alone.

use super::sentence::found;
pub use super::sentence::{Detail, Entry};

macro_rules! entries {
    ($(
        $(#[doc = $meaning:literal])+
        $($cause:ident =)? $code:literal
        [$($detail:ident $(: $plain:ident)? $(or $none:literal)?),*] => [$($case:expr),+ $(,)?];
    )*) => {
        &[$(Entry {
            code: $code,
            meaning: &[$($meaning),+],
            details: &[$(Detail {
                name: stringify!($detail),
                is_plain: !matches!(stringify!($($plain)?).as_bytes(), b""),
                is_optional: !matches!(concat!($("or", $none)?).as_bytes(), b""),
            }),*],
            cases: &[$($case),+],
        }),*]
    };
}

macro_rules! causes {
    ($(
        $(#[doc = $meaning:literal])+
        $cause:ident = $code:literal
        [$($detail:ident $(: $plain:ident)? $(or $none:literal)?),*] => [$($case:expr),+ $(,)?];
    )*) => {
        /// Why the engine failed.
        ///
        /// Each variant's documentation names its [`Failure::details`](super::Failure::details) in
        /// square brackets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Cause {
            $(
                $(#[doc = $meaning])+
                #[doc = concat!("`[", stringify!($($detail $(or $none)?),*), "]`")]
                $cause,
            )*
        }

        impl Cause {
            /// Returns the code that applications know it by.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$cause => $code,)*
                }
            }

            /// Returns its row of the catalogue.
            #[doc(hidden)]
            #[must_use]
            pub fn entry(self) -> &'static Entry {
                &ENGINE[self as usize]
            }
        }

        /// The engine's errors, in the order of [`Cause`].
        pub static ENGINE: &[Entry] = entries! { $(
            $(#[doc = $meaning])+
            $cause = $code [$($detail $(: $plain)? $(or $none)?),*] => [$($case),+];
        )* };
    };
}

causes! {
    /// The issuer is neither https nor http on this machine.
    IssuerInvalid = "issuer_invalid" [issuer] => [
        found(r#"the issuer {"$issuer"|""} is neither https nor http on this machine"#)
            .advise("give the https URL of the authorization server")
    ];

    /// The discovery document could not be fetched: the server is down, or a browser is kept from
    /// it by CORS or the Content-Security-Policy.
    DiscoveryUnreachable = "discovery_unreachable" [url, status or ""] => [
        found("{$url|the discovery document} answered with status $status")
            .given("status")
            .advise("check the issuer and the authorization server"),
        found("the discovery document{ $url|} could not be reached{ ($reason)|}")
            .advise_page("check that the authorization server is running, allows this page's origin by CORS and is named in connect-src of the Content-Security-Policy")
            .advise_native("check that the authorization server is running")
    ];

    /// The discovery document is not JSON or lacks a member.
    DiscoveryInvalid = "discovery_invalid" [url, member or ""] => [
        found(r#"the discovery document{ $url|} has no valid "$member""#)
            .given("member")
            .advise_page("correct it at the authorization server, or give the member in __metadata")
            .advise_native("correct it at the authorization server, or give the member as metadata"),
        found("{$url|the discovery document} is not a JSON document").advise("check the issuer")
    ];

    /// The discovery document names another issuer (OpenID Connect Discovery 4.3).
    IssuerMismatch = "issuer_mismatch" [expected, received or ""] => [
        found(r#"the issuer is {"$expected"|none}, but its discovery document names {"$received"|none}"#)
            .advise("use that issuer if it is the server that you mean")
    ];

    /// An endpoint of the authorization server is neither https nor http on this machine.
    EndpointInsecure = "endpoint_insecure" [member, url] => [
        found(r#"{"$member"|an endpoint} of the authorization server is {"$url"|none}, neither https nor http on this machine"#)
            .advise("correct it there")
    ];

    /// The mode is `enforced`, but the authorization server does not list ES256 for DPoP (RFC 9449,
    /// 5.1). No authorization request was sent.
    DpopUnsupported = "dpop_unsupported" [issuer] => [
        found("DPoP is enforced, but {$issuer|the authorization server} does not list ES256 in dpop_signing_alg_values_supported")
            .advise_page(r#"turn DPoP on there, or use mode "auto" or disableDPoP"#)
            .advise_native("turn DPoP on there, or use the mode Auto")
    ];

    /// The mode is `enforced`, but the server issued a token that is not bound to the key (RFC
    /// 9449, 5).
    TokenNotBound = "token_not_bound" [issuer, token_type or ""] => [
        found(r#"DPoP is enforced, but {$issuer|the authorization server} issued a token of {type "$token_type"|no type} that is not bound to the key"#)
            .advise_page(r#"turn DPoP on for this client there, or use mode "auto" or disableDPoP"#)
            .advise_native("turn DPoP on for this client there, or use the mode Auto")
    ];

    /// The token is neither DPoP nor Bearer.
    TokenTypeUnknown = "token_type_unknown" [token_type or ""] => [
        found(r#"the token endpoint issued a token of {type "$token_type"|no type}, neither DPoP nor Bearer"#)
            .advise("configure the client for one of them")
    ];

    /// The platform could not create a key or a signature.
    KeyFailed = "key_failed" [] => [
        found("no P-256 key or signature could be created")
            .advise_page("try another browser, or one without hardening")
            .advise_native("report the bug")
    ];

    /// The login could not be kept until its response: the browser stores no data for the site.
    StorageRefused = "storage_refused" [] => [
        found("the login could not be kept until its response")
            .advise_page("allow this site to store data")
            .advise_native("report the bug")
    ];

    /// The app adds, changes or removes a parameter that only the login itself decides.
    ParameterReserved = "parameter_reserved" [name] => [
        found(r#"{"$name" is|this is} a parameter that the login itself decides"#)
            .advise_page("leave it out of extraQueryParams and extraTokenParams, and unchanged in transformUrlBeforeRedirect")
            .advise_native("remove it from authorization_parameter() and token_parameter()")
    ];

    /// No answer from the pushed authorization request endpoint (RFC 9126): the server is down, or
    /// its CORS settings leave out a browser's origin or the `DPoP` header.
    PushUnreachable = "push_unreachable" [url] => [
        found("the pushed authorization request endpoint{ $url|} could not be reached{ ($reason)|}")
            .advise_page("check that the authorization server is running and allows this page's origin and the DPoP header by CORS")
            .advise_native("check that the authorization server is running")
    ];

    /// The pushed authorization request endpoint refused (RFC 9126, 2.3).
    PushRefused = "push_refused" [error or "", description or "", status] => [
        found(r#"the authorization server refused the pushed request with {"$error"|status $status|no reason}{ ($description)|}"#)
            .advise("check the client's configuration there")
    ];

    /// The answer of the pushed authorization request endpoint is not JSON or lacks a member.
    PushResponseInvalid = "push_response_invalid" [member or ""] => [
        found(r#"the answer of the pushed authorization request endpoint {has no "$member"|is not JSON}"#)
            .advise("check the authorization server")
    ];

    /// The authorization response belongs to no login in progress: it was used before, its login
    /// was abandoned, or it is forged.
    FlowUnknown = "flow_unknown" [state: plain] => [
        found(r#"the authorization response{ "$state"|} belongs to no login in progress"#).advise("log in again")
    ];

    /// The `iss` of the authorization response is missing or names another issuer (RFC 9207).
    ResponseIssuerMismatch = "response_issuer_mismatch" [expected, received: plain or ""] => [
        found(r#"the authorization response should come from {"$expected"|the issuer}, but its iss is {"$received"|none}"#)
            .advise("log in again")
    ];

    /// The authorization server refused the login (RFC 6749, 4.1.2.1).
    AuthorizationError = "authorization_error" [error: plain, description: plain or ""] => [
        found(r#"the authorization server refused the login with {"$error"|no reason}{ ($description)|}"#)
            .advise("check the client's configuration there")
    ];

    /// The authorization response holds neither a code nor an error, or a parameter twice (RFC
    /// 6749, 3.1).
    ResponseInvalid = "response_invalid" [repeated: plain or ""] => [
        found(r#"the authorization response holds "$repeated" twice (RFC 6749, 3.1)"#)
            .given("repeated")
            .advise("log in again"),
        found("the authorization response holds neither a code nor an error").advise("check the authorization server")
    ];

    /// No answer from the token endpoint: the server is down, or its CORS settings leave out a
    /// browser's origin or the `DPoP` header.
    TokenUnreachable = "token_unreachable" [url] => [
        found("the token endpoint{ $url|} could not be reached{ ($reason)|}")
            .advise_page("check that the authorization server is running and allows this page's origin and the DPoP header by CORS")
            .advise_native("check that the authorization server is running")
    ];

    /// The token endpoint refused (RFC 6749, 5.2).
    TokenRefused = "token_refused" [error or "", description or "", status] => [
        found(r#"the token endpoint refused with {"$error"|status $status|no reason}{ ($description)|}"#)
            .advise_page("check that the client is public and the request is allowed for it")
            .advise_native("check the client's configuration there")
    ];

    /// The answer of the token endpoint is not JSON or lacks a member.
    TokenResponseInvalid = "token_response_invalid" [member or ""] => [
        found(r#"the answer of the token endpoint {has no "$member"|is not JSON}"#).advise("check the authorization server")
    ];

    /// No id_token came with the code.
    IdTokenMissing = "id_token_missing" [] => [
        found("the token endpoint issued no id_token").advise(r#"allow the scope "openid" for this client"#)
    ];

    /// The id_token is no JWT with a JSON payload.
    IdTokenMalformed = "id_token_malformed" [] => [
        found("the id_token is no JWT with a JSON payload").advise("check the authorization server")
    ];

    /// The `iss` of the id_token is missing or names another issuer.
    IdTokenIssuer = "id_token_iss" [expected, received or ""] => [
        found(r#"the id_token's iss is {"$received"|none} and not {"$expected"|the issuer}"#).advise("check the authorization server")
    ];

    // There are as many `received` as the id_token has.
    /// The `aud` of the id_token does not name the client.
    IdTokenAudience = "id_token_aud" [expected, received or ""] => [
        found(r#"the id_token's aud is {"$received"|none} and does not name {"$expected"|this client}"#)
            .advise("check the client's configuration at the authorization server")
    ];

    /// The `azp` of the id_token is missing or names another client.
    IdTokenAuthorizedParty = "id_token_azp" [expected, received or ""] => [
        found(r#"the id_token's azp is {"$received"|none} and not {"$expected"|this client}"#)
            .advise("check the client's configuration at the authorization server")
    ];

    /// The id_token has expired by the server's clock, or has no `exp`.
    IdTokenExpired = "id_token_exp" [] => [
        found("the id_token has expired by the server's clock, or has no exp").advise("check the authorization server")
    ];

    /// The id_token has no `iat`.
    IdTokenIssuedAt = "id_token_iat" [] => [found("the id_token has no iat").advise("check the authorization server")];

    /// The `nonce` of the id_token is missing or not the login's.
    IdTokenNonce = "id_token_nonce" [expected, received or ""] => [
        found("the id_token's nonce is not the one of this login").advise("log in again")
    ];

    // At login any subject is accepted: `"?"` is expected then.
    /// The `sub` of the id_token is missing or not the one of the login.
    IdTokenSubject = "id_token_sub" [expected, received or ""] => [
        found(r#"the id_token's sub is "$received", but {"$expected"|another user} had logged in"#)
            .given("received")
            .advise("log in again"),
        found("the id_token has no sub").advise("check the authorization server")
    ];

    /// There are no tokens that can be renewed.
    NoRefreshToken = "no_refresh_token" [] => [
        found("there are no tokens that can be renewed").advise("log in again")
    ];
}

/// The errors of the npm package's side of the boundary.
pub static BOUNDARY: &[Entry] = entries! {
    /// The page has no WebCrypto: it is served neither by https nor from localhost.
    "insecure_context" [] => [
        found("this page has no WebCrypto, because it is served neither by https nor from localhost")
            .advise("serve it by https")
    ];

    /// The engine stopped because of a bug in it.
    "engine_crashed" [message or ""] => [
        found("the engine stopped because of a bug in it{ ($message)|}")
            .advise("reload the page, and report the bug with the steps that led to it")
    ];

    /// The token does not belong to this page.
    "token_unknown" [] => [
        found("the token does not belong to this page").advise("take it from getTokens()")
    ];
};

/// The errors of `createOidc` itself.
pub static PAGE: &[Entry] = entries! {
    /// `createOidc` was called where there is no page: in server-side rendering, a worker, or a
    /// test without a browser.
    "not_in_browser" [] => [
        found("createOidc() was called where there is no page, as in server-side rendering")
            .advise("call it in the browser only, for example in an effect or behind `typeof document`")
    ];

    /// `oidcEarlyInit` was not called. Either the Vite plugin is not there, or it is and found no
    /// HTML page to put the call in, as in frameworks that render their pages themselves.
    "early_init_missing" [] => [
        found("early init did not run: the plugin of countersign/vite-plugin is not in the Vite configuration, or it found no HTML page to put the call in, as with a framework that renders pages itself")
            .advise(r#"add the plugin, or call oidcEarlyInit() of "countersign/entrypoint" before the app is loaded"#)
    ];

    /// The page has two copies of the package, and early init of the other one ran first.
    /// `oidcEarlyInit` throws it, too.
    "second_copy" [] => [
        found("this page has two copies of the package, and early init ran in the other one")
            .advise("let everything import one copy, for example by one alias, by Vite's resolve.dedupe, or shared as a singleton in module federation")
    ];

    /// `createOidc` has no such option.
    "option_unknown" [name] => [
        found(r#"createOidc() has no option {"$name"|""}"#).advise("remove it or correct its name")
    ];

    /// An option of oidc-spa that would weaken the app.
    "option_unsupported" [name] => [
        found(r#"createOidc() does not support {"$name"|this option}, which would weaken the app"#).advise("remove it")
    ];

    /// An option is missing or has a wrong value.
    "option_invalid" [name or "", value, expected or ""] => [
        found(r#""$name" of createOidc() is {$value|nothing}"#)
            .given("name")
            .advise("{it has to be $expected|correct it}"),
        found("createOidc() is called with {$value|nothing}").advise("give it an object with issuerUri and clientId")
    ];

    /// Neither early init nor `createOidc` was told where the app is served.
    "base_url_missing" [] => [
        found("BASE_URL is missing")
            .advise(r#"give "/" or the path where the app is served to the Vite plugin (whose base may be "./"), to oidcEarlyInit() or to createOidc()"#)
    ];

    /// The place to return to is not in the app.
    "redirect_url_invalid" [url: plain, home] => [
        found(r#"{"$url"|the URL to return to} is not in the app{ at $home|}"#)
            .advise("return to a URL in it, or correct BASE_URL")
    ];

    /// No answer in the hidden iframe: framing is forbidden, the redirect URI is not registered, or
    /// the server shows a page.
    "iframe_timeout" [redirect_uri] => [
        found("the authorization server did not answer in the hidden iframe")
            .advise(r#"register the redirect URI{ $redirect_uri|} there, let this page frame both (frame-src here, frame-ancestors 'self' of the app), or use sessionRestorationMethod "full page redirect""#)
    ];

    /// The session at the authorization server has ended, twice within seconds.
    "session_ended" [] => [
        found("the session at the authorization server has ended").advise("log in again")
    ];

    /// The app's own code threw: a callback, or a getter of an option. Its error is the `cause`.
    "callback_failed" [option or "", message: plain or ""] => [
        found(r#"{"$option"|the object} that the app gave to createOidc() or its object threw an error{ ($message)|}"#)
            .advise("see its cause")
    ];

    /// An error of another kind: a file of the package could not be loaded.
    "unexpected" [message] => [found("{$message|something unexpected happened}")];
};

/// Iterates over all errors, in the order of the README's table.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    PAGE.iter().chain(BOUNDARY).chain(ENGINE)
}
