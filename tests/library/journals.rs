//! Journals of every format since the first release stay readable, newer ones and those from before it are named, and none
//! but a journal that proves to be ours is overwritten.

use crate::common::{
    Scene, Told,
    journal::{run_id, sealed},
};
use diff2d::{Cube, JournalledArray, SnapshotId};
use diff2d_sys::LockedFile;
use std::{fs, path::Path};

/// The files of the first release.
const FORMAT_3: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/format-3");

/// Each cube of the fixtures, and what computes it from its parameters. Those that are `recorded` have a record
/// without columns such as `left_flux`.
const CUBES: [(&str, &str); 9] = [
    ("finished", "run run.toml"),
    ("half", "run run.toml"),
    (
        "half-f32",
        "run run.toml --set precision=f32 --set grid=walls",
    ),
    ("checkpoint", "run run.toml"),
    ("half-sweep", "sweep sweep.toml"),
    ("recorded", "run recorded.toml"),
    ("half-recorded", "run recorded.toml"),
    ("recorded-sweep", "sweep recorded-sweep.toml"),
    ("half-recorded-sweep", "sweep recorded-sweep.toml"),
];

/// Commands that read or continue `c.npy`.
const COMMANDS: [&str; 11] = [
    "run run.toml -o c.npy",
    "run run.toml -o c.npy --resume",
    "run run.toml -o c.npy --force",
    "info c.npy",
    "info c.npy --json",
    "verify c.npy",
    "repair c.npy",
    "plot c.npy -o pictures",
    "stats c.npy",
    "probe c.npy --at 0,1,1",
    "compare c.npy finished.npy",
];

/// A directory with copies of the fixtures.
fn fixtures() -> Scene {
    let scene = Scene::new();
    copy(Path::new(FORMAT_3), &scene.path(""));
    scene
}

/// Copies the files of a directory, and those below.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::write(copied, fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// The files of the record beside a cube, with their names behind that of the cube.
fn record(scene: &Scene, stem: &str) -> Vec<(String, Vec<u8>)> {
    let files = scene.files().into_iter();
    let files = files.filter_map(|name| {
        let ending = name.strip_prefix(&format!("{stem}.record"))?.to_owned();
        Some((ending, scene.read(&name)))
    });
    files.collect()
}

/// The fixtures, and `finished` as `c` with another line 1: `change` gets it without its check sum
/// and gives it as it is to be sealed.
fn with_line_1(change: impl Fn(&str) -> String) -> Scene {
    let scene = fixtures();
    let journal = scene.text("finished.journal");
    let (first, rest) = journal.split_once('\n').unwrap();
    let changed = sealed(&change(first), run_id(first)) + rest;
    scene.write("c.npy", scene.read("finished.npy"));
    scene.write("c.journal", changed);
    scene
}

/// A cube and the lines of its snapshots. Line 1 of today may name keys that format 3 had not yet.
fn cube_and_snapshots(scene: &Scene, stem: &str) -> (Vec<u8>, Vec<String>) {
    let (cube, mut journal) = scene.cube_and_journal(stem);
    journal.remove(0);
    (cube, journal)
}

/// Runs every command; none may change the cube or the journal. What each said.
fn all_commands(scene: &Scene) -> Vec<(&'static str, Told)> {
    let files = || (scene.read("c.npy"), scene.read("c.journal"), scene.files());
    let before = files();
    let run = |command| {
        let told = scene.run(command);
        assert!(files() == before, "{command}\n{told}");
        (command, told)
    };
    COMMANDS.into_iter().map(run).collect()
}

#[test]
fn cubes_of_format_3_are_those_of_today() {
    let scene = fixtures();
    scene.succeed("run run.toml -o new.npy");
    assert!(cube_and_snapshots(&scene, "finished") == cube_and_snapshots(&scene, "new"));
}

