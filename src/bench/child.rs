//! [`run`]: a process with a time limit, killed when a signal asks to stop.

use super::error::BenchError;
use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a waiting thread checks for signals and the time limit.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A process that has ended with success.
#[derive(Debug)]
pub(super) struct FinishedProcess {
    pub stdout: String,
    /// Its wall time.
    pub took: Duration,
}

/// Runs a process until it ends, at most for `time_limit`. The inner error says why it had no success.
///
/// # Errors
/// [`BenchError::Signalled`] when a signal asks to stop.
pub(super) fn run(
    command: &mut Command,
    time_limit: Duration,
    signal: &AtomicUsize,
) -> Result<Result<FinishedProcess, String>, BenchError> {
    check_signal(signal)?;
    let name = Path::new(command.get_program()).file_name();
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Err(format!("{name} does not start: {error}"))),
    };
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (done, is_done) = channel::<()>();
    let (stdout, stderr, took, is_late) = thread::scope(|scope| {
        let child = &mut child;
        let watch = scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(POLL_INTERVAL) {
                let late = start.elapsed() > time_limit;
                if late || signal.load(Ordering::Relaxed) != 0 {
                    let _ = child.kill();
                    return late;
                }
            }
            false
        });
        let errors = scope.spawn(move || all_of(err.as_mut()));
        // Its output ends when the process does: nobody has to poll.
        let stdout = all_of(out.as_mut());
        let took = start.elapsed();
        let stderr = errors.join().unwrap_or_default();
        drop(done);
        (stdout, stderr, took, watch.join().unwrap_or(false))
    });
    let status = child.wait();
    check_signal(signal)?;
    Ok(match status {
        _ if is_late => Err(format!(
            "{name} was stopped after {} s",
            time_limit.as_secs()
        )),
        Ok(status) if status.success() => Ok(FinishedProcess { stdout, took }),
        Ok(status) => {
            let last = stderr.lines().rfind(|line| !line.trim().is_empty());
            let said = last.map_or_else(String::new, |line| format!(": {}", line.trim()));
            Err(format!("{name} ended with {status}{said}"))
        }
        Err(error) => Err(format!("{name}: {error}")),
    })
}

fn check_signal(signal: &AtomicUsize) -> Result<(), BenchError> {
    match signal.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => Err(BenchError::Signalled(signal)),
    }
}

fn all_of(stream: Option<&mut impl Read>) -> String {
    let mut bytes = Vec::new();
    // After an error there is no more to read.
    let _ = stream.map(|stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn shell(script: &str, time_limit: Duration) -> Result<FinishedProcess, String> {
        let mut command = Command::new("sh");
        run(
            command.args(["-c", script]),
            time_limit,
            &AtomicUsize::new(0),
        )
        .unwrap()
    }

    #[test]
    fn the_last_line_of_a_failing_process_is_quoted() {
        let ended = shell("echo first >&2; echo 'no luck' >&2; exit 4", MINUTE);
        assert_eq!(ended.unwrap_err(), "sh ended with exit status: 4: no luck");
    }

    #[test]
    fn a_process_that_takes_too_long_is_stopped() {
        let ended = shell("exec sleep 600", Duration::from_millis(1));
        assert!(ended.is_err_and(|reason| reason.contains("was stopped")));
    }

    #[test]
    fn much_output_does_not_block() {
        let ended = shell("yes | head -c 1000000; yes | head -c 1000000 >&2", MINUTE);
        assert!(ended.is_ok_and(|finished| finished.stdout.len() == 1_000_000));
    }

    #[test]
    fn a_signal_ends_the_process() {
        let ended = run(&mut Command::new("true"), MINUTE, &AtomicUsize::new(15));
        assert!(matches!(ended, Err(BenchError::Signalled(15))));
    }
}
