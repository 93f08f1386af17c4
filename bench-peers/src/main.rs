//! Measures other implementations with the same requests as ours, in turns with the bare signature
//! check of aws-lc-rs. Run it with `cargo xtask bench --peers` from the repository's root.
//!
//! Each implementation must accept a good request and refuse spoilt ones before it is timed.
#![allow(clippy::unwrap_used)] // A benchmark that fails has no result.

#[path = "../../crates/countersign-resource-server/benches/figures/client.rs"]
#[allow(dead_code)]
mod client;
mod contender;
mod dpop_verifier;
mod huskarl;
mod node;
mod ours;
#[path = "../../crates/countersign-resource-server/benches/figures/slices.rs"]
mod slices;

use std::{
    env, fs,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::signature::UnparsedPublicKey;
use countersign::{UnixSeconds, jose::base64url};

use crate::{
    client::{Client, HTU, Key},
    contender::{Contender, Sent, Subject},
    slices::{Times, timed},
};

/// Ours in JavaScript should make this many times as many checks as the reference.
const AT_LEAST: f64 = 4.0;
const IN_JAVASCRIPT: &str = "`countersign/server`";
const REFERENCE: &str = "`oidc-spa/server`";
const REQUESTS_A_SLICE: usize = 16;
const ROUNDS: usize = 300;
/// Rounds before the measurement: about a thousand requests, enough for just-in-time compilers.
const WARM_UP: usize = 60;

fn main() {
    let issuer = Key::p256();
    let client = Client::new(Key::p256(), &issuer, now());
    let subject = Subject::new(&client, &issuer);
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(ours::ResourceServer::new(&subject)),
        Box::new(ours::ProofAlone::new(&subject)),
        Box::new(huskarl::Huskarl::new(&subject)),
        Box::new(dpop_verifier::DpopVerifier::new(&subject)),
        Box::new(node::Node::new("countersign-server", &subject)),
        Box::new(node::Node::new("countersign-oidc-spa", &subject)),
        Box::new(node::Node::new("oidc-spa", &subject)),
        Box::new(node::Node::new("oauth4webapi", &subject)),
    ];
    for contender in &mut contenders {
        probe(contender.as_mut(), &client);
    }

    let mut raw = Times::default();
    let mut times: Vec<Times> = contenders.iter().map(|_| Times::default()).collect();
    for round in 0..WARM_UP + ROUNDS {
        let counts = round >= WARM_UP;
        let requests = requests(&client);
        let bare = bare(&client.key.raw(), &requests);
        if counts {
            raw.push(bare);
        }
        let first = round % contenders.len();
        for turn in 0..contenders.len() {
            let who = (first + turn) % contenders.len();
            let (accepted, taken) = contenders[who].check(&requests);
            assert_eq!(accepted, requests.len(), "{}", contenders[who].name());
            if counts {
                times[who].push(taken);
            }
        }
    }

    println!("| checks | version | a request | checks/s | of the bare signature check |");
    println!("|---|---|---|---:|---:|");
    let mut figures = serde_json::Map::new();
    let rate = raw.rate(REQUESTS_A_SLICE);
    println!(
        "| aws-lc-rs alone | {} | one ES256 signature | {rate:.0} | 1.00 |",
        contender::locked("aws-lc-rs")
    );
    figures.insert("raw_es256_verify_per_s".into(), rate.round().into());
    for (contender, times) in contenders.iter().zip(&times) {
        let (rate, ratio) = (times.rate(REQUESTS_A_SLICE), times.ratio(&raw));
        let (name, version, does) = (contender.name(), contender.version(), contender.does());
        println!("| {name} | {version} | {does} | {rate:.0} | {ratio:.2} |");
        let name = name.replace(['`', '/', ' ', '-'], "_");
        figures.insert(format!("{name}_per_s"), rate.round().into());
        figures.insert(format!("{name}_ratio"), ratio.into());
    }
    for (ours, taken) in contenders.iter().zip(&times) {
        let Some(reference) = contenders.iter().position(|one| one.name() == REFERENCE) else {
            continue;
        };
        if ours.name().starts_with(IN_JAVASCRIPT) {
            let times_faster = taken.ratio(&times[reference]);
            let reached = if times_faster >= AT_LEAST {
                "reached"
            } else {
                "MISSED"
            };
            println!(
                "{}: {times_faster:.1} times {REFERENCE}, at least {AT_LEAST}: {reached}",
                ours.name()
            );
        }
    }
    let arguments: Vec<String> = env::args().collect();
    if let [_, option, path] = &arguments[..]
        && option == "--json"
    {
        fs::write(path, serde_json::to_string_pretty(&figures).unwrap() + "\n").unwrap();
    }
}

/// Asserts that the contender accepts a good request and refuses spoilt ones.
fn probe(contender: &mut dyn Contender, client: &Client) {
    let good = requests(client).remove(0);
    let mut accepted = |request: Sent| contender.check(&[request]).0 == 1;
    let spoilt = |spoil: &dyn Fn(&mut Sent)| {
        let mut request = requests(client).remove(0);
        spoil(&mut request);
        request
    };
    let signature = |text: &str| {
        let (input, signature) = text.rsplit_once('.').unwrap();
        let mut bytes = base64url::decode(signature).unwrap();
        bytes[40] ^= 1;
        format!("{input}.{}", base64url::encode(&bytes))
    };
    let results = [
        (true, "a good request", accepted(good)),
        (
            false,
            "another signature",
            accepted(spoilt(&|sent| sent.proof = signature(&sent.proof))),
        ),
        (
            false,
            "another path",
            accepted(spoilt(&|sent| {
                sent.url = sent.url.replace("notes", "other")
            })),
        ),
        (
            false,
            "another token",
            accepted(spoilt(&|sent| sent.token = signature(&sent.token))),
        ),
        (
            false,
            "ten minutes ago",
            accepted(spoilt(&|sent| {
                sent.proof = client.proof_at(now().plus(-600))
            })),
        ),
    ];
    for (expected, what, found) in results {
        assert_eq!(found, expected, "{}: {what}", contender.name());
    }
}

fn requests(client: &Client) -> Vec<Sent> {
    let request = |_| Sent {
        url: HTU.to_owned(),
        token: client.token.clone(),
        proof: client.proof_at(now()),
    };
    (0..REQUESTS_A_SLICE).map(request).collect()
}

fn bare(key: &UnparsedPublicKey<&[u8]>, requests: &[Sent]) -> std::time::Duration {
    let parts: Vec<_> = requests
        .iter()
        .map(|request| {
            let (input, signature) = request.proof.rsplit_once('.').unwrap();
            (input.as_bytes(), base64url::decode(signature).unwrap())
        })
        .collect();
    timed(|| {
        for (input, signature) in &parts {
            key.verify(input, signature).unwrap();
        }
    })
}

fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixSeconds(since.as_secs().cast_signed())
}
