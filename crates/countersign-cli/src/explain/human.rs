//! The report for people: check by check, with advice.

use std::fmt::Write as _;

use super::{
    bench::{Bench, Received},
    checks::{self, Group, advice, found, group, offset, title},
    difference,
    input::{Captured, Moment},
    known::Known,
};
use countersign::{
    header::DPOP,
    jose::jws::CompactJws,
    sibling::{Quoted, with_causes},
    target::TargetUri,
};
use countersign_resource_server::{
    Authenticated, Check, CheckOutcome, ProofError, Rejection, Scheme, TokenCheck, TokenError,
};

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

/// Returns the report on one request, and whether the server would accept the request.
///
/// # Errors
/// Says which settings no server can have.
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
            let _ = writeln!(out, "\n{verdict}: no HTTP server passes such a request on");
            return Ok((out, false));
        }
    };
    let moment = known.moment(captured);
    let token = token_of(&request.headers);
    let token = token.as_deref().and_then(checks::read);
    let policy = known.policy(token.as_ref());
    let mut report = Report {
        out,
        style,
        known,
        token,
        proof: header(&request.headers, DPOP).and_then(checks::read),
        moment,
        group: None,
        first: None,
    };
    for CheckOutcome { check, outcome, .. } in bench.explain(&policy, &received, moment.now)? {
        // Nearly every request passes this check, so it gets a row only if it fails.
        if check == Check::Target && outcome == Some(Ok(())) {
            continue;
        }
        report.row(check, outcome.as_ref());
        if let Some(Err(rejection)) = &outcome {
            report.difference(rejection, &received.uri, &request.headers);
        }
    }
    // The checks can't tell whether the proof was used before.
    if report.first.is_none() && known.jwks.is_some() {
        report.replay(bench.judge(&policy, &received, moment.now)?);
    }
    Ok(report.end())
}

/// A report being written.
struct Report<'a> {
    out: String,
    style: Style,
    known: &'a Known,
    token: Option<CompactJws<'a>>,
    proof: Option<CompactJws<'a>>,
    moment: Moment,
    /// The section of the last row.
    group: Option<Group>,
    /// The reason for refusing the request: the first check that fails.
    first: Option<Rejection>,
}

