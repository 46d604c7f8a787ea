//! Work on a thread of its own, while the calling thread looks after the interpreter.

use crate::errors;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use pyo3::prelude::*;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

/// Between two looks for a signal.
const LOOK: Duration = Duration::from_millis(50);
/// Formulas and trees of tables are walked recursively.
const STACK: usize = 16 << 20;

/// How long work that was asked to stop is waited for.
pub(crate) enum Patience {
    /// Until it has ended: it writes files.
    UntilDone,
    /// So long; then it goes on unseen, which harms nobody.
    Of(Duration),
}

/// Does `work` on a thread of its own, without the interpreter's lock. Meanwhile this thread passes what
/// the work sends to `hear`, under the lock, and notices signals. If one of them raises an exception, it
/// calls `stop`, hears nothing more, waits for the work with patience, and raises the exception.
pub(crate) fn attend<N: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Sender<N>) -> T + Send + 'static,
    mut hear: impl FnMut(N) -> PyResult<()>,
    stop: impl Fn(),
    patience: &Patience,
) -> PyResult<T> {
    let (sender, news) = unbounded();
    let (result, done) = unbounded();
    let work = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| work(sender)));
        // Nobody may be waiting any more.
        let _ = result.send(ended);
    };
    let started = thread::Builder::new()
        .name("diff2d".to_owned())
        .stack_size(STACK)
        .spawn(work);
    started.map_err(|error| {
        errors::of_code(py, &format!("the system refuses a thread: {error}"), 1)
    })?;
    let mut raised: Option<PyErr> = None;
    let mut until = None;
    let mut open = true;
    loop {
        let next = if open {
            py.detach(|| news.recv_timeout(LOOK))
        } else {
            Err(RecvTimeoutError::Disconnected)
        };
        match next {
            Ok(one) if raised.is_none() => raised = hear(one).err(),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                open = false;
                if let Some(ended) = ended(py, &done) {
                    return match (raised, ended) {
                        (Some(exception), _) => Err(exception),
                        (None, Ok(value)) => Ok(value),
                        (None, Err(panic)) => Err(errors::of_panic(&*panic)),
                    };
                }
            }
        }
        if raised.is_none() {
            raised = py.check_signals().err();
        }
        if raised.is_some() && until.is_none() {
            stop();
            until = match patience {
                Patience::UntilDone => Some(None),
                Patience::Of(time) => Some(Instant::now().checked_add(*time)),
            };
        }
        if let Some(Some(until)) = until
            && Instant::now() > until
            && let Some(exception) = raised
        {
            return Err(exception);
        }
    }
}

fn ended<T: Send>(py: Python<'_>, done: &Receiver<thread::Result<T>>) -> Option<thread::Result<T>> {
    py.detach(|| done.recv_timeout(LOOK)).ok()
}
