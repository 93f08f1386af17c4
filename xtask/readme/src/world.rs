//! Substitutes for example.com, the browser and the terminal in the quick starts.

use std::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use countersign_authorization_server::{AuthorizationServer, Clock, Config, Listeners, serve};
use reqwest::{
    Client,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

static ISSUER: OnceLock<String> = OnceLock::new();
/// The address and port that the API listens on.
static LISTEN: OnceLock<String> = OnceLock::new();
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Replaces `println!`.
macro_rules! say {
    ($($text:tt)*) => {
        crate::world::add(format!($($text)*))
    };
}
pub(crate) use say;

pub(crate) fn add(text: String) {
    SAID.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(text);
}

pub(crate) fn said() -> Vec<String> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Returns the authorization server's issuer. Replaces `https://login.example.com`.
pub(crate) fn issuer() -> &'static str {
    ISSUER.get().expect("it is started")
}

/// Returns a URL of the API. Replaces one of `https://api.example.com`.
pub(crate) fn api(path: &str) -> &'static str {
    format!("http://{}{path}", listen()).leak()
}

/// Returns the API's address. Replaces `127.0.0.1:3000`.
pub(crate) fn listen() -> &'static str {
    LISTEN.get().expect("a port is chosen")
}

/// Starts the authorization server, and chooses the API's port.
pub(crate) fn start() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    LISTEN.get_or_init(|| address);
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        in_runtime(async {
            let listeners = Listeners::bind(0).await?;
            let issuer = format!("http://localhost:{}", listeners.port());
            let config = Config::from_toml(&format!(
                "issuer = '{issuer}'\n[[clients]]\nid = 'notes-cli'\nnative = true\n\
                 redirect_uris = ['http://127.0.0.1/']\naudiences = ['{}']",
                api("")
            ))?;
            let router = AuthorizationServer::new(config, Clock::system())?.router();
            tell.send(issuer)?;
            serve(listeners, router, std::future::pending()).await?;
            Ok(())
        })
    });
    ISSUER.get_or_init(|| told.recv().expect("an authorization server"));
}

/// Waits until the API accepts connections, at most five seconds.
pub(crate) fn wait_for_api() {
    let is_up = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        TcpStream::connect(listen()).is_ok()
    });
    assert!(is_up, "the README's API does not listen");
}

/// Replaces the browser and the user: logs Alice in at the URL, and follows the redirect back to
/// the program.
pub(crate) fn log_in(url: &str) -> bool {
    let url = url.to_owned();
    thread::spawn(move || in_runtime(as_alice(&url)));
    true
}

async fn as_alice(url: &str) -> Outcome<()> {
    let http = Client::builder().redirect(Policy::none()).no_proxy();
    let http = http.build()?;
    let page = http.get(url).send().await?;
    let cookie = page.headers()[SET_COOKIE].to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let login = page.url().join("/login")?;
    let html = page.text().await?;
    let field = |name: &str| {
        let start = format!("name=\"{name}\" value=\"");
        let rest = html.split(&start).nth(1).unwrap_or_default();
        let value = rest.split('"').next().unwrap_or_default();
        let value = value.replace("&amp;", "&");
        value.replace('%', "%25").replace('&', "%26")
    };
    let form = format!(
        "request={}&csrf={}&user=alice",
        field("request"),
        field("csrf")
    );
    let answer = http
        .post(login)
        .header(COOKIE, cookie)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await?;
    let back = answer.headers()[LOCATION].to_str()?;
    http.get(back).send().await?;
    Ok(())
}

/// Runs `work` and prints its error: the test would show it only as a login or a call that does not
/// happen.
fn in_runtime(work: impl Future<Output = Outcome<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(work));
    if let Err(error) = outcome {
        eprintln!("{error}");
    }
}
