//! The title of each check, and what it found.

use countersign::{UnixSeconds, crypto::SignatureError, jose::jws::CompactJws};
use countersign_resource_server::{Check, ProofCheck, ProofError, Rejection, TokenCheck};
use serde_json::Value;

/// The section of the report that a check belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Headers,
    Token,
    Proof,
}

impl Group {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Headers => "Headers",
            Self::Token => "Access token",
            Self::Proof => "Proof (RFC 9449, section 4.3)",
        }
    }
}

pub(super) const fn group(check: Check) -> Group {
    match check {
        Check::Token(_) | Check::Presentation | Check::Scope => Group::Token,
        Check::Target | Check::Proof(_) => Group::Proof,
        _ => Group::Headers,
    }
}

pub(super) const fn title(check: Check) -> &'static str {
    match check {
        Check::Credentials => "one Authorization field, with one token",
        Check::ProofCount => "at most one DPoP field",
        Check::Target => "the path of a URL, as it is written",
        Check::Scope => "scope",
        Check::Presentation => "sent as it is bound",
        Check::Token(check) => token_title(check),
        Check::Proof(check) => proof_title(check),
        _ => "another check",
    }
}

const fn token_title(check: TokenCheck) -> &'static str {
    match check {
        TokenCheck::Syntax => "well-formed JWT",
        TokenCheck::Type => "typ",
        TokenCheck::Algorithm => "alg",
        TokenCheck::Issuer => "iss",
        TokenCheck::Audience => "aud",
        TokenCheck::Claims => "claims of the right types",
        TokenCheck::Confirmation => "cnf",
        TokenCheck::Kind => "an access token, not another JWT",
        TokenCheck::Time => "exp, nbf",
        TokenCheck::Signature => "signed by the issuer",
        _ => "another check",
    }
}

const fn proof_title(check: ProofCheck) -> &'static str {
    match check {
        ProofCheck::Header => "one DPoP field",
        ProofCheck::Syntax => "well-formed JWT",
        ProofCheck::Claims => "jti, htm, htu, iat",
        ProofCheck::Type => "typ",
        ProofCheck::Algorithm => "alg",
        ProofCheck::Signature => "signed by the key in jwk",
        ProofCheck::PublicKey => "jwk holds no private key",
        ProofCheck::Method => "htm",
        ProofCheck::Uri => "htu",
        ProofCheck::Nonce => "nonce",
        ProofCheck::Time => "iat",
        ProofCheck::TokenHash => "ath",
        ProofCheck::Binding => "made with the token's key",
        _ => "another check",
    }
}

/// A JWT to read, not to trust.
pub(super) fn read(text: &str) -> Option<CompactJws<'_>> {
    CompactJws::parse(text.as_bytes(), 64 * 1024).ok()
}

/// Returns what a passed check found in the token or proof.
pub(super) fn found(
    check: Check,
    token: Option<&CompactJws<'_>>,
    proof: Option<&CompactJws<'_>>,
    now: UnixSeconds,
) -> Option<String> {
    let of = |jws: Option<&CompactJws<'_>>, claim: &str| {
        let value = jws?.claims().get(claim)?;
        Some(text_of(value))
    };
    let header =
        |jws: Option<&CompactJws<'_>>, member: &str| jws?.header().get(member).map(text_of);
    match check {
        Check::Token(TokenCheck::Type) => header(token, "typ").or_else(|| Some("none".to_owned())),
        Check::Token(TokenCheck::Algorithm) => header(token, "alg"),
        Check::Token(TokenCheck::Issuer) => of(token, "iss"),
        Check::Token(TokenCheck::Audience) => of(token, "aud"),
        Check::Token(TokenCheck::Time) => {
            let exp = token?.claims().get("exp")?.as_f64()?;
            // Anybody may have written both.
            Some(format!("{} s left", (exp as i64).saturating_sub(now.0)))
        }
        Check::Token(TokenCheck::Confirmation) => Some(match token?.claims().get("cnf") {
            Some(cnf) => format!("bound to the key {}", text_of(cnf.get("jkt")?)),
            None => "bound to no key".to_owned(),
        }),
        Check::Token(TokenCheck::Signature) => header(token, "kid").map(|kid| format!("kid {kid}")),
        Check::Proof(ProofCheck::Algorithm) => header(proof, "alg"),
        Check::Proof(ProofCheck::Method) => of(proof, "htm"),
        Check::Proof(ProofCheck::Uri) => of(proof, "htu"),
        Check::Proof(ProofCheck::Nonce) => {
            of(proof, "nonce").or_else(|| Some("none required".to_owned()))
        }
        Check::Proof(ProofCheck::Time) => Some(offset(proof?, now)?.sentence()),
        _ => None,
    }
}

fn text_of(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // An attacker may have written this, and it goes to a terminal.
    text.chars()
        .take(200)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Returns how far the client's clock is from the server's, by the proof.
#[derive(Clone, Copy)]
pub(super) struct Offset(f64);

pub(super) fn offset(proof: &CompactJws<'_>, now: UnixSeconds) -> Option<Offset> {
    let iat = proof.claims().get("iat")?.as_f64()?;
    Some(Offset(iat - now.0 as f64))
}

impl Offset {
    pub(super) fn sentence(self) -> String {
        let Self(seconds) = self;
        match seconds {
            0.0 => "made in the same second as the server's clock".to_owned(),
            _ if seconds > 0.0 => format!("{seconds} s ahead of the server's clock"),
            _ => format!("{} s behind the server's clock", -seconds),
        }
    }
}

/// Returns what to change about a key or signature.
fn signature_advice(error: SignatureError) -> &'static str {
    match error {
        SignatureError::KeyMismatch { .. } => {
            "name the algorithm of the key's type and curve: ES256 for P-256, ES384 for P-384, EdDSA for Ed25519, PS256 or \
             RS256 for RSA"
        }
        SignatureError::RsaModulusSize { .. } | SignatureError::RsaModulusCost { .. } => {
            "make an RSA key of 2048 to 4096 bits"
        }
        SignatureError::RsaExponent | SignatureError::RsaExponentCost => {
            "make an RSA key with the exponent 65537"
        }
        SignatureError::Ed25519Key => "make a new Ed25519 key",
        _ => {
            "sign header and payload with the private key of `jwk`, as raw R || S for ECDSA, not DER; for EC keys, `x` and \
             `y` must be a point of the curve"
        }
    }
}

