//! What every campaign needs: a problem in a directory of its own, the program, the uninterrupted
//! run to compare with, and a reading of cube and journal that shares no code with the program.

use super::journal;
pub use crate::common::{sample_size, seed::Random, size};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    os::unix::{fs::FileExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Problems beyond the course's: every kind of wall, material and source, and all methods. The spacing is
/// `dx`, in steps of about `dx*dx/4`.
pub const PROBLEMS: [(&str, &str); 8] = [
    (
        "walls",
        "grid = \"walls\"; boundary = {left = {flux = 0.5}, right = {robin = [1.0, 2.0, \"sin(t)\"]}, bottom = \"x*cos(t)\", top = {flux = 0.0}}",
    ),
    (
        "material, f32",
        "D = \"where(x*x + y*y < 30, 1, 0.1)\"; precision = \"f32\"",
    ),
    (
        "Dx, Dy and a source",
        "Dx = 1.0; Dy = 0.9; source = \"exp(-(x - 5*cos(t))**2 - y*y)\"; initial = {kind = \"sine\", kx = 1.0, ky = 2.0}",
    ),
    (
        "periodic",
        "grid = \"walls\"; D = \"1 - 0.5*(abs(x) < 5)\"; boundary = {left = \"periodic\", right = \"periodic\", bottom = \"periodic\", top = \"periodic\"}",
    ),
    (
        "rkl2",
        "grid = \"walls\"; method = \"rkl2\"; stages = 5; D = \"1 - 0.02*abs(x)\"; source = \"cos(t)\"; boundary = {left = \"sin(t)\", top = {robin = [1.0, 2.0, \"t\"]}}",
    ),
    (
        "record",
        "record = {every = 0.3, totals = true, points = {a = [1.0, 2.5]}, region = [{name = \"pipe\", where = \"x*x + y*y < 40\"}]}",
    ),
    (
        "fields",
        "record = {every = 0.3, totals = true, points = {a = [1.0, 2.5]}, fields = [\"mean\", \"min\", \"max\", \"time_of_max\"]}",
    ),
    (
        "exact",
        "grid = \"walls\"; method = \"exact\"; boundary = {left = {flux = 0.0}, right = {flux = 0.0}}",
    ),
];

/// A problem with a directory for its files: `p.toml`, and `out/` with `c.npy` for the run to make.
pub struct Lab {
    pub home: TempDir,
    pub params: PathBuf,
    pub out: PathBuf,
    pub cube: PathBuf,
    /// The number of nodes, once somebody has asked for it.
    nodes: OnceLock<u64>,
}

impl Lab {
    /// The course's problem with a few keys of its own.
    pub fn new(keys: &str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), keys)
    }

    pub fn within(home: TempDir, keys: &str) -> Self {
        let params = home.path().join("p.toml");
        let material = if keys.contains("D = ") || keys.contains("Dx = ") {
            ""
        } else {
            "D = 1.0\n"
        };
        let text = format!("{material}x1 = -10.0\nx2 = 10.0\n{keys}\n").replace("; ", "\n");
        fs::write(&params, text).unwrap();
        let out = home.path().join("out");
        fs::create_dir(&out).unwrap();
        let cube = out.join("c.npy");
        Self {
            home,
            params,
            out,
            cube,
            nodes: OnceLock::new(),
        }
    }

    pub fn journal(&self) -> PathBuf {
        self.cube.with_extension("journal")
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.cube.with_extension("ckpt")
    }

    /// `diff2d run` on this problem.
    pub fn run(&self, args: &[&str]) -> Command {
        let mut command = diff2d(&["run"]);
        command.arg(&self.params).arg("-o").arg(&self.cube);
        command.args(args);
        command
    }

    /// Bytes of memory into which its state does not fit; `None` of methods that need it in memory.
    pub fn little_memory(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.params).unwrap();
        if text.contains("method") || text.contains("fields") {
            return None;
        }
        let nodes = *self.nodes.get_or_init(|| {
            let planned = ended(diff2d(&["plan", "--json"]).arg(&self.params));
            let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
            plan["nx"].as_u64().unwrap() * plan["ny"].as_u64().unwrap()
        });
        let element_bytes = if text.contains("f32") { 4 } else { 8 };
        Some(4 * nodes * element_bytes)
    }

    /// `diff2d COMMAND` on its cube.
    pub fn on_cube(&self, command: &str) -> Command {
        let mut command = diff2d(&[command]);
        command.arg(&self.cube);
        command
    }

    /// Removes what runs left behind.
    pub fn clear(&self) {
        if self.out.exists() {
            fs::remove_dir_all(&self.out).unwrap();
        }
        fs::create_dir(&self.out).unwrap();
    }

    /// The uninterrupted run; its files stay.
    pub fn reference(&self) -> Finished {
        self.clear();
        let ended = ended(&mut self.run(&["--threads", "1"]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        self.finished(&ended.stdout)
    }

    /// What a finished run left.
    pub fn finished(&self, printed: &str) -> Finished {
        Finished {
            cube: fs::read(&self.cube).unwrap(),
            lines: snapshot_lines(&fs::read(self.journal()).unwrap()),
            times: printed.lines().map(str::to_owned).collect(),
            others: self.others(),
        }
    }

    /// The files beside cube and journal.
    fn others(&self) -> BTreeMap<String, Vec<u8>> {
        let all = fs::read_dir(&self.out).unwrap().map(Result::unwrap);
        let named = all.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
        let others = named.filter(|(name, _)| !["c.journal", "c.npy"].contains(&name.as_str()));
        others
            .map(|(name, path)| (name, fs::read(path).unwrap()))
            .collect()
    }

    /// The journal as an outsider reads it, and every listed snapshot against its digest.
    pub fn committed(&self) -> Result<Listed, String> {
        let journal = fs::read(self.journal()).unwrap_or_default();
        let listed = Listed::read(&journal);
        if listed.header.is_some() {
            let cube = fs::read(&self.cube).map_err(|error| {
                format!("the journal has a header and the cube is not there: {error}")
            })?;
            listed.proves(&cube)?;
        }
        Ok(listed)
    }

    /// That the run is finished as if nothing had ever happened: same cube, same snapshot lines,
    /// and the same files beside them.
    pub fn is_as(&self, reference: &Finished) -> Result<(), String> {
        let cube = fs::read(&self.cube).map_err(|error| format!("no cube: {error}"))?;
        if cube != reference.cube {
            let at = cube.iter().zip(&reference.cube).position(|(a, b)| a != b);
            return Err(format!(
                "the cube differs from the uninterrupted one, first at byte {at:?} of {} and {}",
                cube.len(),
                reference.cube.len()
            ));
        }
        if snapshot_lines(&fs::read(self.journal()).unwrap_or_default()) != reference.lines {
            return Err("the snapshot lines differ from the uninterrupted run's".to_owned());
        }
        let others = self.others();
        if !others.keys().eq(reference.others.keys()) {
            let names = others.keys();
            return Err(format!("files are left over, or missing: {names:?}"));
        }
        if let Some((name, _)) = others
            .iter()
            .find(|(name, bytes)| reference.others[*name] != **bytes)
        {
            return Err(format!("{name} differs from that of the uninterrupted run"));
        }
        Ok(())
    }
}

/// What an uninterrupted run leaves and prints.
pub struct Finished {
    pub cube: Vec<u8>,
    pub lines: Vec<String>,
    pub times: Vec<String>,
    pub others: BTreeMap<String, Vec<u8>>,
}

/// The snapshot lines of a journal without their check sums, which cover the run's id.
fn snapshot_lines(journal: &[u8]) -> Vec<String> {
    journal::without_ids(&String::from_utf8_lossy(journal))
        .split_off(usize::from(!journal.is_empty()))
}

/// What a journal lists, read without the program's own code.
#[derive(Debug)]
pub struct Listed {
    pub header: Option<Value>,
    pub records: Vec<Value>,
    /// Bytes of the valid lines.
    pub bytes: Vec<u8>,
}

impl Listed {
    pub fn read(journal: &[u8]) -> Self {
        let mut listed = Self {
            header: None,
            records: Vec::new(),
            bytes: Vec::new(),
        };
        for line in journal.split_inclusive(|&byte| byte == b'\n') {
            let run_id = listed.header.as_ref().map(|header| text(header, "run_id"));
            let Some(value) = sealed(line, run_id.as_deref()) else {
                break;
            };
            if listed.header.is_none() {
                listed.header = Some(value);
            } else if value["index"] == listed.records.len() {
                listed.records.push(value);
            } else {
                break;
            }
            listed.bytes.extend_from_slice(line);
        }
        listed
    }

    /// Bytes of a snapshot.
    fn snapshot_bytes(&self) -> Option<(usize, usize)> {
        let header = self.header.as_ref()?;
        let length = |axis: usize| header["shape"][axis].as_u64().unwrap() as usize;
        let width = if text(header, "dtype") == "<f8" { 8 } else { 4 };
        Some((length(0), length(1) * length(2) * width))
    }

    /// Every listed snapshot has its digest in the cube.
    pub fn proves(&self, cube: &[u8]) -> Result<(), String> {
        let Some((snapshots, bytes)) = self.snapshot_bytes() else {
            return Ok(());
        };
        if cube.len() != 4096 + snapshots * bytes {
            return Err(format!(
                "line 1 is there and the cube has {} bytes",
                cube.len()
            ));
        }
        if !cube.starts_with(b"\x93NUMPY\x01\x00") || cube[4095] != b'\n' {
            return Err("line 1 is there and the cube has no header".to_owned());
        }
        for (record, snapshot) in self.records.iter().zip(cube[4096..].chunks(bytes)) {
            if digest(snapshot) != text(record, "sha256") {
                return Err(format!("snapshot {} is listed and torn", record["index"]));
            }
        }
        Ok(())
    }

    /// One listed snapshot has its digest in a cube that is being written.
    pub fn proves_in(&self, cube: &File, index: usize) -> Result<(), String> {
        let Some((_, bytes)) = self.snapshot_bytes() else {
            return Ok(());
        };
        let mut snapshot = vec![0; bytes];
        cube.read_exact_at(&mut snapshot, (4096 + index * bytes) as u64)
            .map_err(|error| format!("snapshot {index}: {error}"))?;
        if digest(&snapshot) == text(&self.records[index], "sha256") {
            return Ok(());
        }
        Err(format!("snapshot {index} is listed and torn"))
    }
}

pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap().to_owned()
}

