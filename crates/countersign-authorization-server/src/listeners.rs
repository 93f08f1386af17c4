//! The server on sockets. It listens on both loopback addresses, so that `localhost` reaches it
//! whichever a browser tries first.

use std::{
    io::{Error, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    serve::{Listener, ListenerExt},
};
use tokio::{net::TcpListener, sync::watch, time::timeout};

/// How long the server waits for answers under way when it stops. Browsers keep connections open.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// How often the server looks for a port that is free on both addresses.
const FREE_PORT_ATTEMPTS: usize = 20;

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program listens there.
    #[error(
        "port {port} is taken; stop the program that listens there, or choose another with --port"
    )]
    Taken {
        /// The port.
        port: u16,
    },
    /// The system does not allow this user to listen there.
    #[error("port {port} is not allowed; choose one above 1023 with --port")]
    NotAllowed {
        /// The port.
        port: u16,
    },
    /// The system gives another reason.
    #[error("can't listen on port {port}: {reason}; choose another with --port")]
    System {
        /// The port.
        port: u16,
        /// The system's reason.
        reason: Error,
    },
}

/// Sockets that listen on one port of 127.0.0.1 and, if the machine has IPv6, of `::1`.
#[derive(Debug)]
pub struct Listeners {
    port: u16,
    sockets: Vec<TcpListener>,
}

impl Listeners {
    /// Listens on `port`, or on any free one for 0.
    ///
    /// # Errors
    /// [`ListenError`] if the port is taken, not allowed, or can't be listened on.
    pub async fn bind(port: u16) -> Result<Self, ListenError> {
        let mut attempt = Self::bind_both(port).await;
        for _ in 1..FREE_PORT_ATTEMPTS {
            if port != 0 || !matches!(attempt, Err(ListenError::Taken { .. })) {
                break;
            }
            attempt = Self::bind_both(port).await;
        }
        attempt
    }

    async fn bind_both(port: u16) -> Result<Self, ListenError> {
        let refused = |reason: Error| match reason.kind() {
            ErrorKind::AddrInUse => ListenError::Taken { port },
            ErrorKind::PermissionDenied => ListenError::NotAllowed { port },
            _ => ListenError::System { port, reason },
        };
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(refused)?;
        let port = v4.local_addr().map_err(refused)?.port();
        let mut sockets = vec![v4];
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(v6) => sockets.push(v6),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(refused(error)),
            // A machine without IPv6.
            Err(error) => tracing::debug!(%error, "not listening on ::1"),
        }
        Ok(Self { port, sockets })
    }

    /// Returns the port, also if any free one was asked for.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// Serves until `shutdown` is ready, then finishes the requests under way within at most a second.
///
/// # Errors
/// The system's error if a socket fails.
pub async fn serve(
    listeners: Listeners,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (stop, stopped) = watch::channel(());
    let mut servers = tokio::task::JoinSet::new();
    for socket in listeners.sockets {
        // A token response is one small write; waiting to fill a packet costs 40 ms.
        let socket = socket.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
        });
        servers.spawn(serve_one(socket, router.clone(), stopped.clone()));
    }
    tokio::select! {
        () = shutdown => {}
        Some(ended) = servers.join_next() => return ended.map_err(Error::other)?,
    }
    drop(stop);
    let rest = async { while servers.join_next().await.is_some() {} };
    // Connections that have not finished by then end with the process.
    let _ = timeout(SHUTDOWN_LIMIT, rest).await;
    Ok(())
}

async fn serve_one<L: Listener<Addr = SocketAddr>>(
    socket: L,
    router: Router,
    mut stopped: watch::Receiver<()>,
) -> Result<(), Error> {
    axum::serve(socket, router)
        .with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is the signal.
            let _ = stopped.changed().await;
        })
        .await
}
