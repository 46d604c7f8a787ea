//! Groups of the dates of an axis, and arrays that are repeated along an axis.

use crate::common::{Scene, data_of, python};
use serde_json::{Value, json};

const AXES: &str = "--axes t:h:since=2023-01-15T05:00,y,x";

#[test]
fn groups_of_dates_are_those_of_pandas() {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    python("groups_reference.py", ["make", &directory]);
    let options = "--quantiles 0.3 -o";
    for part in ["year", "season", "month", "day", "hour"] {
        scene.succeed(&format!(
            "stats a.npy {AXES} --axis t --by {part} {options} {part}.npy"
        ));
        scene.succeed(&format!(
            "map a-c a=a.npy c={part}.npy[2] {AXES} --repeat t -o without_{part}.npy"
        ));
    }
    scene.succeed(&format!(
        "stats f.npy {AXES} --axis t --by month {options} f_month.npy"
    ));
    let axes = "--axes y,t:h:since=2023-01-15T05:00,x";
    scene.succeed(&format!(
        "stats m.npy {axes} --axis t --by month {options} m_month.npy"
    ));
    let axes = "--axes y,x,t:h:since=2023-01-15T05:00";
    scene.succeed(&format!(
        "stats l.npy {axes} --axis t --by month {options} l_month.npy"
    ));
    scene.succeed(&format!(
        "map a-c a=l.npy c=l_month.npy[2] {axes} --repeat t -o l_without.npy"
    ));
    scene.succeed(&format!(
        "stats a.npy {AXES} --axis t --by hour --select t=::6 {options} sixth.npy"
    ));
    scene.succeed("stats a.npy --axis 0 --every 24 -o days.npy --select :8976");
    scene.succeed("stats a.npy --axis 0 --every 24 -o mean_day.npy");
    scene.succeed("map a-c a=a.npy c=mean_day.npy[2] --repeat 0 -o without_day_of_24.npy");
    scene.succeed("map a-c a=a.npy[7:100] c=mean_day.npy[statistic=mean] --repeat 0 -o part.npy");
    python("groups_reference.py", ["check", &directory]);

    // An array whose axes have no names is the longest one along an axis that another array names.
    scene.succeed(&format!(
        "stats a.npy {AXES} --axis t --every 24 -o named_day.npy"
    ));
    scene.succeed("map a-c a=a.npy c=named_day.npy[2] --repeat t -o without_named_day.npy");
    assert_eq!(
        data_of(&scene.read("without_named_day.npy")),
        data_of(&scene.read("without_day_of_24.npy"))
    );

    // What each plane is is known, and pictures are drawn of it.
    let told = scene.succeed("info month.npy").stdout;
    let is_told = told.contains("axis       0: statistic: 0 count, 1 sum, 2 mean")
        && told.contains("axis       1: month from 1.0 to 12.0");
    assert!(is_told, "{told}");
    let told = scene.succeed("info season.npy").stdout;
    assert!(
        told.contains("season: 0 DJF, 1 JJA, 2 MAM, 3 SON"),
        "{told}"
    );
    let told = scene
        .succeed("probe month.npy --at statistic=mean,month=7,y=1,x=2")
        .stdout;
    assert!(told.contains("\n2,6,1,2,7.0,"), "{told}");
    scene.succeed("plot month.npy[2] --snapshots 6 -o july.png");
    let told = scene.run("plot month.npy -o months");
    let sentence = "an index drops an axis, as in 'month.npy[statistic=mean]'";
    assert!(
        told.code == Some(2) && told.stderr.contains(sentence),
        "{told}"
    );
    let told = scene
        .succeed(&format!("stats a.npy {AXES} --axis t --by season --csv"))
        .stdout;
    assert!(
        told.starts_with("season,i0,i1,count,sum") && told.contains("\nSON,2,3,2184,"),
        "{told}"
    );
    let command = format!("stats a.npy {AXES} --axis t --by month --quantiles 0.3");
    scene.same_for_any_threads_and_memory(&command, "1MiB");
}

