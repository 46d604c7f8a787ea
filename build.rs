//! Tells the program of which commit it is built, for `diff2d --version`.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build is made again and again between commits, and says nothing rather than what is old.
    if env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // Inside another repository, as a vendored source, the commit would be somebody else's.
    let package_directory = env::var("CARGO_MANIFEST_DIR").ok();
    if package_directory.is_none() || git(&["rev-parse", "--show-toplevel"]) != package_directory {
        return;
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    if let (Some(commit), Some(changed)) = (git(&["rev-parse", "--short=12", "HEAD"]), changed) {
        let changed = if changed.is_empty() { "" } else { ", changed" };
        println!("cargo::rustc-env=DIFF2D_COMMIT={commit}{changed}");
    }
}

/// What git prints; `None` if there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
