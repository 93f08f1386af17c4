//! An authorization server binds tokens to the key of the proof (RFC 9449, sections 5, 6 and 10).
//!
//! ```sh
//! cargo run -p countersign --features sign --example token_endpoint
//! ```

use countersign::{
    UnixSeconds,
    authorization_server::{Binding, ClientPolicy, Grant, ProofEndpoint, dpop_jkt},
    crypto::{Algorithm, thumbprint},
    proof::{DpopField, NonceCheck, ProofClaims, Verifier},
    signing::SigningKey,
    target::TargetUri,
};
use serde_json::Map;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = UnixSeconds(1_767_225_600);
    let uri = TargetUri::parse("https://login.example.com/token")?;
    let key = SigningKey::from_secret(Algorithm::Es256, &[7; 32])?;
    let proof = key.prove(&ProofClaims {
        jti: "-BwC3ESc6acc2lTc",
        htm: "POST",
        htu: uri.htu(),
        iat: now,
        ath: None,
        nonce: None,
    })?;

    // The authorization request named the key: the code is worth nothing without it.
    let jkt = thumbprint(key.public()).to_base64url();
    let grant = Grant::Code {
        dpop_jkt: dpop_jkt(Some(&jkt))?,
    };

    // The token request: its grant is good, and its client has authenticated as far as it can.
    let verifier = Verifier::default();
    let endpoint = ProofEndpoint::new(&verifier, &uri, NonceCheck::NotRequired);
    let proof = endpoint.check(DpopField::parse(&[proof.as_bytes()])?, now)?;
    let client = ClientPolicy::public().with_bound_tokens_required(true);
    let binding = Binding::of(grant, client, proof.as_ref())?;

    let mut claims = Map::new();
    binding.add_to_claims(&mut claims);
    assert_eq!(claims["cnf"]["jkt"], jkt.as_str());
    println!("token_type: {}", binding.token_type());
    println!("claims: {}", serde_json::to_string(&claims)?);
    // To be kept with the refresh token, which is taken with this key alone.
    println!("refresh token's key: {}", binding.refresh_token().is_some());
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("a bound token");
}
