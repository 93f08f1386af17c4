//! Generates the files of `packages/countersign` that follow from the Rust catalogue: error codes,
//! sentences, and the README's table.
//!
//! They are checked in, so that readers find them; `cargo xtask package` writes them, and a test
//! checks that they are current.

mod sentences;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use countersign_browser::numbers::{MODES, Question, RENEWALS, VISITS};
use countersign_client::FLOW_LIFETIME_MILLIS;
use countersign_client::catalogue::{self, Entry};

use crate::process::root;
use sentences::sentences;

const README: &str = "README.md";
const TABLE_BEGINS: &str = "<!-- written by `cargo xtask package` from crates/countersign-client/src/error/catalogue.rs -->\n";
const TABLE_ENDS: &str = "<!-- up to here -->\n";

/// Writes the files that are not current.
pub(crate) fn write() -> Result<()> {
    for (file, text) in files()? {
        write_if_changed(&file, &text)?;
    }
    Ok(())
}

/// Writes the file only if its content changed: running dev servers watch its modification time.
pub(crate) fn write_if_changed(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).ok().as_deref() != Some(text) {
        fs::write(file, text).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Returns each file and its content.
fn files() -> Result<Vec<(PathBuf, String)>> {
    let package = root().join("packages/countersign");
    let readme = package.join(README);
    let text = fs::read_to_string(&readme).with_context(|| README.to_owned())?;
    Ok(vec![
        (package.join("src/engine/codes.ts"), engine_codes()),
        (package.join("src/engine/numbers.ts"), numbers()),
        (package.join("src/core/errors/codes.ts"), all_codes()),
        (package.join("src/core/errors/catalogue.ts"), sentences()),
        (readme, with_table(&text)?),
    ])
}

fn header(of: &str) -> String {
    format!(
        "/** {of} Written by `cargo xtask package`: change `crates/countersign-client/src/error/catalogue.rs`. */\n"
    )
}

fn engine_codes() -> String {
    let entries = catalogue::BOUNDARY.iter().chain(catalogue::ENGINE);
    format!(
        "{}export type EngineErrorCode =\n{};\n",
        header(
            "Every `code` of an `EngineError`, with what its `details` hold in square brackets."
        ),
        union(entries)
    )
}

/// What the boundary knows by numbers.
fn numbers() -> String {
    let questions: Vec<String> = Question::ALL.iter().map(name).collect();
    let modes: Vec<String> = MODES
        .iter()
        .zip(0..)
        .map(|(mode, number)| format!("{}: {number}", name(mode)))
        .collect();
    let visits = constants(&VISITS);
    let renewals = constants(&RENEWALS);
    let causes: Vec<&str> = catalogue::ENGINE.iter().map(|entry| entry.code).collect();
    format!(
        "\
/**
 * What crosses the boundary as a number. Written by `cargo xtask package`: change `crates/countersign-browser/src/numbers.rs`
 * or `crates/countersign-client/src/error/catalogue.rs`.
 *
 * By functions, since scripts of the page can import this module: they could change a table.
 */
import type {{ EngineErrorCode }} from \"./codes.js\";

export type Question = \"{}\";
export type Mode = \"{}\";

/** What the engine asks its host, each at its number. */
export type Questions<T extends Record<Question, unknown>> = readonly [{}];

/**
 * How the browser goes to the authorization server: it leaves the page, and the user may be asked or is not asked
 * (`prompt=none`), or in a hidden iframe, with `prompt=none` and nothing kept outside memory.
 */
{visits}export type Visit = {visit};

/** Whether tokens are to be renewed before they are used. */
{renewals}export type Renewal = {renewal};

/** How long a kept login may wait for its response. */
export const FLOW_LIFETIME_MILLIS = {FLOW_LIFETIME_MILLIS};

export const numberOf = (mode: Mode): number => ({{ __proto__: null, {} }})[mode];

/** What the engine refuses with, by its number, from 1 on. */
export const causeOf = (number: number): EngineErrorCode =>
    ([
        \"{}\"
    ] as const)[number - 1]!;
",
        questions.join("\" | \""),
        MODES.map(|mode| name(&mode)).join("\" | \""),
        questions
            .iter()
            .map(|question| format!("T[\"{question}\"]"))
            .collect::<Vec<_>>()
            .join(", "),
        modes.join(", "),
        causes.join("\",\n        \""),
        visit = type_of(&VISITS),
        renewal = type_of(&RENEWALS),
    )
}

/// A constant for each variant, at its place: scripts cannot change numbers.
fn constants(variants: &[impl std::fmt::Debug]) -> String {
    let lines = variants
        .iter()
        .zip(0..)
        .map(|(variant, number)| format!("export const {} = {number};\n", upper_case(variant)));
    lines.collect()
}

/// The type of these constants.
fn type_of(variants: &[impl std::fmt::Debug]) -> String {
    let types: Vec<String> = variants
        .iter()
        .map(|variant| format!("typeof {}", upper_case(variant)))
        .collect();
    types.join(" | ")
}

/// `NotDue` becomes `NOT_DUE`.
fn upper_case(variant: &impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}

/// The name of a variant, as TypeScript writes it.
fn name(variant: &impl std::fmt::Debug) -> String {
    format!("{variant:?}").to_lowercase()
}

fn all_codes() -> String {
    format!(
        "import type {{ EngineErrorCode }} from \"../../engine/codes.js\";\n\n{}export type OidcErrorCode =\n    | EngineErrorCode\n{};\n",
        header(
            "Every `code` of an `OidcInitializationError`, with what details its sentence is made of."
        ),
        union(catalogue::PAGE.iter())
    )
}

/// Returns the members of a union of codes.
fn union<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let members: Vec<String> = entries
        .map(|entry| {
            let details: Vec<String> = entry
                .details
                .iter()
                .map(|detail| {
                    let or = if detail.is_optional { " or \"\"" } else { "" };
                    format!("{}{or}", detail.name)
                })
                .collect();
            format!(
                "    /** {} [{}] */\n    | \"{}\"",
                meaning(entry),
                details.join(", "),
                entry.code
            )
        })
        .collect();
    members.join("\n")
}

fn meaning(entry: &Entry) -> String {
    let lines: Vec<&str> = entry.meaning.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Returns the README with the table of codes between its marks.
fn with_table(readme: &str) -> Result<String> {
    let Some((before, rest)) = readme.split_once(TABLE_BEGINS) else {
        bail!(
            "packages/countersign/README.md has no place for the table of error codes: {TABLE_BEGINS}"
        );
    };
    let Some((_, after)) = rest.split_once(TABLE_ENDS) else {
        bail!("packages/countersign/README.md does not say where the table ends: {TABLE_ENDS}");
    };
    let mut table = String::from("| code | what happened |\n|---|---|\n");
    for entry in catalogue::all() {
        let _ = writeln!(table, "| `{}` | {} |", entry.code, meaning(entry));
    }
    Ok(format!("{before}{TABLE_BEGINS}{table}{TABLE_ENDS}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_in_is_what_cargo_xtask_package_writes() {
        for (file, text) in files().unwrap() {
            assert!(
                fs::read_to_string(&file).unwrap_or_default() == text,
                "{} is not current: run `cargo xtask package`",
                file.display()
            );
        }
    }
}
