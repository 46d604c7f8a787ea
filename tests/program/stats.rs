//! What `stats` answers: any axes, boxes, quantiles, histograms, files of other kinds; and the
//! coordinates that arrays made from a cube keep.
//!
//! `DIFF2D_FULL=1` runs thousands of random cases instead of hundreds.

use crate::common::{Scene, judged_by, python, sample_size};
use std::{fs::File, process::Stdio};

#[test]
fn random_questions_get_numpys_answers() {
    judged_by(
        "stats_reference.py",
        sample_size(5000, 300, 75),
        "random_questions_get_numpys_answers",
    );
}

#[test]
fn quantiles_of_more_than_fits_into_memory_are_those_of_all() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 1500,1000 --fill (random(1)-0.3)*10**(20*random(2)-10)");
    let question = "stats a.npy --quantiles 0,0.001,0.3,0.5,0.999,1 --json";
    let much = scene.succeed(question).stdout;
    for memory in ["64KiB", "1MiB", "4MiB"] {
        let told = scene.succeed(&format!("{question} --memory {memory}"));
        assert_eq!(told.stdout, much, "{memory}");
    }
    let told = scene.succeed(&format!("--verbose {question} --memory 1MiB"));
    assert!(told.stderr.contains("passes"), "{told}");
    // Columns that are longer than memory.
    let question = "stats a.npy --axis 0 --select :,:3 --quantiles 0.25,0.5 --csv";
    let much = scene.succeed(question).stdout;
    let little = scene.succeed(&format!("{question} --memory 2MiB")).stdout;
    assert_eq!(much, little);
    let question = "stats a.npy --axis 0,1 --quantiles 0.25,0.5 --csv";
    let much = scene.succeed(question).stdout;
    let little = scene.succeed(&format!("{question} --memory 1MiB")).stdout;
    assert_eq!(much, little);
}

/// Coordinates of the axes of a foreign array come from files.
#[test]
fn coordinates_of_axes_come_from_files() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,5 --fill 10*i0+i1");
    scene.succeed("create lat.npy --shape 5 --fill 40+2.5*i0");
    scene.succeed("create short.npy --shape 4 --fill i0");
    scene.succeed("create down.npy --shape 5 --fill 50-2.5*i0");
    scene.succeed("create both.npy --shape 5 --fill i0*(4-i0)");
    let told =
        scene.succeed("stats a.npy --axes t:h,lat:deg=lat.npy --axis t --select lat=42:46 --csv");
    assert_eq!(
        told.stdout,
        "i0,lat,count,sum,mean,std,min,max\n1,42.5,3,33.0,11.0,8.16496580927726,1.0,21.0\n2,45.0,3,36.0,12.0,8.16496580927726,2.0,22.0\n"
    );
    scene.succeed("stats a.npy --axes t:h,lat:deg=lat.npy --axis t -o b.npy");
    let told = scene.succeed("info b.npy").stdout;
    assert!(
        told.contains("axis       1: lat [deg] from 40.0 to 50.0"),
        "{told}"
    );
    // Coordinates that decrease are taken either way round, and kept.
    scene.succeed("stats a.npy --axes t:h,lat:deg=down.npy --axis t -o d.npy");
    for (command, answer) in [
        ("info d.npy", "axis       1: lat [deg] from 50.0 to 40.0"),
        (
            "probe d.npy --at statistic=mean,lat=41:46",
            "i0,i1,lat,value\n2,2,45.0,12.0\n2,3,42.5,13.0\n",
        ),
        (
            "probe d.npy --at statistic=mean,lat=46:41",
            "\n2,2,45.0,12.0\n2,3,42.5,13.0\n",
        ),
        (
            "probe d.npy --at statistic=mean,lat=50",
            "\n2,0,50.0,10.0\n",
        ),
        (
            "probe d.npy[lat=45:] --at 2,:",
            "\n2,2,45.0,12.0\n2,3,42.5,13.0\n2,4,40.0,14.0\n",
        ),
    ] {
        let told = scene.succeed(command);
        assert!(told.stdout.contains(answer), "{command}: {told}");
    }
    for (file, sentence) in [
        ("short.npy", "its shape is (4,), and the axis has 5 indices"),
        (
            "both.npy",
            "coordinates neither all increase nor all decrease",
        ),
        ("nowhere.npy", "nowhere.npy"),
    ] {
        let told = scene.run(&format!("stats a.npy --axes t,lat={file} --axis t"));
        assert!(matches!(told.code, Some(1 | 2)), "{told}");
        assert!(told.stderr.contains(sentence), "{told}");
    }
}

