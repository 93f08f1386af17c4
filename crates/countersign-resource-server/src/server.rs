//! The checks of one request, in their order.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use countersign::{
    UnixSeconds,
    access_token::{Credentials, Scheme},
    crypto::sha256,
    digest::Ath,
    nonce::IssueNonce,
    proof::{BoundToken, DpopField, Expected, NonceCheck, Verifier},
    replay::ReplayError,
    resource_metadata::ResourceMetadata,
    target::TargetUri,
};
use http::{HeaderName, HeaderValue, Response, header::AUTHORIZATION, request::Parts};
use tower_http::cors::CorsLayer;

use crate::{
    AuthenticateLayer, Authenticated, DpopRequirement, OriginError, Rejection,
    ResourceServerBuilder, Unavailable,
    clock::ClockGuard,
    cors,
    headers::DPOP,
    keys::{DiscoveryError, Keys, Newer},
    replay::Replay,
    request::PublicUrl,
    response::Context,
    token::{AccessToken, Form, TokenCache, TokenError, TokenPolicy, UnverifiedToken},
};

/// Judges requests by their access token and proof. Cheap to clone; clones share keys, caches and the
/// replay store.
#[derive(Clone)]
pub struct ResourceServer {
    shared: Arc<Shared>,
    nonces: Option<Arc<dyn IssueNonce>>,
    scope: Option<Arc<str>>,
}

pub(crate) struct Shared {
    pub(crate) tokens: TokenPolicy,
    pub(crate) requirement: DpopRequirement,
    pub(crate) public_url: PublicUrl,
    pub(crate) keys: Keys,
    pub(crate) cache: TokenCache,
    /// The policy's, separated by spaces.
    pub(crate) algorithms: String,
    pub(crate) verifier: Verifier,
    pub(crate) replay: Replay,
    pub(crate) stale: StaleProofs,
    pub(crate) clock: ClockGuard,
    /// The URL of the metadata, and the metadata.
    pub(crate) metadata: Option<(String, ResourceMetadata)>,
}

/// Proofs that the replay store has called stale.
#[derive(Default)]
pub(crate) struct StaleProofs {
    count: AtomicU64,
    /// When the log has last said so; 1970 is long ago.
    logged_at: AtomicI64,
}

impl ResourceServer {
    /// A resource server for tokens that `issuer` (an https URL, exactly as in its metadata) has issued
    /// for `audience` (the value that it puts into `aud` for this API).
    pub fn builder(
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> ResourceServerBuilder {
        ResourceServerBuilder::new(issuer.into(), audience.into())
    }

    pub(crate) fn new(shared: Shared, nonces: Option<Arc<dyn IssueNonce>>) -> Self {
        Self {
            shared: Arc::new(shared),
            nonces,
            scope: None,
        }
    }

    /// The same server, where every proof must carry a nonce of `issuer`.
    #[must_use]
    pub fn requiring_nonces(&self, issuer: Arc<impl IssueNonce + 'static>) -> Self {
        Self {
            nonces: Some(issuer),
            ..self.clone()
        }
    }

    /// The same server, where every token must have `scope`.
    #[must_use]
    pub fn requiring_scope(&self, scope: &str) -> Self {
        Self {
            scope: Some(scope.into()),
            ..self.clone()
        }
    }

    /// The tower layer that lets only authenticated requests through, whatever their method.
    #[must_use]
    pub fn layer(&self) -> AuthenticateLayer {
        AuthenticateLayer::new(self.clone())
    }

    /// CORS for pages of `origins` that call this API with DPoP. Put it outermost, so that refusals can
    /// be read by the page and preflights, which carry no proof, are answered.
    ///
    /// These origins may use every method and send every header, `If-Match` or the application's own as well
    /// as `Authorization` and `DPoP`; pages read `DPoP-Nonce`, `WWW-Authenticate` and `Date` of responses, and
    /// may be let read more with [`CorsLayer::expose_headers`], whose list must then name these three too.
    /// tower-http answers every `OPTIONS` request itself, preflight or not, so none reaches a layer or a
    /// handler further in.
    ///
    /// # Errors
    /// [`OriginError`] for a value that no browser sends as `Origin`; also for `*`.
    pub fn cors<I>(origins: I) -> Result<CorsLayer, OriginError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        cors::layer(origins)
    }

    /// Judges a request: its token (signature, issuer, audience, time), its proof (RFC 9449, section
    /// 4.3), that both belong together, that the proof is new, and the scope.
    ///
    /// A proof counts as used only when everything else is in order.
    ///
    /// Keys that are read over HTTP are fetched on the tokio runtime that this is called in, with its time enabled.
    ///
    /// # Errors
    /// A [`Rejection`] with the first reason found; [`ResourceServer::refusal`] makes it a response.
    pub async fn authenticate(&self, parts: &Parts) -> Result<Authenticated, Rejection> {
        self.decide(parts, || self.shared.public_url.of(parts))
            .await
    }

