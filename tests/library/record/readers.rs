//! What reads a record.

use super::{PROBLEM, rows};
use crate::common::Scene;

/// Commands read a record by the names of its columns, as far as the journal proves it.
#[test]
fn a_record_is_read_by_its_columns() {
    let scene = Scene::new();
    scene.write("p.toml", format!("{PROBLEM}\n[units]\nt = 'h'\np = 'K'\n"));
    scene.succeed("run p.toml -o c.npy");
    let text = scene.text("c.record.csv");
    let found = rows(&text);
    let last = found.last().unwrap();
    let json = |command: &str| -> serde_json::Value {
        serde_json::from_str(&scene.succeed(command).stdout).unwrap()
    };
    {
        let told = &json("info c.npy --json")["record"];
        assert_eq!(told["rows"], 41);
        for (name, value) in last {
            assert_eq!(told["last"][name].as_f64().unwrap(), *value, "{name}");
        }
        let told = scene.succeed("info c.npy").stdout;
        assert!(
            told.contains("record     41 rows in c.record.csv, the last: step = "),
            "{told}"
        );
        // Rows by number and by time, with the numbers that the file has.
        let told = scene
            .succeed("probe c.record.csv --at -1 --at t=0.0016 --at 1:3")
            .stdout;
        let lines: Vec<&str> = text.lines().collect();
        let expected =
            [(41, 40), (3, 2), (2, 1), (3, 2)].map(|(line, row)| format!("{row},{}", lines[line]));
        let probed: Vec<&str> = told.lines().collect();
        assert_eq!(probed[0], format!("i0,{}", lines[0]));
        let numbers =
            |line: &str| -> Vec<f64> { line.split(',').map(|one| one.parse().unwrap()).collect() };
        for (line, expected) in probed[1..].iter().zip(&expected) {
            assert_eq!(numbers(line), numbers(expected));
        }
        assert_eq!(
            json("probe c.record.csv --at 2 --json")[0]["left_rate"],
            found[2]["left_rate"]
        );
        // A row of statistics for each column.
        let told = scene
            .succeed("stats c.record.csv --csv --quantiles 0.5")
            .stdout;
        let told: Vec<Vec<&str>> = told.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(
            told[0],
            [
                "column", "count", "sum", "mean", "std", "min", "max", "q0.5"
            ]
        );
        assert_eq!(told.len(), 1 + last.len());
        for row in &told[1..] {
            let mut values: Vec<f64> = found.iter().map(|one| one[row[0]]).collect();
            values.sort_by(f64::total_cmp);
            let ends = [values[0], values[40], values[20]];
            assert_eq!(
                [5, 6, 7].map(|at| row[at].parse::<f64>().unwrap()),
                ends,
                "{}",
                row[0]
            );
        }
        // Curves of two units have a panel each; dots are where they were measured.
        scene.write(
            "logger.csv",
            "time [min];a [K];b\n0,6;0.1;\n1.2;;0.2\n"
                .replace("0,6", "0.6")
                .as_str(),
        );
        scene.succeed("plot c.npy --record a,b,left_rate --data logger.csv -o a.svg --force");
        let svg = scene.text("a.svg");
        for label in [
            "[K]",
            "left_rate [K·capacity·length²/h]",
            ">a<",
            ">b<",
            "t [h]",
            ">a, measured<",
            "circles: logger.csv",
        ] {
            assert!(svg.contains(label), "{label}");
        }
        assert_eq!(svg.matches("[K]").count(), 1);
        // Columns of the file under other names, and axes with a name and a unit of the user's.
        scene.write("q.csv", "time [min],T [K],q\n0.6,0.1,7\n1.2,0.2,6\n");
        scene.succeed(
            "plot c.npy --record a,left_rate --data q.csv:T=a,q=left_rate -o q.svg --force --label T,q[W/m²]",
        );
        let svg = scene.text("q.svg");
        for label in [">T [K]<", ">q[W/m²]<", ">T, measured<", ">q, measured<"] {
            assert!(svg.contains(label), "{label}");
        }
        for (arguments, sentence) in [
            (
                "--record a --data q.csv:S=a",
                "there is no column \"S\"; there are time [min], T [K], q",
            ),
            (
                "--record a --data q.csv:T=b",
                "b is no column that --record names",
            ),
            ("--record a --data q.csv:T=a,q", "'q' is no NAME=COLUMN"),
            (
                "--record a --data q.csv:T=a --read skip",
                "--read skip: 'skip' is no KEY=VALUE; expected a key of [function] and its value",
            ),
            ("--record a,left_rate --label q", "take 2 names"),
        ] {
            let told = scene.run(&format!("plot c.npy {arguments} -o q.svg --force"));
            assert_eq!(told.code, Some(2), "{told}");
            assert!(told.stderr.contains(sentence), "{told}");
        }
    }
    // Exports have it along a time of its own.
    scene.write("c.record.csv", &text);
    scene.succeed("export c.npy --to zarr");
    for (column, name) in [("t", "record_time"), ("left_rate", "record_left_rate")] {
        let bytes = scene.read(&format!("c.zarr/{name}/c/0"));
        let values: Vec<f64> = found.iter().map(|row| row[column]).collect();
        assert!(bytes == bytemuck::cast_slice::<f64, u8>(&values), "{name}");
        let told = scene.text(&format!("c.zarr/{name}/zarr.json"));
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["dimension_names"][0], "record_time");
    }
    for (command, code, sentence) in [
        (
            "plot c.npy --record left_rat -o b.svg",
            2,
            "has no column left_rat, did you mean left_rate?",
        ),
        (
            "plot c.npy --record mass --data logger.csv -o b.svg",
            2,
            "it has none of the columns mass that --record names, but a, b",
        ),
        (
            "plot c.npy --record a --data no.csv -o b.svg",
            1,
            "cannot read --data no.csv",
        ),
        ("probe c.record.csv --at t=5", 2, "reaches from 0.0 to 0.03"),
        ("probe c.record.csv --at x=5", 2, "or by t, and not by x"),
        (
            "stats c.record.csv --axis 0",
            2,
            "have a row each: leave out --axis",
        ),
        (
            "stats d.record.csv",
            1,
            "d.record.csv: there is no such file",
        ),
        (
            "probe d.record.csv --at 0",
            1,
            "d.record.csv: there is no such file",
        ),
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(code), "{command}\n{told}");
        assert!(told.stderr.contains(sentence), "{command}\n{told}");
    }
    assert!(!scene.exists("b.svg"));
    // What was measured is not drawn over.
    let measured = scene.read("logger.csv");
    scene.write("own.svg", &measured);
    let told = scene.run("plot c.npy --record a --data own.svg -o own.svg --force");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("own.svg"), "{told}");
    assert!(scene.read("own.svg") == measured);
    scene.write("logger.csv", "time [year],a\n1,2\n");
    let told = scene.run("plot c.npy --record a --data logger.csv -o b.svg");
    assert!(
        told.stderr
            .contains("line 1: column \"time [year]\" is in year and cannot be taken as h"),
        "{told}"
    );
    // What the journal does not prove is not read.
    scene.write("c.record.csv", format!("{text}41,0.03"));
    for command in [
        "stats c.record.csv",
        "probe c.record.csv --at 0",
        "info c.npy",
        "export c.npy --to zarr --force",
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(3), "{command}\n{told}");
        assert!(told.stderr.contains("something else than rows"), "{told}");
    }
    scene.write("c.record.csv", text.replacen(",0.0", ",zero", 1));
    let told = scene.run("plot c.npy --record a -o b.svg");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(
        told.stderr
            .contains("c.record.csv has other rows than its run has written"),
        "{told}"
    );
    let plain = PROBLEM.split("[record]").next().unwrap();
    scene.write("o.toml", plain);
    scene.succeed("run o.toml -o o.npy");
    let told = scene.run("plot o.npy --record a -o b.svg");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr.contains("o.npy has no record beside it"),
        "{told}"
    );
}

