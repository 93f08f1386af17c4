//! The executor: tasks run until they wait for the host, and again when the host has answered.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::mem::{ManuallyDrop, replace};
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

#[cfg(target_arch = "wasm32")]
use crate::machine::OneThread;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The host's answer to a call. The question says what its parts mean.
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
    /// The task that waits, or `NOBODY`.
    Waiting(usize),
    /// No task waits any more, but the answer is still to come.
    Abandoned,
    Answered(Box<Reply>),
    /// The answer was taken.
    Over,
}

/// No slot.
const NOBODY: usize = usize::MAX;

struct Tasks {
    /// `None`: free, or `polled`.
    tasks: Vec<Option<Task>>,
    ready: Vec<usize>,
    calls: Vec<Call>,
    /// The slot of the running task, which returns to it.
    polled: usize,
}

impl Tasks {
    const fn new() -> Self {
        Self {
            tasks: Vec::new(),
            ready: Vec::new(),
            calls: Vec::new(),
            polled: NOBODY,
        }
    }
}

#[cfg(target_arch = "wasm32")]
static TASKS: OneThread<RefCell<Tasks>> = OneThread(RefCell::new(Tasks::new()));

#[cfg(target_arch = "wasm32")]
fn with<R>(act: impl FnOnce(&mut Tasks) -> R) -> R {
    act(&mut TASKS.0.borrow_mut())
}

/// Each thread has its own, for the tests. It is never dropped, since tasks that are left would
/// look for it.
#[cfg(not(target_arch = "wasm32"))]
fn with<R>(act: impl FnOnce(&mut Tasks) -> R) -> R {
    std::thread_local! {
        static TASKS: RefCell<ManuallyDrop<Tasks>> =
            const { RefCell::new(ManuallyDrop::new(Tasks::new())) };
    }
    TASKS.with_borrow_mut(|all| act(all))
}

/// Starts a task and runs it until it waits.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    add(Box::pin(Whole(ManuallyDrop::new(task))));
    run();
}

/// A task that is dropped only after its end, when it holds nothing. Without code for dropping it
/// midway, the engine is smaller.
struct Whole<F>(ManuallyDrop<F>);

impl<F: Future<Output = ()>> Future for Whole<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future is never moved out, and its memory is freed only when it has returned.
        unsafe { self.map_unchecked_mut(|whole| &mut *whole.0) }.poll(context)
    }
}

#[inline(never)] // compiled once, not for each kind of task
fn add(task: Task) {
    with(|all| {
        let length = all.tasks.len();
        let index = (0..length)
            .find(|&index| index != all.polled && all.tasks[index].is_none())
            .unwrap_or(length);
        if index == length {
            all.tasks.push(None);
        }
        all.tasks[index] = Some(task);
        all.ready.push(index);
    });
}

/// Takes the host's answer to `call`.
pub(crate) fn settle(call: usize, reply: Box<Reply>) {
    with(|all| {
        let slot = &mut all.calls[call];
        match replace(slot, Call::Answered(reply)) {
            Call::Waiting(task) => {
                if task != NOBODY {
                    all.ready.push(task);
                }
            }
            _ => *slot = Call::Free,
        }
    });
    run();
}

/// Runs every task that can go on. A task may call the host, whose promises run code of the page,
/// which may call an export. Tasks that this adds or wakes run when the current task has returned,
/// so that a wake always finds its task in its slot.
pub(crate) fn run() {
    if with(|all| all.polled != NOBODY) {
        return;
    }
    while let Some((index, task)) = with(|all| {
        let index = all.ready.pop()?;
        all.polled = index;
        Some((index, all.tasks[index].take()))
    }) {
        // A task that is done was woken once too often.
        let Some(mut task) = task else {
            continue;
        };
        // SAFETY: the vtable's functions keep to the contract: the data is an index, nothing is
        // owned.
        let waker = unsafe { Waker::from_raw(raw_waker(ptr::without_provenance(index))) };
        if task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            with(|all| all.tasks[index] = Some(task));
        }
    }
    with(|all| all.polled = NOBODY);
}

const fn raw_waker(index: *const ()) -> RawWaker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(raw_waker, wake, wake, drop_nothing);
    RawWaker::new(index, &VTABLE)
}

fn wake(index: *const ()) {
    with(|all| all.ready.push(index.addr()));
}

fn drop_nothing(_: *const ()) {}

/// A call of the host that is under way.
pub(crate) struct HostCall(pub(crate) usize);

