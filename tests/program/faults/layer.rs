//! The fault layer (`layer.c`), built with the system's C compiler, and how a process is put on it.

use super::lab::{Ended, ended};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The built layer.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/faults/layer.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layer.so");
        // Another test process may be loading it just now.
        let fresh = library.with_extension(std::process::id().to_string());
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-fPIC", "-shared", "-o"])
            .arg(&fresh)
            .args([source, "-lpthread"])
            .output()
            .unwrap_or_else(|error| {
                panic!("the fault campaign needs a C compiler, `cc`, to build {source}: {error}")
            });
        assert!(
            built.status.success(),
            "cc cannot build {source}: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        fs::rename(fresh, &library).unwrap();
        library
    })
}

/// What the layer does to one process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fault {
    /// Number of the operation, from 1 on.
    pub at: usize,
    pub kind: &'static str,
    /// Of a power cut: keep, drop or torn. Of a hang: whose creation never returns. Of a file that appears: its name.
    pub mode: &'static str,
    pub seed: u64,
    /// Syncs of the cube's data make nothing durable.
    pub lie: bool,
    /// fallocate is not supported.
    pub no_alloc: bool,
    /// fallocate reserves nothing.
    pub sparse: bool,
}

impl Fault {
    /// Whether the process ends by it without a chance to say anything.
    pub fn is_crash(&self) -> bool {
        matches!(self.kind, "kill" | "power")
    }
}

/// Runs a command above the layer; also which operations it came to.
pub fn ended_with(command: &mut Command, out: &Path, fault: Fault) -> (Ended, Vec<String>) {
    let log = above(command, out, fault);
    let ended = ended(command);
    let operations = fs::read_to_string(&log).unwrap_or_default();
    let mut operations = operations
        .lines()
        .map(|line| line.split_once(' ').unwrap().1.to_owned());
    assert_eq!(
        operations.next().as_deref(),
        Some("loaded"),
        "the fault layer was not loaded: {}",
        ended.stderr
    );
    (ended, operations.collect())
}

/// Puts a command above the layer; the file that will list its operations.
pub fn above(command: &mut Command, out: &Path, fault: Fault) -> PathBuf {
    let home = out.parent().unwrap();
    let (log, image) = (home.join("operations"), home.join("image"));
    let _ = fs::remove_file(&log);
    fs::create_dir_all(&image).unwrap();
    command
        .env("LD_PRELOAD", library())
        .env("FAULT_DIR", out)
        .env("FAULT_AT", fault.at.to_string())
        .env("FAULT_KIND", fault.kind)
        .env("FAULT_MODE", fault.mode)
        .env("FAULT_SEED", fault.seed.to_string())
        .env("FAULT_LOG", &log)
        .env("FAULT_IMAGE", &image);
    if fault.lie {
        command.env("FAULT_LIE", "1");
    }
    if fault.no_alloc {
        command.env("FAULT_NOALLOC", "1");
    }
    if fault.sparse {
        command.env("FAULT_SPARSE", "1");
    }
    log
}

/// Forgets the durable state handed from process to process: the files were changed from outside.
pub fn forget(out: &Path) {
    let image = out.parent().unwrap().join("image");
    if image.exists() {
        fs::remove_dir_all(image).unwrap();
    }
}
