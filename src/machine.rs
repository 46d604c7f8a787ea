//! What this machine has: memory that may be used, processors, a name for reports.

use std::{fs, path::Path};

/// Bytes of memory that a process may still take, where the system tells: the free memory of the
/// machine, or what is left of the limit of its control group.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let machine = field_of("/proc/meminfo", "MemAvailable:").map(|kibibytes| kibibytes * 1024);
    [machine, control_group_left()].into_iter().flatten().min()
}

/// What the control group's limit leaves, page cache not counted as it can be dropped.
fn control_group_left() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let directory = Path::new("/sys/fs/cgroup").join(path.trim_start_matches('/'));
    let number = |name: &str| {
        fs::read_to_string(directory.join(name))
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let limit = number("memory.max")?;
    let used = field_of(directory.join("memory.stat"), "anon")?;
    Some(limit.saturating_sub(used))
}

/// The number behind a word at the start of a line.
fn field_of(file: impl AsRef<Path>, name: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

/// Threads that can run at once, as far as this process is allowed to use them.
#[must_use]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The processors that this process may run on, as the system writes them; empty where it does not.
#[must_use]
pub fn processors() -> String {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status
                .lines()
                .find(|line| line.starts_with("Cpus_allowed_list:"))?;
            Some(line.split_whitespace().nth(1)?.to_owned())
        })
        .unwrap_or_default()
}

/// The processor's name and the operating system, for reports.
#[must_use]
pub fn name() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!(
        "{processor}, {} threads, {}",
        threads(),
        std::env::consts::OS
    )
}

/// Processes that wanted to run in the last minute, on average, where the system tells.
#[must_use]
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
