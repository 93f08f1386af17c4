//! The loopback redirect (RFC 8252, 7.3): a listener for the one authorization response.
//!
//! Whoever is on this machine can ask it, and so can any page in its browsers, under any name that leads here (so no
//! `Host` is believed). It gives nothing away: what it answers is fixed, other paths are 404, and a response without this
//! login's `state` is refused and not the end of this one. Connections that ask nothing keep nobody out: the oldest of them
//! makes room for a new one. It is plain HTTP of the smallest kind; nothing but a browser's `GET` comes.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use countersign::loopback::is_loopback;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::error::Error;

/// The longest request head, in bytes. A code may have thousands; servers take 8 KiB at least (RFC 9112, 3).
const MAX_HEAD: usize = 32 * 1024;
/// How long one connection may take to ask. Browsers open some in advance that never do.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections at a time that have not asked yet.
const MAX_IDLE: usize = 32;
/// How often a port is looked for that is free at both of `localhost`'s addresses.
const ATTEMPTS: usize = 8;

/// A redirect URI as configured: its port is known when something listens there.
#[derive(Clone, Debug)]
pub(super) struct RedirectUri {
    url: reqwest::Url,
    /// Servers compare redirect URIs as strings: `http://localhost` is not `http://localhost/`.
    has_path: bool,
}

impl RedirectUri {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let is_usable = |url: &reqwest::Url| {
            let is_loopback = url.host_str().is_some_and(is_loopback);
            let is_plain = url.query().is_none() && url.fragment().is_none();
            let is_anonymous = url.username().is_empty() && url.password().is_none();
            url.scheme() == "http" && is_loopback && is_plain && is_anonymous
        };
        match reqwest::Url::parse(text) {
            Ok(url) if is_usable(&url) => Ok(Self {
                has_path: url.path() != "/" || text.ends_with('/'),
                url,
            }),
            _ => Err(Error::RedirectUriInvalid {
                redirect_uri: text.into(),
            }),
        }
    }

    /// Listens there; without a port, at any free one.
    pub(super) async fn listen(&self) -> Result<Loopback, Error> {
        let failed = |reason| Error::Listener {
            redirect_uri: self.text(&self.url),
            reason,
        };
        let listeners = bind(&self.url).await.map_err(failed)?;
        let port = listeners[0].local_addr().map_err(failed)?.port();
        let mut url = self.url.clone();
        // Fails for URLs without a host only.
        let _ = url.set_port(Some(port));
        Ok(Loopback {
            listeners,
            redirect_uri: self.text(&url),
            url,
        })
    }

    /// As it was configured.
    fn text(&self, url: &reqwest::Url) -> String {
        let text = url.as_str();
        let text = if self.has_path {
            text
        } else {
            text.trim_end_matches('/')
        };
        text.into()
    }
}

async fn bind(url: &reqwest::Url) -> io::Result<Vec<TcpListener>> {
    let port = url.port().unwrap_or(0);
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse() {
        Ok(address) => Ok(Vec::from([at(address, port).await?])),
        Err(_) => bind_both(port).await,
    }
}

/// Both addresses of the name, as browsers choose either: where somebody else on this machine has one of them, the
/// response may be theirs. `port`: 0 is any that is free at both.
async fn bind_both(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut attempts = 1..=ATTEMPTS;
    loop {
        let four = at(Ipv4Addr::LOCALHOST.into(), port).await?;
        let is_last = attempts.next().is_none() || port != 0;
        return match at(Ipv6Addr::LOCALHOST.into(), four.local_addr()?.port()).await {
            Ok(six) => Ok(Vec::from([four, six])),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => Ok(Vec::from([four])), // there is no IPv6
            Err(error) if is_last => Err(error),
            Err(_) => continue,
        };
    }
}

async fn at(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(address, port)).await
}

/// Listening. Dropped, the port is free again.
#[derive(Debug)]
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: String,
    url: reqwest::Url,
}

impl Loopback {
    /// With its port.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The parameters of the response with this `state`; the browser has been shown that it may be closed.
    pub(super) async fn response(&self, state: &str) -> Vec<(String, String)> {
        // One that has asked is out of the first two: it is never dropped for a newer one.
        let mut reading = JoinSet::<Option<(TcpStream, String)>>::new();
        let mut oldest_first = VecDeque::new();
        let mut answering = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(read) = reading.join_next_with_id() => {
                    let (id, asked) = match read {
                        Ok((id, asked)) => (id, asked),
                        Err(error) => (error.id(), None),
                    };
                    oldest_first.retain(|idle: &AbortHandle| idle.id() != id);
                    let Some((mut stream, target)) = asked else {
                        continue;
                    };
                    let (page, response) = judge(&target, &self.url, state);
                    if let Some(response) = response {
                        // The browser may have gone away; the response is here all the same.
                        answer(&mut stream, page).await;
                        return response;
                    }
                    answering.spawn(async move { answer(&mut stream, page).await });
                }
                Some(_) = answering.join_next() => {}
                stream = accept(&self.listeners) => {
                    oldest_first.push_back(reading.spawn(ask(stream)));
                    // What has come already is read before anybody is dropped for the next.
                    tokio::task::yield_now().await;
                    if oldest_first.len() > MAX_IDLE && let Some(oldest) = oldest_first.pop_front() {
                        oldest.abort();
                    }
                }
            }
        }
    }
}