/// The object of a line whose check sum is right.
fn sealed(line: &[u8], run_id: Option<&str>) -> Option<Value> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let value: Value = serde_json::from_str(line).ok()?;
    let run_id = run_id.map_or_else(|| text(&value, "run_id"), str::to_owned);
    journal::is_sealed(line, &run_id).then_some(value)
}

/// The digest as the format's description has it.
fn digest(snapshot: &[u8]) -> String {
    let mut whole = Sha256::new();
    for block in snapshot.chunks(4 << 20) {
        whole.update(Sha256::digest(block));
    }
    hex(&whole.finalize())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The program with arguments, its streams to be read.
pub fn diff2d(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diff2d"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// How lines on stderr begin that are no errors.
const NOTES: [&str; 2] = ["diff2d: warning: ", "diff2d: continuing after step "];

impl Ended {
    /// That it ended with this code and one sentence on stderr, beside notes, that holds all of `words`.
    pub fn says(&self, code: i32, words: &[&str]) -> Result<(), String> {
        let lines: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| !NOTES.iter().any(|note| line.starts_with(note)))
            .collect();
        let plain = lines.len() == 1
            && lines[0].starts_with("diff2d: ")
            && !self.stderr.contains("panicked")
            && words.iter().all(|word| self.stderr.contains(word));
        if self.code == Some(code) && plain {
            return Ok(());
        }
        Err(format!(
            "expected exit code {code} and one sentence with {words:?}, got {:?} (signal {:?}) and {:?}",
            self.code, self.signal, self.stderr
        ))
    }
}

/// Runs a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

/// Waits for a child that is there.
pub fn ended_child(child: Child) -> Ended {
    child.wait_with_output().unwrap().into()
}

/// Starts a run that is held behind a step, and waits until it has come there. The run must be `--verbose`.
pub fn held(run: &mut Command, step: u64) -> Child {
    let mut child = run
        .env("DIFF2D_HOLD_AFTER", step.to_string())
        .spawn()
        .unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    let mut told = Vec::new();
    let sentence = format!("held behind step {step}\n");
    while !told.ends_with(sentence.as_bytes()) {
        let mut byte = [0];
        let count = stderr.read(&mut byte).unwrap();
        assert_eq!(count, 1, "{}", String::from_utf8_lossy(&told));
        told.extend(byte);
    }
    child
}

/// Waits until `holds`; a deadline only keeps a broken program from hanging the tests.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(1200);
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "waited twenty minutes until {what}, in vain"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Sends a signal to a child that is there.
pub fn send(child: &Child, signal: nix::sys::signal::Signal) {
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(id, signal).unwrap();
}

/// How many whole lines a journal has behind its first, at this moment.
pub fn lines_so_far(journal: &Path) -> usize {
    let bytes = fs::read(journal).unwrap_or_default();
    bytes
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        .saturating_sub(1)
}
