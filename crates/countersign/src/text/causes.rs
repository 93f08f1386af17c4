use alloc::string::{String, ToString};
use core::error::Error;

/// Says an error with all its causes, from the outermost on, separated by colons: an HTTP client's
/// own message often stops at "error sending request", and the cause is what helps.
///
/// ```
/// use countersign::sibling::with_causes;
///
/// let error = "a".parse::<u8>().unwrap_err();
/// assert_eq!(with_causes(&error), "invalid digit found in string");
/// ```
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use core::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<&'static Self>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_said_once_from_the_outermost_on() {
        static INNER: Layer = Layer("connection refused", None);
        static MIDDLE: Layer = Layer("tcp connect error", Some(&INNER));
        let outer = Layer("error sending request", Some(&MIDDLE));
        assert_eq!(
            with_causes(&outer),
            "error sending request: tcp connect error: connection refused"
        );
        assert_eq!(with_causes(&INNER), "connection refused");
    }
}
