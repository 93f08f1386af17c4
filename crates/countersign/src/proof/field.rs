use core::fmt;

use super::error::ProofError;

/// The value of a request's only `DPoP` header field (4.1), not yet parsed. `Debug` does not show
/// it.
#[derive(Clone, Copy)]
pub struct DpopField<'a> {
    value: &'a [u8],
}

impl<'a> DpopField<'a> {
    /// Reads the values of all `DPoP` fields of a request, which may have one at most (4.3, 1).
    /// `None`: it has none.
    ///
    /// A JWT has no comma, so a comma makes the value a list.
    ///
    /// # Errors
    /// [`ProofError::HeaderRepeated`] and [`ProofError::HeaderList`].
    pub fn parse(fields: &[&'a [u8]]) -> Result<Option<Self>, ProofError> {
        match *fields {
            [] => Ok(None),
            [value] if value.contains(&b',') => Err(ProofError::HeaderList),
            [value] => Ok(Some(Self { value })),
            _ => Err(ProofError::HeaderRepeated {
                received: fields.len(),
            }),
        }
    }

    /// Returns the value as it was sent.
    #[must_use]
    pub const fn value(self) -> &'a [u8] {
        self.value
    }
}

impl fmt::Debug for DpopField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopField").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_proof() {
        let field = DpopField::parse(&[b"secret"]);
        assert_eq!(std::format!("{field:?}"), "Ok(Some(DpopField { .. }))");
    }
}
