//! The layer decides before it asks the inner service for room.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use axum::body::Body;
use countersign_resource_server::{AuthenticateLayer, Fetch, FetchError, RemoteKeys};
use http::{Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::GlobalConcurrencyLimitLayer, service_fn};

use crate::world::{Key, Site, World};

/// An issuer that can be made to keep silent.
struct Silent<F> {
    is_silent: Arc<AtomicBool>,
    site: F,
}

impl<F: Fetch> Fetch for Silent<F> {
    async fn get(&self, url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        match self.is_silent.load(Ordering::Relaxed) {
            true => pending().await,
            false => self.site.get(url, limit).await,
        }
    }
}

/// An application that serves one request at a time, behind the layer.
fn app(
    layer: &AuthenticateLayer,
    permits: &Arc<Semaphore>,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + use<> {
    let handler = service_fn(|_: Request<Body>| async {
        tokio::task::yield_now().await;
        Ok(Response::new(Body::empty()))
    });
    let limit = GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(permits));
    layer.layer(limit.layer(handler))
}

fn request(world: &World, token: &str) -> Request<Body> {
    Request::get("/notes")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", world.proof(token))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_forged_token_holds_no_permit_of_the_application_while_keys_are_fetched() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let is_silent = Arc::new(AtomicBool::new(false));
    let fetch = Silent {
        is_silent: Arc::clone(&is_silent),
        site: site.port(),
    };
    let world = World::with_keys(issuer, RemoteKeys::from_fetch(fetch));
    let permits = Arc::new(Semaphore::new(1));
    let app = app(&world.server.layer(), &permits);
    let honest = async |app| {
        let request = request(&world, &world.token());
        let response: Response<Body> = ServiceExt::oneshot(app, request).await.unwrap();
        response.status()
    };
    assert_eq!(honest(app.clone()).await, StatusCode::OK);

    is_silent.store(true, Ordering::Relaxed);
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "made up" });
    let forged = Key::p256().jwt(&header, &world.claims());
    let mut waiting = Box::pin(app.clone().oneshot(request(&world, &forged)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(honest(app).await, StatusCode::OK);
    let refused = waiting.await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_accepted_request_waits_for_its_permit_and_a_refused_one_does_not() {
    let world = World::new();
    let permits = Arc::new(Semaphore::new(1));
    let mut app = app(&world.server.layer(), &permits);
    let held = permits.acquire().await.unwrap();
    // Ready for anything: it has decided nothing yet.
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(app.poll_ready(&mut context), Poll::Ready(Ok(()))));
    let without = Request::get("/notes").body(Body::empty()).unwrap();
    let refused = app.clone().oneshot(without).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let mut accepted = Box::pin(app.oneshot(request(&world, &world.token())));
    assert!(accepted.as_mut().poll(&mut context).is_pending());
    drop(held);
    assert_eq!(accepted.await.unwrap().status(), StatusCode::OK);
}
