//! The exports. Each takes its strings from the inbox. Those that take time announce their end by
//! `finish`.
//!
//! No `bool` crosses the boundary: the host may pass any number, and a `bool` other than 0 and 1 is
//! undefined behaviour.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::arch::wasm32::unreachable;
use core::cell::RefCell;

use countersign_client::{
    Attempt, BoundToken, Client, ClientConfig, ClientError, Engine, Observed, Parameter, Upgraded,
    Url,
};

use crate::host::{Browser, Handle, INBOX, millis, received};
use crate::machine::OneThread;
use crate::message::{Fields, encode};
use crate::numbers::{MODES, VISITS};
use crate::tasks::{self, Reply};

mod import {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        /// Announces the end of a task. If `cause` is 0, the message holds what the export
        /// documents. Else `cause` is the number of the error's
        /// [`Cause`](countersign_client::Cause), from 1 on, and the message holds the error's
        /// details.
        pub(super) safe fn finish(
            task: u32,
            cause: u32,
            message: *const u8,
            length: usize,
            attempt: usize,
        );
        /// Answers `tokens`, in the same turn. Times are in milliseconds; 0: unknown. `bound`: the
        /// access token's number, or 0 if it is sent as Bearer. `renewal`: a
        /// [`Renewal`](countersign_client::Renewal).
        pub(super) safe fn tokens(
            message: *const u8,
            length: usize,
            expires: f64,
            refresh_expires: f64,
            claims: u32,
            bound: u32,
            renewal: u32,
            renew_in: f64,
        );
    }
}

type Attempts = Vec<Option<Attempt<Browser>>>;

static ENGINE: OneThread<Engine<Browser>> = OneThread(Engine::new(Browser));
static ATTEMPTS: OneThread<RefCell<Attempts>> = OneThread(RefCell::new(Vec::new()));

/// Returns the address at which the host writes its next message.
#[unsafe(no_mangle)]
extern "C" fn reserve(length: usize) -> *mut u8 {
    let mut inbox = INBOX.0.borrow_mut();
    *inbox = vec![0; length];
    inbox.as_mut_ptr()
}

/// Takes the answer to a call of the host.
#[unsafe(no_mangle)]
extern "C" fn settle(call: usize, status: u32, time: f64, handle: u32) {
    let message = received().into_bytes();
    tasks::settle(
        call,
        Box::new(Reply {
            status,
            time,
            handle,
            message,
        }),
    );
}

/// Creates a client. Fields: issuer, client id, scope. `metadata`: a document's handle, or 0.
#[unsafe(no_mangle)]
extern "C" fn create(mode: u32, metadata: u32) -> usize {
    let mut fields = received();
    let mode = MODES[mode as usize];
    let metadata = Handle::new(metadata);
    let (issuer, client_id, scope) = (fields.text(), fields.text(), fields.text());
    ENGINE.0.create(ClientConfig {
        issuer,
        client_id,
        scope,
        mode,
        metadata,
    })
}

/// Discovers the server. Ends with the authorization endpoint.
#[unsafe(no_mangle)]
extern "C" fn discover(task: u32, client: usize) {
    tasks::spawn(async move {
        match ENGINE.0.discover(&registered(client)).await {
            Ok(metadata) => succeed(task, &[metadata.authorization_endpoint()], 0),
            Err(error) => fail(task, &error),
        }
    });
}

/// Prepares an authorization request. Field: redirect URI. Ends with the endpoint, then the names
/// and values of the parameters.
#[unsafe(no_mangle)]
extern "C" fn prepare(task: u32, client: usize, visit: u32) {
    let redirect_uri = received().text();
    let visit = VISITS[visit as usize];
    tasks::spawn(async move {
        let client = registered(client);
        match ENGINE.0.prepare(&client, &redirect_uri, visit).await {
            Ok(request) => {
                let mut fields = Vec::from([&*request.endpoint]);
                for (name, value) in &request.parameters {
                    fields.push(name);
                    fields.push(value);
                }
                succeed(task, &fields, 0);
            }
            Err(error) => fail(task, &error),
        }
    });
}

