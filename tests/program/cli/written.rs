//! Every option that names what is written: nothing of value is ever lost under the name.

use super::{
    outputs::{at_once, pipe},
    shell,
};
use crate::common::{Scene, written::WRITTEN};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{FileTypeExt, PermissionsExt, symlink},
};

/// Those that name what is only read, or what a printed script will write.
const READ: [(&str, &str); 24] = [
    ("fit", "<PARAMS>"),
    ("gradient", "<PARAMS>"),
    ("gradient", "--cube"),
    ("run", "<PARAMS>"),
    ("run", "--extend"),
    ("sweep", "<SWEEP.toml>"),
    ("plan", "<PARAMS>"),
    ("plan", "--output"),
    ("check", "[PARAMS]"),
    ("info", "<FILE.npy>"),
    ("compare", "<A>"),
    ("compare", "<B>"),
    ("plot", "<CUBE>"),
    ("plot", "--data"),
    ("stats", "<FILE.npy>..."),
    ("window", "<FILE.npy>"),
    ("window", "--weights"),
    ("coarsen", "<FILE.npy>"),
    ("probe", "<FILE.npy>"),
    ("probe", "--points"),
    ("distribute", "<FILE.npy>"),
    ("export", "<CUBE>"),
    ("flux", "<CUBE>"),
    ("label", "<FILE.npy>"),
];

/// The arguments of a command that name files or directories, as its help tells them.
fn named(scene: &Scene, command: &str) -> BTreeSet<String> {
    let help = scene.succeed(&format!("{command} --help")).stdout;
    let lines = help.lines().map(str::trim_start);
    let argument = |line: &str| {
        let option = line.find("--").map(|at| &line[at..]);
        let mut words = option.unwrap_or(line).split_whitespace();
        let name = words.next()?;
        let value = if option.is_some() {
            words.next()?
        } else {
            name
        };
        if !value.starts_with(['<', '[']) {
            return None;
        }
        let value = value.trim_matches(['<', '>', '[', ']', '.']);
        let value = value.split('[').next().unwrap_or(value);
        let is_path = ["CUBE", "FILE", "DIR", "PATH", "PARAMS", "A", "B"].contains(&value)
            || value.split_once('.').is_some_and(|(stem, ending)| {
                let is = |text: &str, what: fn(&u8) -> bool| text.as_bytes().iter().all(what);
                is(stem, u8::is_ascii_uppercase) && is(ending, u8::is_ascii_lowercase)
            });
        // `-a A` and `--axis A[,B…]` are numbers.
        let is_number = ["--axis", "--atol"].contains(&name);
        (is_path && !is_number).then(|| name.to_owned())
    };
    lines
        .filter(|line| line.starts_with(['-', '<', '[']))
        .filter_map(argument)
        .collect()
}

#[test]
fn every_argument_that_names_a_file_is_read_or_guarded() {
    let scene = Scene::new();
    let help = scene.succeed("--help").stdout;
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help");
    let mut found = BTreeSet::new();
    for command in commands {
        let arguments = named(&scene, command).into_iter();
        found.extend(arguments.map(|argument| (command.to_owned(), argument)));
    }
    let written = WRITTEN
        .iter()
        .map(|(command, argument, ..)| (*command, *argument));
    let known: BTreeSet<(String, String)> = written
        .chain(READ)
        .map(|(command, argument)| (command.to_owned(), argument.to_owned()))
        .collect();
    assert_eq!(found, known);
}