#[test]
fn a_cube_with_dates_has_groups() {
    let scene = Scene::small();
    scene.write("T.csv", "time,T\n2023-01-30 00:00,1\n2023-02-03 00:00,2\n");
    scene.write(
        "w.toml",
        "D = 1.0\nx1 = 0.0\nx2 = 4.0\ndx = 1.0\ngrid = 'walls'\nruntime = 3.0\nouttime = 0.5\n\
         units.t = 'd'\nboundary.left = 'T(t)'\n[function.T]\nfile = 'T.csv'\nsince = '2023-01-30'\n",
    );
    scene.succeed("run w.toml -o w.npy");
    let told = scene
        .succeed("stats w.npy --axis t --by month --select y=0,x=0 --csv")
        .stdout;
    let counts = told
        .lines()
        .map(|line| line.split(',').collect::<Vec<&str>>());
    let counts: Vec<[&str; 2]> = counts.map(|fields| [fields[0], fields[1]]).collect();
    assert_eq!(
        counts,
        [["month", "count"], ["1", "4"], ["2", "3"]],
        "{told}"
    );
}

#[test]
fn what_has_no_groups_is_refused_in_a_sentence() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 40,3 --fill index");
    scene.succeed("create c.npy --shape 50,3 --fill index");
    scene.succeed("stats a.npy --axes t:d:since=2023-01-01,x --axis t --by month -o m.npy");
    scene.succeed("create long.npy --shape 400,3 --fill index");
    scene.succeed("stats a.npy --axis 0 --every 8 -o e.npy");
    for (command, sentence) in [
        (
            "info m.npy[mean]",
            "mean is a word of the axis statistic: statistic=mean takes what it names",
        ),
        (
            "stats a.npy --axis 0 --by month",
            "no dates are known along axis 0 of a.npy; --axes gives",
        ),
        ("stats a.npy --axis 0 --by week", "month"),
        ("stats a.npy --by month", "--axis"),
        (
            "stats a.npy --axes t:km:since=2023-01-01,x --axis t --by month",
            "'km' is no unit of times",
        ),
        (
            "stats a.npy --axes t:h:since=2023-13-01,x --axis t --by month",
            "'2023-13-01' is no date",
        ),
        (
            "map a-m a=long.npy m=m.npy[2] --repeat 0 -o o.npy",
            "no dates are known along axis 0 of long.npy",
        ),
        (
            "map a-m a=long.npy m=m.npy[2] --axes t:d:since=2023-01-01,x --repeat t -o o.npy",
            "long.npy has the month 3, and m.npy has not",
        ),
        (
            "map a-c a=a.npy c=e.npy --repeat -2 -o o.npy",
            "a.npy has 40 indices along the axis, and e.npy, which has more axes, no more than 8; e.npy[0]",
        ),
        (
            "map a+c a=a.npy c=c.npy --repeat 5 -o o.npy",
            "axis 5: a.npy has 2 axes",
        ),
    ] {
        let told = scene.run(command);
        assert!(
            told.code == Some(2) && told.stderr.contains(sentence),
            "{command}: {told}"
        );
    }
    let told = scene.succeed("map a+1 a=a.npy --repeat 0 -o o.npy");
    assert!(told.stderr.contains("none is repeated"), "{told}");
}

/// Where indices are the times, a part, a coarser array and windows have the times of theirs.
#[test]
fn indices_that_are_times_stay_those_of_their_dates() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 1488,2 --fill i0");
    let axes = "--axes t:h:since=2024-01-01,x";
    scene.succeed(&format!("coarsen a.npy --by t=24 {axes} -o days.npy"));
    scene.succeed(&format!(
        "window a.npy --window t=25 --op mean {axes} -o windows.npy"
    ));
    scene.succeed(&format!("map a a=a.npy[800:] {axes} -o part.npy"));
    scene.succeed(&format!("map a a=a.npy[::24] {axes} -o every.npy"));
    for (file, months) in [
        ("days.npy", vec![(1, 31), (2, 29), (3, 2)]),
        ("windows.npy", vec![(1, 732), (2, 696), (3, 36)]),
        ("part.npy", vec![(2, 640), (3, 48)]),
        ("every.npy", vec![(1, 31), (2, 29), (3, 2)]),
        (
            "a.npy --select 800:,: --axes t:h:since=2024-01-01,x",
            vec![(2, 640), (3, 48)],
        ),
    ] {
        let told = scene.succeed(&format!("stats {file} --axis t --by month --json"));
        let rows = told
            .stdout
            .lines()
            .map(|line| -> Value { serde_json::from_str(line).unwrap() });
        let first_column = rows.filter(|row| row["index"] == json!([0]));
        let counts: Vec<_> = first_column
            .map(|row| {
                (
                    row["month"].as_u64().unwrap(),
                    row["count"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(counts, months, "{file}");
    }
}