#[test]
fn cubes_of_format_3_are_read() {
    let scene = fixtures();
    for (name, _) in CUBES {
        let told = scene.succeed(&format!("verify {name}.npy"));
        let committed = scene.journal(&format!("{name}.journal")).len() - 1;
        let sentence = format!("{committed} of {committed} committed snapshots");
        assert!(told.stdout.contains(&sentence), "{name}: {told}");
        let told = scene.succeed(&format!("info {name}.npy"));
        let progress = format!("committed  {committed} of ");
        assert!(told.stdout.contains(&progress), "{name}: {told}");
        let told = scene.succeed(&format!("info {name}.npy --json"));
        assert!(told.stdout.contains("\"dx\":2.5"), "{name}: {told}");
        scene.succeed(&format!("stats {name}.npy"));
    }
    for name in ["recorded", "half-recorded", "recorded-sweep"] {
        let rows = scene.succeed(&format!("stats {name}.record.csv")).stdout;
        assert!(
            rows.contains("unexplained") && !rows.contains("flux"),
            "{rows}"
        );
    }
    let told = scene.succeed("probe half.npy --at t=25,y=0,x=0");
    let expected = scene.succeed("probe finished.npy --at 2,4,4").stdout;
    assert_eq!(told.stdout, expected);
}

#[test]
fn cubes_of_format_3_are_drawn_as_those_of_today() {
    let scene = fixtures();
    scene.succeed("run run.toml -o new.npy");
    let pictures = |cube: &str, range: &str| {
        let told = scene.succeed(&format!("plot {cube}.npy --snapshots {range} -o {cube}"));
        let names = told.stdout.lines();
        names.map(|name| scene.read(name)).collect::<Vec<_>>()
    };
    let expected = pictures("new", ":3");
    for name in ["finished", "half", "checkpoint"] {
        assert!(pictures(name, ":3") == expected, "{name}");
    }
    assert_eq!(pictures("half-sweep", ":").len(), 2);
}

#[test]
fn cubes_of_format_3_are_continued() {
    let scene = fixtures();
    for (name, command) in CUBES {
        // A record that was begun keeps its columns.
        let whole = if name.contains("recorded") {
            name.trim_start_matches("half-").to_owned()
        } else {
            scene.succeed(&format!("{command} -o new-{name}.npy"));
            format!("new-{name}")
        };
        let before = scene.text(&format!("{name}.journal"));
        scene.succeed(&format!("{command} -o {name}.npy --resume"));
        assert!(record(&scene, name) == record(&scene, &whole), "{name}");
        let expected = cube_and_snapshots(&scene, &whole);
        let (cube, mut journal) = cube_and_snapshots(&scene, name);
        assert!(cube == expected.0, "{name}");
        let after = scene.text(&format!("{name}.journal"));
        assert!(after.starts_with(&before), "{name}");
        let mut lines = expected.1;
        if name.ends_with("sweep") {
            // Its lines are in the order of commits.
            journal.sort();
            lines.sort();
        }
        assert_eq!(journal, lines, "{name}");
        assert!(!scene.exists(&format!("{name}.ckpt")), "{name}");
        let told = scene.run(&format!("{command} -o {name}.npy --resume --set D=3"));
        assert_eq!(told.code, Some(2), "{name}\n{told}");
    }
}

#[test]
fn cubes_of_format_3_are_repaired() {
    let scene = fixtures();
    for (name, _) in CUBES {
        let (cube, journal) = (format!("{name}.npy"), format!("{name}.journal"));
        let (bytes, lines) = (scene.read(&cube), scene.text(&journal));
        let mut flipped = bytes.clone();
        // A node in the middle of snapshot 1, and the line of snapshot 1.
        let snapshot = if name == "half-f32" { 324 } else { 800 };
        flipped[4096 + snapshot * 3 / 2] ^= 1;
        let without: String = lines
            .split_inclusive('\n')
            .enumerate()
            .filter(|&(number, _)| number != 2)
            .map(|(_, line)| line)
            .collect();
        for (cube_bytes, journal_text) in [(&flipped, &lines), (&bytes, &without)] {
            scene.write(&cube, cube_bytes);
            scene.write(&journal, journal_text);
            let told = scene.run(&format!("verify {cube}"));
            assert_eq!(told.code, Some(3), "{name}\n{told}");
            scene.succeed(&format!("repair {cube}"));
            assert!(scene.read(&cube) == bytes, "{name}");
            assert_eq!(scene.text(&journal), lines, "{name}");
        }
    }
}

