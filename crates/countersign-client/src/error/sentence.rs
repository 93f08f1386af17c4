//! Templates of sentences: what was found, then what to do about it.
//!
//! `$name` stands for a detail. `{first|second|...}` is the first alternative whose details all
//! exist, that is, are not empty. `$reason` is the network's reason for a missing response, which
//! only native programs know.

use alloc::string::String;
use alloc::vec::Vec;

/// The reader of a sentence. Different readers can do different things about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The developer of a page that uses the npm package.
    Page,
    /// The developer of a native program.
    Native,
}

/// One error of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The code that applications know it by.
    pub code: &'static str,
    /// What happened, in lines of Markdown.
    pub meaning: &'static [&'static str],
    /// Its details, in order.
    pub details: &'static [Detail],
    /// The sentence is the first case that applies.
    pub cases: &'static [Case],
}

/// A value that an error tells.
#[derive(Debug)]
pub struct Detail {
    /// Its name in the sentence's templates.
    pub name: &'static str,
    /// Whether it came with a URL, so that anybody may have written it: only plain characters of it
    /// are shown.
    pub is_plain: bool,
    /// Whether it may be missing: it is then `""`.
    pub is_optional: bool,
}

/// The sentence for one case.
#[derive(Debug)]
pub struct Case {
    /// The detail that must exist; empty: the case always applies.
    pub given: &'static str,
    found: &'static str,
    advice: [&'static str; 2],
}

/// Creates a case that always applies and gives no advice.
pub(super) const fn found(found: &'static str) -> Case {
    Case {
        given: "",
        found,
        advice: [""; 2],
    }
}

impl Case {
    pub(super) const fn given(self, given: &'static str) -> Self {
        Self { given, ..self }
    }

    pub(super) const fn advise(self, advice: &'static str) -> Self {
        self.advise_page(advice).advise_native(advice)
    }

    pub(super) const fn advise_page(mut self, advice: &'static str) -> Self {
        self.advice[Reader::Page as usize] = advice;
        self
    }

    pub(super) const fn advise_native(mut self, advice: &'static str) -> Self {
        self.advice[Reader::Native as usize] = advice;
        self
    }

    /// Returns the parts of the sentence, without a full stop.
    #[must_use]
    pub fn parts(&self, reader: Reader) -> Vec<Part> {
        let mut parts = parts(self.found);
        let advice = self.advice[reader as usize];
        if !advice.is_empty() {
            parts.push(Part::Text("; "));
            parts.extend(self::parts(advice));
        }
        parts
    }
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A text as it stands.
    Text(&'static str),
    /// The detail of this name.
    Detail(&'static str),
    /// The first alternative whose details exist.
    FirstOf(Vec<Vec<Self>>),
}

impl Part {
    /// Collects the details that `parts` name, also in alternatives.
    pub fn names(parts: &[Self], found: &mut Vec<&'static str>) {
        for part in parts {
            match part {
                Self::Text(_) => {}
                Self::Detail(name) => found.push(name),
                Self::FirstOf(alternatives) => {
                    for parts in alternatives {
                        Self::names(parts, found);
                    }
                }
            }
        }
    }
}

/// Splits a template.
fn parts(template: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, opened)) = rest.split_once('{') {
        let (inside, after) = opened.split_once('}').unwrap_or((opened, ""));
        flat_parts(text, &mut parts);
        parts.push(Part::FirstOf(
            inside
                .split('|')
                .map(|alternative| {
                    let mut parts = Vec::new();
                    flat_parts(alternative, &mut parts);
                    parts
                })
                .collect(),
        ));
        rest = after;
    }
    flat_parts(rest, &mut parts);
    parts
}

/// Splits a template without alternatives.
fn flat_parts(template: &'static str, parts: &mut Vec<Part>) {
    let mut pieces = template.split('$');
    let push_text = |parts: &mut Vec<Part>, text: &'static str| {
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
    };
    push_text(parts, pieces.next().unwrap_or_default());
    for piece in pieces {
        let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let (name, text) = piece.split_at(piece.find(|c| !is_of_name(c)).unwrap_or(piece.len()));
        parts.push(Part::Detail(name));
        push_text(parts, text);
    }
}

impl Entry {
    /// Returns the sentence, without a full stop. A missing detail is the same as an empty one.
    #[must_use]
    pub fn sentence(&self, reader: Reader, details: &[&str], reason: &str) -> String {
        let value = |name: &str| {
            if name == "reason" {
                return String::from(reason);
            }
            let index = self.details.iter().position(|detail| detail.name == name);
            index.map_or_else(String::new, |index| {
                self.details[index].shown(details.get(index).copied().unwrap_or_default())
            })
        };
        let applies = |case: &&Case| case.given.is_empty() || !value(case.given).is_empty();
        let mut sentence = String::new();
        if let Some(case) = self.cases.iter().find(applies) {
            write(&mut sentence, &case.parts(reader), &value);
        }
        sentence
    }
}

