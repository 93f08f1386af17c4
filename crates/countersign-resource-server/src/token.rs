//! Access tokens as JWTs (RFC 9068, and the ways in which common authorization servers differ from it):
//! what the claims say, then whether the issuer signed that.
//!
//! A token that is bound to something other than a key's thumbprint (RFC 7800 has other members, and
//! later ones may come) is neither bound as we can check it nor unbound: it is refused.

use countersign::{
    UnixSeconds,
    jwk::Thumbprint,
    server::{
        confirmation::{ConfirmationError, bound_key},
        crypto::{self, Algorithm},
        jws::{CompactJws, JwsError},
        quoted::Quoted,
    },
};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::keys::KeySet;

/// What a token may be signed with. A symmetric algorithm or `none` is never among them.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Es256,
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::EdDsa,
    Algorithm::Es384,
];
/// Tokens travel in a header, which servers bound at 8 or 16 kilobytes.
const MAX_TOKEN: usize = 16 * 1024; // bytes
/// For an issuer whose clock is a little ahead, or behind.
const LEEWAY: i64 = 5; // seconds

/// Why an access token is refused. `Display` is for logs: what came from outside is quoted in it, shortened
/// and with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no JWT.
    #[error("it is no well-formed JWT: {0}")]
    Malformed(JwsError),
    /// Its `typ` is that of another kind of JWT.
    #[error("its typ is {}, which is not that of an access token", Quoted(.received))]
    Type {
        /// The header's `typ`.
        received: String,
    },
    /// Its `alg` is not on the list.
    #[error("its alg {} is not accepted", Quoted(.received))]
    Algorithm {
        /// The header's `alg`.
        received: String,
    },
    /// The issuer has no key for it.
    #[error("the issuer has no key that fits{}", named(.kid.as_deref()))]
    UnknownKey {
        /// The header's `kid`.
        kid: Option<String>,
    },
    /// The signature is not of the issuer's key.
    #[error("its signature does not verify")]
    Signature,
    /// A claim is missing or of another JSON type than it must be.
    #[error("its claim `{claim}` is missing or malformed")]
    Claim {
        /// The claim.
        claim: &'static str,
    },
    /// Another issuer's.
    #[error("its issuer is {}, not `{expected}`", Quoted(.received))]
    Issuer {
        /// As configured.
        expected: String,
        /// The claim.
        received: String,
    },
    /// For another API.
    #[error("its audience {} does not include `{expected}`", Quoted(&.received.join(" ")))]
    Audience {
        /// As configured.
        expected: String,
        /// The claim's values.
        received: Vec<String>,
    },
    /// Its time has passed.
    #[error("it expired {} seconds ago", now.since(*at))]
    Expired {
        /// `exp`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// Its time has not come.
    #[error("it is valid in {} seconds only", at.since(*now))]
    NotYetValid {
        /// `nbf`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// `cnf` names no key.
    #[error("{0}")]
    Confirmation(ConfirmationError),
    /// A bound token under the Bearer scheme: what a thief without the key would try.
    #[error("it is bound to a key and was presented as Bearer, without a proof")]
    BoundAsBearer,
    /// An unbound token under the DPoP scheme.
    #[error("it is bound to no key and was presented as DPoP")]
    UnboundUnderDpop,
    /// An unbound token where DPoP is required.
    #[error("it is bound to no key, which this API requires")]
    Unbound,
}

/// ` its kid "..."`, where it has one.
fn named(kid: Option<&str>) -> String {
    kid.map_or_else(String::new, |kid| format!(" its kid {}", Quoted(kid)))
}

impl TokenError {
    /// The variant's name, unmistakable among the names of all rejections.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "TokenMalformed",
            Self::Type { .. } => "TokenType",
            Self::Algorithm { .. } => "TokenAlgorithm",
            Self::UnknownKey { .. } => "TokenUnknownKey",
            Self::Signature => "TokenSignature",
            Self::Claim { .. } => "TokenClaim",
            Self::Issuer { .. } => "TokenIssuer",
            Self::Audience { .. } => "TokenAudience",
            Self::Expired { .. } => "TokenExpired",
            Self::NotYetValid { .. } => "TokenNotYetValid",
            Self::Confirmation(_) => "TokenConfirmation",
            Self::BoundAsBearer => "TokenBoundAsBearer",
            Self::UnboundUnderDpop => "TokenUnboundUnderDpop",
            Self::Unbound => "TokenUnbound",
        }
    }
}

/// Whose tokens, for whom.
#[derive(Debug)]
pub(crate) struct TokenPolicy {
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

/// A token that claims to be of our issuer, for us and valid now. Whether that is true, its signature
/// tells.
pub(crate) struct UnverifiedToken<'a> {
    jws: CompactJws<'a>,
    algorithm: Algorithm,
    facts: Facts,
}

impl<'a> UnverifiedToken<'a> {
    /// Everything that can be refused without a key is refused here, so that tokens of other issuers and
    /// expired ones never make us ask for keys.
    pub(crate) fn parse(
        text: &'a str,
        policy: &TokenPolicy,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        let jws = CompactJws::parse(text.as_bytes(), MAX_TOKEN).map_err(TokenError::Malformed)?;
        check_type(jws.header().get("typ"))?;
        let algorithm = Algorithm::from_name(jws.alg())
            .filter(|algorithm| ALGORITHMS.contains(algorithm))
            .ok_or_else(|| TokenError::Algorithm {
                received: jws.alg().to_owned(),
            })?;
        let claims = jws.claims();
        check_issuer(claims, policy)?;
        check_audience(claims, policy)?;
        let facts = Facts::of(claims)?;
        facts.check_time(now)?;
        Ok(Self {
            jws,
            algorithm,
            facts,
        })
    }

