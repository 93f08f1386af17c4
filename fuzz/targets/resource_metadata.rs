//! Metadata of a protected resource (RFC 9728): an accepted document is for the resource that was
//! asked for, has the required types, and is the same after writing and parsing it again. The first
//! line is the resource.
#![no_main]

use countersign::{
    resource_metadata::{ResourceMetadata, ResourceMetadataError},
    target::TargetUri,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (resource, document) = (lines.next(), lines.next());
    let Ok(resource) = core::str::from_utf8(resource.unwrap_or_default()) else {
        return;
    };
    if let Ok(own) = ResourceMetadata::new(resource) {
        let url = own.well_known_url();
        assert!(TargetUri::parse(&url).is_ok(), "{url}");
        assert!(
            own.well_known_path()
                .starts_with("/.well-known/oauth-protected-resource")
        );
        let read = ResourceMetadata::parse(own.to_json().as_bytes(), resource);
        assert_eq!(read.as_ref(), Ok(&own));
    }
    let Some(document) = document else {
        return;
    };
    match ResourceMetadata::parse(document, resource) {
        Ok(read) => {
            let plain: Value = serde_json::from_slice(document).expect("JSON");
            assert_eq!(plain.as_object(), Some(read.members()));
            assert_eq!(plain["resource"], resource);
            assert_eq!(read.resource(), resource);
            let servers: Vec<&str> = read.authorization_servers().collect();
            let named = plain["authorization_servers"].as_array();
            assert_eq!(servers.len(), named.map_or(0, Vec::len));
            let required = &plain["dpop_bound_access_tokens_required"];
            assert_eq!(read.requires_bound_tokens(), *required == true);
            let again = ResourceMetadata::parse(read.to_json().as_bytes(), resource);
            assert_eq!(again, Ok(read));
        }
        Err(ResourceMetadataError::OtherResource { received, .. }) => {
            assert_ne!(received, resource);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