    /// As [`authenticate`](Self::authenticate), for a caller that knows which URI the client called: then
    /// [`public_url`](ResourceServerBuilder::public_url) and the request's own target are not looked at. Never take `uri`
    /// from headers that a client can write, and parse it as it was sent: one that
    /// [encodes needlessly](TargetUri::check_encoding) is refused. Whether it had dot segments can't be seen any more; refuse
    /// those before.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_at(
        &self,
        parts: &Parts,
        uri: &TargetUri,
    ) -> Result<Authenticated, Rejection> {
        let as_sent = || match uri.check_encoding() {
            Ok(()) => Ok(uri.clone()),
            Err(_) => Err(encoded_target(uri)),
        };
        self.decide(parts, as_sent).await
    }

    /// Every decision about a request is made here, in this order: the `Authorization` fields, the number of proofs, the
    /// token, the form in which it is presented, the proof, the scope, the replay store. The first that fails gives the
    /// reason.
    async fn decide(
        &self,
        parts: &Parts,
        uri: impl FnOnce() -> Result<TargetUri, Rejection>,
    ) -> Result<Authenticated, Rejection> {
        let shared = &*self.shared;
        let authorization = fields(parts, AUTHORIZATION);
        let credentials = Credentials::parse(&authorization).map_err(Rejection::Credentials)?;
        let proofs = fields(parts, DPOP);
        let field = DpopField::parse(&proofs).map_err(Rejection::Proof)?;
        let hash = sha256(credentials.token.as_bytes());
        let (token, now) = self.token(credentials.token, hash).await?;

        let form = shared.check_form(credentials.scheme, token.form());
        form.map_err(Rejection::Token)?;
        let proof = match (credentials.scheme, token.confirmation()) {
            (Scheme::Dpop, Some(&thumbprint)) => {
                let ath = Ath::from_digest(hash);
                let uri = uri()?;
                let expected = self.expected(parts, &uri, BoundToken::new(ath, thumbprint));
                let verified = shared.verifier.verify(field, &expected, now);
                Some(verified.map_err(Rejection::Proof)?)
            }
            _ => None,
        };
        let mut authenticated =
            Authenticated::new(Arc::clone(&self.shared), token, credentials.scheme);
        if let Some(scope) = &self.scope {
            authenticated.check_scope(scope)?;
        }
        if let Some(proof) = proof {
            // Last: a refused request must not use up its proof.
            let inserted = shared.replay.insert(&proof.replay_entry(), now).await;
            inserted.map_err(|error| match error {
                ReplayError::Seen => Rejection::Replayed,
                ReplayError::Stale => shared.stale(now),
                ReplayError::Full => Rejection::Unavailable(Unavailable::ReplayStoreFull),
                // Whatever else may come to be: without the store's word nothing is accepted.
                _ => Rejection::Unavailable(Unavailable::ReplayStore),
            })?;
            if proof.renews_nonce() {
                authenticated.set_next_nonce(self.fresh_nonce(now));
            }
        }
        Ok(authenticated)
    }

    /// The response for a refused request: status, challenges (RFC 9449, section 7.1; RFC 6750, section
    /// 3), `DPoP-Nonce` where one is wanted, `Cache-Control: no-store`. Says the RFC's error code and
    /// no more.
    #[must_use]
    pub fn refusal(&self, rejection: &Rejection) -> Response<()> {
        match self.shared.now() {
            Ok(now) => self.shared.refusal(rejection, self.fresh_nonce(now)),
            // A nonce of a moment in doubt is no answer to a client that is asked for one.
            Err(unavailable) if rejection.wants_nonce() => self.shared.refusal(&unavailable, None),
            Err(_) => self.shared.refusal(rejection, None),
        }
    }

    /// How many requests were refused since this server was built because the replay store called
    /// their proofs stale ([`Unavailable::Stale`]): the clock has stepped back, or those of
    /// replicas are apart. More than zero wants a look at the clocks. Clones share the count.
    #[must_use]
    pub fn stale_refusals(&self) -> u64 {
        self.shared.stale.count.load(Ordering::Relaxed)
    }

    /// What a proof must show.
    pub(crate) fn expected<'a>(
        &'a self,
        parts: &'a Parts,
        uri: &'a TargetUri,
        token: BoundToken,
    ) -> Expected<'a> {
        Expected::new(
            parts.method.as_str(),
            uri,
            Some(token),
            match &self.nonces {
                Some(issuer) => NonceCheck::Required(&**issuer),
                None => NonceCheck::NotRequired,
            },
        )
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The token's claims, of the cache or of the token itself; and the present moment, read anew
    /// where the issuer's keys may have taken seconds to come.
    async fn token(
        &self,
        text: &str,
        hash: [u8; 32],
    ) -> Result<(Arc<AccessToken>, UnixSeconds), Rejection> {
        let shared = &*self.shared;
        let now = shared.now()?;
        if let Some(cached) = shared.cache.get(&hash) {
            // Both may have ended since: the token's time, and its key's standing with the issuer.
            if let Err(error) = cached.token.check_time(&shared.tokens, now) {
                shared.cache.remove(&hash);
                return Err(Rejection::Token(error));
            }
            if shared.keys.fresh(now) == Some(cached.generation) {
                return Ok((cached.token, now));
            }
            let keys = shared.keys.current().await.map_err(unavailable)?;
            if cached.generation == keys.number {
                return Ok((cached.token, shared.now()?));
            }
        }
        let unverified =
            UnverifiedToken::parse(text, &shared.tokens, now).map_err(Rejection::Token)?;
        let mut keys = shared.keys.current().await.map_err(unavailable)?;
        let mut verified = unverified.verify(&keys.set);
        // Either may be for the issuer's new key: one with a new name, or without, or in the place of another.
        if let Err(error @ (TokenError::UnknownKey { .. } | TokenError::Signature)) = &verified {
            let is_its_key_known = *error == TokenError::Signature && unverified.names_its_key();
            let not_now = Rejection::Unavailable(Unavailable::UnknownKey);
            match shared.keys.newer(keys.number).await.map_err(unavailable)? {
                Newer::Keys(newer) => {
                    let by_newer = unverified.verify_by_newer(&newer.set, &keys.set);
                    verified = by_newer.ok_or(not_now)?;
                    keys = newer;
                }
                // Others have spent what the issuer may be asked; that is no fault of this token's.
                // Where there is a key of its name, its signature is forged.
                Newer::NotNow if !is_its_key_known => return Err(not_now),
                Newer::NotNow | Newer::None => {}
            }
        }
        let token = verified.map_err(Rejection::Token)?;
        let token = Arc::new(token);
        shared.cache.insert(hash, keys.number, Arc::clone(&token));
        Ok((token, shared.now()?))
    }

    fn fresh_nonce(&self, now: UnixSeconds) -> Option<HeaderValue> {
        let nonce = self.nonces.as_ref()?.issue(now);
        HeaderValue::from_str(&nonce).ok()
    }
}

