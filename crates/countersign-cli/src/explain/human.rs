//! The report for people: check by check, with what to change.

use std::fmt::Write as _;

use countersign::{UnixSeconds, server::quoted::Quoted, target::TargetUri};
use countersign_resource_server::{
    Check, Clock, Examined, ProofError, Rejection, SystemClock, TokenCheck,
};
use serde_json::Value;

use super::{
    bench::{Bench, Received},
    case::Policy,
    checks::{self, advice, found, group, offset, title},
    difference,
    input::{Captured, Moment},
};

/// What the flags say about the server.
pub(super) struct Known {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) jwks: Option<String>,
    pub(super) now: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) requires_dpop: bool,
    /// The URL that the server believes it was called by.
    pub(super) url: Option<String>,
}

/// Marks, with or without colour.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn holds(self) -> String {
        self.paint("32", "\u{2713}")
    }

    fn fails(self) -> String {
        self.paint("31", "\u{2717}")
    }

    fn open(self) -> String {
        self.paint("2", "-")
    }
}

/// The report on one request, and whether it would be accepted.
///
/// # Errors
/// Settings that no server has, in words.
pub(super) fn report(
    bench: &mut Bench,
    captured: &Captured,
    known: &Known,
    style: Style,
) -> Result<(String, bool), String> {
    let mut request = captured.request.clone();
    if let Some(url) = &known.url {
        request.url.clone_from(url);
    }
    let mut out = String::new();
    let heading = format!("{} {}", shown(&request.method), shown(&request.url));
    let _ = writeln!(out, "{}", style.paint("1", &heading));
    let received = match Received::of(&request) {
        Ok(received) => received,
        Err(why) => {
            let _ = writeln!(out, "\n  {} {why}", style.fails());
            let verdict = style.paint("31", "Refused: 400 invalid_request");
            let _ = writeln!(out, "\n{verdict}: no HTTP server hands such a request on");
            return Ok((out, false));
        }
    };
    let Moment { now, source } = moment(captured, known);
    let token_text = bearer_of(&request.headers);
    let token = token_text.as_deref().and_then(checks::read);
    let claim = |name: &str| {
        token
            .as_ref()
            .and_then(|token| first_text(token.claims().get(name)))
    };
    let policy = Policy {
        issuer: known
            .issuer
            .clone()
            .or_else(|| claim("iss"))
            .unwrap_or_default(),
        audience: known
            .audience
            .clone()
            .or_else(|| claim("aud"))
            .unwrap_or_else(|| "-".to_owned()),
        jwks: known
            .jwks
            .clone()
            .unwrap_or_else(|| r#"{"keys":[]}"#.to_owned()),
        requires_dpop: known.requires_dpop,
        nonce: known.nonce.clone(),
    };
    let examined = bench.examine(&policy, &received, now)?;
    let proof_text = header(&request.headers, "dpop");
    let proof = proof_text.and_then(checks::read);

    let mut shown_group = None;
    let mut first: Option<Rejection> = None;
    for Examined { check, outcome, .. } in examined {
        let of = group(check);
        if shown_group != Some(of) {
            let _ = writeln!(out, "\n{}", style.paint("1", of.title()));
            shown_group = Some(of);
        }
        let name = match check {
            Check::Proof(check) => format!("{:>2}  {}", check.number(), title(Check::Proof(check))),
            other => title(other).to_owned(),
        };
        let missing = flag_for(check, known);
        match outcome {
            Some(Ok(())) if missing.is_none() => {
                let found = found(check, token.as_ref(), proof.as_ref(), now);
                let found = found.map(|found| format!(": {found}")).unwrap_or_default();
                let _ = writeln!(out, "  {} {name}{found}", style.holds());
            }
            Some(Err(rejection))
                if missing.is_none() || check != Check::Token(TokenCheck::Signature) =>
            {
                let _ = writeln!(out, "  {} {name}: {}", style.fails(), why(&rejection));
                difference_of(&mut out, &rejection, &received.uri, &request.headers);
                first.get_or_insert(rejection);
            }
            Some(_) => {
                let flag = missing.unwrap_or_default();
                let _ = writeln!(out, "  {} {name}: not checked, give {flag}", style.open());
            }
            None => {
                let _ = writeln!(out, "  {} {name}: can't be checked", style.open());
            }
        }
    }
    // What the checks can't tell: whether the proof was used before.
    if first.is_none() && known.jwks.is_some() {
        match bench.judge(&policy, &received, now)? {
            Ok(_) => {
                if proof.is_some() {
                    let _ = writeln!(
                        out,
                        "  {}     jti: not used before in this input",
                        style.holds()
                    );
                }
            }
            Err(rejection) => {
                let _ = writeln!(out, "  {}     jti: {rejection}", style.fails());
                first = Some(rejection);
            }
        }
    }
    if let Some(offset) = proof.as_ref().and_then(|proof| offset(proof, now)) {
        let _ = writeln!(
            out,
            "\nClock: the proof is {}, which is {} ({source})",
            offset.sentence(),
            now.0
        );
    }
    let accepted = first.is_none();
    verdict(&mut out, first.as_ref(), known, style);
    Ok((out, accepted))
}

fn verdict(out: &mut String, first: Option<&Rejection>, known: &Known, style: Style) {
    let Some(rejection) = first else {
        let open = match known.jwks {
            Some(_) => "",
            None => ", as far as it could be checked",
        };
        let _ = writeln!(out, "\n{}{open}", style.paint("32", "Accepted"));
        return;
    };
    let code = rejection
        .code()
        .map(|code| format!(" {code}"))
        .unwrap_or_default();
    let refused = format!("Refused: {}{code}", rejection.status().as_u16());
    let _ = writeln!(
        out,
        "\n{} ({})",
        style.paint("31", &refused),
        rejection.name()
    );
    if !matches!(rejection, Rejection::Proof(ProofError::HtuMismatch { .. })) {
        let _ = writeln!(out, "To change: {}", advice(rejection));
    }
}

/// The reason, without saying again whether it is the token's or the proof's.
fn why(rejection: &Rejection) -> String {
    match rejection {
        // The parts follow.
        Rejection::Proof(ProofError::HtuMismatch { .. }) => "for another URI".to_owned(),
        Rejection::Proof(error) => error.to_string(),
        Rejection::Token(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// The flag that a check would need.
fn flag_for(check: Check, known: &Known) -> Option<&'static str> {
    match check {
        Check::Token(TokenCheck::Issuer) if known.issuer.is_none() => Some("--issuer"),
        Check::Token(TokenCheck::Audience) if known.audience.is_none() => Some("--audience"),
        Check::Token(TokenCheck::Signature) if known.jwks.is_none() => Some("--jwks"),
        _ => None,
    }
}

/// Expected and received, part by part, and where the difference usually comes from.
fn difference_of(
    out: &mut String,
    rejection: &Rejection,
    seen: &TargetUri,
    headers: &[(String, String)],
) {
    let Rejection::Proof(ProofError::HtuMismatch { expected, received }) = rejection else {
        return;
    };
    let _ = writeln!(out, "          expected  {expected}");
    let _ = writeln!(out, "          received  {}", Quoted(received));
    let Ok(htu) = TargetUri::parse(received) else {
        return;
    };
    let parts = difference::between(seen, &htu);
    let names: Vec<_> = parts.iter().map(|part| part.name()).collect();
    let _ = writeln!(out, "          differs   {}", names.join(", "));
    if let Some(name) = difference::forwarded(seen, &htu, headers) {
        let _ = writeln!(
            out,
            "          cause     {name} of this request names what the client called: let the server trust it, behind your \
             own proxy only, or set the server's public URL"
        );
        return;
    }
    for part in parts {
        let _ = writeln!(out, "          {:<9} {}", part.name(), part.usual_cause());
    }
}

fn moment(captured: &Captured, known: &Known) -> Moment {
    let given = known.now.map(|now| Moment {
        now: UnixSeconds(now),
        source: "--now",
    });
    given.or(captured.at).unwrap_or_else(|| Moment {
        now: SystemClock.now(),
        source: "this machine's clock",
    })
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = headers.iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim_matches([' ', '\t']))
}

/// What stands after the scheme.
fn bearer_of(headers: &[(String, String)]) -> Option<String> {
    let (_, token) = header(headers, "authorization")?.split_once(' ')?;
    Some(token.trim_start_matches(' ').to_owned())
}

fn first_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Array(several) => several.first()?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// On one line of a terminal.
fn shown(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { '?' } else { c });
    clean.take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::case::Request;

    /// The report says what the decision says, for every case: the first cross is the reason.
    #[test]
    fn the_report_agrees_with_the_decision() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../conformance/requests.json"
        );
        let text = std::fs::read_to_string(file).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut bench = Bench::new().unwrap();
        let mut seen = 0;
        for case in document["cases"].as_array().unwrap() {
            let step = &case["steps"][0];
            let policy = &document["policies"][step["policy"].as_str().unwrap()];
            let of = |name: &str| policy[name].as_str().map(str::to_owned);
            let known = Known {
                issuer: of("issuer"),
                audience: of("audience"),
                jwks: Some(policy["jwks"].to_string()),
                now: step["now"].as_i64(),
                nonce: of("nonce"),
                requires_dpop: policy["dpop"] == "required",
                url: None,
            };
            let request: Request = serde_json::from_str(&step["request"].to_string()).unwrap();
            let captured = Captured { request, at: None };
            if case["steps"][1].is_object() {
                bench = Bench::new().unwrap(); // such cases use one `jti`
            }
            let style = Style { colour: false };
            let (report, accepted) = report(&mut bench, &captured, &known, style).unwrap();
            let expect = &step["expect"];
            assert_eq!(accepted, expect["outcome"] == "accepted", "{report}");
            if let Some(check) = expect["check"].as_str().filter(|check| *check != "NotHttp") {
                let status = &expect["status"];
                assert!(report.contains(&format!("\nRefused: {status}")), "{report}");
                assert!(
                    report.contains(&format!("({check})\n")),
                    "{check}: {report}"
                );
                assert!(report.contains("  \u{2717} "), "{report}");
                assert!(
                    !report.contains("see the sentence above"),
                    "{check} has no advice"
                );
            } else if accepted {
                assert!(!report.contains('\u{2717}'), "{report}");
            }
            assert!(!report.contains('\u{1b}'));
            seen += 1;
        }
        assert!(seen > 300);
    }
}
