//! One request: read from a message, decided, and its outcome as a message.

use countersign::{
    access_token::{Credentials, CredentialsError, Scheme},
    digest::Thumbprint,
    target::TargetUri,
};
use countersign_resource_server::{Authenticated, Rejection, ResourceServer};
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION, request::Parts};

use crate::{config::Configured, message::Fields};

/// A request as the host saw it.
#[derive(Debug)]
pub struct Received {
    parts: Result<Parts, Rejection>,
    uri: Option<String>,
    scope: Option<String>,
    /// The token, if there is one `Authorization` field with one.
    token: String,
}

/// The outcome of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Its fields: scheme, thumbprint, token, the nonce to send with the response.
    Accepted([String; 4]),
    /// Its fields: status, the reason's name, the whole reason, the error code, then the names and
    /// values of the response's headers.
    Refused(Vec<String>),
}

impl Received {
    /// Reads a request. Fields: method; its target (path and query) or, if `is_uri`, the URI that
    /// the client called; the scope that is required, or nothing; then the values of the
    /// `Authorization` fields, `authorization_count` of them, and those of the `DPoP` fields.
    #[must_use]
    pub fn read(message: &[u8], is_uri: bool, authorization_count: usize) -> Self {
        let mut fields = Fields::new(message);
        let method = fields.next().unwrap_or_default();
        let target = fields.next().unwrap_or_default();
        let scope = fields.text().filter(|scope| !scope.is_empty());
        let scope = scope.map(str::to_owned);
        let values: Vec<&[u8]> = fields.collect();
        let authorizations = &values[..authorization_count.min(values.len())];
        let token = Credentials::parse(authorizations).map_or_else(
            |_| String::new(),
            |credentials| credentials.token.to_owned(),
        );
        let shown = String::from_utf8_lossy(target).into_owned();
        Self {
            parts: parts(
                method,
                if is_uri { b"/" } else { target },
                &shown,
                &values,
                authorizations.len(),
            ),
            uri: is_uri.then_some(shown),
            scope,
            token,
        }
    }

    /// Decides.
    pub async fn decide(self, configured: Configured) -> Outcome {
        let Configured {
            mut server,
            knows_its_url,
        } = configured;
        if let Some(scope) = &self.scope {
            server = server.requiring_scope(scope);
        }
        let decided = match (self.parts, &self.uri) {
            (Err(rejection), _) => Err(rejection),
            (Ok(parts), Some(uri)) => match TargetUri::parse(uri) {
                Ok(uri) => server.authenticate_at(&parts, &uri).await,
                Err(_) => Err(no_target(uri)),
            },
            (Ok(parts), None) if knows_its_url => server.authenticate(&parts).await,
            (Ok(parts), None) => Err(no_target(parts.uri.path())),
        };
        match decided {
            Ok(authenticated) => Outcome::Accepted(accepted(&authenticated, self.token)),
            Err(rejection) => Outcome::Refused(refused(&server, &rejection)),
        }
    }
}

fn no_target(path: &str) -> Rejection {
    Rejection::Target {
        path: path.to_owned(),
    }
}

/// Builds what the resource server looks at. An HTTP server has refused before what can't be built.
fn parts(
    method: &[u8],
    target: &[u8],
    shown: &str,
    values: &[&[u8]],
    authorization_count: usize,
) -> Result<Parts, Rejection> {
    let mut request = Request::builder().method(method).uri(target);
    for (place, value) in values.iter().enumerate() {
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| Rejection::Credentials(CredentialsError::Malformed))?;
        let name = match place < authorization_count {
            true => AUTHORIZATION,
            false => HeaderName::from_static("dpop"),
        };
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).map_err(|_| no_target(shown))?.into_parts();
    Ok(parts)
}

fn accepted(authenticated: &Authenticated, token: String) -> [String; 4] {
    let scheme = match authenticated.scheme() {
        Scheme::Dpop => "DPoP",
        _ => "Bearer",
    };
    let thumbprint = authenticated.thumbprint().map(Thumbprint::to_base64url);
    let nonce = authenticated
        .next_nonce()
        .and_then(|nonce| nonce.to_str().ok());
    [
        scheme.to_owned(),
        thumbprint.unwrap_or_default(),
        token,
        nonce.unwrap_or_default().to_owned(),
    ]
}

fn refused(server: &ResourceServer, rejection: &Rejection) -> Vec<String> {
    let response = server.rejection_response(rejection);
    let mut fields = vec![
        response.status().as_u16().to_string(),
        rejection.name().to_owned(),
        rejection.reason(),
        rejection.code().unwrap_or_default().to_owned(),
    ];
    for (name, value) in response.headers() {
        // What the resource server writes is visible ASCII.
        fields.push(name.as_str().to_owned());
        fields.push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    fields
}