/// Rows and description of a record that an earlier version began are written again as they were, if one of them is left.
#[test]
fn records_of_an_earlier_version_are_repaired() {
    let scene = fixtures();
    for (name, _) in CUBES.iter().filter(|(name, _)| name.contains("recorded")) {
        let files = record(&scene, name);
        let path = |ending: &str| scene.path(format!("{name}.record{ending}"));
        let restored = |what: &str| {
            let told = scene.run(&format!("verify {name}.npy"));
            assert_eq!(told.code, Some(3), "{name} {what}\n{told}");
            scene.succeed(&format!("repair {name}.npy"));
            scene.succeed(&format!("verify {name}.npy"));
            for (ending, bytes) in &files {
                // Rows behind the last committed snapshot are computed when the run goes on.
                let repaired = fs::read(path(ending)).unwrap();
                assert!(bytes.starts_with(&repaired), "{name}{ending} {what}");
                fs::write(path(ending), bytes).unwrap();
            }
        };
        for (ending, bytes) in &files {
            let mut flipped = bytes.clone();
            flipped[bytes.len() / 4] ^= 1;
            fs::write(path(ending), &flipped).unwrap();
            restored(&format!("with a bit turned in {ending}"));
            fs::remove_file(path(ending)).unwrap();
            restored(&format!("without {ending}"));
        }
    }
}

/// What another version warns of, and how it calls columns, does not keep a record from being continued.
#[test]
fn records_with_other_sentences_are_continued() {
    let scene = fixtures();
    for (name, command) in CUBES
        .iter()
        .filter(|(name, _)| name.starts_with("half-recorded"))
    {
        let path = format!("{name}.record.json");
        let text = scene
            .text(&path)
            .replace("simulated time", "time of the row");
        let (before, after) = text.split_once("\"warnings\": [").unwrap();
        let after = after.split_once(']').unwrap().1;
        scene.write(
            &path,
            format!("{before}\"warnings\": [\"a sentence\"]{after}"),
        );
        scene.succeed(&format!("{command} -o {name}.npy --resume"));
    }
}

/// A longer run takes over the columns of the rows that it copies, and a limit is one of these.
#[test]
fn a_record_of_an_earlier_version_is_extended() {
    let scene = fixtures();
    let longer = "run recorded.toml --set runtime=150 --extend recorded.npy --resume -o longer.npy";
    scene.succeed(longer);
    let rows = scene.text("longer.record.csv");
    assert!(
        rows.starts_with(&scene.text("recorded.record.csv")),
        "{rows}"
    );
    scene.succeed("verify longer.npy");
    let limit = "--set until.column=left_flux --set until.below=-1e9";
    let told = scene.run(&format!(
        "{} {limit}",
        longer.replace("longer.npy", "limited.npy")
    ));
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("has no column left_flux"), "{told}");
}

