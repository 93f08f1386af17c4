//! `countersign explain --jsonl`: any input gives exactly one answer per line, in the documented
//! form.
#![no_main]

use countersign_cli::Lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let mut lines = Lines::new().expect("a bench");
    for line in input.split(|byte| *byte == b'\n') {
        let (answer, is_usable) = lines.answer(line);
        assert!(!answer.contains('\n'));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let status = answer["status"].as_u64();
        match answer["outcome"].as_str() {
            Some("accepted") => {
                assert!(is_usable && status == Some(200));
                assert!(answer["error"].is_null() && answer["reason"].is_null());
            }
            Some("refused") => {
                let is_servers_trouble = answer["reason"] == "Stale";
                match is_servers_trouble {
                    true => assert_eq!(status, Some(503), "{answer}"),
                    false => assert!(status == Some(400) || status == Some(401), "{answer}"),
                }
                let is_unusable = answer["reason"] == "UnusableInput";
                assert_eq!(is_usable, !is_unusable, "{answer}");
            }
            _ => panic!("{answer}"),
        }
        if is_usable {
            let line: Value = serde_json::from_slice(line).expect("usable lines are JSON");
            assert_eq!(answer["name"], line["name"]);
        }
    }
});
