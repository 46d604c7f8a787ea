//! Files that others have put where a run keeps its own.

use super::{
    lab::{Lab, ended, text},
    layer::{Fault, ended_with},
};
use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
};

const PROBLEM: &str = "dx = 0.1; runtime = 0.5; outtime = 0.25";

#[test]
fn files_of_other_programs_stop_a_run_and_stay() {
    let lab = Lab::new(PROBLEM);
    let precious = lab.home.path().join("precious");
    for name in ["c.ckpt", "c.ckpt.new", "c.scratch"] {
        let path = lab.out.join(name);
        for kind in ["file", "link", "directory"] {
            lab.clear();
            fs::write(&precious, "years of work").unwrap();
            match kind {
                "file" => fs::write(&path, "years of work").unwrap(),
                "link" => symlink(&precious, &path).unwrap(),
                _ => fs::create_dir(&path).unwrap(),
            }
            for option in ["--resume", "--force"] {
                let told = ended(&mut lab.run(&[option]));
                told.says(2, &[name, "move it away"]).unwrap();
            }
            let left: Vec<_> = fs::read_dir(&lab.out).unwrap().collect();
            assert_eq!(left.len(), 1, "{name} {kind}");
            if kind != "directory" {
                assert_eq!(fs::read(&path).unwrap(), b"years of work");
            }
        }
        // Nor do zeros, or the beginning of a line of ours, make a file one of a run.
        for others in [
            String::new(),
            "\0".repeat(8192),
            format!("{:8192}", "{\"run_id\":\"x\""),
        ] {
            lab.clear();
            fs::write(&path, &others).unwrap();
            for option in ["--resume", "--force"] {
                ended(&mut lab.run(&[option]))
                    .says(2, &[name, "move it away"])
                    .unwrap();
            }
            assert!(fs::read(&path).unwrap() == others.as_bytes(), "{name}");
        }
    }
}

/// A kill at any operation leaves nothing that the next resume does not take over.
#[test]
fn a_state_is_one_of_ours_from_its_creation_on() {
    let lab = Lab::new("dx = 0.05; runtime = 1; outtime = 0.5");
    let reference = lab.reference();
    let memory = lab.little_memory().unwrap().to_string();
    let run = || lab.run(&["--resume", "--threads", "1", "--memory", &memory]);
    lab.clear();
    let (told, operations) = ended_with(&mut run(), &lab.out, Fault::default());
    assert!(
        operations.iter().any(|one| one.contains("scratch")),
        "{told:?} {operations:?}"
    );
    let of_scratch = (1..)
        .zip(&operations)
        .filter(|(_, one)| one.contains("scratch"));
    for (at, _) in of_scratch.take(12) {
        lab.clear();
        let fault = Fault {
            at,
            kind: "kill",
            ..Fault::default()
        };
        ended_with(&mut run(), &lab.out, fault);
        let resumed = ended(&mut lab.run(&["--resume"]));
        assert_eq!(
            resumed.code,
            Some(0),
            "killed after {at}: {}",
            resumed.stderr
        );
        lab.is_as(&reference).unwrap();
    }
}

#[test]
fn repair_leaves_files_of_other_programs_alone() {
    let lab = Lab::new("dx = 0.05; runtime = 0.05; outtime = 0.025");
    let reference = lab.reference();
    fs::write(lab.out.join("c.repair"), "years of work").unwrap();
    let mut damaged = reference.cube.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&lab.cube, damaged).unwrap();
    let memory = lab.little_memory().unwrap().to_string();
    let told = ended(lab.on_cube("repair").args(["--memory", &memory]));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(fs::read(&lab.cube).unwrap() == reference.cube);
    assert_eq!(
        fs::read(lab.out.join("c.repair")).unwrap(),
        b"years of work"
    );
}

