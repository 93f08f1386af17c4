//! The program's output: sentences for people, or one JSON object per line for scripts.

use std::time::UNIX_EPOCH;

use countersign_client::native::{Error, Scheme, Tokens};
use reqwest::Response;
use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) show_tokens: bool,
}

impl Output {
    /// Shows the address that the user has to open if no browser could be opened.
    pub(crate) fn authorize(self, url: &str) {
        if self.json {
            line(json!({ "event": "authorize", "url": url }));
        } else {
            println!("Open this address in your browser:\n{url}");
        }
    }

    pub(crate) fn tokens(self, event: &str, tokens: &Tokens) {
        let scheme = match tokens.scheme {
            Scheme::Dpop => "DPoP",
            Scheme::Bearer => "Bearer",
        };
        let expires = tokens.expires.duration_since(UNIX_EPOCH);
        let expires = expires.map_or(0, |since| since.as_secs());
        let subject = tokens.claims.get("sub").and_then(Value::as_str);
        if self.json {
            let mut object = json!({
                "event": event,
                "tokenUse": scheme,
                "subject": subject,
                "expires": expires,
                "hasRefreshToken": tokens.has_refresh_token,
                "thumbprint": tokens.thumbprint,
            });
            if self.show_tokens {
                object["accessToken"] = tokens.access_token.as_str().into();
                object["idToken"] = json!(tokens.id_token);
            }
            return line(object);
        }
        let key = match (&tokens.thumbprint, tokens.scheme) {
            (Some(thumbprint), Scheme::Dpop) => format!(", bound to the key {thumbprint}"),
            _ => ", not bound to a key".into(),
        };
        let subject = subject.unwrap_or("nobody in particular");
        println!("{event}: {subject}, a {scheme} token{key}");
        if self.show_tokens {
            println!("access token: {}", tokens.access_token);
            println!("id_token: {}", tokens.id_token.as_deref().unwrap_or("none"));
        }
    }

    /// Says that the user is logged out, and where they can end the session at the server too.
    pub(crate) fn logged_out(self, url: Option<&str>) {
        if self.json {
            line(json!({ "event": "logout", "url": url }));
        } else if let Some(url) = url {
            println!("Tokens and key are gone. To log out at the server, too, open:\n{url}");
        } else {
            println!("Tokens and key are gone.");
        }
    }

    pub(crate) async fn response(self, response: Response) -> Result<(), Error> {
        let status = response.status();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (String::from(name.as_str()), Value::from(value))
        });
        let headers: serde_json::Map<String, Value> = headers.collect();
        let url = String::from(response.url().as_str());
        let body = response.text().await?;
        if self.json {
            line(json!({
                "event": "response",
                "status": status.as_u16(),
                "url": url,
                "headers": headers,
                "body": body,
            }));
        } else {
            println!("{status} {url}\n{body}");
        }
        Ok(())
    }

    pub(crate) fn error(self, error: &Error) {
        let code = match error {
            Error::Engine(error) => error.cause.code(),
            Error::NotLoggedIn => "not_logged_in",
            Error::LoginTimedOut { .. } => "login_timed_out",
            Error::Request(_) => "request_failed",
            _ => "other",
        };
        if self.json {
            line(json!({ "event": "error", "code": code, "message": error.to_string() }));
        } else {
            eprintln!("example-native: {error}");
        }
    }

    /// Explains a command that was not understood.
    pub(crate) fn usage(self, message: &str) {
        if self.json {
            line(json!({ "event": "error", "code": "usage", "message": message }));
        } else {
            eprintln!("example-native: {message}");
        }
    }
}

fn line(object: Value) {
    println!("{object}");
}
