//! Runs under mpirun: the same bytes for any number of ranks, and a rank that fails ends the job.
//!
//! Built with the feature `mpi` only. DIFF2D_MPIRUN names another launcher than `mpirun`, that of the
//! library the program is built with; DIFF2D_FULL makes it 100 kills and all parameter files.
#![cfg(all(feature = "cli", feature = "mpi"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

#[path = "../common/mod.rs"]
mod common;
mod distribute;

use common::{Scene, Told};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Within this time after one rank has failed all have ended.
const END_OF_JOB: Duration = Duration::from_secs(30);
/// A run of a few tenths of a second, with 41 snapshots.
const KEYS: &str = "--set dx=0.1 --set runtime=10 --set outtime=0.25";
/// Rows and fields beside it.
const RECORD: &str = "
[record]
every = 0.1
totals = true
points = { a = [1.0, 2.5] }
fields = ['mean', 'min', 'max', 'time_of_max']
";

fn full() -> bool {
    env::var("DIFF2D_FULL").is_ok_and(|value| value != "0")
}

/// How the names of a record's files end.
const RECORD_FILES: [&str; 6] = [
    "record.csv",
    "record.json",
    "mean.npy",
    "min.npy",
    "max.npy",
    "time_of_max.npy",
];

/// The files of a record.
fn record(scene: &Scene, stem: &str) -> Vec<Vec<u8>> {
    RECORD_FILES
        .iter()
        .map(|name| scene.read(&format!("{stem}.{name}")))
        .collect()
}

fn launcher() -> String {
    env::var("DIFF2D_MPIRUN").unwrap_or_else(|_| "mpirun".to_owned())
}

/// The launcher with what it needs to start more ranks than there are processors, by any user.
fn mpirun(scene: &Scene) -> Command {
    let version = Command::new(launcher()).arg("--version").output();
    let version =
        version.expect("an MPI library with its mpirun: tests/run-all --install installs one");
    let mut command = scene.command(launcher());
    if String::from_utf8_lossy(&version.stdout).contains("Open MPI") {
        command
            .arg("--oversubscribe")
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
    // Launchers look at standard input.
    command.stdin(Stdio::null());
    command
}

fn ranks(scene: &Scene, ranks: usize, arguments: &str) -> Command {
    let mut command = mpirun(scene);
    command
        .args(["-n", &ranks.to_string()])
        .arg(env!("CARGO_BIN_EXE_diff2d"))
        .args(arguments.split_whitespace());
    command
}

fn run(scene: &Scene, count: usize, arguments: &str) -> Told {
    Told::from(ranks(scene, count, arguments).output().unwrap())
}

fn succeed(scene: &Scene, count: usize, arguments: &str) -> Told {
    let told = run(scene, count, arguments);
    assert_eq!(told.code, Some(0), "{count} ranks: {arguments}\n{told}");
    told
}

/// The processes of a job by their rank, found by a word in their environment.
fn processes(word: &str) -> Vec<(usize, Pid)> {
    let is_program = |pid: &Path| {
        let program = fs::canonicalize(env!("CARGO_BIN_EXE_diff2d")).unwrap();
        fs::read_link(pid.join("exe")).is_ok_and(|exe| exe == program)
    };
    let mut found: Vec<(usize, Pid)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let pid: i32 = path.file_name()?.to_str()?.parse().ok()?;
            let environment = String::from_utf8_lossy(&fs::read(path.join("environ")).ok()?)
                .split('\0')
                .map(str::to_owned)
                .collect::<Vec<_>>();
            let rank = environment.iter().find_map(|variable| {
                let (name, value) = variable.split_once('=')?;
                let is_rank = ["OMPI_COMM_WORLD_RANK", "PMI_RANK"].contains(&name);
                is_rank.then(|| value.parse().ok())?
            })?;
            (is_program(&path) && environment.contains(&format!("DIFF2D_JOB={word}")))
                .then_some((rank, Pid::from_raw(pid)))
        })
        .collect();
    found.sort_unstable_by_key(|(rank, _)| *rank);
    found
}

