//! One task works, others wait for its outcome: single flight for renewals, one probe for a nonce.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use crate::error::ClientError;

/// What a probe for a nonce answers says nothing but that it is over: `Ok`.
pub(crate) type Outcome = Result<(), ClientError>;

struct Inner {
    is_open: bool,
    outcome: Option<Outcome>,
    waiting: Vec<Waker>,
}

/// What the others wait at.
pub(crate) struct Gate(RefCell<Inner>);

/// Held by the one that works. Dropped without an answer, it opens the gate all the same: nobody waits for the dead.
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

    /// Ready when the gate is open; `None` where the keeper gave up.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let mut inner = self.0.borrow_mut();
        if inner.is_open {
            return Poll::Ready(inner.outcome.clone());
        }
        inner.waiting.push(context.waker().clone());
        Poll::Pending
    }

    /// What the keeper answers. One that gave up answers nothing: then everything is as it was.
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
