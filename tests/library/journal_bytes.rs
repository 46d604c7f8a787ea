//! Journals cut short and with bits turned, and what is believed of them; the program itself meets some of them in
//! `tests/program/faults/journals.rs`.

use crate::common::{Scene, full};
use diff2d::{
    Problem, Run,
    internal::{Commits, Journal},
};
use std::{fs, io::Cursor};

/// The journal of a finished run.
struct Written {
    bytes: Vec<u8>,
    journal: Journal,
}

impl Written {
    fn new() -> Self {
        let scene = Scene::new();
        scene.write(
            "p.toml",
            "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 5\nruntime = 100\nouttime = 12.5\n",
        );
        scene.succeed("run p.toml -o c.npy");
        let bytes = scene.read("c.journal");
        let journal = Journal::parse(&bytes);
        assert!(journal.is_complete());
        Self { bytes, journal }
    }

    /// Whatever `parse` believes of these bytes stands in the original at the same place.
    fn believes_only_originals(&self, bytes: &[u8], what: &str) {
        let parsed = Journal::parse(bytes);
        let originals = &self.journal.commits;
        if parsed.header.is_some() {
            assert_eq!(parsed.header, self.journal.header, "{what}");
        } else {
            assert!(parsed.commits.is_empty(), "{what}");
        }
        assert!(
            originals.starts_with(&parsed.commits),
            "{what}: {:?}",
            parsed.commits
        );
        if let Some(header) = &parsed.header {
            let commits = Commits::new(Cursor::new(bytes), header, parsed.first_line).unwrap();
            for (number, commit) in commits.map(Result::unwrap).enumerate() {
                let before = parsed.commits.get(number);
                assert!(before.is_none_or(|before| *before == commit), "{what}");
                assert!(originals.contains(&commit), "{what}: {commit:?}");
            }
        }
        let valid_bytes = usize::try_from(parsed.valid_bytes).unwrap();
        assert_eq!(bytes[..valid_bytes], self.bytes[..valid_bytes], "{what}");
    }
}

#[test]
fn no_commit_of_a_journal_that_is_cut_is_invented() {
    let written = Written::new();
    for length in 0..=written.bytes.len() {
        let cut = &written.bytes[..length];
        written.believes_only_originals(cut, &format!("cut at {length}"));
        let whole_lines = cut.iter().filter(|&&byte| byte == b'\n').count();
        let parsed = Journal::parse(cut);
        assert_eq!(
            parsed.commits.len(),
            whole_lines.saturating_sub(1),
            "cut at {length}"
        );
        assert_eq!(parsed.error, None, "cut at {length}");
        // A filesystem may put zeros behind the cut.
        let with_zeros = [cut, &[0; 700]].concat();
        written.believes_only_originals(&with_zeros, &format!("zeros from {length} on"));
        assert_eq!(Journal::parse(&with_zeros).commits, parsed.commits);
    }
}

#[test]
fn a_bit_that_is_turned_is_noticed() {
    let written = Written::new();
    let bits = 8 * written.bytes.len();
    for bit in (0..bits).step_by(if full() { 1 } else { 13 }) {
        let mut bytes = written.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let what = format!("bit {} of byte {}", bit % 8, bit / 8);
        written.believes_only_originals(&bytes, &what);
        let parsed = Journal::parse(&bytes);
        let is_noticed = parsed.commits.len() < written.journal.commits.len();
        assert!(is_noticed, "{what}: nothing was noticed");
    }
}

/// Whatever the time between two looks at the names: nothing is reported as done that is not there.
#[test]
fn the_names_are_looked_at_before_the_end_is_reported() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 0.1\nruntime = 5\nouttime = 0.5\n",
    );
    let problem = Problem::load(&scene.path("p.toml"), &[]).unwrap();
    let ended = Run::new(&problem)
        .output(scene.path("c.npy"))
        .on_commit(|commit| {
            if commit.index == 0 {
                fs::remove_file(scene.path("c.npy")).unwrap();
            }
        })
        .start();
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("c.npy was deleted"), "{error}");
}