/// Files of an earlier version may have given other columns the names that columns of all records have now.
#[test]
fn names_that_were_free_in_an_earlier_version_stay_valid() {
    let scene = fixtures();
    let text = scene.text("recorded.toml");
    let text = text.replace("{ a =", "{ left_flux =");
    let held = "[[held]]\nwhere = \"hypot(x, y) < 2\"\nvalue = 1\nname = \"top_flux\"\n";
    scene.write("recorded.toml", text + held);
    scene.succeed("run recorded.toml -o new.npy");
    let rows = scene.text("new.record.csv");
    let names: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let place = |name: &str| {
        let places = (0..names.len()).filter(|&place| names[place] == name);
        places.collect::<Vec<_>>()
    };
    let unexplained = place("unexplained")[0];
    assert_eq!(place("top_flux_rate")[0] + 1, place("top_flux")[0]);
    assert_eq!(place("right_flux"), [unexplained + 1]);
    assert_eq!(place("left_flux"), [unexplained + 3], "behind bottom_flux");
    assert_eq!(place("top_flux").len(), 1);
}

#[test]
fn the_library_opens_cubes_and_verifies_their_snapshots() {
    let scene = fixtures();
    let cube = Cube::open(&scene.path("half.npy")).unwrap();
    assert_eq!(cube.times(), [0.0, 12.5, 25.0, 37.5, 50.0, 62.5]);
    let (y, x) = cube.nodes().unwrap();
    assert_eq!((y.len(), x[0], x[9]), (10, -12.5, 12.5));
    let first = cube.snapshot(0).unwrap();
    assert_eq!((first.dim(), first[[0, 5]]), ((10, 10), 0.0));
    let largest = first.iter().copied().fold(0.0, f64::max);
    assert_eq!(largest, cube.commits()[0].max);
    assert!(cube.verify(5).unwrap());
    let error = cube.snapshot(6).unwrap_err().to_string();
    assert!(error.contains("is not committed"), "{error}");

    let mut bytes = scene.read("half.npy");
    bytes[4096 + 5 * 800] ^= 1;
    scene.write("half.npy", bytes);
    assert!(!cube.verify(5).unwrap());
    assert!(cube.verify(4).unwrap());

    let sweep = Cube::open(&scene.path("half-sweep.npy")).unwrap();
    let last = |scenario| SnapshotId {
        scenario: Some(scenario),
        index: 8,
    };
    assert!(sweep.run().is_none() && sweep.nodes().is_none());
    assert!(sweep.verify(last(0)).unwrap());
    assert_eq!(sweep.snapshot(last(0)).unwrap().dim(), (10, 10));
    assert!(sweep.snapshot(last(5)).is_err());
    let f32 = Cube::open(&scene.path("half-f32.npy")).unwrap();
    assert!(f32.snapshot(3).unwrap()[[4, 4]] > 0.0);
}

