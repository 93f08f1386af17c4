use std::time::Duration;

use countersign::{
    UnixSeconds, crypto,
    digest::Thumbprint,
    proof::{BoundToken, DpopField, Expected, NonceCheck, Verifier, VerifierPolicy},
    target::TargetUri,
};
use countersign_resource_server as server;

use crate::{
    client::{API, ISSUER},
    contender::{Contender, Sent, Subject, locked},
    now,
    slices::timed,
};

pub(crate) struct ResourceServer {
    server: server::ResourceServer,
    runtime: tokio::runtime::Runtime,
}

impl ResourceServer {
    pub(crate) fn new(subject: &Subject) -> Self {
        let keys = server::StaticKeys::new(&subject.jwks);
        let issuer = server::Issuer::from_keys(ISSUER, API, keys);
        let server = server::ResourceServer::builder(API, issuer);
        Self {
            server: server.build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }
}

impl Contender for ResourceServer {
    fn name(&self) -> String {
        "`countersign-resource-server`".into()
    }

    fn version(&self) -> String {
        locked("countersign-resource-server")
    }

    fn does(&self) -> &'static str {
        "token (cached by its hash), proof, binding, replay"
    }

    fn check(&mut self, requests: &[Sent]) -> (usize, Duration) {
        let parts: Vec<_> = requests.iter().map(parts).collect();
        let mut accepted = 0;
        let taken = timed(|| {
            self.runtime.block_on(async {
                for parts in &parts {
                    accepted += usize::from(self.server.authenticate(parts).await.is_ok());
                }
            });
        });
        (accepted, taken)
    }
}

/// Returns the request as an HTTP server passes it on.
pub(crate) fn parts(sent: &Sent) -> http::request::Parts {
    let request = http::Request::get(&sent.url)
        .header("authorization", format!("DPoP {}", sent.token))
        .header("dpop", &sent.proof);
    request.body(()).unwrap().into_parts().0
}

pub(crate) struct ProofAlone {
    verifier: Verifier,
    thumbprint: Thumbprint,
}

impl ProofAlone {
    pub(crate) fn new(subject: &Subject) -> Self {
        Self {
            verifier: Verifier::new(VerifierPolicy::default()),
            thumbprint: Thumbprint::parse(&subject.thumbprint).unwrap(),
        }
    }

    fn accepts(&self, sent: &Sent, uri: &TargetUri, now: UnixSeconds) -> bool {
        let token = BoundToken::new(crypto::ath(&sent.token), self.thumbprint);
        let expected = Expected::new("GET", uri, Some(token), NonceCheck::NotRequired);
        let headers = [sent.proof.as_bytes()];
        let Ok(field) = DpopField::parse(&headers) else {
            return false;
        };
        self.verifier.verify(field, &expected, now).is_ok()
    }
}

impl Contender for ProofAlone {
    fn name(&self) -> String {
        "`countersign`".into()
    }

    fn version(&self) -> String {
        locked("countersign")
    }

    fn does(&self) -> &'static str {
        "proof, binding"
    }

    fn check(&mut self, requests: &[Sent]) -> (usize, Duration) {
        let mut accepted = 0;
        let taken = timed(|| {
            for sent in requests {
                let uri = TargetUri::parse(&sent.url).unwrap();
                accepted += usize::from(self.accepts(sent, &uri, now()));
            }
        });
        (accepted, taken)
    }
}