/// A result for each place in a period, whatever the order of elements, of boxes and of what is left of a last period.
#[test]
fn places_in_a_period_have_results_of_their_own() {
    let scene = Scene::new();
    // The element i0, i1 is 100 (i0 / 4) + 10 (i0 % 4) + i1: of 14 indices the last two are no whole period.
    scene.succeed("create a.npy --shape 14,3 --fill 100*floor(i0/4)+10*(i0-4*floor(i0/4))+i1");
    let told = scene.succeed("stats a.npy --axis 0 --every 4 --quantiles 0.5 --csv");
    assert!(
        told.stderr
            .contains("the last 2 of 14 indices along axis 0 are no whole period"),
        "{told}"
    );
    let mut expected = "i0,i1,count,sum,mean,std,min,max,q0.5\n".to_owned();
    for (phase, column) in (0..4).flat_map(|phase| (0..3).map(move |column| (phase, column))) {
        let first = f64::from(10 * phase + column);
        let [mean, last] = [first + 100.0, first + 200.0];
        let deviation = (20_000.0_f64 / 3.0).sqrt();
        expected += &format!(
            "{phase},{column},3,{:?},{mean:?},{deviation:?},{first:?},{last:?},{mean:?}\n",
            3.0 * mean
        );
    }
    assert_eq!(told.stdout, expected);
    // The other axis, in a box of the rows.
    scene.succeed("map a a=a.npy[2:12:2] -o b.npy");
    let whole = scene
        .succeed("stats a.npy --axis 1 --select 2:12:2 --every 3 --csv")
        .stdout;
    let part = scene.succeed("stats b.npy --axis 1 --every 3 --csv").stdout;
    let values = |text: &str| -> Vec<String> {
        let rows = text.lines().skip(1);
        rows.map(|row| row.splitn(3, ',').last().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(values(&whole), values(&part));
    assert_eq!(values(&whole).len(), 5 * 3);
    // The axis within a period keeps its name and the coordinates of the first one.
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.25\nruntime = 0.5\nouttime = 0.1\ngrid = 'walls'\n",
    );
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("stats c.npy --axis t --every 2 -o d.npy");
    let told = scene.succeed("info d.npy").stdout;
    assert!(
        told.contains("axis       0: statistic: 0 count, 1 sum, 2 mean, 3 std, 4 min, 5 max"),
        "{told}"
    );
    assert!(told.contains("axis       1: t from 0.0 to 0.1"), "{told}");
    assert!(told.contains("axis       2: y from 0.0 to 1.0"), "{told}");
    for (arguments, sentence) in [
        ("--axis 0 --every 20", "no whole period"),
        ("--axis 0,1 --every 2", "one axis at a time"),
        ("--axis 0 --every 0", "--every"),
        ("--every 2", "--axis"),
    ] {
        let told = scene.run(&format!("stats a.npy {arguments}"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains(sentence), "{told}");
    }
}

/// Names and units of the axes of any array: then its options take the words that those of a cube take.
#[test]
fn axes_without_names_are_given_some() {
    let scene = Scene::small();
    scene.succeed("create a.npy --shape 48,3,4 --fill i0+10*i1+100*i2");
    let named = "--axes t:h,lat,lon";
    for (with_names, without) in [
        (
            "stats a.npy AXES --select t=24:,lat=1 --json",
            "stats a.npy --select 24:,1 --json",
        ),
        (
            "stats a.npy AXES --select lon=-2: --json",
            "stats a.npy --select :,:,-2: --json",
        ),
        (
            "stats a.npy AXES --select t=1::24,lon=:3:2 --axis t --csv",
            "stats a.npy --select 1::24,:,:3:2 --axis 0 --csv",
        ),
        (
            "probe a.npy[t=3::24,lat=::2] AXES --at t=1,lat=-1,lon=2",
            "probe a.npy[3::24,::2] --at 1,1,2",
        ),
        (
            "probe a.npy AXES --at t=3,lat=-1,lon=2",
            "probe a.npy --at 3,-1,2",
        ),
        (
            "map a+1 a=a.npy[t=24:] AXES -o m.npy --force",
            "map a+1 a=a.npy[24:] -o m.npy --force",
        ),
    ] {
        let all = scene.succeed(&with_names.replace("AXES", named));
        assert_eq!(all.stdout, scene.succeed(without).stdout, "{with_names}");
    }
    scene.succeed(&format!("stats a.npy {named} --axis lat,lon -o s.npy"));
    scene.succeed("stats a.npy --axis 1,2 -o n.npy");
    scene.succeed("compare s.npy n.npy");
    // The array that is made keeps them.
    scene.succeed(&format!(
        "window a.npy {named} --window t=6 --op mean -o w.npy"
    ));
    scene.succeed("stats w.npy --axis t --select lon=1:3 --json");
    scene.succeed("run p.toml -o c.npy --quiet");
    for (command, sentence) in [
        (
            "stats a.npy --axes t,y",
            "--axes has 2 names, and a.npy has 3 axes",
        ),
        ("stats a.npy --axes t,y,y", "--axes has the name y twice"),
        ("stats a.npy --axes 0,1,2", "expected a name"),
        ("stats c.npy --axes a,b,c", "those of c.npy have: t, y, x"),
        (
            "stats a.npy --axes t,y,x --select t=a:",
            "'a:' is no range along axis 0, which has 48",
        ),
        (
            "stats a.npy --select ::-1",
            "'::-1' is no range; expected one as in Python, such as 2:8, :3, -1: or ::24, with a step of at least 1",
        ),
        (
            "map a a=a.npy[::0] -o m.npy",
            "a.npy[::0]: '::0' is no range; expected",
        ),
        (
            "stats c.npy --select t=0:1:0",
            "--select t=0:1:0: '0:1:0' is no range; expected one",
        ),
        (
            "export c.npy[::2] --to xdmf",
            "a part of c.npy is exported, and this format points into the file",
        ),
        (
            "window c.npy --follow --select ::2 --window 1,1,1 --op mean -o w.npy --force",
            "with --follow there are ranges alone",
        ),
        (
            "window c.npy --follow --select :,2 --window 1,1 --op mean -o w.npy --force",
            "such as 3:4 for an index",
        ),
        (
            "probe a.npy --axes t,y,x --at t=48,y=0,x=0",
            "expected a whole number from -48 to 47",
        ),
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(2), "{command}: {told}");
        assert!(told.stderr.contains(sentence), "{command}: {told}");
    }
}

/// Of all elements, along an axis and in windows, by every method.
#[test]
fn quantiles_beside_infinities_and_of_the_largest_floats_are_elements_or_between_them() {
    let scene = Scene::new();
    for (fill, q, expected) in [
        ("where(i0<2,4+i0,inf)", "0.25", "4.5"),
        ("where(i0<2,4+i0,inf)", "0.5", "5.0"),
        ("where(i0<2,4+i0,inf)", "0.75", "inf"),
        ("where(i0>0,3+i0,-inf)", "0.25", "-inf"),
        ("where(i0>0,inf,-inf)", "0", "-inf"),
        ("where(i0>0,inf,-inf)", "0.25", "nan"),
        ("(i0-1)*1.7e308", "0.25", "-8.5e+307"),
        ("(i0-1)*1.7e308", "0.5", "0.0"),
        ("1.7e308+i0*0", "0.5", "1.7e+308"),
    ] {
        scene.succeed(&format!("create a.npy --force --shape 3,3 --fill {fill}"));
        for of in ["--select :,0", "--axis 0 --select :,:1"] {
            let told = scene.succeed(&format!("stats a.npy {of} --quantiles {q} --csv"));
            let last = told.stdout.trim_end().rsplit(',').next();
            assert_eq!(last, Some(expected), "{fill} {q} {of}");
        }
        for window in ["3,1", "3,1 --pad nearest", "3,1 --stride 3,1"] {
            let command =
                format!("window a.npy --force --window {window} --op quantile:{q} -o w.npy");
            scene.succeed(&command);
            let middle = if window.contains("pad") { "1,1" } else { "0,1" };
            let told = scene.succeed(&format!("probe w.npy --at {middle} --csv"));
            let last = told.stdout.trim_end().rsplit(',').next();
            assert_eq!(last, Some(expected), "{fill} {q} {window}");
        }
    }
    scene.succeed("create a.npy --force --shape 4 --fill 1.7e308+index*0");
    for window in ["2", "2 --stride 2"] {
        scene.succeed(&format!(
            "window a.npy --force --window {window} --op median -o w.npy"
        ));
        let told = scene.succeed("probe w.npy --at 0 --csv").stdout;
        assert!(told.ends_with(",1.7e+308\n"), "{told}");
    }
}

#[test]
fn axes_of_length_0_have_no_values() {
    let scene = Scene::new();
    for shape in ["3,0", "0,3", "2,0,3"] {
        scene.succeed(&format!("create {shape}.npy --shape {shape}"));
        for more in [
            "",
            "--axis 0",
            "--axis 1",
            "--axis 0,1",
            "--axis 1 --select :2,:",
        ] {
            let told = scene.run(&format!("stats {shape}.npy --quantiles 0.5 {more} --csv"));
            assert!(
                [Some(0), Some(2)].contains(&told.code),
                "{shape} {more}: {told}"
            );
            assert!(!told.stderr.contains("panicked"), "{told}");
        }
    }
    let told = scene.succeed("stats 3,0.npy --axis 1 --quantiles 0.5 --csv");
    assert!(told.stdout.contains("\n0,0,0.0,nan,nan,"), "{told}");
    assert_eq!(told.stdout.lines().count(), 4, "{told}");
    let told = scene.succeed("stats 3,0.npy --histogram 2 --json").stdout;
    assert!(
        told.contains("\"edges\":[0.0,0.5,1.0],\"counts\":[0,0]")
            || told.contains("\"counts\":[0,0]"),
        "{told}"
    );
}

/// Dates are times, other words are none, and periods of uneven times are told.
#[test]
fn dates_are_coordinates_and_uneven_times_are_told() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,1 --fill 2*i0");
    let axes = |labels: &str| {
        let text = format!(
            "{{\"format\":1,\"shape\":[3,1],\"axes\":[{{\"name\":\"t\",\"labels\":[{labels}]}},{{\"name\":\"x\"}}]}}"
        );
        scene.write("a.axes.json", text);
    };
    axes("\"2026-01-05T00:00:00.000000000\",\"2026-01-05T02:00\",\"2026-01-05T04:00\"");
    let told = scene.succeed("stats a.npy --axis t --op trend --csv");
    assert!(told.stdout.ends_with(",1.0,0.0\n"), "{told}");
    assert!(
        told.stderr
            .contains("slopes are changes per h, intercepts are values at 2026-01-05 00:00"),
        "{told}"
    );
    for labels in [
        "\"a\",\"b\",\"c\"",
        "\"2026-01-05\",\"2026-01-04\",\"2026-01-06\"",
    ] {
        axes(labels);
        let told = scene.run("stats a.npy --axis t --op trend");
        assert!(
            told.code == Some(2) && told.stderr.contains("there is no slope along it"),
            "{told}"
        );
    }
    let small = Scene::new();
    small.write(
        "p.toml",
        "D = 1.0\nx1 = 0.0\nx2 = 1.0\ndx = 0.5\ngrid = 'walls'\nouttimes = [0.1, 0.2, 0.3, 1.0]\n",
    );
    small.succeed("run p.toml -o c.npy");
    let told = small.succeed("stats c.npy --axis t --every 2 -o e.npy --select 1:,:,:");
    assert!(
        told.stderr
            .contains("so periods of 2 indices are not equally long"),
        "{told}"
    );
    let told = small.succeed("stats c.npy --axis t --every 2 -o e.npy --force --select :4,:,:");
    assert!(!told.stderr.contains("not equally long"), "{told}");
}

