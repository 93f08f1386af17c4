//! Runs the command and reads conformance/.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};

/// Returns the cases, and the policies that they name.
pub fn conformance() -> (Vec<Value>, Value) {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../conformance/requests.json"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(cases) = document["cases"].take() else {
        panic!("cases are an array");
    };
    (cases, document["policies"].take())
}

/// Returns a step of a case as a line of input.
pub fn line(name: &str, step: &Value, policies: &Value) -> String {
    json!({
        "name": name,
        "now": step["now"],
        "policy": policies[step["policy"].as_str().unwrap()],
        "request": step["request"],
    })
    .to_string()
}

/// Returns the answers to these lines, and the status.
pub fn explain(lines: &str) -> (Vec<Value>, Option<i32>) {
    explain_bytes(lines.as_bytes())
}

pub fn explain_bytes(input: &[u8]) -> (Vec<Value>, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["explain", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (answers.collect(), output.status.code())
}
