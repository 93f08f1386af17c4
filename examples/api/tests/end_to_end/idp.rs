use axum::{Router, body::Body};
use countersign_authorization_server::{AuthorizationServer, Clock, Config, Listeners, serve};
use http::{
    Request, Response, StatusCode,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use url::{Url, form_urlencoded};

use crate::client::Client;

const REDIRECT_URI: &str = "http://localhost:9440/";
pub(crate) const AUDIENCE: &str = "http://localhost:9442";

/// The development authorization server, on a socket.
pub(crate) struct Idp {
    pub(crate) issuer: String,
    pub(crate) port: u16,
    router: Router,
    task: tokio::task::JoinHandle<()>,
}

impl Idp {
    pub(crate) async fn start(configuration: &str) -> Self {
        Self::start_at(0, configuration).await
    }

    /// Starts it on `port`, or on any free one if it is 0.
    pub(crate) async fn start_at(port: u16, configuration: &str) -> Self {
        let listeners = Listeners::bind(port).await.unwrap();
        let port = listeners.port();
        let issuer = format!("http://localhost:{port}");
        let config = format!("issuer = \"{issuer}\"\n{configuration}");
        let config = Config::from_toml(&config).unwrap();
        let server = AuthorizationServer::new(config, Clock::system()).unwrap();
        let router = server.router();
        let served = router.clone();
        let task = tokio::spawn(async move {
            serve(listeners, served, std::future::pending())
                .await
                .unwrap();
        });
        Self {
            issuer,
            port,
            router,
            task,
        }
    }

    /// Stops it. Its socket is closed when this returns.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _cancelled = self.task.await;
        while tokio::net::TcpListener::bind(("127.0.0.1", self.port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    }

    /// Logs alice in, with `client` running in a page of her browser, and returns the token
    /// response.
    pub(crate) async fn log_in(&self, client: &Client) -> Value {
        let code = self.authorize(client).await;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("client_id", "demo")
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("code", &code)
            .append_pair("code_verifier", client.verifier())
            .finish();
        let proof = client.proof("POST", &format!("{}/token", self.issuer), None, None);
        let request = post("/token", form).header("dpop", proof);
        let (status, body) = text(self.send(request).await).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn access_token(&self, client: &Client) -> String {
        self.log_in(client).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn authorize(&self, client: &Client) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", "demo")
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("scope", "openid")
            .append_pair("state", "a-state")
            .append_pair("nonce", "an-oidc-nonce")
            .append_pair("code_challenge", &client.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("dpop_jkt", &client.jkt())
            .finish();
        let page = self.send(Request::get(format!("/authorize?{query}"))).await;
        let cookies: Vec<String> = page
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .map(|cookie| {
                cookie
                    .to_str()
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let (status, page) = text(page).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("request", &hidden(&page, "request"))
            .append_pair("csrf", &hidden(&page, "csrf"))
            .append_pair("user", "alice")
            .finish();
        let request = post("/login", form).header(COOKIE, cookies.join("; "));
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location = response.headers()[LOCATION].to_str().unwrap();
        let location = Url::parse(location).unwrap();
        let of = |name: &str| {
            let found = location.query_pairs().find(|(key, _)| key == name);
            found.unwrap().1.into_owned()
        };
        assert_eq!(of("state"), "a-state");
        assert_eq!(of("iss"), self.issuer);
        of("code")
    }

    async fn send(&self, request: http::request::Builder) -> Response<Body> {
        let body = match request.extensions_ref().and_then(|all| all.get::<Form>()) {
            Some(Form(form)) => Body::from(form.clone()),
            None => Body::empty(),
        };
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

#[derive(Clone)]
struct Form(String);

fn post(path: &str, form: String) -> http::request::Builder {
    Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(Form(form))
}

async fn text(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Returns the value of a hidden input.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap();
    let (value, _) = rest.split_once('"').unwrap();
    value.replace("&amp;", "&").replace("&quot;", "\"")
}
