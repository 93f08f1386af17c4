//! Reads one JSON object per line and writes one per line, in order. Every line is answered, and
//! the answer is flushed before the next line is read.

use std::{
    fmt,
    io::{self, BufRead, Write},
};

use countersign_resource_server::Scheme;

use super::{
    answer::Answer,
    bench::{Bench, Received},
    case::{Case, Unusable},
    line::{self, Line, MAX_LINE},
};

/// Answers lines of input one after the other; all share one replay store.
pub struct Lines {
    bench: Bench,
}

impl Lines {
    /// Creates it with an empty replay store.
    ///
    /// # Errors
    /// Says that the operating system gives no random bytes or no runtime.
    pub fn new() -> Result<Self, String> {
        Bench::new().map(|bench| Self { bench })
    }

    /// Answers one line of input with one line of JSON, and tells whether the input could be used.
    pub fn answer(&mut self, line: &[u8]) -> (String, bool) {
        self.answer_to(Case::parse(line))
    }

    fn answer_to(&mut self, case: Result<Case, Unusable>) -> (String, bool) {
        let answer = case.and_then(|case| answer(&mut self.bench, case));
        let is_usable = answer.is_ok();
        let answer = answer.unwrap_or_else(|Unusable { name, why }| Answer::unusable(name, &why));
        // The answer is strings and numbers, which always serialise.
        (
            serde_json::to_string(&answer).unwrap_or_default(),
            is_usable,
        )
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lines").finish_non_exhaustive()
    }
}

/// Answers every line of `input`. Returns whether all of them could be used.
///
/// # Errors
/// The input can't be read, the output can't be written, or there are no random bytes.
pub(super) fn run(mut input: impl BufRead, mut output: impl Write) -> io::Result<bool> {
    let mut lines = Lines::new().map_err(io::Error::other)?;
    let mut buffer = Vec::new();
    let mut all_usable = true;
    loop {
        let (answer, is_usable) = match line::next(&mut input, &mut buffer, MAX_LINE)? {
            Line::End => return Ok(all_usable),
            Line::Complete => lines.answer(&buffer),
            Line::TooLong => lines.answer_to(Err(Unusable {
                name: None,
                why: format!("the line has more than {MAX_LINE} bytes"),
            })),
        };
        all_usable &= is_usable;
        output.write_all(answer.as_bytes())?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}

fn answer(bench: &mut Bench, case: Case) -> Result<Answer, Unusable> {
    let name = case.name;
    let request = match Received::of(&case.request) {
        Ok(request) => request,
        Err(why) => return Ok(Answer::not_http(name, &why)),
    };
    match bench.judge(&case.policy, &request, case.now) {
        Ok(Ok(authenticated)) => Ok(Answer::accepted(
            name,
            match authenticated.scheme() {
                Scheme::Dpop => "token and proof are valid and belong together",
                Scheme::Bearer => "the token is valid and bound to no key",
            },
        )),
        Ok(Err(rejection)) => Ok(Answer::refused(name, &rejection)),
        Err(why) => Err(Unusable {
            name: Some(name),
            why,
        }),
    }
}
