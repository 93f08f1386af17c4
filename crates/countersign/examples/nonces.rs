//! A server asks for nonces and recognises them, without storing any (RFC 9449, sections 8 and 9).
//!
//! ```sh
//! cargo run -p countersign --features sign --example nonces
//! ```

use std::time::Duration;

use countersign::{
    UnixSeconds,
    challenge::Challenge,
    crypto::Algorithm,
    nonce::{Nonce, NonceIssuer, NonceJar, Role},
    proof::{DpopField, Expected, NonceCheck, ProofClaims, Verifier},
    signing::SigningKey,
    target::TargetUri,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = UnixSeconds(1_767_225_600);
    let uri = TargetUri::parse("https://login.example.com/token")?;
    let key = SigningKey::from_secret(Algorithm::Es256, &[7; 32])?;
    let prove = |jti, nonce| {
        key.prove(&ProofClaims {
            jti,
            htm: "POST",
            htu: uri.htu(),
            iat: now,
            ath: None,
            nonce,
        })
    };

    // 32 random bytes that all replicas share.
    let issuer = NonceIssuer::new(&[7; 32], Duration::from_secs(300));
    let expected = Expected::new("POST", &uri, None, NonceCheck::Required(&issuer));
    let verifier = Verifier::default();

    // The first request has none, and is refused with one.
    let first = prove("-BwC3ESc6acc2lTc", None)?;
    let refused = verifier
        .verify(DpopField::parse(&[first.as_bytes()])?, &expected, now)
        .err();
    let refused = refused.ok_or("there was no nonce")?;
    assert_eq!(refused.code(), "use_dpop_nonce");
    let given = issuer.issue(now);
    println!(
        "WWW-Authenticate: {}",
        Challenge::dpop().with("error", refused.code()).to_header()
    );
    println!("DPoP-Nonce: {given}");

    // The client keeps the newest one of each origin, and sends once more.
    let origin = "https://login.example.com";
    let mut jar = NonceJar::new(16);
    let given = Nonce::parse(&given).ok_or("no nonce")?;
    jar.remember(Role::AuthorizationServer, origin, given);
    let newest = jar.newest(Role::AuthorizationServer, origin);
    let second = prove("e1j3V_bKic8-LAEB", newest.map(Nonce::as_str))?;
    let verified = verifier.verify(DpopField::parse(&[second.as_bytes()])?, &expected, now)?;
    // In the second half of its life a new one goes with the response.
    println!("accepted; a new nonce is due: {}", verified.renews_nonce());
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("a challenge, and an answer to it");
}
