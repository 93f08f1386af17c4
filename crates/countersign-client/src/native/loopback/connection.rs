//! One connection to the listener: its one request is judged and answered with a page. hyper reads
//! and writes the HTTP.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::vec::Vec;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest request head, in bytes. A code may have thousands of bytes, and servers accept at
/// least 8 KiB (RFC 9112, 3).
const MAX_HEAD: usize = 32 * 1024;
/// How long one connection may take. Browsers open some in advance that never send a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The parameters of the authorization response.
pub(super) type Parameters = Vec<(String, String)>;

/// The response that the listener waits for.
pub(super) struct Expected {
    /// The redirect URI.
    pub(super) url: reqwest::Url,
    pub(super) state: String,
}

/// The state of one connection. It is settled when it sends a request or is dropped for a newer
/// one, whichever comes first.
pub(super) struct Exchange {
    expected: Arc<Expected>,
    is_settled: AtomicBool,
    response: Mutex<Option<Parameters>>,
}

impl Exchange {
    pub(super) fn new(expected: &Arc<Expected>) -> Arc<Self> {
        Arc::new(Self {
            expected: expected.clone(),
            is_settled: AtomicBool::new(false),
            response: Mutex::new(None),
        })
    }

    /// Tells whether it has sent a request or was dropped.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Acquire)
    }

    /// Settles it, and tells whether this call did so.
    pub(super) fn settle(&self) -> bool {
        !self.is_settled.swap(true, Ordering::AcqRel)
    }

    /// Answers the connection's one request. It leaves a body unread.
    fn answer<B>(&self, request: &Request<B>) -> io::Result<Response<Full<Bytes>>> {
        if !self.settle() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let (page, response) = judge(request, &self.expected);
        *self.response.lock().unwrap_or_else(PoisonError::into_inner) = response;
        Ok(page.into_response())
    }
}

/// Serves a connection to its end, and returns the parameters if it was the response.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    exchange: Arc<Exchange>,
) -> Option<Parameters> {
    // The browser may go away before it gets its page; the response counts all the same.
    let _ = tokio::time::timeout(PATIENCE, converse(stream, &exchange)).await;
    let mut response = exchange
        .response
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    response.take()
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    exchange: &Arc<Exchange>,
) -> hyper::Result<()> {
    let stream = Silent { stream, exchange };
    http1::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .title_case_headers(true)
        .auto_date_header(false)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| core::future::ready(exchange.answer(&request))),
        )
        .await
}

/// Writes nothing before a whole request was judged: what is not HTTP gets no answer, which hyper
/// would write by itself.
struct Silent<'a, S> {
    stream: S,
    exchange: &'a Exchange,
}

impl<S: AsyncRead + Unpin> AsyncRead for Silent<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Silent<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.exchange.is_settled() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[derive(Clone, Copy)]
enum Page {
    Done,
    Refused,
    OtherLogin,
    NotFound,
}

fn judge<B>(request: &Request<B>, expected: &Expected) -> (Page, Option<Parameters>) {
    let target = request.uri();
    let is_get = request.method() == Method::GET && target.authority().is_none();
    if !is_get || target.path() != expected.url.path() {
        return (Page::NotFound, None);
    }
    let query = target.query().unwrap_or_default();
    let mut asked = expected.url.clone();
    asked.set_query(Some(query));
    let parameters: Parameters = asked.query_pairs().into_owned().collect();
    let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
    // The time of the comparison must not reveal how much was right: an attacker who finds `state`
    // ends the login.
    let is_ours =
        |given: &str| verify_slices_are_equal(given.as_bytes(), expected.state.as_bytes()).is_ok();
    if !parameters
        .iter()
        .any(|(key, value)| key == "state" && is_ours(value))
    {
        return (Page::OtherLogin, None);
    }
    let page = if has("error") {
        Page::Refused
    } else {
        Page::Done
    };
    (page, Some(parameters))
}

impl Page {
    fn into_response(self) -> Response<Full<Bytes>> {
        let (status, sentence) = match self {
            Self::Done => (
                StatusCode::OK,
                "You may close this window and return to the program.",
            ),
            Self::Refused => (
                StatusCode::OK,
                "The login was refused; the program says why. You may close this window.",
            ),
            Self::OtherLogin => (
                StatusCode::BAD_REQUEST,
                "This is the response to another login; start again in the program.",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is nothing here."),
        };
        let body = std::format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Login</title><p>{sentence}</p></html>\n"
        );
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            // The URL holds the code: it must reach no other site and no cache.
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, hyper::header::HeaderValue::from_static(value));
        }
        response
    }
}

/// For the fuzz target `loopback`.
#[cfg(fuzzing)]
pub mod fuzzing {
    use core::future::Future;
    use core::pin::pin;
    use core::task::Waker;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// The answer to a request, and what the request was.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Answer {
        /// The HTTP response; `None` if the connection is closed without one.
        pub page: Option<String>,
        /// The parameters, if it was the authorization response.
        pub response: Option<Parameters>,
    }

    /// Answers a request that arrives in these pieces.
    pub fn ask(pieces: &[&[u8]], redirect_uri: &str, state: &str) -> Answer {
        let expected = Arc::new(Expected {
            url: reqwest::Url::parse(redirect_uri).expect("a redirect URI"),
            state: state.into(),
        });
        let exchange = Exchange::new(&expected);
        let [first, second] = [0, 1].map(|at| pieces.get(at).copied().unwrap_or_default());
        let mut written = Vec::new();
        let stream = tokio::io::join(first.chain(second), &mut written);
        // An error closes the connection.
        let _ = ready(converse(stream, &exchange));
        let response = exchange.response.lock().expect("nobody panicked").take();
        let page = (!written.is_empty()).then(|| String::from_utf8(written).expect("text"));
        Answer { page, response }
    }

    /// Nothing waits because all bytes are there, though it may ask to be polled again.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        for _ in 0..1000 {
            if let Poll::Ready(value) = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                return value;
            }
        }
        panic!("it waits")
    }
}
