//! Reading an issuer's metadata (OpenID Connect Discovery 1.0; RFC 8414) and its keys.

use serde::Deserialize;

use super::{
    error::{DiscoveryError, FetchError},
    fetch::DynFetch,
    set::KeySet,
    url,
};

/// Real documents have a few kilobytes (limit in bytes).
const MAX_DOCUMENT: usize = 256 * 1024;

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// The issuer whose keys are read, and where they are.
#[derive(Debug)]
pub(crate) struct KeySource {
    pub(crate) issuer: String,
    /// Set by the operator, in place of what the issuer's metadata says.
    pub(crate) jwks_uri: Option<String>,
}

pub(super) async fn keys(
    source: &KeySource,
    fetch: &dyn DynFetch,
) -> Result<KeySet, DiscoveryError> {
    let url = match &source.jwks_uri {
        Some(url) => url.clone(),
        None => discover(&source.issuer, fetch).await?,
    };
    let body = get(&url, fetch).await?;
    KeySet::parse(&body).ok_or(DiscoveryError::Malformed {
        url,
        expected: "a JSON Web Key Set",
    })
}

/// Reads the `jwks_uri` of the issuer's metadata.
async fn discover(issuer: &str, fetch: &dyn DynFetch) -> Result<String, DiscoveryError> {
    let (url, body) = metadata(issuer, fetch).await?;
    let Some(metadata) = parse::<Metadata>(&body) else {
        return Err(DiscoveryError::Malformed {
            url,
            expected: "metadata with `issuer` and `jwks_uri`",
        });
    };
    if metadata.issuer != issuer {
        return Err(DiscoveryError::IssuerMismatch {
            url,
            expected: issuer.to_owned(),
            received: metadata.issuer,
        });
    }
    let url = metadata.jwks_uri;
    match url::check_named_by(issuer, &url) {
        Ok(()) => Ok(url),
        Err(problem) => Err(DiscoveryError::JwksUri { url, problem }),
    }
}

/// Reads the issuer's metadata. Most issuers have the OpenID document, whose well-known part comes
/// last; a plain OAuth server has the other one, whose well-known part comes before the issuer's
/// path (RFC 8414, section 3.1).
async fn metadata(issuer: &str, fetch: &dyn DynFetch) -> Result<(String, Vec<u8>), DiscoveryError> {
    let issuer = issuer.trim_end_matches('/');
    let openid = format!("{issuer}/.well-known/openid-configuration");
    match get(&openid, fetch).await {
        Ok(body) => Ok((openid, body)),
        Err(missing) if is_not_found(&missing) => {
            let path_at = issuer
                .find("://")
                .and_then(|scheme| issuer[scheme + 3..].find('/').map(|path| scheme + 3 + path))
                .unwrap_or(issuer.len());
            let (origin, path) = issuer.split_at(path_at);
            let oauth = format!("{origin}/.well-known/oauth-authorization-server{path}");
            match get(&oauth, fetch).await {
                Ok(body) => Ok((oauth, body)),
                // People look for the document at the first address.
                Err(also) if is_not_found(&also) => Err(missing),
                Err(other) => Err(other),
            }
        }
        Err(other) => Err(other),
    }
}

fn is_not_found(error: &DiscoveryError) -> bool {
    matches!(
        error,
        DiscoveryError::Fetch {
            source: FetchError::Status(404),
            ..
        }
    )
}

