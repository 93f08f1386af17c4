//! An API checks the proof of a request (RFC 9449, section 4.3), and that it has not been used
//! before.
//!
//! ```sh
//! cargo run -p countersign --features sign --example verify_proof
//! ```
//!
//! `countersign-resource-server` does this and what comes before it: the access token itself.

use countersign::{
    UnixSeconds,
    crypto::{Algorithm, ath, thumbprint},
    proof::{BoundToken, DpopField, Expected, NonceCheck, ProofClaims, Verifier},
    replay::{InProcessReplayStore, ReplayError},
    signing::SigningKey,
    target::TargetUri,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = UnixSeconds(1_767_225_600);
    let access_token = "the access token";
    let uri = TargetUri::parse("https://api.example.com/notes?page=2")?;
    let key = SigningKey::from_secret(Algorithm::Es256, &[7; 32])?;
    let proof = key.prove(&ProofClaims {
        jti: "-BwC3ESc6acc2lTc",
        htm: "GET",
        htu: uri.htu(),
        iat: now,
        ath: Some(&ath(access_token).to_base64url()),
        nonce: None,
    })?;

    // The server: what it knows of the request, and the key that the token names in `cnf.jkt`.
    let verifier = Verifier::default();
    let token = BoundToken::new(ath(access_token), thumbprint(key.public()));
    // The URI as the client called it: by configuration, not by headers that a client can write.
    let expected = Expected::new("GET", &uri, Some(token), NonceCheck::NotRequired);
    let field = DpopField::parse(&[proof.as_bytes()])?; // all `DPoP` fields, of which there is one
    let verified = verifier.verify(field, &expected, now)?;
    println!("a good proof by {}", verified.thumbprint().to_base64url());

    // Last, so that a refused request uses up no proof.
    let store = InProcessReplayStore::new(100_000, &[9; 32]); // entries, and 32 random bytes
    let insert = |now| store.insert_now(&verified.replay_entry(), now);
    insert(now)?;
    assert_eq!(insert(now.plus(1)), Err(ReplayError::Seen));

    // Each refusal has a reason, for the log, and a code, for the client.
    let elsewhere = TargetUri::parse("https://api.example.com/admin")?;
    let expected = Expected::new("GET", &elsewhere, Some(token), NonceCheck::NotRequired);
    let refused = verifier.verify(field, &expected, now).err();
    let refused = refused.ok_or("the proof is for another URI")?;
    println!("{}: {refused}", refused.code());
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("a good proof, and two refusals");
}