#[test]
fn trends_of_a_cube_are_over_its_times() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --set units.t=h --set units.p=K --set t0=1e9");
    scene.succeed("map 3*(t-1e9)-2+0*a a=c.npy -o line.npy --unit K");
    let told = scene.succeed("stats line.npy --axis t --op trend --csv");
    assert!(
        told.stdout.starts_with("i0,i1,y,x,slope,intercept\n"),
        "{told}"
    );
    assert!(
        told.stdout
            .contains("\n21,21,11.0,11.0,3.0,-3000000002.0\n"),
        "{told}"
    );
    assert_eq!(told.stderr, "diff2d: slopes are in K/h, intercepts in K\n");
    let told = scene.succeed("stats line.npy --axis t --op trend --select :,21,21 --json");
    assert!(
        told.stdout
            .contains("{\"slope\":3.0,\"intercept\":-3000000002.0}"),
        "{told}"
    );
    scene.succeed("stats line.npy --axis t --op trend -o trend.npy");
    let told = scene.succeed("probe trend.npy --at statistic=slope,y=0,x=0");
    assert!(told.stdout.ends_with(",3.0\n"), "{told}");
    // A constant has the slope 0 exactly, whatever its rounding errors.
    scene.succeed("create a.npy --shape 9,4 --fill 0.1+where((i1==2)*(i0<8),nan,0*index)");
    let told = scene.succeed("stats a.npy --axis 0 --op trend --csv --skip-nan");
    assert_eq!(
        told.stdout,
        "i0,slope,intercept\n0,0.0,0.1\n1,0.0,0.1\n2,nan,nan\n3,0.0,0.1\n"
    );
    assert!(told.stderr.contains("axis 0 has no coordinates"), "{told}");
    let told = scene.succeed("stats a.npy --axis 0 --op trend --csv");
    assert!(told.stderr.contains("--skip-nan leaves NaN out"), "{told}");
    for (question, word) in [
        ("a.npy --op trend", "--axis says which"),
        ("a.npy --op trend --axis 0,1", "one axis at a time"),
        ("a.npy --op trend --axis 2", "has 2 axes"),
        (
            "a.npy --op trend --axis 0 --select :1,:",
            "there is 1 along axis 0",
        ),
        (
            "a.npy --op trend --axis 0 --select :0,:",
            "there are 0 along axis 0",
        ),
        ("a.npy --op trend --axis 0 --above 1", "cannot be used with"),
        (
            "a.npy --op trend --axis 0 --quantiles 0.5",
            "cannot be used with",
        ),
        ("a.npy --op median --axis 0", "possible values: trend"),
        ("a.npy --above nan", "expected a number"),
        ("a.npy --above hot", "expected a number"),
    ] {
        let told = scene.run(&format!("stats {question}"));
        assert!(
            told.code == Some(2) && told.stderr.contains(word),
            "{question}: {told}"
        );
        let told = scene.run(&format!("stats {question} -o none.npy"));
        assert!(
            told.code == Some(2) && !scene.exists("none.npy"),
            "{question}: {told}"
        );
    }
}

