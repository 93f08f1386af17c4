//! The issuer and the URLs that follow from it, as clients see them. The server may listen
//! elsewhere.

use countersign::target::TargetUri;
use url::Url;

use crate::config::ConfigError;

/// Paths below the issuer's.
pub(crate) const AUTHORIZE: &str = "/authorize";
pub(crate) const PUSHED_AUTHORIZATION_REQUEST: &str = "/par";
pub(crate) const LOGIN: &str = "/login";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const USERINFO: &str = "/userinfo";
pub(crate) const LOGOUT: &str = "/logout";
pub(crate) const JWKS: &str = "/jwks";
pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// The path of RFC 8414, 3: before the issuer's path, not below it.
pub(crate) const AUTHORIZATION_SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";

pub(crate) struct Urls {
    /// The issuer as it was given: identifiers are compared character by character.
    pub(crate) issuer: String,
    /// The origin as browsers send it.
    pub(crate) origin: String,
    /// The issuer's path: `""`, or `/path` without a slash at the end.
    pub(crate) path: String,
    pub(crate) is_https: bool,
    /// The port. Cookies ignore ports, so their names carry it.
    pub(crate) port: u16,
    /// The `htu` of proofs for the token endpoint.
    pub(crate) token: TargetUri,
    /// The `htu` of proofs for pushed requests.
    pub(crate) pushed: TargetUri,
    /// The `htu` of proofs for userinfo.
    pub(crate) userinfo: TargetUri,
}

impl Urls {
    pub(crate) fn of(issuer: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::Issuer {
            value: issuer.to_owned(),
        };
        let url = Url::parse(issuer).map_err(|_| refused())?;
        let port = url.port_or_known_default().ok_or_else(refused)?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let path = url.path().trim_end_matches('/');
        // An issuer that the parser repairs would be another one for a client that compares
        // characters.
        let is_exact = url.as_str() == issuer || url.as_str().strip_suffix('/') == Some(issuer);
        // The router would read braces and asterisks as patterns.
        let is_plain_path = path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !is_web
            || !is_exact
            || !is_plain_path
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
        {
            return Err(refused());
        }
        let base = issuer.trim_end_matches('/');
        let target = |path| TargetUri::parse(&format!("{base}{path}")).map_err(|_| refused());
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            path: path.to_owned(),
            is_https: url.scheme() == "https",
            port,
            token: target(TOKEN)?,
            pushed: target(PUSHED_AUTHORIZATION_REQUEST)?,
            userinfo: target(USERINFO)?,
            issuer: issuer.to_owned(),
        })
    }

    /// Returns the public URL of one of the paths.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_may_have_a_path() {
        let urls = Urls::of("https://id.example.com/realms/one/").expect("an issuer");
        assert_eq!(urls.url(TOKEN), "https://id.example.com/realms/one/token");
        assert_eq!(urls.path, "/realms/one");
        assert_eq!(urls.port, 443);
        assert_eq!(urls.origin, "https://id.example.com");
        assert_eq!(urls.token.htu(), "https://id.example.com/realms/one/token");
    }

    #[test]
    fn what_is_no_issuer_is_refused_by_name() {
        for value in [
            "",
            "localhost:9441",
            "ftp://localhost",
            "http://localhost:9441/?a",
            "http://localhost:9441/#a",
            "http://user@localhost:9441",
            "http://LOCALHOST:9441",
            "http://localhost:80",
            "http://localhost:9441/{x}",
        ] {
            let error = Urls::of(value).err().expect(value);
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{value}` can't be an issuer")),
                "{error}"
            );
        }
    }
}