async fn accept(listeners: &[TcpListener]) -> TcpStream {
    loop {
        let accepted = match listeners {
            [one, other, ..] => tokio::select! {
                accepted = one.accept() => accepted,
                accepted = other.accept() => accepted,
            },
            [one] => one.accept().await,
            [] => core::future::pending().await,
        };
        match accepted {
            Ok((stream, _)) => return stream,
            // Out of descriptors, or the other side is gone already.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Waits for the one request of a connection: its target.
async fn ask(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let head = tokio::time::timeout(PATIENCE, read_head(&mut stream)).await;
    let target = target(&head.ok()??)?;
    Some((stream, target))
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        // The end may have come in pieces; what is before them has been looked at.
        let unread = head.len().saturating_sub(3);
        let read = stream.read_buf(&mut head).await.ok()?;
        if read == 0 || head.len() > MAX_HEAD {
            return None;
        }
        if head[unread..].windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(head);
        }
    }
}

/// The target of a `GET`.
fn target(head: &[u8]) -> Option<String> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    let mut words = core::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_get = method == "GET" && version.starts_with("HTTP/1.") && target.starts_with('/');
    Some(String::from(if is_get { target } else { "" }))
}

enum Page {
    Done,
    Refused,
    OtherLogin,
    NotFound,
}

fn judge(target: &str, url: &reqwest::Url, state: &str) -> (Page, Option<Vec<(String, String)>>) {
    let path = target.split('?').next().unwrap_or_default();
    let asked = url.join(target).ok().filter(|_| path == url.path());
    let Some(asked) = asked else {
        return (Page::NotFound, None);
    };
    let pairs = asked.query_pairs().into_owned();
    let parameters: Vec<(String, String)> = pairs.collect();
    let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
    // How long it takes must not tell how much of it was right: whoever finds `state` ends the login.
    let is_ours = |given: &str| verify_slices_are_equal(given.as_bytes(), state.as_bytes()).is_ok();
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

async fn answer(stream: &mut TcpStream, page: Page) {
    let _ = tokio::time::timeout(PATIENCE, write(stream, page)).await;
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), page: Page) -> io::Result<()> {
    let (status, sentence) = match page {
        Page::Done => (
            "200 OK",
            "You may close this window and return to the program.",
        ),
        Page::Refused => (
            "200 OK",
            "The login was refused; the program says why. You may close this window.",
        ),
        Page::OtherLogin => (
            "400 Bad Request",
            "This is the response to another login; start again in the program.",
        ),
        Page::NotFound => ("404 Not Found", "There is nothing here."),
    };
    let body = std::format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Login</title><p>{sentence}</p></html>\n"
    );
    // The URL holds the code: it goes to no other site, and into no cache.
    let head = std::format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// For the fuzz target `loopback`.
#[cfg(fuzzing)]
pub mod fuzzing {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use super::*;

    /// What a request gets, and what it was.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Answer {
        /// The HTTP response; `None`: the connection is closed without one.
        pub page: Option<String>,
        /// The parameters, where it was the authorization response.
        pub response: Option<Vec<(String, String)>>,
    }

    /// Answers what comes in these pieces.
    pub fn ask(pieces: &[&[u8]], redirect_uri: &str, state: &str) -> Answer {
        let url = reqwest::Url::parse(redirect_uri).expect("a redirect URI");
        let [first, second] = [0, 1].map(|at| pieces.get(at).copied().unwrap_or_default());
        let mut stream = first.chain(second);
        let head = ready(read_head(&mut stream));
        let Some(target) = head.and_then(|head| target(&head)) else {
            return Answer {
                page: None,
                response: None,
            };
        };
        let (page, response) = judge(&target, &url, state);
        let mut written = Vec::new();
        ready(write(&mut written, page)).expect("memory takes everything");
        Answer {
            page: Some(String::from_utf8(written).expect("text")),
            response,
        }
    }

    /// Nothing waits where all bytes are there.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }
}