#[test]
fn what_lies_above_a_limit_is_counted_exactly() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,4 --fill where(index==7,nan,index)");
    let told = scene.succeed("stats a.npy --above 4.5");
    assert!(
        told.stdout
            .contains("\nabove  6\nfraction 0.5454545454545454\n"),
        "{told}"
    );
    let told = scene.succeed("stats a.npy --above 4.5 --skip-nan --json");
    assert!(
        told.stdout
            .contains("\"max\":11.0,\"above\":6,\"fraction\":0.5454545454545454,"),
        "{told}"
    );
    let told = scene.succeed("stats a.npy --above -1 --axis 1 --csv --quantiles 0.5");
    assert!(
        told.stdout
            .starts_with("i0,count,sum,mean,std,min,max,above,fraction,q0.5\n"),
        "{told}"
    );
    assert!(
        told.stdout
            .contains("\n1,4,nan,nan,nan,nan,nan,3,1.0,nan\n"),
        "{told}"
    );
    scene.succeed("create b.npy --shape 3 --dtype u8 --fill 2**62+2**20*index");
    let told = scene.succeed("stats b.npy a.npy --above 4611686018427387904 --csv");
    assert!(told.stdout.contains(",2,0.6666666666666666\n"), "{told}");
    let told = scene.succeed("stats a.npy --skip-nan --select 1:2,3:4 --above 0 --csv");
    assert!(told.stdout.ends_with(",0,nan\n"), "{told}");
}

