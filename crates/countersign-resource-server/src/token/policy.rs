//! What access tokens must be like, apart from issuer and audience.

use std::time::Duration;

use countersign::crypto::Algorithm;
use serde_json::Value;

/// What the access tokens of an issuer must be like. The default is the secure one;
/// [`lenient`](Self::lenient) is for issuers whose unbound access tokens don't say what they are,
/// [`fapi2`](Self::fapi2) for APIs that follow that profile.
///
/// ```
/// use countersign_resource_server::{
///     AccessTokenPolicy, DpopRequirement, Issuer, ResourceServer, StaticKeys,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = StaticKeys::as_they_are(r#"{"keys":[]}"#);
/// // Entra ID has no DPoP, and its tokens are of the type `JWT`.
/// let issuer = Issuer::from_keys("https://login.example.com/tenant/v2.0", "6e74172b", keys)
///     .with_policy(AccessTokenPolicy::lenient());
/// let server = ResourceServer::builder("https://api.example.com", issuer)
///     .with_dpop(DpopRequirement::Optional)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AccessTokenPolicy {
    pub(crate) algorithms: Vec<Algorithm>,
    types: TokenTypes,
    max_seconds_left: i64,
}

/// Which header `typ` access tokens may have. Names are compared without regard to case, with or
/// without `application/` before `at+jwt` (RFC 9068, section 4). No other type is ever accepted: a
/// proof, a logout token or an introspection response says what it is (RFC 8725, section 3.11).
///
/// A token that doesn't say in its header that it is an access token may be any JWT that the issuer
/// signs. So where `JWT` or no `typ` is accepted, a token that looks like another kind is refused:
/// one with `nonce`, `at_hash`, `c_hash`, `s_hash`, `events` or `code`, with a claim `typ` of
/// Keycloak's other tokens (`ID`, `Refresh`, ...), or without `sub`, `client_id` and `azp`. That
/// can't tell every ID token; give the API an audience that is no client's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenTypes {
    /// `at+jwt` (RFC 9068) for every token.
    AtJwt,
    /// `at+jwt` for unbound tokens. Bound ones may also have the type `JWT` or none: their sender
    /// holds the key that they were issued to.
    #[default]
    AtJwtUnlessBound,
    /// `at+jwt`, `JWT` or none, for unbound tokens too.
    Lenient,
}

impl Default for AccessTokenPolicy {
    fn default() -> Self {
        Self {
            algorithms: [
                Algorithm::Es256,
                Algorithm::Rs256,
                Algorithm::Ps256,
                Algorithm::EdDsa,
                Algorithm::Es384,
            ]
            .to_vec(),
            types: TokenTypes::default(),
            // Auth0's tokens live that long by default; those of other issuers live for
            // minutes.
            max_seconds_left: 24 * 3600,
        }
    }
}

impl AccessTokenPolicy {
    /// The policy for issuers whose unbound access tokens are of the type `JWT` or of none:
    /// Keycloak, Auth0, Okta, Entra ID.
    #[must_use]
    pub fn lenient() -> Self {
        Self::default().with_types(TokenTypes::Lenient)
    }

    /// The policy with the algorithms of the FAPI 2.0 Security Profile (5.4.1): PS256, ES256 and
    /// EdDSA. Everything else is as by default.
    /// [`ResourceServerBuilder::with_fapi2`](crate::ResourceServerBuilder::with_fapi2) sets this
    /// and the policy of proofs.
    #[must_use]
    pub fn fapi2() -> Self {
        Self::default().with_algorithms(&[Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa])
    }

    /// Sets what tokens may be signed with: by default ES256, RS256, PS256, EdDSA and ES384. The
    /// algorithms of proofs are [another
    /// setting](countersign::proof::VerifierPolicy::with_algorithms).
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Sets which `typ` tokens may have. Default: [`TokenTypes::AtJwtUnlessBound`].
    #[must_use]
    pub fn with_types(mut self, types: TokenTypes) -> Self {
        self.types = types;
        self
    }

    /// Sets how long, in whole seconds from now, a token may still be valid: 24 hours by default. A
    /// token that claims more is refused, so that a token stolen long ago, or a refresh token that
    /// looks like an access token, does not stay useful for ever.
    #[must_use]
    pub fn with_max_time_left(mut self, max_time_left: Duration) -> Self {
        self.max_seconds_left = i64::try_from(max_time_left.as_secs()).unwrap_or(i64::MAX);
        self
    }

    pub(super) fn takes(&self, typ: Option<&Value>) -> bool {
        match typ {
            None => self.types != TokenTypes::AtJwt,
            Some(Value::String(text)) => {
                is_at_jwt(text)
                    || (text.eq_ignore_ascii_case("JWT") && self.types != TokenTypes::AtJwt)
            }
            Some(_) => false,
        }
    }

    /// Whether an unbound token must be of the type `at+jwt`.
    pub(super) fn wants_type_of_unbound(&self) -> bool {
        self.types != TokenTypes::Lenient
    }

    pub(super) fn max_seconds_left(&self) -> i64 {
        self.max_seconds_left
    }
}

/// Whether a header's `typ` says that the token is an access token.
pub(super) fn is_at_jwt(typ: &str) -> bool {
    ["at+jwt", "application/at+jwt"]
        .iter()
        .any(|accepted| typ.eq_ignore_ascii_case(accepted))
}
