/// How an access token is presented: the authentication scheme of `Authorization` and the
/// `token_type` of the token response (RFC 9449, 5 and 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "whoever matches decides about both"
)]
pub enum Scheme {
    /// With a proof.
    Dpop,
    /// Without a proof.
    Bearer,
}