#[test]
fn a_newer_format_is_named_and_nothing_is_touched() {
    let scene = with_line_1(|line| {
        line.replace("{\"format\":3,", "{\"format\":4,")
            .replace(
                "\"program_version\":\"0.1.0\"",
                "\"program_version\":\"7.1\"",
            )
            .replace("\"shape\":[9,10,10]", "\"shapes\":{\"p\":[9,10,10]}")
    });
    for (command, told) in all_commands(&scene) {
        assert_eq!(told.code, Some(1), "{command}\n{told}");
        assert_eq!(told.stdout, "", "{command}\n{told}");
        let expected = format!(
            "diff2d: c.journal is of format 4, written by diff2d 7.1, and this program (diff2d {}) reads format 3: use that version or a later one\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(told.stderr, expected, "{command}");
    }
}

#[test]
fn a_format_from_before_the_first_release_is_named_and_nothing_is_touched() {
    for format in [0, 1, 2] {
        let scene = with_line_1(|line| {
            line.replace("{\"format\":3,", &format!("{{\"format\":{format},"))
                .replace("\"dx\":2.5,\"dy\"", "\"scenarios\":[],\"dy\"")
        });
        for (command, told) in all_commands(&scene) {
            assert_eq!(told.code, Some(1), "{command}\n{told}");
            assert_eq!(told.stdout, "", "{command}\n{told}");
            let expected = format!(
                "diff2d: c.journal is of format {format}, from before the release of diff2d 0.1.0, and this program reads format 3: move c.journal and c.npy away and compute them again, or use the program that wrote them\n"
            );
            assert_eq!(told.stderr, expected, "{command}");
        }
    }
}

#[test]
fn a_newer_format_may_have_another_check_sum() {
    let scene = fixtures();
    let line = "{\"format\":12,\"run\":\"of another kind\",\"crc64\":\"0123456789abcdef\"}";
    fs::copy(scene.path("half.npy"), scene.path("c.npy")).unwrap();
    for end in ["\n", "\n{\"index\":0}\n"] {
        scene.write("c.journal", format!("{line}{end}"));
        for (command, told) in all_commands(&scene) {
            assert_eq!(told.code, Some(1), "{command}\n{told}");
            assert!(told.stderr.contains("is of format 12"), "{command}\n{told}");
            assert!(!told.stderr.contains("--force"), "{command}\n{told}");
        }
    }
}

#[test]
fn unknown_parameters_are_kept_and_compared() {
    let scene = with_line_1(|line| {
        line.replace(
            "\"precision\":\"f64\"",
            "\"precision\":\"f64\",\"weather\":{\"kind\":\"rain\",\"depth\":2}",
        )
        .replace("\"inputs\"", "\"later\":[1e0],\"inputs\"")
    });
    let journal = scene.text("c.journal");
    let told = scene.succeed("info c.npy");
    let shown = "precision = \"f64\", weather.kind = \"rain\", weather.depth = 2";
    assert!(told.stdout.contains(shown), "{told}");
    let told = scene.run("run run.toml -o c.npy --resume");
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(
        told.stderr,
        "diff2d: c.npy was begun with other parameters: weather.kind was \"rain\" and is absent, weather.depth was 2 and is absent; run with the old ones, or write elsewhere with -o\n"
    );
    // What can be repaired without computing is, and line 1 stays as it was, byte for byte.
    scene.write("c.journal", format!("{journal}torn"));
    scene.succeed("repair c.npy");
    assert_eq!(scene.text("c.journal"), journal);
}

#[test]
fn a_key_that_an_older_program_did_not_know_has_its_default() {
    let scene = with_line_1(|line| line.replace(",\"graphics\":false,\"grid\":\"slides\"", ""));
    let journal = scene.text("c.journal");
    let three: String = journal.split_inclusive('\n').take(3).collect();
    scene.write("c.journal", three);
    scene.succeed("run run.toml -o c.npy --resume");
    assert_eq!(scene.text("c.journal"), journal);
    let told = scene.run("run run.toml -o c.npy --resume --set grid=files");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr.contains("grid was \"slides\" and is \"files\""),
        "{told}"
    );
}

#[test]
fn a_line_1_that_contradicts_itself_is_damage() {
    for (from, to, reason) in [
        ("\"nper\":8", "\"nper\":0", "nper 0"),
        ("\"nsteps\":64", "\"nsteps\":2000000", "begin with [250001]"),
        (
            "\"nsteps\":64",
            "\"nsteps\":18446744073709551615",
            "nsteps is",
        ),
        ("[9,10,10]", "[9,0,10]", "shape is [9, 0, 10]"),
        ("[9,10,10]", "[9,10]", "shape is [9, 10]"),
        (
            "\"y2\":10.0",
            "\"y2\":0.0",
            "its parameters give 6 × 10 nodes",
        ),
        ("[9,10,10]", "[]", "shape is []"),
        ("[9,10,10]", "[9,4294967296,4294967296]", "beyond any file"),
        ("\"dt\":1.5625", "\"dt\":0.0", "dt is not above 0"),
        (
            "\"data_offset\":4096",
            "\"data_offset\":0",
            "data_offset is 0",
        ),
        ("\"shape\":", "\"shapes\":", "missing field `shape`"),
        ("\"params\":{", "\"p\":{", "missing field `params`"),
        (
            "\"inputs\"",
            "\"varied\":{},\"inputs\"",
            "begin with [9, 9]",
        ),
        (
            "\"inputs\"",
            "\"varied\":{\"dt\":[1.0]},\"inputs\"",
            "no value for each scenario",
        ),
        (
            "\"inputs\"",
            "\"varied\":{\"dt\":[\"1\",1,1,1,1,1,1,1,1]},\"inputs\"",
            "scenario 0 has a value of another kind",
        ),
    ] {
        let scene = with_line_1(|line| line.replace(from, to));
        let before = scene.read("c.journal");
        for command in COMMANDS {
            let told = scene.run(command);
            if command.contains("--force") {
                // Its check sum proves it to be ours.
                assert_eq!(told.code, Some(0), "{to}: {command}\n{told}");
                scene.write("c.journal", &before);
                continue;
            }
            assert_eq!(told.code, Some(3), "{to}: {command}\n{told}");
            let expected = "diff2d: line 1 of c.journal cannot be right (";
            assert!(told.stderr.starts_with(expected), "{to}: {command}\n{told}");
            assert!(told.stderr.contains(reason), "{to}: {command}\n{told}");
        }
    }
}

