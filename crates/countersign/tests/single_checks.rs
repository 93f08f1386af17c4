//! What is public of single checks: their numbers in RFC 9449, section 4.3, and the one that comes
//! before the others.
#![cfg(feature = "verify")]

use countersign::proof::{DpopField, ProofCheck, ProofError};

#[test]
fn checks_have_the_numbers_of_the_rfc_in_its_order() {
    let numbers = ProofCheck::ALL.map(ProofCheck::number);
    // The last one has two halves: `ath`, and the key of the token.
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
}

#[test]
fn v1_the_number_of_fields_is_checked_before_anything_else() {
    let count = |fields: &[&'static [u8]]| {
        let field = DpopField::parse(fields)?;
        Ok(field.map(DpopField::value))
    };
    assert_eq!(count(&[]), Ok(None));
    assert_eq!(count(&[b"one"]), Ok(Some(&b"one"[..])));
    assert_eq!(count(&[b"one,two"]), Err(ProofError::HeaderList));
    assert_eq!(
        count(&[b"one", b"two"]),
        Err(ProofError::HeaderRepeated { received: 2 })
    );
}
