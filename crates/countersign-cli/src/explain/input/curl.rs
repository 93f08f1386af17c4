//! Reads a curl command as a shell does, also as browsers' "copy as cURL" writes it.

use super::{
    super::case::Request,
    shell::{without_carets, words},
};

/// Options whose value is the next word, and that change nothing that a proof covers.
const WITH_VALUE: &str = "AbcCDeEKmoPQrtUwxyYz";
const LONG_WITH_VALUE: [&str; 24] = [
    "user-agent",
    "referer",
    "cookie",
    "cookie-jar",
    "output",
    "max-time",
    "connect-timeout",
    "proxy",
    "proxy-user",
    "cacert",
    "capath",
    "cert",
    "key",
    "cert-type",
    "key-type",
    "pass",
    "ciphers",
    "resolve",
    "connect-to",
    "retry",
    "retry-delay",
    "write-out",
    "config",
    "interface",
];
const DATA: [&str; 6] = [
    "data",
    "data-raw",
    "data-binary",
    "data-ascii",
    "data-urlencode",
    "json",
];

#[derive(Default)]
struct Command {
    method: Option<String>,
    has_body: bool,
    in_query: bool,
    is_head: bool,
    is_upload: bool,
    url: Option<String>,
    headers: Vec<(String, String)>,
}

/// Tells whether the text looks like a command, with or without a terminal's prompt.
pub(super) fn is_command(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let first = words.next();
    let first = match first {
        Some("$" | "%" | "#" | ">") => words.next(),
        other => other,
    };
    matches!(first, Some("curl" | "curl.exe"))
}

pub(super) fn read(text: &str) -> Result<Request, String> {
    let mut words = words(&without_carets(text))?.into_iter().peekable();
    // The prompt, copied from a terminal.
    words.next_if(|word| ["$", "%", "#", ">"].contains(&word.as_str()));
    if words
        .next_if(|word| word == "curl" || word == "curl.exe")
        .is_none()
    {
        return Err("the command does not begin with `curl`".to_owned());
    }
    let mut command = Command::default();
    while let Some(word) = words.next() {
        let mut next = |option: &str| {
            words
                .next()
                .ok_or_else(|| format!("curl's option {option} has no value"))
        };
        if let Some(option) = word.strip_prefix("--") {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if takes_value(name) {
                let value = match value {
                    Some(value) => value,
                    None => next(&word)?,
                };
                command.take(name, value)?;
            } else {
                command.flag(name);
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            let mut rest = letters.chars();
            while let Some(letter) = rest.next() {
                let Some(name) = short(letter) else {
                    continue;
                };
                if !takes_value(name) {
                    command.flag(name);
                    continue;
                }
                let value = match rest.as_str() {
                    "" => next(&word)?,
                    value => value.to_owned(),
                };
                command.take(name, value)?;
                break;
            }
        } else {
            command.take("url", word)?;
        }
    }
    command.request()
}

/// Returns the long names of the short options that matter. An option whose value does not matter
/// becomes one that is skipped.
fn short(letter: char) -> Option<&'static str> {
    Some(match letter {
        'X' => "request",
        'H' => "header",
        'd' => "data",
        'F' => "form",
        'T' => "upload-file",
        'G' => "get",
        'I' => "head",
        'u' => "user",
        _ if WITH_VALUE.contains(letter) => "output",
        _ => return None,
    })
}

fn takes_value(name: &str) -> bool {
    [
        "request",
        "header",
        "form",
        "upload-file",
        "user",
        "url",
        "oauth2-bearer",
    ]
    .contains(&name)
        || DATA.contains(&name)
        || LONG_WITH_VALUE.contains(&name)
}

