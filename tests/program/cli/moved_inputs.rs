//! Inputs of a run that lie elsewhere than when it began: an input is what is in it, for every command that reads it again.

use super::cut_journal;
use crate::common::{Scene, Told, write_half_white};
use std::{fs, os::unix::fs::symlink};

const GRID: &str = "x1 = 0.0\nx2 = 2.0\ny1 = 0.0\ny2 = 1.0\ndx = 0.25\nruntime = 0.0625\nouttime = 0.015625\ngrid = 'walls'\n";
const RECORD: &str = "[record]\nevery = 0.0078125\ntotals = true\n";

/// A kind of input: the key by which parameters name its file, the file, and the keys and tables of a parameter file.
struct Kind {
    key: &'static str,
    file: &'static str,
    keys: &'static str,
    tables: &'static str,
}

const KINDS: [Kind; 9] = [
    Kind {
        key: "initial.path",
        file: "u.npy",
        keys: "D = 1.0\ninitial = { kind = 'file', path = 'u.npy' }\n",
        tables: "",
    },
    Kind {
        key: "initial.path",
        file: "s.npy",
        keys: "D = 1.0\ninitial = { kind = 'file', path = 's.npy', snapshot = 1 }\n",
        tables: "",
    },
    Kind {
        key: "initial.path",
        file: "u.png",
        keys: "D = 1.0\ninitial = { kind = 'image', path = 'u.png', range = [0, 1] }\n",
        tables: "",
    },
    Kind {
        key: "D.file",
        file: "u.npy",
        keys: "D = { file = 'u.npy' }\n",
        tables: "",
    },
    Kind {
        key: "D.image",
        file: "u.png",
        keys: "D = { image = 'u.png', range = [1, 2] }\n",
        tables: "",
    },
    Kind {
        key: "source.file",
        file: "u.npy",
        keys: "D = 1.0\nsource = { file = 'u.npy' }\n",
        tables: "",
    },
    Kind {
        key: "mask.image",
        file: "u.png",
        keys: "D = 1.0\n",
        tables: "[mask]\nimage = 'u.png'\n",
    },
    Kind {
        key: "function.T.file",
        file: "T.csv",
        keys: "D = 1.0\nboundary.left = 'T(t)'\n",
        tables: "[function.T]\nfile = 'T.csv'\nbeyond = 'hold'\n",
    },
    Kind {
        key: "record.region.0.file",
        file: "u.npy",
        keys: "D = 1.0\n",
        tables: "[[record.region]]\nname = 'r'\nfile = 'u.npy'\n",
    },
];

/// Writes the file of a kind into a directory, or one of the same form with another content.
fn write_input(scene: &Scene, kind: &Kind, directory: &str, is_other: bool) {
    let file = format!("{directory}/{}", kind.file);
    match kind.file {
        "u.npy" => {
            let least = if is_other { 2 } else { 1 };
            scene.succeed(&format!(
                "create {file} --shape 5,9 --fill {least}+i0/9+i1/20 --force"
            ));
        }
        "s.npy" => {
            let x = if is_other { 2 } else { 1 };
            scene.write(
                "s.toml",
                format!("D = 1.0\n{GRID}initial = {{ kind = 'expression', value = '{x} + x' }}\n"),
            );
            scene.succeed(&format!("run s.toml -o {file} --force"));
        }
        "u.png" => {
            write_half_white(scene, if is_other { 8 } else { 16 });
            fs::rename(scene.path("u.png"), scene.path(file)).unwrap();
        }
        _ => {
            let last = if is_other { 3 } else { 2 };
            scene.write(&file, format!("t,T\n0,1\n0.05,{last}\n"));
        }
    }
}

/// Whether and how the files of a run have moved to the directory `two`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    Renamed,
    /// The parameter file names the old place by its absolute path.
    FromAbsolute,
    Linked,
    /// Others have changed the original since.
    Copied,
    /// The input has another name there, which `--set` gives.
    Set,
    /// The input has another content there.
    Changed,
    /// The input is not there.
    Lost,
}

/// What commands say of an undisturbed run, and what they leave.
struct Expected {
    cube: Vec<u8>,
    rows: Vec<u8>,
    longer: Vec<u8>,
    flux: String,
    check: String,
}

fn said(told: &Told) -> String {
    format!("{:?} {}", told.code, told.stdout)
}

