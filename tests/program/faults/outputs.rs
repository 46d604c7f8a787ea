//! Outputs that are there already, changed, damaged, or somebody else's.

use super::{
    lab::{Ended, Lab, ended},
    layer::{Fault, ended_with},
};
use std::fs;

/// Long enough that not all snapshots share a commit.
const KEYS: &str = "dx = 0.2; runtime = 80; outtime = 10";

fn run(lab: &Lab, args: &[&str]) -> Ended {
    ended(&mut lab.run(args))
}

/// Leaves a part of the run behind: killed after one of its operations.
fn partial(lab: &Lab) -> usize {
    lab.clear();
    let mut at = 20;
    for _ in 0..1000 {
        let fault = Fault {
            at,
            kind: "kill",
            ..Fault::default()
        };
        ended_with(
            &mut lab.run(&["--resume", "--threads", "1"]),
            &lab.out,
            fault,
        );
        let found = lab.committed().unwrap();
        let whole = found.header.as_ref().map(|line| &line["shape"][0]);
        if whole.is_some_and(|shape| *shape == found.records.len()) {
            // One commit for all: which share one is a matter of timing.
            lab.clear();
            at = 20;
        } else if !found.records.is_empty() {
            return found.records.len();
        }
        at += 1;
    }
    panic!("no run was killed between two commits");
}

fn files(lab: &Lab) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(&lab.out)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn other_parameters() {
    let lab = Lab::new(KEYS);
    let committed = partial(&lab);
    let before = files(&lab);
    for change in [
        "D=2.0",
        "x1=-9.0",
        "x2=11.0",
        "runtime=90.0",
        "dx=1.0",
        "outtime=5.0",
        "grid=walls",
        "precision=f32",
    ] {
        let key = change.split('=').next().unwrap();
        let refused = run(&lab, &["--resume", "--set", change]);
        refused
            .says(2, &["other parameters", &format!("{key} was ")])
            .unwrap();
        assert!(files(&lab) == before, "{change} touched the files");
    }
    let refused = run(&lab, &["--resume", "--set", "D=2.0", "--set", "grid=files"]);
    refused
        .says(2, &["D was 1.0 and is 2.0", "grid was"])
        .unwrap();
    // What decides no bit may change.
    let resumed = run(
        &lab,
        &["--resume", "--set", "graphics=false", "--threads", "2"],
    );
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    println!("other_parameters: refused with {committed} snapshots committed, files untouched");
}

#[test]
fn outputs_that_exist() {
    let lab = Lab::new(KEYS);
    let reference = lab.reference();
    run(&lab, &[]).says(2, &["complete", "--force"]).unwrap();
    let again = run(&lab, &["--resume"]);
    again.says(0, &["nothing to do"]).unwrap();
    assert_eq!(again.stdout, "");
    lab.is_as(&reference).unwrap();

    let committed = partial(&lab);
    let before = files(&lab);
    let words = format!("{committed} of {} snapshots", reference.lines.len());
    run(&lab, &[]).says(2, &["--resume", &words]).unwrap();
    // Parameters come first: a mistake in them destroys nothing.
    run(&lab, &["--force", "--set", "D=-1"])
        .says(2, &["D"])
        .unwrap();
    assert!(files(&lab) == before);
    let forced = run(&lab, &["--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    lab.is_as(&reference).unwrap();
}

#[test]
fn cubes_gone_short_and_longer() {
    let lab = Lab::new(KEYS);
    let reference = lab.reference();
    let change = |bytes: Option<&[u8]>| {
        let _ = fs::remove_file(&lab.cube);
        if let Some(bytes) = bytes {
            fs::write(&lab.cube, bytes).unwrap();
        }
    };
    let cube = &reference.cube;
    let longer = [cube.as_slice(), b"x"].concat();
    for bytes in [
        None,
        Some(&cube[..0]),
        Some(&cube[..100]),
        Some(&cube[..4096]),
        Some(&cube[..cube.len() - 1]),
        Some(longer.as_slice()),
    ] {
        change(bytes);
        let length = bytes.map(<[u8]>::len);
        let why = bytes.map_or("which is gone", |_| "does not match its journal");
        let is_there = bytes.is_some();
        let way_out = if is_there { "diff2d repair" } else { "--force" };
        run(&lab, &["--resume"])
            .says(3, &[why, way_out])
            .unwrap_or_else(|why| panic!("{length:?} bytes: {why}"));
        if is_there {
            let repaired = ended(&mut lab.on_cube("repair"));
            assert_eq!(repaired.code, Some(0), "{length:?} bytes: {repaired:?}");
            lab.is_as(&reference).unwrap();
            change(bytes);
        }
        for command in ["info", "verify", "repair"]
            .iter()
            .take(if is_there { 2 } else { 3 })
        {
            let ended = ended(&mut lab.on_cube(command));
            assert!(
                ended.says(3, &[]).is_ok() || length.is_none() && ended.says(1, &[]).is_ok(),
                "{length:?} bytes: {command}: {ended:?}"
            );
        }
    }
    let forced = run(&lab, &["--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    lab.is_as(&reference).unwrap();
}

#[test]
fn files_of_others() {
    let lab = Lab::new(KEYS);
    fs::write(&lab.cube, b"years of work").unwrap();
    for args in [&[][..], &["--resume"], &["--force"]] {
        run(&lab, args).says(2, &["no journal"]).unwrap();
        assert_eq!(fs::read(&lab.cube).unwrap(), b"years of work");
        assert!(!lab.journal().exists());
    }
    fs::remove_file(&lab.cube).unwrap();
    fs::write(lab.journal(), b"dear diary\n").unwrap();
    for args in [&[][..], &["--resume"], &["--force"]] {
        run(&lab, args).says(3, &["line 1"]).unwrap();
        assert_eq!(fs::read(lab.journal()).unwrap(), b"dear diary\n");
    }
}
