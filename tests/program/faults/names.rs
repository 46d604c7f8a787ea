//! Cubes and journals that are deleted, moved or replaced under their run.

use super::lab::{Lab, ended, ended_child, lines_so_far, wait_until};
use std::{
    fs,
    process::{Child, Stdio},
};

/// A run far longer than anything here waits for, whose first snapshot is committed.
fn begun(lab: &Lab) -> Child {
    lab.clear();
    let child = lab
        .run(&["--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the first snapshot is committed", || {
        lines_so_far(&lab.journal()) >= 1
    });
    child
}

/// A resume finds the state that was kept, between two snapshots.
fn state_was_kept(lab: &Lab) {
    // A wall time that is over at once ends the resumed run where it begins.
    let resumed = ended(&mut lab.run(&["--resume", "--verbose", "--max-walltime", "1ms"]));
    assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
    let kept = resumed.stderr.contains("continuing after step ");
    assert!(kept, "{}", resumed.stderr);
}

#[test]
fn a_run_ends_when_its_files_have_lost_their_names() {
    let lab = Lab::new("dx = 0.05; runtime = 10000; outtime = 2500");
    let aside = lab.home.path().join("aside");

    let run = begun(&lab);
    fs::remove_file(&lab.cube).unwrap();
    let lost = ["c.npy was deleted while the run wrote it", "--force"];
    ended_child(run).says(1, &lost).unwrap();
    assert!(!lab.checkpoint().exists());
    let gone = ["lists 1 of 5 snapshots", "which is gone"];
    ended(&mut lab.run(&["--resume"])).says(3, &gone).unwrap();
    ended(&mut lab.run(&[])).says(3, &gone).unwrap();

    let run = begun(&lab);
    fs::write(&aside, "somebody else's").unwrap();
    fs::rename(&aside, &lab.cube).unwrap();
    let lost = ["c.npy was replaced while the run wrote it"];
    ended_child(run).says(1, &lost).unwrap();
    assert_eq!(fs::read(&lab.cube).unwrap(), b"somebody else's");

    // The state is kept, so that nothing is computed again once the cube is back.
    let run = begun(&lab);
    fs::rename(&lab.cube, &aside).unwrap();
    let lost = ["c.npy was moved away while the run wrote it", "--resume"];
    ended_child(run).says(1, &lost).unwrap();
    fs::rename(&aside, &lab.cube).unwrap();
    state_was_kept(&lab);

    let run = begun(&lab);
    fs::remove_file(lab.journal()).unwrap();
    let lost = ["c.journal was deleted", "written again"];
    ended_child(run).says(1, &lost).unwrap();
    state_was_kept(&lab);
}

/// A record whose file is moved or cut under its run ends it, and nothing is lost.
#[test]
fn a_run_ends_when_its_record_is_no_longer_there() {
    let lab = Lab::new(
        "dx = 0.25; runtime = 100000; outtime = 20; record = { every = 5, totals = true }",
    );
    let record = lab.out.join("c.record.csv");

    let run = begun(&lab);
    fs::rename(&record, record.with_extension("old")).unwrap();
    let lost = ["c.record.csv", "moved away"];
    ended_child(run).says(1, &lost).unwrap();

    let run = begun(&lab);
    let file = fs::OpenOptions::new().write(true).open(&record);
    file.unwrap().set_len(10).unwrap();
    ended_child(run).says(1, &["c.record.csv", "cut"]).unwrap();
}

/// A journal that is cut to nothing under its run is written again, so that what is committed can be read.
#[test]
fn a_journal_that_is_cut_is_written_again() {
    let lab = Lab::new("dx = 0.1; runtime = 20; outtime = 0.5");
    let reference = lab.reference();
    lab.clear();
    let run = lab.run(&["--threads", "1"]).spawn().unwrap();
    wait_until("two snapshots are committed", || {
        lines_so_far(&lab.journal()) >= 2
    });
    fs::write(lab.journal(), "").unwrap();
    let told = ended_child(run);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    lab.is_as(&reference).unwrap();
    lab.committed().unwrap();
}
