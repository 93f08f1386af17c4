use super::*;
use proptest::prelude::*;

fn with_token68(scheme: &str, token: &str) -> Challenge {
    Challenge {
        token68: Some(token.to_owned()),
        ..Challenge::new(scheme)
    }
}

fn challenge(scheme: &str, params: &[(&str, &str)]) -> Challenge {
    params
        .iter()
        .fold(Challenge::new(scheme), |challenge, (name, value)| {
            challenge.with(name, value)
        })
}

#[test]
fn r5_the_rfcs_own_challenges_are_read() {
    // RFC 9449, figures 16, 17 and 19.
    assert_eq!(
        parse(&[r#"DPoP algs="ES256 PS256""#]),
        [challenge("DPoP", &[("algs", "ES256 PS256")])]
    );
    assert_eq!(
        parse(&[
            r#"Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256""#
        ]),
        [
            challenge(
                "Bearer",
                &[
                    ("error", "invalid_token"),
                    ("error_description", "Invalid token")
                ]
            ),
            challenge("DPoP", &[("algs", "ES256 PS256")]),
        ]
    );
    assert_eq!(
        parse(&[r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#])[0]
            .get("ERROR"),
        Some("use_dpop_nonce")
    );
}

#[test]
fn r5_challenges_come_in_one_field_or_in_many() {
    let expected = [
        challenge("Basic", &[("realm", "a, b=\"c\" \\")]),
        challenge("Negotiate", &[]),
        challenge("dpop", &[("error", "use_dpop_nonce")]),
    ];
    let basic = r#"Basic realm="a, b=\"c\" \\""#;
    let one = [basic, "Negotiate", "dpop error=use_dpop_nonce"].join(", ");
    assert_eq!(parse(&[&one]), expected);
    assert_eq!(
        parse(&[basic, "Negotiate", "dpop error = use_dpop_nonce ,"]),
        expected
    );
    assert_eq!(
        parse(&[
            ", ,",
            "",
            basic,
            "Negotiate\t,, ,dpop ,error=use_dpop_nonce"
        ]),
        expected
    );
    assert_eq!(to_one_field(&expected[..2]), one[..one.len() - 27]);
    assert_eq!(parse(&[&to_one_field(&expected)]), expected);
}

/// RFC 9110, 11.2: `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
#[test]
fn r5_a_token68_is_told_from_parameters() {
    let dpop = challenge("DPoP", &[("a", "1")]);
    for (field, token) in [
        ("Negotiate dGVzdA==, DPoP a=1", "dGVzdA=="),
        ("Negotiate  -._~+/09azAZ ,DPoP a=1", "-._~+/09azAZ"),
        ("Negotiate a=\t, DPoP a=1", "a="),
    ] {
        let expected = [with_token68("Negotiate", token), dpop.clone()];
        assert_eq!(parse(&[field]), expected, "{field}");
        assert_eq!(parse(&[&to_one_field(&expected)]), expected);
    }
    assert_eq!(
        parse(&["Negotiate a=b"]),
        [challenge("Negotiate", &[("a", "b")])]
    );
    for field in ["Negotiate =", "Negotiate a==b", "Negotiate a b"] {
        assert_eq!(parse(&[field]), [], "{field}");
    }
    // With a token68 there are no parameters.
    assert_eq!(
        parse(&["Negotiate dGVzdA==, a=1"]),
        [with_token68("Negotiate", "dGVzdA==")]
    );
}

/// RFC 9110, 11.6.1 and 5.6.1: one or more blanks after a scheme that has parameters, and empty
/// elements anywhere.
#[test]
fn r5_what_follows_a_scheme_is_its_own_after_a_blank_only() {
    let expected = [challenge("DPoP", &[("a", "1"), ("b", "2")])];
    for field in [
        "DPoP a=1,b=2",
        "DPoP   a=1 , b=2",
        "DPoP ,, a=1,\t, ,b=2,",
        ",DPoP a\t=\t1,b  = \"2\"",
    ] {
        assert_eq!(parse(&[field]), expected, "{field}");
    }
    assert_eq!(parse(&["DPoP, a=1"]), [challenge("DPoP", &[])]);
    for field in ["DPoP\ta=1", "DPoP \ta=1", "DPoP\"a\"", "DPoP;a=1"] {
        assert_eq!(parse(&[field]), [], "{field}");
    }
}

#[test]
fn r5_quoted_strings_may_escape_any_character_and_hold_any_text() {
    for (field, value) in [
        (r#"DPoP a="""#, ""),
        (r#"DPoP a="\\\"\a\é""#, "\\\"aé"),
        ("DPoP a=\"\\\t \t,=\"", "\t \t,="),
        ("DPoP a=\"\u{e9}\"", "é"),
    ] {
        assert_eq!(
            parse(&[field]),
            [challenge("DPoP", &[("a", value)])],
            "{field}"
        );
    }
    for field in [
        "DPoP a=\"\\\n\"",
        "DPoP a=\"\u{7f}\"",
        "DPoP a=\"\\\u{7f}\"",
        "DPoP a=\"\0\"",
        "DPoP a=é",
        "DPoP é=1",
    ] {
        assert_eq!(parse(&[field]), [], "{field:?}");
    }
}

#[test]
fn r5_an_error_description_holds_what_rfc6749_allows() {
    let challenge = Challenge::bearer().with_error("invalid_token", "a \"b\" \\ c\u{e9}\n");
    assert_eq!(
        challenge.to_header(),
        r#"Bearer error="invalid_token", error_description="a 'b' / c??""#
    );
}

#[test]
fn r5_what_breaks_the_grammar_is_left_out() {
    for field in [
        r#"DPoP error="a"#,
        r#"DPoP error="a\"#,
        r#"DPoP a="1", error="#,
        r#"DPoP error="a" b"#,
        "DPoP error=\"a\nb\"",
        r#"DPoP error="a", error="b""#,
        "=",
        "DPoP=x",
        r#"DPoP "a""#,
        r#"DPoP a="1", "b""#,
    ] {
        assert_eq!(parse(&[field]), [], "{field:?}");
    }
    assert_eq!(parse(&[r#"Basic, DPoP a="1"#]), [challenge("Basic", &[])]);
}

#[test]
fn r5_a_built_challenge_cannot_break_out_of_its_header() {
    let header = challenge(
        "DPoP",
        &[("error_description", "a\r\nSet-Cookie: x=\"1\" \\ é")],
    )
    .to_header();
    assert_eq!(
        header,
        r#"DPoP error_description="a??Set-Cookie: x=\"1\" \\ ?""#
    );
}

/// A challenge, and one of the ways to write it.
fn spelled_challenge() -> impl Strategy<Value = (String, Challenge)> {
    let scheme = "[a-zA-Z][a-zA-Z0-9!#$%&'*+.^_`|~-]{0,5}";
    let blanks = "[ \t]{0,2}";
    let param = (
        "[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,5}",
        "[ -~é]{0,6}",
        prop::bool::ANY,
        blanks,
        blanks,
    );
    let params = prop::collection::vec(param, 0..4);
    let token68 = prop::option::of("[a-zA-Z0-9._~+/-]{1,6}={0,2}");
    (scheme, " {1,2}", token68, params).prop_map(|(scheme, blank, token, params)| {
        let mut challenge = Challenge::new(&scheme);
        let mut text = scheme;
        if let Some(token) = token {
            text = text + &blank + &token;
            challenge.token68 = Some(token);
            return (text, challenge);
        }
        for (name, value, is_quoted, before, after) in params {
            if challenge.get(&name).is_some() {
                continue;
            }
            text += if challenge.params.is_empty() {
                &blank
            } else {
                ","
            };
            let is_token = !value.is_empty() && value.bytes().all(is_token_character);
            let written = match is_token && !is_quoted {
                true => value.clone(),
                false => std::format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\"")),
            };
            text += &[&name, &*before, "=", &after, &written].concat();
            challenge.params.push((name, value));
        }
        (text, challenge)
    })
}

proptest! {
    #[test]
    fn what_is_built_is_read(values in prop::collection::vec("[ -~]{0,12}", 0..4)) {
        let mut built = Challenge::dpop();
        for (i, value) in values.iter().enumerate() {
            built = built.with(&std::format!("p{i}"), value);
        }
        let header = built.to_header();
        prop_assert_eq!(parse(&[&header]), [built.clone()]);
        let twice = std::format!("{header}, {header}");
        prop_assert_eq!(parse(&[&twice]), [built.clone(), built]);
    }

    #[test]
    fn what_is_written_in_any_of_its_spellings_is_read(
        challenges in prop::collection::vec(spelled_challenge(), 1..4),
        separator in "[ \t]?,[ \t,]{0,2}",
    ) {
        let (texts, expected): (Vec<String>, Vec<Challenge>) = challenges.into_iter().unzip();
        let fields: Vec<&str> = texts.iter().map(|text| &**text).collect();
        prop_assert_eq!(parse(&fields), expected.clone());
        prop_assert_eq!(parse(&[&fields.join(&separator)]), expected);
    }

    #[test]
    fn parse_never_panics(field in r#"([a-zA-Z="\\, /é\n]{0,6}|DPoP ){0,8}"#, any: String) {
        let _ = parse(&[&field, &any]);
    }
}
