//! The metadata of a protected resource (RFC 9728), by which a client finds its authorization
//! servers and knows that its tokens must be bound: built by a resource server, read by a client.
//! The client decides where it gets the metadata from, and whether it trusts the servers named
//! there (RFC 9728, 7.3).
//!
//! ```
//! use countersign::{proof::VerifierPolicy, resource_metadata::ResourceMetadata};
//!
//! let metadata = ResourceMetadata::new("https://api.example.com/notes")?
//!     .with_authorization_servers(&["https://issuer.example.com"])
//!     .with_dpop(&VerifierPolicy::default(), true);
//! let document = metadata.to_json();
//! let url = metadata.well_known_url();
//! assert_eq!(url, "https://api.example.com/.well-known/oauth-protected-resource/notes");
//!
//! // A client asks that URL, and knows which resource it asked for.
//! let read = ResourceMetadata::parse(document.as_bytes(), "https://api.example.com/notes")?;
//! assert!(read.requires_bound_tokens());
//! assert!(ResourceMetadata::parse(document.as_bytes(), "https://other.example.com").is_err());
//! # Ok::<(), countersign::resource_metadata::ResourceMetadataError>(())
//! ```

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use crate::{
    jose::json,
    proof::VerifierPolicy,
    target::{TargetUri, TargetUriError},
    text::Quoted,
};

/// The text between host and path of the metadata's URL (RFC 9728, 3.1).
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// `dpop_signing_alg_values_supported`: the algorithms of proofs that are accepted.
pub const DPOP_ALGORITHMS: &str = "dpop_signing_alg_values_supported";
/// `dpop_bound_access_tokens_required`: whether unbound tokens are refused.
pub const DPOP_REQUIRED: &str = "dpop_bound_access_tokens_required";
/// `authorization_servers`: the issuers whose tokens are accepted.
pub const AUTHORIZATION_SERVERS: &str = "authorization_servers";
/// `bearer_methods_supported`: how bearer tokens may be sent; none where it is empty.
pub const BEARER_METHODS: &str = "bearer_methods_supported";
/// `scopes_supported`.
pub const SCOPES: &str = "scopes_supported";
const RESOURCE: &str = "resource";

/// The members that are lists of texts (RFC 9728, 2).
const LISTS: [&str; 6] = [
    AUTHORIZATION_SERVERS,
    SCOPES,
    BEARER_METHODS,
    DPOP_ALGORITHMS,
    "resource_signing_alg_values_supported",
    "authorization_details_types_supported",
];
/// The members that are true or false.
const SWITCHES: [&str; 2] = [DPOP_REQUIRED, "tls_client_certificate_bound_access_tokens"];

/// The metadata of one protected resource (RFC 9728, 2). Members that this crate doesn't know are
/// kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceMetadata {
    resource: String,
    members: Map<String, Value>,
}

/// Why metadata can't be built or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceMetadataError {
    /// The resource's identifier is not a URI.
    #[error("the resource {} is not a URL: {error}", Quoted(.value))]
    Identifier {
        /// Returns the identifier.
        value: String,
        /// What is wrong with it.
        error: TargetUriError,
    },
    /// The resource's identifier has a fragment (RFC 9728, 1.2).
    #[error("the resource {} has a fragment; an identifier has none", Quoted(.value))]
    Fragment {
        /// Returns the identifier.
        value: String,
    },
    /// The document is not a strict JSON object.
    #[error("the metadata is not a JSON object: {0}")]
    Json(json::JsonError),
    /// A member is missing or of another type.
    #[error("the metadata's `{name}` must be {expected}")]
    Member {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The document belongs to another resource and must not be used (RFC 9728, 3.3).
    #[error("the metadata belongs to {}, and {expected} was asked for; do not use it", Quoted(.received))]
    OtherResource {
        /// The resource that was asked for.
        expected: String,
        /// The resource that the document names.
        received: String,
    },
}

impl ResourceMetadata {
    /// Creates the metadata of the resource with this identifier: a URL without fragment, `https`
    /// except in development. Clients compare it with the identifier that they know, character by
    /// character.
    ///
    /// # Errors
    /// [`ResourceMetadataError::Identifier`] and [`ResourceMetadataError::Fragment`].
    pub fn new(resource: &str) -> Result<Self, ResourceMetadataError> {
        let value = || resource.to_owned();
        TargetUri::parse(resource).map_err(|error| ResourceMetadataError::Identifier {
            value: value(),
            error,
        })?;
        if resource.contains('#') {
            return Err(ResourceMetadataError::Fragment { value: value() });
        }
        let mut members = Map::new();
        members.insert(RESOURCE.to_owned(), resource.into());
        Ok(Self {
            resource: value(),
            members,
        })
    }

