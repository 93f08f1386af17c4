//! The [`Platform`] of native programs: reqwest, aws-lc-rs, serde_json, the system's clock and
//! random source.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::string::String;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::vec::Vec;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use countersign::header;
use countersign::jwk::PublicJwk;
use countersign::sibling::with_causes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap};
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use super::http::Http;
use super::secret::ClientSecret;
use crate::platform::{
    Document, FLOW_LIFETIME_MILLIS, KeyError, KeyPair, OWN_ORIGIN, Platform, Record, Request,
    Response, SendError, UnixMillis, Url,
};
use crate::text::Text;

/// The longest document that is read, in bytes. Discovery documents and token responses have a few
/// thousand.
const MAX_DOCUMENT: usize = 1024 * 1024;

/// A JSON object. It may be a token response, so its strings are wiped when it is dropped.
pub(super) struct Json(pub(super) Map<String, Value>);

impl Drop for Json {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(members) => members.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Document for Json {
    fn text(&self, name: &str) -> Text {
        let text = self.0.get(name).and_then(Value::as_str);
        text.unwrap_or_default().into()
    }

    fn number(&self, name: &str) -> f64 {
        let number = self.0.get(name).and_then(Value::as_f64);
        number.unwrap_or(f64::NAN)
    }

    fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    fn texts(&self, name: &str) -> Vec<Text> {
        match self.0.get(name) {
            Some(Value::String(text)) => Vec::from([text.as_str().into()]),
            Some(Value::Array(members)) => {
                let texts = members.iter().map(|member| member.as_str().map(Text::from));
                texts.collect::<Option<_>>().unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

/// One client's platform. It adds the client's secret to every form.
pub(super) struct Native {
    http: Http,
    timeout: Duration,
    secret: Option<ClientSecret>,
    random: SystemRandom,
    started: Instant,
    /// Logins in progress, and when each began.
    flows: RefCell<HashMap<String, (UnixMillis, Record<EcdsaKeyPair>)>>,
    /// URL and reason of the last request that had no response.
    failure: RefCell<Option<(String, String)>>,
}

impl Native {
    /// Creates a platform. `timeout`: of each request, to the end of its body.
    pub(super) fn new(http: Http, timeout: Duration, secret: Option<ClientSecret>) -> Self {
        Self {
            http,
            timeout,
            secret,
            random: SystemRandom::new(),
            started: Instant::now(),
            flows: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// Returns why there was no response from this URL, if that was the last failure.
    pub(super) fn reason(&self, url: &str) -> Option<String> {
        let failure = self.failure.borrow();
        let (failed, reason) = failure.as_ref()?;
        (failed == url).then(|| reason.clone())
    }

    /// Sends a request. `url`: the parsed URL of `request`.
    async fn exchange(
        &self,
        url: reqwest::Url,
        request: &Request<'_>,
    ) -> Result<Response<Json>, reqwest::Error> {
        let http = self.http.for_url(&url);
        let mut builder = match request.form {
            Some(form) => {
                let builder = http
                    .post(url)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                match &self.secret {
                    Some(secret) => secret.authenticate(builder, form),
                    None => builder.body(String::from(form)),
                }
            }
            None => http.get(url),
        };
        builder = builder
            .header(ACCEPT, "application/json")
            .timeout(self.timeout);
        if let Some(proof) = request.proof {
            builder = builder.header(header::DPOP, proof);
        }
        let mut response = builder.send().await?;
        // Read by hand, because it holds tokens: into memory that is wiped, with the announced
        // length (growing would leave copies behind).
        let announced = response.content_length().unwrap_or_default();
        let announced = usize::try_from(announced).unwrap_or(MAX_DOCUMENT);
        let mut body = Zeroizing::new(Vec::with_capacity(announced.min(MAX_DOCUMENT)));
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_DOCUMENT {
                body.clear();
                break;
            }
        }
        Ok(Response {
            status: response.status().as_u16(),
            dpop_nonce: dpop_nonce(response.headers()).into(),
            date: date(response.headers()),
            json: self.parse(&body),
        })
    }
}

impl Platform for Native {
    const ARE_RESPONSES_GENUINE: bool = true;

    type Key = EcdsaKeyPair;
    type Document = Json;

    async fn send(&self, request: Request<'_>) -> Result<Response<Json>, SendError> {
        if request.url == OWN_ORIGIN {
            // A program has no origin, and does not need one: it can read `Date` in every response.
            return Err(SendError);
        }
        // The engine has already parsed it.
        let url = reqwest::Url::parse(request.url).map_err(|_| SendError)?;
        self.exchange(url, &request).await.map_err(|error| {
            let failure = (String::from(request.url), with_causes(&error));
            self.failure.replace(Some(failure));
            SendError
        })
    }

    async fn generate_key(&self) -> Result<Rc<KeyPair<EcdsaKeyPair>>, KeyError> {
        let private =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?;
        // SEC 1, 2.3.3: 4, X, Y.
        let point: &[u8; 65] = private
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| KeyError)?;
        let (mut x, mut y) = ([0; 32], [0; 32]);
        x.copy_from_slice(&point[1..33]);
        y.copy_from_slice(&point[33..]);
        Ok(Rc::new(KeyPair {
            private,
            public: PublicJwk::P256 { x, y },
        }))
    }

    async fn sign(&self, key: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = key.sign(&self.random, message).map_err(|_| KeyError)?;
        Ok(signature.as_ref().to_vec())
    }

    async fn digest(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(sha256(message))
    }

    async fn sleep(&self, milliseconds: u32) {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(unix_millis(SystemTime::now()))
    }

    #[allow(clippy::cast_possible_truncation)] // in 292 million years
    fn monotonic(&self) -> i64 {
        self.started.elapsed().as_millis() as i64
    }

    #[allow(clippy::expect_used)] // without random numbers there is no security to go on with
    fn random(&self, bytes: &mut [u8]) {
        self.random
            .fill(bytes)
            .expect("the system's random source answers");
    }

    fn parse(&self, json: &[u8]) -> Option<Json> {
        // serde_json does not check the strings that it skips.
        let text = core::str::from_utf8(json).ok()?;
        serde_json::from_str(text).ok().map(Json)
    }

    fn merge(&self, mut object: Json, overrides: &Json) -> Json {
        object.0.extend(overrides.0.clone());
        object
    }

    fn url(&self, text: &str) -> Option<Url> {
        let (origin, path) = parts(&reqwest::Url::parse(text).ok()?)?;
        Some(Url {
            origin: origin.into(),
            path: path.into(),
        })
    }

    async fn keep(&self, name: &str, record: &Record<EcdsaKeyPair>) -> bool {
        let now = self.now();
        let record = Record {
            fields: record.fields.clone(),
            key: record.key.clone(),
        };
        let mut flows = self.flows.borrow_mut();
        flows.retain(|_, (begun, _)| is_alive(*begun, now));
        flows.insert(name.into(), (now, record));
        true
    }

    async fn take(&self, name: &str) -> Option<Record<EcdsaKeyPair>> {
        let (begun, record) = self.flows.borrow_mut().remove(name)?;
        is_alive(begun, self.now()).then_some(record)
    }
}

fn is_alive(begun: UnixMillis, now: UnixMillis) -> bool {
    now.0 - begun.0 < FLOW_LIFETIME_MILLIS
}

/// Returns the origin and path that make up `htu`; `None` if the URL is not http(s), or has user
/// information. The request line has the same path: reqwest sends it unchanged, and nothing in
/// between decodes it.
pub(super) fn parts(url: &reqwest::Url) -> Option<(String, String)> {
    let is_http = matches!(url.scheme(), "http" | "https");
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    (is_http && is_anonymous).then(|| (url.origin().ascii_serialization(), url.path().into()))
}

/// Reads `DPoP-Nonce`; empty if there is none.
pub(super) fn dpop_nonce(headers: &HeaderMap) -> &str {
    let nonce = headers.get(header::DPOP_NONCE).map(|nonce| nonce.to_str());
    nonce.and_then(Result::ok).unwrap_or_default()
}

/// Reads `Date`.
pub(super) fn date(headers: &HeaderMap) -> Option<UnixMillis> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    Some(UnixMillis(unix_millis(date)))
}

pub(super) fn sha256(message: &[u8]) -> Vec<u8> {
    digest(&SHA256, message).as_ref().to_vec()
}

fn unix_millis(time: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => whole(after),
        Err(before) => -whole(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use countersign::target::TargetUri;

    use super::*;

    fn json(text: &str) -> Option<Json> {
        let http = Http::new(None, false).expect("a client");
        Native::new(http, Duration::from_secs(1), None).parse(text.as_bytes())
    }

    #[test]
    fn a_document_is_an_object_read_by_name() {
        let document = json(r#"{"a":"b","c":1.5,"d":true,"e":["f","g"],"h":["i",1],"j":"k"}"#);
        let document = document.expect("an object");
        assert_eq!(document.text("a"), "b");
        assert_eq!(document.text("c"), "");
        assert!((document.number("c") - 1.5).abs() < f64::EPSILON);
        assert!(document.number("a").is_nan());
        assert!(document.is_true("d") && !document.is_true("a") && !document.is_true("x"));
        assert_eq!(document.texts("e").len(), 2);
        assert!(document.texts("h").is_empty());
        assert_eq!(document.texts("j").len(), 1);
        for other in ["[]", "1", "", "{", "{\"a\":\"\u{0}\"}"] {
            assert!(json(other).is_none(), "{other}");
        }
    }

    #[test]
    fn p4_htu_is_what_the_request_line_says() {
        for (text, htu) in [
            ("https://API.example:443", "https://api.example/"),
            (
                "http://api.example:8080/a/../b?q=1#f",
                "http://api.example:8080/b",
            ),
            (
                "https://api.example/%7Ea%2fb|",
                "https://api.example/%7Ea%2fb|",
            ),
            (
                "https://api.example/a b/é",
                "https://api.example/a%20b/%C3%A9",
            ),
            ("http://[0:0::1]/", "http://[::1]/"),
        ] {
            let url = reqwest::Url::parse(text).expect("a URL");
            let (origin, path) = parts(&url).expect("http");
            let sent = origin + &path;
            assert_eq!(sent, htu);
            // A verifier's normalisation gets the same from the request line.
            assert_eq!(TargetUri::parse(&sent), TargetUri::parse(url.as_str()));
        }
        for text in [
            "https://ann@api.example/",
            "https://:b@api.example/",
            "ftp://a/",
            "data:,a",
        ] {
            let url = reqwest::Url::parse(text).expect("a URL");
            assert!(parts(&url).is_none(), "{text}");
        }
    }

    #[test]
    fn a_login_waits_an_hour_and_not_longer() {
        let begun = UnixMillis(1_000);
        assert!(is_alive(begun, UnixMillis(1_000 + 3_599_999)));
        assert!(!is_alive(begun, UnixMillis(1_000 + 3_600_000)));
    }
}
