//! Counts the tests that passed and failed, from what their runners print.

/// The tests that a runner counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Not run, with a reason that the runner prints beside the test's name. (Cargo's are not
    /// counted: they are ignored because another part runs them.)
    pub(crate) skipped: u64,
}

/// Counts a line of cargo's runner: `test result: ok. 12 passed; 0 failed; ...`
pub(crate) fn count_cargo_line(line: &str, count: &mut Count) {
    if let Some(result) = line.strip_prefix("test result: ") {
        count.passed += number_before(result, " passed");
        count.failed += number_before(result, " failed");
    }
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split_once(word)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Counts a closing line of node's runner: `ℹ pass 12`.
pub(crate) fn count_node_line(line: &str, count: &mut Count) {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let ["ℹ", word, number] = words.as_slice() {
        let number = number.parse().unwrap_or(0);
        match *word {
            "pass" => count.passed += number,
            "fail" | "cancelled" => count.failed += number,
            "skipped" => count.skipped += number,
            _ => {}
        }
    }
}

/// Parses the closing line of the interop run: `12 passed, 0 failed`.
pub(crate) fn count_of_interop_line(line: &str) -> Option<Count> {
    let (passed, rest) = line.split_once(" passed, ")?;
    Some(Count {
        passed: passed.parse().ok()?,
        failed: rest.strip_suffix(" failed")?.parse().ok()?,
        skipped: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_closing_line_is_counted() {
        let mut count = Count::default();
        count_cargo_line(
            "test result: ok. 12 passed; 0 failed; 1 ignored; finished in 0.00s",
            &mut count,
        );
        count_cargo_line(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            &mut count,
        );
        count_cargo_line("test passed_tests_are_counted ... ok", &mut count);
        assert_eq!((count.passed, count.failed), (15, 2));
    }

    #[test]
    fn nodes_closing_lines_are_counted_and_a_cancelled_test_has_failed() {
        let mut count = Count::default();
        for line in [
            "ℹ tests 9",
            "ℹ pass 6",
            "ℹ fail 2",
            "ℹ cancelled 1",
            "ℹ skipped 4",
            "✔ pass 99 (3ms)",
        ] {
            count_node_line(line, &mut count);
        }
        assert_eq!((count.passed, count.failed, count.skipped), (6, 3, 4));
    }

    #[test]
    fn the_closing_line_of_the_interop_run_is_counted_and_no_other() {
        let count = count_of_interop_line("41 passed, 2 failed").unwrap();
        assert_eq!((count.passed, count.failed), (41, 2));
        for other in [
            "pass countersign: SPA (1 s)",
            "x passed, 2 failed",
            "1 passed, 2 failed now",
        ] {
            assert!(count_of_interop_line(other).is_none(), "{other}");
        }
    }
}