/// A run with fields, of whose journal only line 1 and so many snapshots are left: what a kill leaves.
fn with_committed(scene: &Scene, journal: &str, snapshots: usize) {
    let lines = journal.split_inclusive('\n').take(1 + snapshots);
    scene.write("c.journal", lines.collect::<String>());
}

/// Readers show the frames that committed snapshots end, and what lies behind them is not there.
#[test]
fn fields_are_read_up_to_the_last_committed_snapshot() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        PROBLEM.replace("totals", "fields = ['mean', 'time_of_max']\ntotals"),
    );
    scene.succeed("run p.toml -o c.npy");
    let (journal, frames) = (scene.text("c.journal"), scene.read("c.mean.npy"));
    let count = |told: &str| -> u64 {
        let answer: serde_json::Value = serde_json::from_str(told).unwrap();
        answer["count"].as_u64().unwrap()
    };
    let nodes = 26 * 26;
    std::os::unix::fs::symlink("c.mean.npy", scene.path("link.npy")).unwrap();
    for committed in 3..=6 {
        with_committed(&scene, &journal, committed);
        let known = committed as u64 - 1;
        for file in ["c.mean.npy", "link.npy"] {
            let told = scene.succeed(&format!("stats {file} --json"));
            assert_eq!(count(&told.stdout), known * nodes, "{told}");
            assert_eq!(told.stderr.contains("of 5 frames"), known < 5, "{told}");
        }
        scene.succeed("map m*2 m=c.mean.npy -o m.npy --force");
        // Frames have the axes of windows over two snapshots.
        scene.succeed("window c.npy --window 2,1,1 --op max -o pairs.npy --force");
        let [of_field, of_windows] = ["m", "pairs"].map(|stem| {
            let text = scene.text(&format!("{stem}.axes.json"));
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["axes"].take()
        });
        assert_eq!(of_field, of_windows);
        assert!(of_field[0]["coordinates"].is_array(), "{of_field}");
        let told = scene.succeed("info c.time_of_max.npy").stdout;
        assert!(told.contains("time of max"), "{told}");
        scene.succeed("window c.mean.npy --window 1,3,3 --op mean -o w.npy --force");
        scene.succeed("export c.mean.npy --to csv -o e.csv --force");
        scene.succeed("plot c.mean.npy --snapshots -1: -o last.png --force");
        assert_eq!(
            count(&scene.succeed("stats m.npy --json").stdout),
            known * nodes
        );
        assert_eq!(
            count(&scene.succeed("stats w.npy --json").stdout),
            known * 24 * 24
        );
        assert_eq!(
            scene.text("e.csv").lines().count() as u64,
            1 + known * nodes
        );
        let shape = format!("({known}, 26, 26)");
        assert!(scene.succeed("info c.mean.npy").stdout.contains(&shape));
        scene.succeed("compare c.mean.npy c.mean.npy");
        scene.succeed(&format!("probe c.mean.npy --at {},3,3", known - 1));
        for command in [
            format!("probe c.mean.npy --at {known},3,3"),
            format!("stats c.mean.npy --select {known}"),
            format!("plot c.mean.npy --snapshots {known} -o no.png"),
        ] {
            assert_eq!(scene.run(&command).code, Some(2), "{command}");
        }
    }
    // A run that ends early shortens its fields last: first the header, then the file, while others read.
    with_committed(&scene, &journal, 3);
    scene.write("c.mean.npy", &frames[..4096 + 2 * 8 * nodes as usize]);
    assert_eq!(
        count(&scene.succeed("stats c.mean.npy --json").stdout),
        2 * nodes
    );
    scene.write("c.mean.npy", &frames[..4096 + 8 * nodes as usize]);
    let told = scene.run("stats c.mean.npy");
    assert!(
        told.code == Some(3) && told.stderr.contains("is shorter than"),
        "{told}"
    );
    // Without the journal the file is an array like any other.
    scene.write("c.mean.npy", &frames);
    for ending in ["npy", "journal"] {
        std::fs::remove_file(scene.path(format!("c.{ending}"))).unwrap();
    }
    assert_eq!(
        count(&scene.succeed("stats c.mean.npy --json").stdout),
        5 * nodes
    );
}

