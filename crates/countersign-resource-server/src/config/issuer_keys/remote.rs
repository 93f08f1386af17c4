use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "discovery")]
use crate::keys::Tokio;
use crate::{
    BuildError,
    clock::Clock,
    keys::{
        DynFetch, Fetch, KeyAges, KeyReader, KeySource, Keys, Runtime, check_https, check_issuer,
        check_plain,
    },
};

/// Keys that are read from the issuer, from where its metadata says, and kept fresh.
///
/// They are read on the tokio runtime that requests are authenticated in, with its time enabled, or
/// on a [`Runtime`] of yours.
#[derive(Clone)]
pub struct RemoteKeys {
    fetch: How,
    runtime: Arc<dyn Runtime>,
    jwks_uri: Option<JwksUri>,
    ages: KeyAges,
    #[cfg(feature = "https")]
    asks_dns: bool,
}

#[derive(Clone)]
enum How {
    #[cfg(feature = "https")]
    OverHttps,
    By(Arc<dyn DynFetch>),
}

#[derive(Debug, Clone)]
struct JwksUri {
    url: String,
    may_be_plain_http: bool,
}

impl RemoteKeys {
    /// Keys that are read over HTTPS.
    #[cfg(feature = "https")]
    #[cfg_attr(docsrs, doc(cfg(feature = "https")))]
    #[must_use]
    pub fn new() -> Self {
        Self {
            fetch: How::OverHttps,
            runtime: Arc::new(Tokio),
            jwks_uri: None,
            ages: KeyAges::default(),
            #[cfg(feature = "https")]
            asks_dns: false,
        }
    }

    /// Keys that are read by `fetch`.
    #[cfg(feature = "discovery")]
    #[cfg_attr(docsrs, doc(cfg(feature = "discovery")))]
    #[must_use]
    pub fn from_fetch(fetch: impl Fetch) -> Self {
        Self::on(Tokio, fetch)
    }

    /// Keys that are read by `fetch` on `runtime`.
    #[must_use]
    pub fn on(runtime: impl Runtime, fetch: impl Fetch) -> Self {
        Self {
            fetch: How::By(Arc::new(fetch)),
            runtime: Arc::new(runtime),
            jwks_uri: None,
            ages: KeyAges::default(),
            #[cfg(feature = "https")]
            asks_dns: false,
        }
    }

    /// Sets where the keys are: an https URL. The issuer's metadata is not read then.
    #[must_use]
    pub fn with_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(JwksUri {
            url: url.into(),
            may_be_plain_http: false,
        });
        self
    }

    /// Sets where the keys are, as [`with_jwks_uri`](Self::with_jwks_uri) does, and takes plain
    /// http too: an attacker on the path, or one who listens at that port of this machine, can put
    /// keys of their own there, and is then the issuer for this API. For a sidecar, or a network
    /// that is trusted.
    #[must_use]
    pub fn with_dangerous_plain_http_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(JwksUri {
            url: url.into(),
            may_be_plain_http: true,
        });
        self
    }

    /// Sets how old the keys become before they are read again, in whole seconds: 10 minutes by
    /// default. A key that the issuer has withdrawn works here for that long. A task reads them
    /// from the first request on; where it could not run, a request that finds keys of twice this
    /// age waits for new ones, up to 5 seconds, and the old ones serve only if the issuer can't be
    /// read.
    #[must_use]
    pub fn with_refresh_age(mut self, age: Duration) -> Self {
        self.ages.refresh = age;
        self
    }

    /// Sets how old keys may be that serve while the issuer can't be read, in whole seconds: 24
    /// hours by default. Older ones serve no request (503).
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.ages.max = age;
        self
    }

    /// Asks DNS for `localhost` and the names under it too, on a network that is safe by itself and
    /// leads them elsewhere (the aliases of a Docker network). Keys may come from these names by
    /// plain http: an attacker who answers for them in DNS decides which tokens are accepted.
    /// Without it, these names are this machine's, and DNS is not asked.
    #[cfg(feature = "https")]
    #[cfg_attr(docsrs, doc(cfg(feature = "https")))]
    #[must_use]
    pub fn with_dangerous_localhost_dns(mut self) -> Self {
        self.asks_dns = true;
        self
    }

    pub(crate) fn checked(self, issuer: &str, clock: Arc<dyn Clock>) -> Result<Keys, BuildError> {
        check_issuer(issuer).map_err(|problem| BuildError::Issuer {
            value: issuer.to_owned(),
            problem,
        })?;
        let KeyAges { refresh, max } = self.ages;
        if refresh < Duration::from_secs(1) || max < refresh {
            return Err(BuildError::KeyAges { refresh, max });
        }
        let jwks_uri = self.jwks_uri.map(JwksUri::checked).transpose()?;
        #[cfg_attr(not(feature = "https"), expect(clippy::infallible_destructuring_match))]
        let fetch = match self.fetch {
            How::By(fetch) => fetch,
            #[cfg(feature = "https")]
            How::OverHttps => over_https(jwks_uri.as_deref().unwrap_or(issuer), self.asks_dns)?,
        };
        let source = KeySource {
            issuer: issuer.to_owned(),
            jwks_uri,
        };
        let reader = KeyReader::new(source, self.ages, fetch, self.runtime, clock);
        Ok(Keys::Remote(Arc::new(reader)))
    }
}

impl JwksUri {
    fn checked(self) -> Result<String, BuildError> {
        let checked = match self.may_be_plain_http {
            true => check_plain(&self.url),
            false => check_https(&self.url),
        };
        match checked {
            Ok(()) => Ok(self.url),
            Err(problem) => Err(BuildError::JwksUri {
                value: self.url,
                problem,
            }),
        }
    }
}

#[cfg(feature = "https")]
impl Default for RemoteKeys {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "https")]
fn over_https(url: &str, asks_dns: bool) -> Result<Arc<dyn DynFetch>, BuildError> {
    use crate::keys::{HttpFetch, leads_to_loopback};

    match HttpFetch::new(leads_to_loopback(url), asks_dns) {
        Ok(fetch) => Ok(Arc::new(fetch)),
        Err(error) => Err(BuildError::Https {
            cause: error.to_string(),
        }),
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteKeys")
            .field("jwks_uri", &self.jwks_uri)
            .field("ages", &self.ages)
            .finish_non_exhaustive()
    }
}