/// Makes a run in `one`, and moves it.
fn moved(scene: &Scene, kind: &Kind, how: Move) -> Expected {
    fs::create_dir(scene.path("one")).unwrap();
    write_input(scene, kind, "one", false);
    let mut text = [kind.keys, GRID, RECORD, kind.tables].concat();
    if how == Move::FromAbsolute {
        let place = scene.path(format!("one/{}", kind.file));
        text = text.replace(kind.file, &place.display().to_string());
    }
    scene.write("one/p.toml", text);
    scene.succeed("run one/p.toml -o one/c.npy");
    scene.succeed("run one/p.toml --set runtime=0.09375 -o l.npy");
    let expected = Expected {
        cube: scene.read("one/c.npy"),
        rows: scene.read("one/c.record.csv"),
        longer: scene.read("l.npy"),
        flux: scene.succeed("flux one/c.npy").stdout,
        check: said(&scene.run("check one/p.toml")),
    };
    let [one, two] = ["one", "two"].map(|name| scene.path(name));
    match how {
        Move::Linked => {
            fs::rename(&one, scene.path("three")).unwrap();
            symlink(scene.path("three"), two).unwrap();
        }
        Move::Copied => {
            fs::create_dir(&two).unwrap();
            for entry in fs::read_dir(&one).unwrap().map(Result::unwrap) {
                fs::copy(entry.path(), two.join(entry.file_name())).unwrap();
            }
            write_input(scene, kind, "one", true);
        }
        _ => fs::rename(one, two).unwrap(),
    }
    match how {
        Move::Set => {
            for ending in ["npy", "journal", "png", "csv"] {
                let stem = kind.file.split('.').next().unwrap();
                let [from, to] = [stem, "v"].map(|stem| scene.path(format!("two/{stem}.{ending}")));
                if from.exists() {
                    fs::rename(from, to).unwrap();
                }
            }
        }
        Move::Changed => write_input(scene, kind, "two", true),
        Move::Lost => fs::remove_file(scene.path(format!("two/{}", kind.file))).unwrap(),
        _ => {}
    }
    expected
}

/// Every kind of input × every move × every command that reads inputs again.
#[test]
fn an_input_is_what_is_in_it_wherever_it_lies() {
    for kind in &KINDS {
        for how in [
            Move::Renamed,
            Move::FromAbsolute,
            Move::Linked,
            Move::Copied,
            Move::Set,
            Move::Changed,
            Move::Lost,
        ] {
            commands_find(kind, how);
        }
    }
}

fn commands_find(kind: &Kind, how: Move) {
    let scene = Scene::new();
    let expected = moved(&scene, kind, how);
    let context = format!("{} of {}, {how:?}", kind.key, kind.file);
    let set = if how == Move::Set {
        let ending = kind.file.rsplit('.').next().unwrap();
        format!(" --set {}=two/v.{ending}", kind.key)
    } else {
        String::new()
    };
    let has_input = !matches!(how, Move::Changed | Move::Lost);
    // The code of a command, of one that finds another content, and of one that finds nothing.
    let ended = |command: &str, other: i32| {
        let told = scene.run(command);
        let code = match how {
            Move::Changed => other,
            Move::Lost => 1,
            _ => 0,
        };
        assert_eq!(told.code, Some(code), "{context}: {command}\n{told}");
        let sentence = match how {
            Move::Changed => "SHA-256",
            Move::Lost => "there is no such file",
            _ => "",
        };
        assert!(
            told.stderr.contains(sentence),
            "{context}: {command}\n{told}"
        );
        told
    };
    scene.succeed("verify two/c.npy");
    let told = ended(&format!("flux two/c.npy{set}"), 3);
    if has_input {
        assert_eq!(told.stdout, expected.flux, "{context}");
    } else {
        let way_out = format!("add --set {}=…", kind.key);
        assert!(told.stderr.contains(&way_out), "{context}\n{told}");
    }
    let journal = scene.read("two/c.journal");
    let mut damaged = expected.cube.clone();
    damaged[4096 + 8 * (45 + 20)] ^= 1;
    scene.write("two/c.npy", &damaged);
    ended(&format!("repair two/c.npy{set}"), 3);
    let left = if has_input { &expected.cube } else { &damaged };
    assert!(scene.read("two/c.npy") == *left, "{context}");
    scene.write("two/c.npy", &expected.cube);
    cut_journal(&scene, "two/c.journal", 3);
    ended(&format!("run two/p.toml -o two/c.npy --resume{set}"), 2);
    if has_input {
        assert!(scene.read("two/c.npy") == expected.cube, "{context}");
        assert!(scene.read("two/c.record.csv") == expected.rows, "{context}");
    }
    scene.write("two/c.journal", journal);
    scene.write("two/c.record.csv", &expected.rows);
    let longer = "run two/p.toml --set runtime=0.09375 -o two/l.npy --resume --extend two/c.npy";
    ended(&format!("{longer}{set}"), 2);
    if has_input {
        assert!(scene.read("two/l.npy") == expected.longer, "{context}");
        scene.succeed("verify two/c.npy");
    }
    if has_input && how != Move::FromAbsolute {
        let told = scene.run(&format!("check two/p.toml{set}"));
        assert_eq!(said(&told), expected.check, "{context}\n{told}");
    }
}
