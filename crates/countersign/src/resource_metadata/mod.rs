//! What a protected resource says of itself (RFC 9728), so that a client finds its authorization servers and knows that
//! its tokens must be bound: built by a resource server, read by a client. Where a client may get it from, and whether it
//! trusts the servers that are named there, is the client's to decide (RFC 9728, 7.3).
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

/// What comes between host and path of the resource's identifier (RFC 9728, 3.1).
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

/// Those that are lists of texts (RFC 9728, 2).
const LISTS: [&str; 6] = [
    AUTHORIZATION_SERVERS,
    SCOPES,
    BEARER_METHODS,
    DPOP_ALGORITHMS,
    "resource_signing_alg_values_supported",
    "authorization_details_types_supported",
];
/// Those that are true or false.
const SWITCHES: [&str; 2] = [DPOP_REQUIRED, "tls_client_certificate_bound_access_tokens"];

/// The metadata of one protected resource (RFC 9728, 2). Members that this crate doesn't know are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceMetadata {
    resource: String,
    members: Map<String, Value>,
}

/// Why there is no metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceMetadataError {
    /// The resource's identifier is no URI.
    #[error("the resource {} is no URL: {error}", Quoted(.value))]
    Identifier {
        /// What was given.
        value: String,
        /// What is wrong with it.
        error: TargetUriError,
    },
    /// It has a fragment (RFC 9728, 1.2).
    #[error("the resource {} has a fragment; an identifier has none", Quoted(.value))]
    Fragment {
        /// What was given.
        value: String,
    },
    /// The document is no strict JSON object.
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
    /// The document is another resource's: it must not be used (RFC 9728, 3.3).
    #[error("the metadata is of {} and {expected} was asked for; do not use it", Quoted(.received))]
    OtherResource {
        /// The resource that was asked for.
        expected: String,
        /// The document's.
        received: String,
    },
}

impl ResourceMetadata {
    /// Of the resource with this identifier: a URL without fragment, `https` but for development. It is what clients
    /// compare with the one that they know, character by character.
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

    /// Reads the document that the well-known URL of `resource` has, in strict JSON.
    ///
    /// # Errors
    /// It is no strict JSON object, a member of RFC 9728 is of another type, or its `resource` is not exactly this one.
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

    /// The issuers whose tokens this resource accepts.
    #[must_use]
    pub fn with_authorization_servers(self, issuers: &[&str]) -> Self {
        self.with(AUTHORIZATION_SERVERS, issuers.to_vec())
    }

    /// What its verifier accepts of proofs, and whether it refuses unbound tokens. Where it does, no way to send a bearer
    /// token is left; else it is the header (RFC 6750, 2.1).
    #[must_use]
    pub fn with_dpop(self, policy: &VerifierPolicy, is_required: bool) -> Self {
        let algorithms = policy.algorithms().iter().map(|one| one.name());
        let algorithms: Vec<&str> = algorithms.collect();
        let bearer: &[&str] = if is_required { &[] } else { &["header"] };
        self.with(DPOP_ALGORITHMS, algorithms)
            .with(DPOP_REQUIRED, is_required)
            .with(BEARER_METHODS, bearer.to_vec())
    }

    /// Any member of RFC 9728, section 2, or of its registry: `resource_name`, `resource_documentation`,
    /// `scopes_supported`, ... `resource` stays what it is.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if name != RESOURCE {
            self.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The identifier.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The issuers that it names; none where it says nothing.
    pub fn authorization_servers(&self) -> impl Iterator<Item = &str> {
        self.list(AUTHORIZATION_SERVERS)
    }

    /// The algorithms of proofs that it accepts; none where it says nothing.
    pub fn dpop_algorithms(&self) -> impl Iterator<Item = &str> {
        self.list(DPOP_ALGORITHMS)
    }

    /// Whether it refuses tokens that are bound to no key.
    #[must_use]
    pub fn requires_bound_tokens(&self) -> bool {
        self.members.get(DPOP_REQUIRED) == Some(&Value::Bool(true))
    }

    /// All members, `resource` too.
    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The document, to be served as `application/json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// Where clients look for it, and what a challenge names as
    /// [`resource_metadata`](crate::challenge::RESOURCE_METADATA) (RFC 9728, 3.1 and 5.1).
    #[must_use]
    pub fn well_known_url(&self) -> String {
        let (origin, path) = self.split();
        format!("{origin}{WELL_KNOWN}{path}")
    }

    /// The path of [`well_known_url`](Self::well_known_url), without the resource's query.
    #[must_use]
    pub fn well_known_path(&self) -> String {
        let (_, path) = self.split();
        let path = path.split('?').next().unwrap_or_default();
        format!("{WELL_KNOWN}{path}")
    }

    /// The identifier's origin, and what comes after it. A slash that is the whole path goes.
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