#[test]
fn places_are_the_first_in_the_order_of_indices_whatever_that_of_the_file() {
    let scene = Scene::new();
    // [[3, 0, 9], [0, 9, nan]], in Fortran order.
    let values = [3.0, 0.0, 0.0, 9.0, 9.0, f64::NAN];
    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
    let text = format!("{header:<117}\n");
    let bytes = [
        b"\x93NUMPY\x01\0\x76\0",
        text.as_bytes(),
        bytemuck::cast_slice(&values),
    ]
    .concat();
    scene.write("f.npy", bytes);
    for select in ["", "--select :2,:3"] {
        let told = scene
            .succeed(&format!("stats f.npy --skip-nan --json {select}"))
            .stdout;
        assert!(told.contains("\"argmin\":[0,1],\"argmax\":[0,2]"), "{told}");
    }
}

#[test]
fn histograms_of_any_range_count_every_element() {
    let scene = Scene::new();
    for (fill, bins, counts) in [
        ("index*1e-320", "4", "[1,1,1,2]"),
        ("(index-2)*8e307", "4", "[1,1,1,2]"),
        ("(index-2)*8e307", "2:-1.7e308:1.7e308", "[2,3]"),
        ("1e300+index*0", "1:0:2e300", "[5]"),
    ] {
        scene.succeed(&format!("create a.npy --force --shape 5 --fill {fill}"));
        let told = scene
            .succeed(&format!("stats a.npy --histogram {bins} --json"))
            .stdout;
        assert!(
            told.contains(&format!("\"counts\":{counts}")),
            "{fill}: {told}"
        );
    }
    let told = scene.run("stats a.npy --histogram 2");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr
            .contains("fewer numbers between these ends than bins"),
        "{told}"
    );
}