impl Report<'_> {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Writes how one check went.
    fn row(&mut self, check: Check, outcome: Option<&Result<(), Rejection>>) {
        let group = group(check);
        if self.group != Some(group) {
            let heading = self.style.paint("1", group.title());
            self.line(&format!("\n{heading}"));
            self.group = Some(group);
        }
        let name = match check {
            Check::Proof(of) => format!("{:>2}  {}", of.number(), title(check)),
            other => title(other).to_owned(),
        };
        let style = self.style;
        let line = match (outcome, flag_for(check, self.known)) {
            (None, _) => format!("  {} {name}: can't be checked", style.open()),
            // Without keys no signature can be checked; without the other flags, a token would be
            // compared with itself.
            (Some(Ok(())), Some(flag))
            | (Some(Err(Rejection::Token(TokenError::UnknownKey { .. }))), Some(flag)) => {
                format!("  {} {name}: not checked, give {flag}", style.open())
            }
            (Some(Ok(())), None) => {
                let (token, proof) = (self.token.as_ref(), self.proof.as_ref());
                let found = found(check, token, proof, self.moment.now);
                let found = found.map_or_else(String::new, |found| format!(": {found}"));
                format!("  {} {name}{found}", style.holds())
            }
            (Some(Err(rejection)), _) => {
                self.first.get_or_insert_with(|| rejection.clone());
                format!("  {} {name}: {}", style.fails(), why(rejection))
            }
        };
        self.line(&line);
    }

    /// Writes the expected and the received `htu`, part by part, and the usual cause of the
    /// difference.
    fn difference(
        &mut self,
        rejection: &Rejection,
        seen: &TargetUri,
        headers: &[(String, String)],
    ) {
        let Rejection::Proof(ProofError::HtuMismatch { expected, received }) = rejection else {
            return;
        };
        let mut row = |name: &str, text: &str| self.line(&format!("          {name:<9} {text}"));
        row("expected", expected);
        row("received", &Quoted(received).to_string());
        let Ok(htu) = TargetUri::parse(received) else {
            return;
        };
        let parts = difference::between(seen, &htu);
        let names: Vec<_> = parts.iter().map(|part| part.name()).collect();
        row("differs", &names.join(", "));
        if let Some(name) = difference::forwarded(seen, &htu, headers) {
            let cause = format!(
                "{name} of this request names what the client called: have the server trust it, behind your own proxy only, \
                 or set the server's public URL"
            );
            return row("cause", &cause);
        }
        for part in parts {
            row(part.name(), difference::cause(part, seen, &htu));
        }
    }

    /// Writes the decision of a server that knows what was sent before.
    fn replay(&mut self, decision: Result<Authenticated, Rejection>) {
        let line = match &decision {
            Ok(accepted) if accepted.scheme() == Scheme::Bearer => return,
            Ok(_) => format!(
                "  {}     jti: not used before in this input",
                self.style.holds()
            ),
            Err(rejection) => format!("  {}     jti: {}", self.style.fails(), rejection.reason()),
        };
        self.line(&line);
        self.first = decision.err();
    }

    /// Writes the clock and the verdict. Returns whether the request is accepted.
    fn end(mut self) -> (String, bool) {
        let Moment { now, source } = self.moment;
        if let Some(offset) = self.proof.as_ref().and_then(|proof| offset(proof, now)) {
            let offset = offset.sentence();
            self.line(&format!(
                "\nClock: the proof is {offset}, which is {} ({source})",
                now.0
            ));
        }
        let Some(rejection) = self.first.take() else {
            let Known {
                issuer,
                audience,
                jwks,
                ..
            } = self.known;
            let open = match (issuer, audience, jwks) {
                (Some(_), Some(_), Some(_)) => "",
                _ => ", as far as it could be checked",
            };
            let accepted = self.style.paint("32", "Accepted");
            self.line(&format!("\n{accepted}{open}"));
            return (self.out, true);
        };
        let code = rejection
            .code()
            .map_or_else(String::new, |code| format!(" {code}"));
        let refused = format!("Refused: {}{code}", rejection.status().as_u16());
        let refused = self.style.paint("31", &refused);
        self.line(&format!("\n{refused} ({})", rejection.name()));
        // For a URI, the differing parts were already printed.
        if !matches!(rejection, Rejection::Proof(ProofError::HtuMismatch { .. })) {
            self.line(&format!("To change: {}", advice(&rejection)));
        }
        (self.out, false)
    }
}

/// Returns the reason, without repeating whether it is about the token or the proof.
fn why(rejection: &Rejection) -> String {
    match rejection {
        // The differing parts follow.
        Rejection::Proof(ProofError::HtuMismatch { .. }) => "for another URI".to_owned(),
        Rejection::Proof(error) => with_causes(error),
        Rejection::Token(error) => with_causes(error),
        other => other.reason(),
    }
}

/// Returns the flag that a check would need.
fn flag_for(check: Check, known: &Known) -> Option<&'static str> {
    match check {
        Check::Token(TokenCheck::Issuer) if known.issuer.is_none() => Some("--issuer"),
        Check::Token(TokenCheck::Audience) if known.audience.is_none() => Some("--audience"),
        Check::Token(TokenCheck::Signature) if known.jwks.is_none() => Some("--jwks"),
        _ => None,
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = headers.iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim_matches([' ', '\t']))
}

/// Returns what follows the scheme.
fn token_of(headers: &[(String, String)]) -> Option<String> {
    let (_, token) = header(headers, "authorization")?.split_once(' ')?;
    Some(token.trim_start_matches(' ').to_owned())
}

/// Makes the text safe for one line of a terminal.
fn shown(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { '?' } else { c });
    clean.take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    use crate::explain::case::{Request, algorithms};

    /// For every case, the report agrees with the decision: the first cross is the reason.
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
                lenient_tokens: true,
                algorithms: serde_json::from_value(policy["algorithms"].clone()).map_or_else(
                    |_| Vec::new(),
                    |names: Vec<String>| algorithms(&names).unwrap(),
                ),
                takes_costly_rsa_keys: policy["costlyRsaKeys"] == true,
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
