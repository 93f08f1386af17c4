use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, sync::watch};

use crate::{Options, app};

/// Serves the API on both loopback addresses until Ctrl-C or SIGTERM.
///
/// # Errors
/// The error is one sentence that names the value that can't be used: a port that is taken, or an
/// option.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let (listeners, port) = bind(options.port).await?;
    let app = app(&options, port)?;
    let (stop, stopped) = watch::channel(false);
    let servers: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let mut stopped = stopped.clone();
            // A response is one small write; waiting to fill a packet would cost 40 ms.
            let listener = listener.tap_io(|stream| {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
            });
            let server = axum::serve(listener, app.clone()).with_graceful_shutdown(async move {
                let _either_way = stopped.wait_for(|stop| *stop).await;
            });
            tokio::spawn(async move { server.await })
        })
        .collect();
    println!("listening on http://localhost:{port}");
    interrupted().await;
    stop.send_replace(true);
    // Connections that a browser keeps open would delay a graceful shutdown.
    let drained = async {
        for server in servers {
            server.await??;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(std::time::Duration::from_secs(1), drained).await {
        Ok(outcome) => outcome,
        Err(_still_open) => Ok(()),
    }
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _either_way = tokio::signal::ctrl_c().await;
}

/// How many free ports of one address are tried on the other.
const FREE_PORT_ATTEMPTS: usize = 20;

/// Listens on both loopback addresses: `localhost` is either, depending on who resolves it. Port 0
/// chooses one that is free on both.
async fn bind(port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let both = free(port, bind_both).await;
    both.map_err(|(port, error)| refused(port, error))
}

/// Returns the result of `attempt`. If the system chose the port and it is taken, tries again.
async fn free<T>(
    port: u16,
    attempt: impl AsyncFn(u16) -> Result<T, (u16, io::Error)>,
) -> Result<T, (u16, io::Error)> {
    let mut attempts = 1;
    loop {
        match attempt(port).await {
            Err((_, error))
                if port == 0
                    && error.kind() == io::ErrorKind::AddrInUse
                    && attempts < FREE_PORT_ATTEMPTS =>
            {
                attempts += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Listens on both addresses. The error includes the port that was tried.
async fn bind_both(port: u16) -> Result<(Vec<TcpListener>, u16), (u16, io::Error)> {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| (port, error))?;
    let port = v4.local_addr().map_err(|error| (port, error))?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(v6) => Ok((vec![v4, v6], port)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err((port, error)),
        // A machine without IPv6 resolves localhost to the IPv4 address.
        Err(_) => Ok((vec![v4], port)),
    }
}

fn refused(port: u16, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} is taken; stop the program that listens there, or choose another with --port"
        ),
        _ => {
            anyhow::anyhow!("can't listen on port {port}: {error}; choose another with --port")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Returns how many attempts are made at `port` if the first `taken` of them fail, and whether
    /// one succeeds.
    async fn attempts(port: u16, taken: usize) -> (usize, bool) {
        let made = Cell::new(0);
        let outcome = free(port, async |port| {
            made.set(made.get() + 1);
            match made.get() > taken {
                true => Ok(()),
                false => Err((port, io::ErrorKind::AddrInUse.into())),
            }
        })
        .await;
        (made.get(), outcome.is_ok())
    }

    #[tokio::test]
    async fn a_chosen_port_that_is_taken_is_exchanged() {
        assert_eq!(attempts(0, 0).await, (1, true));
        assert_eq!(attempts(0, 3).await, (4, true));
        assert_eq!(attempts(0, usize::MAX).await, (20, false));
        assert_eq!(attempts(9442, 1).await, (1, false));
    }

    #[tokio::test]
    async fn a_port_that_is_taken_at_one_address_is_named() {
        let Ok(taken) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            return; // no IPv6 here
        };
        let port = taken.local_addr().expect("an address").port();
        let error = bind(port).await.expect_err("it is taken");
        assert!(
            error
                .to_string()
                .starts_with(&format!("port {port} is taken;")),
            "{error}"
        );
    }
}