/// A run that has just begun has no row and no frame, and nothing of it is damaged; a file may not be there yet.
#[test]
fn a_run_that_begins_has_no_row_and_no_frame_yet() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        PROBLEM.replace("totals", "fields = ['mean']\ntotals"),
    );
    scene.succeed("run p.toml -o c.npy");
    let journal = scene.text("c.journal");
    let streams = ["c.mean.npy", "c.record.csv", "c.record.json"];
    let files = streams.map(|name| (name, scene.read(name)));
    let readers = [
        ("stats c.record.csv", "c.record.csv has no row yet"),
        ("probe c.record.csv --at -1", "c.record.csv has no row yet"),
        (
            "plot c.npy --record mass -o a.svg",
            "c.record.csv has no row yet",
        ),
        ("stats c.mean.npy", "c.mean.npy has no frame yet"),
        ("probe c.mean.npy --at 0,3,3", "c.mean.npy has no frame yet"),
        (
            "map m*2 m=c.mean.npy -o m.npy",
            "c.mean.npy has no frame yet",
        ),
        (
            "export c.mean.npy --to csv -o e.csv",
            "c.mean.npy has no frame yet",
        ),
    ];
    // The files appear one after the other behind line 1.
    for there in 0..=files.len() {
        for (number, (name, bytes)) in files.iter().enumerate() {
            match number < there {
                true => drop(scene.write(name, bytes)),
                false => drop(std::fs::remove_file(scene.path(name))),
            }
        }
        with_committed(&scene, &journal, 0);
        for (command, sentence) in readers {
            if command.contains("mean") && there == 0 {
                continue;
            }
            let told = scene.run(command);
            let is_right = told.code == Some(2) && told.stderr.contains(sentence);
            assert!(is_right, "{there}: {command}\n{told}");
        }
        for command in [
            "info c.npy",
            "verify c.npy",
            "export c.npy --to zarr -o c.zarr --force",
        ] {
            scene.succeed(command);
        }
        // With the first snapshot there is a row, and not yet a frame.
        with_committed(&scene, &journal, 1);
        let (code, frames_code) = if there == files.len() { (0, 2) } else { (3, 2) };
        assert_eq!(scene.run("stats c.record.csv").code, Some(code), "{there}");
        if there > 0 {
            assert_eq!(
                scene.run("stats c.mean.npy").code,
                Some(frames_code),
                "{there}"
            );
        }
    }
    // Also beside a journal that is still empty.
    for (name, _) in &files {
        std::fs::remove_file(scene.path(name)).unwrap();
    }
    std::fs::remove_file(scene.path("c.npy")).unwrap();
    scene.write("c.journal", "");
    let told = scene.run("stats c.record.csv");
    assert!(
        told.code == Some(2) && told.stderr.contains("no row yet"),
        "{told}"
    );
}

