//! [`Child`]: a process with a time limit that ends when we are asked to.

use super::{BenchError, Words};
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

/// How often a waiting thread looks up.
const GLANCE: Duration = Duration::from_millis(100);

/// A process to be.
#[derive(Debug)]
pub(super) struct Child {
    command: Command,
    name: String,
    patience: Duration,
}

/// How a process ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With success; wall time from its start to its end.
    Well { stdout: String, took: Duration },
    /// Without, in words.
    Badly(String),
}

impl Child {
    /// The process of these words, killed when it takes longer than `patience`.
    pub fn new(words: &Words, patience: Duration) -> Self {
        let (program, arguments) = match words.split_first() {
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
            patience,
        }
    }

    /// Adds variables to its environment.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.command.envs(variables);
        self
    }

    /// Runs it in a directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`BenchError::Signalled`] when a signal has asked us to stop.
    pub fn run(mut self, signal: &AtomicUsize) -> Result<Ended, BenchError> {
        heed(signal)?;
        let start = Instant::now();
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => {
                return Ok(Ended::Badly(format!(
                    "{} does not start: {error}",
                    self.name
                )));
            }
        };
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (done, is_done) = channel::<()>();
        let (stdout, stderr, took, impatient) = thread::scope(|scope| {
            let patience = self.patience;
            let child = &mut child;
            let watch = scope.spawn(move || {
                loop {
                    match is_done.recv_timeout(GLANCE) {
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return false,
                    }
                    let late = start.elapsed() > patience;
                    if late || signal.load(Ordering::Relaxed) != 0 {
                        let _ = child.kill();
                        return late;
                    }
                }
            });
            let errors = scope.spawn(move || all_of(err.as_mut()));
            // The end of its output is the end of the process, without polling.
            let stdout = all_of(out.as_mut());
            let took = start.elapsed();
            let stderr = errors.join().unwrap_or_default();
            drop(done);
            (stdout, stderr, took, watch.join().unwrap_or(false))
        });
        let status = child.wait();
        heed(signal)?;
        Ok(match status {
            _ if impatient => Ended::Badly(format!(
                "{} was stopped after {} s",
                self.name,
                self.patience.as_secs()
            )),
            Ok(status) if status.success() => Ended::Well { stdout, took },
            Ok(status) => {
                let last = stderr.lines().rfind(|line| !line.trim().is_empty());
                let said = last.map_or_else(String::new, |line| format!(": {}", line.trim()));
                Ended::Badly(format!("{} ended with {status}{said}", self.name))
            }
            Err(error) => Ended::Badly(format!("{}: {error}", self.name)),
        })
    }
}

/// Fails when a signal has come.
pub(super) fn heed(signal: &AtomicUsize) -> Result<(), BenchError> {
    match signal.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => Err(BenchError::Signalled(signal)),
    }
}

fn all_of(stream: Option<&mut impl Read>) -> String {
    let mut bytes = Vec::new();
    // What was read until an error is all there is to say.
    let _ = stream.map(|stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Ended {
        let words = ["sh", "-c", script].map(Into::into).to_vec();
        Child::new(&words, patience)
            .run(&AtomicUsize::new(0))
            .unwrap()
    }

    #[test]
    fn a_process_that_says_why_it_failed_is_quoted() {
        let ended = shell(
            "echo first >&2; echo 'no luck' >&2; exit 4",
            Duration::from_secs(60),
        );
        assert!(
            matches!(ended, Ended::Badly(reason) if reason == "sh ended with exit status: 4: no luck")
        );
    }

    #[test]
    fn a_process_that_takes_too_long_is_stopped() {
        let ended = shell("exec sleep 600", Duration::from_millis(1));
        assert!(matches!(ended, Ended::Badly(reason) if reason.contains("was stopped")));
    }

    #[test]
    fn much_output_does_not_block() {
        let ended = shell(
            "yes | head -c 1000000; yes | head -c 1000000 >&2",
            Duration::from_secs(60),
        );
        assert!(matches!(ended, Ended::Well { stdout, .. } if stdout.len() == 1_000_000));
    }

    #[test]
    fn a_signal_ends_it() {
        let words = ["true".into()].to_vec();
        let ended = Child::new(&words, Duration::from_secs(60)).run(&AtomicUsize::new(15));
        assert!(matches!(ended, Err(BenchError::Signalled(15))));
    }
}
