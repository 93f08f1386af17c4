use super::*;
use ResourceMetadataError::{Fragment, Identifier, Member, OtherResource};
use serde_json::json;

const RESOURCE: &str = "https://api.example.com";

fn read(document: &Value) -> Result<ResourceMetadata, ResourceMetadataError> {
    ResourceMetadata::parse(document.to_string().as_bytes(), RESOURCE)
}

#[test]
fn r7_what_is_built_is_read() {
    let policy = VerifierPolicy::default();
    for is_required in [true, false] {
        let built = ResourceMetadata::new(RESOURCE)
            .unwrap()
            .with_authorization_servers(&["https://a.example", "https://b.example"])
            .with_dpop(&policy, is_required)
            .with("resource_name", "Notes")
            .with("resource", "https://evil.example");
        let read = ResourceMetadata::parse(built.to_json().as_bytes(), RESOURCE).unwrap();
        assert_eq!(read, built);
        assert_eq!(
            Value::Object(read.members().clone()),
            json!({
                "resource": RESOURCE,
                "authorization_servers": ["https://a.example", "https://b.example"],
                "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
                "dpop_bound_access_tokens_required": is_required,
                "bearer_methods_supported": if is_required { json!([]) } else { json!(["header"]) },
                "resource_name": "Notes",
            })
        );
        assert_eq!(read.requires_bound_tokens(), is_required);
        assert_eq!(read.dpop_algorithms().next(), Some("ES256"));
        assert_eq!(read.authorization_servers().count(), 2);
    }
    let silent = read(&json!({ "resource": RESOURCE })).unwrap();
    assert!(!silent.requires_bound_tokens());
    assert_eq!(silent.dpop_algorithms().count(), 0);
}

#[test]
fn r7_the_metadata_of_another_resource_is_refused() {
    for other in ["https://api.example.com/", "https://API.example.com", ""] {
        assert_eq!(
            read(&json!({ "resource": other })),
            Err(OtherResource {
                expected: RESOURCE.into(),
                received: other.into()
            })
        );
    }
}

#[test]
fn r7_members_of_another_type_are_refused() {
    for (name, value) in [
        ("resource", json!(1)),
        ("authorization_servers", json!("https://a.example")),
        ("scopes_supported", json!({})),
        ("bearer_methods_supported", json!(null)),
        ("dpop_signing_alg_values_supported", json!(["ES256", 1])),
        ("dpop_bound_access_tokens_required", json!("true")),
    ] {
        let mut document = json!({ "resource": RESOURCE });
        document[name] = value;
        let told = read(&document);
        assert!(
            matches!(told, Err(Member { name: told, .. }) if told == name),
            "{told:?}"
        );
    }
    for text in ["", "[]", r#"{"resource":"a","resource":"a"}"#] {
        let told = ResourceMetadata::parse(text.as_bytes(), RESOURCE);
        assert!(
            matches!(told, Err(ResourceMetadataError::Json(_))),
            "{text}"
        );
    }
    assert!(matches!(read(&json!({})), Err(Member { .. })));
}

#[test]
fn r7_the_well_known_part_comes_before_the_path() {
    for (resource, url, path) in [
        (
            "https://a.example",
            "https://a.example/.well-known/oauth-protected-resource",
            "",
        ),
        (
            "https://a.example/",
            "https://a.example/.well-known/oauth-protected-resource",
            "",
        ),
        (
            "https://a.example/b/",
            "https://a.example/.well-known/oauth-protected-resource/b/",
            "/b/",
        ),
        (
            "https://a.example:1/b?c=d/e",
            "https://a.example:1/.well-known/oauth-protected-resource/b?c=d/e",
            "/b",
        ),
        (
            "https://a.example/?c",
            "https://a.example/.well-known/oauth-protected-resource?c",
            "",
        ),
        (
            "https://a.example?c",
            "https://a.example/.well-known/oauth-protected-resource?c",
            "",
        ),
    ] {
        let metadata = ResourceMetadata::new(resource).unwrap();
        assert_eq!(metadata.well_known_url(), url);
        assert_eq!(metadata.well_known_path(), format!("{WELL_KNOWN}{path}"));
    }
}

#[test]
fn r7_an_identifier_is_a_url_without_fragment() {
    for resource in ["", "notes", "urn:a:b", "https://u@a.example", "ftp://a"] {
        let told = ResourceMetadata::new(resource);
        assert!(matches!(told, Err(Identifier { .. })), "{resource}");
    }
    let value = "https://a.example/#".to_owned();
    assert_eq!(ResourceMetadata::new(&value), Err(Fragment { value }));
}
