//! Results of analyses on a disk whose power is cut.

use super::{
    lab::{Lab, Random, diff2d, ended, ended_child, sample_size, size},
    layer::{Fault, ended_with, forget},
    written::WRITTEN,
};
use crate::common::seed::seeds;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Instant,
};

/// At any moment the name of a result means nothing, or the whole result; and once the program has
/// synced everything, the result.
#[test]
fn a_result_has_its_name_only_once_it_is_whole_and_durable() {
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 10");
    let input = lab.home.path().join("input.npy");
    let result = lab.out.join("result.npy");
    let command = |words: &str| {
        let words = words.split(' ').map(|word| match word {
            "INPUT" => input.clone().into_os_string(),
            "RESULT" => result.clone().into_os_string(),
            word => word.into(),
        });
        let mut command = diff2d(&[]);
        command.args(words.collect::<Vec<OsString>>());
        command
    };
    let fill = "create INPUT --shape 40,30 --fill i0+2*i1+1";
    assert_eq!(ended(&mut command(fill)).code, Some(0));

    for words in [
        "create RESULT --shape 40,30 --fill i0+2*i1+1",
        "window INPUT --window 3,2 --op mean -o RESULT",
        "stats INPUT --axis 0 -o RESULT",
        "export INPUT --to csv -o RESULT",
    ] {
        let begin = || {
            lab.clear();
            forget(&lab.out);
        };
        begin();
        let (told, operations) = ended_with(&mut command(words), &lab.out, Fault::default());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        let whole = fs::read(&result).unwrap();
        for at in 1..=operations.len() {
            for (mode, seed) in [
                ("drop", 0),
                ("torn", 1),
                ("torn", 2),
                ("torn", 3),
                ("torn", 4),
            ] {
                begin();
                let fault = Fault {
                    at,
                    kind: "power",
                    mode,
                    seed,
                    ..Fault::default()
                };
                let (_, done) = ended_with(&mut command(words), &lab.out, fault);
                let story = format!("{words}: power cut, {mode} {seed}, after {done:?}");
                match fs::read(&result) {
                    Ok(found) => assert!(found == whole, "{story}: the result is torn"),
                    Err(_) => assert!(at < operations.len(), "{story}: the result is lost"),
                }
            }
        }
        println!(
            "results: {words}: {} operations, each with 5 power cuts",
            operations.len()
        );
    }
}

/// A command that is killed while it replaces an array leaves the old or the new one, each with its own axes.
#[test]
fn a_replaced_array_has_its_own_axes_at_any_moment() {
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 10");
    let [cube, result] = [lab.home.path().join("c.npy"), lab.out.join("w.npy")];
    let mut run = diff2d(&["run", "--quiet"]);
    assert_eq!(
        ended(run.arg(&lab.params).arg("-o").arg(&cube)).code,
        Some(0)
    );
    // Of one shape, with other times or none.
    let command = |number: usize| {
        let words = match number {
            0 => "window --window 2,1,1 --op mean --select 0:4 --force -o",
            1 => "window --window 2,1,1 --op mean --select 3:7 --force -o",
            _ => "create --shape 3,12,12 --fill i1 --force",
        };
        let mut command = diff2d(&words.split(' ').collect::<Vec<_>>());
        command.arg(&result);
        if number < 2 {
            command.arg(&cube);
        }
        command
    };
    let told = || {
        let mut probe = diff2d(&["probe", "--at", "0,5,5"]);
        let told = ended(probe.arg(&result));
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        assert_eq!(told.stderr, "");
        told.stdout
    };
    let names = || {
        let entries = fs::read_dir(&lab.out).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let all = [0, 1, 2].map(|number| {
        lab.clear();
        assert_eq!(ended(&mut command(number)).code, Some(0));
        (told(), names())
    });
    assert!(all[0].0 != all[1].0 && all[0].1.len() == 2 && all[2].1.len() == 1);
    for (before, after) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
        for at in 1.. {
            lab.clear();
            assert_eq!(ended(&mut command(before)).code, Some(0));
            let fault = Fault {
                at,
                kind: "kill",
                ..Fault::default()
            };
            let (killed, operations) = ended_with(&mut command(after), &lab.out, fault);
            let found = told();
            assert!(
                found == all[before].0 || found == all[after].0,
                "{before}, {after}: after {operations:?}: {found}"
            );
            // Killed again while it replaces what that kill left.
            ended_with(&mut command(after), &lab.out, Fault { at: 9, ..fault });
            let found = told();
            assert!(found == all[before].0 || found == all[after].0, "{found}");
            assert_eq!(ended(&mut command(after)).code, Some(0));
            assert_eq!((told(), names()), all[after]);
            if killed.code == Some(0) {
                break;
            }
        }
    }
}

