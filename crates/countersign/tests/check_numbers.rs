//! The numbers by which people find a check in RFC 9449, section 4.3.
#![cfg(feature = "verify")]

use countersign::server::verify::ProofCheck;

#[test]
fn checks_have_the_numbers_of_the_rfc_in_its_order() {
    let numbers = ProofCheck::ALL.map(ProofCheck::number);
    // The last one has two halves: `ath`, and the key of the token.
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
}