    /// With the key that `kid` names, or each that fits where there is no `kid`.
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<AccessToken, TokenError> {
        let (input, signature) = (self.jws.signing_input(), self.jws.signature());
        let kid = self.jws.kid();
        let mut fitting = keys.candidates(kid, self.algorithm).peekable();
        if fitting.peek().is_none() {
            return Err(TokenError::UnknownKey {
                kid: kid.map(str::to_owned),
            });
        }
        if !fitting.any(|key| crypto::verify(self.algorithm, key, input, signature).is_ok()) {
            return Err(TokenError::Signature);
        }
        Ok(AccessToken {
            claims: self.jws.claims().clone(),
            facts: self.facts.clone(),
        })
    }
}

/// `at+jwt` (RFC 9068), or what older authorization servers write. Nothing else: a proof or an ID
/// token's relative must not pass for an access token (RFC 9449, section 11.5; RFC 8725, section 3.11).
fn check_type(typ: Option<&Value>) -> Result<(), TokenError> {
    match typ {
        None => Ok(()),
        Some(Value::String(text))
            if ["at+jwt", "application/at+jwt", "JWT"]
                .iter()
                .any(|accepted| text.eq_ignore_ascii_case(accepted)) =>
        {
            Ok(())
        }
        Some(other) => Err(TokenError::Type {
            received: other
                .as_str()
                .map_or_else(|| other.to_string(), str::to_owned),
        }),
    }
}

/// A token of our issuer, for us. Only [`UnverifiedToken::verify`] makes one.
#[derive(Debug)]
pub(crate) struct AccessToken {
    claims: Map<String, Value>,
    facts: Facts,
}

impl AccessToken {
    /// What was true when the signature was checked may have ended.
    pub(crate) fn check_time(&self, now: UnixSeconds) -> Result<(), TokenError> {
        self.facts.check_time(now)
    }

    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.facts.scope.as_deref()
    }

    pub(crate) fn expires_at(&self) -> UnixSeconds {
        self.facts.expires_at
    }

    pub(crate) fn confirmation(&self) -> Option<&Thumbprint> {
        self.facts.confirmation.as_ref()
    }
}

/// What the claims say, in types.
#[derive(Debug, Clone)]
struct Facts {
    expires_at: UnixSeconds,
    not_before: Option<UnixSeconds>,
    confirmation: Option<Thumbprint>,
    scope: Option<String>,
}

impl Facts {
    fn of(claims: &Map<String, Value>) -> Result<Self, TokenError> {
        for claim in ["sub", "client_id", "azp"] {
            if claims.get(claim).is_some_and(|value| !value.is_string()) {
                return Err(TokenError::Claim { claim });
            }
        }
        Ok(Self {
            expires_at: moment(claims, "exp", f64::floor)?
                .ok_or(TokenError::Claim { claim: "exp" })?,
            not_before: moment(claims, "nbf", f64::ceil)?,
            confirmation: bound_key(claims).map_err(TokenError::Confirmation)?,
            scope: scope(claims)?,
        })
    }

    fn check_time(&self, now: UnixSeconds) -> Result<(), TokenError> {
        let at = self.expires_at;
        if now >= at.plus(LEEWAY) {
            return Err(TokenError::Expired { at, now });
        }
        match self.not_before {
            Some(at) if now.plus(LEEWAY) < at => Err(TokenError::NotYetValid { at, now }),
            _ => Ok(()),
        }
    }
}

fn check_issuer(claims: &Map<String, Value>, policy: &TokenPolicy) -> Result<(), TokenError> {
    match claims.get("iss") {
        Some(Value::String(issuer)) if *issuer == policy.issuer => Ok(()),
        Some(Value::String(issuer)) => Err(TokenError::Issuer {
            expected: policy.issuer.clone(),
            received: issuer.clone(),
        }),
        _ => Err(TokenError::Claim { claim: "iss" }),
    }
}

/// A string, or an array of strings (RFC 7519, section 4.1.3).
fn check_audience(claims: &Map<String, Value>, policy: &TokenPolicy) -> Result<(), TokenError> {
    let malformed = TokenError::Claim { claim: "aud" };
    let received = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(malformed)?,
        _ => return Err(malformed),
    };
    match received.contains(&policy.audience) {
        true => Ok(()),
        false => Err(TokenError::Audience {
            expected: policy.audience.clone(),
            received,
        }),
    }
}

/// A NumericDate (RFC 7519, section 2), which may have a fraction: we know seconds only, and round so that a token
/// never lives longer than it says.
fn moment(
    claims: &Map<String, Value>,
    claim: &'static str,
    round: fn(f64) -> f64,
) -> Result<Option<UnixSeconds>, TokenError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|float| float.abs() < 9e15)?;
        Some(round(float) as i64)
    });
    match seconds {
        Some(seconds) => Ok(Some(UnixSeconds(seconds))),
        None => Err(TokenError::Claim { claim }),
    }
}

/// `scope`, or `scp` as text or as a list.
fn scope(claims: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    if let Some(scope) = claims.get("scope") {
        let text = scope.as_str().ok_or(TokenError::Claim { claim: "scope" })?;
        return Ok(Some(text.to_owned()));
    }
    match claims.get("scp") {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(list)) => {
            let names: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            let names = names.ok_or(TokenError::Claim { claim: "scp" })?;
            Ok(Some(names.join(" ")))
        }
        Some(_) => Err(TokenError::Claim { claim: "scp" }),
    }
}
