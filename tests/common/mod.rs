//! A directory to work in, the program to run in it, and Python to judge by.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

pub mod journal;
pub mod problems;
pub mod seed;
pub mod written;

use rayon::prelude::*;
use std::{
    env,
    ffi::OsStr,
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Parameters that run in a blink: 20² interior nodes, 15 steps, 4 snapshots.
pub const SMALL: &str = "\
D = 1.0
x1 = -10.0
x2 = 10.0
runtime = 3.75
dx = 1.0
outtime = 1.25
";

/// An empty directory, gone when it is dropped.
pub struct Scene(TempDir);

impl Scene {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// With [`SMALL`] as `p.toml`.
    pub fn small() -> Self {
        let scene = Self::new();
        scene.write("p.toml", SMALL);
        scene
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the scene")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    /// Runs a command that writes an array, which must have the same bytes for any number of threads and
    /// with little memory.
    pub fn same_for_any_threads_and_memory(&self, command: &str, little: &str) {
        let runs = [("1", "256MiB"), ("2", "256MiB"), ("3", little)];
        let results = runs.map(|(threads, memory)| {
            let status = self
                .diff2d()
                .args(command.split(' '))
                .args(["-o", "out.npy", "--force", "--memory", memory])
                .env("RAYON_NUM_THREADS", threads)
                .status()
                .expect("the program starts");
            assert!(status.success(), "{command} with {memory}");
            self.read("out.npy")
        });
        assert!(results[0] == results[1], "{command}: threads");
        assert!(results[0] == results[2], "{command}: memory");
    }

    /// The lines of a journal without what is new in every run.
    pub fn journal(&self, name: &str) -> Vec<String> {
        journal::without_ids(&self.text(name))
    }

    /// A cube and its journal, the latter without what is new in every run.
    pub fn cube_and_journal(&self, stem: &str) -> (Vec<u8>, Vec<String>) {
        let journal = self.journal(&format!("{stem}.journal"));
        (self.read(&format!("{stem}.npy")), journal)
    }

    /// Makes of the cube and journal `from` what a run that was killed after `snapshots` commits leaves as `to`. Of a run that
    /// has ended early, the cube has all snapshots again that were planned.
    pub fn cut(&self, from: &str, to: &str, snapshots: usize, snapshot_bytes: usize) {
        let mut cube = self.read(&format!("{from}.npy"));
        let journal = self.text(&format!("{from}.journal"));
        let first_line = journal.lines().next().expect("line 1");
        let header: serde_json::Value = serde_json::from_str(first_line).expect("JSON");
        let planned = header["shape"][0].as_u64().expect("a length");
        let data_begin = cube.len() - data_of(&cube).len();
        let text = String::from_utf8_lossy(&cube[10..data_begin]).into_owned();
        let committed = journal.lines().count() - 1;
        let text = text.replace(&format!("({committed}, "), &format!("({planned}, "));
        let text = format!("{:1$}\n", text.trim_end(), data_begin - 11);
        cube.splice(10..data_begin, text.into_bytes());
        cube[data_begin + snapshots * snapshot_bytes..].fill(0);
        cube.resize(data_begin + planned as usize * snapshot_bytes, 0);
        self.write(&format!("{to}.npy"), cube);
        let lines: String = journal.split_inclusive('\n').take(1 + snapshots).collect();
        self.write(&format!("{to}.journal"), lines);
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// All files below, sorted.
    pub fn files(&self) -> Vec<String> {
        fn walk(directory: &Path, below: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    walk(&path, below, found);
                } else {
                    let name = path.strip_prefix(below).expect("below");
                    found.push(name.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        walk(self.0.path(), self.0.path(), &mut found);
        found.sort();
        found
    }

    /// The program, to be run here.
    pub fn diff2d(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_diff2d"))
    }

    /// Any command, to be run here, without what this terminal would tell it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("RUST_BACKTRACE");
        command
    }

    /// Runs the program with arguments separated by spaces.
    pub fn run(&self, arguments: &str) -> Told {
        self.run_args(arguments.split_whitespace())
    }

    pub fn run_args(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Told {
        Told::from(self.diff2d().args(arguments).output().expect("diff2d"))
    }

    /// Runs the program with arguments separated by spaces. A run is held behind a step, until its wall time is over.
    pub fn run_held(&self, step: u64, arguments: &str) -> Told {
        let mut command = self.diff2d();
        command.args(arguments.split_whitespace());
        command.env("DIFF2D_HOLD_AFTER", step.to_string());
        Told::from(command.output().expect("diff2d"))
    }

    /// Runs the program, which must succeed.
    pub fn succeed(&self, arguments: &str) -> Told {
        self.succeed_args(arguments.split_whitespace())
    }

    pub fn succeed_args<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Told {
        let arguments: Vec<A> = arguments.into_iter().collect();
        let told = self.run_args(&arguments);
        let words: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        assert_eq!(told.code, Some(0), "diff2d {words:?}\n{told}");
        told
    }
}

/// What a command said, and how it ended.
pub struct Told {
    /// `None` after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// `exit 2: the sentence`, for snapshots.
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "exit {code}")?,
            None => write!(f, "killed by a signal")?,
        }
        for text in [&self.stdout, &self.stderr] {
            if !text.is_empty() {
                write!(f, "\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// A picture of so many bits, white above and black below.
pub fn write_half_white(scene: &Scene, side: u32) {
    let file = fs::File::create(scene.path("u.png")).unwrap();
    let mut picture = png::Encoder::new(std::io::BufWriter::new(file), side, side);
    picture.set_color(png::ColorType::Grayscale);
    picture.set_depth(png::BitDepth::One);
    let mut writer = picture.write_header().unwrap();
    let bytes = side.div_ceil(8) * side;
    let rows: Vec<u8> = (0..bytes)
        .map(|byte| if byte < bytes / 2 { 0xff } else { 0 })
        .collect();
    writer.write_image_data(&rows).unwrap();
    writer.finish().unwrap();
}

/// A TIFF file of one strip, with tags whose values have 16 bits, in ascending order.
pub fn tiff(is_little: bool, tags: &[(u16, &[u16])], strip: &[u8]) -> Vec<u8> {
    let (offset, length) = (273, 279);
    let mut entries: Vec<(u16, &[u16])> = tags.to_vec();
    entries.extend([(offset, &[][..]), (length, &[][..])]);
    entries.sort_by_key(|&(tag, _)| tag);
    let mut file = if is_little {
        b"II*\0".to_vec()
    } else {
        b"MM\0*".to_vec()
    };
    file.extend(long(is_little, 8));
    file.extend(short(is_little, entries.len() as u16));
    let mut behind_directory = strip.to_vec();
    let first_byte = 8 + 2 + 12 * entries.len() + 4;
    for (tag, values) in entries {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|&value| short(is_little, value))
            .collect();
        let is_of_strip = values.is_empty();
        file.extend(short(is_little, tag));
        file.extend(short(is_little, if is_of_strip { 4 } else { 3 }));
        file.extend(long(is_little, values.len().max(1)));
        match (tag, bytes.len()) {
            _ if tag == offset => file.extend(long(is_little, first_byte)),
            _ if tag == length => file.extend(long(is_little, strip.len())),
            (_, 0..=4) => file.extend([&bytes[..], &[0; 4]].concat()[..4].iter()),
            _ => {
                file.extend(long(is_little, first_byte + behind_directory.len()));
                behind_directory.extend(bytes);
            }
        }
    }
    file.extend(long(is_little, 0));
    file.extend(behind_directory);
    file
}

fn short(is_little: bool, value: u16) -> [u8; 2] {
    if is_little {
        value.to_le_bytes()
    } else {
        value.to_be_bytes()
    }
}

fn long(is_little: bool, value: usize) -> [u8; 4] {
    let value = value as u32;
    if is_little {
        value.to_le_bytes()
    } else {
        value.to_be_bytes()
    }
}

/// The data of a cube behind its header of 4096 bytes.
pub fn data_of(cube: &[u8]) -> &[u8] {
    &cube[4096..]
}

/// Runs a program of this folder by Python with its libraries, which must succeed; what it printed.
///
/// `DIFF2D_PYTHON` names the interpreter where `python3` is not the one that has NumPy.
pub fn python<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> String {
    let interpreter = env::var_os("DIFF2D_PYTHON").unwrap_or_else(|| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(script);
    let output = Command::new(&interpreter)
        .arg("-B")
        .arg(&script)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "these tests compare with NumPy, and {} cannot be started ({error}): \
                 install python3 and numpy, or run tests/run-all --install",
                interpreter.display()
            )
        });
    let told = Told::from(output);
    assert!(
        !told.stderr.contains("No module named '"),
        "these tests compare with NumPy, SciPy, Bottleneck and pandas, and {} lacks one of them: pip install \
         numpy scipy bottleneck pandas, or run tests/run-all --install\n{told}",
        interpreter.display()
    );
    assert_eq!(told.code, Some(0), "{}\n{told}", script.display());
    told.stdout
}

/// Bytes that a limit of the memory counts for the program on so many nodes, at least, beside what the state takes.
pub fn program(nodes: u64) -> u64 {
    (nodes * 8 / 3).min(10 << 20)
}

/// Whether DIFF2D_FULL asks for thousands of random cases instead of hundreds.
pub fn full() -> bool {
    env::var("DIFF2D_FULL").is_ok_and(|value| value != "0")
}

/// `full` with DIFF2D_FULL, else `small`.
pub fn size(full: usize, small: usize) -> usize {
    if self::full() { full } else { small }
}

/// `full` with DIFF2D_FULL, `usual` with DIFF2D_FAULTS, which `tests/run-all --full` sets, and else `short`.
pub fn sample_size(full: usize, usual: usize, short: usize) -> usize {
    let is_usual = env::var_os("DIFF2D_FAULTS").is_some();
    size(full, if is_usual { usual } else { short })
}

/// Runs the random commands that a script makes for a test, and has it check their outputs.
pub fn judged_by(script: &str, count: usize, test: &str) {
    seed::seeds(test).for_each(|seed| judged_by_seed(script, count, seed));
}

fn judged_by_seed(script: &str, count: usize, seed: u64) {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    python(
        script,
        ["make", &directory, &count.to_string(), &seed.to_string()],
    );
    let commands = scene.text("commands.txt");
    let commands: Vec<&str> = commands.lines().collect();
    commands.par_iter().enumerate().for_each(|(number, line)| {
        let told = scene.run_args(line.split('\t'));
        let code = told.code.map_or_else(String::new, |code| code.to_string());
        for (name, text) in [
            ("code", code),
            ("stdout", told.stdout),
            ("stderr", told.stderr),
        ] {
            fs::write(scene.path(format!("{number}.{name}")), text).unwrap();
        }
    });
    python(script, ["check", &directory]);
}
