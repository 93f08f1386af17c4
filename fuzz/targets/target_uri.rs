//! A target URI: normalising is idempotent, the result has no query, fragment or dot segment, and
//! URIs that RFC 3986 calls equivalent become equal.
#![no_main]

use countersign::target::TargetUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(uri) = TargetUri::parse(text) else {
        return;
    };
    let htu = uri.htu();
    assert!(htu.is_ascii() && !htu.contains(['?', '#', '\\']));
    assert_eq!(TargetUri::parse(htu).as_ref(), Ok(&uri), "idempotent");

    let (scheme, rest) = htu.split_once("://").expect("a scheme");
    assert!(scheme == "https" || scheme == "http");
    let (authority, path) = rest.split_once('/').expect("a path");
    assert!(!authority.contains('@'));
    assert!(
        path.split('/')
            .all(|segment| segment != "." && segment != "..")
    );

    // Case (6.2.2.1), and the parts that a proof does not cover.
    let shouted = scheme.to_uppercase() + "://" + &authority.to_uppercase() + "/" + path + "?a=b#c";
    assert_eq!(TargetUri::parse(&shouted).as_ref(), Ok(&uri), "{shouted}");
    // Dot segments (6.2.2.3).
    let detour = format!("{scheme}://{authority}/x/../{path}");
    assert_eq!(TargetUri::parse(&detour).as_ref(), Ok(&uri), "{detour}");
});