#[test]
fn a_damaged_line_1_is_started_over_only_where_a_record_proves_it() {
    let scene = with_line_1(str::to_owned);
    let whole = scene.text("c.journal");
    let damaged = whole.replacen("\"D\":1.0", "\"D\":1.1", 1);
    let first_line = damaged.split_inclusive('\n').next().unwrap();
    for unproven in [
        first_line,
        &format!("{first_line}{}", &damaged[damaged.len() - 20..]),
        &whole.replacen(run_id(&whole), "0123456789abcdef0123456789abcdef", 1),
        "dear diary\n",
        "dear diary,\0\0\0 that was all",
        "{\"format\":\"mp4\"",
        "{\"format\":2,\"run_id\":\"somebody else's\"",
    ] {
        scene.write("c.journal", unproven);
        for (command, told) in all_commands(&scene) {
            assert_eq!(told.code, Some(3), "{unproven}: {command}\n{told}");
            assert_eq!(
                told.stderr,
                "diff2d: line 1 of c.journal is damaged, or the file was not written by a run of diff2d, so the content of c.npy is unknown: move both away, or write elsewhere with -o\n"
            );
        }
    }
    scene.write("c.journal", &damaged);
    let told = scene.run("run run.toml -o c.npy --resume");
    assert_eq!(told.code, Some(3), "{told}");
    assert_eq!(
        told.stderr,
        "diff2d: line 1 of c.journal is damaged, so the content of c.npy is unknown: --force starts the run over\n"
    );
    scene.succeed("run run.toml -o c.npy --force");
    assert!(cube_and_snapshots(&scene, "c") == cube_and_snapshots(&scene, "finished"));
}

#[test]
fn a_line_1_torn_by_a_power_cut_counts_as_nothing() {
    let whole = fixtures().text("finished.journal");
    let line = whole.split_inclusive('\n').next().unwrap();
    for torn in ["", &line[..5], &line[..40], &line[..line.len() - 1]] {
        for zeros in [0, 600] {
            let scene = fixtures();
            scene.write("c.journal", [torn.as_bytes(), &vec![0; zeros]].concat());
            scene.succeed("run run.toml -o c.npy");
            assert!(cube_and_snapshots(&scene, "c") == cube_and_snapshots(&scene, "finished"));
        }
    }
}

/// What a program knows nothing of is neither looked for one by one nor judged.
#[test]
fn any_number_of_unknown_parameters_is_told_in_few_lines() {
    let keys: String = (0..20_000).map(|key| format!("\"k{key}\":1,")).collect();
    let scene =
        with_line_1(|line| line.replacen("\"params\":{", &format!("\"params\":{{{keys}"), 1));
    assert!(scene.text("c.journal").len() > 200_000);
    for command in COMMANDS
        .iter()
        .filter(|command| !command.contains("--force"))
    {
        let told = scene.run(command);
        assert!(
            told.stdout.len() < 20_000 || command.contains("--json"),
            "{command}"
        );
    }
    assert!(scene.succeed("info c.npy").stdout.contains(" more\n"));
}

