//! Reads requests in JSON: a HAR file or an entry of it, a line of `--jsonl` input, `{"method",
//! "url", "headers"}`, or an array of them.

use countersign::UnixSeconds;
use serde_json::{Map, Value};

use super::{
    super::case::Request,
    Captured, Moment,
    date::{http_date, rfc3339},
};

pub(super) fn read(text: &str) -> Result<Vec<Captured>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("the JSON is malformed: {error}"))?;
    if let Some(entries) = value.pointer("/log/entries").and_then(Value::as_array) {
        // A page's images and scripts are not of interest.
        let requests = entries.iter().map(one).filter(|captured| {
            captured
                .as_ref()
                .map_or(true, |captured| has_credentials(&captured.request))
        });
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        return match requests.is_empty() {
            true => Err(
                "no request of the HAR file has an Authorization or DPoP header; browsers leave \
                 them out unless asked to export sensitive data"
                    .to_owned(),
            ),
            false => Ok(requests),
        };
    }
    match &value {
        Value::Array(several) if !several.is_empty() => several.iter().map(one).collect(),
        other => one(other).map(|captured| vec![captured]),
    }
}

fn one(value: &Value) -> Result<Captured, String> {
    let (request, entry) = match value.get("request") {
        Some(request) => (request, Some(value)),
        None => (value, None),
    };
    let text = |name: &str| {
        let text = request.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| {
            format!("the request has no `{name}`: give {{\"method\", \"url\", \"headers\"}}")
        })
    };
    Ok(Captured {
        at: entry.and_then(moment),
        request: Request {
            method: text("method")?,
            url: text("url")?,
            headers: headers(request.get("headers"))?,
        },
    })
}

/// Reads headers from pairs, from HAR's objects, or from an object.
fn headers(value: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let broken = || "the request's `headers` must be a list of [name, value]".to_owned();
    let pair = |name: Option<&Value>, value: Option<&Value>| {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        text(name).zip(text(value)).ok_or_else(broken)
    };
    let of_one = |one: &Value| match one {
        Value::Array(both) if both.len() == 2 => pair(both.first(), both.get(1)),
        Value::Object(both) => pair(both.get("name"), both.get("value")),
        _ => Err(broken()),
    };
    let of_object = |object: &Map<String, Value>| {
        let pairs = object.iter().map(|(name, value)| {
            let value = value.as_str().ok_or_else(broken)?;
            Ok((name.clone(), value.to_owned()))
        });
        pairs.collect()
    };
    let mut headers: Vec<(String, String)> = match value {
        Some(Value::Array(list)) => list.iter().map(of_one).collect::<Result<_, _>>(),
        Some(Value::Object(object)) => of_object(object),
        _ => Err(broken()),
    }?;
    // HTTP/2's pseudo fields, as browsers export them.
    headers.retain(|(name, _)| !name.starts_with(':'));
    Ok(headers)
}

fn has_credentials(request: &Request) -> bool {
    let mut names = request.headers.iter().map(|(name, _)| name);
    names.any(|name| {
        ["authorization", "dpop"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// Returns the server's clock if the response has a `Date`, else the browser's.
fn moment(entry: &Value) -> Option<Moment> {
    let of = |now: Option<UnixSeconds>, source| now.map(|now| Moment { now, source });
    let date = entry
        .pointer("/response/headers")
        .and_then(|value| headers(Some(value)).ok());
    let date = date.and_then(|headers| {
        let date = headers
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
        http_date(&date.1)
    });
    let started = entry.get("startedDateTime").and_then(Value::as_str);
    of(date, "the response's Date")
        .or_else(|| {
            of(
                entry.get("now").and_then(Value::as_i64).map(UnixSeconds),
                "the input's `now`",
            )
        })
        .or_else(|| of(started.and_then(rfc3339), "the browser's clock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_in_each_form() {
        for text in [
            r#"{"method":"GET","url":"https://a/","headers":[["DPoP","p"]]}"#,
            r#"{"method":"GET","url":"https://a/","headers":{"DPoP":"p"}}"#,
            r#"[{"method":"GET","url":"https://a/","headers":[{"name":":path","value":"/"},{"name":"DPoP","value":"p"}]}]"#,
            r#"{"name":"x","now":5,"request":{"method":"GET","url":"https://a/","headers":[["DPoP","p"]]}}"#,
            r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://b/","headers":[]}},
                {"request":{"method":"GET","url":"https://a/","headers":[{"name":"DPoP","value":"p"}]}}]}}"#,
        ] {
            let mut captured = read(text).unwrap();
            assert_eq!(captured.len(), 1, "{text}");
            let request = captured.remove(0).request;
            assert_eq!(request.url, "https://a/");
            assert_eq!(request.headers, [("DPoP".to_owned(), "p".to_owned())]);
        }
    }

    #[test]
    fn the_servers_clock_goes_before_the_browsers() {
        let entry = r#"{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET","url":"https://a/","headers":[]}RESPONSE}"#;
        let at = |response: &str| {
            read(&entry.replace("RESPONSE", response))
                .unwrap()
                .remove(0)
                .at
                .unwrap()
        };
        assert_eq!(at("").source, "the browser's clock");
        let response =
            r#","response":{"headers":[{"name":"date","value":"Thu, 01 Jan 2026 00:00:09 GMT"}]}"#;
        assert_eq!(at(response).now, UnixSeconds(1_767_225_609));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, word) in [
            ("{", "malformed"),
            ("{}", "`method`"),
            (r#"{"method":"GET","url":"https://a/"}"#, "`headers`"),
            (r#"{"log":{"entries":[]}}"#, "HAR"),
            ("[]", "`method`"),
        ] {
            let error = read(text).err().unwrap();
            assert!(error.contains(word), "{error}");
        }
    }
}