fn write(sentence: &mut String, parts: &[Part], value: &dyn Fn(&str) -> String) {
    let is_there = |alternative: &&Vec<Part>| {
        let mut parts = alternative.iter();
        parts.all(|part| !matches!(part, Part::Detail(name) if value(name).is_empty()))
    };
    for part in parts {
        match part {
            Part::Text(text) => sentence.push_str(text),
            Part::Detail(name) => sentence.push_str(&value(name)),
            Part::FirstOf(alternatives) => {
                if let Some(first) = alternatives.iter().find(is_there) {
                    write(sentence, first, value);
                }
            }
        }
    }
}

/// The most characters that are shown of a value that came with a URL.
pub const PLAIN_CHARACTERS: usize = 200;

impl Detail {
    /// Returns what a sentence shows of a value. Text that anybody may have written becomes neither
    /// markup nor a line of its own.
    fn shown(&self, value: &str) -> String {
        if !self.is_plain {
            return String::from(value);
        }
        let mut shown = String::new();
        for c in value.chars().take(PLAIN_CHARACTERS) {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') {
                shown.push(c);
            } else if !shown.ends_with(' ') {
                shown.push(' ');
            }
        }
        String::from(shown.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{self, Cause, ENGINE};
    use super::*;

    const READERS: [Reader; 2] = [Reader::Page, Reader::Native];

    #[test]
    fn a_template_is_taken_apart() {
        assert_eq!(
            parts(r#"a $b_c, {"$d"|none}{ ($e)|}"#),
            [
                Part::Text("a "),
                Part::Detail("b_c"),
                Part::Text(", "),
                Part::FirstOf(vec![
                    vec![Part::Text("\""), Part::Detail("d"), Part::Text("\"")],
                    vec![Part::Text("none")]
                ]),
                Part::FirstOf(vec![
                    vec![Part::Text(" ("), Part::Detail("e"), Part::Text(")")],
                    vec![]
                ]),
            ]
        );
    }

    #[test]
    fn a_sentence_names_details_that_there_are_and_always_has_a_case_that_applies() {
        for entry in catalogue::all() {
            for (case, is_last) in entry.cases.iter().zip((0..entry.cases.len()).rev()) {
                assert_eq!(case.given.is_empty(), is_last == 0, "{}", entry.code);
                let mut found = vec![case.given];
                for reader in READERS {
                    Part::names(&case.parts(reader), &mut found);
                }
                for name in found {
                    assert!(
                        ["", "reason"].contains(&name)
                            || entry.details.iter().any(|detail| detail.name == name),
                        "{}: {name}",
                        entry.code
                    );
                }
            }
        }
    }

    #[test]
    fn no_sentence_has_a_hole_where_a_detail_is_empty() {
        for entry in catalogue::all() {
            let all: Vec<&str> = entry.details.iter().map(|detail| detail.name).collect();
            for empty in 0..=all.len() {
                let mut details = all.clone();
                details
                    .get_mut(empty)
                    .into_iter()
                    .for_each(|detail| *detail = "");
                for reader in READERS {
                    let sentence = entry.sentence(reader, &details, "");
                    let is_whole = !sentence.is_empty()
                        && sentence == sentence.trim()
                        && ["  ", " ()", " ,", " ;", "{", "}", "|", "$"]
                            .iter()
                            .all(|hole| !sentence.contains(hole));
                    assert!(is_whole, "{}: {sentence}", entry.code);
                    // The user's own `""` is the finding.
                    let is_named = ["issuer_invalid", "option_unknown"].contains(&entry.code);
                    assert!(
                        is_named || !sentence.contains("\"\""),
                        "{}: {sentence}",
                        entry.code
                    );
                }
            }
        }
    }

    #[test]
    fn a_cause_has_the_row_of_its_code() {
        for cause in [
            Cause::IssuerInvalid,
            Cause::TokenRefused,
            Cause::NoRefreshToken,
        ] {
            assert_eq!(cause.entry().code, cause.code());
        }
        assert_eq!(ENGINE.len(), Cause::NoRefreshToken as usize + 1);
    }

    #[test]
    fn a_refusal_without_an_error_member_is_named_by_its_status() {
        for code in ["token_refused", "push_refused"] {
            let entry = catalogue::all().find(|entry| entry.code == code);
            for reader in READERS {
                let sentence = entry.expect(code).sentence(reader, &["", "", "502"], "");
                assert!(sentence.contains(" with status 502; "), "{sentence}");
            }
        }
    }

    #[test]
    fn what_came_with_a_url_is_no_markup_and_not_long() {
        let detail = Detail {
            name: "state",
            is_plain: true,
            is_optional: false,
        };
        let shown = detail.shown(&format!("<img src=x>\n\u{202e}é&amp;{}", "a".repeat(5_000)));
        assert!(shown.starts_with("img src x amp aaa"), "{shown}");
        assert!(shown.len() < PLAIN_CHARACTERS);
    }
}