impl HostCall {
    /// A call whose number has not been passed to the host yet.
    #[inline(never)] // compiled once, not for each kind of call
    pub(crate) fn new() -> Self {
        with(|all| {
            let free = all.calls.iter().position(|call| matches!(call, Call::Free));
            let index = free.unwrap_or(all.calls.len());
            if index == all.calls.len() {
                all.calls.push(Call::Free);
            }
            all.calls[index] = Call::Waiting(NOBODY);
            Self(index)
        })
    }
}

impl Future for HostCall {
    type Output = Box<Reply>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Box<Reply>> {
        with(|all| {
            let slot = &mut all.calls[self.0];
            // Every waker is the executor's own, and its data is the task's index.
            let task = context.waker().data().addr();
            match replace(slot, Call::Waiting(task)) {
                Call::Answered(reply) => {
                    // The slot is not free yet: `drop` frees it.
                    *slot = Call::Over;
                    Poll::Ready(reply)
                }
                _ => Poll::Pending,
            }
        })
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        with(|all| {
            let slot = &mut all.calls[self.0];
            *slot = if matches!(slot, Call::Waiting(_)) {
                Call::Abandoned
            } else {
                Call::Free
            };
        });
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use core::future::poll_fn;
    use std::rc::Rc;

    use super::*;

    fn reply(status: u32) -> Box<Reply> {
        Box::new(Reply {
            status,
            time: f64::NAN,
            handle: 0,
            message: Vec::new(),
        })
    }

    /// A task that adds up the answers to its calls.
    fn waiter(call: HostCall, sum: &Rc<Cell<u32>>) -> impl Future<Output = ()> + use<> {
        let sum = Rc::clone(sum);
        async move {
            let Reply { status, .. } = *call.await;
            sum.set(sum.get() + status);
        }
    }

    #[test]
    fn a_task_that_is_added_while_another_is_polled_is_not_overwritten() {
        let sum = Rc::new(Cell::new(0));
        let (outer, inner) = (HostCall::new(), HostCall::new());
        let calls = (outer.0, inner.0);
        spawn({
            let sum = Rc::clone(&sum);
            async move {
                // Code of the page that runs during a call of the host.
                spawn(waiter(inner, &sum));
                waiter(outer, &sum).await;
            }
        });
        settle(calls.0, reply(1));
        settle(calls.1, reply(2));
        assert_eq!(sum.get(), 3);
    }

    #[test]
    fn a_task_that_is_woken_while_it_is_polled_is_polled_again() {
        let sum = Rc::new(Cell::new(0));
        let mut call = HostCall::new();
        let index = call.0;
        let mut is_first = true;
        spawn({
            let sum = Rc::clone(&sum);
            poll_fn(move |context| {
                let answer = Pin::new(&mut call).poll(context);
                if core::mem::take(&mut is_first) {
                    settle(index, reply(1));
                }
                answer.map(|reply| sum.set(reply.status))
            })
        });
        assert_eq!(sum.get(), 1);
    }

    #[test]
    fn a_slot_is_used_again_when_its_task_is_done() {
        let sum = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let call = HostCall::new();
            let index = call.0;
            spawn(waiter(call, &sum));
            settle(index, reply(1));
        }
        assert_eq!((sum.get(), with(|all| all.tasks.len())), (3, 1));
    }

    #[test]
    fn what_a_task_holds_is_dropped_when_it_ends() {
        let held = Rc::new(());
        let call = HostCall::new();
        let index = call.0;
        spawn({
            let (lent, moved) = (Rc::clone(&held), Rc::clone(&held));
            async move {
                let lent = &lent;
                call.await;
                drop(Rc::clone(lent));
                drop(moved);
            }
        });
        assert_eq!(Rc::strong_count(&held), 3);
        settle(index, reply(1));
        assert_eq!(Rc::strong_count(&held), 1);
    }

    #[test]
    fn an_answer_comes_as_it_was_given() {
        let call = HostCall::new();
        let index = call.0;
        let given = Box::new(Reply {
            status: 200,
            time: 1.5,
            handle: 7,
            message: Vec::from(*b"a\xff"),
        });
        let taken = Rc::new(Cell::new(None));
        spawn({
            let taken = Rc::clone(&taken);
            async move { taken.set(Some(call.await)) }
        });
        settle(index, given);
        let Some(reply) = taken.take() else {
            panic!("the task has ended")
        };
        assert_eq!((reply.status, reply.time, reply.handle), (200, 1.5, 7));
        assert_eq!(reply.message, b"a\xff");
    }

    #[test]
    fn an_answer_to_a_call_that_was_given_up_is_dropped() {
        let call = HostCall::new();
        let index = call.0;
        drop(call);
        settle(index, reply(1));
        assert_eq!(HostCall::new().0, index);
    }
}
