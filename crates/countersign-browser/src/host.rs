//! The browser as a [`Platform`]: imports, whose other side is `host.ts`, and handles into its
//! table.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::{Future, poll_fn};
use core::pin::Pin;

use countersign::jwk::PublicJwk;
use countersign_client::{
    Document, KeyError, KeyPair, Platform, Record, Request, Response, SendError, Text, UnixMillis,
    Url,
};

use crate::machine::OneThread;
use crate::message::{Fields, encode};
use crate::numbers::Question;
use crate::tasks::{HostCall, Reply};

mod import {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        /// Asks for something that takes time. `what` is a [`Question`](super::Question), which
        /// says what the other arguments mean.
        pub(super) safe fn ask(
            call: usize,
            what: u32,
            message: *const u8,
            length: usize,
            number: u32,
        );
        pub(super) safe fn now() -> f64;
        pub(super) safe fn monotonic() -> f64;
        pub(super) safe fn random(bytes: *mut u8, length: usize);
        pub(super) safe fn parse(json: *const u8, length: usize) -> u32;
        pub(super) safe fn merge(object: u32, overrides: u32) -> u32;
        pub(super) safe fn texts(document: u32, name: *const u8, length: usize, is_list: u32);
        pub(super) safe fn number(document: u32, name: *const u8, length: usize) -> f64;
        /// Parses a URL. Zero: it is invalid, or has user information.
        pub(super) safe fn url(text: *const u8, length: usize) -> u32;
        pub(super) safe fn forget(handle: u32);
    }
}

/// The last message from the host.
pub(crate) static INBOX: OneThread<RefCell<Vec<u8>>> = OneThread(RefCell::new(Vec::new()));

/// Random bytes, each of which is used once.
static RANDOM: OneThread<RefCell<Vec<u8>>> = OneThread(RefCell::new(Vec::new()));

/// Takes the fields of the last message from the host.
pub(crate) fn received() -> Fields {
    read(INBOX.0.take())
}

/// The fields of a message that has some.
fn read(message: Vec<u8>) -> Fields {
    // SAFETY: the host writes every message with fields by `writeTexts` (`message.ts`) and nothing
    // else: what `TextEncoder.encodeInto` gives for a string is UTF-8, and it has taken the whole
    // of each, or the call is not made. Messages of bytes (signature, digest) are not read as
    // fields.
    unsafe { Fields::new(message) }
}

/// An entry of the host's table. Dropping it frees the entry.
pub(crate) struct Handle(pub(crate) u32);

impl Handle {
    /// Zero: none.
    pub(crate) fn new(handle: u32) -> Option<Self> {
        (handle != 0).then_some(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        import::forget(self.0);
    }
}

impl Document for Handle {
    fn text(&self, name: &str) -> Text {
        import::texts(self.0, name.as_ptr(), name.len(), 0);
        received().text()
    }

    // The host passes `true` as infinity, and never an infinite number.
    fn number(&self, name: &str) -> f64 {
        let number = import::number(self.0, name.as_ptr(), name.len());
        if number == f64::INFINITY {
            f64::NAN
        } else {
            number
        }
    }

    fn is_true(&self, name: &str) -> bool {
        import::number(self.0, name.as_ptr(), name.len()) == f64::INFINITY
    }

    fn texts(&self, name: &str) -> Vec<Text> {
        import::texts(self.0, name.as_ptr(), name.len(), 1);
        received().rest()
    }
}

/// `NaN` is "none".
pub(crate) fn millis(number: f64) -> Option<UnixMillis> {
    (!number.is_nan()).then_some(UnixMillis(number as i64))
}

/// Returns a key by its handle, with x and y from the next fields. Zero: there is none.
fn key_pair(handle: u32, fields: &mut Fields) -> Option<Rc<KeyPair<Handle>>> {
    let (x, y) = (fields.text(), fields.text());
    let public = PublicJwk::es256(&x, &y)?;
    Some(Rc::new(KeyPair {
        private: Handle(handle),
        public,
    }))
}

/// The answer's status is zero if the host has refused.
fn ask(what: Question, message: &[u8], number: u32) -> HostCall {
    let call = HostCall::new();
    import::ask(call.0, what as u32, message.as_ptr(), message.len(), number);
    call
}

/// A future of what `read` makes of the answer. An `async fn` for each would be 200 bytes larger.
fn answer<T>(mut call: HostCall, read: impl Fn(Box<Reply>) -> T) -> impl Future<Output = T> {
    poll_fn(move |context| Pin::new(&mut call).poll(context).map(&read))
}

/// Returns the answer's bytes, unless the host has refused.
#[allow(
    clippy::boxed_local,
    reason = "a caller would copy the reply to its stack: more WebAssembly"
)]
fn granted(reply: Box<Reply>) -> Result<Vec<u8>, KeyError> {
    if reply.status == 0 {
        Err(KeyError)
    } else {
        Ok(reply.message)
    }
}

