//! `countersign explain --jsonl`: the answer to each line.
#![allow(clippy::unwrap_used)]

mod explain;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::LazyLock,
};

use explain::{conformance, explain, line};
use serde_json::{Value, json};

const UNUSABLE: &str = "UnusableInput";

/// What every case of conformance/ expects, and which check decides.
#[test]
fn conformance_cases_are_answered_as_written() {
    let (cases, policies) = conformance();
    assert!(cases.len() >= 300);
    // Cases of one step have nothing to remember, and share a run.
    let (single, sequences): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .partition(|case| case["steps"].as_array().unwrap().len() == 1);
    let steps = single.iter().map(|case| (case, &case["steps"][0]));
    check(&steps.collect::<Vec<_>>(), &policies);
    for case in &sequences {
        let steps = case["steps"].as_array().unwrap();
        check(
            &steps.iter().map(|step| (case, step)).collect::<Vec<_>>(),
            &policies,
        );
    }
}

#[track_caller]
fn check(steps: &[(&Value, &Value)], policies: &Value) {
    let lines: Vec<String> = steps
        .iter()
        .map(|(case, step)| line(case["name"].as_str().unwrap(), step, policies))
        .collect();
    let (answers, status) = explain(&lines.join("\n"));
    assert_eq!((answers.len(), status), (steps.len(), Some(0)));
    for ((case, step), answer) in steps.iter().zip(answers) {
        let expect = &step["expect"];
        let received = json!({
            "name": answer["name"],
            "outcome": answer["outcome"],
            "status": answer["status"],
            "error": answer["error"],
            "check": answer["reason"],
        });
        let expected = json!({
            "name": case["name"],
            "outcome": expect["outcome"],
            "status": expect["status"],
            "error": expect["error"],
            "check": expect["check"],
        });
        assert_eq!(received, expected, "{}: {}", case["says"], answer["detail"]);
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.ends_with('.') && !detail.contains('\n'), "{detail}");
    }
}

/// Every row that applies to a resource server is covered by cases that pass and cases that fail.
#[test]
fn conformance_cases_cover_each_row_from_both_sides() {
    let (cases, _) = conformance();
    let rows = [
        "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "V1", "V2", "V3", "V4", "V5", "V6", "V7",
        "V8", "V9", "V10", "V11", "V12", "V13", "V14", "V15", "T5", "R1", "R2", "R3", "R4", "R5",
        "R6", "N2", "N8", "S1", "S2", "S3", "S5", "S6", "S8", "S9",
    ];
    for row in rows {
        let of_row = cases.iter().filter(|case| case["row"] == row);
        let (good, bad): (Vec<_>, Vec<_>) = of_row.partition(|case| {
            let mut steps = case["steps"].as_array().unwrap().iter();
            steps.all(|step| step["expect"]["outcome"] == "accepted")
        });
        assert!(!good.is_empty() && bad.len() >= 3, "{row}");
    }
}

/// Returns a good line with changes.
fn good(change: impl FnOnce(&mut Value)) -> String {
    static GOOD: LazyLock<Value> = LazyLock::new(|| {
        let (cases, policies) = conformance();
        let case = cases.iter().find(|case| case["name"] == "v1-one-field");
        let text = line("good", &case.unwrap()["steps"][0], &policies);
        serde_json::from_str(&text).unwrap()
    });
    let mut value = GOOD.clone();
    change(&mut value);
    value.to_string()
}

#[track_caller]
fn only(line: &str) -> (Value, Option<i32>) {
    let (mut answers, status) = explain(line);
    assert_eq!(answers.len(), 1);
    (answers.remove(0), status)
}

#[test]
fn the_answers_members_are_exactly_these() {
    let (mut answer, status) = only(&good(|_| {}));
    assert!(
        answer
            .as_object_mut()
            .unwrap()
            .remove("detail")
            .unwrap()
            .is_string()
    );
    let expected = json!({
        "name": "good", "outcome": "accepted", "status": 200, "error": null, "reason": null,
    });
    assert_eq!((answer, status), (expected, Some(0)));
}

#[test]
fn s6_algorithms_are_the_policys_and_an_unknown_one_is_no_algorithm() {
    let outcome = |algorithms: Value| {
        let (answer, status) = only(&good(|line| line["policy"]["algorithms"] = algorithms));
        (answer["reason"].as_str().map(str::to_owned), status)
    };
    assert_eq!(outcome(json!(["EdDSA", "ES256"])), (None, Some(0)));
    assert_eq!(outcome(Value::Null), (None, Some(0)));
    let refused = Some("AlgorithmNotAccepted".to_owned());
    assert_eq!(outcome(json!(["EdDSA"])), (refused.clone(), Some(0)));
    assert_eq!(outcome(json!([])), (refused, Some(0)));
    for unknown in [
        json!(["none"]),
        json!(["HS256"]),
        json!("ES256"),
        json!([1]),
    ] {
        assert_eq!(outcome(unknown), (Some(UNUSABLE.to_owned()), Some(2)));
    }
}

