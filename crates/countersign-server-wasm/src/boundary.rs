//! The imports and exports. Numbers alone cross as arguments; a `bool` does not, because the host
//! may pass any number.
#![allow(unsafe_code)] // attributes of exports and the declaration of imports; no unsafe block

use std::{cell::RefCell, sync::Once};

use crate::{
    config::{Configured, build},
    host::{Host, Now, Ports, Question},
    logs::ToHost,
    message::encode,
    request::{Outcome, Received},
    tasks::{self, Answer},
};

mod import {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        /// Milliseconds since 1970.
        pub(super) safe fn now() -> f64;
        /// Milliseconds since some fixed moment.
        pub(super) safe fn monotonic() -> f64;
        /// Asks a [`Question`](super::Question). 0: the answer comes by `settle`; else its status
        /// and one, with its message in the inbox.
        pub(super) safe fn ask(
            number: u32,
            question: u32,
            message: *const u8,
            length: usize,
        ) -> u32;
        /// Nobody waits for the answer any more.
        pub(super) safe fn cancel(number: u32);
        /// The outcome of `authenticate`. `is_accepted`: 0 or 1.
        pub(super) safe fn finish(task: u32, is_accepted: u32, message: *const u8, length: usize);
        /// The result of `create` and `metadata`, in the same call.
        pub(super) safe fn answer(message: *const u8, length: usize);
        /// A line for the log. `is_error`: 0 (a warning) or 1.
        pub(super) safe fn log(is_error: u32, line: *const u8, length: usize);
    }
}

struct Imports;

impl Host for Imports {
    fn now(&self) -> f64 {
        import::now()
    }

    fn monotonic(&self) -> f64 {
        import::monotonic()
    }

    fn ask(&self, number: u32, question: Question, fields: &[&[u8]]) -> Now {
        let message = encode(fields);
        let (at, length) = (message.as_ptr(), message.len());
        match import::ask(number, question as u32, at, length).checked_sub(1) {
            Some(status) => Now::Status(status),
            None => Now::Later,
        }
    }

    fn message(&self) -> Vec<u8> {
        received()
    }

    fn cancel(&self, number: u32) {
        import::cancel(number);
    }
}

thread_local! {
    static INBOX: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static SERVERS: RefCell<Vec<Configured>> = const { RefCell::new(Vec::new()) };
}

fn received() -> Vec<u8> {
    INBOX.take()
}

fn answer(fields: &[&[u8]]) {
    let message = encode(fields);
    import::answer(message.as_ptr(), message.len());
}

/// Returns the address at which the host writes its next message, before the call that it is for.
#[unsafe(no_mangle)]
extern "C" fn reserve(length: usize) -> *mut u8 {
    INBOX.with_borrow_mut(|inbox| {
        *inbox = vec![0; length];
        inbox.as_mut_ptr()
    })
}

/// Builds a server. Message: its configuration as JSON. Returns its number, from 1 on; 0: it can't
/// be used, and `answer` has got the reason.
#[unsafe(no_mangle)]
extern "C" fn create() -> usize {
    static LOGS: Once = Once::new();
    LOGS.call_once(|| {
        let to_host = ToHost(|is_error, line| {
            import::log(u32::from(is_error), line.as_ptr(), line.len());
        });
        // There is no other one in this module.
        let _ = tracing::subscriber::set_global_default(to_host);
    });
    match build(&received(), &Ports::new(Imports)) {
        Ok(configured) => SERVERS.with_borrow_mut(|servers| {
            servers.push(configured);
            servers.len()
        }),
        Err(error) => {
            answer(&[error.to_string().as_bytes()]);
            0
        }
    }
}

fn server(number: usize) -> Option<Configured> {
    let place = number.checked_sub(1)?;
    SERVERS.with_borrow(|servers| servers.get(place).cloned())
}

/// Decides about a request; see [`Received::read`] for the message. Ends with `finish`.
#[unsafe(no_mangle)]
extern "C" fn authenticate(server_number: usize, task: u32, is_uri: u32, authorizations: usize) {
    let request = Received::read(&received(), is_uri != 0, authorizations);
    let Some(configured) = server(server_number) else {
        import::finish(task, 0, std::ptr::null(), 0);
        return;
    };
    tasks::spawn(Box::pin(async move {
        let outcome = request.decide(configured).await;
        let (is_accepted, fields) = match &outcome {
            Outcome::Accepted(fields) => (1, &fields[..]),
            Outcome::Refused(fields) => (0, &fields[..]),
        };
        let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
        let message = encode(&fields);
        import::finish(task, is_accepted, message.as_ptr(), message.len());
    }));
}

/// Takes the answer to a question, with its message.
#[unsafe(no_mangle)]
extern "C" fn settle(question: u32, status: u32) {
    let message = received();
    tasks::settle(question, Answer { status, message });
}

/// Answers with path, URL and document of the server's metadata, or nothing if it has none.
#[unsafe(no_mangle)]
extern "C" fn metadata(server_number: usize) {
    let configured = server(server_number);
    match configured.as_ref().and_then(|one| one.server.metadata()) {
        Some(metadata) => answer(&[
            metadata.well_known_path().as_bytes(),
            metadata.well_known_url().as_bytes(),
            metadata.to_json().as_bytes(),
        ]),
        None => answer(&[]),
    }
}