/// Waits for the ranks of a job, which must not take long any more; whether it succeeded.
///
/// Open MPI's own mpirun sometimes hangs when a rank dies while it connects: without ranks, it is
/// killed.
fn ends(mut job: Child, word: &str) -> bool {
    let since = Instant::now();
    let mut gone: Option<Instant> = None;
    loop {
        if let Some(status) = job.try_wait().unwrap()
            && processes(word).is_empty()
        {
            return status.success();
        }
        if processes(word).is_empty() {
            if gone.get_or_insert_with(Instant::now).elapsed() > END_OF_JOB / 6 {
                println!("the launcher of {word} hangs without ranks");
                job.kill().unwrap();
            }
        } else {
            gone = None;
            assert!(since.elapsed() < END_OF_JOB, "ranks of {word} go on");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn any_number_of_ranks_and_threads_writes_the_same_bytes() {
    let scene = Scene::new();
    let params = Path::new(env!("CARGO_MANIFEST_DIR")).join("params");
    let mut small = vec!["quick.toml"];
    let mut counts = vec![(1, 1), (2, 2), (3, 1), (5, 2), (8, 1)];
    if full() {
        small = vec![
            "quick.toml",
            "exercise.toml",
            "diff2dparams.toml",
            "diff2dparams.py",
            "large.toml",
        ];
        counts = [1, 2, 3, 5, 8]
            .into_iter()
            .flat_map(|ranks| [(ranks, 1), (ranks, 2)])
            .collect();
    }
    for file in small {
        for precision in ["f64", "f32"] {
            let command = format!(
                "run {} --set precision={precision} --force",
                params.join(file).display()
            );
            let alone = scene.succeed(&format!("{command} -o alone.npy"));
            let expected = scene.cube_and_journal("alone");
            for &(ranks, threads) in &counts {
                let options = format!("--threads {threads} -o together.npy");
                let told = succeed(&scene, ranks, &format!("{command} {options}"));
                let case = format!("{file} {precision} on {ranks} × {threads}");
                assert_eq!(told.stdout, alone.stdout, "{case}");
                assert!(scene.cube_and_journal("together") == expected, "{case}");
                println!("{case}: equal");
            }
        }
    }
}

#[test]
fn a_killed_rank_ends_the_job_and_any_number_of_ranks_resumes_it() {
    let resumed_by = |number: usize| 1 + number / 2 % 4;
    let kills = if full() { 100_u32 } else { 20 };
    let scene = Scene::small();
    scene.write("r.toml", &(scene.text("p.toml") + RECORD));
    scene.succeed(&format!("run r.toml {KEYS} -o alone.npy"));
    let files = |stem: &str| (scene.cube_and_journal(stem), record(&scene, stem));
    let expected = files("alone");
    let first = format!("run r.toml {KEYS} -o cube.npy --force");
    succeed(&scene, 4, &first);
    // Snapshots are behind line 1 of the journal.
    let snapshots = expected.0.1.len() - 1;
    let journal = scene.text("alone.journal");
    let last: serde_json::Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
    let steps = last["step"].as_u64().unwrap();
    for number in 0..kills {
        let word = format!("{}-{number}", std::process::id());
        let again = format!("run r.toml {KEYS} -o cube.npy");
        for name in RECORD_FILES.iter().chain(&["journal", "npy"]) {
            fs::remove_file(scene.path(&format!("cube.{name}"))).unwrap();
        }
        // The job is held behind its last but one step, so that it cannot end by itself.
        let job = ranks(&scene, 4, &again)
            .env("DIFF2D_JOB", &word)
            .env("DIFF2D_HOLD_AFTER", (steps - 1).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A rank is killed as soon as so many snapshots are committed, a little later, or as soon as it is there; the
        // ranks in turn.
        if number % 5 != 0 {
            let due = (f64::from(number) * 0.618).fract() * snapshots as f64;
            committed(&scene, due as usize);
        }
        if number % 2 == 0 {
            thread::sleep(Duration::from_millis(u64::from(number) * 7 % 50));
        }
        kill(rank(&word, number as usize / 2 % 4), Signal::SIGKILL).unwrap();
        assert!(!ends(job, &word), "kill {number}");
        let by = resumed_by(number as usize);
        succeed(&scene, by, &format!("{again} --resume"));
        assert!(files("cube") == expected, "kill {number}");
    }
}

#[test]
fn a_sweep_that_loses_a_rank_is_resumed_by_any_number_of_ranks() {
    let scene = Scene::small();
    scene.write(
        "s.toml",
        "params = \"p.toml\"\ndx = 0.1\nD = { from = 0.5, to = 2, count = 24, scale = \"log\" }\n",
    );
    scene.succeed("sweep s.toml -o alone.npy");
    let expected = scene.read("alone.npy");
    let rows = scene.read("alone.csv");
    let all = succeed(&scene, 3, "sweep s.toml -o cube.npy --threads 1");
    let mut numbers: Vec<u32> = all
        .stdout
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..24), "{all}");
    assert!(scene.read("cube.npy") == expected && scene.read("cube.csv") == rows);
    let kills = if full() { 50 } else { 6 };
    let mut partial = 0;
    for number in 0..kills {
        let word = format!("{}-sweep-{number}", std::process::id());
        let again = "sweep s.toml -o cube.npy --threads 1";
        fs::remove_file(scene.path("cube.journal")).unwrap();
        fs::remove_file(scene.path("cube.npy")).unwrap();
        let job = ranks(&scene, 3, again)
            .env("DIFF2D_JOB", &word)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Of 24 scenarios with four snapshots the job has most before it.
        committed(&scene, 1 + number as usize * 7 % 40);
        let victim = processes(&word)
            .into_iter()
            .find(|(rank, _)| *rank == number as usize % 3);
        if let Some((_, pid)) = victim {
            // It may have ended by itself.
            let _ = kill(pid, Signal::SIGKILL);
        }
        let succeeded = ends(job, &word);
        let whole = scene.exists("cube.npy") && scene.read("cube.npy") == expected;
        assert!(whole || !succeeded);
        partial += u32::from(!whole);
        let resume = format!("{again} --resume");
        succeed(&scene, 1 + number as usize % 4, &resume);
        assert!(scene.read("cube.npy") == expected, "kill {number}");
        scene.succeed("verify cube.npy");
    }
    println!("{partial} of {kills} sweeps had to be resumed");
}

#[test]
fn a_signal_to_one_rank_stops_all_resumably() {
    let scene = Scene::small();
    let keys = "--set dx=0.2 --set runtime=40 --set outtime=10";
    let word = format!("{}-signal", std::process::id());
    let mut job = ranks(
        &scene,
        3,
        &format!("run p.toml {keys} -o cube.npy --verbose"),
    )
    .env("DIFF2D_JOB", &word)
    .env("DIFF2D_HOLD_AFTER", "500")
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut told = BufReader::new(job.stderr.take().unwrap());
    let mut stderr = String::new();
    while !stderr.contains("held behind step 500") {
        assert!(told.read_line(&mut stderr).unwrap() > 0, "{stderr}");
    }
    kill(rank(&word, 2), Signal::SIGTERM).unwrap();
    told.read_to_string(&mut stderr).unwrap();
    let status = job.wait().unwrap();
    assert_eq!(
        stderr.matches("stopped by signal 15").count(),
        1,
        "{stderr}"
    );
    assert_eq!(status.code(), Some(143), "{stderr}");
    assert!(scene.exists("cube.ckpt"));
    succeed(
        &scene,
        2,
        &format!("run p.toml {keys} -o cube.npy --resume"),
    );
    scene.succeed(&format!("run p.toml {keys} -o alone.npy"));
    assert!(scene.cube_and_journal("cube") == scene.cube_and_journal("alone"));
}

#[test]
fn at_the_end_of_the_wall_time_all_ranks_have_the_exit_code_of_rank_0() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = -10\nx2 = 10\ndx = 0.1\nruntime = 10\nouttime = 1\n",
    );
    let program = env!("CARGO_BIN_EXE_diff2d");
    // The first time snapshot 0 is committed, which rank 0 alone sees; then nothing.
    for code in ["75", "1"] {
        let run =
            format!("{program} run p.toml -o c.npy --resume --max-walltime 1ms; echo $? >>codes");
        let mut job = mpirun(&scene);
        let status = job.args(["-n", "3", "sh", "-c", &run]).status().unwrap();
        assert!(status.success());
        assert_eq!(
            scene.text("codes").split_whitespace().collect::<Vec<_>>(),
            [code; 3]
        );
        fs::remove_file(scene.path("codes")).unwrap();
    }
}