/// A sweep has rows once one of its processes has ended.
#[test]
fn a_sweep_that_goes_on_has_no_row_yet() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    scene.write("s.toml", "params = 'p.toml'\ndecay = [0.5, 1]\n");
    scene.succeed("sweep s.toml -o c.npy");
    let journal = scene.text("c.journal");
    std::fs::remove_file(scene.path("c.record.csv")).unwrap();
    for committed in [0, 1, 8] {
        with_committed(&scene, &journal, committed);
        let told = scene.run("stats c.record.csv");
        assert!(
            told.code == Some(2) && told.stderr.contains("no row yet"),
            "{told}"
        );
        scene.succeed("info c.npy");
    }
    with_committed(&scene, &journal, 12);
    assert_eq!(scene.run("stats c.record.csv").code, Some(3));
}

/// A run without a record has none, whatever files of others lie beside it.
#[test]
fn a_run_without_a_record_has_none_whatever_lies_beside_it() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM.split("[record]").next().unwrap());
    scene.write(
        "r.toml",
        PROBLEM.replace("totals", "fields = ['mean']\ntotals"),
    );
    scene.succeed("run r.toml -o r.npy");
    scene.succeed("run p.toml -o c.npy");
    for (name, file) in [
        ("c.record.csv", None),
        ("c.record.csv", Some("r.record.csv")),
        ("c.record.json", Some("r.record.json")),
        ("c.mean.npy", Some("r.mean.npy")),
    ] {
        match file {
            None => drop(scene.write(name, "my,data\n1,2\n")),
            Some(file) => drop(std::fs::copy(scene.path(file), scene.path(name)).unwrap()),
        }
        for command in [
            "info c.npy",
            "verify c.npy",
            "repair c.npy",
            "export c.npy --to zarr -o c.zarr --force",
            "run p.toml -o c.npy --resume",
        ] {
            scene.succeed(command);
        }
        let told = scene.run("plot c.npy --record mass -o a.svg");
        assert!(
            told.code == Some(1) && told.stderr.contains("no record"),
            "{told}"
        );
        let told = scene.run("stats c.record.csv");
        let sentence = "is not the record of a run";
        assert!(
            told.code == Some(2) && told.stderr.contains(sentence),
            "{told}"
        );
    }
    // The array of others is whole.
    let told = scene.succeed("stats c.mean.npy --json").stdout;
    assert!(told.contains("\"count\":3380"), "{told}");
}

