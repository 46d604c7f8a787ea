//! Parts of arrays, as they are typed: one grammar, one answer and one sentence in every command.

use crate::common::Scene;

#[test]
fn a_part_is_the_same_part_in_every_command() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1.0]\n");
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("create a.npy --shape 6,4 --fill index");
    scene.write("points.csv", "x,D,t,y\n0.4,0.5,1,0\n");
    let axes = "--axes h,lat";
    for (command, same) in [
        // An index drops its axis, and a range keeps it.
        ("probe c.npy[-1,3] --at 4", "probe c.npy --at -1,3,4"),
        (
            "probe c.npy[t=3.75,y=0] --at x=0.4",
            "probe c.npy --at 3,10,11",
        ),
        (
            "probe c.npy[t=1:2.5] --at 0:,3,4",
            "probe c.npy --at 1:3,3,4",
        ),
        ("probe c.npy[::2,:,4] --at 1,3", "probe c.npy --at 2,3,4"),
        (
            "probe c.npy --at t=1:,y=0,x=0.4",
            "probe c.npy --at 1:,10,11",
        ),
        (
            "probe c.npy --series --at y=0,x=0.4",
            "probe c.npy --series --at 10,11",
        ),
        (
            "probe c.npy --series --at y=0,x=0.4",
            "probe c.npy --at :,10,11",
        ),
        ("stats c.npy[t=1:] --csv", "stats c.npy --select t=1: --csv"),
        (
            "stats c.npy[,2:5] --csv",
            "stats c.npy --select :,2:5 --csv",
        ),
        ("stats c.npy[2] --csv", "stats c.npy --select t=2.5 --csv"),
        (
            "stats c.npy[2] --axis 0 --csv",
            "stats c.npy --select t=2.5 --axis y --csv",
        ),
        (
            "stats c.npy[y=0] --axis t --every 2 --csv",
            "stats c.npy --select :,10 --axis 0 --every 2 --csv",
        ),
        (
            "window c.npy --select t=1: --window t=2.5 --op mean -o w.npy --force",
            "window c.npy --select 1: --window 2,1,1 --op mean -o w.npy --force",
        ),
        // Parameters name a scenario, whose times and places are its own.
        (
            "probe s.npy --at D=0.5,t=1,y=0,x=0.4",
            "probe s.npy --at 0,1,10,11",
        ),
        (
            "probe s.npy --at D=1,t=1:3,y=0,x=0.4",
            "probe s.npy --at 1,1:3,10,11",
        ),
        (
            "probe s.npy --at scenario=1,t=1,y=0,x=0.4",
            "probe s.npy --at 1,1,10,11",
        ),
        (
            "probe s.npy[D=1,t=1,y=0] --at x=0.4",
            "probe s.npy --at 1,1,10,11",
        ),
        (
            "probe s.npy --points points.csv",
            "probe s.npy --at 0,1,10,11",
        ),
        (
            "stats s.npy --select D=1,t=1: --csv",
            "stats s.npy --select 1,1: --csv",
        ),
        ("stats s.npy[D=1] --csv", "stats s.npy[1] --csv"),
        // Names that --axes gives have indices.
        (
            &format!("probe a.npy {axes} --at lat=-1,h=2"),
            "probe a.npy --at 2,-1",
        ),
        (
            &format!("probe a.npy[h=::3] {axes} --at h=1,lat=0"),
            "probe a.npy --at 3,0",
        ),
        (
            &format!("stats a.npy {axes} --select lat=1: --csv"),
            "stats a.npy --select :,1: --csv",
        ),
        // Frames are in the order in which they are typed.
        (
            "plot c.npy --snapshots t=2.5,0 -o a",
            "plot c.npy --snapshots 2,-4 -o a",
        ),
        (
            "plot c.npy --snapshots t=1:2.5,t=0 -o a",
            "plot c.npy --snapshots 1:3,0 -o a",
        ),
        (
            "plot s.npy[D=1] --snapshots t=2.5 -o a",
            "plot s.npy[1] --snapshots 2 -o a",
        ),
        (
            "flux c.npy --snapshots t=1:2.5",
            "flux c.npy --snapshots 1:3",
        ),
        ("flux c.npy --snapshots 3,0", "flux c.npy --snapshots ::3"),
    ] {
        let [answer, other] = [command, same].map(|command| scene.succeed(command).stdout);
        assert_eq!(values(&answer), values(&other), "{command}: {same}");
    }
}

