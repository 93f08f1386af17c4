//! What a signature of each algorithm costs to verify, in checks of ES256 by the library alone: in
//! turns, so that all run on the same machine in the same moment.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use countersign::{
    crypto::{self, Algorithm},
    jwk::PublicJwk,
    proof::VerifierPolicy,
};

use crate::{
    Figures,
    client::Key,
    put,
    slices::{Times, timed},
};

/// As long as what a proof signs.
const MESSAGE: [u8; 400] = [b'p'; 400];
const ROUNDS: usize = 500;
const WARM_UP: usize = 10;

/// One kind of key with its algorithm.
struct Contender {
    name: String,
    check: Box<dyn Fn()>,
    times: Times,
}

pub(crate) fn measure(figures: &mut Figures) {
    let allowed = VerifierPolicy::default();
    let mut contenders = vec![raw_es256()];
    for algorithm in Algorithm::ALL {
        let prefix = match allowed.algorithms().contains(&algorithm) {
            true => "cost",
            false => "cost_left_out",
        };
        let name = format!("{prefix}_{}", algorithm.name().to_lowercase());
        contenders.extend(of(algorithm, &name));
    }
    for round in 0..WARM_UP + ROUNDS {
        let first = round % contenders.len();
        contenders.rotate_left(first);
        for contender in &mut contenders {
            // The first finds the caches cold. One is timed: the longer a slice, the likelier it is
            // interrupted.
            (contender.check)();
            let taken = timed(|| (contender.check)());
            if round >= WARM_UP {
                contender.times.push(taken);
            }
        }
        contenders.rotate_right(first);
    }
    let (raw, others) = contenders.split_first().unwrap();
    for contender in others {
        let cost = raw.times.ratio(&contender.times);
        put(figures, contender.name.clone(), cost);
    }
}

fn raw_es256() -> Contender {
    let key = Key::p256();
    let signature = key.sign(&MESSAGE);
    let check = move || key.raw().verify(&MESSAGE, &signature).unwrap();
    Contender {
        name: String::new(),
        check: Box::new(check),
        times: Times::default(),
    }
}

/// One, or one for each size of RSA keys.
fn of(algorithm: Algorithm, name: &str) -> Vec<Contender> {
    use Algorithm as A;
    let ec = |signing| vec![contender(algorithm, name.to_owned(), ec_key(signing))];
    let rsa = |encoding: &'static dyn RsaEncoding| {
        let sizes = [
            (2048, KeySize::Rsa2048),
            (3072, KeySize::Rsa3072),
            (4096, KeySize::Rsa4096),
        ];
        let one =
            |(bits, size)| contender(algorithm, format!("{name}_{bits}"), rsa_key(size, encoding));
        sizes.into_iter().map(one).collect()
    };
    match algorithm {
        A::Es256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
        A::Es384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        A::Es512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING),
        A::EdDsa => {
            let key = Key::ed25519();
            let signed = (key.public(), key.sign(&MESSAGE));
            vec![contender(algorithm, name.to_owned(), signed)]
        }
        A::Rs256 => rsa(&RSA_PKCS1_SHA256),
        A::Rs384 => rsa(&RSA_PKCS1_SHA384),
        A::Rs512 => rsa(&RSA_PKCS1_SHA512),
        A::Ps256 => rsa(&RSA_PSS_SHA256),
        A::Ps384 => rsa(&RSA_PSS_SHA384),
        A::Ps512 => rsa(&RSA_PSS_SHA512),
        other => panic!("no key for {}", other.name()),
    }
}

fn contender(
    algorithm: Algorithm,
    name: String,
    (key, signature): (PublicJwk, Vec<u8>),
) -> Contender {
    let check = move || crypto::verify(algorithm, &key, &MESSAGE, &signature).unwrap();
    Contender {
        name,
        check: Box::new(check),
        times: Times::default(),
    }
}

fn ec_key(algorithm: &'static EcdsaSigningAlgorithm) -> (PublicJwk, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let signature = pair.sign(&SystemRandom::new(), &MESSAGE).unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let key = match x.len() {
        32 => PublicJwk::P256 {
            x: x.try_into().unwrap(),
            y: y.try_into().unwrap(),
        },
        48 => PublicJwk::P384 {
            x: x.try_into().unwrap(),
            y: y.try_into().unwrap(),
        },
        _ => PublicJwk::P521 {
            x: x.try_into().unwrap(),
            y: y.try_into().unwrap(),
        },
    };
    (key, signature.as_ref().to_vec())
}

fn rsa_key(size: KeySize, encoding: &'static dyn RsaEncoding) -> (PublicJwk, Vec<u8>) {
    let pair = RsaKeyPair::generate(size).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), &MESSAGE, &mut signature)
        .unwrap();
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let key = PublicJwk::Rsa {
        n: n.big_endian_without_leading_zero().to_vec(),
        e: e.big_endian_without_leading_zero().to_vec(),
    };
    (key, signature)
}
