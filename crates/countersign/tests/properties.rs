//! Properties over generated input: equivalent URIs, challenges on their way through a header,
//! strict base64url and JSON.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

use countersign::{
    challenge::{self, Challenge},
    jose::{base64url, json::parse_object},
    target::TargetUri,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

/// A URI by its parts, of which each URI has one normalised spelling and many others.
#[derive(Clone, Debug, PartialEq)]
struct Parts {
    is_https: bool,
    host: String,
    port: Option<u16>,
    segments: Vec<String>,
}

impl Parts {
    fn normalised(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        let default = if self.is_https { 443 } else { 80 };
        let port = self.port.filter(|port| *port != default);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}/{}", self.host, self.segments.join("/"))
    }

    /// Another spelling of the same; `dice` decides at each place where there is a choice.
    fn spelt(&self, dice: &mut impl FnMut(usize) -> usize) -> String {
        let default = if self.is_https { 443 } else { 80 };
        let scheme = if self.is_https { "https" } else { "http" };
        let mut out = with_case(scheme, dice) + "://";
        let mut host = String::new();
        for c in with_case(&self.host, dice).chars() {
            push_spelt(&mut host, c, dice);
        }
        out += &host;
        match self.port.filter(|port| *port != default) {
            Some(port) => out += &format!(":{}{port}", "0".repeat(dice(3))),
            None => out += ["", ":", &format!(":{default}")][dice(3)],
        }
        let mut path = String::new();
        for segment in &self.segments {
            path += ["/", "/./", "/x/../", "/%2E/", "/y/%2e./"][dice(5)];
            for c in segment.chars() {
                push_spelt(&mut path, c, dice);
            }
        }
        // An empty path is `/` (6.2.3).
        if path == "/" && dice(2) == 0 {
            path.clear();
        }
        out + &path + ["", "?", "?a=/../b#c", "#c?d"][dice(4)]
    }
}

fn with_case(text: &str, dice: &mut impl FnMut(usize) -> usize) -> String {
    let case = |c: char| match dice(2) {
        0 => c,
        _ => c.to_ascii_uppercase(),
    };
    text.chars().map(case).collect()
}

