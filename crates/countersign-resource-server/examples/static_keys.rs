//! Keys of the issuer that are known beforehand, and no web framework: the server is asked
//! directly.
//!
//! ```sh
//! cargo run -p countersign-resource-server --example static_keys
//! ```

use countersign::{
    crypto::{ath, thumbprint},
    jose::base64url,
    proof::ProofClaims,
    signing::SigningKey,
};
use countersign_resource_server::{
    Algorithm, Clock, Issuer, Rejection, ResourceServer, StaticKeys, SystemClock,
};
use http::{Request, header::AUTHORIZATION};

const ISSUER: &str = "https://login.example.com";
const API: &str = "https://api.example.com";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What an authorization server and a client have: a key each, drawn at random.
    let issuer_key = SigningKey::from_secret(Algorithm::Es256, &[1; 32])?;
    let client_key = SigningKey::from_secret(Algorithm::Es256, &[2; 32])?;

    let jwks = format!(r#"{{"keys":[{}]}}"#, issuer_key.public().to_json());
    let issuer = Issuer::from_keys(ISSUER, API, StaticKeys::new(jwks));
    let server = ResourceServer::builder(API, issuer).build()?;

    let now = SystemClock.now();
    let jkt = thumbprint(client_key.public()).to_base64url();
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{API}","sub":"ann","exp":{},"cnf":{{"jkt":"{jkt}"}}}}"#,
        now.0 + 300
    );
    let token = sign_jwt(&issuer_key, r#"{"typ":"at+jwt","alg":"ES256"}"#, &claims)?;
    let proof = client_key.prove(&ProofClaims {
        jti: "-BwC3ESc6acc2lTc",
        htm: "GET",
        htu: "https://api.example.com/notes",
        iat: now,
        ath: Some(&ath(&token).to_base64url()),
        nonce: None,
    })?;

    let request = Request::get("/notes?page=2")
        .header(AUTHORIZATION, format!("DPoP {token}"))
        .header("DPoP", proof)
        .body(())?;
    let (parts, ()) = request.into_parts();
    let caller = server.authenticate(&parts).await?;
    println!("accepted: {}", caller.subject().unwrap_or("nobody"));

    // The same request once more is a replay; its answer is made by the server, too.
    let rejection = server.authenticate(&parts).await.err();
    let rejection = rejection.ok_or("a proof is accepted once")?;
    assert_eq!(rejection, Rejection::Replayed);
    let response = server.rejection_response(&rejection);
    println!("refused: {} ({})", response.status(), rejection.reason());
    Ok(())
}

/// What the authorization server does.
fn sign_jwt(
    key: &SigningKey,
    header: &str,
    claims: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let [header, claims] = [header, claims].map(|part| base64url::encode(part.as_bytes()));
    let input = format!("{header}.{claims}");
    let signature = base64url::encode(&key.sign(input.as_bytes())?);
    Ok(format!("{input}.{signature}"))
}

#[test]
fn it_runs() {
    main().expect("an accepted request, and a replay");
}
