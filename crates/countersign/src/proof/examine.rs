use alloc::vec::Vec;

use super::{
    checks::{
        KeyIs, check_algorithm, check_binding, check_key_is_public, check_method, check_nonce,
        check_signature, check_time, check_token_hash, check_type, check_uri, key_object,
        only_header,
    },
    claims::Claims,
    error::ProofError,
    expected::Expected,
    untrusted::UntrustedProof,
    verify::Verifier,
};
use crate::{UnixSeconds, crypto, jwk::read::read_public_members};

/// A check of section 4.3, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofCheck {
    /// 1: one `DPoP` header field.
    Header,
    /// 2: one well-formed JWT.
    Syntax,
    /// 3: all required claims.
    Claims,
    /// 4: `typ`.
    Type,
    /// 5: `alg`.
    Algorithm,
    /// 6: the signature, by the key in `jwk`.
    Signature,
    /// 7: no private key in `jwk`.
    PublicKey,
    /// 8: `htm`.
    Method,
    /// 9: `htu`.
    Uri,
    /// 10: `nonce`.
    Nonce,
    /// 11: `iat`, and `exp` and `nbf` where the proof has them.
    Time,
    /// 12: `ath`.
    TokenHash,
    /// 12: the key is the token's.
    Binding,
}

impl ProofCheck {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Header,
        Self::Syntax,
        Self::Claims,
        Self::Type,
        Self::Algorithm,
        Self::Signature,
        Self::PublicKey,
        Self::Method,
        Self::Uri,
        Self::Nonce,
        Self::Time,
        Self::TokenHash,
        Self::Binding,
    ];

    /// Its number in section 4.3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Syntax => 2,
            Self::Claims => 3,
            Self::Type => 4,
            Self::Algorithm => 5,
            Self::Signature => 6,
            Self::PublicKey => 7,
            Self::Method => 8,
            Self::Uri => 9,
            Self::Nonce => 10,
            Self::Time => 11,
            Self::TokenHash | Self::Binding => 12,
        }
    }
}

/// How one check went: `None` where it could not be made, since it needs what another one found wanting.
pub type Examined = (ProofCheck, Option<Result<(), ProofError>>);

impl Verifier {
    /// Every check of a proof, for showing them to a person: those after the first that fails are made too, as far as
    /// they can be. The first that fails is [`verify`](Self::verify)'s error, but for a signature that `verify` has no need to
    /// look at: of a proof by another key than the token's. Only `verify` is for a decision.
    #[must_use]
    pub fn examine(
        &self,
        dpop_headers: &[&[u8]],
        expected: &Expected<'_>,
        now: UnixSeconds,
    ) -> Vec<Examined> {
        let mut results = Results::default();
        // The outcomes are in the list; what is missing there, later checks could not use.
        let _ = self.examine_into(&mut results, dpop_headers, expected, now);
        let mut examined: Vec<Examined> = Vec::with_capacity(ProofCheck::ALL.len());
        for check in ProofCheck::ALL {
            let known = results.0.iter().find(|(of, _)| *of == check);
            examined.push((check, known.map(|(_, result)| result.clone())));
        }
        examined
    }

    fn examine_into(
        &self,
        results: &mut Results,
        dpop_headers: &[&[u8]],
        expected: &Expected<'_>,
        now: UnixSeconds,
    ) -> Option<()> {
        let policy = self.policy();
        let header = results.keep(ProofCheck::Header, only_header(dpop_headers))?;
        let proof = UntrustedProof::parse(header, policy.max_proof_bytes);
        let proof = results.keep(ProofCheck::Syntax, proof)?;
        results.keep(ProofCheck::Type, check_type(&proof));
        let algorithm = results.keep(ProofCheck::Algorithm, check_algorithm(&proof, policy));
        let jwk = key_object(&proof);
        if let Ok(jwk) = jwk {
            results.keep(ProofCheck::PublicKey, check_key_is_public(jwk));
        }
        let key = jwk.and_then(|jwk| read_public_members(jwk).map_err(ProofError::Key));
        let key = match (algorithm, key) {
            (_, Err(error)) => {
                results.keep(ProofCheck::Signature, Err::<(), _>(error));
                None
            }
            (None, Ok(key)) => Some(key),
            (Some(algorithm), Ok(key)) => {
                let signature = check_signature(&proof, algorithm, &key, KeyIs::Expected, policy);
                results.keep(ProofCheck::Signature, signature);
                Some(key)
            }
        };
        if let (Some(token), Some(key)) = (&expected.token, key) {
            let thumbprint = crypto::thumbprint(&key);
            let binding = check_binding(thumbprint, token.thumbprint);
            results.keep(ProofCheck::Binding, binding);
        }
        let claims = Claims::read(proof.claims(), policy.max_jti_bytes);
        let claims = results.keep(ProofCheck::Claims, claims)?;
        results.keep(ProofCheck::Method, check_method(&claims, expected.method));
        results.keep(ProofCheck::Uri, check_uri(&claims, expected.uri));
        let nonce = check_nonce(&claims, expected.nonce, now);
        let nonce = results.keep(ProofCheck::Nonce, nonce).unwrap_or_default();
        let time = check_time(&claims, nonce, policy, now);
        results.keep(ProofCheck::Time, time);
        let hash = match &expected.token {
            Some(token) => check_token_hash(&claims, token.ath),
            None => claims.token_hash().map(|_| ()),
        };
        results.keep(ProofCheck::TokenHash, hash);
        Some(())
    }
}

#[derive(Default)]
struct Results(Vec<(ProofCheck, Result<(), ProofError>)>);

impl Results {
    /// Notes how a check went, and gives what it found.
    fn keep<T>(&mut self, check: ProofCheck, result: Result<T, ProofError>) -> Option<T> {
        let (value, result) = match result {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.0.push((check, result));
        value
    }
}
