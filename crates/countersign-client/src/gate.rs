//! One task works, and others wait for its outcome: one renewal at a time, one probe for a nonce.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use crate::error::ClientError;

/// The outcome. That of a probe for a nonce only means that it is over: `Ok`.
pub(crate) type Outcome = Result<(), ClientError>;

struct Inner {
    is_open: bool,
    outcome: Option<Outcome>,
    waiting: Vec<Waker>,
}

/// What the other tasks wait for.
pub(crate) struct Gate(RefCell<Inner>);

/// Held by the task that works. A keeper that is dropped without an answer opens the gate.
pub(crate) struct Keeper(Rc<Gate>);

impl Gate {
    pub(crate) fn close() -> (Rc<Self>, Keeper) {
        let gate = Rc::new(Self(RefCell::new(Inner {
            is_open: false,
            outcome: None,
            waiting: Vec::new(),
        })));
        (Rc::clone(&gate), Keeper(gate))
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.borrow().is_open
    }

    /// Is ready when the gate is open. `None`: the keeper gave up.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let mut inner = self.0.borrow_mut();
        if inner.is_open {
            return Poll::Ready(inner.outcome.clone());
        }
        inner.waiting.push(context.waker().clone());
        Poll::Pending
    }

    /// Waits for the keeper's answer. A keeper that gave up has none: then it is `Ok`.
    pub(crate) fn outcome(&self) -> impl Future<Output = Outcome> {
        core::future::poll_fn(|context| self.poll(context).map(|answer| answer.unwrap_or(Ok(()))))
    }
}

impl Keeper {
    pub(crate) fn answer(self, outcome: Outcome) {
        self.0.0.borrow_mut().outcome = Some(outcome);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut inner = self.0.0.borrow_mut();
        inner.is_open = true;
        let waiting = core::mem::take(&mut inner.waiting);
        drop(inner);
        for waker in waiting {
            waker.wake();
        }
    }
}