#[test]
fn no_output_replaces_a_cube_an_input_or_a_file_of_others() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    scene.succeed("run p.toml -o c.npy");
    scene.write("c.ckpt", "of another program");
    scene.succeed("create in.npy --shape 8,8 --fill i0+i1");
    scene.write("precious", "years of work");
    let inputs = |template: &'static str| match template.split_whitespace().nth(1) {
        Some(name @ ("in.npy" | "p.toml" | "s.toml")) => Some(name),
        _ => None,
    };
    for (_, _, template, ending) in WRITTEN {
        if template.is_empty() {
            continue;
        }
        let input = inputs(template);
        for victim in ["c.npy", "c.journal", "precious"].into_iter().chain(input) {
            // Under a link, and under a second name.
            for linked in [true, false] {
                let is_of_value = victim != "precious";
                if is_of_value && !linked && Some(victim) != input {
                    // A second name of a cube is a copy for all that a program can know; the first keeps its bytes.
                    continue;
                }
                let (argument, name) = match ending.split_once('/') {
                    Some((_, name)) => ("d".to_owned(), format!("d/{name}")),
                    None => (format!("n{ending}"), format!("n{ending}")),
                };
                let path = scene.path(&name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                match linked {
                    true => symlink(scene.path(victim), &path).unwrap(),
                    false => fs::hard_link(scene.path(victim), &path).unwrap(),
                }
                let before: Vec<_> = scene
                    .files()
                    .into_iter()
                    .map(|file| (scene.read(&file), file))
                    .collect();
                let command = template.replace('@', &argument);
                let forces: &[&str] = if is_of_value {
                    &["", " --force"]
                } else {
                    &[""]
                };
                for force in forces {
                    let told = scene.run(&format!("{command}{force}"));
                    assert!(
                        matches!(told.code, Some(1 | 2)),
                        "{command}{force} over {victim}: {told}"
                    );
                    let after: Vec<_> = scene
                        .files()
                        .into_iter()
                        .map(|file| (scene.read(&file), file))
                        .collect();
                    assert!(
                        before == after,
                        "{command}{force} over {victim} (linked: {linked}): {told}"
                    );
                }
                fs::remove_file(&path).unwrap();
                let _ = fs::remove_dir(scene.path("d"));
            }
        }
    }
}

