//! One JSON object a line in, one out, in order. Every line is answered, and the answer flushed before the next line is
//! read.

use std::io::{self, BufRead, Write};

use countersign_resource_server::Scheme;

use super::{
    answer::Answer,
    bench::{Bench, Received},
    case::{Case, Unusable},
    line::{self, Line, MAX_LINE},
};

/// Answers every line of `input`. Whether all of them could be used.
///
/// # Errors
/// Input that can't be read, output that can't be written, and no random bytes.
pub(super) fn run(mut input: impl BufRead, mut output: impl Write) -> io::Result<bool> {
    let mut bench = Bench::new().map_err(io::Error::other)?;
    let mut buffer = Vec::new();
    let mut all_usable = true;
    loop {
        let case = match line::next(&mut input, &mut buffer, MAX_LINE)? {
            Line::End => return Ok(all_usable),
            Line::Complete => Case::parse(&buffer),
            Line::TooLong => Err(Unusable {
                name: None,
                why: format!("the line has more than {MAX_LINE} bytes"),
            }),
        };
        let answer = case.and_then(|case| answer(&mut bench, case));
        let answer = answer.unwrap_or_else(|Unusable { name, why }| {
            all_usable = false;
            Answer::unusable(name, &why)
        });
        serde_json::to_writer(&mut output, &answer)?;
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
