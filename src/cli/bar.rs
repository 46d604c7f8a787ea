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
    /// Tasks that have names, see [`Bar::describe`].
    Tasks,
}

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
    fn line(self, done_count: u64, total: u64, rate: Option<f64>) -> String {
        let percent = 100.0 * done_count as f64 / total.max(1) as f64;
        let (count_text, rate_text) = self.counted(done_count, total, rate.unwrap_or(0.0));
        let count_text = format!("{}, {count_text} ({percent:.1} %)", clock());
        let Some(rate) = rate else {
            return count_text;
        };
        let remaining_time = if rate > 0.0 {
            number::seconds(total.saturating_sub(done_count) as f64 / rate) + " left"
        } else {
            "nothing in the last while".to_owned()
        };
        format!("{count_text}, {rate_text}, {remaining_time}")
    }

    /// How much is done, and at which rate, in words.
    fn counted(self, done_count: u64, total: u64, rate: f64) -> (String, String) {
        let (noun, rate_text) = match self {
            Self::Bytes => {
                let [done_bytes, all_bytes, rate] =
                    [done_count, total, rate as u64].map(number::bytes);
                return (format!("{done_bytes} of {all_bytes}"), format!("{rate}/s"));
            }
            Self::Steps => (
                "step",
                format!("{} steps/s", number::scaled(rate).trim_end()),
            ),
            Self::Snapshots => ("snapshot", format!("{rate:.2}/s")),
            Self::Pictures => ("picture", format!("{rate:.2}/s")),
            Self::Tasks => ("task", format!("{rate:.2}/s")),
        };
        (format!("{noun} {done_count} of {total}"), rate_text)
    }
}

/// The time of the day: `14:05:07 UTC`.
fn clock() -> String {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since_epoch.unwrap_or_default().as_secs();
    let [hours, minutes, seconds] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    format!("{hours:02}:{minutes:02}:{seconds:02} UTC")
}

/// A progress bar, drawn or written by a thread of its own from a [`Progress`]; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) drawn: ProgressBar,
    progress: Progress,
    /// The thread, which ends when the sender is dropped.
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// A bar that is neither drawn nor written.
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

    /// A bar that is drawn on the terminal.
    pub(super) fn drawn(total: u64, unit: Unit) -> Self {
        const FRAME: Duration = Duration::from_millis(100);
        let style = ProgressStyle::with_template(unit.template())
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        let drawn = ProgressBar::new(total).with_style(style);
        let bar = drawn.clone();
        Self::of(drawn).with_watcher(FRAME, move |done_count| bar.set_position(done_count))
    }

    /// A bar of which `tell` writes a line in each `period`.
    pub(super) fn logged(
        total: u64,
        unit: Unit,
        period: Duration,
        tell: impl Fn(&str) + Send + 'static,
    ) -> Self {
        let mut last_count = None;
        Self::hidden().with_watcher(period, move |done_count| {
            let rate = last_count.map(|last_count| {
                done_count.saturating_sub(last_count) as f64 / period.as_secs_f64()
            });
            tell(&unit.line(done_count, total, rate));
            last_count = Some(done_count);
        })
    }

    /// Starts a thread that shows in each `period` what is done so far.
    fn with_watcher(
        mut self,
        period: Duration,
        mut show: impl FnMut(u64) + Send + 'static,
    ) -> Self {
        let (sender, ended) = bounded(0);
        let progress = self.progress.clone();
        let thread = thread::Builder::new().spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(period) {
                show(progress.done());
            }
        });
        // Without a thread there is no bar, which is no reason to fail.
        let thread = thread.ok();
        self.thread = thread.map(|thread| (sender, thread));
        self
    }

    /// The counter that the bar shows.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
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
