//! The API's address.

/// The API's address as its clients see it. Proofs are compared with it (`htu`): the `Host` header
/// is the client's to choose.
///
/// A string is a [`Fixed`](Self::Fixed) one:
///
/// ```
/// use countersign_resource_server::PublicUrl;
///
/// let url = PublicUrl::from("https://api.example.com");
/// assert_eq!(url, PublicUrl::Fixed("https://api.example.com".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicUrl {
    /// One address for all requests: scheme, host and, if there is one, the path that clients see
    /// before this server's paths.
    Fixed(String),
}

impl From<String> for PublicUrl {
    fn from(url: String) -> Self {
        Self::Fixed(url)
    }
}

impl From<&str> for PublicUrl {
    fn from(url: &str) -> Self {
        Self::Fixed(url.to_owned())
    }
}