impl Command {
    fn flag(&mut self, name: &str) {
        match name {
            "get" => self.in_query = true,
            "head" => self.is_head = true,
            _ => {}
        }
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "request" => self.method = Some(value),
            "url" if self.url.is_some() => {
                return Err("the curl command has more than one URL: give one".to_owned());
            }
            "url" => self.url = Some(value),
            "header" => self.header(&value)?,
            "oauth2-bearer" => self.add("Authorization", &format!("Bearer {value}")),
            "user" => self.add("Authorization", "Basic x"),
            "upload-file" => self.is_upload = true,
            "form" => self.has_body = true,
            _ if DATA.contains(&name) => self.has_body = true,
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        if text.starts_with('@') {
            return Err(
                "headers of a file (-H @FILE) are not read: put them into the command".into(),
            );
        }
        match text.split_once(':') {
            // curl then leaves out its own header of that name.
            Some((_, value)) if value.trim().is_empty() => {}
            Some((name, value)) => self.add(name, value.trim()),
            None => self.add(text.trim_end_matches(';'), ""),
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn request(self) -> Result<Request, String> {
        let url = self.url.ok_or("the curl command has no URL")?;
        let default = match (
            self.is_head,
            self.is_upload,
            self.has_body && !self.in_query,
        ) {
            (true, _, _) => "HEAD",
            (_, true, _) => "PUT",
            (_, _, true) => "POST",
            _ => "GET",
        };
        Ok(Request {
            method: self.method.unwrap_or_else(|| default.to_owned()),
            // This is what curl does.
            url: match url.contains("://") {
                true => url,
                false => format!("http://{url}"),
            },
            headers: self.headers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(command: &str) -> (String, String, Vec<(String, String)>) {
        let request = read(command).unwrap();
        (request.method, request.url, request.headers)
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_browsers_command_is_read() {
        let command = "curl 'https://api.example.com/notes?a=1' \\\n  -H 'authorization: DPoP a.b.c' \\\r\n  -H $'x-note: it\\'s \\u0021' --compressed -sSL --data-raw '{\"a\":1}'";
        let headers = vec![
            header("authorization", "DPoP a.b.c"),
            header("x-note", "it's !"),
        ];
        assert_eq!(
            parts(command),
            (
                "POST".into(),
                "https://api.example.com/notes?a=1".into(),
                headers
            )
        );
    }

    #[test]
    fn a_command_is_read_as_it_was_copied() {
        for command in [
            "curl.exe https://a/ -H \"DPoP: p\"",
            "$ curl https://a/ -H 'DPoP: p'",
            "curl ^\"https://a/^\" ^\r\n  -H ^\"DPoP: p^\"",
            "curl --url ^\"https://a/^\" ^\n  -H ^\"DPoP: p^\" ^\n",
        ] {
            assert!(is_command(command), "{command}");
            let expected = ("GET".into(), "https://a/".into(), vec![header("DPoP", "p")]);
            assert_eq!(parts(command), expected, "{command}");
        }
    }

    #[test]
    fn a_transcript_is_no_command() {
        for text in [
            "> GET / HTTP/1.1",
            "GET / HTTP/1.1",
            "{}",
            "curly https://a/",
            "",
        ] {
            assert!(!is_command(text), "{text}");
        }
    }

    #[test]
    fn options_in_every_spelling_are_read() {
        for (command, method, url) in [
            ("curl localhost:8080/a", "GET", "http://localhost:8080/a"),
            ("curl -XPUT https://a/", "PUT", "https://a/"),
            ("curl -sXDELETE --url https://a/", "DELETE", "https://a/"),
            (
                "curl --request=PATCH https://a/ -d x",
                "PATCH",
                "https://a/",
            ),
            ("curl -I https://a/", "HEAD", "https://a/"),
            ("curl -G -d q=1 https://a/", "GET", "https://a/"),
            (
                "curl -o out.json -m 5 --proxy http://p:1 https://a/",
                "GET",
                "https://a/",
            ),
            ("curl -T file https://a/", "PUT", "https://a/"),
            ("curl -s https://a/ | jq .", "GET", "https://a/"),
            ("curl https://a/ 2>/dev/null >out", "GET", "https://a/"),
            ("curl https://a/;date", "GET", "https://a/"),
            ("curl https://a/?b&c && date", "GET", "https://a/?b&c"),
            ("curl 'https://a/|;>'", "GET", "https://a/|;>"),
            ("curl \"https://a/\\\"b\\\"\"", "GET", "https://a/\"b\""),
        ] {
            let (read_method, read_url, _) = parts(command);
            assert_eq!((&*read_method, &*read_url), (method, url), "{command}");
        }
        let headers = parts("curl https://a/ --oauth2-bearer t -HDPoP:p -H 'Accept:' -H 'X;'").2;
        assert_eq!(
            headers,
            [
                header("Authorization", "Bearer t"),
                header("DPoP", "p"),
                header("X", "")
            ]
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        for (command, word) in [
            ("curl -H 'a: b'", "no URL"),
            ("wget https://a/", "begin with `curl`"),
            ("curl https://a/ https://b/", "more than one URL"),
            ("curl --url https://a/ https://b/", "more than one URL"),
            ("curl 'https://a/", "quote"),
            ("curl https://a/ -H", "no value"),
            ("curl https://a/ -H @file", "@FILE"),
        ] {
            let error = read(command).err().unwrap();
            assert!(error.contains(word), "{error}");
        }
    }
}