#[test]
fn statistics_of_boxes_depend_neither_on_threads_nor_on_memory() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 61,173,211 --fill (random(1)-0.3)*10**(20*random(2)-10)");
    for command in [
        "stats a.npy --axis 0,2",
        "stats a.npy --axis 0 --select 3:,5:,:-7",
        "stats a.npy --axis 1 --select 3:,5:,:-7",
        "stats a.npy --axis 0,1",
        "stats a.npy --select 3:,5:,:-7",
        "stats a.npy --axis 0,1 --above 0.1",
        "stats a.npy --axis 0 --above 0.1 --select 3:,5:,:-7",
        "stats a.npy --axis 0 --op trend",
        "stats a.npy --axis 1 --op trend --select 3:,5:,:-7",
        "stats a.npy --axis 2 --op trend",
    ] {
        scene.same_for_any_threads_and_memory(command, "2MiB");
    }
}

#[test]
fn arrays_made_from_a_cube_keep_its_coordinates() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("window c.npy --window 2,1,3 --op mean -o w.npy");
    let told = scene.succeed("probe w.npy --at t=0.7,y=-11,x=-10");
    assert!(
        told.stdout
            .starts_with("i0,i1,i2,t,y,x,value\n0,0,0,0.625,-11.0,-9.95"),
        "{told}"
    );
    // A rim leaves windows on the nodes.
    scene.succeed("window c.npy --window 1,3,3 --op median --pad nearest -o m.npy");
    let told = scene.succeed("probe m.npy --at t=1.25,y=11,x=-11");
    assert!(told.stdout.contains("\n1,21,0,1.25,11.0,-11.0,"), "{told}");
    scene.succeed("coarsen c.npy --by 1,2,2 -o b.npy");
    let told = scene.succeed("stats b.npy --axis y,x --csv");
    assert!(told.stdout.starts_with("i0,t,count,"), "{told}");
    assert!(told.stdout.contains("\n1,1.25,121,"), "{told}");
    scene.succeed("stats c.npy --axis t --select x=-2:2 -o s.npy");
    let told = scene.succeed("probe s.npy --at statistic=max,y=0,x=0");
    assert!(
        told.stdout.starts_with("i0,i1,i2,y,x,value\n5,10,1,"),
        "{told}"
    );
    let told = scene.run("probe s.npy --at statistic=mode,y=0,x=0");
    assert!(told.stderr.contains("expected one of count, sum"), "{told}");
    // Every second snapshot, a part of its nodes, with their coordinates; the cube's files are not written over.
    scene.succeed("map a a=c.npy[t=0:3:2,x=-2:2:3] -o part.npy");
    for command in [
        "compare c.npy[t=::2,x=-2:2:3] part.npy",
        "plot c.npy[::2] --snapshots -1: -o part.png",
        "export c.npy[::2] --to csv -o part.csv",
    ] {
        scene.succeed(command);
    }
    let told = scene.succeed("probe part.npy --at t=2.5,y=-11,x=1");
    assert!(told.stdout.contains("\n1,0,1,2.5,-11.0,1.57"), "{told}");
    // Its elements have the indices of the file.
    let told = scene.succeed("probe c.npy[t=::2,x=-2:2:3] --at 1,0,1");
    assert!(told.stdout.contains("\n2,0,12,2.5,-11.0,1.57"), "{told}");
    // An index drops its axis, and a range keeps it.
    scene.succeed("map a-b a=c.npy b=c.npy[2] -o difference.npy");
    scene.succeed("map a a=c.npy[:,3:4,-1] -o column.npy");
    scene.succeed("map a a=c.npy[t=2.5,y=1] -o row.npy");
    for (name, shape) in [
        ("difference", "(4, 22, 22)"),
        ("column", "(4, 1)"),
        ("row", "(22,)"),
    ] {
        let told = scene.succeed(&format!("info {name}.npy"));
        assert!(
            told.stdout.contains(&format!("shape      {shape}")),
            "{told}"
        );
    }
    let values = |at: &str| scene.succeed(&format!("probe {at}")).stdout;
    let value = |at: &str| values(at).trim_end().rsplit(',').next().unwrap().to_owned();
    for (part, whole) in [
        ("c.npy[2] --at 3,4", "c.npy --at 2,3,4"),
        ("c.npy[2,3] --at x=1", "c.npy --at 2,3,11"),
        ("column.npy --at 1,0", "c.npy --at 1,3,21"),
        ("row.npy --at x=-2", "c.npy --at t=2.5,y=1,x=-2"),
        ("difference.npy --at 2,5,6", "difference.npy --at 2,6,5"),
    ] {
        assert_eq!(value(part), value(whole), "{part}");
    }
    let told = scene.succeed("stats c.npy[2,3,4] --json");
    assert!(told.stdout.starts_with("{\"count\":1,"), "{told}");
    scene.succeed("plot c.npy[2] -o frame.png");
    let told = scene.run("plot c.npy[2,3] -o frame.png --force");
    assert!(told.stderr.contains("has 1 dimension; pictures"), "{told}");
    let table = scene.text("part.csv");
    assert!(table.contains("\n2.5,-11.0,"), "{}", &table[..200]);
    assert!(!table.contains("\n1.25,"), "{}", &table[..200]);
    let told = scene.run("map a a=c.npy[::2] -o c.npy --force");
    assert_eq!(told.code, Some(2), "{told}");
    // Derived again, from what was derived.
    scene.succeed("window w.npy --window 1,2,1 --op max -o v.npy");
    assert!(
        scene
            .succeed("probe v.npy --at 0,0,0")
            .stdout
            .contains("\n0,0,0,0.625,")
    );

    // Coordinates of another array are left aside, and do not stay behind.
    let axes = scene.read("w.axes.json");
    scene.succeed("create w.npy --shape 3,4 --force");
    assert!(!scene.exists("w.axes.json"));
    scene.write("w.axes.json", axes);
    let told = scene.succeed("stats w.npy");
    assert!(told.stderr.contains("the axes of another array"), "{told}");
    scene.succeed("window w.npy --window 1,1 --op max -o m.npy --force");
    assert!(!scene.exists("m.axes.json"));
}

