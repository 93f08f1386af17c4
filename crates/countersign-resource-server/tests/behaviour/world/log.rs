//! What the server logs.

use std::{
    cell::RefCell,
    io,
    sync::{Arc, Mutex, Once},
};

use tracing_subscriber::fmt::MakeWriter;

/// What the subscriber writes for one thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

thread_local! {
    static CURRENT: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// One subscriber for the whole process: with one per thread, whether a line is written depends on
/// what other threads log for the first time meanwhile.
#[derive(Clone, Copy)]
struct OfThisThread;

/// Until it is dropped, this thread logs.
pub(crate) struct Logging;

impl Drop for Logging {
    fn drop(&mut self) {
        CURRENT.take();
    }
}

impl Log {
    /// This thread logs into it, until what is given back is dropped.
    pub(crate) fn as_default(&self) -> Logging {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(OfThisThread)
                .init();
        });
        CURRENT.set(Some(self.clone()));
        Logging
    }

    pub(crate) fn lines_with(&self, part: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(part));
        lines.map(str::to_owned).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(log) = &*CURRENT
            .try_with(RefCell::clone)
            .unwrap_or_default()
            .borrow()
        {
            log.0.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for OfThisThread {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
