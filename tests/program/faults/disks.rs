//! Disks that are really full, and limits on the size of files.

use super::{
    lab::{
        Ended, Finished, Lab, PROBLEMS, Random, ended, ended_child, lines_so_far, sample_size,
        send, size, wait_until,
    },
    layer::{Fault, above, ended_with},
};
use crate::common::seed::seeds;
use nix::sys::signal::Signal;
use std::{fs, io::Write, os::unix::process::CommandExt, path::PathBuf, process::Command};

const PAGE: u64 = 4096;

/// Whether space for the journal is reserved before step 1: only Linux can, where its functions are not left out
/// (`crates/sys/build.rs`).
const JOURNAL_IS_RESERVED: bool =
    cfg!(target_os = "linux") && option_env!("DIFF2D_PORTABLE").is_none();

/// A filesystem in memory of a few pages, with the cube of a problem on it.
struct SmallDisk {
    lab: Lab,
    reference: Finished,
    at: PathBuf,
}

impl SmallDisk {
    /// `None`, said aloud, where nobody may mount.
    fn new(campaign: &str, keys: &str) -> Option<Self> {
        let mut lab = Lab::new(keys);
        let reference = lab.reference();
        let at = lab.home.path().join("disk");
        fs::create_dir(&at).unwrap();
        lab.cube = at.join("c.npy");
        lab.out = at.clone();
        let disk = Self { lab, reference, at };
        if disk.mounted(1) {
            return Some(disk);
        }
        println!("{campaign}: SKIPPED: mounting a small tmpfs needs root");
        None
    }

