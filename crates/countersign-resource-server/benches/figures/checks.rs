//! A signature check by the library alone, the checks of a proof, and everything that a resource
//! server does with a request whose token it knows: in turns, over the same proofs.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use countersign::{
    UnixSeconds, crypto,
    jose::base64url,
    proof::{BoundToken, DpopField, Expected, NonceCheck, Verifier, VerifierPolicy},
    target::TargetUri,
};
use countersign_resource_server::{Clock, Issuer, ResourceServer, StaticKeys, SystemClock};

use crate::{
    Figures, NOW,
    client::{API, Client, ISSUER, Key},
    put,
    slices::{Times, timed},
};

/// A slice is about a millisecond, shorter than what a scheduler gives at a time.
const PROOFS_A_SLICE: usize = 16;
const ROUNDS: usize = 1_000;
const WARM_UP: usize = 20;

pub(crate) fn measure(figures: &mut Figures) {
    let issuer = Key::p256();
    let contenders = [
        ("raw_es256", "", Key::p256()),
        ("ed25519_raw", "ed25519_", Key::ed25519()),
    ];
    for (raw_name, prefix, key) in contenders {
        let raw_name = format!("{raw_name}_verify_per_s");
        let times = run(&Client::new(key, &issuer, NOW), &issuer);
        let rate = |times: &Times| times.rate(PROOFS_A_SLICE);
        put(figures, raw_name, rate(&times.raw));
        for (name, ours) in [("proof_verify", &times.proof), ("full_check", &times.full)] {
            put(figures, format!("{prefix}{name}_per_s"), rate(ours));
            put(
                figures,
                format!("{prefix}{name}_ratio"),
                ours.ratio(&times.raw),
            );
        }
        put(
            figures,
            format!("{prefix}proof_sign_per_s"),
            rate(&times.sign),
        );
    }
}

#[derive(Default)]
struct Contenders {
    raw: Times,
    proof: Times,
    full: Times,
    sign: Times,
}

fn run(client: &Client, issuer: &Key) -> Contenders {
    let server = resource_server(issuer);
    let verifier = Verifier::new(VerifierPolicy::default());
    let uri = TargetUri::parse(&format!("{API}/notes/0198c6a2")).unwrap();
    let expected = Expected::new(
        "GET",
        &uri,
        Some(BoundToken::new(
            crypto::ath(&client.token),
            crypto::thumbprint(&client.key.public()),
        )),
        NonceCheck::NotRequired,
    );

    let mut times = Contenders::default();
    for round in 0..WARM_UP + ROUNDS {
        let mut proofs = Vec::with_capacity(PROOFS_A_SLICE);
        let sign = timed(|| proofs.extend((0..PROOFS_A_SLICE).map(|_| client.proof())));
        let taken_apart: Vec<_> = proofs.iter().map(|proof| parts(proof)).collect();
        let requests: Vec<_> = proofs.iter().map(|proof| client.request(proof)).collect();
        let key = client.key.raw();

        let raw = || {
            for (message, signature) in &taken_apart {
                key.verify(message, signature).unwrap();
            }
        };
        let proof = || {
            for proof in &proofs {
                let headers: [&[u8]; 1] = [proof.as_bytes()];
                let field = DpopField::parse(&headers).unwrap();
                black_box(verifier.verify(field, &expected, NOW).unwrap());
            }
        };
        let full = || {
            for request in &requests {
                black_box(now_or_never(server.authenticate(request)).unwrap());
            }
        };
        // In another order each time, so that nobody always finds the caches warm.
        let mut turns: [(usize, &dyn Fn()); 3] = [(0, &raw), (1, &proof), (2, &full)];
        turns.rotate_left(round % 3);
        let mut taken = [Default::default(); 3];
        for (name, work) in turns {
            taken[name] = timed(work);
        }
        if round >= WARM_UP {
            let [raw, proof, full] = taken;
            times.raw.push(raw);
            times.proof.push(proof);
            times.full.push(full);
            times.sign.push(sign);
        }
    }
    times
}

/// The signing input and the signature.
fn parts(proof: &str) -> (&[u8], Vec<u8>) {
    let (input, signature) = proof.rsplit_once('.').unwrap();
    (input.as_bytes(), base64url::decode(signature).unwrap())
}

fn resource_server(issuer: &Key) -> ResourceServer {
    let jwk = issuer.public().to_json();
    let jwk = jwk.replacen('{', r#"{"kid":"2026-01","#, 1);
    let keys = StaticKeys::new(format!(r#"{{"keys":[{jwk}]}}"#));
    ResourceServer::builder(API, Issuer::from_keys(ISSUER, API, keys))
        .with_clock(Stopped)
        .build()
        .unwrap()
}

/// The wall clock stands at [`NOW`]; that a jump is looked for costs what it costs a real server.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixSeconds {
        NOW
    }

    fn monotonic(&self) -> Option<Duration> {
        SystemClock.monotonic()
    }
}

/// With given keys and a store in memory nothing waits, so no runtime is measured with it.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}
