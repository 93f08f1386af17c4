//! Client authentication with a secret (RFC 6749, 2.3.1). The secret is wiped from memory with the
//! client; the copies that reqwest sends cannot be wiped here.

use core::fmt;
use std::string::String;

use reqwest::RequestBuilder;
use zeroize::Zeroizing;

use crate::form::Form;

/// How a confidential client authenticates.
#[derive(Clone)]
pub(super) enum ClientSecret {
    /// `client_secret_basic`: in the `Authorization` header.
    Basic {
        client_id: String,
        secret: Zeroizing<String>,
    },
    /// `client_secret_post`: in the body.
    Post { secret: Zeroizing<String> },
}

impl ClientSecret {
    pub(super) fn new_basic(client_id: &str, secret: &str) -> Self {
        Self::Basic {
            client_id: client_id.into(),
            secret: Zeroizing::new(secret.into()),
        }
    }

    pub(super) fn new_post(secret: &str) -> Self {
        Self::Post {
            secret: Zeroizing::new(secret.into()),
        }
    }

    /// Adds the body and the secret to a request.
    pub(super) fn authenticate(&self, request: RequestBuilder, form: &str) -> RequestBuilder {
        match self {
            Self::Basic { client_id, secret } => request
                .basic_auth(&*encoded(client_id), Some(&*encoded(secret)))
                .body(String::from(form)),
            Self::Post { secret } => {
                let mut secret_of = Form::new("");
                secret_of.add("client_secret", &secret.as_str().into());
                let separator = if form.is_empty() { "" } else { "&" };
                request.body(std::format!("{form}{separator}{}", secret_of.as_str()))
            }
        }
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(..)")
    }
}

/// Both halves of the header are encoded like a form's values before base64.
fn encoded(text: &str) -> Zeroizing<String> {
    let mut form = Form::new("");
    form.add("", &text.into());
    // The part after the `=` of an empty name.
    let encoded = form.as_str().get(1..).unwrap_or_default();
    Zeroizing::new(encoded.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::AUTHORIZATION;

    fn request(secret: &ClientSecret) -> reqwest::Request {
        let request = reqwest::Client::new().post("https://as.example/token");
        let request = secret.authenticate(request, "grant_type=x").build();
        request.expect("a request")
    }

    #[test]
    fn basic_is_encoded_before_base64() {
        let secret = ClientSecret::new_basic("a:b", "ü +");
        let request = request(&secret);
        // a%3Ab:%C3%BC%20%2B
        let expected = "Basic YSUzQWI6JUMzJUJDJTIwJTJC";
        assert_eq!(request.headers()[AUTHORIZATION], expected);
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        let body = request.body().and_then(|body| body.as_bytes());
        assert_eq!(body, Some(&b"grant_type=x"[..]));
    }

    #[test]
    fn post_is_in_the_body() {
        let secret = ClientSecret::new_post("a&b");
        let request = request(&secret);
        assert!(!request.headers().contains_key(AUTHORIZATION));
        let body = request.body().and_then(|body| body.as_bytes());
        assert_eq!(body, Some(&b"grant_type=x&client_secret=a%26b"[..]));
    }

    #[test]
    fn debug_tells_no_secret() {
        let secret = ClientSecret::new_post("s");
        assert_eq!(std::format!("{secret:?}"), "ClientSecret(..)");
    }
}
