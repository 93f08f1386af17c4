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
/// One sentence that names the value that cannot be used: a port that is taken, an option.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let (listeners, port) = bind(options.port).await?;
    let app = app(&options, port)?;
    let (stop, stopped) = watch::channel(false);
    let servers: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let mut stopped = stopped.clone();
            // An answer is one small write; waiting to fill a packet costs 40 ms.
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
    // Connections that a browser keeps open would hold up a graceful end.
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

/// `localhost` is either address, depending on who resolves it.
async fn bind(port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| refused(port, error))?;
    let port = v4.local_addr()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(v6) => Ok((vec![v4, v6], port)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(refused(port, error)),
        // A machine without IPv6 resolves localhost to the other one.
        Err(_) => Ok((vec![v4], port)),
    }
}

fn refused(port: u16, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} is taken; stop the program that listens there, or choose another with --port"
        ),
        _ => {
            anyhow::anyhow!("port {port} can't be listened on: {error}; choose another with --port")
        }
    }
}
