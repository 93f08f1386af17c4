//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// The most bytes of a line: a thousand times what a request's headers take.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The line is in the buffer, without its end.
    Complete,
    /// The line is longer than the limit, and was skipped.
    TooLong,
    End,
}

/// Reads the next line of `input`, of at most `limit` bytes.
pub(super) fn next(
    input: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> io::Result<Line> {
    buffer.clear();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    if input.by_ref().take(most).read_until(b'\n', buffer)? == 0 {
        return Ok(Line::End);
    }
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
        return Ok(Line::Complete);
    }
    if buffer.len() <= limit {
        // The last line, without a line end.
        return Ok(Line::Complete);
    }
    skip_line(input)?;
    Ok(Line::TooLong)
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        let Some(end) = available.iter().position(|byte| *byte == b'\n') else {
            let length = available.len();
            if length == 0 {
                return Ok(());
            }
            input.consume(length);
            continue;
        };
        input.consume(end + 1);
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &str, limit: usize) -> Vec<Result<String, ()>> {
        let mut input = io::BufReader::with_capacity(3, input.as_bytes());
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        loop {
            match next(&mut input, &mut buffer, limit).unwrap() {
                Line::End => return lines,
                Line::TooLong => lines.push(Err(())),
                Line::Complete => lines.push(Ok(String::from_utf8(buffer.clone()).unwrap())),
            }
        }
    }

    #[test]
    fn a_line_too_long_costs_no_memory_and_the_next_one_is_read() {
        let ok = |line: &str| Ok(line.to_owned());
        assert_eq!(lines("", 4), []);
        assert_eq!(
            lines("abcd\nabcde\n\nab", 4),
            [ok("abcd"), Err(()), ok(""), ok("ab")]
        );
        assert_eq!(lines("abcd", 4), [ok("abcd")]);
        assert_eq!(lines("abcdefghij", 4), [Err(())]);
        assert_eq!(lines("\n\r\n", 4), [ok(""), ok("\r")]);
    }
}
