//! Only numbers cross the boundary to the host: any bits are a valid value of their type.

/// Returns the signatures of `extern "C"` functions, and of those in `extern "C"` blocks.
fn signatures(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("extern \"C\"") {
        let rest = &source[at..];
        if rest.starts_with("extern \"C\" {") {
            let block = &rest[..rest.find("\n    }").expect("the block ends")];
            found.extend(block.match_indices("fn ").map(|(at, _)| {
                let rest = &block[at..];
                &rest[..rest.find(';').expect("a declaration ends")]
            }));
        } else {
            found.push(&rest[..rest.find('{').expect("a body begins")]);
        }
    }
    found
}

#[test]
fn no_bool_crosses_the_boundary() {
    for (source, count) in [
        (include_str!("../src/engine.rs"), 17),
        (include_str!("../src/host.rs"), 10),
    ] {
        let signatures = signatures(source);
        assert_eq!(signatures.len(), count, "{signatures:?}");
        for signature in signatures {
            assert!(!signature.contains("bool"), "{signature}");
        }
    }
}
