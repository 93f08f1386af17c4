use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use huskarl_resource_server::{
    core::{
        Error,
        http::{HttpClient, HttpResponse, Idempotency},
        jwt::JtiUniquenessChecker,
        platform::MaybeSendBoxFuture,
    },
    validator::rfc9068::Rfc9068Validator,
};

use crate::{
    client::{API, ISSUER},
    contender::{Contender, Sent, Subject, locked},
    ours::parts,
    slices::timed,
};

pub(crate) struct Huskarl {
    validator: Rfc9068Validator,
    runtime: tokio::runtime::Runtime,
}

/// Serves the issuer's key set without a network.
struct Keys(Bytes);

impl HttpClient for Keys {
    fn execute(
        &self,
        _: http::Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "content-type",
            http::HeaderValue::from_static("application/jwk-set+json"),
        );
        let response = HttpResponse {
            status: http::StatusCode::OK,
            headers,
            body: self.0.clone(),
        };
        Box::pin(async { Ok(response) })
    }
}

#[derive(Debug, Default)]
struct Seen(Mutex<HashSet<String>>);

impl JtiUniquenessChecker for Seen {
    fn check_and_mark_seen(&self, jti: &str) -> MaybeSendBoxFuture<'_, Result<bool, Error>> {
        let is_new = self.0.lock().unwrap().insert(jti.to_owned());
        Box::pin(async move { Ok(!is_new) })
    }
}

impl Huskarl {
    pub(crate) fn new(subject: &Subject) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let validator = Rfc9068Validator::builder()
            .issuer(ISSUER)
            .audience(API)
            .jwks_uri(format!("{ISSUER}/jwks").parse().unwrap())
            .require_dpop(true)
            .maybe_dpop_jti_checker(Some(Arc::new(Seen::default())))
            .jwks_source(Keys(Bytes::from(subject.jwks.clone())))
            .build();
        Self {
            validator: runtime.block_on(validator).unwrap(),
            runtime,
        }
    }
}

impl Contender for Huskarl {
    fn name(&self) -> String {
        "`huskarl-resource-server`".into()
    }

    fn version(&self) -> String {
        locked("huskarl-resource-server")
    }

    fn does(&self) -> &'static str {
        "token (its signature too), proof, binding, replay"
    }

    fn check(&mut self, requests: &[Sent]) -> (usize, Duration) {
        let parts: Vec<_> = requests.iter().map(parts).collect();
        let mut accepted = 0;
        let taken = timed(|| {
            self.runtime.block_on(async {
                for parts in &parts {
                    let result = self
                        .validator
                        .validate_request(&parts.headers, &parts.method, &parts.uri, None)
                        .await;
                    accepted += usize::from(matches!(result.outcome, Ok(Some(_))));
                }
            });
        });
        (accepted, taken)
    }
}
