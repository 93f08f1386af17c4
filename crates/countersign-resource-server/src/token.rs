//! Access tokens as JWTs (RFC 9068, and the ways in which common authorization servers differ from it):
//! what the claims say, then whether the issuer signed that.
//!
//! A token that is bound to something other than a key's thumbprint (RFC 7800 has other members, and
//! later ones may come) is neither bound as we can check it nor unbound: it is refused.

use crate::{keys::KeySet, token_error::TokenError};
use countersign::{
    UnixSeconds,
    jwk::Thumbprint,
    server::{
        confirmation::bound_key,
        crypto::{self, Algorithm},
        jws::CompactJws,
    },
};
use serde_json::{Map, Value};

/// What a token may be signed with. A symmetric algorithm or `none` is never among them.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Es256,
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::EdDsa,
    Algorithm::Es384,
];
/// Tokens travel in a header, which servers bound at 8 or 16 kilobytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1024; // bytes
/// For an issuer whose clock is a little ahead, or behind.
const LEEWAY: i64 = 5; // seconds

/// A check of an access token, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenCheck {
    /// A well-formed signed JWT.
    Syntax,
    /// `typ` is that of an access token.
    Type,
    /// `alg` is one that tokens may have.
    Algorithm,
    /// `iss` is the issuer.
    Issuer,
    /// `aud` names this API.
    Audience,
    /// The other claims are of their types, and `exp` is there.
    Claims,
    /// `cnf`, where it is there, names a key.
    Confirmation,
    /// Between `nbf` and `exp`.
    Time,
    /// By one of the issuer's keys.
    Signature,
}

impl TokenCheck {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Syntax,
        Self::Type,
        Self::Algorithm,
        Self::Issuer,
        Self::Audience,
        Self::Claims,
        Self::Confirmation,
        Self::Time,
        Self::Signature,
    ];
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
        let algorithm = check_algorithm(&jws)?;
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

    pub(crate) fn verify(&self, keys: &KeySet) -> Result<AccessToken, TokenError> {
        check_signature(&self.jws, self.algorithm, keys)?;
        Ok(AccessToken {
            claims: self.jws.claims().clone(),
            facts: self.facts.clone(),
        })
    }
}

/// How each check of a token went, for showing it to a person: `None` where it could not be made.
pub(crate) fn examine(
    text: &str,
    policy: &TokenPolicy,
    keys: &KeySet,
    now: UnixSeconds,
) -> Vec<(TokenCheck, Option<Result<(), TokenError>>)> {
    let checks = |made: [Option<Result<(), TokenError>>; 9]| TokenCheck::ALL.into_iter().zip(made);
    let jws = match CompactJws::parse(text.as_bytes(), MAX_TOKEN) {
        Ok(jws) => jws,
        Err(error) => {
            let mut made = [const { None }; 9];
            made[0] = Some(Err(TokenError::Malformed(error)));
            return checks(made).collect();
        }
    };
    let claims = jws.claims();
    let algorithm = check_algorithm(&jws);
    let facts = Facts::of(claims);
    let (claim, confirmation) = match &facts {
        Ok(_) => (Ok(()), Some(Ok(()))),
        Err(TokenError::Confirmation(error)) => {
            (Ok(()), Some(Err(TokenError::Confirmation(*error))))
        }
        Err(error) => (Err(error.clone()), None),
    };
    let time = facts.as_ref().ok().map(|facts| facts.check_time(now));
    let signature = algorithm
        .as_ref()
        .ok()
        .map(|algorithm| check_signature(&jws, *algorithm, keys));
    checks([
        Some(Ok(())),
        Some(check_type(jws.header().get("typ"))),
        Some(algorithm.map(|_| ())),
        Some(check_issuer(claims, policy)),
        Some(check_audience(claims, policy)),
        Some(claim),
        confirmation,
        time,
        signature,
    ])
    .collect()
}

fn check_algorithm(jws: &CompactJws<'_>) -> Result<Algorithm, TokenError> {
    Algorithm::from_name(jws.alg())
        .filter(|algorithm| ALGORITHMS.contains(algorithm))
        .ok_or_else(|| TokenError::Algorithm {
            received: jws.alg().to_owned(),
        })
}

/// By the key that `kid` names, or one of those that fit where there is no `kid`.
fn check_signature(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    keys: &KeySet,
) -> Result<(), TokenError> {
    let (input, signature) = (jws.signing_input(), jws.signature());
    let kid = jws.kid();
    let mut fitting = keys.candidates(kid, algorithm).peekable();
    if fitting.peek().is_none() {
        return Err(TokenError::UnknownKey {
            kid: kid.map(str::to_owned),
        });
    }
    match fitting.any(|key| crypto::verify(algorithm, key, input, signature).is_ok()) {
        true => Ok(()),
        false => Err(TokenError::Signature),
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
        // Nothing depends on it; it is a number wherever it is there (RFC 7519, 4.1.6).
        moment(claims, "iat")?;
        Ok(Self {
            expires_at: moment(claims, "exp")?.ok_or(TokenError::Claim { claim: "exp" })?,
            not_before: moment(claims, "nbf")?,
            scope: scope(claims)?,
            confirmation: bound_key(claims).map_err(TokenError::Confirmation)?,
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

/// A NumericDate (RFC 7519, section 2), which may have a fraction. Rounded up: to a clock of whole seconds, a moment that lies
/// before the fraction lies before the next second, and one after it does not.
fn moment(
    claims: &Map<String, Value>,
    claim: &'static str,
) -> Result<Option<UnixSeconds>, TokenError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|float| float.abs() < 9e15)?;
        Some(float.ceil() as i64)
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