/// As above, of a sweep whose scenarios all have other values of such keys.
#[test]
fn any_number_of_unknown_parameters_of_scenarios_is_no_damage() {
    let scene = fixtures();
    let journal = scene.text("half-sweep.journal");
    let (first, rest) = journal.split_once('\n').unwrap();
    let keys = |value: &str, of: &str| -> String {
        let mut keys = (0..2_000).map(|key| format!("\"{of}k{key}\":{value},"));
        keys.by_ref().collect()
    };
    let changed = first
        .replacen(
            "\"params\":{",
            &format!("\"params\":{{{}", keys("0", "")),
            1,
        )
        .replacen(
            "\"varied\":{",
            &format!("\"varied\":{{{}", keys("[0,1,2,3,4,5]", "params.")),
            1,
        );
    scene.write("c.npy", scene.read("half-sweep.npy"));
    scene.write("c.journal", sealed(&changed, run_id(first)) + rest);
    for command in [
        "info c.npy",
        "export c.npy --to csv",
        "plot c.npy -o pictures",
        "probe c.npy --at 0,0,0,0",
        "sweep sweep.toml -o c.npy --resume",
    ] {
        let told = scene.run(command);
        assert!(!told.stderr.contains("damaged"), "{command}: {told}");
    }
}

#[test]
fn an_array_that_was_started_over_is_no_longer_read() {
    let scene = fixtures();
    let begin = |name: &str| {
        for end in ["npy", "journal"] {
            let old = scene.path(format!("c.{end}"));
            let _ = fs::remove_file(&old);
            fs::copy(scene.path(format!("{name}.{end}")), old).unwrap();
        }
    };
    for (name, other) in [("half", "finished"), ("half-sweep", "half-sweep")] {
        begin(name);
        let mut array = JournalledArray::open(&scene.path("c.npy")).unwrap();
        array.refresh().unwrap();
        let cube = Cube::open(&scene.path("c.npy")).unwrap();
        begin(other);
        let error = array.refresh().unwrap_err();
        assert!(error.to_string().contains("was started over"), "{error}");
        // Commits are read from the journal as they are asked for.
        let all: Result<Vec<_>, _> = cube.each_commit().unwrap().collect();
        assert_eq!(all.is_err(), name != other);
        // The journal is cut first, while the old array still bears the name.
        let mut array = JournalledArray::open(&scene.path("c.npy")).unwrap();
        let journal = fs::read_to_string(scene.path("c.journal")).unwrap();
        let first_line = journal.split_inclusive('\n').next().unwrap();
        scene.write("c.journal", first_line);
        let error = array.refresh().unwrap_err();
        assert!(error.to_string().contains("was started over"), "{error}");
    }
}

#[test]
fn a_cube_that_is_being_started_over_is_no_plain_array() {
    let scene = fixtures();
    fs::copy(scene.path("half.npy"), scene.path("c.npy")).unwrap();
    let journal = fs::File::create(scene.path("c.journal")).unwrap();
    let lock = LockedFile::try_new(journal).unwrap();
    let no_array_of_a_run = || {
        for command in [
            "probe --at 7,1,1",
            "info",
            "stats",
            "export --to csv -o t.csv",
        ] {
            let told = scene.run(&format!("{command} c.npy"));
            assert_eq!(told.code, Some(1), "{command}: {told}");
            assert!(
                told.stderr.contains("was started over"),
                "{command}: {told}"
            );
        }
    };
    no_array_of_a_run();
    // The space of the next one is reserved.
    scene.write("c.npy", vec![0; 8192]);
    no_array_of_a_run();
    drop(lock);
}