/// The last fields of the lines of an answer, which are the values of CSV.
fn values(answer: &str) -> Vec<&str> {
    let fields = answer.lines().map(|line| line.rsplit(',').next());
    fields.flatten().collect()
}

#[test]
fn info_tells_of_parts() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    for (part, shape, axes) in [
        (
            "c.npy[2]",
            "(22, 22), a part of (4, 22, 22)",
            "axis       0: y from",
        ),
        (
            "c.npy[t=1:,x=0]",
            "(3, 22), a part of",
            "axis       0: t from 1.25 to 3.75",
        ),
        (
            "c.npy[:,:2]",
            "(4, 2, 22), a part of",
            "axis       2: x from",
        ),
        ("c.npy[1,2,3]", "(), a part of", ""),
    ] {
        let told = scene.succeed(&format!("info {part}"));
        let is_told = told.stdout.contains(&format!("file       {part}"))
            && told.stdout.contains(&format!("shape      {shape}"))
            && told.stdout.contains(axes);
        assert!(is_told, "{told}");
    }
    scene.succeed("window c.npy --select t=1:,y=0 --window 2,3 --op mean -o w.npy");
    scene.succeed("coarsen c.npy --select 2 --by 11,2 --op mean -o b.npy");
    scene.succeed("stats c.npy --select :,3 --axis t -o s.npy");
    for (file, shape) in [("w", "(2, 20)"), ("b", "(2, 11)"), ("s", "(6, 22)")] {
        let told = scene.succeed(&format!("info {file}.npy"));
        assert!(
            told.stdout.contains(&format!("shape      {shape}\n")),
            "{told}"
        );
    }
    let told = scene.succeed("info c.npy[2] --json").stdout;
    assert!(told.contains("\"part_of\":[4,22,22]"), "{told}");
}

#[test]
fn a_slip_in_a_part_is_told_with_a_way_out() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1.0]\n");
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("create a.npy --shape 6,4 --fill index");
    scene.write("points.csv", "i0,i1,i2\n1,2,3\n1,2,99\n");
    for (command, sentence) in [
        (
            "info c.npy[9]",
            "c.npy[9]: 9 lies outside: expected a whole number from -4 to 3, as axis 0 of c.npy has 4",
        ),
        (
            "info c.npy[::0]",
            "c.npy[::0]: '::0' is no range; expected one as in Python",
        ),
        (
            "info c.npy[1.5]",
            "'1.5' is no index or range along axis 0, which has 4; expected whole numbers, such as -1 or 2:8, or coordinates by name",
        ),
        (
            "stats c.npy --select 1:x",
            "'1:x' is no range along axis 0, which has 4",
        ),
        (
            "stats c.npy --select 0,0,0,0",
            "4 indices or ranges are typed, and c.npy has 3 axes",
        ),
        (
            "stats c.npy --select z=0",
            "--select z=0: axis z: the axes of a cube are 0 or t",
        ),
        ("stats c.npy --select 0=1", "axes before = have names"),
        (
            "stats c.npy --select t=1,2",
            "--select t=1,2: '2' has no name; either all have one or none",
        ),
        ("stats c.npy --select t=1,t=2", "--select t=1,t=2: t twice"),
        (
            "stats a.npy --axes time,lat --select tiem=2",
            "did you mean time?",
        ),
        ("stats a.npy --select lat=2", "--axes gives them names"),
        ("stats s.npy --select t=1", "give all of D"),
        (
            "stats s.npy --axis D",
            "'D' varies along the axis scenario, which is 0",
        ),
        (
            "stats c.npy --select 2 --axis 2",
            "axis 2: c.npy has 2 axes, 0 to 1",
        ),
        (
            "window c.npy --select 2 --window 1,2,2 --op mean -o w.npy",
            "such as 1,1, and not 3",
        ),
        (
            "map a a=s.npy[scenaro=1] -o m.npy",
            "'scenaro' does not vary in this sweep, did you mean scenario?",
        ),
        ("probe c.npy --at 1,2", "x is missing; c.npy needs"),
        ("probe c.npy --at t=1,x=0", "y is missing; c.npy needs"),
        ("probe c.npy --at 1,2,22", "--at 1,2,22: 22 lies outside"),
        (
            "probe c.npy --points points.csv",
            "line 3 of points.csv: 99 lies outside",
        ),
        ("plot c.npy --snapshots y=0 -o a", "or by t, and not by y"),
        (
            "plot c.npy --snapshots 9 -o a",
            "there is no snapshot 9; c.npy has 4",
        ),
        (
            "flux c.npy --snapshots 9",
            "there is no snapshot 9; c.npy has 4",
        ),
        (
            "flux c.npy --snapshots t=9",
            "t=9: c.npy reaches from 0.0 to 3.75",
        ),
        (
            "window c.npy --window 3,x,1 --op mean -o w.npy",
            "'x' is no length",
        ),
        ("plot c.npy --line y=0,x=0 -o a", "expected one coordinate"),
        (
            "sweep s.toml -o p.npy --scenarios a:b",
            "expected some of the 2 scenarios",
        ),
    ] {
        let told = scene.run(command);
        assert!(
            told.code == Some(2) && told.stderr.contains(sentence),
            "{command}: {told}"
        );
    }
}

