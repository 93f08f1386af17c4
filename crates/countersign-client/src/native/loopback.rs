//! The loopback redirect (RFC 8252, 7.3): a listener for the one authorization response.
//!
//! Every program of this machine can connect to it, and so can any page in its browsers, under any
//! name that leads here (so it trusts no `Host`). It gives nothing away: its answers are fixed,
//! other paths get 404, and a response without this login's `state` is refused and does not end the
//! login. Connections that send no request lock nobody out: the oldest of them makes room for a new
//! one.

mod connection;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::string::String;
use std::sync::Arc;
use std::time::Duration;
use std::vec::Vec;

use countersign::loopback::is_loopback;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

#[cfg(fuzzing)]
pub use self::connection::fuzzing;
use self::connection::{Exchange, Expected, Parameters, serve};
use super::error::Error;

/// The most connections at a time that have not sent a request yet.
const MAX_IDLE: usize = 32;
/// How often the client looks for a port that is free at both of `localhost`'s addresses.
const ATTEMPTS: usize = 8;

/// A redirect URI as configured. Its port is known when the client listens there.
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
        // It fails only for URLs without a host.
        let _ = url.set_port(Some(port));
        Ok(Loopback {
            listeners,
            redirect_uri: self.text(&url),
            url,
        })
    }

    /// Formats a URL in the way that was configured.
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

/// Binds both addresses of the name, since browsers choose either: if another program of this
/// machine has one of them, it may get the response. `port`: 0 stands for any that is free at both.
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

/// The listener. Dropping it frees the port.
#[derive(Debug)]
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: String,
    url: reqwest::Url,
}

impl Loopback {
    /// Returns the redirect URI with its port.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the response with this `state`, and returns its parameters. The browser has then
    /// been shown that the window may be closed.
    pub(super) async fn response(&self, state: &str) -> Parameters {
        let expected = Arc::new(Expected {
            url: self.url.clone(),
            state: state.into(),
        });
        let mut connections = JoinSet::new();
        let mut oldest_first = VecDeque::<(Arc<Exchange>, AbortHandle)>::new();
        loop {
            tokio::select! {
                biased;
                Some(ended) = connections.join_next() => {
                    if let Ok(Some(response)) = ended {
                        return response;
                    }
                }
                stream = accept(&self.listeners) => {
                    let exchange = Exchange::new(&expected);
                    let connection = connections.spawn(serve(stream, exchange.clone()));
                    oldest_first.push_back((exchange, connection));
                    // Requests that have already come are read before a connection is dropped for
                    // the next.
                    tokio::task::yield_now().await;
                    oldest_first.retain(|(idle, connection)| {
                        !idle.is_settled() && !connection.is_finished()
                    });
                    // A connection that has sent a request is never dropped for a newer one.
                    if oldest_first.len() > MAX_IDLE
                        && let Some((oldest, connection)) = oldest_first.pop_front()
                        && oldest.settle()
                    {
                        connection.abort();
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
            // There are no descriptors left, or the other side has already closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