#[test]
fn a_line_that_lacks_something_is_answered_and_the_run_goes_on() {
    let mut lines = Vec::new();
    for member in ["now", "policy", "request"] {
        lines.push(good(|line| {
            drop(line.as_object_mut().unwrap().remove(member))
        }));
        lines.push(good(|line| line[member] = Value::Null));
        lines.push(good(|line| line[member] = json!("text")));
        lines.push(good(|line| line[member] = json!([1])));
        lines.push(good(|line| line[member] = json!(1.5)));
    }
    for member in ["issuer", "audience", "jwks", "dpop"] {
        lines.push(good(|line| {
            drop(line["policy"].as_object_mut().unwrap().remove(member));
        }));
        lines.push(good(|line| line["policy"][member] = json!(1)));
        lines.push(good(|line| line["policy"][member] = Value::Null));
        lines.push(good(|line| line["policy"][member] = json!(["a"])));
    }
    for (member, value) in [
        ("dpop", json!("Required")),
        ("dpop", json!("")),
        ("dpop", json!(true)),
        ("jwks", json!({})),
        ("jwks", json!({ "keys": {} })),
        ("jwks", json!("{\"keys\":[]}")),
        ("nonce", json!(1)),
        ("audience", json!("")),
    ] {
        lines.push(good(|line| line["policy"][member] = value));
    }
    for member in ["method", "url", "headers"] {
        lines.push(good(|line| {
            drop(line["request"].as_object_mut().unwrap().remove(member));
        }));
        lines.push(good(|line| line["request"][member] = json!(1)));
        lines.push(good(|line| {
            line["request"][member] = json!({ "DPoP": "a" })
        }));
    }
    for headers in [
        json!(["a"]),
        json!([["a"]]),
        json!([["a", "b", "c"]]),
        json!([["a", 1]]),
    ] {
        lines.push(good(|line| line["request"]["headers"] = headers));
    }
    for place in ["\"keys\":", "\"kty\":", "\"kid\":"] {
        // Programs differ in which of two equal members they take.
        lines.push(good(|_| {}).replacen(place, &format!("{place}null,{place}"), 1));
    }
    let last = good(|_| {});
    let (answers, status) = explain(&format!("{}\n{last}\n", lines.join("\n")));
    assert_eq!(answers.len(), lines.len() + 1);
    assert_eq!(status, Some(2));
    assert_eq!(answers.last().unwrap()["outcome"], "accepted");
    for (answer, line) in answers.iter().zip(&lines) {
        assert_unusable(answer, &json!("good"), line);
    }
}

#[track_caller]
fn assert_unusable(answer: &Value, name: &Value, line: &str) {
    let received = ["name", "outcome", "status", "error", "reason"].map(|member| &answer[member]);
    let expected = [
        name,
        &json!("refused"),
        &json!(400),
        &json!("invalid_request"),
        &json!(UNUSABLE),
    ];
    assert_eq!(received, expected, "{}", line.get(..2000).unwrap_or(line));
}

#[test]
fn what_is_no_json_object_has_no_name() {
    let cut = good(|_| {});
    let deep = "[".repeat(200_000);
    let deep_object = "{\"name\":".repeat(200_000);
    let twice = good(|_| {}).replacen('{', r#"{"name":"first","#, 1);
    let (name_missing, name_null) = (
        good(|line| drop(line.as_object_mut().unwrap().remove("name"))),
        good(|line| line["name"] = Value::Null),
    );
    let name_object = good(|line| line["name"] = json!({ "a": 1 }));
    let lines = [
        "",
        " ",
        "\r",
        "null",
        "\"good\"",
        "[]",
        "{",
        "{}",
        "{}{}",
        "good",
        "\u{feff}{}",
        &cut[..cut.len() - 1],
        &deep,
        &deep_object,
        &twice,
        &name_missing,
        &name_null,
        &name_object,
    ];
    let (answers, status) = explain(&format!("{}\n", lines.join("\n")));
    assert_eq!((answers.len(), status), (lines.len(), Some(2)));
    for (answer, line) in answers.iter().zip(lines) {
        assert_unusable(answer, &Value::Null, line);
    }
}

#[test]
fn nothing_in_no_lines() {
    let (answers, status) = explain("");
    assert_eq!((answers.len(), status), (0, Some(0)));
}

#[test]
fn bytes_that_are_no_text_are_a_line_like_any_other() {
    let mut input = good(|_| {}).into_bytes();
    input.extend_from_slice(b"\n\xff\xfe{}\n");
    input.extend_from_slice(good(|line| line["now"] = json!(0)).as_bytes());
    let (answers, status) = explain::explain_bytes(&input);
    assert_eq!((answers.len(), status), (3, Some(2)));
    assert_unusable(&answers[1], &Value::Null, "");
    assert_eq!(answers[2]["reason"], "IatInFuture");
}

#[test]
fn members_that_nobody_asks_for_are_ignored_however_deep() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let with = |line: String, place: &str| {
        line.replacen(place, &format!("{place}\"x\":{nested},\"jwk\":null,"), 1)
    };
    let (answer, status) = only(&with(good(|_| {}), "{"));
    assert_eq!((&answer["outcome"], status), (&json!("accepted"), Some(0)));
    let inside = with(with(good(|_| {}), "\"policy\":{"), "\"request\":{");
    assert_eq!(only(&inside).0["outcome"], "accepted");
}

