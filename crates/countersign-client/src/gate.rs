//! One task works, and others wait for its outcome: one renewal at a time, one probe for a nonce.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use crate::error::ClientError;
use crate::text::Text;

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

/// Who asks for something just now, by name.
pub(crate) struct Probes(Vec<(Text, Rc<Gate>)>);

impl Probes {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the gate of the task that asks already. If there is none, the caller asks: `Err` is
    /// what it holds meanwhile.
    pub(crate) fn join(&mut self, name: &str) -> Result<Rc<Gate>, Keeper> {
        let mut asking = self.0.iter().filter(|(_, gate)| !gate.is_open());
        if let Some((_, gate)) = asking.find(|(asked, _)| *asked == name) {
            return Ok(Rc::clone(gate));
        }
        let (gate, keeper) = Gate::close();
        let asked = (name.into(), gate);
        match self.0.iter_mut().find(|(_, gate)| gate.is_open()) {
            Some(over) => *over = asked,
            None => self.0.push(asked),
        }
        Err(keeper)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_still_ask_are_remembered() {
        let mut probes = Probes::new();
        let Err(keeper) = probes.join("https://slow") else {
            panic!("nobody has asked yet");
        };
        for number in 0..1_000 {
            assert!(probes.join(&alloc::format!("https://{number}")).is_err());
        }
        assert_eq!(
            probes.0.len(),
            2,
            "the one that asks, and the last one that is over"
        );
        assert!(
            probes
                .join("https://slow")
                .is_ok_and(|gate| !gate.is_open())
        );
        drop(keeper);
        assert!(probes.join("https://slow").is_err(), "the next one asks");
    }
}