/// Whatever a kill leaves, also one while that of another is removed, is gone after the next call.
#[test]
fn what_a_kill_leaves_is_taken_over() {
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 10");
    let input = lab.home.path().join("input.npy");
    let mut create = diff2d(&["create", "--shape", "2,30,20", "--fill", "i0+2*i1+1"]);
    assert_eq!(ended(create.arg(&input)).code, Some(0));
    for (format, name) in [("zarr", "z"), ("csv", "t.csv")] {
        let export = || {
            let mut export = diff2d(&["export", "--to", format, "--force"]);
            export.arg(&input).arg("-o").arg(lab.out.join(name));
            export
        };
        let names = || {
            let entries = fs::read_dir(&lab.out).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name())
                .collect::<Vec<_>>()
        };
        lab.clear();
        let left = lab.out.join(format!(".diff2d-{name}-0.part"));
        let mut at = 1;
        loop {
            fs::create_dir_all(left.join("p/c")).unwrap();
            let fault = Fault {
                at,
                kind: "kill",
                ..Fault::default()
            };
            let (told, operations) = ended_with(&mut export(), &lab.out, fault);
            let next = ended(&mut export());
            assert_eq!(next.code, Some(0), "{}", next.stderr);
            assert_eq!(
                names(),
                [name],
                "{format}: after {operations:?}, killed: {told:?}"
            );
            if told.code == Some(0) {
                break;
            }
            at += 1;
        }
        println!(
            "what_a_kill_leaves_is_taken_over: {format}: killed after each of {} operations",
            at - 1
        );
    }
}