/// Returns what to change.
pub(super) fn advice(rejection: &Rejection) -> &'static str {
    if let Rejection::Proof(ProofError::Signature(error)) = rejection {
        return signature_advice(*error);
    }
    match rejection.name() {
        "CredentialsMissing" | "UnknownScheme" | "CredentialsMalformed" => {
            "send `Authorization: DPoP <token>`, once, and the proof as `DPoP: <proof>`"
        }
        "CredentialsRepeated" => {
            "send one Authorization field; look for a proxy or an interceptor that adds another"
        }
        "HeaderMissing" => "make a proof for this request and send it as `DPoP: <proof>`",
        "HeaderRepeated" | "HeaderList" => {
            "send one DPoP field; look for an interceptor that adds one and a client that adds its own"
        }
        "TokenMalformed" => "send a signed JWT as access token; an opaque one needs introspection",
        "TokenType" | "TokenOtherJwt" | "TokenNobody" => {
            "send the access token, not the ID token, the refresh token or the proof"
        }
        "TokenTypeMissing" => "have the authorization server write `at+jwt` into the token's `typ`",
        "TokenUnboundType" => {
            "ask for the token with a proof; or have the authorization server write `at+jwt` into the token's `typ`, or the \
             server accept other types"
        }
        "TokenExpiresTooLate" => {
            "have the authorization server give access tokens a shorter life; a refresh token is no access token"
        }
        "TokenAmbiguousKey" => {
            "have the authorization server write `kid` into its tokens, and give each key its own `kid`"
        }
        "TokenAlgorithm" => {
            "have the authorization server sign access tokens with ES256, PS256, RS256, EdDSA or ES384"
        }
        "TokenIssuer" => {
            "compare the issuer that the server is configured with and the token's `iss`, each character"
        }
        "TokenAudience" => {
            "ask the authorization server for a token for this API (audience, resource, scope), or configure this audience"
        }
        "TokenClaim" => {
            "the authorization server must put this claim into access tokens, with the right type"
        }
        "TokenConfirmation" => {
            "the token is bound to something other than a DPoP key: ask for it with a proof"
        }
        "TokenExpired" => {
            "get a new token; if it is new, compare the clocks of authorization server and resource server"
        }
        "TokenNotYetValid" => "compare the clocks of authorization server and resource server",
        "TokenUnknownKey" => {
            "give the server the issuer's current keys; the token's `kid` names none of those it has"
        }
        "TokenSignature" => {
            "give the server this issuer's keys; the token was changed, or another issuer signed it"
        }
        "TokenBoundAsBearer" => {
            "send it as `Authorization: DPoP <token>` with a proof; an interceptor may not know this token"
        }
        "TokenUnboundUnderDpop" => {
            "ask for the token with a proof; look at `token_type` in the token response, and whether DPoP is on for the client"
        }
        "TokenUnbound" => "ask for the token with a proof: this API accepts only bound tokens",
        "IatTooOld" | "IatInFuture" => {
            "synchronize the clocks of client and server (NTP); a client can learn the server's from the Date header or \
             from a nonce; make each proof just before it is sent"
        }
        "NonceMissing" | "NonceMismatch" | "NonceExpired" => {
            "sign again with the nonce of the response's DPoP-Nonce header; across origins the server must expose it \
             (Access-Control-Expose-Headers)"
        }
        "AthMissing" | "AthMismatch" => {
            "put base64url(SHA-256(token)) into `ath`, of exactly the token in Authorization"
        }
        "KeyMismatch" => {
            "sign with the key that the token was asked for with; after a reload or a new login both are new"
        }
        "HtmMismatch" => "sign for the method that is sent, in upper case as it is sent",
        "HtuMalformed" => "put the request's absolute URL without query and fragment into `htu`",
        "Target" => {
            "send letters, digits and `-`, `.`, `_` of the path as they are, not percent-encoded; no encoder does that, so \
             look for who has changed the URL"
        }
        "Replayed" => {
            "make a new proof for each request and each retry; a proxy or service worker may send requests twice"
        }
        "Stale" => {
            "the server's clock stepped back, or its replicas' clocks differ: synchronize them (NTP)"
        }
        "Key" | "KeyMissing" => "put the public key, and only that, into the header's `jwk`",
        "Malformed" => {
            "send one JWS in compact form: three parts of base64url without padding, strict JSON, no `crit`"
        }
        "ClaimMissing" | "ClaimType" | "JtiTooLong" => {
            "put `jti`, `htm`, `htu` and `iat` into each proof, each with the right type; a UUID is a good `jti`"
        }
        "TypeMismatch" => "set the proof's `typ` to dpop+jwt",
        "AlgorithmNotAccepted" => "use an algorithm of the challenge's `algs`",
        "Expired" | "NotYetValid" => "leave `exp` and `nbf` out of proofs",
        _ => "see the sentence above",
    }
}
