//! Writes the sentence of each error code as a TypeScript function of the error's details.

use std::fmt::Write as _;

use countersign_client::catalogue::{self, Entry};
use countersign_client::sentence::{Case, PLAIN_CHARACTERS, Part, Reader};

use super::header;

/// Returns the whole file.
pub(super) fn sentences() -> String {
    let mut text = String::from("import type { OidcErrorCode } from \"./codes.js\";\n\n");
    let _ = write!(
        text,
        "\
/**
 * Text from a URL may be attacker-written, so sentences show only its plain characters.
 */
const plain = (text = \"\"): string => text.slice(0, {PLAIN_CHARACTERS}).replace(/[^\\w.-]+/g, \" \").trim();

{}export const SENTENCES: Record<OidcErrorCode, (...details: string[]) => string> = {{
",
        header("The sentence of each code: what was found, and what to do.")
    );
    let functions: Vec<String> = catalogue::all()
        .map(|entry| format!("    {}: {}", entry.code, function(entry)))
        .collect();
    text.push_str(&functions.join(",\n"));
    text.push_str("\n};\n");
    text
}

/// Returns an arrow function from the details to the sentence.
fn function(entry: &Entry) -> String {
    let body = cases(entry, entry.cases);
    let mut read: Vec<&'static str> = entry.cases.iter().map(|case| case.given).collect();
    for case in entry.cases {
        Part::names(&case.parts(Reader::Page), &mut read);
    }
    let mut parameters: Vec<String> = entry
        .details
        .iter()
        .map(|detail| {
            // TypeScript refuses unused parameters, unless their names start with `_`.
            let mark = if read.contains(&detail.name) { "" } else { "_" };
            format!("{mark}{}", camel_case(detail.name))
        })
        .collect();
    while parameters.last().is_some_and(|name| name.starts_with('_')) {
        parameters.pop();
    }
    match &parameters[..] {
        [one] => format!("{one} => {body}"),
        several => format!("({}) => {body}", several.join(", ")),
    }
}

fn cases(entry: &Entry, cases: &[Case]) -> String {
    let [case, others @ ..] = cases else {
        return String::from("\"\"");
    };
    let mut parts = case.parts(Reader::Page);
    parts.push(Part::Text("."));
    let text = literal(entry, &parts);
    if case.given.is_empty() {
        return text;
    }
    let given = value(entry, case.given);
    format!("{given} ? {text} : {}", self::cases(entry, others))
}

/// Returns a string literal, or a template literal if there are details.
fn literal(entry: &Entry, parts: &[Part]) -> String {
    let mut text = String::new();
    let mut is_template = false;
    for part in parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Detail(name) => {
                is_template = true;
                let _ = write!(text, "${{{}}}", value(entry, name));
            }
            Part::FirstOf(alternatives) => match &first_of(entry, alternatives)[..] {
                "\"\"" => {}
                choice => {
                    is_template = true;
                    let _ = write!(text, "${{{choice}}}");
                }
            },
        }
    }
    if is_template || text.contains('"') {
        format!("`{text}`")
    } else {
        format!("\"{text}\"")
    }
}

/// Returns an expression for the first alternative whose details are given.
fn first_of(entry: &Entry, alternatives: &[Vec<Part>]) -> String {
    let [first, others @ ..] = alternatives else {
        return String::from("\"\"");
    };
    let details: Vec<&str> = first
        .iter()
        .filter_map(|part| match part {
            Part::Detail(name) => Some(*name),
            _ => None,
        })
        .collect();
    // Only a native program knows the reason.
    if details.contains(&"reason") {
        return first_of(entry, others);
    }
    if let [Part::Detail(name)] = first[..] {
        return format!("{} || {}", value(entry, name), first_of(entry, others));
    }
    let text = literal(entry, first);
    if details.is_empty() {
        return text;
    }
    let are_there: Vec<String> = details.iter().map(|name| value(entry, name)).collect();
    format!(
        "{} ? {text} : {}",
        are_there.join(" && "),
        first_of(entry, others)
    )
}

/// Returns an expression for a detail.
fn value(entry: &Entry, name: &str) -> String {
    let is_plain = entry
        .details
        .iter()
        .any(|detail| detail.name == name && detail.is_plain);
    let name = camel_case(name);
    if is_plain {
        format!("plain({name})")
    } else {
        name
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_becomes_a_function_of_its_details() {
        let function_of = |code: &str| {
            let entry = catalogue::all().find(|entry| entry.code == code);
            function(entry.unwrap())
        };
        assert_eq!(
            function_of("id_token_iat"),
            r#"() => "the id_token has no iat; check the authorization server.""#
        );
        assert_eq!(
            function_of("id_token_nonce"),
            r#"() => "the id_token's nonce is not the one of this login; log in again.""#
        );
        assert_eq!(
            function_of("flow_unknown"),
            r#"state => `the authorization response${plain(state) ? ` "${plain(state)}"` : ""} belongs to no login in progress; log in again.`"#
        );
        assert_eq!(
            function_of("token_refused"),
            r#"(error, description, status) => `the token endpoint refused with ${error ? `"${error}"` : status ? `status ${status}` : "no reason"}${description ? ` (${description})` : ""}; check that the client is public and the request is allowed for it.`"#
        );
    }
}