/// All files in a directory and below it, with their bytes.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(tree(&path)),
            false => {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// `kill -9` at any moment of an export or a map: under its name stands what was there before, or all of it, and the same
/// command again makes it whole and leaves nothing beside it.
#[test]
fn exports_and_maps_that_are_killed() {
    seeds("exports_and_maps_that_are_killed")
        .map(Random::new)
        .for_each(kill_exports_and_maps);
}

fn kill_exports_and_maps(mut random: Random) {
    let lab = Lab::new("dx = 0.2; runtime = 10; outtime = 0.5");
    let cube = lab.home.path().join("c.npy");
    let mut run = diff2d(&["run", "--quiet"]);
    assert_eq!(
        ended(run.arg(&lab.params).arg("-o").arg(&cube)).code,
        Some(0)
    );
    let mut commands = vec![
        ("z.zarr", "export C --to zarr -o R"),
        (
            "y.zarr",
            "export C --to zarr --keep-bits 12 --compress --chunks 5,50,50 -o R",
        ),
        ("t.csv", "export C --to csv -o R"),
        ("m.npy", "map a-mean(a,t) a=C -o R"),
        ("n.npy", "map shift(a,t,1)-a a=C --keep-bits 9 -o R"),
    ];
    if cfg!(feature = "hdf5") {
        commands.push(("h.h5", "export C --to hdf5 -o R"));
    }
    let count = size(200, 24);
    let (mut kills, mut torn) = (0, 0);
    for (name, words) in &commands {
        let result = lab.out.join(name);
        let command = || {
            let words = words.split(' ').map(|word| match word {
                "R" => result.clone().into_os_string(),
                "a=C" => format!("a={}", cube.display()).into(),
                "C" => cube.clone().into_os_string(),
                word => word.into(),
            });
            let mut command = diff2d(&[]);
            command.args(words.collect::<Vec<OsString>>());
            command
        };
        lab.clear();
        let begin = Instant::now();
        assert_eq!(ended(&mut command()).code, Some(0));
        let (whole, mut life) = (tree(&lab.out), begin.elapsed());
        let enough = kills + count.div_ceil(commands.len());
        // Alternately with nothing under the name, and with an older result that is replaced.
        for number in 0.. {
            if kills == enough {
                break;
            }
            let is_new = number % 2 == 0;
            let mut old = whole.clone();
            if is_new {
                lab.clear();
                old.clear();
            }
            let mut killed = command();
            if !is_new {
                killed.arg("--force");
            }
            killed.stdout(Stdio::null()).stderr(Stdio::null());
            let mut killed = killed.spawn().unwrap();
            thread::sleep(life.mul_f64(random.part()));
            let _ = killed.kill();
            let is_killed = ended_child(killed).signal == Some(9);
            match is_killed {
                true => kills += 1,
                // It has ended before: the next ones are killed earlier.
                false => life = life.mul_f64(0.8),
            }
            let left = tree(&lab.out);
            let under_name: BTreeMap<_, _> = left
                .iter()
                .filter(|(path, _)| path.starts_with(&result))
                .collect();
            let expected = whole.iter().filter(|(path, _)| path.starts_with(&result));
            let is_whole = under_name == expected.collect();
            assert!(
                is_whole || (is_new && under_name.is_empty()),
                "{words}: torn: {:?}",
                left.keys()
            );
            torn += usize::from(left != whole && left != old);
            let again = ended(&mut command());
            match is_whole {
                true => {
                    assert_eq!(again.code, Some(2), "{words}: {}", again.stderr);
                    let again = ended(command().arg("--force"));
                    assert_eq!(again.code, Some(0), "{words}: {}", again.stderr);
                }
                false => assert_eq!(again.code, Some(0), "{words}: {}", again.stderr),
            }
            assert!(
                tree(&lab.out) == whole,
                "{words}: {:?}",
                tree(&lab.out).keys()
            );
        }
    }
    println!(
        "exports_and_maps_that_are_killed: {kills} kills, {torn} with something left beside the name, which the same command removed"
    );
}

/// A file that appears under the name of a result, at whatever moment, is kept, with and without `--force`: only what was
/// there when the name was examined may be replaced.
#[test]
fn what_appears_meanwhile_is_kept() {
    seeds("what_appears_meanwhile_is_kept")
        .map(Random::new)
        .for_each(let_files_appear);
}

fn let_files_appear(mut random: Random) {
    /// The number of last operations of a command at which a file appears in any case.
    const LAST: usize = 8;
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 40");
    let home = lab.home.path();
    fs::write(home.join("s.toml"), "params = \"p.toml\"\nD = [1.0, 2.0]\n").unwrap();
    let mut run = diff2d(&["run", "--quiet", "p.toml", "-o", "in.npy"]);
    assert_eq!(ended(run.current_dir(home)).code, Some(0));
    let entries = || -> Vec<String> {
        let entries = fs::read_dir(&lab.out).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let kinds = WRITTEN.into_iter();
    let kinds: Vec<_> = kinds
        .filter(|(_, _, template, _)| !template.is_empty())
        .collect();
    // Results of all kinds take their names by the same code, so the short command tries three kinds.
    let kinds = random.some(&kinds, sample_size(kinds.len(), kinds.len(), 3));
    let (mut tried, mut appeared) = (0, 0);
    for (_, argument, template, ending) in kinds {
        let result = match ending.starts_with('/') {
            true => lab.out.clone(),
            false => lab.out.join(format!("n{ending}")),
        };
        let before = appeared;
        for force in ["", " --force"] {
            if !force.is_empty() && ending.starts_with('/') {
                // Names in a directory are examined when it is there, one after the other.
                continue;
            }
            let words = template.replace(" 2,2", " 1,2,2") + force;
            let command = |fault: Fault| {
                lab.clear();
                forget(&lab.out);
                for other in ["new.npy", "new.journal"] {
                    let _ = fs::remove_file(home.join(other));
                }
                let words = words.split(' ').map(|word| match word {
                    "@" => result.clone().into_os_string(),
                    word => word.into(),
                });
                let mut command = diff2d(&[]);
                command.args(words).current_dir(home);
                ended_with(&mut command, &lab.out, fault)
            };
            let (told, operations) = command(Fault::default());
            if told.code == Some(2) && !force.is_empty() {
                // It has no such option.
                assert!(told.stderr.contains("--force"), "{words}: {}", told.stderr);
                continue;
            }
            assert_eq!(told.code, Some(0), "{words}: {}", told.stderr);
            for file in entries() {
                let mode: &'static str = Box::leak(file.clone().into_boxed_str());
                let count = operations.len();
                let every = (count / sample_size(40, 40, 8)).max(1);
                // A name is taken at the end of a command, where every operation counts.
                let places = (1..=count).filter(|at| at % every == 0 || at + LAST > count);
                for at in places {
                    let fault = Fault {
                        at,
                        kind: "appear",
                        mode,
                        ..Fault::default()
                    };
                    let (told, done) = command(fault);
                    tried += 1;
                    let kept = || fs::read(lab.out.join(&file)).unwrap();
                    if done.iter().any(|line| line.starts_with("appear ")) {
                        appeared += 1;
                        assert!(
                            kept() == b"years of work",
                            "{words}: {file} at {at} is gone: {} {done:?}",
                            told.stderr
                        );
                        assert_ne!(told.code, Some(0), "{words}: {file} at {at}, {argument}");
                    }
                }
            }
        }
        assert!(appeared > before, "no file appeared beside `{template}`");
    }
    println!("results: {appeared} files appeared at {tried} operations and were kept");
}

/// A fit that is killed at any operation leaves all of its files or never an answer, and never some of an old fit beside some of a
/// new one. One that meets an error leaves the old files or the new ones, whole. The same command again makes them whole, and leaves nothing else.
#[test]
fn the_files_of_a_fit_appear_together() {
    seeds("the_files_of_a_fit_appear_together")
        .map(Random::new)
        .for_each(break_off_fits);
}

fn break_off_fits(mut random: Random) {
    let lab = Lab::new("dx = 10; runtime = 1; outtime = 1");
    let text = "D = \"a\"\nx1 = 0.0\nx2 = 1.0\ndx = 0.5\ngrid = \"walls\"\nruntime = 1.0\nouttime = 1.0\nboundary = { left = 1.0 }\n\
        constants = { a = 0.3 }\nrecord = { points = { s = [0.5, 0.5] } }\n[fit]\nvary = { a = [0.1, 1] }\n\
        [[fit.data]]\nfile = \"d.csv\"\ntime = \"t\"\ncolumns = { T = \"s\" }\nsigma = 0.01\n";
    fs::write(&lab.params, text).unwrap();
    let write_data = |shift: f64| {
        let rows = [(0.1, 0.1), (0.2, 0.15), (0.4, 0.2)].map(|(t, value)| (t, value + shift));
        let rows = rows.map(|(t, value)| format!("{t},{value}\n"));
        fs::write(
            lab.home.path().join("d.csv"),
            "t,T\n".to_owned() + &rows.concat(),
        )
        .unwrap();
    };
    let fit = |options: &str| {
        let mut fit = diff2d(&["fit", "--threads", "1"]);
        fit.arg(&lab.params)
            .arg("-o")
            .arg(lab.out.join("a.fit.json"));
        fit.arg("--plot").arg(lab.out.join("a.svg"));
        fit.args(options.split_whitespace());
        fit
    };
    let all = [0.0, 0.02].map(|shift| {
        lab.clear();
        write_data(shift);
        assert_eq!(ended(&mut fit("")).code, Some(0));
        tree(&lab.out)
    });
    let [old, new] = &all;
    assert_eq!(new.len(), 4);
    assert!(old.iter().zip(new).all(|(one, other)| one != other));
    let answer = lab.out.join("a.fit.json");
    let is_hidden = |path: &Path| path.file_name().unwrap().as_encoded_bytes()[0] == b'.';
    for (is_replacing, kinds) in [(false, ["kill", "enospc"]), (true, ["kill", "eio"])] {
        let options = if is_replacing { "--force" } else { "" };
        let begin = || {
            lab.clear();
            forget(&lab.out);
            if is_replacing {
                write_data(0.0);
                assert_eq!(ended(&mut fit("")).code, Some(0));
            }
            write_data(0.02);
        };
        begin();
        let (told, operations) = ended_with(&mut fit(options), &lab.out, Fault::default());
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        let count = operations.len();
        for kind in kinds {
            let places: Vec<usize> = (1..=count).collect();
            for at in random.some(&places, sample_size(count, count, count / 6)) {
                begin();
                let fault = Fault {
                    at,
                    kind,
                    ..Fault::default()
                };
                let (told, done) = ended_with(&mut fit(options), &lab.out, fault);
                let left = tree(&lab.out);
                let named: BTreeMap<_, _> =
                    left.iter().filter(|(path, _)| !is_hidden(path)).collect();
                let is_of = |all: &BTreeMap<PathBuf, Vec<u8>>| {
                    named
                        .iter()
                        .all(|(path, bytes)| all.get(*path) == Some(bytes))
                };
                let story = format!(
                    "{kind} {options} after {done:?}: {:?}, {:?}",
                    left.keys(),
                    told.stderr
                );
                assert!(is_of(old) || is_of(new), "{story}");
                assert!(named.len() == 4 || !named.contains_key(&answer), "{story}");
                if kind != "kill" {
                    // What cannot be removed stays under its hidden name until the next command.
                    let failed = done.get(at - 1).map_or("", String::as_str);
                    let is_kept = failed.starts_with("unlink");
                    assert!(left.len() <= named.len() + usize::from(is_kept), "{story}");
                    assert!(
                        named.len() == 4 || named.is_empty() && !is_replacing,
                        "{story}"
                    );
                }
                let is_complete = named.len() == 4;
                let again = ended(&mut fit(if is_complete { "--force" } else { "" }));
                assert_eq!(again.code, Some(0), "{story}: {}", again.stderr);
                assert!(
                    tree(&lab.out) == *new,
                    "{story}: {:?}",
                    tree(&lab.out).keys()
                );
            }
        }
        println!("the_files_of_a_fit_appear_together: {count} operations {options}");
    }
}
