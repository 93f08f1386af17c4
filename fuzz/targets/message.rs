//! The codec of the WebAssembly boundary: decoding returns the encoded fields, and a message cut at
//! any point gives the fields that are complete.
#![no_main]

use countersign_browser::message::{END, Fields, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let fields: Vec<String> = bytes
        .split(|byte| *byte == END)
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect();
    let borrowed: Vec<&str> = fields.iter().map(String::as_str).collect();
    let message = encode(&borrowed);
    assert_eq!(read(&message), fields);
    // Bytes after the last complete field are dropped, and reading further returns nothing.
    let end = bytes.len().min(message.len());
    let cut = &message[..end];
    let ended = cut.iter().filter(|byte| **byte == END).count();
    assert_eq!(read(cut), fields[..ended]);
});

fn read(message: &[u8]) -> Vec<String> {
    // SAFETY: the complete fields come from `encode`, which takes text.
    let mut fields = unsafe { Fields::new(message.to_vec()) };
    let read: Vec<String> = fields.by_ref().map(|field| String::from(&*field)).collect();
    assert!(fields.text().is_empty());
    assert_eq!(fields.into_bytes(), message);
    read
}