    /// Reads the document at the well-known URL of `resource`, as strict JSON.
    ///
    /// # Errors
    /// It is not a strict JSON object, a member of RFC 9728 has another type, or its `resource` is
    /// not exactly this one.
    pub fn parse(document: &[u8], resource: &str) -> Result<Self, ResourceMetadataError> {
        let members = json::parse_object(document).map_err(ResourceMetadataError::Json)?;
        let member = |name, expected| ResourceMetadataError::Member { name, expected };
        let received = members.get(RESOURCE).and_then(Value::as_str);
        let received = received.ok_or_else(|| member(RESOURCE, "a string"))?;
        if received != resource {
            return Err(ResourceMetadataError::OtherResource {
                expected: resource.to_owned(),
                received: received.to_owned(),
            });
        }
        for name in LISTS {
            let is_list = |value: &Value| {
                let list = value.as_array();
                list.is_some_and(|list| list.iter().all(Value::is_string))
            };
            if !members.get(name).is_none_or(is_list) {
                return Err(member(name, "an array of strings"));
            }
        }
        for name in SWITCHES {
            if !members.get(name).is_none_or(Value::is_boolean) {
                return Err(member(name, "true or false"));
            }
        }
        Ok(Self {
            members,
            ..Self::new(resource)?
        })
    }

    /// Sets the issuers whose tokens this resource accepts.
    #[must_use]
    pub fn with_authorization_servers(self, issuers: &[&str]) -> Self {
        self.with(AUTHORIZATION_SERVERS, issuers.to_vec())
    }

    /// Sets which proofs the resource accepts, and whether it refuses unbound tokens. If it does,
    /// there is no way to send a bearer token; else it is the header (RFC 6750, 2.1).
    #[must_use]
    pub fn with_dpop(self, policy: &VerifierPolicy, is_required: bool) -> Self {
        let algorithms = policy.algorithms().iter().map(|one| one.name());
        let algorithms: Vec<&str> = algorithms.collect();
        let bearer: &[&str] = if is_required { &[] } else { &["header"] };
        self.with(DPOP_ALGORITHMS, algorithms)
            .with(DPOP_REQUIRED, is_required)
            .with(BEARER_METHODS, bearer.to_vec())
    }

    /// Sets any member of RFC 9728, section 2, or of its registry, like `resource_name`,
    /// `resource_documentation` or `scopes_supported`. `resource` can't be changed.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if name != RESOURCE {
            self.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Returns the identifier.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Returns the issuers that it names; none if it says nothing.
    pub fn authorization_servers(&self) -> impl Iterator<Item = &str> {
        self.list(AUTHORIZATION_SERVERS)
    }

    /// Returns the algorithms of proofs that it accepts; none if it says nothing.
    pub fn dpop_algorithms(&self) -> impl Iterator<Item = &str> {
        self.list(DPOP_ALGORITHMS)
    }

    /// Tells whether it refuses tokens that are bound to no key.
    #[must_use]
    pub fn requires_bound_tokens(&self) -> bool {
        self.members.get(DPOP_REQUIRED) == Some(&Value::Bool(true))
    }

    /// Returns all members, including `resource`.
    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Returns the document, to be served as `application/json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// Returns the URL where clients look for the document, which a challenge names as
    /// [`resource_metadata`](crate::challenge::RESOURCE_METADATA) (RFC 9728, 3.1 and 5.1).
    #[must_use]
    pub fn well_known_url(&self) -> String {
        let (origin, path) = self.split();
        format!("{origin}{WELL_KNOWN}{path}")
    }

    /// Returns the path of [`well_known_url`](Self::well_known_url), without the resource's query.
    #[must_use]
    pub fn well_known_path(&self) -> String {
        let (_, path) = self.split();
        let path = path.split('?').next().unwrap_or_default();
        format!("{WELL_KNOWN}{path}")
    }

    /// Splits the identifier into its origin and the rest, where a path of only a slash is dropped.
    fn split(&self) -> (&str, String) {
        let host = self.resource.find("://").map_or(0, |at| at + 3);
        let end = self.resource[host..].find(['/', '?']);
        let (origin, rest) = match end {
            Some(at) => self.resource.split_at(host + at),
            None => (&*self.resource, ""),
        };
        match rest.strip_prefix('/') {
            Some(query) if query.is_empty() || query.starts_with('?') => (origin, query.to_owned()),
            _ => (origin, rest.to_owned()),
        }
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.members.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }
}

#[cfg(test)]
mod tests;
