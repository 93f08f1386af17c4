//! Reads a request as HTTP text: as it is sent, as `curl -v` prints it, or as a browser shows
//! HTTP/2's fields.

use countersign::loopback::is_loopback;

use super::{super::case::Request, Captured, Moment, date::http_date};

pub(super) fn read(text: &str) -> Result<Captured, String> {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    let is_transcript = lines.iter().any(|line| line.starts_with("> "));
    let (sent, received): (Vec<&str>, Vec<&str>) = match is_transcript {
        true => (marked(&lines, '>'), marked(&lines, '<')),
        false => (lines, Vec::new()),
    };
    let request = request(&sent)?;
    let at = fields(&received).find_map(|(name, value)| {
        let is_date = name.eq_ignore_ascii_case("date");
        let now = is_date.then(|| http_date(value)).flatten()?;
        Some(Moment {
            now,
            source: "the response's Date",
        })
    });
    Ok(Captured { request, at })
}

/// Returns the first message of one direction of a transcript.
fn marked<'a>(lines: &[&'a str], mark: char) -> Vec<&'a str> {
    let of_mark = lines.iter().filter_map(|line| line.strip_prefix(mark));
    of_mark
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .take_while(|line| !line.is_empty())
        .collect()
}

fn fields<'a>(lines: &[&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let lines = lines.to_vec();
    lines.into_iter().filter_map(|line| {
        // A pseudo field of HTTP/2 begins with a colon.
        let colon = line.get(1..)?.find(':')? + 1;
        Some((&line[..colon], &line[colon + 1..]))
    })
}

fn request(lines: &[&str]) -> Result<Request, String> {
    let first = lines.first().copied().unwrap_or_default();
    let is_http2 = first.starts_with(':');
    let head: Vec<&str> = lines
        .iter()
        .skip(usize::from(!is_http2))
        .copied()
        .take_while(|line| !line.is_empty())
        .collect();
    let is_header = |line: &&str| line.get(1..).is_some_and(|rest| rest.contains(':'));
    if let Some(line) = head.iter().find(|line| !is_header(line)) {
        let line: String = line.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(format!("the line \"{line}\" of the input is not a header"));
    }
    let pseudo = |name: &str| fields(&head).find(|(found, _)| *found == name);
    let value = |name: &str| pseudo(name).map(|(_, value)| value.trim().to_owned());
    let (method, target) = if is_http2 {
        let method = value(":method").ok_or("there is no :method")?;
        (method, value(":path").unwrap_or_else(|| "/".to_owned()))
    } else {
        let mut words = first.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some(version), None) if version.starts_with("HTTP/") => {
                (method.to_owned(), target.to_owned())
            }
            _ => {
                return Err("the input is no curl command, no JSON, and does not begin with a request line \
                     like `GET /notes HTTP/1.1`"
                    .to_owned());
            }
        }
    };
    let mut headers = Vec::new();
    let mut host = value(":authority");
    for (name, text) in fields(&head).filter(|(name, _)| !name.starts_with(':')) {
        if name.eq_ignore_ascii_case("host") {
            host = Some(text.trim().to_owned());
        }
        headers.push((name.to_owned(), text.to_owned()));
    }
    let url = if target.contains("://") {
        target
    } else {
        match host {
            Some(host) => {
                let scheme = value(":scheme").unwrap_or_else(|| scheme_of(&host).to_owned());
                format!("{scheme}://{host}{target}")
            }
            None => target,
        }
    };
    Ok(Request {
        method,
        url,
        headers,
    })
}

/// The text doesn't name the scheme. Only this machine is called without TLS.
fn scheme_of(host: &str) -> &'static str {
    match is_loopback(&host.to_ascii_lowercase()) {
        true => "http",
        false => "https",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign::UnixSeconds;

    fn url(text: &str) -> (String, String, usize) {
        let request = read(text).unwrap().request;
        (request.method, request.url, request.headers.len())
    }

    #[test]
    fn text_of_the_wire_is_read() {
        for (text, method, address, headers) in [
            (
                "GET /notes?a HTTP/1.1\r\nHost: api.example.com\r\nDPoP: a.b.c\r\n\r\nbody: x",
                "GET",
                "https://api.example.com/notes?a",
                2,
            ),
            (
                "POST / HTTP/1.1\nhost: localhost:8080\n",
                "POST",
                "http://localhost:8080/",
                1,
            ),
            (
                "GET http://a.example/x HTTP/1.1\nHost: b.example",
                "GET",
                "http://a.example/x",
                1,
            ),
            (
                ":method: GET\n:authority: a.example\n:scheme: https\n:path: /x\ndpop: p",
                "GET",
                "https://a.example/x",
                1,
            ),
            ("GET / HTTP/1.1\nHost: [::1]:9", "GET", "http://[::1]:9/", 1),
            (
                "GET / HTTP/1.1\nHost: api.App.localhost",
                "GET",
                "http://api.App.localhost/",
                1,
            ),
            (
                "GET / HTTP/1.1\nHost: localhost.example.com:80",
                "GET",
                "https://localhost.example.com:80/",
                1,
            ),
        ] {
            assert_eq!(
                url(text),
                (method.into(), address.into(), headers),
                "{text}"
            );
        }
    }

    #[test]
    fn a_transcript_brings_the_servers_clock() {
        let text = "* Connected\n> GET /notes HTTP/1.1\n> Host: a.example\n> DPoP: p\n>\n< HTTP/1.1 401 Unauthorized\n< Date: Thu, 01 Jan 2026 00:00:09 GMT\n<\nbody";
        let captured = read(text).unwrap();
        assert_eq!(captured.request.url, "https://a.example/notes");
        assert_eq!(captured.at.unwrap().now, UnixSeconds(1_767_225_609));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, word) in [
            ("", "request line"),
            ("hello", "request line"),
            (":path: /", ":method"),
            (
                "GET / HTTP/1.1\nHost: a\nno colon here\nDPoP: p",
                "is not a header",
            ),
        ] {
            let error = read(text).err().unwrap();
            assert!(error.contains(word), "{error}");
        }
    }
}
