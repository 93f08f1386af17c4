//! Whether a client uses DPoP with a server (RFC 9449, sections 5 and 5.1).
//!
//! It is decided twice: before the first request by the server's metadata ([`decide`]), and with
//! each token by its `token_type` ([`accept`]). Both depend on what the server says now; nothing
//! remembered is trusted.
//!
//! ```
//! use countersign::{access_token::Scheme, dpop_mode::{Mode, ModeError, accept, decide}};
//!
//! let offered = ["RS256", "ES256"]; // dpop_signing_alg_values_supported
//! assert_eq!(decide(Mode::Auto, "ES256", &offered), Ok(Scheme::Dpop));
//! assert_eq!(decide(Mode::Auto, "ES256", &["RS256"]), Ok(Scheme::Bearer));
//! assert_eq!(decide(Mode::Enforced, "ES256", &["RS256"]), Err(ModeError::Unsupported));
//!
//! assert_eq!(accept(Mode::Auto, Scheme::Dpop, "Bearer"), Ok(Scheme::Bearer));
//! assert_eq!(accept(Mode::Enforced, Scheme::Dpop, "Bearer"), Err(ModeError::NotBound));
//! ```

use crate::access_token::Scheme;

/// The application's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "the application's choice; a client acts on each"
)]
pub enum Mode {
    /// Bearer tokens; no proof is ever sent.
    Off,
    /// DPoP if the server supports it, else Bearer.
    Auto,
    /// DPoP, or no login.
    Enforced,
}

/// Why a client must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModeError {
    /// [`Mode::Enforced`], and the server's metadata doesn't list the key's algorithm (or any).
    Unsupported,
    /// [`Mode::Enforced`], and the server gave a token that is not bound to the key.
    NotBound,
    /// The token is of a type that this client did not ask for or doesn't know. It must not be
    /// used, in any mode (RFC 6749, 7.1).
    UnknownTokenType,
}

/// Decides whether to send proofs to an authorization server, by its
/// `dpop_signing_alg_values_supported` (empty if the metadata has none) and the key's `algorithm`.
///
/// # Errors
/// [`ModeError::Unsupported`] in [`Mode::Enforced`], if the list lacks `algorithm`: send no
/// authorization request.
pub fn decide<A: AsRef<str>>(
    mode: Mode,
    algorithm: &str,
    offered: &[A],
) -> Result<Scheme, ModeError> {
    let is_offered = offered.iter().any(|offer| offer.as_ref() == algorithm);
    match mode {
        Mode::Off => Ok(Scheme::Bearer),
        Mode::Auto | Mode::Enforced if is_offered => Ok(Scheme::Dpop),
        Mode::Auto => Ok(Scheme::Bearer),
        Mode::Enforced => Err(ModeError::Unsupported),
    }
}

/// Decides how to use a token that came with `token_type` in answer to a request that was sent as
/// `asked`.
///
/// In [`Mode::Auto`], a Bearer answer to a request with a proof concerns this access token only:
/// later token requests still carry proofs, since the refresh token may be bound (section 5).
///
/// # Errors
/// [`ModeError::NotBound`]: Bearer in [`Mode::Enforced`]. [`ModeError::UnknownTokenType`]: neither
/// Bearer nor the DPoP that was asked for.
pub fn accept(mode: Mode, asked: Scheme, token_type: &str) -> Result<Scheme, ModeError> {
    if token_type.eq_ignore_ascii_case("DPoP") && asked == Scheme::Dpop {
        return Ok(Scheme::Dpop);
    }
    if !token_type.eq_ignore_ascii_case("Bearer") {
        return Err(ModeError::UnknownTokenType);
    }
    match mode {
        Mode::Enforced => Err(ModeError::NotBound),
        Mode::Off | Mode::Auto => Ok(Scheme::Bearer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Auto, Enforced, Off};
    use Scheme::{Bearer, Dpop};

    #[test]
    fn t7_only_a_listed_algorithm_is_used() {
        let none: [&str; 0] = [];
        assert_eq!(decide(Off, "ES256", &["ES256"]), Ok(Bearer));
        assert_eq!(decide(Auto, "ES256", &["ES384", "ES256"]), Ok(Dpop));
        assert_eq!(decide(Auto, "ES256", &["es256"]), Ok(Bearer));
        assert_eq!(decide(Auto, "ES256", &none), Ok(Bearer));
        assert_eq!(decide(Enforced, "ES256", &["ES256"]), Ok(Dpop));
        assert_eq!(
            decide(Enforced, "ES256", &none),
            Err(ModeError::Unsupported)
        );
    }

    #[test]
    fn t3_token_type_decides_how_the_token_is_used() {
        for mode in [Auto, Enforced] {
            assert_eq!(accept(mode, Dpop, "dpop"), Ok(Dpop));
        }
        assert_eq!(accept(Auto, Dpop, "bearer"), Ok(Bearer));
        assert_eq!(accept(Enforced, Dpop, "Bearer"), Err(ModeError::NotBound));
        assert_eq!(accept(Enforced, Bearer, "Bearer"), Err(ModeError::NotBound));
        assert_eq!(accept(Off, Bearer, "Bearer"), Ok(Bearer));
        for mode in [Off, Auto] {
            assert_eq!(
                accept(mode, Bearer, "DPoP"),
                Err(ModeError::UnknownTokenType)
            );
        }
        for mode in [Off, Auto, Enforced] {
            assert_eq!(accept(mode, Dpop, "mac"), Err(ModeError::UnknownTokenType));
            assert_eq!(accept(mode, Dpop, ""), Err(ModeError::UnknownTokenType));
        }
    }
}