#[test]
fn a_line_may_be_long_and_one_too_long_is_skipped() {
    let long = good(|line| line["x"] = "a".repeat(8 * 1024 * 1024).into());
    let too_long = good(|line| line["x"] = "a".repeat(17 * 1024 * 1024).into());
    let (answers, status) = explain(&format!("{too_long}\n{long}\n"));
    assert_eq!((answers.len(), status), (2, Some(2)));
    assert_unusable(&answers[0], &Value::Null, "");
    assert_eq!(answers[1]["outcome"], "accepted");
}

#[test]
fn names_come_back_as_they_came() {
    for name in [json!(""), json!("a\n\"b\" é"), json!(7), json!(1.5)] {
        let (answer, status) = only(&good(|line| line["name"] = name.clone()));
        assert_eq!((&answer["name"], status), (&name, Some(0)));
    }
}

#[test]
fn now_is_any_integer_of_64_bits() {
    for (now, reason) in [
        ("1767225600.0", Value::Null),
        ("1.7672256e9", Value::Null),
        ("0", json!("IatInFuture")),
        ("-1", json!("IatInFuture")),
        ("9223372036854775807", json!("TokenExpired")),
        ("-9223372036854775808", json!("IatInFuture")),
        ("9223372036854775808", json!(UNUSABLE)),
        ("1767225600.5", json!(UNUSABLE)),
        ("1e300", json!(UNUSABLE)),
        ("1e999", json!(UNUSABLE)),
        ("\"1767225600\"", json!(UNUSABLE)),
        ("true", json!(UNUSABLE)),
    ] {
        let line = good(|line| line["now"] = json!("NOW")).replace("\"NOW\"", now);
        let (mut answers, _) = explain(&line);
        assert_eq!(answers.remove(0)["reason"], reason, "{now}");
    }
}

#[test]
fn a_key_set_without_a_usable_key_refuses_every_token() {
    for keys in [
        json!([]),
        json!([{ "kty": "oct", "k": "AA" }]),
        json!([1, null, "a"]),
    ] {
        let (answer, status) = only(&good(|line| {
            line["policy"]["jwks"] = json!({ "keys": keys })
        }));
        assert_eq!(
            (&answer["error"], status),
            (&json!("invalid_token"), Some(0))
        );
        assert_eq!(answer["reason"], "TokenUnknownKey");
    }
}

#[test]
fn the_issuer_is_a_name_and_nothing_is_fetched() {
    let (answer, status) = only(&good(|line| line["policy"]["issuer"] = json!("not a url")));
    assert_eq!(
        (&answer["reason"], status),
        (&json!("TokenIssuer"), Some(0))
    );
}

#[test]
fn a_nonce_of_null_is_none() {
    let (answer, _) = only(&good(|line| line["policy"]["nonce"] = Value::Null));
    assert_eq!(answer["outcome"], "accepted");
}

/// The policies alternate, and share one store.
#[test]
fn all_lines_share_one_replay_store_whatever_their_policies() {
    let optional = good(|line| line["policy"]["dpop"] = json!("optional"));
    let (answers, status) = explain(&[good(|_| {}), optional, good(|_| {})].join("\n"));
    let reasons: Vec<_> = answers.iter().map(|answer| &answer["reason"]).collect();
    assert_eq!(
        reasons,
        [&Value::Null, &json!("Replayed"), &json!("Replayed")]
    );
    assert_eq!(status, Some(0));
}

#[test]
fn each_answer_is_there_before_the_next_line_is_asked_for() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["explain", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for name in ["one", "two", "three"] {
        let line = good(|line| line["name"] = json!(name));
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["name"], name);
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