/// As it is, or percent-encoded where that means the same (6.2.2.1 and 6.2.2.2).
fn push_spelt(out: &mut String, c: char, dice: &mut impl FnMut(usize) -> usize) {
    let is_unreserved = c.is_ascii_alphanumeric() || "-._~".contains(c);
    match dice(4) {
        0 if is_unreserved => *out += &format!("%{:02x}", u32::from(c)),
        1 if is_unreserved => *out += &format!("%{:02X}", u32::from(c)),
        _ => out.push(c),
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let port = prop_oneof![Just(None), any::<u16>().prop_map(Some)];
    // Without dots alone, which are no segments.
    let segment = "[a-z0-9A-Z_~!$&'()*+,;=:@-]{0,4}";
    (
        any::<bool>(),
        "[a-z0-9_-]{1,5}(\\.[a-z0-9]{1,3})?",
        port,
        vec(segment, 1..4),
    )
        .prop_map(|(is_https, host, port, segments)| {
            let default = if is_https { 443 } else { 80 };
            Parts {
                is_https,
                host,
                port: port.filter(|port| *port != default),
                segments,
            }
        })
}

/// Numbers below what is asked for, from a list that begins anew at its end.
fn dice(rolls: &[usize]) -> impl FnMut(usize) -> usize {
    let mut rolls = rolls.iter().cycle();
    move |below| rolls.next().map_or(0, |roll| roll % below)
}

fn challenges() -> impl Strategy<Value = Challenge> {
    let scheme = select(vec!["DPoP", "Bearer", "bearer", "Negotiate", "X-1", "!#$"]);
    let params = vec(("[a-z_-]{1,6}", "[ -~]{0,8}"), 0..4);
    let token = prop_oneof![Just(None), "[A-Za-z0-9._~+/-]{1,6}={0,2}".prop_map(Some)];
    (scheme, params, token).prop_map(|(scheme, params, token)| {
        let mut challenge = Challenge::new(scheme);
        if token.is_some() {
            challenge.token68 = token;
            return challenge;
        }
        for (name, value) in params {
            if challenge.get(&name).is_none() {
                challenge = challenge.with(&name, &value);
            }
        }
        challenge
    })
}

/// JSON that is valid but may have members twice.
#[derive(Clone, Debug)]
enum Json {
    Plain(&'static str),
    Array(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl Json {
    fn text(&self) -> String {
        match self {
            Self::Plain(text) => (*text).to_owned(),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::text).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(members) => {
                let member = |(name, value): &(&str, Self)| format!("{name} :{}", value.text());
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn has_member_twice(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Array(items) => items.iter().any(Self::has_member_twice),
            Self::Object(members) => {
                let name = |spelt: &str| spelt.replace("\\u0061", "a").replace("\\u000a", "\\n");
                let mut names: Vec<String> = members.iter().map(|(spelt, _)| name(spelt)).collect();
                names.sort();
                names.windows(2).any(|pair| pair[0] == pair[1])
                    || members.iter().any(|(_, value)| value.has_member_twice())
            }
        }
    }
}

fn members() -> impl Strategy<Value = Vec<(&'static str, Json)>> {
    let name = || {
        select(vec![
            r#""a""#,
            r#""\u0061""#,
            r#""A""#,
            r#""b""#,
            r#""\n""#,
            r#""\u000a""#,
            r#""""#,
        ])
    };
    let plain =
        select(vec!["1", "-0.5e3", "null", "true", r#""a""#, r#""\"""#]).prop_map(Json::Plain);
    let value = plain.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::Array),
            vec((name(), inner), 0..4).prop_map(Json::Object),
        ]
    });
    let name = select(vec![r#""a""#, r#""\u0061""#, r#""A""#, r#""b""#, r#""""#]);
    vec((name, value), 0..4)
}

proptest! {
    #[test]
    fn v10_every_spelling_of_a_uri_is_the_same(parts in parts(), rolls in vec(any::<usize>(), 1..64)) {
        let spelt = parts.spelt(&mut dice(&rolls));
        let uri = TargetUri::parse(&spelt);
        let normalised = parts.normalised();
        prop_assert_eq!(uri.as_ref().map(TargetUri::htu), Ok(&*normalised), "{}", spelt);
        prop_assert_eq!(TargetUri::parse(&normalised), uri);
    }

    #[test]
    fn v9_uris_of_different_parts_differ(one in parts(), other in parts()) {
        let [a, b] = [&one, &other].map(|parts| TargetUri::parse(&parts.normalised()).unwrap());
        prop_assert_eq!(a == b, one == other);
        // A small difference, which independent ones seldom have.
        let mut near = one.clone();
        near.segments.push(String::new());
        prop_assert_ne!(TargetUri::parse(&near.normalised()).unwrap(), a);
    }

    #[test]
    fn r5_challenges_survive_one_field_and_many(list in vec(challenges(), 0..5)) {
        let fields: Vec<String> = list.iter().map(Challenge::to_header).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        prop_assert_eq!(&challenge::parse(&fields), &list);
        let one = challenge::to_one_field(&list);
        prop_assert_eq!(challenge::parse(&[&one]), list, "{}", one);
    }

    #[test]
    fn v2_base64url_has_no_second_spelling(bytes: Vec<u8>, at: usize, other in "[A-Za-z0-9_=+/ -]") {
        let text = base64url::encode(&bytes);
        for more in ["=", "==", "A", "\n", " ", "."] {
            prop_assert_ne!(base64url::decode(&(text.clone() + more)), Some(bytes.clone()));
        }
        if !text.is_empty() {
            let at = at % text.len();
            let changed = [&text[..at], &other, &text[at + 1..]].concat();
            prop_assert!(changed == text || base64url::decode(&changed) != Some(bytes));
        }
    }

    #[test]
    fn v3_a_member_that_is_there_twice_is_refused_wherever_it_is(members in members()) {
        let json = Json::Object(members);
        let text = json.text();
        let read = parse_object(text.as_bytes());
        prop_assert_eq!(read.is_err(), json.has_member_twice(), "{}", text);
        if let Ok(read) = read {
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(expected, Value::Object(read));
        }
    }
}
