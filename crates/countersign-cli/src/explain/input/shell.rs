//! Splits a command line into words as shells do.

/// Reads what browsers' "copy as cURL (cmd)" writes: the Windows shell drops a caret and takes the
/// next character literally.
pub(super) fn without_carets(text: &str) -> String {
    if !text.contains("^\"") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '^' => match characters.next() {
                Some('\r') => drop(characters.next_if_eq(&'\n')),
                Some('\n') | None => {}
                Some(other) => out.push(other),
            },
            other => out.push(other),
        }
    }
    out
}

/// Splits the text into words as a POSIX shell does, with the `$'...'` of bash, without variables
/// and substitution.
pub(super) fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => match characters.next() {
                Some('\n') | None => {}
                // A line end of Windows.
                Some('\r') if characters.peek() == Some(&'\n') => drop(characters.next()),
                Some(other) => word.get_or_insert_default().push(other),
            },
            '\'' => quoted(&mut characters, word.get_or_insert_default(), '\'')?,
            '"' => quoted(&mut characters, word.get_or_insert_default(), '"')?,
            '$' if characters.peek() == Some(&'\'') => {
                characters.next();
                quoted(&mut characters, word.get_or_insert_default(), '$')?;
            }
            // What follows is for the shell: `| jq .`, `2>/dev/null`, `&& ...`. A lone `&` in a URL
            // is a missing quote.
            '|' | ';' => break,
            '&' if word.is_none() => break,
            '<' | '>' => {
                word = word.filter(|word| word.parse::<u8>().is_err());
                break;
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut String,
    kind: char,
) -> Result<(), String> {
    let end = if kind == '"' { '"' } else { '\'' };
    while let Some(c) = characters.next() {
        match c {
            _ if c == end => return Ok(()),
            '\\' if kind == '"' => match characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            '\\' if kind == '$' => match characters.next() {
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some('u') => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).ok();
                    word.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                Some(other) => word.push(other),
                None => break,
            },
            other => word.push(other),
        }
    }
    Err("a quote in the curl command is not closed".to_owned())
}
