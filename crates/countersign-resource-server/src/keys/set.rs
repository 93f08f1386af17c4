//! JSON Web Key Sets (RFC 7517): which key may check which signature.

use countersign::{crypto::Algorithm, jose::json::parse_object, jwk::PublicJwk};
use serde_json::Value;

/// The public signature keys of a set. Keys for other uses and of unknown types are left out,
/// because a set serves other programs too. A weak key (RSA below 2048 bits) stays; no signature by
/// it verifies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, PartialEq, Eq)]
struct Key {
    kid: Option<String>,
    /// The only algorithm that the key is for, if it names one.
    alg: Option<String>,
    key: PublicJwk,
}

impl KeySet {
    /// Reads a set. `None`: the document is not a key set.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        // Strict, because of two members with one name another program may use the other.
        let document = parse_object(document).ok()?;
        let entries = document.get("keys")?.as_array()?;
        Some(Self {
            keys: entries.iter().filter_map(Key::of).collect(),
        })
    }

    #[cfg(feature = "remote-keys")]
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Selects the keys that a signature by `algorithm` may be by: those named `kid`, or all that
    /// fit.
    pub(crate) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a PublicJwk> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(move |key| {
                fits(algorithm, &key.key)
                    && key
                        .alg
                        .as_deref()
                        .is_none_or(|only| Algorithm::from_name(only) == Some(algorithm))
            })
            .map(|key| &key.key)
    }
}

/// Whether the key is of the algorithm's type and curve.
fn fits(algorithm: Algorithm, key: &PublicJwk) -> bool {
    match key {
        PublicJwk::Rsa { .. } => matches!(
            algorithm,
            Algorithm::Rs256
                | Algorithm::Rs384
                | Algorithm::Rs512
                | Algorithm::Ps256
                | Algorithm::Ps384
                | Algorithm::Ps512
        ),
        other => other.proof_algorithm() == algorithm.name(),
    }
}

impl Key {
    fn of(entry: &Value) -> Option<Self> {
        let text = |member: &str| entry.get(member).and_then(Value::as_str);
        let for_signatures = text("use").is_none_or(|used| used == "sig");
        let may_verify = entry
            .get("key_ops")
            .and_then(Value::as_array)
            .is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        if !for_signatures || !may_verify {
            return None;
        }
        Some(Self {
            kid: text("kid").map(str::to_owned),
            alg: text("alg").map(str::to_owned),
            key: PublicJwk::from_json(entry.as_object()?).ok()?,
        })
    }
}