/// Pushes an authorization request. Fields: its URL, then the names of its parameters that differ
/// from what `prepare` gave. `is_bound`: zero if it has no `dpop_jkt`. Ends with the URL to go to,
/// or without a field if that is the request's own.
#[unsafe(no_mangle)]
extern "C" fn push(task: u32, client: usize, is_bound: u32) {
    let mut fields = received();
    let url = fields.text();
    let changed = fields.rest();
    tasks::spawn(async move {
        let client = registered(client);
        let pushed = ENGINE.0.push(&client, &url, is_bound != 0, &changed);
        match pushed.await {
            Ok(url) => succeed(task, url.as_deref().as_slice(), 0),
            Err(error) => fail(task, &error),
        }
    });
}

/// Completes a login. Fields: the response's parameters, `count` of them, then further token
/// parameters.
#[unsafe(no_mangle)]
extern "C" fn redeem(task: u32, client: usize, count: usize) {
    let mut fields = received();
    let response = pairs(&mut fields, count);
    let extra = pairs(&mut fields, usize::MAX);
    tasks::spawn(async move {
        done(
            task,
            ENGINE
                .0
                .redeem(&registered(client), &response, &extra)
                .await,
        );
    });
}

/// Refreshes the tokens. Fields: further token parameters.
#[unsafe(no_mangle)]
extern "C" fn renew(task: u32, client: usize) {
    let extra = pairs(&mut received(), usize::MAX);
    tasks::spawn(async move {
        done(task, ENGINE.0.renew(&registered(client), &extra).await);
    });
}

/// Ends the session. Field: post-logout redirect URI. Ends with the end-session URL, or without a
/// field.
#[unsafe(no_mangle)]
extern "C" fn logout(task: u32, client: usize) {
    let url = ENGINE.0.logout(&registered(client), &received().text());
    succeed(task, url.as_deref().as_slice(), 0);
}

/// Answers by the import `tokens`, or not at all if there are no tokens.
#[unsafe(no_mangle)]
extern "C" fn tokens(client: usize) {
    let client = registered(client);
    if let Some(tokens) = client.tokens() {
        let schedule = ENGINE.0.schedule(&client);
        let refresh_token = tokens.refresh_token.as_deref().unwrap_or_default();
        let message = encode(&[&tokens.access_token, &tokens.id_token, refresh_token]);
        let refresh_expires = tokens.refresh_expires.map_or(0, |end| end.0);
        let bound = ENGINE.0.bound_token(&tokens.access_token);
        import::tokens(
            message.as_ptr(),
            message.len(),
            tokens.expires.0 as f64,
            refresh_expires as f64,
            tokens.claims.0,
            bound.map_or(0, BoundToken::number),
            schedule.to_keep as u32,
            schedule.wait_millis as f64,
        );
    }
}

/// Milliseconds.
#[unsafe(no_mangle)]
extern "C" fn offset(client: usize) -> f64 {
    ENGINE.0.clock_offset(&registered(client)) as f64
}

/// Makes `authorize` sign with this client's key for a token of the page. Field: the token; none:
/// for requests to an authorization server, and ends with the key's thumbprint. Ends with the
/// token's number.
#[cfg(feature = "adopt")]
#[unsafe(no_mangle)]
extern "C" fn adopt(task: u32, client: usize) {
    let token = received().next();
    tasks::spawn(async move {
        let client = registered(client);
        let adopted = async {
            let thumbprint = match token {
                Some(_) => "".into(),
                None => ENGINE.0.thumbprint(&client).await?,
            };
            Ok((thumbprint, ENGINE.0.adopt(&client, token).await?.number()))
        };
        match adopted.await {
            Ok((thumbprint, number)) => succeed(task, &[&thumbprint], number as usize),
            Err(error) => fail(task, &error),
        }
    });
}

/// Makes a proof for a call. The message is ASCII: the method and the origin, of these lengths, and
/// the path. `token`: the number of a bound access token. Ends with the proof, or without a field if
/// the token is no longer ours.
#[unsafe(no_mangle)]
extern "C" fn authorize(task: u32, token: u32, method: usize, origin: usize) {
    let mut message = received();
    let method = message.split(method);
    let url = Url {
        origin: message.split(origin),
        path: message.split(usize::MAX),
    };
    tasks::spawn(async move {
        let upgraded = match BoundToken::from_number(token) {
            Some(token) => ENGINE.0.authorize(method, url, token).await,
            None => Ok(None),
        };
        upgrade(task, upgraded);
    });
}

