//! [`Child`]: a process with a time limit, killed when a signal asks to stop.

use super::error::BenchError;
use std::{
    ffi::OsString,
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

/// The program and the arguments of a process.
pub(super) type CommandLine = Vec<OsString>;

/// A process that has not been started.
#[derive(Debug)]
pub(super) struct Child {
    command: Command,
    name: String,
    time_limit: Duration,
}

/// How a process ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With success, after this wall time.
    Success { stdout: String, took: Duration },
    /// Without success, and why.
    Failure(String),
}

impl Child {
    /// A process that is killed when it takes longer than `time_limit`.
    pub fn new(command_line: &CommandLine, time_limit: Duration) -> Self {
        let (program, arguments) = match command_line.split_first() {
            Some((program, arguments)) => (program.clone(), arguments),
            None => Default::default(),
        };
        let name = Path::new(&program).file_name().unwrap_or_default();
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            name: name.to_string_lossy().into_owned(),
            command,
            time_limit,
        }
    }

    /// Adds variables to its environment.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.command.envs(variables);
        self
    }

    /// Sets its directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it until it ends.
    ///
    /// # Errors
    /// [`BenchError::Signalled`] when a signal asks to stop.
    pub fn run(mut self, signal: &AtomicUsize) -> Result<Outcome, BenchError> {
        check_signal(signal)?;
        let start = Instant::now();
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => {
                return Ok(Outcome::Failure(format!(
                    "{} does not start: {error}",
                    self.name
                )));
            }
        };
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (done, is_done) = channel::<()>();
        let (stdout, stderr, took, is_late) = thread::scope(|scope| {
            let time_limit = self.time_limit;
            let child = &mut child;
            let watch = scope.spawn(move || {
                loop {
                    match is_done.recv_timeout(POLL_INTERVAL) {
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return false,
                    }
                    let late = start.elapsed() > time_limit;
                    if late || signal.load(Ordering::Relaxed) != 0 {
                        let _ = child.kill();
                        return late;
                    }
                }
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
            _ if is_late => Outcome::Failure(format!(
                "{} was stopped after {} s",
                self.name,
                self.time_limit.as_secs()
            )),
            Ok(status) if status.success() => Outcome::Success { stdout, took },
            Ok(status) => {
                let last = stderr.lines().rfind(|line| !line.trim().is_empty());
                let said = last.map_or_else(String::new, |line| format!(": {}", line.trim()));
                Outcome::Failure(format!("{} ended with {status}{said}", self.name))
            }
            Err(error) => Outcome::Failure(format!("{}: {error}", self.name)),
        })
    }
}

/// Fails if a signal has asked to stop.
pub(super) fn check_signal(signal: &AtomicUsize) -> Result<(), BenchError> {
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

    fn shell(script: &str, time_limit: Duration) -> Outcome {
        let words = ["sh", "-c", script].map(Into::into).to_vec();
        Child::new(&words, time_limit)
            .run(&AtomicUsize::new(0))
            .unwrap()
    }

    #[test]
    fn the_last_line_of_a_failing_process_is_quoted() {
        let ended = shell(
            "echo first >&2; echo 'no luck' >&2; exit 4",
            Duration::from_secs(60),
        );
        assert!(
            matches!(ended, Outcome::Failure(reason) if reason == "sh ended with exit status: 4: no luck")
        );
    }

    #[test]
    fn a_process_that_takes_too_long_is_stopped() {
        let ended = shell("exec sleep 600", Duration::from_millis(1));
        assert!(matches!(ended, Outcome::Failure(reason) if reason.contains("was stopped")));
    }

    #[test]
    fn much_output_does_not_block() {
        let ended = shell(
            "yes | head -c 1000000; yes | head -c 1000000 >&2",
            Duration::from_secs(60),
        );
        assert!(matches!(ended, Outcome::Success { stdout, .. } if stdout.len() == 1_000_000));
    }

    #[test]
    fn a_signal_ends_the_process() {
        let words = ["true".into()].to_vec();
        let ended = Child::new(&words, Duration::from_secs(60)).run(&AtomicUsize::new(15));
        assert!(matches!(ended, Err(BenchError::Signalled(15))));
    }
}