async fn get(url: &str, fetch: &dyn DynFetch) -> Result<Vec<u8>, DiscoveryError> {
    match fetch.get(url, MAX_DOCUMENT).await {
        Ok(body) if body.len() <= MAX_DOCUMENT => Ok(body),
        Ok(_) => Err(FetchError::TooLong(MAX_DOCUMENT)),
        Err(error) => Err(error),
    }
    .map_err(|source| DiscoveryError::Fetch {
        url: url.to_owned(),
        source,
    })
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::keys::{Fetch, UrlProblem};

    /// Documents by their address.
    struct Site(BTreeMap<&'static str, String>);

    impl Fetch for Site {
        async fn get(&self, url: &str, _limit: usize) -> Result<Vec<u8>, FetchError> {
            let body = self.0.get(url).map(|body| body.clone().into_bytes());
            body.ok_or(FetchError::Status(404))
        }
    }

    const ISSUER: &str = "https://issuer.example.com/realm";
    const OPENID: &str = "https://issuer.example.com/realm/.well-known/openid-configuration";
    const OAUTH: &str = "https://issuer.example.com/.well-known/oauth-authorization-server/realm";
    const JWKS: &str = "https://keys.example.net/jwks?v=1";
    const EMPTY_SET: &str = r#"{"keys":[]}"#;

    fn metadata(issuer: &str, jwks_uri: &str) -> String {
        format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#)
    }

    async fn read(documents: &[(&'static str, &str)]) -> Result<usize, DiscoveryError> {
        let documents = documents
            .iter()
            .map(|(url, body)| (*url, (*body).to_owned()));
        let site = Site(documents.collect());
        let source = KeySource {
            issuer: ISSUER.to_owned(),
            jwks_uri: None,
        };
        keys(&source, &site).await.map(|set| set.len())
    }

    #[tokio::test]
    async fn either_kind_of_metadata_leads_to_the_keys() {
        let good = metadata(ISSUER, JWKS);
        for place in [OPENID, OAUTH] {
            assert_eq!(read(&[(place, &good), (JWKS, EMPTY_SET)]).await, Ok(0));
        }
        let missing = DiscoveryError::Fetch {
            url: OPENID.to_owned(),
            source: FetchError::Status(404),
        };
        assert_eq!(read(&[(JWKS, EMPTY_SET)]).await, Err(missing));
    }

    #[tokio::test]
    async fn metadata_of_another_issuer_is_refused() {
        let received = "https://issuer.example.com/realm/".to_owned();
        assert_eq!(
            read(&[(OPENID, &metadata(&received, JWKS)), (JWKS, EMPTY_SET)]).await,
            Err(DiscoveryError::IssuerMismatch {
                url: OPENID.to_owned(),
                expected: ISSUER.to_owned(),
                received,
            })
        );
    }

    #[tokio::test]
    async fn keys_are_not_read_over_plain_http() {
        let other = "http://keys.example.net/jwks";
        // The author of an https issuer's metadata does not decide what listens on this machine.
        let here = "http://localhost:8080/jwks";
        let too = "HTTP://127.0.0.1/jwks";
        for (url, problem) in [
            (other, UrlProblem::Insecure),
            (here, UrlProblem::Downgrade),
            (too, UrlProblem::Downgrade),
        ] {
            assert_eq!(
                read(&[(OPENID, &metadata(ISSUER, url)), (url, EMPTY_SET)]).await,
                Err(DiscoveryError::JwksUri {
                    url: url.to_owned(),
                    problem,
                })
            );
        }
    }

    #[tokio::test]
    async fn an_operators_own_jwks_uri_is_read_without_metadata() {
        let url = "http://keys.internal/jwks";
        let site = Site([(url, EMPTY_SET.to_owned())].into());
        let source = KeySource {
            issuer: ISSUER.to_owned(),
            jwks_uri: Some(url.to_owned()),
        };
        assert_eq!(keys(&source, &site).await.map(|set| set.len()), Ok(0));
    }

    #[tokio::test]
    async fn documents_of_another_form_or_size_are_refused() {
        for body in ["", "[]", r#"{"issuer":"x"}"#, "<html>"] {
            assert_eq!(
                read(&[(OPENID, body)]).await,
                Err(DiscoveryError::Malformed {
                    url: OPENID.to_owned(),
                    expected: "metadata with `issuer` and `jwks_uri`",
                }),
                "{body}"
            );
        }
        let good = metadata(ISSUER, JWKS);
        assert_eq!(
            read(&[(OPENID, &good), (JWKS, r#"{"keys":{}}"#)]).await,
            Err(DiscoveryError::Malformed {
                url: JWKS.to_owned(),
                expected: "a JSON Web Key Set",
            })
        );
        let long = " ".repeat(MAX_DOCUMENT + 1);
        assert_eq!(
            read(&[(OPENID, &good), (JWKS, &long)]).await,
            Err(DiscoveryError::Fetch {
                url: JWKS.to_owned(),
                source: FetchError::TooLong(MAX_DOCUMENT),
            })
        );
    }
}
