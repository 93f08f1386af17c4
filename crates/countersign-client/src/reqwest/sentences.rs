//! The engine's causes as sentences: what was found, and what to do.

use std::format;
use std::string::String;

use super::error::Refused;
use crate::error::Cause;

pub(super) fn sentence(refused: &Refused) -> String {
    let detail = |index: usize| refused.details.get(index).map_or("", String::as_str);
    let (first, second) = (detail(0), detail(1));
    let because = |description: &str| match description {
        "" => String::new(),
        description => format!(" ({description})"),
    };
    let reason = because(refused.reason.as_deref().unwrap_or_default());
    let received = match second {
        "" => String::from("none"),
        received => format!("\"{received}\""),
    };
    let refusal = |endpoint: &str| {
        let error = if first.is_empty() { detail(2) } else { first };
        format!(
            "the {endpoint} refused with \"{error}\"{}; check the client's configuration there",
            because(second)
        )
    };
    let unreachable = |endpoint: &str| {
        format!(
            "the {endpoint} {first} could not be reached{reason}; check that the authorization server is running"
        )
    };
    let incomplete = |endpoint: &str| match first {
        "" => format!("the {endpoint}'s answer is not JSON; check the authorization server"),
        member => {
            format!("the {endpoint}'s answer has no \"{member}\"; check the authorization server")
        }
    };
    match refused.cause {
        Cause::IssuerInvalid => format!(
            "the issuer \"{first}\" is neither https nor http on localhost; give the https URL of the authorization server"
        ),
        Cause::DiscoveryUnreachable if second.is_empty() => unreachable("discovery document"),
        Cause::DiscoveryUnreachable => format!(
            "{first} answered with status {second}; check the issuer and the authorization server"
        ),
        Cause::DiscoveryInvalid if second.is_empty() => {
            format!("{first} is not a JSON document; check the issuer")
        }
        Cause::DiscoveryInvalid => format!(
            "the discovery document {first} has no valid \"{second}\"; correct it at the authorization server, or give the member as metadata"
        ),
        Cause::IssuerMismatch => format!(
            "the issuer is \"{first}\", but the server there calls itself {received}; use that as the issuer if it is the server you mean"
        ),
        Cause::EndpointInsecure => format!(
            "\"{first}\" of the authorization server is \"{second}\", neither https nor http on localhost; correct it there"
        ),
        Cause::DpopUnsupported => format!(
            "DPoP is enforced, but {first} does not list ES256 in dpop_signing_alg_values_supported; turn DPoP on there, or use the mode Auto"
        ),
        Cause::TokenNotBound => format!(
            "DPoP is enforced, but {first} issued a token of type \"{second}\" that is not bound to the key; turn DPoP on for this client there, or use the mode Auto"
        ),
        Cause::TokenTypeUnknown => format!(
            "the token endpoint issued a token of type \"{first}\", neither DPoP nor Bearer; configure the client for one of them"
        ),
        Cause::KeyFailed => "aws-lc-rs could not make a P-256 key or a signature; report it".into(),
        Cause::StorageRefused => "the login could not be kept until its response; report it".into(),
        Cause::ParameterReserved => format!(
            "\"{first}\" is a parameter that the client sets itself; remove it from authorization_parameter() and token_parameter()"
        ),
        Cause::PushUnreachable => unreachable("pushed authorization request endpoint"),
        Cause::PushRefused => refusal("pushed authorization request endpoint"),
        Cause::PushResponseInvalid => incomplete("pushed authorization request endpoint"),
        Cause::FlowUnknown => format!(
            "the authorization response \"{first}\" belongs to no login that is under way; log in again"
        ),
        Cause::ResponseIssuerMismatch => format!(
            "the authorization response should come from \"{first}\", but its iss is {received}; it was refused, log in again"
        ),
        Cause::AuthorizationError => format!(
            "the authorization server refused the login with \"{first}\"{}; check the client's configuration there",
            because(second)
        ),
        Cause::ResponseInvalid if !first.is_empty() => format!(
            "the authorization response holds \"{first}\" twice (RFC 6749, 3.1); it was refused, log in again"
        ),
        Cause::ResponseInvalid => {
            "the authorization response holds neither a code nor an error; check the authorization server".into()
        }
        Cause::TokenUnreachable => unreachable("token endpoint"),
        Cause::TokenRefused => refusal("token endpoint"),
        Cause::TokenResponseInvalid => incomplete("token endpoint"),
        Cause::IdTokenMissing => {
            "the token endpoint issued no id_token; allow the scope \"openid\" for this client".into()
        }
        Cause::IdTokenMalformed => {
            "the id_token is no JWT with a JSON payload; check the authorization server".into()
        }
        Cause::IdTokenIssuer => format!("the id_token's iss is {received} and not \"{first}\"; it was refused"),
        Cause::IdTokenAudience => {
            format!("the id_token's aud is {received} and does not name \"{first}\"; it was refused")
        }
        Cause::IdTokenAuthorizedParty => {
            format!("the id_token's azp is {received} and not \"{first}\"; it was refused")
        }
        Cause::IdTokenExpired => {
            "the id_token has expired by the server's clock, or tells no exp; it was refused".into()
        }
        Cause::IdTokenIssuedAt => "the id_token tells no iat; it was refused".into(),
        Cause::IdTokenNonce => {
            "the id_token's nonce is not the one of this login; it was refused, log in again".into()
        }
        // "?": nobody in particular had logged in.
        Cause::IdTokenSubject if first == "?" => "the id_token has no sub; it was refused".into(),
        Cause::IdTokenSubject => format!(
            "the id_token's sub is {received}, but \"{first}\" had logged in; it was refused"
        ),
        Cause::NoRefreshToken => "the tokens have ended and cannot be renewed; log in again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn a_server_cannot_write_on_the_terminal() {
        let refused = Refused {
            cause: Cause::TokenRefused,
            details: ["invalid_grant", "a\u{1b}[2Jb\u{9b}c\nd", "400"]
                .map(String::from)
                .into(),
            reason: None,
        };
        assert_eq!(
            refused.to_string(),
            "the token endpoint refused with \"invalid_grant\" (a\u{fffd}[2Jb\u{fffd}c\u{fffd}d); check the client's \
             configuration there"
        );
    }
}
