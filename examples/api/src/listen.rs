use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use anyhow::Context as _;
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
    let taken = |port: u16| {
        format!("cannot listen on port {port} of localhost: choose another one with --port")
    };
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .with_context(|| taken(port))?;
    let port = v4.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(v6) => Ok((vec![v4, v6], port)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(error).with_context(|| taken(port))
        }
        // A machine without IPv6 resolves localhost to the other one.
        Err(_) => Ok((vec![v4], port)),
    }
}