#[test]
fn an_error_is_told_once() {
    let scene = Scene::small();
    for (arguments, code, sentence) in [
        ("run p.toml --set dx=-1", 2, "dx"),
        ("run p.toml -o cube.npy", 0, ""),
        ("run p.toml -o cube.npy", 2, "complete"),
        ("run p.toml -o /proc/no/cube.npy", 1, "/proc/no"),
    ] {
        let told = run(&scene, 3, arguments);
        assert_eq!(told.code, Some(code), "{arguments}\n{told}");
        let ours = told
            .stderr
            .lines()
            .filter(|line| line.starts_with("diff2d: "));
        let sentences: Vec<&str> = ours.filter(|line| !line.contains("done in")).collect();
        assert_eq!(sentences.len(), usize::from(code != 0), "{told}");
        assert!(sentences.concat().contains(sentence), "{told}");
    }
}

#[test]
fn a_disk_error_of_one_rank_ends_the_job_and_is_told_once() {
    let scene = Scene::small();
    let keys = "--set dx=0.05 --set runtime=40 --set outtime=1";
    let word = format!("{}-disk", std::process::id());
    let command = format!("run p.toml {keys} -o cube.npy --io write --quiet");
    let job = ranks(&scene, 3, &command)
        .env("DIFF2D_JOB", &word)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    committed(&scene, 1);
    // From now on the last rank may not write beyond the first megabyte.
    let pid = rank(&word, 2);
    let limited = Command::new("prlimit")
        .args([format!("--pid={pid}"), "--fsize=1048576".to_owned()])
        .status();
    assert!(limited.unwrap().success());
    let since = Instant::now();
    let output = job.wait_with_output().unwrap();
    assert!(since.elapsed() < END_OF_JOB);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("diff2d: ") && !line.starts_with("diff2d: warning"))
        .collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    assert!(
        errors[0].starts_with("diff2d: rank 2: cannot write cube.npy: File too large"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    succeed(
        &scene,
        2,
        &format!("run p.toml {keys} -o cube.npy --resume"),
    );
    scene.succeed(&format!("run p.toml {keys} -o alone.npy"));
    assert!(scene.cube_and_journal("cube") == scene.cube_and_journal("alone"));
}

/// Waits until a job has committed so many snapshots.
fn committed(scene: &Scene, count: usize) {
    let journal = || fs::read_to_string(scene.path("cube.journal")).unwrap_or_default();
    while journal().lines().count() < 1 + count {
        thread::sleep(Duration::from_millis(2));
    }
}

/// The process of a rank, which is there or will be.
fn rank(word: &str, rank: usize) -> Pid {
    loop {
        let found = processes(word).into_iter().find(|found| found.0 == rank);
        if let Some((_, process)) = found {
            return process;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
