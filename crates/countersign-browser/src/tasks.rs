//! The executor: tasks run until they wait for the host, and again when the host has answered.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::machine::OneThread;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The host's answer to a call. What its parts mean is the question's.
pub(crate) struct Reply {
    /// Zero: refused.
    pub(crate) status: u32,
    /// Milliseconds, or NaN.
    pub(crate) time: f64,
    /// Zero: none.
    pub(crate) handle: u32,
    pub(crate) message: Vec<u8>,
}

enum Call {
    Free,
    Waiting(Option<Waker>),
    /// Nobody waits any more; the answer is still to come.
    Abandoned,
    Answered(Reply),
    /// The answer was taken.
    Over,
}

struct Tasks {
    tasks: Vec<Option<Task>>,
    ready: Vec<usize>,
    calls: Vec<Call>,
}

static TASKS: OneThread<RefCell<Tasks>> = OneThread(RefCell::new(Tasks {
    tasks: Vec::new(),
    ready: Vec::new(),
    calls: Vec::new(),
}));

/// Runs a task as far as it goes.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    add(Box::pin(task));
    run();
}

#[inline(never)] // once, not for each kind of task
fn add(task: Task) {
    let mut all = TASKS.0.borrow_mut();
    let index = all
        .tasks
        .iter()
        .position(Option::is_none)
        .unwrap_or(all.tasks.len());
    if index == all.tasks.len() {
        all.tasks.push(None);
    }
    all.tasks[index] = Some(task);
    all.ready.push(index);
}

/// The host's answer to `call`.
pub(crate) fn settle(call: usize, reply: Reply) {
    let mut all = TASKS.0.borrow_mut();
    let slot = &mut all.calls[call];
    let waker = match core::mem::replace(slot, Call::Answered(reply)) {
        Call::Waiting(waker) => waker,
        _ => {
            *slot = Call::Free;
            None
        }
    };
    drop(all);
    if let Some(waker) = waker {
        waker.wake();
    }
    run();
}

/// Runs every task that can go on.
pub(crate) fn run() {
    loop {
        let mut all = TASKS.0.borrow_mut();
        let Some(index) = all.ready.pop() else {
            return;
        };
        // A task that is being polled, or is done, was woken once too often.
        let Some(mut task) = all.tasks[index].take() else {
            continue;
        };
        drop(all);
        // SAFETY: the vtable's functions keep to the contract: the data is an index, nothing is owned.
        let waker = unsafe { Waker::from_raw(raw_waker(ptr::without_provenance(index))) };
        if task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            TASKS.0.borrow_mut().tasks[index] = Some(task);
        }
    }
}

const fn raw_waker(index: *const ()) -> RawWaker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(raw_waker, wake, wake, drop_nothing);
    RawWaker::new(index, &VTABLE)
}

fn wake(index: *const ()) {
    TASKS.0.borrow_mut().ready.push(index.addr());
}

fn drop_nothing(_: *const ()) {}

/// A call of the host under way.
pub(crate) struct HostCall(pub(crate) usize);

impl HostCall {
    /// A call whose number is still to be passed to the host.
    #[inline(never)] // once, not for each kind of call
    pub(crate) fn new() -> Self {
        let mut all = TASKS.0.borrow_mut();
        let free = all.calls.iter().position(|call| matches!(call, Call::Free));
        let index = free.unwrap_or(all.calls.len());
        if index == all.calls.len() {
            all.calls.push(Call::Free);
        }
        all.calls[index] = Call::Waiting(None);
        Self(index)
    }
}

impl Future for HostCall {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let slot = &mut TASKS.0.borrow_mut().calls[self.0];
        match core::mem::replace(slot, Call::Waiting(Some(context.waker().clone()))) {
            Call::Answered(reply) => {
                // Not free yet: that is for `drop`.
                *slot = Call::Over;
                Poll::Ready(reply)
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        let slot = &mut TASKS.0.borrow_mut().calls[self.0];
        *slot = if matches!(slot, Call::Waiting(_)) {
            Call::Abandoned
        } else {
            Call::Free
        };
    }
}
