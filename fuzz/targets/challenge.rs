//! `WWW-Authenticate`: a parsed challenge is the same after writing and parsing it again.
#![no_main]

use countersign::challenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let fields: Vec<&str> = text.split('\n').collect();
    let challenges = challenge::parse(&fields);
    for challenge in &challenges {
        let header = challenge.to_header();
        assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let read = challenge::parse(&[&header]);
        // Writing replaces characters that can't be in a header; after that, nothing changes.
        assert_eq!(read.len(), 1, "{header}");
        assert_eq!(read[0].scheme, challenge.scheme);
        assert_eq!(read[0].params.len(), challenge.params.len());
        assert_eq!(read[0].to_header(), header);
        if text
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\n')
        {
            assert_eq!(read[0], *challenge);
        }
    }
    let one = challenge::to_one_field(&challenges);
    assert_eq!(challenge::parse(&[&one]).len(), challenges.len(), "{one}");
});
