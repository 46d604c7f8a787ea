//! What commands do when a signal asks them to end.
//!
//! A signal that was ignored when the program started, as `nohup` ignores SIGHUP, stays ignored.

use crate::cli::error::Error;
use crossbeam_channel::bounded;
use diff2d_sys as sys;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU},
    iterator::Signals,
    low_level,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The signals that ask a program to end: of terminals and batch systems, and of the system once its time is used up.
pub(super) const ENDING: [i32; 6] = [SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU];

/// A flag that takes the number of the first signal, which asks the run to stop durably; a later signal
/// ends the process at once.
///
/// Launchers and terminals may deliver one request to the process and again to its group, so signals in
/// quick succession count as one. The system repeats SIGXCPU every second until its hard limit; that is no
/// second request either.
pub(super) fn stop_flag() -> Result<Arc<AtomicUsize>, Error> {
    const ONE_REQUEST: Duration = Duration::from_millis(100);
    let received = Arc::new(AtomicUsize::new(0));
    let request = Arc::clone(&received);
    let mut time_of_first: Option<Instant> = None;
    let handled = on_signal(move |signal| {
        if signal != SIGXCPU
            && time_of_first.is_some_and(|time_of_first| time_of_first.elapsed() > ONE_REQUEST)
        {
            low_level::exit(128 + signal);
        }
        time_of_first.get_or_insert_with(Instant::now);
        // The first signal decides the exit code.
        let number = signal.unsigned_abs() as usize;
        let _ = request.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
    });
    handled.map_err(|error| {
        Error::System(format!(
            "the system refuses a thread that waits for signals: {error}"
        ))
    })?;
    Ok(received)
}

/// Makes each later signal end the program, after the unfinished files have been removed.
pub(super) fn remove_unfinished_files() {
    let handled = on_signal(|signal| {
        sys::remove_temporaries();
        low_level::exit(128 + signal);
    });
    // Without a thread, signals end the program as ever.
    let _ = handled;
}

/// Calls a function on a thread of its own with every signal.
fn on_signal(mut act: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let (ready, is_ready) = bounded(1);
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || {
        let signals = ENDING
            .into_iter()
            .filter(|&signal| !sys::is_ignored(signal));
        let signals = Signals::new(signals);
        let mut signals = match signals {
            Ok(signals) => signals,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        for signal in signals.forever() {
            act(signal);
        }
    })?;
    is_ready.recv().unwrap_or(Ok(()))
}
