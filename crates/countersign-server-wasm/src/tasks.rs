//! The executor: a task runs until it waits for the host, and again when the host has answered. One
//! thread, so its state is the thread's.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// Runs beside others.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The host's answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Zero: no, or not to be had.
    pub status: u32,
    /// What the question asks for.
    pub message: Vec<u8>,
}

#[derive(Default)]
struct Tasks {
    waiting: HashMap<u32, Task>,
    questions: HashMap<u32, Question>,
    last_task: u32,
    last_question: u32,
    /// Whether a task is running: then those that are ready are run after it.
    is_running: bool,
}

enum Question {
    Asked(Option<Waker>),
    Answered(Answer),
}

thread_local! {
    static TASKS: RefCell<Tasks> = RefCell::default();
}

/// The tasks that may go on. A waker may be used from anywhere, so this has a lock.
static READY: Mutex<Vec<u32>> = Mutex::new(Vec::new());

struct TaskWaker(u32);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        READY
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.0);
    }
}

fn with<R>(act: impl FnOnce(&mut Tasks) -> R) -> R {
    TASKS.with_borrow_mut(act)
}

/// Starts a task and runs it until it waits. Within another task, it starts after that one waits.
pub fn spawn(task: Task) {
    let number = with(|all| {
        all.last_task = all.last_task.wrapping_add(1);
        all.waiting.insert(all.last_task, task);
        all.last_task
    });
    TaskWaker(number).wake_now();
    run();
}

impl TaskWaker {
    fn wake_now(self) {
        Arc::new(self).wake();
    }
}

/// Takes the host's answer to the question with this number, and lets who waits for it go on. An
/// answer that nobody waits for any more is dropped.
pub fn settle(question: u32, answer: Answer) {
    let waker = with(|all| {
        let slot = all.questions.get_mut(&question)?;
        match std::mem::replace(slot, Question::Answered(answer)) {
            Question::Asked(waker) => waker,
            Question::Answered(_) => None,
        }
    });
    if let Some(waker) = waker {
        waker.wake();
    }
    run();
}

/// Runs every task that can go on.
fn run() {
    if with(|all| std::mem::replace(&mut all.is_running, true)) {
        return;
    }
    while let Some(number) = next_ready() {
        // A task that is over was woken once too often.
        let Some(mut task) = with(|all| all.waiting.remove(&number)) else {
            continue;
        };
        let waker = Waker::from(Arc::new(TaskWaker(number)));
        if task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            with(|all| all.waiting.insert(number, task));
        }
    }
    with(|all| all.is_running = false);
}

fn next_ready() -> Option<u32> {
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    (!ready.is_empty()).then(|| ready.remove(0))
}

/// A question to the host, and the future of its answer.
#[derive(Debug)]
pub struct Pending(u32);

impl Pending {
    /// Creates a question that the host has yet to be told of.
    #[must_use]
    pub fn new() -> Self {
        with(|all| {
            all.last_question = all.last_question.wrapping_add(1);
            all.questions
                .insert(all.last_question, Question::Asked(None));
            Self(all.last_question)
        })
    }

    /// Its number, which the host answers by.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0
    }

    /// Whether the answer has come.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        with(|all| {
            matches!(
                all.questions.get(&self.0),
                Some(Question::Answered(_)) | None
            )
        })
    }
}

impl Default for Pending {
    fn default() -> Self {
        Self::new()
    }
}

impl Future for Pending {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        with(|all| match all.questions.remove(&self.0) {
            Some(Question::Answered(answer)) => Poll::Ready(answer),
            _ => {
                let waker = Some(context.waker().clone());
                all.questions.insert(self.0, Question::Asked(waker));
                Poll::Pending
            }
        })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        with(|all| all.questions.remove(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    fn yes() -> Answer {
        Answer {
            status: 1,
            message: b"yes".to_vec(),
        }
    }

    #[test]
    fn a_task_goes_on_when_its_question_is_answered() {
        let _alone = ONE_AT_A_TIME.lock();
        let sum = Arc::new(AtomicU32::new(0));
        let (first, second) = (Pending::new(), Pending::new());
        let numbers = (first.number(), second.number());
        let seen = Arc::clone(&sum);
        spawn(Box::pin(async move {
            assert_eq!(first.await, yes());
            seen.fetch_add(1, Ordering::Relaxed);
            second.await;
            seen.fetch_add(10, Ordering::Relaxed);
        }));
        assert_eq!(sum.load(Ordering::Relaxed), 0);
        settle(numbers.1, yes());
        assert_eq!(sum.load(Ordering::Relaxed), 0);
        settle(numbers.0, yes());
        assert_eq!(sum.load(Ordering::Relaxed), 11);
        with(|all| assert!(all.waiting.is_empty() && all.questions.is_empty()));
    }

    #[test]
    fn an_answer_that_nobody_waits_for_is_dropped() {
        let _alone = ONE_AT_A_TIME.lock();
        let question = Pending::new();
        let number = question.number();
        drop(question);
        settle(number, yes());
        settle(number, yes());
        with(|all| assert!(all.questions.is_empty()));
    }

    #[test]
    fn a_task_that_a_task_starts_runs_after_it() {
        let _alone = ONE_AT_A_TIME.lock();
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&order);
        spawn(Box::pin(async move {
            let inner = Arc::clone(&seen);
            spawn(Box::pin(async move {
                inner.lock().expect("lock").push("inner");
            }));
            seen.lock().expect("lock").push("outer");
        }));
        assert_eq!(*order.lock().expect("lock"), ["outer", "inner"]);
    }
}