/// Dates along an axis are values of it wherever an index is, and what is made of it keeps them.
#[test]
fn dates_name_the_indices_of_their_day_month_or_moment() {
    let scene = Scene::new();
    scene.succeed("create h.npy --shape 1680,2,2 --fill i0");
    let axes = "--axes t:h:since=2023-01-20,lat,lon";
    for (command, same) in [
        (
            "stats h.npy AXES --select t=2023-02-01",
            "stats h.npy --select 288:312",
        ),
        (
            "stats h.npy AXES --select t=2023-02-01:2023-02-03",
            "stats h.npy --select 288:360",
        ),
        (
            "stats h.npy AXES --select t=2023-02-01 06:00:2023-02-01 09:00",
            "stats h.npy --select 294:298",
        ),
        (
            "stats h.npy AXES --select t=2023-02-01T06:00:2023-02-01T09:00:2",
            "stats h.npy --select 294:298:2",
        ),
        (
            "stats h.npy AXES --select t=2023-02",
            "stats h.npy --select 288:960",
        ),
        (
            "stats h.npy AXES --select t=:2023-01-20",
            "stats h.npy --select :24",
        ),
        (
            "stats h.npy AXES --select t=2023-02-01 06:00,lat=1",
            "stats h.npy --select 294,1",
        ),
        ("stats h.npy[t=3 Feb 2023] AXES", "stats h.npy[336:360]"),
        ("stats h.npy AXES --select t=5", "stats h.npy --select 5"),
    ] {
        let told = |command: &str| {
            let words = command.replace(" AXES", &format!(" {axes}"));
            // Only what is typed behind --select has blanks.
            let (words, date) = words.split_once(" --select ").unwrap_or((&words, ""));
            let mut words: Vec<&str> = match words.split_once("h.npy[t=3") {
                Some((before, behind)) => {
                    let (_, behind) = behind.split_once(']').unwrap();
                    let before = before.split_whitespace();
                    before
                        .chain(["h.npy[t=3 Feb 2023]"])
                        .chain(behind.split_whitespace())
                        .collect()
                }
                None => words.split_whitespace().collect(),
            };
            if !date.is_empty() {
                words.extend(["--select", date]);
            }
            words.push("--csv");
            let told = scene.run_args(&words);
            assert_eq!(told.code, Some(0), "{told}");
            told.stdout
        };
        assert_eq!(told(command), told(same), "{command}");
    }
    for (select, sentence) in [
        (
            "t=2024-02-01",
            "t=2024-02-01: no date along t lies there; they go from 2023-01-20 00:00 to 2023-03-30 23:00",
        ),
        ("t=2023-02-01T00:00Z", "the dates along t have no zone"),
    ] {
        let told = scene.run_args([
            "stats",
            "h.npy",
            "--axes",
            "t:h:since=2023-01-20,lat,lon",
            "--select",
            select,
        ]);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains(sentence), "{told}");
    }
    let probed = scene
        .succeed(&format!(
            "probe h.npy {axes} --at t=2023-02-01T06:00,lat=0,lon=1"
        ))
        .stdout;
    assert!(probed.ends_with("294.0\n"), "{probed}");
    scene.succeed(&format!(
        "window h.npy {axes} --select t=2023-02-01:2023-02-03 --window 24,1,1 --op mean -o w.npy"
    ));
    let told = scene.succeed("info w.npy").stdout;
    assert!(
        told.contains("0: t [hours since 2023-01-20 00:00] from 299.5 to 347.5"),
        "{told}"
    );
    // Calendars of climate models.
    scene.succeed("create d.npy --shape 720,1 --fill i0");
    for (calendar, months) in [
        ("noleap", "2,0,0,56"),
        ("360_day", "2,0,0,60"),
        ("standard", "2,0,0,57"),
    ] {
        let axes = format!("--axes t:d:since=2000-01-01:calendar={calendar},x");
        let groups = scene
            .succeed(&format!("stats d.npy {axes} --axis t --by month --csv"))
            .stdout;
        let february = groups
            .lines()
            .find(|line| line.starts_with("2.0,") || line.starts_with("2,"))
            .unwrap();
        let count = february
            .split(',')
            .find(|field| ["56", "57", "60", "56.0", "57.0", "60.0"].contains(field));
        assert_eq!(
            count.map(|count| count.trim_end_matches(".0")),
            months.rsplit(',').next(),
            "{groups}"
        );
    }
    scene.succeed("create i.npy --shape 720 --fill i0");
    scene.succeed("map a*1e8 a=i.npy -o t.npy");
    let told = scene.run("stats d.npy --axes t:d:since=2000-01-01=t.npy,x --axis t --by year");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr.contains("at index 35 along t has no date"),
        "{told}"
    );
    let told = scene.run("stats d.npy --axes t:d:since=2000-01-01:calendar=julian,x");
    assert!(
        told.stderr
            .contains("calendar must be standard, noleap or 360_day"),
        "{told}"
    );
}