impl Shared {
    /// The present moment, while it is not in doubt.
    pub(crate) fn now(&self) -> Result<UnixSeconds, Rejection> {
        self.clock.now().map_err(Rejection::Unavailable)
    }

    /// Whether a token of this form may be presented in this way.
    pub(crate) fn check_form(&self, scheme: Scheme, form: Form) -> Result<(), TokenError> {
        match (scheme, form.confirmation) {
            (Scheme::Dpop, Some(_)) => Ok(()),
            (Scheme::Dpop, None) => Err(TokenError::UnboundUnderDpop),
            (Scheme::Bearer, Some(_)) => Err(TokenError::BoundAsBearer),
            (Scheme::Bearer, None) => match self.requirement {
                DpopRequirement::Required => Err(TokenError::Unbound),
                DpopRequirement::Optional => self.tokens.check_unbound(form),
            },
        }
    }

    /// Counts a proof that the replay store calls stale, and logs it as an error.
    #[cold]
    fn stale(&self, now: UnixSeconds) -> Rejection {
        let count = self.stale.count.fetch_add(1, Ordering::Relaxed) + 1;
        // One line a second at most: meanwhile every request may be one.
        if self.stale.logged_at.swap(now.0, Ordering::Relaxed) != now.0 {
            tracing::error!(
                now = now.0,
                count,
                "the replay store has seen a later moment than this server's clock shows: check the clocks of this server \
                 and of its replicas; until they agree, requests are answered 503"
            );
        }
        Rejection::Unavailable(Unavailable::Stale)
    }

    pub(crate) fn refusal(
        &self,
        rejection: &Rejection,
        fresh_nonce: Option<HeaderValue>,
    ) -> Response<()> {
        rejection.response(Context {
            algorithms: &self.algorithms,
            bearer: self.requirement == DpopRequirement::Optional,
            metadata: self.metadata.as_ref().map(|(url, _)| &**url),
            fresh_nonce,
        })
    }
}

/// The values of all fields of this name. Mostly there is one, and nothing is allocated.
pub(crate) enum Fields<'a> {
    One([&'a [u8]; 1]),
    Other(Vec<&'a [u8]>),
}

pub(crate) fn fields(parts: &Parts, name: HeaderName) -> Fields<'_> {
    let mut fields = parts.headers.get_all(name).iter();
    match (fields.next(), fields.next()) {
        (Some(one), None) => Fields::One([one.as_bytes()]),
        (first, second) => {
            let all = first.into_iter().chain(second).chain(fields);
            Fields::Other(all.map(HeaderValue::as_bytes).collect())
        }
    }
}

impl<'a> Deref for Fields<'a> {
    type Target = [&'a [u8]];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::One(one) => one,
            Self::Other(other) => other,
        }
    }
}

/// Of a URI whose path is not known as it was sent.
pub(crate) fn encoded_target(uri: &TargetUri) -> Rejection {
    Rejection::Target {
        path: uri.htu().to_owned(),
    }
}

pub(crate) fn unavailable(cause: Arc<DiscoveryError>) -> Rejection {
    Rejection::Unavailable(Unavailable::Keys(cause))
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResourceServer")
            .field("tokens", &self.shared.tokens)
            .field("requirement", &self.shared.requirement)
            .field("public_url", &self.shared.public_url)
            .field("cache", &self.shared.cache)
            .field("requires_nonces", &self.nonces.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