/// Takes the response to an attempt. Fields: `DPoP-Nonce`, each empty if it can't be read; after a
/// redirect, the origin and path that it led to; `WWW-Authenticate`. `task`: of a 401; zero for any
/// other response, after which nothing is sent again. `date`: milliseconds, or NaN. `is_replayable`,
/// `is_slash` (the redirect's): zero is no.
#[unsafe(no_mangle)]
extern "C" fn observe(task: u32, attempt: usize, date: f64, is_replayable: u32, is_slash: u32) {
    let mut fields = received();
    let Some(mut attempt) = take_attempt(attempt) else {
        return if task != 0 {
            succeed(task, &[], 0);
        };
    };
    let nonce = fields.text();
    let end = url(&mut fields);
    let challenge = fields.text();
    if !end.origin.is_empty() {
        attempt.redirected(end, is_slash != 0);
    }
    let date = millis(date);
    if task == 0 {
        ENGINE.0.delivered(attempt, &nonce, date);
        return tasks::run();
    }
    tasks::spawn(async move {
        let response = Observed {
            status: 401,
            dpop_nonce: &nonce,
            www_authenticate: &challenge,
            date,
        };
        upgrade(
            task,
            ENGINE
                .0
                .observe(attempt, &response, is_replayable != 0)
                .await,
        );
    });
}

/// There will be no response to this attempt.
#[unsafe(no_mangle)]
extern "C" fn release(attempt: usize) {
    drop(take_attempt(attempt));
    tasks::run();
}

fn take_attempt(attempt: usize) -> Option<Attempt<Browser>> {
    ATTEMPTS
        .0
        .borrow_mut()
        .get_mut(attempt.wrapping_sub(1))?
        .take()
}

fn upgrade(task: u32, outcome: Result<Option<Upgraded<Browser>>, ClientError>) {
    let upgraded = match outcome {
        Ok(Some(upgraded)) => upgraded,
        Ok(None) => return succeed(task, &[], 0),
        Err(error) => return fail(task, &error),
    };
    // The host may call back, so nothing is borrowed when it is told.
    let number = keep_attempt(upgraded.attempt);
    succeed(task, &[&upgraded.proof], number);
}

/// Keeps an attempt under the first number that is free, from 1.
fn keep_attempt(attempt: Attempt<Browser>) -> usize {
    let mut attempts = ATTEMPTS.0.borrow_mut();
    let index = match attempts.iter().position(Option::is_none) {
        Some(index) => index,
        None => {
            attempts.push(None);
            attempts.len() - 1
        }
    };
    attempts[index] = Some(attempt);
    index + 1
}

fn registered(index: usize) -> Rc<Client<Browser>> {
    // The host passes what `create` gave it. Anything else is a bug of the host, and traps.
    ENGINE.0.client(index).unwrap_or_else(|| unreachable())
}

fn done(task: u32, outcome: Result<(), ClientError>) {
    match outcome {
        Ok(()) => succeed(task, &[], 0),
        Err(error) => fail(task, &error),
    }
}

fn succeed(task: u32, fields: &[&str], attempt: usize) {
    let message = encode(fields);
    import::finish(task, 0, message.as_ptr(), message.len(), attempt);
}

fn fail(task: u32, error: &ClientError) {
    let mut fields = Vec::new();
    for detail in &error.details {
        fields.push(&**detail);
    }
    let message = encode(&fields);
    let cause = error.cause as u32 + 1;
    import::finish(task, cause, message.as_ptr(), message.len(), 0);
}

fn url(fields: &mut Fields) -> Url {
    Url {
        origin: fields.text(),
        path: fields.text(),
    }
}

fn pairs(fields: &mut Fields, count: usize) -> Vec<Parameter> {
    let mut pairs = Vec::new();
    while pairs.len() < count {
        let Some(name) = fields.next() else {
            break;
        };
        pairs.push((name, fields.text()));
    }
    pairs
}
