//! Journals cut short and with bits turned: a bad record is never believed.

use super::lab::{Lab, Listed, Random, ended, size};
use super::layer::{Fault, ended_with};
use crate::common::seed::seeds;
use std::fs;

/// Exit code 3, or the right files.
#[test]
fn damaged_journals_end_to_end() {
    seeds("damaged_journals_end_to_end")
        .map(Random::new)
        .for_each(damage_journals);
}

fn damage_journals(mut random: Random) {
    let lab = Lab::new("dx = 5; runtime = 100; outtime = 12.5");
    let reference = lab.reference();
    let written = fs::read(lab.journal()).unwrap();
    let count = size(1000, 60);
    let (mut refused, mut completed) = (0, 0);
    for number in 0..count {
        let mut bytes = written.clone();
        if number % 2 == 0 {
            bytes.truncate(random.below(bytes.len()));
        } else {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(lab.journal(), &bytes).unwrap();
        let info = ended(lab.on_cube("info").arg("--json"));
        assert!(
            info.code == Some(0) || info.says(3, &[]).is_ok(),
            "{info:?}"
        );
        let resumed = ended(&mut lab.run(&["--resume"]));
        if resumed.code == Some(0) {
            lab.is_as(&reference).unwrap();
            completed += 1;
        } else if bytes.is_empty() {
            // Then it is somebody else's array, as far as anybody can tell.
            resumed.says(2, &["no journal"]).unwrap();
        } else {
            resumed.says(3, &["journal"]).unwrap();
            assert_eq!(fs::read(lab.journal()).unwrap(), bytes);
            assert_eq!(fs::read(&lab.cube).unwrap(), reference.cube);
            refused += 1;
        }
    }
    println!(
        "damaged_journals: {count} through run --resume: {refused} refused with exit code 3, {completed} completed identically"
    );
}

/// A checkpoint from behind the next snapshot does not replace that snapshot.
#[test]
fn a_lost_line_behind_a_checkpoint() {
    let lab = Lab::new("dx = 1; runtime = 120; outtime = 20");
    let reference = lab.reference();
    lab.clear();
    let args = [
        "--resume",
        "--threads",
        "1",
        "--checkpoint-every",
        "1us",
        // Several passes from one snapshot to the next.
        "--tile",
        "20x20x8",
    ];
    let run = |at| {
        let fault = Fault {
            at,
            kind: "kill",
            ..Fault::default()
        };
        ended_with(&mut lab.run(&args), &lab.out, fault)
    };
    let (_, operations) = run(0);
    let third_commit = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| *operation == "sync c.journal")
        .nth(3)
        .unwrap();
    // How many snapshots share a commit is up to the threads: a few tries give one with more to come.
    let some_but_not_all = |_| {
        lab.clear();
        super::layer::forget(&lab.out);
        run(third_commit.0 + 1);
        let committed = lab.committed().map_or(0, |found| found.records.len());
        (2..reference.lines.len()).contains(&committed)
    };
    if !(0..50).any(some_but_not_all) {
        println!(
            "a_lost_line_behind_a_checkpoint: all snapshots shared one commit, nothing to show"
        );
        return;
    }
    super::layer::forget(&lab.out);
    let _ = fs::remove_file(lab.checkpoint());
    let mut at = 1;
    // The checkpoint that the resumed run writes after its first steps.
    while !lab.checkpoint().exists() {
        run(at);
        at += 1;
        assert!(at < 100, "no checkpoint was written");
    }
    let listed = lab.committed().unwrap();
    let last = listed.bytes[..listed.bytes.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap();
    fs::write(lab.journal(), &listed.bytes[..=last]).unwrap();
    let kept = Listed::read(&fs::read(lab.journal()).unwrap());
    assert_eq!(kept.records.len(), listed.records.len() - 1);
    let ended = ended(&mut lab.run(&["--resume"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    lab.is_as(&reference).unwrap();
}