#[test]
fn minimum_and_maximum_have_places_in_units() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("stats c.npy");
    assert!(
        told.stdout
            .contains("argmax (0, 15, 15) at t = 0.0, y = 4.71"),
        "{told}"
    );
    let told = scene.succeed("stats c.npy --select t=1:,x=0: --json");
    assert!(told.stdout.contains("\"argmax\":[1,15,15]"), "{told}");
    scene.succeed("create n.npy --shape 3,4 --fill where(index==7,nan,index)");
    let told = scene.succeed("stats n.npy");
    assert!(told.stdout.contains("nan    1\nargmin (1, 3)"), "{told}");
    assert!(told.stderr.contains("--skip-nan"), "{told}");
    let told = scene.succeed("stats n.npy --skip-nan");
    assert!(
        told.stdout.contains("argmax (2, 3)") && told.stderr.is_empty(),
        "{told}"
    );
}

#[test]
fn scenarios_answer_to_their_parameters() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1.0]\n");
    scene.succeed("sweep s.toml -o s.npy");
    let told = scene.succeed("probe s.npy --at D=0.5,t=1,y=0,x=0.4");
    assert!(told.stdout.contains("\n0,1,10,11,"), "{told}");
    scene.write("points.csv", "x,D,t,y\n0.4,0.5,1,0\n0.4,1.0,1,0\n");
    let told = scene.succeed("probe s.npy --points points.csv");
    assert!(told.stdout.contains("\n0,1,10,11,") && told.stdout.contains("\n1,1,10,11,"));
    scene.write("points.csv", "x,D,t,y\nleft,0.5,1,0\n");
    let told = scene.run("probe s.npy --points points.csv");
    assert!(
        told.stderr.contains("column \"x\": \"left\" is no number"),
        "{told}"
    );
    for (at, word) in [
        ("D=0.7,t=1,y=0,x=0", "D is 0.5, 1.0"),
        ("t=1,y=0,x=0", "give all of D\n"),
        ("E=1,t=1,y=0,x=0", "'E' does not vary"),
        ("D=1,t=9,y=0,x=0", "reaches from 0.0 to 3.75"),
        ("D=1,y=0,x=0", "t is missing"),
    ] {
        let told = scene.run(&format!("probe s.npy --at {at}"));
        assert!(told.code == Some(2) && told.stderr.contains(word), "{told}");
    }
}

#[test]
fn bytes_behind_arrays_are_told() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 100");
    scene.write("b.npy", [scene.read("a.npy"), b"more".to_vec()].concat());
    let told = scene.succeed("stats b.npy");
    assert!(
        told.stderr.contains("b.npy has 4 bytes behind its array"),
        "{told}"
    );
    let told = scene.succeed("info b.npy").stdout;
    assert!(told.contains("4 B of them behind the array"), "{told}");
    let told = scene.succeed("info b.npy --json").stdout;
    assert!(told.contains("\"bytes_behind\":4"), "{told}");
}

