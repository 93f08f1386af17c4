use core::fmt;

/// Shows text from outside in quotes, on one line, with control characters escaped and cut to a
/// bounded length, so that attackers can neither forge a log line nor fill the log.
///
/// ```
/// use countersign::sibling::Quoted;
///
/// assert_eq!(Quoted("at+jwt\nINFO all is well").to_string(), r#""at+jwt\nINFO all is well""#);
/// assert_eq!(Quoted(&"a".repeat(1000)).to_string(), format!("\"{}\"...", "a".repeat(200)));
/// ```
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a text, in quotes")]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 200;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
