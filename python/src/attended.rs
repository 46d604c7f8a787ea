//! Runs work on a thread of its own, while the calling thread attends to the interpreter.

use crate::errors;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use pyo3::prelude::*;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

/// The interval between two checks for a signal.
const LOOK: Duration = Duration::from_millis(50);
/// The stack of a working thread in bytes, for formulas and nested tables, which are processed recursively.
const STACK: usize = 16 << 20;

/// How long to wait for work that was asked to stop.
pub(crate) enum Patience {
    /// Wait until the work has ended, because it writes files.
    UntilDone,
    /// Wait this long. After that the work may go on in the background, which does no harm.
    Of(Duration),
}

/// Does `work` on a thread of its own, without the interpreter's lock. Meanwhile this thread passes messages of the
/// work to `hear`, under the lock, and notices signals. If one of them raises an exception, it calls `stop`, ignores
/// further messages, waits for the work with patience, and raises the exception.
pub(crate) fn attend<N: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Sender<N>) -> T + Send + 'static,
    mut hear: impl FnMut(N) -> PyResult<()>,
    stop: impl Fn(),
    patience: &Patience,
) -> PyResult<T> {
    let (sender, news) = unbounded();
    let (result_sender, result_receiver) = unbounded();
    let thread = thread::Builder::new().name("diff2d".to_owned());
    let started = thread.stack_size(STACK).spawn(move || {
        let ended = catch_unwind(AssertUnwindSafe(|| work(sender)));
        // Nobody may be waiting any more.
        let _ = result_sender.send(ended);
    });
    started.map_err(|error| {
        errors::of_code(py, &format!("the system refuses a thread: {error}"), 1)
    })?;
    let mut raised: Option<PyErr> = None;
    let mut deadline = None;
    let mut is_open = true;
    loop {
        let received = if is_open {
            py.detach(|| news.recv_timeout(LOOK))
        } else {
            Err(RecvTimeoutError::Disconnected)
        };
        match received {
            Ok(news) if raised.is_none() => raised = hear(news).err(),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                if let Some(ended) = ended(py, &result_receiver) {
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
        if raised.is_some() && deadline.is_none() {
            stop();
            deadline = match patience {
                Patience::UntilDone => Some(None),
                Patience::Of(time) => Some(Instant::now().checked_add(*time)),
            };
        }
        if let Some(Some(deadline)) = deadline
            && Instant::now() > deadline
            && let Some(exception) = raised
        {
            return Err(exception);
        }
    }
}

fn ended<T: Send>(
    py: Python<'_>,
    outcome: &Receiver<thread::Result<T>>,
) -> Option<thread::Result<T>> {
    py.detach(|| outcome.recv_timeout(LOOK)).ok()
}