#[test]
fn flat_files_and_standard_input_are_arrays_too() {
    let scene = Scene::new();
    scene.write(
        "make.py",
        "
import numpy as np, sys
d = sys.argv[1] + '/'
a = np.arange(12.).reshape(3, 4)
np.savez(d + 'z.npz', a=a)
np.save(d + 'a.npy', a)
open(d + 'r.bin', 'wb').write(b'12345678' + a.astype('>f4').tobytes())
",
    );
    let directory = scene.path("").display().to_string();
    python(&scene.path("make.py").display().to_string(), [&directory]);
    let expected = scene.succeed("stats a.npy --csv").stdout;
    let told = scene.succeed("stats r.bin --raw >f4:3x4:8 --csv");
    assert_eq!(told.stdout, expected);
    let told = scene.succeed("probe r.bin --raw >f4:3x4:8 --at 1,2");
    assert!(told.stdout.ends_with("\n1,2,6.0\n"), "{told}");
    scene.succeed("compare a.npy r.bin --raw >f4:3x4:8 --atol 0");
    scene.succeed("plot r.bin --raw >f4:3x4:8");
    assert!(scene.path("r/0000.png").is_file() || scene.path("r.png").is_file());
    for (arguments, word) in [
        ("stats z.npz", "numpy.load reads its arrays"),
        ("stats r.bin --raw f4:3x4x", "no shape"),
        ("stats r.bin --raw f4", "expected type"),
        ("compare a.npy a.npy --raw f4:3x4", "both files are .npy"),
    ] {
        let told = scene.run(arguments);
        assert!(told.stderr.contains(word), "{arguments}: {told}");
        assert_ne!(told.code, Some(0));
    }
    for damaged in [
        "stats r.bin --raw f4:3x5:8",
        "compare a.npy r.bin --raw >f4:3x4:8",
    ] {
        assert_eq!(scene.run(damaged).code, Some(3), "{damaged}");
    }
    // By a pipe, and as a file.
    let of_file = Stdio::from(File::open(scene.path("a.npy")).unwrap());
    let mut cat = std::process::Command::new("cat")
        .arg(scene.path("a.npy"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let of_pipe = Stdio::from(cat.stdout.take().unwrap());
    for input in [of_file, of_pipe] {
        let mut command = scene.diff2d();
        let told = command
            .args(["stats", "-", "--csv"])
            .stdin(input)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&told.stdout), expected);
    }
    cat.wait().unwrap();
    let told = scene.succeed("stats a.npy a.npy --csv");
    assert_eq!(told.stdout.lines().count(), 3, "{told}");
    assert!(told.stdout.starts_with("file,count,"), "{told}");
}

/// An array that is moved away leaves its coordinates behind: the next array of its name has none of them.
#[test]
fn coordinates_belong_to_one_array() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("map a*2 a=c.npy -o m.npy");
    let shape = scene.succeed("info m.npy --json").stdout;
    let shape: serde_json::Value = serde_json::from_str(&shape).unwrap();
    let lengths: Vec<String> = shape["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    scene.succeed(&format!(
        "create ones.npy --shape {} --fill 1",
        lengths.join(",")
    ));
    std::fs::rename(scene.path("m.npy"), scene.path("moved.npy")).unwrap();
    let axes = scene.read("m.axes.json");
    scene.succeed("window ones.npy --window 1,1,1 --op mean -o m.npy");
    let answer = scene.succeed("probe m.npy --at 1,2,3");
    assert!(answer.stdout.contains("\n1,2,3,1.0"), "{answer}");
    assert!(
        answer
            .stderr
            .contains("m.axes.json tells the axes of another array"),
        "{answer}"
    );
    // They go with the array to which they belong, copies and changes of its values included.
    scene.write("moved.axes.json", &axes);
    let answer = scene.succeed("probe moved.npy --at t=0,y=0,x=0");
    assert_eq!(
        answer.stderr.matches("another array").count(),
        0,
        "{answer}"
    );
    let mut array = scene.read("moved.npy");
    array[4096..].fill(0);
    scene.write("copy.npy", &array);
    scene.write("copy.axes.json", &axes);
    scene.succeed("probe copy.npy --at t=0,y=0,x=0");
    // What another program writes under the name has none of them, and a file without an id describes what has its shape.
    array[4063..4095].fill(b' ');
    scene.write("copy.npy", &array);
    assert_eq!(scene.run("probe copy.npy --at t=0,y=0,x=0").code, Some(2));
    let mut axes: serde_json::Value = serde_json::from_slice(&axes).unwrap();
    assert!(axes.as_object_mut().unwrap().remove("id").is_some());
    scene.write("copy.axes.json", axes.to_string());
    scene.succeed("probe copy.npy --at t=0,y=0,x=0");
}
