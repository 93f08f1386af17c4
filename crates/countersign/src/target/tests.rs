use super::*;
use TargetUriError::{Character, Host, PercentEncoding, Port, Scheme, UserInfo};
use proptest::prelude::*;
use std::format;

fn htu(uri: &str) -> Result<String, TargetUriError> {
    TargetUri::parse(uri).map(|target| target.normalised)
}

fn assert_normalised(cases: &[(&str, &str)]) {
    for (uri, expected) in cases {
        assert_eq!(htu(uri).as_deref(), Ok(*expected), "{uri:?}");
    }
}

#[test]
fn v9_query_and_fragment_are_ignored() {
    assert_normalised(&[
        ("https://a/b?c=d", "https://a/b"),
        ("https://a/b#c", "https://a/b"),
        ("https://a?/../b", "https://a/"),
        ("https://a#@/b", "https://a/"),
        ("https://a/b?c[0]=%zz|", "https://a/b"),
    ]);
}

#[test]
fn v10_case_of_scheme_host_and_percent_encodings_is_equivalent() {
    assert_normalised(&[
        (
            "HtTpS://Api.EXAMPLE.com/Path",
            "https://api.example.com/Path",
        ),
        ("https://a/%c3%a9%2f", "https://a/%C3%A9%2F"),
        ("https://%41%2dB/", "https://a-b/"),
    ]);
}

#[test]
fn v10_unreserved_characters_are_decoded_and_reserved_ones_are_not() {
    assert_normalised(&[
        ("https://a/%7Eann/%41%5f%2D%2e", "https://a/~ann/A_-."),
        ("https://a/b%2Fc%3F%25%21", "https://a/b%2Fc%3F%25%21"),
        ("https://a/b!$&'()*+,;=:@", "https://a/b!$&'()*+,;=:@"),
    ]);
}

#[test]
fn v10_dot_segments_are_removed() {
    assert_normalised(&[
        ("https://a/b/c/./../../g", "https://a/g"),
        ("https://a/mid/content=5/../6", "https://a/mid/6"),
        ("https://a/../../b", "https://a/b"),
        ("https://a/b/..", "https://a/"),
        ("https://a/b/.", "https://a/b/"),
        ("https://a/%2e%2E/b/%2e/c", "https://a/b/c"),
        ("https://a/...", "https://a/..."),
        ("https://a/b/.c/d../", "https://a/b/.c/d../"),
        ("https://a//b//../c", "https://a//b/c"),
        ("https://a//..", "https://a/"),
    ]);
}

#[test]
fn v10_default_port_and_empty_path_are_equivalent() {
    assert_normalised(&[
        ("https://a:443", "https://a/"),
        ("https://a:", "https://a/"),
        ("http://a:80/", "http://a/"),
        ("http://a:0080/", "http://a/"),
        ("http://a:443/", "http://a:443/"),
        ("https://a:80", "https://a:80/"),
        ("http://[::1]:80/b", "http://[::1]/b"),
    ]);
}

#[test]
fn v9_what_differs_stays_different() {
    let uris = [
        "https://a/",
        "http://a/",
        "https://a:444/",
        "https://b/",
        "https://a./",
        "https://a/b",
        "https://a/B",
        "https://a/b/",
        "https://a//b",
        "https://a/%2Fb",
        "https://a/b;c",
        "https://[::1]/",
        "https://[::2]/",
    ];
    for (i, one) in uris.iter().enumerate() {
        for other in &uris[i + 1..] {
            assert_ne!(
                TargetUri::parse(one),
                TargetUri::parse(other),
                "{one} {other}"
            );
        }
    }
}

#[test]
fn what_browsers_leave_unencoded_in_a_path_stands_for_itself() {
    assert_normalised(&[
        ("https://a/n|z", "https://a/n|z"),
        ("https://a/n%7cz", "https://a/n%7Cz"),
        ("https://a/[b]^", "https://a/[b]^"),
        ("https://a/%5b%5d%5E", "https://a/%5B%5D%5E"),
        ("https://a/n%zz", "https://a/n%zz"),
        ("https://a/%", "https://a/%"),
        ("https://a/%4", "https://a/%4"),
        ("https://a/%4g", "https://a/%4g"),
        ("https://a/%25", "https://a/%25"),
        ("https://a/%/../%7e%", "https://a/~%"),
        ("https://a/%%7e/%2%2e", "https://a/%~/%2."),
    ]);
}

