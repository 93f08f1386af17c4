//! The URLs from which the issuer's keys may be read: https, or plain http on this machine.

use countersign::loopback::is_loopback;
use http::Uri;
use thiserror::Error;

/// What is wrong with a URL from which keys or metadata would be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Not an absolute `https` or `http` URL.
    #[error("it is not an absolute https URL")]
    NotAbsolute,
    /// Plain `http` to another machine: an attacker on the path could replace the keys.
    #[error(
        "plain http is accepted on this machine only (localhost, names under it, 127.0.0.0/8, \
         [::1]); use https"
    )]
    Insecure,
    /// Plain `http`, even on this machine, although the issuer is `https` or the operator has not
    /// allowed it.
    #[error(
        "it is plain http, which the operator has to allow even on this machine; serve the keys \
         over https, or set the address by with_dangerous_plain_http_jwks_uri"
    )]
    Downgrade,
    /// It contains a user name, a query or a fragment, which is not allowed there.
    #[error("it must not contain a user name, a query or a fragment")]
    Extra,
}

/// Checks an issuer identifier (OpenID Connect Discovery, section 3; RFC 8414, section 2): no
/// query, no fragment.
pub(crate) fn check_issuer(url: &str) -> Result<(), UrlProblem> {
    check_document(url)?;
    if url.contains(['?', '#']) {
        return Err(UrlProblem::Extra);
    }
    Ok(())
}

/// Checks a document's URL, which may have a query.
pub(crate) fn check_document(url: &str) -> Result<(), UrlProblem> {
    let uri: Uri = url.parse().map_err(|_| UrlProblem::NotAbsolute)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(UrlProblem::NotAbsolute);
    };
    if authority.as_str().contains('@') {
        return Err(UrlProblem::Extra);
    }
    match scheme {
        "https" => Ok(()),
        "http" if is_here(authority.host()) => Ok(()),
        "http" => Err(UrlProblem::Insecure),
        _ => Err(UrlProblem::NotAbsolute),
    }
}

/// Checks a document's URL that the metadata of `issuer` names: metadata read over https must not
/// name plain http, not even on this machine, where any program may listen.
pub(crate) fn check_named_by(issuer: &str, url: &str) -> Result<(), UrlProblem> {
    check_document(url)?;
    match is_https(issuer) && !is_https(url) {
        true => Err(UrlProblem::Downgrade),
        false => Ok(()),
    }
}

/// Checks a `jwks_uri` of the operator's: https.
pub(crate) fn check_https(url: &str) -> Result<(), UrlProblem> {
    check_plain(url)?;
    match is_https(url) {
        true => Ok(()),
        false => Err(UrlProblem::Downgrade),
    }
}

/// Checks an absolute URL, plain http included.
pub(crate) fn check_plain(url: &str) -> Result<(), UrlProblem> {
    match check_document(url) {
        Err(UrlProblem::Insecure) => Ok(()),
        other => other,
    }
}

fn is_https(url: &str) -> bool {
    url.parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https"))
}

/// Whether `url` leads to this machine, which a proxy of the environment cannot reach.
#[cfg(feature = "https")]
pub(crate) fn leads_to_loopback(url: &str) -> bool {
    url.parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(is_here))
}

/// [`is_loopback`] of a host as it was written.
fn is_here(host: &str) -> bool {
    is_loopback(&host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_accepted() {
        for url in [
            "https://issuer.example.com",
            "https://issuer.example.com/realms/a",
            "http://localhost:9441",
            "http://127.0.0.1:9441/",
            "http://[::1]:9441",
            "http://127.0.0.2:9441",
            "http://Auth.App.localhost:9441/realms/a",
        ] {
            assert_eq!(check_issuer(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused_for_its_reason() {
        for (url, problem) in [
            ("http://issuer.example.com", UrlProblem::Insecure),
            ("http://localhost.example.com", UrlProblem::Insecure),
            ("http://notlocalhost", UrlProblem::Insecure),
            ("http://127.1", UrlProblem::Insecure),
            ("http://10.0.0.1", UrlProblem::Insecure),
            ("http://127.0.0.1.example.com", UrlProblem::Insecure),
            ("issuer.example.com", UrlProblem::NotAbsolute),
            ("/issuer", UrlProblem::NotAbsolute),
            ("ftp://issuer.example.com", UrlProblem::NotAbsolute),
            ("", UrlProblem::NotAbsolute),
            ("https://user@issuer.example.com", UrlProblem::Extra),
            ("http://localhost@evil.example.com", UrlProblem::Extra),
            ("http://localhost:80@evil.example.com", UrlProblem::Extra),
            ("https://issuer.example.com?a", UrlProblem::Extra),
            ("https://issuer.example.com#a", UrlProblem::Extra),
        ] {
            assert_eq!(check_issuer(url), Err(problem), "{url}");
        }
        assert_eq!(
            check_document("https://issuer.example.com/jwks?v=2"),
            Ok(())
        );
    }
}