/// The two problems of the gallery whose answers are in their records.
#[test]
fn records_of_the_gallery_have_the_numbers_of_textbooks() {
    let params = concat!(env!("CARGO_MANIFEST_DIR"), "/params");
    let scene = Scene::new();
    scene.succeed(&format!("run {params}/house_wall.toml -o wall.npy"));
    let found = rows(&scene.text("wall.record.csv"));
    let (last, before) = (&found[found.len() - 1], &found[found.len() - 97]);
    assert_eq!(last["t"] - before["t"], 172_800.0);
    let text = std::fs::read_to_string(format!("{params}/outdoor.csv")).unwrap();
    let air: Vec<f64> = text
        .lines()
        .filter_map(|line| line.split_once(',')?.1.parse().ok())
        .collect();
    assert_eq!(air.len(), 97);
    // Readings are equally far apart, and the first is the last.
    let outside = air[1..].iter().sum::<f64>() / 96.0;
    let loss = last["left"] - before["left"];
    assert!((loss / 3.6e6 - 0.2733).abs() < 1e-4, "{loss}");
    let conductance = loss / 172_800.0 / (20.0 - outside);
    let resistance = 1.0 / 7.7 + 0.0125 / 0.25 + 0.1 / 0.035 + 0.2475 / 0.77 + 1.0 / 25.0;
    assert!(
        (conductance * resistance - 1.0).abs() < 1e-4,
        "{conductance}"
    );

    scene.succeed(&format!("run {params}/drying_board.toml -o board.npy"));
    let found = rows(&scene.text("board.record.csv"));
    for row in found.iter().skip(24) {
        let tau = 3e-10 * std::f64::consts::PI.powi(2) * row["t"] / (0.02 * 0.02);
        let odd = (0..50).map(|n| f64::from(2 * n + 1));
        let series: f64 = odd.map(|n| (-n * n * tau).exp() / (n * n)).sum();
        let share = 1.0 - 8.0 / std::f64::consts::PI.powi(2) * series;
        let recorded = (0.3 - row["board_mean"]) / 0.2;
        assert!(
            (recorded - share).abs() < 2e-4,
            "{recorded} {share} at {}",
            row["t"]
        );
    }
}

/// The curves of a sweep are told apart by the parameters of their scenarios, over times in a unit that suits them.
#[test]
fn curves_of_a_sweep_have_the_parameters_of_their_scenarios() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1e-6\nx1 = 0\nx2 = 0.1\ndx = 0.02\nruntime = 72000\nouttime = 72000\ngrid = \"walls\"\n\
         units = { x = \"m\", y = \"m\", t = \"s\", p = \"K\" }\n\
         record = { every = 7200, totals = true, points = { a = [0.04, 0.04] } }\n",
    );
    scene.write("s.toml", "params = \"p.toml\"\nD = [1e-6, 2e-6]\n");
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("plot s.npy --record a -o a.svg");
    let svg = scene.text("a.svg");
    for label in [">D = 1×10⁻⁶<", ">D = 2×10⁻⁶<", ">a [K]<", ">t [h]<"] {
        assert!(svg.contains(label), "{label}");
    }
    scene.succeed("plot s.npy --record a,left_rate -o b.svg");
    let svg = scene.text("b.svg");
    for label in [">a, D = 2×10⁻⁶<", ">left_rate, D = 1×10⁻⁶<"] {
        assert!(svg.contains(label), "{label}");
    }
}
