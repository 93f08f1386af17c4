//! The browser as a [`Platform`]: imports whose other side is `host.ts`, and handles into its table.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use countersign::jwk::PublicJwk;
use countersign_client::{
    Document, KeyError, KeyPair, Platform, Record, Request, Response, SendError, UnixMillis, Url,
};

use crate::machine::OneThread;
use crate::message::{Fields, encode};
use crate::tasks::{Reply, call};

mod import {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub(super) safe fn send(call: usize, message: *const u8, length: usize);
        pub(super) safe fn generate(call: usize);
        pub(super) safe fn sign(call: usize, key: u32, message: *const u8, length: usize);
        pub(super) safe fn digest(call: usize, message: *const u8, length: usize);
        pub(super) safe fn sleep(call: usize, milliseconds: u32);
        pub(super) safe fn keep(
            call: usize,
            message: *const u8,
            length: usize,
            keys: *const u32,
            count: usize,
        );
        pub(super) safe fn take(call: usize, name: *const u8, length: usize);
        pub(super) safe fn now() -> f64;
        pub(super) safe fn random(bytes: *mut u8, length: usize);
        pub(super) safe fn parse(json: *const u8, length: usize) -> u32;
        pub(super) safe fn texts(
            document: u32,
            name: *const u8,
            length: usize,
            is_list: bool,
        ) -> bool;
        pub(super) safe fn number(document: u32, name: *const u8, length: usize) -> f64;
        pub(super) safe fn url(text: *const u8, length: usize) -> bool;
        pub(super) safe fn forget(handle: u32);
    }
}

/// The last message from the host.
pub(crate) static INBOX: OneThread<RefCell<Vec<u8>>> = OneThread(RefCell::new(Vec::new()));

/// The last message from the host, taken out.
pub(crate) fn received() -> Vec<u8> {
    INBOX.0.take()
}

/// An entry of the host's table; given up when dropped.
pub(crate) struct Handle(pub(crate) u32);

impl Drop for Handle {
    fn drop(&mut self) {
        import::forget(self.0);
    }
}

impl Document for Handle {
    fn text(&self, name: &str) -> Option<String> {
        import::texts(self.0, name.as_ptr(), name.len(), false)
            .then(|| Fields::new(received()).text())
    }

    fn number(&self, name: &str) -> Option<f64> {
        Some(import::number(self.0, name.as_ptr(), name.len())).filter(|number| number.is_finite())
    }

    // The host gives `true` as infinity, which is no number to us.
    fn is_true(&self, name: &str) -> bool {
        import::number(self.0, name.as_ptr(), name.len()) == f64::INFINITY
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        import::texts(self.0, name.as_ptr(), name.len(), true)
            .then(|| Fields::new(received()).collect())
    }
}

/// `NaN` is "none".
pub(crate) fn millis(number: f64) -> Option<UnixMillis> {
    (!number.is_nan()).then_some(UnixMillis(number as i64))
}

fn key_pair(handle: u32, fields: &mut Fields) -> Option<KeyPair<Rc<Handle>>> {
    let private = Rc::new(Handle(handle));
    let (x, y) = (fields.text(), fields.text());
    Some(KeyPair {
        private,
        public: PublicJwk::es256(&x, &y)?,
    })
}

/// Zero: the host has refused.
fn granted(reply: Reply) -> Result<Reply, KeyError> {
    if reply.first == 0.0 {
        Err(KeyError)
    } else {
        Ok(reply)
    }
}

/// The browser.
pub(crate) struct Browser;

impl Platform for Browser {
    type Key = Rc<Handle>;
    type Document = Handle;

    async fn send(&self, request: Request<'_>) -> Result<Response, SendError> {
        let (form, proof) = (
            request.form.unwrap_or_default(),
            request.proof.unwrap_or_default(),
        );
        let message = encode(&[request.method, request.url, form, proof]);
        let reply = call(|call| import::send(call, message.as_ptr(), message.len())).await;
        if reply.first == 0.0 {
            return Err(SendError);
        }
        let mut fields = Fields::new(reply.message);
        Ok(Response {
            status: reply.first as u16,
            dpop_nonce: Some(fields.text()),
            date: millis(reply.second),
            body: fields.text().into_bytes(),
        })
    }

    async fn generate_key(&self) -> Result<KeyPair<Rc<Handle>>, KeyError> {
        let reply = granted(call(|call| import::generate(call)).await)?;
        key_pair(reply.first as u32, &mut Fields::new(reply.message)).ok_or(KeyError)
    }

    async fn sign(&self, key: &Rc<Handle>, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let call = call(|call| import::sign(call, key.0, message.as_ptr(), message.len()));
        Ok(granted(call.await)?.message)
    }

    async fn digest(&self, message: &[u8]) -> Result<[u8; 32], KeyError> {
        let reply =
            granted(call(|call| import::digest(call, message.as_ptr(), message.len())).await)?;
        reply.message.try_into().map_err(|_| KeyError)
    }

    async fn sleep(&self, milliseconds: u32) {
        call(|call| import::sleep(call, milliseconds)).await;
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(import::now() as i64)
    }

    fn random(&self, bytes: &mut [u8]) {
        import::random(bytes.as_mut_ptr(), bytes.len());
    }

    fn parse(&self, json: &[u8]) -> Option<Handle> {
        match import::parse(json.as_ptr(), json.len()) {
            0 => None,
            handle => Some(Handle(handle)),
        }
    }

    fn url(&self, text: &str) -> Option<Url> {
        import::url(text.as_ptr(), text.len()).then(|| {
            let mut fields = Fields::new(received());
            Url {
                origin: fields.text(),
                path: fields.text(),
            }
        })
    }

    async fn keep(&self, name: &str, record: &Record<Rc<Handle>>) -> bool {
        let mut fields = Vec::from([name]);
        fields.extend(record.fields.iter().map(String::as_str));
        let message = encode(&fields);
        let keys: Vec<u32> = record.keys.iter().map(|key| key.private.0).collect();
        let call = call(|call| {
            import::keep(
                call,
                message.as_ptr(),
                message.len(),
                keys.as_ptr(),
                keys.len(),
            )
        });
        call.await.first != 0.0
    }

    async fn take(&self, name: &str) -> Option<Record<Rc<Handle>>> {
        // The keys' handles count up from the first number; the second is how many there are.
        let reply =
            granted(call(|call| import::take(call, name.as_ptr(), name.len())).await).ok()?;
        let mut fields = Fields::new(reply.message);
        let first = reply.first as u32;
        let keys = (first..first + reply.second as u32).map(|handle| key_pair(handle, &mut fields));
        Some(Record {
            keys: keys.collect::<Option<_>>()?,
            fields: fields.collect(),
        })
    }
}
