//! Requests and responses, and the values that tests build them from.

use std::collections::HashMap;

use countersign::jose::base64url;
use countersign::jwk::PublicJwk;
use countersign_client::{Document, KeyPair, Parameter, Text};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://as.example";
pub const TOKEN: &str = "https://as.example/token";
pub const API: &str = "https://api.example";
/// The true time when a world begins, in seconds since the epoch.
pub const START: i64 = 1_800_000_000;

pub struct Json(pub Value);

impl Document for Json {
    fn text(&self, name: &str) -> Text {
        self.0[name].as_str().unwrap_or_default().into()
    }

    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or(f64::NAN)
    }

    fn is_true(&self, name: &str) -> bool {
        self.0[name] == true
    }

    fn texts(&self, name: &str) -> Vec<Text> {
        match &self.0[name] {
            Value::String(text) => vec![text.as_str().into()],
            Value::Array(members) if members.iter().all(Value::is_string) => members
                .iter()
                .filter_map(Value::as_str)
                .map(Text::from)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub url: String,
    pub form: HashMap<String, String>,
    pub proof: Option<Proof>,
}

#[derive(Clone, Debug)]
pub struct Proof {
    pub header: Value,
    pub claims: Value,
}

impl Proof {
    pub fn decode(proof: &str) -> Self {
        let part = |index: usize| {
            let part = proof.split('.').nth(index).expect("three parts");
            serde_json::from_slice(&base64url::decode(part).expect("base64url")).expect("JSON")
        };
        assert_eq!(proof.split('.').count(), 3);
        Self {
            header: part(0),
            claims: part(1),
        }
    }

    pub fn nonce(&self) -> Option<&str> {
        self.claims["nonce"].as_str()
    }

    pub fn iat(&self) -> i64 {
        self.claims["iat"].as_i64().expect("a number")
    }
}

/// The answer of a scripted server.
pub struct Answer {
    pub status: u16,
    pub nonce: Option<&'static str>,
    /// The offset of its `Date` from the true time, in seconds.
    pub date: Option<i64>,
    pub body: String,
}

pub fn ok(body: Value) -> Answer {
    Answer {
        status: 200,
        nonce: None,
        date: None,
        body: body.to_string(),
    }
}

pub fn error(status: u16, code: &str) -> Answer {
    Answer {
        status,
        ..ok(json!({ "error": code }))
    }
}

impl Answer {
    pub fn nonce(self, nonce: &'static str) -> Self {
        Self {
            nonce: Some(nonce),
            ..self
        }
    }

    pub fn date(self, offset: i64) -> Self {
        Self {
            date: Some(offset),
            ..self
        }
    }
}

pub fn key(number: u8) -> KeyPair<u8> {
    let x = base64url::encode(&[number; 32]);
    KeyPair {
        private: number,
        public: PublicJwk::es256(&x, &x).expect("32 bytes"),
    }
}

pub fn thumbprint(number: u8) -> String {
    let input = key(number).public.thumbprint_input();
    base64url::encode(&countersign::crypto::sha256(input.as_bytes()))
}

/// The number of the proof's key.
pub fn signer(proof: &Proof) -> u8 {
    let x = proof.header["jwk"]["x"].as_str().expect("a coordinate");
    base64url::decode(x).expect("base64url")[0]
}

pub fn parameters(query: &str) -> HashMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                bytes.push(
                    u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap(),
                );
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let mut all = HashMap::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        assert_eq!(
            all.insert(decode(name), decode(value)),
            None,
            "{name} twice"
        );
    }
    all
}

pub fn pairs(pairs: &[(&str, &str)]) -> Vec<Parameter> {
    pairs
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect()
}

pub fn jwt(claims: &Value) -> String {
    format!("e30.{}.", base64url::encode(claims.to_string().as_bytes()))
}

pub fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/authorize?tenant=1",
        "token_endpoint": TOKEN,
        "end_session_endpoint": "https://as.example/logout",
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": ["ES384", "ES256"],
    })
}
