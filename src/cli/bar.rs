//! [`Bar`]: how far a command is, drawn as a bar, or written in a line once in a while.

use super::number;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use diff2d_arrays::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Steps,
    Snapshots,
    Pictures,
    /// With names, see [`Bar::describe`].
    Tasks,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "told in few digits"
)]
impl Unit {
    fn template(self) -> &'static str {
        match self {
            Self::Bytes => {
                "{wide_bar} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
            }
            Self::Steps => "{wide_bar} step {human_pos}/{human_len}, {eta} left",
            Self::Snapshots => "{wide_bar} snapshot {human_pos}/{human_len}, {eta} left",
            Self::Pictures => "{wide_bar} picture {pos}/{len}, {eta} left",
            Self::Tasks => "{wide_bar} {pos}/{len}  {msg:<40}  {eta}",
        }
    }

    /// `14:05:07 UTC, step 1200 of 5000 (24.0 %), 120 steps/s, 32 s left`, of a rate in units a second; the first line has none,
    /// as a run that goes on does not begin with 0.
    fn line(self, done: u64, total: u64, rate: Option<f64>) -> String {
        let percent = 100.0 * done as f64 / total.max(1) as f64;
        let Some(rate) = rate else {
            let (what, _) = self.counted(done, total, 0.0);
            return format!("{}, {what} ({percent:.1} %)", clock());
        };
        let (what, rate_told) = self.counted(done, total, rate);
        let left = match rate > 0.0 {
            true => number::seconds(total.saturating_sub(done) as f64 / rate) + " left",
            false => "nothing in the last while".to_owned(),
        };
        format!("{}, {what} ({percent:.1} %), {rate_told}, {left}", clock())
    }

    /// What is done, and at which rate.
    fn counted(self, done: u64, total: u64, rate: f64) -> (String, String) {
        let counted = |name: &str| format!("{name} {done} of {total}");
        match self {
            Self::Bytes => (
                format!("{} of {}", number::bytes(done), number::bytes(total)),
                format!("{}/s", number::bytes(rate as u64)),
            ),
            Self::Steps => (
                counted("step"),
                format!("{} steps/s", number::scaled(rate).trim_end()),
            ),
            Self::Snapshots => (counted("snapshot"), format!("{rate:.2}/s")),
            Self::Pictures => (counted("picture"), format!("{rate:.2}/s")),
            Self::Tasks => (counted("task"), format!("{rate:.2}/s")),
        }
    }
}

/// The time of the day: `14:05:07 UTC`.
fn clock() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = now.unwrap_or_default().as_secs();
    let [hours, minutes, seconds] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    format!("{hours:02}:{minutes:02}:{seconds:02} UTC")
}

/// A progress bar, drawn or written by a thread of its own from a [`Progress`]; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    drawn: ProgressBar,
    progress: Progress,
    /// The thread, which ends when the sender is dropped.
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

#[expect(clippy::cast_precision_loss, reason = "told in few digits")]
impl Bar {
    /// Neither drawn nor written.
    pub(super) fn hidden() -> Self {
        Self::of(ProgressBar::hidden())
    }

    fn of(drawn: ProgressBar) -> Self {
        Self {
            drawn,
            progress: Progress::default(),
            thread: None,
        }
    }

    /// Drawn on the terminal.
    pub(super) fn drawn(total: u64, unit: Unit) -> Self {
        const FRAME: Duration = Duration::from_millis(100);
        let style = ProgressStyle::with_template(unit.template())
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        let drawn = ProgressBar::new(total).with_style(style);
        let bar = drawn.clone();
        Self::of(drawn).every(FRAME, move |done| bar.set_position(done))
    }

    /// Written by `tell`, a line each `period`.
    pub(super) fn logged(
        total: u64,
        unit: Unit,
        period: Duration,
        tell: impl Fn(&str) + Send + 'static,
    ) -> Self {
        let mut before = None;
        Self::hidden().every(period, move |done| {
            let rate =
                before.map(|before| done.saturating_sub(before) as f64 / period.as_secs_f64());
            tell(&unit.line(done, total, rate));
            before = Some(done);
        })
    }

    /// Shows what is done so far, each `period`.
    fn every(mut self, period: Duration, mut show: impl FnMut(u64) + Send + 'static) -> Self {
        let (sender, ended) = bounded(0);
        let progress = self.progress.clone();
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(period) {
                show(progress.done());
            }
        };
        // Without a thread there is no bar, which is no reason to fail.
        let thread = thread::Builder::new().spawn(watch).ok();
        self.thread = thread.map(|thread| (sender, thread));
        self
    }

    /// The bar itself, for another thread that prints beside it.
    pub(super) fn handle(&self) -> ProgressBar {
        self.drawn.clone()
    }

    /// The counter that the bar shows.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Names the task that is at work.
    pub(super) fn describe(&self, task: String) {
        self.drawn.set_message(task);
    }

    /// Prints without the bar in the way.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.drawn.suspend(print)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // A thread that panicked has printed why.
            let _ = thread.join();
        }
        self.drawn.finish_and_clear();
    }
}
