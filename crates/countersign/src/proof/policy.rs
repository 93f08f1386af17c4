use alloc::vec::Vec;
use core::time::Duration;

use crate::crypto::Algorithm;

/// What a [`Verifier`](crate::proof::Verifier) accepts. The default is secure;
/// [`fapi2`](Self::fapi2) is for APIs that follow that profile.
#[derive(Clone, Debug)]
pub struct VerifierPolicy {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) max_age_seconds: i64,
    pub(crate) leeway_seconds: i64,
    pub(crate) clock: ProofClock,
    pub(crate) max_proof_bytes: usize,
    pub(crate) max_jti_bytes: usize,
    pub(crate) takes_costly_rsa_keys: bool,
}

impl Default for VerifierPolicy {
    fn default() -> Self {
        Self {
            // None costs more than four checks of ES256 (`cargo xtask bench`), so that a client's
            // choice of algorithm can't make a server work much harder: these are below 1.5. ES512
            // is left out at seven, and ES384, whose signature costs 3.9 to 4.0 and the whole proof
            // more.
            algorithms: [
                Algorithm::Es256,
                Algorithm::EdDsa,
                Algorithm::Ps256,
                Algorithm::Rs256,
            ]
            .to_vec(),
            // A slow uplink takes seconds; a minute is what RFC 9449 (11.1) calls brief, and bounds
            // the replay store.
            max_age_seconds: 60,
            // A client whose clock was set by the network is well within this.
            leeway_seconds: 5,
            clock: ProofClock::Iat,
            // An RSA-4096 key, a long URI and a nonce stay below 3 KiB.
            max_proof_bytes: 8 * 1024,
            max_jti_bytes: 256,
            takes_costly_rsa_keys: false,
        }
    }
}

impl VerifierPolicy {
    /// Creates the policy of the FAPI 2.0 Security Profile: PS256, ES256 and EdDSA only (5.4.1),
    /// and clients' clocks up to ten seconds ahead (5.3.2.1). That section has to refuse those of
    /// more than a minute; this preset refuses from the eleventh second on, since proofs made in
    /// advance help attackers who have the key for a moment. The rest is the default. The
    /// algorithms of access tokens are set at the resource server, whose own `fapi2` sets both.
    #[must_use]
    pub fn fapi2() -> Self {
        Self {
            algorithms: [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa].to_vec(),
            leeway_seconds: 10,
            ..Self::default()
        }
    }

    /// Sets the accepted signature algorithms (11.6): by default ES256, EdDSA, PS256, RS256.
    ///
    /// Anybody can send a proof to be checked, so the default has no algorithm that takes more than
    /// four times as long as ES256. ES384 takes about that, and ES512 seven times as long: if
    /// clients sign with them, add them here and limit rates. The others are left out since no
    /// client needs them.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Accepts proofs by RSA keys of up to 8192 bits and with any exponent of up to 32 bits. By
    /// default, more than 4096 bits and exponents other than 65537 are refused: such a key makes
    /// the server work up to twelve times as long as an ES256 signature, and no program creates one
    /// unasked.
    #[must_use]
    pub fn with_costly_rsa_keys(mut self) -> Self {
        self.takes_costly_rsa_keys = true;
        self
    }

    /// Sets how old a proof may be, in whole seconds, inclusive: 60 by default. The replay store
    /// remembers proofs for that long.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age_seconds = seconds(max_age);
        self
    }

    /// Sets how far a client's clock may run ahead, in whole seconds, inclusive: 5 by default.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway_seconds = seconds(leeway);
        self
    }

    /// Sets the clock that tells when a proof was made: [`ProofClock::Iat`] by default.
    #[must_use]
    pub fn with_clock(mut self, clock: ProofClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long a proof may be: 8 KiB by default.
    #[must_use]
    pub fn with_max_proof_bytes(mut self, bytes: usize) -> Self {
        self.max_proof_bytes = bytes;
        self
    }

    /// Returns the names of the accepted algorithms, separated by blanks, for `algs` of a
    /// challenge.
    #[must_use]
    pub fn algs(&self) -> alloc::string::String {
        let names: Vec<&str> = self
            .algorithms
            .iter()
            .map(|algorithm| algorithm.name())
            .collect();
        names.join(" ")
    }

    /// Returns the accepted algorithms, for `dpop_signing_alg_values_supported`.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }
}

/// The clock that tells when a proof was made (4.3, 11): "the creation time of the JWT, as
/// determined by either the `iat` claim or a server managed timestamp via the `nonce` claim".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProofClock {
    /// The client's clock.
    #[default]
    Iat,
    /// The time of the proof's nonce, if the server requires one and [knows its
    /// time](crate::nonce::CheckNonce::accepted_until), else `iat`. A client whose clock is off by
    /// hours is served, and a proof is accepted as long as its nonce is.
    Nonce,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
