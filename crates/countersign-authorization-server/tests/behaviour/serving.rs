use std::time::Duration;

use countersign_authorization_server::{
    AuthorizationServer, Clock, Config, ListenError, Listeners, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};

async fn status_line(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = b"GET /jwks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn it_serves_both_loopback_addresses_until_it_is_told_to_stop() {
    let listeners = Listeners::bind(0).await.expect("a port");
    let port = listeners.port();
    let server = AuthorizationServer::new(Config::default(), Clock::system()).expect("a server");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listeners, server.router(), async {
        let _ = stopped.await;
    }));
    assert_eq!(
        status_line(&format!("127.0.0.1:{port}")).await,
        "HTTP/1.1 200 OK"
    );
    if TcpStream::connect(format!("[::1]:{port}")).await.is_ok() {
        assert_eq!(
            status_line(&format!("[::1]:{port}")).await,
            "HTTP/1.1 200 OK"
        );
    }
    // A connection that is kept open does not keep the server from stopping.
    let _idle = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a connection");
    stop.send(()).expect("it runs");
    let ended = timeout(Duration::from_secs(5), serving).await;
    assert!(ended.expect("in time").expect("no panic").is_ok());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = Listeners::bind(0).await.expect("a port");
    let port = first.port();
    let error = Listeners::bind(port).await.expect_err("taken");
    assert!(matches!(error, ListenError::Taken { port: taken } if taken == port));
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} is taken; stop the program that listens there, or choose another with --port"
        )
    );
}
