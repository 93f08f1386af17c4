//! A client proves that it holds its key: one proof for one request (RFC 9449, section 4.2).
//!
//! ```sh
//! cargo run -p countersign --features sign --example build_proof
//! ```

use countersign::{
    UnixSeconds,
    crypto::{Algorithm, ath},
    proof::ProofClaims,
    signing::SigningKey,
    target::TargetUri,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Drawn at random once, and kept; time, `jti` and secret are the caller's, as this crate has no
    // clock and no random source.
    let key = SigningKey::from_secret(Algorithm::Es256, &[7; 32])?;
    let now = UnixSeconds(1_767_225_600);
    let access_token = "the access token";

    // The URI without its query and fragment.
    let uri = TargetUri::parse("https://api.example.com/notes?page=2")?;
    let proof = key.prove(&ProofClaims {
        jti: "-BwC3ESc6acc2lTc", // at least 96 random bits, another one for each proof
        htm: "GET",
        htu: uri.htu(),
        iat: now,
        ath: Some(&ath(access_token).to_base64url()),
        nonce: None, // the newest one that this server has given, if any
    })?;

    println!("Authorization: DPoP {access_token}");
    println!("DPoP: {proof}");
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("a proof");
}