    fn mounted(&self, pages: u64) -> bool {
        let _ = Command::new("umount").arg(&self.at).output();
        Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={}", pages * PAGE),
                "tmpfs",
            ])
            .arg(&self.at)
            .output()
            .is_ok_and(|mounted| mounted.status.success())
    }

    fn grow(&self, pages: u64) {
        let grown = Command::new("mount")
            .args(["-o", &format!("remount,size={}", pages * PAGE)])
            .arg(&self.at)
            .output()
            .unwrap();
        assert!(grown.status.success(), "{grown:?}");
    }

    fn cube_pages(&self) -> u64 {
        (self.reference.cube.len() as u64).div_ceil(PAGE)
    }

    /// Pages of all files of a whole run but its journal.
    fn all_pages(&self) -> u64 {
        let others = self.reference.others.values();
        let pages = |bytes: &Vec<u8>| (bytes.len() as u64).div_ceil(PAGE);
        self.cube_pages() + others.map(pages).sum::<u64>()
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.at).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Fills what is left of the disk.
    fn fill(&self) {
        let mut other = fs::File::create(self.at.join("other")).unwrap();
        let page = [7; PAGE as usize];
        while other.write_all(&page).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.at.join("other")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

/// The smallest disk on which a run completes; on every smaller one it refuses before step 1.
fn smallest(disk: &SmallDisk, run: impl Fn() -> Ended) -> u64 {
    for pages in disk.cube_pages() - 1.. {
        assert!(disk.mounted(pages));
        let free = disk_free(disk);
        let ended = run();
        if ended.code == Some(0) {
            disk.lab.is_as(&disk.reference).unwrap();
            return pages;
        }
        let needed = disk.reference.cube.len().to_string();
        ended
            .says(
                1,
                &[
                    &format!("needs {needed} bytes"),
                    &format!("has {free} bytes"),
                ],
            )
            .unwrap_or_else(|why| panic!("{pages} pages: {why}"));
        assert_eq!(ended.stdout, "", "it stepped");
        assert_eq!(disk.files(), Vec::<PathBuf>::new(), "{pages} pages");
        assert!(pages < disk.cube_pages() + 100, "no disk is large enough");
    }
    unreachable!()
}

fn disk_free(disk: &SmallDisk) -> u64 {
    let status = nix::sys::statvfs::statvfs(&disk.at).unwrap();
    status.blocks_available() * status.fragment_size()
}

#[test]
fn full_disk() {
    if !JOURNAL_IS_RESERVED {
        return;
    }
    let Some(disk) = SmallDisk::new("full_disk", "dx = 1; runtime = 100; outtime = 5") else {
        return;
    };
    for io in ["map", "write"] {
        let pages = smallest(&disk, || ended(&mut disk.lab.run(&["--io", io])));
        println!(
            "full_disk: --io {io}: {pages} pages suffice, {} are refused before step 1 and leave no file (cube: {} pages)",
            pages - 1,
            disk.cube_pages()
        );
    }
}

/// A state in bands takes room on the disk only where passes do not lead to a snapshot each.
#[test]
fn disk_for_a_state_in_bands() {
    for (times, fits) in [
        ("runtime = 0.05; outtime = 0.01", true),
        ("runtime = 20; outtime = 20", false),
    ] {
        let keys = format!("dx = 0.2; {times}");
        let Some(mut disk) = SmallDisk::new("disk_for_a_state_in_bands", &keys) else {
            return;
        };
        // Less than a state of 83 kB more than the cube.
        assert!(disk.mounted(disk.cube_pages() + 15));
        let memory = disk.lab.little_memory().unwrap().to_string();
        let ended = ended(&mut disk.lab.run(&["--memory", &memory]));
        if fits {
            ended.says(0, &[]).unwrap();
            disk.lab.is_as(&disk.reference).unwrap();
        } else {
            ended.says(1, &["hold the state", "are free"]).unwrap();
            // So it is where the state alone is on a small disk.
            assert!(disk.mounted(15));
            disk.lab.cube = disk.lab.home.path().join("elsewhere.npy");
            let mut run = disk.lab.run(&["--memory", &memory, "--scratch"]);
            let ended = super::lab::ended(run.arg(&disk.at));
            ended.says(1, &["the state needs", "--scratch"]).unwrap();
            assert!(!disk.lab.cube.exists());
            assert_eq!(disk.files(), Vec::<PathBuf>::new());
        }
    }
}

/// What is kept of nodes between snapshots is counted before step 1, beside the cube.
#[test]
fn disk_for_fields() {
    let keys = "dx = 0.5; runtime = 10; outtime = 1; record.every = 0.25; record.fields = [\"mean\", \"time_of_max\"]";
    let Some(disk) = SmallDisk::new("disk_for_fields", keys) else {
        return;
    };
    let others = disk.reference.others.iter();
    let fields = others.filter(|(name, _)| name.ends_with(".npy"));
    let fields: Vec<u64> = fields.map(|(_, bytes)| bytes.len() as u64).collect();
    assert_eq!(fields.len(), 2);
    let needed = disk.reference.cube.len() as u64 + fields.iter().sum::<u64>();
    // Room for the cube and its journal, and for all but the last page.
    for pages in [disk.cube_pages() + 2, needed / PAGE] {
        assert!(disk.mounted(pages));
        let refused = ended(&mut disk.lab.run(&[]));
        let [needed, free] = [needed, disk_free(&disk)].map(|bytes| bytes.to_string());
        refused.says(1, &["record.fields", &needed, &free]).unwrap();
        assert_eq!(refused.stdout, "", "it stepped");
        assert_eq!(disk.files(), Vec::<PathBuf>::new(), "{pages} pages");
    }
    assert!(disk.mounted(disk.all_pages() + 40));
    let completed = ended(&mut disk.lab.run(&[]));
    completed.says(0, &[]).unwrap();
    disk.lab.is_as(&disk.reference).unwrap();
}

/// Somebody else takes all that is left: what was reserved stays ours.
#[test]
fn disk_filled_by_others() {
    if !JOURNAL_IS_RESERVED {
        return;
    }
    let keys = "dx = 0.2; runtime = 10; outtime = 0.05";
    let Some(disk) = SmallDisk::new("disk_filled_by_others", keys) else {
        return;
    };
    let lab = &disk.lab;
    for io in ["map", "write"] {
        assert!(disk.mounted(disk.cube_pages() + 200));
        let child = lab.run(&["--io", io, "--threads", "1"]).spawn().unwrap();
        wait_until("the first snapshot is committed", || {
            lines_so_far(&lab.journal()) >= 1
        });
        disk.fill();
        let committed = lines_so_far(&lab.journal());
        let ended = ended_child(child);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        disk.empty();
        lab.is_as(&disk.reference).unwrap();
        println!(
            "disk_filled_by_others: --io {io}: full from snapshot {committed} on, the run completes"
        );

        // Killed on a full disk, it completes there too.
        assert!(disk.mounted(disk.cube_pages() + 200));
        let child = lab.run(&["--io", io, "--threads", "1"]).spawn().unwrap();
        wait_until("some snapshots are committed", || {
            lines_so_far(&lab.journal()) >= 3
        });
        disk.fill();
        send(&child, Signal::SIGKILL);
        ended_child(child);
        let resumed = super::lab::ended(&mut lab.run(&["--resume", "--io", io]));
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        disk.empty();
        lab.is_as(&disk.reference).unwrap();
    }
}

/// A filesystem whose reservations do not hold, as those of btrfs may not: through a map, the end of the
/// disk is a signal.
#[test]
fn disk_that_breaks_its_promise() {
    let keys = "dx = 0.2; runtime = 10; outtime = 0.05";
    let Some(disk) = SmallDisk::new("disk_that_breaks_its_promise", keys) else {
        return;
    };
    let lab = &disk.lab;
    for io in ["map", "write"] {
        assert!(disk.mounted(disk.cube_pages() + 200));
        let mut run = lab.run(&["--threads", "1", "--io", io]);
        let fault = Fault {
            sparse: true,
            ..Fault::default()
        };
        above(&mut run, &lab.out, fault);
        let mut child = run.spawn().unwrap();
        wait_until("some snapshots are committed", || {
            lines_so_far(&lab.journal()) >= 3 || child.try_wait().unwrap().is_some()
        });
        disk.fill();
        ended_child(child).says(1, &["space"]).unwrap();
        lab.committed().unwrap();
        disk.empty();
        let resumed = ended(&mut lab.run(&["--resume", "--io", io]));
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        lab.is_as(&disk.reference).unwrap();
        println!("disk_that_breaks_its_promise: --io {io}: exit code 1, resumed");
    }
}

/// A filesystem that cannot reserve: zeros are written, and the journal may meet the end of the disk.
#[test]
fn disk_without_reservation() {
    let keys = "dx = 1; runtime = 100; outtime = 0.7";
    let Some(disk) = SmallDisk::new("disk_without_reservation", keys) else {
        return;
    };
    let lab = &disk.lab;
    let fault = Fault {
        no_alloc: true,
        ..Fault::default()
    };
    let run = |args: &[&str]| ended_with(&mut lab.run(args), &lab.out, fault).0;

    assert!(disk.mounted(disk.cube_pages() / 2));
    run(&["--io", "write"]).says(1, &["bytes", "free"]).unwrap();
    assert_eq!(disk.files(), Vec::<PathBuf>::new());

    // Room for the cube and the journal's first page.
    assert!(disk.mounted(disk.cube_pages() + 1));
    let stopped = run(&["--io", "write", "--verbose"]);
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("zeros"), "{}", stopped.stderr);
    let last = stopped.stderr.lines().last().unwrap();
    assert!(
        last.contains("c.journal") || last.contains("needs"),
        "{last}"
    );
    let committed = lab.committed().unwrap().records.len();
    println!("disk_without_reservation: full after {committed} snapshots: {last}");
    disk.grow(disk.cube_pages() + 100);
    let resumed = run(&["--resume", "--io", "write"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    lab.is_as(&disk.reference).unwrap();
}

/// Disks of any size, filled at any moment: what is committed is whole, and with room the run completes.
#[test]
fn full_disks() {
    seeds("full_disks").map(Random::new).for_each(fill_disks);
}

fn fill_disks(mut random: Random) {
    let problems = size(6, 2);
    let (mut refused, mut stopped, mut completed, mut kept) = (0, 0, 0, 0);
    for (_, keys) in random.some(&PROBLEMS, problems) {
        let keys = format!("dx = 0.5; runtime = 20; outtime = 0.25; {keys}");
        let Some(disk) = SmallDisk::new("full_disks", &keys) else {
            return;
        };
        let lab = &disk.lab;
        for _ in 0..size(34, 3) {
            let pages = disk.all_pages();
            let room = match random.below(4) {
                0 => random.below(pages as usize) as u64 + 1,
                _ => pages + random.below(40) as u64,
            };
            assert!(disk.mounted(room));
            let (io, threads) = (random.pick(&["map", "write"]), random.pick(&["1", "2"]));
            let fault = Fault {
                no_alloc: random.below(2) == 0,
                sparse: random.below(2) == 0,
                ..Fault::default()
            };
            let mut run = lab.run(&["--io", io, "--threads", threads]);
            let little = lab.little_memory().filter(|_| random.below(3) == 0);
            if let Some(memory) = little {
                run.args(["--memory", &memory.to_string()]);
            }
            above(&mut run, &lab.out, fault);
            let mut child = run.spawn().unwrap();
            let lines = random.below(60);
            wait_until("it has come so far", || {
                child.try_wait().unwrap().is_some() || lines_so_far(&lab.journal()) >= lines
            });
            disk.fill();
            let told = ended_child(child);
            match told.code {
                Some(0) => completed += 1,
                Some(1) if disk.files().len() == 1 => refused += 1,
                Some(1) => stopped += 1,
                _ => panic!("{room} pages of {pages}, {fault:?}: {told:?}"),
            }
            if told.code == Some(1) {
                told.says(1, &[])
                    .unwrap_or_else(|why| panic!("{fault:?}: {why}"));
            }
            let before = lab.committed().unwrap();
            kept += before.records.len();
            disk.empty();
            disk.grow(pages + 200);
            let resumed = ended(&mut lab.run(&["--resume", "--io", io]));
            assert_eq!(resumed.code, Some(0), "{fault:?}: {}", resumed.stderr);
            lab.is_as(&disk.reference).unwrap();
            let journal = fs::read(lab.journal()).unwrap();
            assert!(
                journal.starts_with(&before.bytes),
                "a committed line has changed"
            );
        }
    }
    println!(
        "full_disks: {refused} refused, {stopped} stopped on the way and resumed, {completed} completed; 0 of {kept} committed snapshots lost"
    );
}

/// Memory that the system refuses is a sentence, whatever asks for it. A run takes all memory but that of tiles before it
/// commits the initial state, so it leaves no files without it; without tiles it can be resumed.
#[test]
fn refused_memory() {
    let euler = "runtime = 7.2e-5; outtime = 3.6e-5";
    let rkl2 = "method = \"rkl2\"; stages = 31; runtime = 0.009; outtime = 0.009";
    let record = "record = { every = \"step\", totals = true, fields = [\"mean\"] }";
    let recorded = format!("{euler}; {record}");
    for method in [euler, rkl2, &recorded] {
        let lab = Lab::new(&format!("dx = 0.012; y1 = -10.0; y2 = 10.0; {method}"));
        let mut codes = Vec::new();
        for mebibytes in (64..=296).step_by(sample_size(8, 8, 16)) {
            lab.clear();
            let run = lab.run(&["--threads", "2"]);
            let mut limited = Command::new("sh");
            let script = format!("ulimit -v {}; exec \"$@\"", mebibytes << 10);
            limited
                .args(["-c", &script, "sh"])
                .arg(run.get_program())
                .args(run.get_args());
            // The C library reserves address space for each thread, which is no memory but counts here.
            limited.env("MALLOC_ARENA_MAX", "1");
            let ended = ended(&mut limited);
            let told = format!(
                "{method}, {mebibytes} MiB: {:?} {}",
                ended.code, ended.stderr
            );
            assert!(matches!(ended.code, Some(0 | 1)), "{told}");
            if ended.code == Some(1) {
                let has_files = lab.cube.exists() || lab.journal().exists();
                assert_eq!(
                    has_files,
                    ended.stderr.contains("that a step takes"),
                    "{told}"
                );
            }
            codes.push(ended.code);
        }
        assert!(
            codes.contains(&Some(1)) && codes.contains(&Some(0)),
            "{method}: {codes:?}"
        );
    }
}

/// A limit on the size of files is an error with a sentence, not a signal.
#[test]
fn file_size_limit() {
    let lab = Lab::new("dx = 1; runtime = 100; outtime = 5");
    let reference = lab.reference();
    for io in ["map", "write"] {
        lab.clear();
        let run = lab.run(&["--io", io]);
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "ulimit -f 8; exec \"$@\"", "sh"])
            .arg(run.get_program())
            .args(run.get_args())
            .arg0("sh");
        let ended = ended(&mut limited);
        ended.says(1, &["c.npy"]).unwrap();
        assert!(!lab.cube.exists() && !lab.journal().exists());
    }
    let resumed = ended(&mut lab.run(&["--resume"]));
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    lab.is_as(&reference).unwrap();
    println!("file_size_limit: exit code 1 and no file left");
}