/// What a cube was made from is never written over, and a file of the same format is no file of ours.
#[test]
fn no_output_replaces_an_input_of_the_cube_or_a_file_of_its_own_format() {
    let scene = Scene::small();
    scene.succeed("create D.npy --shape 22,22 --fill 1");
    scene.succeed("run p.toml --set D.file=D.npy -o in.npy");
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    let contents = || -> Vec<_> {
        let files = scene.files().into_iter();
        files.map(|file| (scene.read(&file), file)).collect()
    };
    for (_, _, template, ending) in WRITTEN {
        if template.is_empty() {
            continue;
        }
        let (argument, name) = match ending.split_once('/') {
            Some((_, name)) => ("d".to_owned(), format!("d/{name}")),
            None => (format!("n{ending}"), format!("n{ending}")),
        };
        let path = scene.path(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let command = template.replace('@', &argument).replace(" 2,2", " 1,2,2");
        let refuse = |command: String, code: Option<i32>| {
            let before = contents();
            let told = scene.run(&command);
            assert_eq!(told.code, code, "{command} over {name}: {told}");
            assert!(contents() == before, "{command} over {name}: {told}");
        };
        if command.contains("in.npy") {
            for is_symbolic in [true, false] {
                match is_symbolic {
                    true => symlink(scene.path("D.npy"), &path).unwrap(),
                    false => fs::hard_link(scene.path("D.npy"), &path).unwrap(),
                }
                refuse(format!("{command} --force"), Some(2));
                fs::remove_file(&path).unwrap();
            }
        }
        let others: &[u8] = match path.extension().and_then(|ending| ending.to_str()) {
            Some("png") => b"\x89PNG\r\n\x1a\nof a camera",
            Some("html") => b"<!DOCTYPE html>\n<title>of others</title>",
            Some("json") => b"{\"updates\": 1}",
            Some("1") => b".TH others 1",
            _ => b"\x93NUMPY\x01\0of others",
        };
        fs::write(&path, others).unwrap();
        refuse(command, Some(2));
        fs::remove_file(&path).unwrap();
        let _ = fs::remove_dir(scene.path("d"));
    }
    for (ending, beginning) in [
        (
            "pdf",
            "%PDF-1.7\n1 0 obj\n<<\n/Producer (pdfTeX)\n>>\nendobj\n/Producer (diff2d)",
        ),
        (
            "svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\">\n<title>paper</title>\n",
        ),
        ("gif", "GIF89a of others"),
    ] {
        let paper = format!("paper.{ending}");
        let what = match ending {
            "gif" => "--html page.html --animate".to_owned(),
            _ => "--snapshots 0".to_owned(),
        };
        scene.write(&paper, beginning);
        let command = format!("plot in.npy {what} -o {paper}");
        let told = scene.run(&command);
        assert_eq!(told.code, Some(2), "{command}: {told}");
        assert_eq!(scene.text(&paper), beginning);
        scene.succeed(&format!("{command} --force"));
        scene.succeed(&command);
    }
}

#[test]
fn a_run_draws_over_no_picture_but_its_own() {
    let scene = Scene::small();
    let run = "run p.toml --set graphics=true -o c.npy";
    fs::create_dir(scene.path("c")).unwrap();
    scene.write("c/0001.png", "\u{89}PNG of a camera");
    scene.write("c/notes.png", "\u{89}PNG of a camera");
    for option in ["", " --resume"] {
        let told = scene.run(&format!("{run}{option}"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("draw over c/0001.png"), "{told}");
        assert!(!scene.exists("c.npy"));
    }
    fs::remove_file(scene.path("c/0001.png")).unwrap();
    scene.succeed(run);
    scene.succeed(&format!("{run} --force"));
    assert_eq!(scene.text("c/notes.png"), "\u{89}PNG of a camera");
    // A picture that it reads is not drawn over, though it is one of ours.
    let before = scene.read("c/0001.png");
    let told = scene.run(&format!(
        "{run} --force --set mask.image=c/0001.png --set mask.below=0.0"
    ));
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(scene.read("c/0001.png"), before);
}

#[test]
fn replaced_files_keep_their_permissions() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("create in.npy --shape 4,8,8 --fill i0+i1");
    let set = |name: &str, mode: u32| {
        fs::set_permissions(scene.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = |name: &str| fs::metadata(scene.path(name)).unwrap().permissions().mode() & 0o777;
    for (command, names) in [
        ("create w.npy --shape 3", &["w.npy"][..]),
        (
            "window c.npy --window 1,2,2 --op sum -o w.npy",
            &["w.npy", "w.axes.json"],
        ),
        ("stats c.npy --axis 0 -o s.npy", &["s.npy", "s.axes.json"]),
        ("compare c.npy c.npy -o d.npy", &["d.npy", "d.axes.json"]),
        ("export in.npy --to csv -o e.csv", &["e.csv"]),
        (
            "export in.npy --to zarr -o z",
            &["z/zarr.json", "z/p/zarr.json", "z/p", "z"],
        ),
        ("plot c.npy --html h.html", &["h.html"]),
        (
            "run p.toml -o r.npy --report r.json",
            &["r.npy", "r.journal", "r.json"],
        ),
    ] {
        scene.succeed(&format!("{command} --force"));
        for name in names {
            set(
                name,
                if scene.path(name).is_dir() {
                    0o700
                } else {
                    0o600
                },
            );
        }
        scene.succeed(&format!("{command} --force"));
        for name in names {
            let kept = if scene.path(name).is_dir() {
                0o700
            } else {
                0o600
            };
            assert_eq!(mode(name), kept, "{command}: {name}");
        }
    }
}

/// A pipe under the name would wait for a reader for ever; a directory may hold years of work.
#[test]
fn no_output_waits_for_a_pipe_or_replaces_a_directory() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    scene.succeed("create in.npy --shape 8,8 --fill i0+i1");
    for (_, _, template, ending) in WRITTEN {
        if template.is_empty() {
            continue;
        }
        let (argument, name) = match ending.split_once('/') {
            Some((_, name)) => ("d".to_owned(), format!("d/{name}")),
            None => (format!("n{ending}"), format!("n{ending}")),
        };
        let path = scene.path(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let command = template.replace('@', &argument);
        for what in ["pipe", "device", "directory"] {
            match what {
                "pipe" => pipe(&scene, &name),
                "device" => symlink("/dev/full", &path).unwrap(),
                _ => drop(scene.write(&format!("{name}/kept"), "years of work")),
            }
            let before = scene.files();
            for force in ["", " --force"] {
                let told = at_once(&scene, &format!("{command}{force}"));
                assert!(
                    matches!(told.code, Some(1 | 2)),
                    "{command}{force} ({what}): {told}"
                );
                // A run is complete when its report does not fit the device.
                let new = |file: &String| what != "device" || !file.starts_with("new.");
                let after: Vec<_> = scene.files().into_iter().filter(new).collect();
                assert_eq!(after, before, "{command}{force}: {told}");
            }
            for new in ["new.npy", "new.journal", "new.csv"] {
                let _ = fs::remove_file(scene.path(new));
            }
            let device = fs::metadata("/dev/full").unwrap().file_type();
            assert!(device.is_char_device(), "{command}: /dev/full is gone");
            match what {
                "directory" => fs::remove_dir_all(&path).unwrap(),
                _ => fs::remove_file(&path).unwrap(),
            }
        }
        let _ = fs::remove_dir(scene.path("d"));
    }
}

#[test]
fn own_pictures_pages_and_continued_reports_are_replaced() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --report r.json");
    for _ in 0..2 {
        scene.succeed("plot c.npy --sheet --animate -o d");
        scene.succeed("plot c.npy --line y=0 --html page.html -o d");
    }
    assert_eq!(
        scene.run("run p.toml -o b.npy --report r.json").code,
        Some(2)
    );
    // Nor is a name that the cube's own files have.
    for ending in [
        "npy",
        "journal",
        "ckpt",
        "ckpt.new",
        "scratch",
        "csv",
        "axes.json",
    ] {
        let told = scene.run(&format!("run p.toml -o b.npy --report b.{ending}"));
        assert_eq!(told.code, Some(2), "{ending}: {told}");
    }
    assert!(!scene.exists("b.npy"));
    scene.succeed("run p.toml -o c.npy --resume --report r.json");
    scene.succeed("run p.toml -o c.npy --force --report r.json");
    scene.write("page.html", "<!DOCTYPE html>\n<title>of others</title>");
    assert_eq!(scene.run("plot c.npy --html page.html").code, Some(2));
    scene.succeed("plot c.npy --html page.html --force");
}

/// What stands beside an array under the name of its coordinates is ours, or stays.
#[test]
fn coordinates_of_others_stay() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("stats c.npy --axis t -o k.npy");
    let ours = scene.text("k.axes.json");
    for others in [
        "{\"axes\": [\"of a plotting program\"]}",
        "{\"format\":1,\"axes\":[\"of a plotting program\"]}",
        // What somebody has edited is theirs.
        &ours.replace("[\"count", "[ \"count"),
        &ours.replace("{\"format\":1,", "{\"format\":1,\"comment\":\"mine\","),
    ] {
        assert!(others != ours);
        scene.write("m.axes.json", others);
        for command in ["stats c.npy --axis t -o m.npy", "create m.npy --shape 3"] {
            let told = scene.run(command);
            assert_eq!(told.code, Some(2), "{others}: {told}");
            assert_eq!(scene.text("m.axes.json"), others);
            assert!(!scene.exists("m.npy"));
        }
    }
    // Ours follow the array.
    assert!(scene.exists("k.axes.json"));
    scene.succeed("create k.npy --shape 3 --force");
    assert!(!scene.exists("k.axes.json"));
}

/// Whatever number of files a process may open, there is a whole result or none.
#[test]
fn with_few_files_open_nothing_unfinished_stays() {
    let scene = Scene::new();
    scene.succeed("create in.npy --shape 4,300,300 --fill i0+i1");
    let before = scene.files();
    for most in 5..24 {
        let script = format!("ulimit -n {most}; \"$DIFF2D\" export in.npy --to zarr -o z --force");
        let told = shell(&scene, &script);
        if told.code == Some(0) {
            fs::remove_dir_all(scene.path("z")).unwrap();
        }
        assert_eq!(scene.files(), before, "with {most} files: {told}");
    }
}