/// The browser.
pub(crate) struct Browser;

impl Platform for Browser {
    const ARE_RESPONSES_GENUINE: bool = false;

    type Key = Handle;
    type Document = Handle;

    fn send(
        &self,
        request: Request<'_>,
    ) -> impl Future<Output = Result<Response<Handle>, SendError>> {
        let (form, proof) = (
            request.form.unwrap_or_default(),
            request.proof.unwrap_or_default(),
        );
        let message = encode(&[request.method, request.url, form, proof]);
        answer(ask(Question::Send, &message, 0), |reply| {
            if reply.status == 0 {
                return Err(SendError);
            }
            let mut fields = read(reply.message);
            Ok(Response {
                status: reply.status as u16,
                dpop_nonce: fields.text(),
                date: millis(reply.time),
                json: Handle::new(reply.handle),
            })
        })
    }

    fn generate_key(&self) -> impl Future<Output = Result<Rc<KeyPair<Handle>>, KeyError>> {
        answer(ask(Question::Generate, &[], 0), |reply| {
            key_pair(reply.handle, &mut read(reply.message)).ok_or(KeyError)
        })
    }

    fn sign(
        &self,
        key: &Handle,
        message: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, KeyError>> {
        answer(ask(Question::Sign, message, key.0), granted)
    }

    fn digest(&self, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, KeyError>> {
        answer(ask(Question::Digest, message, 0), granted)
    }

    // Asks nothing before it is first polled.
    async fn sleep(&self, milliseconds: u32) {
        ask(Question::Sleep, &[], milliseconds).await;
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(import::now() as i64)
    }

    fn monotonic(&self) -> i64 {
        import::monotonic() as i64
    }

    // Drawn for many proofs at once: the way to the host takes longer than the bytes.
    fn random(&self, bytes: &mut [u8]) {
        let pool = &mut *RANDOM.0.borrow_mut();
        if pool.len() < bytes.len() {
            *pool = vec![0; 512];
            import::random(pool.as_mut_ptr(), pool.len());
        }
        let left = pool.len() - bytes.len();
        bytes.copy_from_slice(&pool[left..]);
        pool.truncate(left);
    }

    fn parse(&self, json: &[u8]) -> Option<Handle> {
        Handle::new(import::parse(json.as_ptr(), json.len()))
    }

    fn merge(&self, object: Handle, overrides: &Handle) -> Handle {
        Handle(import::merge(object.0, overrides.0))
    }

    fn url(&self, text: &str) -> Option<Url> {
        (import::url(text.as_ptr(), text.len()) != 0).then(|| {
            let mut fields = received();
            Url {
                origin: fields.text(),
                path: fields.text(),
            }
        })
    }

    fn keep(&self, name: &str, record: &Record<Handle>) -> impl Future<Output = bool> {
        let mut fields = Vec::from([name]);
        for field in &record.fields {
            fields.push(field);
        }
        let key = record.key.as_ref().map_or(0, |key| key.private.0);
        answer(ask(Question::Keep, &encode(&fields), key), |reply| {
            reply.status != 0
        })
    }

    fn take(&self, name: &str) -> impl Future<Output = Option<Record<Handle>>> {
        answer(ask(Question::Take, name.as_bytes(), 0), |reply| {
            if reply.status == 0 {
                return None;
            }
            let mut fields = read(reply.message);
            let key = key_pair(reply.handle, &mut fields);
            Some(Record {
                key,
                fields: fields.rest(),
            })
        })
    }
}
