//! `cargo xtask demo`: runs the authorization server, the API and the demo app on three
//! neighbouring localhost ports. The authorization server is ours, or with `--keycloak` a real
//! Keycloak.
//!
//! Every process that was started is ended on Ctrl-C, if a start fails, and if a server ends by
//! itself.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;

mod keycloak;

use crate::package;
use crate::process::{build_servers, command, find_program, root, seconds};
use crate::setup::{self, Needs};

const DEFAULT_PORT: u16 = 9440;
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// The app's client ID at our authorization server.
const CLIENT: &str = "demo";

#[derive(Args)]
pub(crate) struct Options {
    /// The app's port; the authorization server and the API take the next two
    #[arg(long, default_value_t = DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(1..=65533))]
    port: u16,
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
    /// Log in at a real Keycloak, which is downloaded once; needs a JDK and Maven
    #[arg(long)]
    keycloak: bool,
}

/// What the app and the API have to know about the authorization server.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) client_id: &'static str,
    /// User names and passwords for its login page. Empty if the page has buttons instead.
    pub(crate) users: Vec<(String, String)>,
    pub(crate) server: Command,
    pub(crate) start_limit: Duration,
}

pub(crate) fn run_step(options: &Options) -> Result<()> {
    let start = Instant::now();
    let [app, issuer, api] = [options.port, options.port + 1, options.port + 2];
    for (name, port) in [("app", app), ("authorization server", issuer), ("API", api)] {
        check_port(name, port)?;
    }
    setup::run(Needs::PACKAGE)?;
    package::build()?;
    let mut provider = if options.keycloak {
        keycloak::provider(issuer, &origin(app), &origin(api))?
    } else {
        ours(app, issuer, api)
    };
    println!("demo: building the servers ...");
    build_servers()?;

    let interrupted = interruption()?;
    let mut servers = Servers::default();
    servers.start("authorization server", issuer, &mut provider.server)?;
    if options.keycloak {
        println!("demo: starting Keycloak, which takes half a minute ...");
    }
    servers.start("API", api, &mut example_api(app, &provider.issuer, api))?;
    servers.start("app", app, &mut vite(app, &provider, api))?;
    servers.wait_until_all_answer(provider.start_limit, &interrupted)?;

    let url = origin(app);
    println!(
        "\ndemo: {url}  (ready in {}; Ctrl-C ends it)",
        seconds(start.elapsed())
    );
    for (name, password) in &provider.users {
        println!("demo: log in as {name} with the password {password}");
    }
    if !options.no_open {
        open_browser(&url);
    }
    servers.watch(&interrupted)
}

fn ours(app: u16, issuer: u16, api: u16) -> Provider {
    let mut server = command(root().join("target/debug/countersign"));
    server
        .args(["idp", "--port", &issuer.to_string()])
        .args(["--client", &format!("{CLIENT}={}/", origin(app))])
        .args(["--audience", &origin(api)])
        .args(["--allow-origin", &origin(app)]);
    Provider {
        issuer: origin(issuer),
        client_id: CLIENT,
        users: Vec::new(),
        server,
        start_limit: START_LIMIT,
    }
}

fn example_api(app: u16, issuer: &str, api: u16) -> Command {
    let mut command = command(root().join("target/debug/example-api"));
    command
        .args([
            "--port",
            &api.to_string(),
            "--issuer",
            issuer,
            "--audience",
            &origin(api),
        ])
        .args(["--allow-origin", &origin(app), "--journal"]);
    command
}

fn vite(app: u16, provider: &Provider, api: u16) -> Command {
    let mut command = command("node");
    command
        .current_dir(root().join("examples/demo"))
        .arg(root().join("node_modules/vite/bin/vite.js"))
        .args([
            "--port",
            &app.to_string(),
            "--strictPort",
            "--clearScreen",
            "false",
        ])
        .env("DEMO_ISSUER", &provider.issuer)
        .env("DEMO_CLIENT_ID", provider.client_id)
        .env("DEMO_API", origin(api));
    let users: Vec<_> = provider
        .users
        .iter()
        .map(|(name, password)| format!("{name} {password}"))
        .collect();
    command.env("DEMO_USERS", users.join("\n"));
    command
}

fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Checks that the port is free on both loopback addresses: a browser may try either for
/// `localhost`.
fn check_port(name: &str, port: u16) -> Result<()> {
    for address in [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ] {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                let other = if port < 60_000 {
                    port / 10 * 10 + 100
                } else {
                    DEFAULT_PORT
                };
                bail!(
                    "port {port}, for the {name}, is taken: end what listens there, or move the demo, for example `cargo xtask demo --port {other}`"
                );
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!(
                    "port {port}, for the {name}, is not allowed for this user: choose one above 1023 with `--port`"
                );
            }
            // A machine without IPv6 has no ::1.
            Err(_) | Ok(_) => {}
        }
    }
    Ok(())
}

/// Returns a channel that gets a message for every Ctrl-C and SIGTERM from now on.
fn interruption() -> Result<Receiver<()>> {
    let (sender, receiver) = channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(receiver)
}

struct Server {
    name: &'static str,
    port: u16,
    child: Child,
}

/// The running servers; dropping them ends them.
#[derive(Default)]
struct Servers(Vec<Server>);

impl Servers {
    fn start(&mut self, name: &'static str, port: u16, command: &mut Command) -> Result<()> {
        // The child gets its own process group, so that Ctrl-C reaches only this process. It then
        // ends the whole group.
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start the {name}"))?;
        self.0.push(Server { name, port, child });
        Ok(())
    }

    fn wait_until_all_answer(&mut self, limit: Duration, interrupted: &Receiver<()>) -> Result<()> {
        let deadline = Instant::now() + limit;
        for index in 0..self.0.len() {
            loop {
                self.all_alive()?;
                let Server { name, port, .. } = self.0[index];
                if answers(port) {
                    println!("demo: the {name} answers at {}", origin(port));
                    break;
                }
                if Instant::now() > deadline {
                    bail!(
                        "the {name} did not answer at {} within {} s",
                        origin(port),
                        limit.as_secs()
                    );
                }
                if interrupted.recv_timeout(Duration::from_millis(50)).is_ok() {
                    bail!("interrupted");
                }
            }
        }
        Ok(())
    }

    /// Waits for Ctrl-C. Fails if a server ends by itself.
    fn watch(&mut self, interrupted: &Receiver<()>) -> Result<()> {
        loop {
            match interrupted.recv_timeout(Duration::from_millis(300)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    println!("\ndemo: ended");
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => self.all_alive()?,
            }
        }
    }

    fn all_alive(&mut self) -> Result<()> {
        for server in &mut self.0 {
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "the {} ended by itself ({status}); see its last lines above",
                    server.name
                );
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &self.0 {
            signal_group("TERM", server.child.id());
        }
        let deadline = Instant::now() + STOP_LIMIT;
        for server in &mut self.0 {
            while matches!(server.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            if matches!(server.child.try_wait(), Ok(None)) {
                signal_group("KILL", server.child.id());
                let _ = server.child.wait();
            }
        }
    }
}

/// Sends the signal through the shell, because its `kill` accepts process groups and the standard
/// library has no such call.
fn signal_group(signal: &str, group: u32) {
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -s {signal} -- -{group}")])
        .stderr(Stdio::null())
        .status();
}

/// Whether an HTTP server answers on this port.
fn answers(port: u16) -> bool {
    let ask = |address: SocketAddr| -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        )?;
        let mut start = [0; 5];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/")
    };
    [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ]
    .into_iter()
    .any(|address| ask(address).unwrap_or(false))
}

fn open_browser(url: &str) {
    let has_screen = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
    if std::env::var_os("CI").is_some() || !has_screen {
        return;
    }
    let opener = if cfg!(target_os = "macos") {
        &["open"][..]
    } else {
        &["xdg-open"][..]
    };
    if let Some(opener) = find_program(opener) {
        let _ = Command::new(opener)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_server_and_the_way_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = taken.local_addr().expect("an address").port();
        let message = check_port("API", port)
            .expect_err("the port is taken")
            .to_string();
        assert!(
            message.contains(&format!("port {port}, for the API, is taken")),
            "{message}"
        );
        assert!(message.contains("cargo xtask demo --port "), "{message}");
    }

    #[test]
    fn a_free_port_is_fine() {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        check_port("API", port).expect("nothing listens there any more");
    }
}
