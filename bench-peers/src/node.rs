use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    client::{API, ISSUER},
    contender::{Contender, Sent, Subject},
};

/// A peer in JavaScript, in a process that times itself (`node/<name>.mjs`). It reads a line with
/// requests, and writes a line with the answer.
pub(crate) struct Node {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    hello: Value,
}

impl Node {
    pub(crate) fn new(name: &str, subject: &Subject) -> Self {
        let mut process = Command::new("node")
            .arg(format!("{}/node/{name}.mjs", env!("CARGO_MANIFEST_DIR")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut this = Self {
            requests: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
            hello: Value::Null,
        };
        this.hello = this.ask(&json!({ "issuer": ISSUER, "audience": API, "jwks": subject.jwks }));
        this
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.requests, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn said(&self, member: &str) -> String {
        self.hello[member].as_str().unwrap().to_owned()
    }
}

impl Contender for Node {
    fn name(&self) -> String {
        self.said("name")
    }

    fn version(&self) -> String {
        self.said("version")
    }

    fn does(&self) -> &'static str {
        match (&self.hello["cachesTokens"], &self.hello["replay"]) {
            (Value::Bool(true), _) => "token (cached by its hash), proof, binding, replay",
            (_, Value::Bool(true)) => "token (its signature too), proof, binding, replay",
            _ => "token (its signature too), proof, binding",
        }
    }

    fn check(&mut self, requests: &[Sent]) -> (usize, Duration) {
        let requests: Vec<_> = requests
            .iter()
            .map(|Sent { url, token, proof }| json!({ "url": url, "token": token, "proof": proof }))
            .collect();
        let answer = self.ask(&Value::from(requests));
        let accepted = answer["accepted"].as_u64().unwrap();
        (
            accepted as usize,
            Duration::from_nanos(answer["nanoseconds"].as_u64().unwrap()),
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