/// What the axes of an array are is said once, beside it, and over no file that is read.
#[test]
fn an_array_is_labelled_once() {
    let scene = Scene::new();
    scene.succeed("create big.npy --shape 24,3 --fill i0");
    scene.succeed("create lat.npy --shape 3 --fill 10+i0");
    let big = scene.read("big.npy");
    scene.succeed("label big.npy --axes t:h:since=2023-01-01,lat=lat.npy");
    let told = scene.succeed("probe big.npy --at t=2023-01-01T06:00,lat=11 --json");
    assert!(told.stdout.contains("6.0"), "{told}");
    let told = scene.run("label big.npy --axes a,b");
    assert!(
        told.code == Some(2) && told.stderr.contains("--force"),
        "{told}"
    );
    scene.succeed("label big.npy --axes a,b --force");
    assert!(scene.text("big.axes.json").contains("\"a\""));
    for read in ["big.npy", "lat.npy"] {
        std::fs::remove_file(scene.path("big.axes.json")).unwrap();
        std::os::unix::fs::symlink(scene.path(read), scene.path("big.axes.json")).unwrap();
        let told = scene.run("label big.npy --axes t,lat=lat.npy --force");
        assert_eq!(told.code, Some(2), "{told}");
    }
    assert!(scene.read("big.npy") == big);
}