#[test]
fn a_stray_percent_never_becomes_part_of_an_encoding() {
    assert_normalised(&[
        ("https://a/%%41", "https://a/%%41"),
        ("https://a/%%411", "https://a/%%411"),
        ("https://a/%4%31", "https://a/%4%31"),
        ("https://a/%%34%31", "https://a/%%341"),
        ("https://a/%%2541", "https://a/%%2541"),
        ("https://a/%g%41", "https://a/%gA"),
        ("https://a/%7C%41", "https://a/%7CA"),
    ]);
    assert_ne!(
        TargetUri::parse("https://a/%41"),
        TargetUri::parse("https://a/%4%31")
    );
}

#[test]
fn addresses_have_one_spelling() {
    assert_normalised(&[
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        (
            "http://[2001:DB8:0:0:1:0:0:1]/",
            "http://[2001:db8::1:0:0:1]/",
        ),
        (
            "http://[2001:db8:0:1:1:1:1:1]/",
            "http://[2001:db8:0:1:1:1:1:1]/",
        ),
        ("http://[::]:9/", "http://[::]:9/"),
        ("http://[1::]/", "http://[1::]/"),
        ("http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),
    ]);
}

#[test]
fn what_rfc3986_refuses_is_not_repaired() {
    for (uri, error) in [
        ("", Scheme),
        ("/a", Scheme),
        ("//a/b", Scheme),
        ("https:a/b", Scheme),
        ("https:/a/b", Scheme),
        ("https:\\\\a/b", Scheme),
        ("https:\\/a/b", Scheme),
        ("https:/\\a/b", Scheme),
        ("ftp://a/", Scheme),
        ("https://", Host),
        ("https:///b", Host),
        ("https://?b", Host),
        ("https://:443/", Host),
        ("https://user@a/", UserInfo),
        ("https://user:pw@a/", UserInfo),
        ("https://@a/", UserInfo),
        ("https://a\\@b/", UserInfo),
        ("https://\u{e9}.example/", Host),
        ("https://\u{e9}.example", Host),
        ("https://a/\u{e9}", Character),
        ("https://a?\u{e9}", Character),
        ("https://a#\u{e9}", Character),
        ("https://%C3%A9.example/", Host),
        ("https://a%2Fb/", Host),
        ("https://a%21/", Host),
        ("https://a|b/", Host),
        ("https://[::1/", Host),
        ("https://[::1]a/", Host),
        ("https://[::1%25eth0]/", Host),
        ("https://[1.2.3.4]/", Host),
        ("https://[v1.a]/", Host),
        ("https://[]/", Host),
        ("https://a%40b/", Host),
        ("https://1::1/", Port),
        ("https://a:65536/", Port),
        ("https://a:+1/", Port),
        ("https://a:8o/", Port),
        ("https://a/b c", Character),
        (" https://a/", Character),
        ("https://a/\tb", Character),
        ("ht\ttps://a/", Character),
        ("https://\ta/", Character),
        ("https://a/\n", Character),
        ("https://a/\0", Character),
        ("https://a\\b", Host),
        ("https://a/b\\c", Character),
        ("https://a/{b}", Character),
        ("https://a/`b", Character),
        ("https://a/<b>", Character),
        ("https://a/\"b", Character),
        ("https://%zz/", PercentEncoding),
    ] {
        assert_eq!(htu(uri), Err(error), "{uri:?}");
    }
}

/// Browsers make all but the first of these into `http://127.0.0.1/`.
#[test]
fn v10_what_looks_like_an_address_is_a_name_unless_it_is_one() {
    for host in [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.1",
        "2130706433",
        "127.0.0.1.",
    ] {
        let uri = format!("http://{host}/");
        assert_eq!(htu(&uri).as_deref(), Ok(&*uri));
    }
}

/// Names are compared as ASCII, without a table of Unicode: an A-label is just its letters.
#[test]
fn v10_a_labels_are_compared_by_ascii_case() {
    assert_normalised(&[
        (
            "https://XN--BCHER-KVA.Example/",
            "https://xn--bcher-kva.example/",
        ),
        ("https://xn--a/", "https://xn--a/"),
        ("https://a_b.example/", "https://a_b.example/"),
    ]);
}

#[test]
fn v10_an_encoded_slash_ends_no_segment() {
    assert_normalised(&[
        ("https://a/b/..%2fc", "https://a/b/..%2Fc"),
        ("https://a/b%2f../c", "https://a/b%2F../c"),
        ("https://a/b/%2e%2e%2f", "https://a/b/..%2F"),
        ("https://a/b%5c..", "https://a/b%5C.."),
        ("https://a/b//", "https://a/b//"),
    ]);
}

/// One byte at a time, so that none is forgotten: RFC 3986, 2.3, without `~`, which Java's encoder
/// encodes.
#[test]
fn v9_a_request_encodes_no_letter_digit_hyphen_dot_or_underscore() {
    let is_refused = |path: &str| {
        let uri = TargetUri::parse(&format!("https://a/{path}")).unwrap();
        uri.check_encoding() == Err(TargetUriError::NeedlessEncoding)
    };
    for byte in 0..=255_u8 {
        let needs_none = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        for encoded in [format!("%{byte:02x}"), format!("%{byte:02X}")] {
            for path in [
                encoded.clone(),
                format!("users/{encoded}e"),
                format!("users/m{encoded}/x"),
                // A stray `%` before it changes nothing, since somebody may decode it all the same.
                format!("%{encoded}"),
                format!("%4{encoded}"),
            ] {
                assert_eq!(is_refused(&path), needs_none, "{path}");
            }
        }
    }
    for path in [
        "",
        "users/me",
        "%7Eann/%7eann",
        "%25%34",
        "a%2Fb",
        "%",
        "%4",
        "%zz",
        "x?y=%6d",
        "x#%6d",
    ] {
        assert_eq!(is_refused(path), path == "%25%34", "{path}");
    }
    // The host is normalised before anybody routes by it.
    assert_eq!(
        TargetUri::parse("https://%61/").unwrap().check_encoding(),
        Ok(())
    );
}

#[test]
fn v10_how_a_uri_was_encoded_makes_it_no_other() {
    let hash = |uri: &TargetUri| {
        let mut hasher = std::hash::DefaultHasher::new();
        uri.hash(&mut hasher);
        hasher.finish()
    };
    let [encoded, plain] =
        ["https://a/%6de", "https://a/me"].map(|uri| TargetUri::parse(uri).unwrap());
    assert_eq!(encoded, plain);
    assert_eq!(hash(&encoded), hash(&plain));
}

proptest! {
    #[test]
    fn normalisation_is_idempotent(
        uri in "(https|HTTP)://([a-zA-Z]{1,4}|%4[1-9a-f]|\\[::1\\])(:(443|80|9)?)?(/(\\.|%2[eEfF]|[a-z]{0,2}|%7e){0,3}){0,6}([?#].{0,4})?"
    ) {
        if let Ok(once) = htu(&uri) {
            prop_assert_eq!(htu(&once), Ok(once.clone()));
            let path = once.splitn(4, '/').nth(3).unwrap_or("none");
            prop_assert!(!path.split('/').any(|segment| segment == "." || segment == ".."), "{}", once);
        }
    }

    #[test]
    fn normalisation_is_idempotent_with_what_browsers_leave(path in "(%|[0-9a-gA-G]|%[0-9a-fA-F]{2}|%2[eE5]|%3[0-9]|[|\\[\\]^./]){0,14}") {
        let once = htu(&format!("https://a/{path}")).unwrap();
        prop_assert_eq!(htu(&once), Ok(once.clone()));
        // No escape appears or disappears but those of unreserved characters.
        let escapes = |text: &str| text.match_indices("%25").count();
        prop_assert!(escapes(&once) <= escapes(&path), "{}", once);
    }

    #[test]
    fn parse_never_panics(uri in "(https?://)?[a-z%:/.@?#\\[\\]\\\\ é0-9]{0,16}", any: String) {
        let _ = htu(&uri);
        let _ = htu(&any);
    }
}