/// In a directory that others may write to, somebody may have put a file of the right name.
#[test]
fn a_planted_scratch_is_refused() {
    let lab = Lab::new("dx = 0.05; runtime = 1; outtime = 0.5");
    let shared = lab.home.path().join("shared");
    fs::create_dir(&shared).unwrap();
    let memory = lab.little_memory().unwrap().to_string();
    let run = |step: u64| {
        let mut run = lab.run(&["--resume", "--memory", &memory, "--max-walltime", "1ms"]);
        run.arg("--scratch").arg(&shared);
        ended(run.env("DIFF2D_HOLD_AFTER", step.to_string()))
    };
    let told = run(20);
    assert_eq!(told.code, Some(75), "{}", told.stderr);
    let run_id = text(&lab.committed().unwrap().header.unwrap(), "run_id");
    let scratch = shared.join(format!("c-{run_id}.scratch"));
    assert_eq!(fs::metadata(&scratch).unwrap().mode() & 0o777, 0o600);
    let own = fs::read(&scratch).unwrap();

    let precious = lab.home.path().join("precious");
    fs::write(&precious, &own).unwrap();
    fs::remove_file(&scratch).unwrap();
    symlink(&precious, &scratch).unwrap();
    let told = run(40);
    told.says(2, &["symbolic link", "move it away"]).unwrap();
    assert!(fs::read(&precious).unwrap() == own);
    fs::remove_file(&scratch).unwrap();

    fs::write(&scratch, &own).unwrap();
    if std::os::unix::fs::chown(&scratch, Some(12345), None).is_ok() {
        let told = run(40);
        told.says(2, &["belongs to another user"]).unwrap();
        assert!(fs::read(&scratch).unwrap() == own);
        std::os::unix::fs::chown(&scratch, Some(0), None).unwrap();
    }
    let told = run(40);
    assert_eq!(told.code, Some(75), "{}", told.stderr);
}

#[test]
fn files_of_a_run_have_the_permissions_of_its_cube() {
    let lab = Lab::new("dx = 0.5; runtime = 10; outtime = 5");
    let stopped = |option: &str| {
        let mut run = lab.run(&[option, "--max-walltime", "1ms"]);
        ended(run.env("DIFF2D_HOLD_AFTER", "20"))
    };
    let told = stopped("--quiet");
    assert_eq!(told.code, Some(75), "{}", told.stderr);
    let set = |mode: u32| {
        let cube = File::open(&lab.cube).unwrap();
        cube.set_permissions(fs::Permissions::from_mode(mode))
            .unwrap();
    };
    let modes =
        || [&lab.cube, &lab.checkpoint()].map(|path| fs::metadata(path).unwrap().mode() & 0o7777);
    for (mode, kept) in [(0o600, 0o600), (0o4640, 0o640)] {
        set(mode);
        let told = stopped("--force");
        assert_eq!(told.code, Some(75), "{}", told.stderr);
        assert_eq!(modes(), [kept, kept]);
    }
}

/// A backup of links, and a journal that is a link.
#[test]
fn a_journal_with_other_names_is_never_emptied() {
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 10");
    lab.reference();
    let names = ["c.npy", "c.journal"];
    let files = |directory: &Path| names.map(|name| fs::read(directory.join(name)).unwrap());
    let whole = files(&lab.out);
    let backup = lab.home.path().join("backup");
    fs::create_dir(&backup).unwrap();
    for name in names {
        fs::hard_link(lab.out.join(name), backup.join(name)).unwrap();
    }
    let refused = || {
        let forced = ended(&mut lab.run(&["--force"]));
        forced.says(2, &["c.journal", "a second name"]).unwrap();
        assert!(files(&lab.out) == whole && files(&backup) == whole);
    };
    refused();
    fs::remove_file(lab.journal()).unwrap();
    symlink(backup.join("c.journal"), lab.journal()).unwrap();
    refused();
    // The way out.
    fs::remove_file(lab.journal()).unwrap();
    fs::remove_file(&lab.cube).unwrap();
    assert_eq!(ended(&mut lab.run(&[])).code, Some(0));
    assert!(files(&backup) == whole);
}
