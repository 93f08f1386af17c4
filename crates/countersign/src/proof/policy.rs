use alloc::vec::Vec;
use core::time::Duration;

use crate::crypto::Algorithm;

/// What a [`Verifier`](crate::proof::Verifier) accepts. The default is the secure one, for APIs that make their own rules;
/// [`fapi2`](Self::fapi2) is for those that follow that profile.
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
            // None costs more than four checks of ES256 (`cargo xtask bench`), so that nobody makes a server work much
            // harder by a choice of algorithm: these are below 1.5. That leaves out ES512, at seven, and ES384, whose
            // signature is at 3.9 to 4.0 and with the rest of its proof above.
            algorithms: [
                Algorithm::Es256,
                Algorithm::EdDsa,
                Algorithm::Ps256,
                Algorithm::Rs256,
            ]
            .to_vec(),
            // A slow uplink takes seconds; a minute is what RFC 9449 (11.1) calls brief, and bounds the replay store.
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
    /// What the FAPI 2.0 Security Profile asks for: PS256, ES256 and EdDSA alone (5.4.1), and
    /// clocks that are up to ten seconds ahead accepted (5.3.2.1, which refuses those of more than
    /// a minute; this preset refuses the eleventh second, as a proof made ahead of its time is of
    /// use to whoever has the key for a moment only). The rest is as by default. The algorithms of
    /// access tokens are the resource server's: its builder has a `fapi2` that sets both.
    #[must_use]
    pub fn fapi2() -> Self {
        Self {
            algorithms: [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa].to_vec(),
            leeway_seconds: 10,
            ..Self::default()
        }
    }

    /// The allow-list of signature algorithms (11.6): by default ES256, EdDSA, PS256, RS256.
    ///
    /// A proof is checked for whoever sends one, so the default has no algorithm whose check takes more than four times as
    /// long as that of ES256. Left out are ES384, which is about there, and ES512, which takes seven times as long; a server
    /// whose clients sign with them adds them here, and limits rates. The others are left out since no client needs them.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Takes proofs by RSA keys of more than 4096 bits, up to 8192, and with another exponent than 65537, up to 32 bits. By
    /// default these are refused: whoever sends one makes the server work up to twelve times as long as for an ES256 signature, and
    /// no program makes such keys unasked.
    #[must_use]
    pub fn with_costly_rsa_keys(mut self) -> Self {
        self.takes_costly_rsa_keys = true;
        self
    }

    /// How old a proof may be, in whole seconds, inclusive: 60 by default. The replay store holds proofs as long.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age_seconds = seconds(max_age);
        self
    }

    /// How far a client's clock may run ahead, in whole seconds, inclusive: 5 by default.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway_seconds = seconds(leeway);
        self
    }

    /// Which clock tells when a proof was made: [`ProofClock::Iat`] by default.
    #[must_use]
    pub fn with_clock(mut self, clock: ProofClock) -> Self {
        self.clock = clock;
        self
    }

    /// How long a proof may be: 8 KiB by default.
    #[must_use]
    pub fn with_max_proof_bytes(mut self, bytes: usize) -> Self {
        self.max_proof_bytes = bytes;
        self
    }

    /// The allowed algorithms' names, separated by blanks: the `algs` of a challenge.
    #[must_use]
    pub fn algs(&self) -> alloc::string::String {
        let names: Vec<&str> = self
            .algorithms
            .iter()
            .map(|algorithm| algorithm.name())
            .collect();
        names.join(" ")
    }

    /// The allowed algorithms: `dpop_signing_alg_values_supported`.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }
}

/// What tells when a proof was made (4.3, 11): "the creation time of the JWT, as determined by either the `iat` claim or a
/// server managed timestamp via the `nonce` claim".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProofClock {
    /// The client's clock.
    #[default]
    Iat,
    /// The time of the proof's nonce, where the server requires one and [can tell its
    /// time](crate::nonce::CheckNonce::accepted_until): then a client whose clock is off by hours is served, and a proof
    /// is accepted as long as its nonce is. Elsewhere `iat`.
    Nonce,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
