//! The form of replay entries that servers in several languages share, by
//! `conformance/shared-replay.json`.

use countersign::{
    UnixSeconds,
    digest::Thumbprint,
    replay::{KEY_BYTES, KEY_PREFIX, ReplayEntry, ReplayError, SharedEntry},
};
use serde_json::Value;

fn document() -> Value {
    let text = include_str!("../../../conformance/shared-replay.json");
    serde_json::from_str(text).expect("JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(value: &Value) -> i64 {
    value.as_f64().expect("a number") as i64
}

#[test]
fn v15_entries_have_the_form_that_servers_in_other_languages_give_them() {
    let document = document();
    assert_eq!(
        document["prefix"].as_str().map(str::as_bytes),
        Some(&KEY_PREFIX[..])
    );
    assert_eq!(number(&document["keyBytes"]), KEY_BYTES as i64);
    let entries = document["entries"].as_array().expect("entries");
    assert!(entries.len() >= 8);
    for entry in entries {
        let text = |name: &str| entry[name].as_str().expect(name);
        let jkt = Thumbprint::parse(text("jkt")).expect("a thumbprint");
        let until = UnixSeconds(number(&entry["until"]));
        let skew = u16::try_from(number(&entry["skewSeconds"])).expect("seconds");
        let given = SharedEntry::new(&ReplayEntry::new(&jkt, text("jti"), until), skew);
        assert_eq!(hex(&given.key), text("key"), "{entry}");
        assert_eq!(
            given.expires_at_millis,
            number(&entry["expiresAtMillis"]),
            "{entry}"
        );
    }
}

#[test]
fn v15_a_store_that_has_forgotten_the_entry_at_once_is_not_believed() {
    let document = document();
    for answer in document["answers"].as_array().expect("answers") {
        let jkt = Thumbprint::from_digest([1; 32]);
        let until = UnixSeconds(number(&answer["until"]));
        let skew = u16::try_from(number(&answer["skewSeconds"])).expect("seconds");
        let entry = SharedEntry::new(&ReplayEntry::new(&jkt, "jti", until), skew);
        let was_new = answer["wasNew"].as_bool().expect("wasNew");
        let expected = match answer["outcome"].as_str() {
            Some("accepted") => Ok(()),
            Some("replayed") => Err(ReplayError::Seen),
            Some("stale") => Err(ReplayError::Stale),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            entry.outcome(was_new, number(&answer["storeNowMillis"])),
            expected,
            "{answer}"
        );
    }
}
