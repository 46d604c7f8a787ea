//! Functions of one number, `[function.NAME]`: from points and CSV files, in all formulas.

use crate::common::{Scene, data_of};
use serde_json::Value;

const BASE: &str = "\
D = 1.0
x1 = 0.0
x2 = 1.0
dx = 0.0999
grid = \"walls\"
runtime = 0.1
outtime = 0.02
";

fn scene(more: &str) -> Scene {
    let scene = Scene::new();
    scene.write("p.toml", format!("{BASE}{more}"));
    scene
}

fn values(scene: &Scene, cube: &str) -> Vec<f64> {
    let cube = scene.read(cube);
    let (numbers, _) = data_of(&cube).as_chunks();
    numbers
        .iter()
        .map(|&bytes| f64::from_le_bytes(bytes))
        .collect()
}

/// Formulas that are straight between points, and the functions that are the same.
#[test]
fn a_table_is_the_formula_that_goes_through_its_points() {
    const FORMULAS: [&str; 6] = [
        "boundary.left = 'where(t < 0.05, 20 + 100*t, 30 - 100*t)'\n",
        "boundary.right = { robin = ['1 + 4*t', 1.0, '3*(1 + 4*t)'] }\n",
        "source = 'x*y*(2 - 3*t) + t*t'\n",
        "D = '1 + x/2'\ncapacity = '2 - y'\ndecay = '4*x'\n",
        "initial = { kind = 'expression', value = '2*x + y' }\n",
        "held = [{ where = '(x > 0.5)*(y < 0.3)', value = '3*y' }]\n",
    ];
    const TABLES: [&str; 6] = [
        "boundary.left = 'T_1(t)'\n",
        "boundary.right = { robin = ['h(t/2)', 1.0, '3*h(t/2)'] }\n",
        "source = 'x*y*s(t) + t*t'\n",
        "D = 'd(x)'\ncapacity = '2 - one(y)'\ndecay = '4*one(x)'\n",
        "initial = { kind = 'expression', value = '2*one(x) + y' }\n",
        "held = [{ where = '(one(x) > 0.5)*(y < 0.3)', value = '3*one(y)' }]\n",
    ];
    let tables = "[function.T_1]\nfile = 'T.csv'\nfrom = 'time'\nto = 'T'\n\
        [function.h]\npoints = [[0, 1], [0.01, 1.08], [0.5, 5]]\n\
        [function.s]\npoints = [[0.0, 2.0], [0.1, 1.7]]\n\
        [function.d]\nfile = 'd.csv'\n\
        [function.one]\npoints = [[0, 0], [0.25, 0.25], [1, 1]]\n";
    for method in ["", "method = 'rkl2'\ndt = 0.01\n", "precision = 'f32'\n"] {
        let scene = Scene::new();
        let base = BASE.replace("D = 1.0\n", "");
        let text = |lines: &[&str]| format!("{method}{base}{}", lines.concat());
        scene.write("formula.toml", text(&FORMULAS));
        scene.write("table.toml", text(&TABLES) + tables);
        scene.write(
            "T.csv",
            "# of the house\n\"time\"; \"T\"; more\r\n0; 20;\r\n\r\n0.05;25; x\r\n0,1;2e1;\r\n",
        );
        scene.write("d.csv", "x,D\n-1,0.5\n1,1.5\n");
        scene.succeed("run formula.toml -o f.npy");
        scene.succeed("run table.toml -o t.npy");
        if method.contains("f32") {
            continue;
        }
        let (formula, table) = (values(&scene, "f.npy"), values(&scene, "t.npy"));
        let off = formula.iter().zip(&table).map(|(a, b)| (a - b).abs());
        let off = off.fold(0.0, f64::max);
        assert!(off <= 1e-12 * 30.0, "{method}: {off:e}");
        // Steps and times are those of the formulas.
        let of = |name: &str| scene.succeed(&format!("plan {name} --json")).stdout;
        let [one, other] = ["formula.toml", "table.toml"].map(|name| {
            let plan: Value = serde_json::from_str(&of(name)).unwrap();
            ["nsteps", "memory_bytes"].map(|key| plan[key].as_u64().unwrap())
        });
        // The points of files count, five of them, and as much again for reading them.
        assert_eq!([one[0], one[1] + 2 * 5 * 16], other);
    }
}

#[test]
fn between_and_beyond_its_points_a_function_is_what_was_asked_for() {
    let scene = scene(
        "boundary = 'insulated'\nsource = 'f(t)'\ninitial = { kind = 'constant', value = 0 }\n\
         dt = 0.001\n[function.f]\npoints = [[0.02, 1], [0.03, 5], [0.04, 1]]\n",
    );
    // The sum of the source over the steps.
    let mean = |options: &str| {
        scene.succeed(&format!("run p.toml -o c.npy --force {options}"));
        *values(&scene, "c.npy").last().unwrap()
    };
    let set = "--set function.f.beyond=";
    let near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
    assert!(near(mean(&format!("{set}hold")), 0.08 + 0.06));
    // The run begins at the end of a period.
    assert!(near(mean(&format!("{set}repeat")), 5.0 * 0.06));
    let previous = "--set function.f.between=previous";
    assert!(near(mean(&format!("{set}repeat {previous}")), 0.3));
    assert!(near(mean(&format!("{set}hold {previous}")), 0.09 + 0.05));
    // Held from the first look on.
    let told = scene.run("run p.toml -o d.npy");
    assert_eq!(told.code, Some(2));
    assert!(
        told.stderr.contains("source = \"f(t)\" cannot be used: at t = 0.0 it needs f(0.0), and f goes from 0.02 to 0.04; beyond = \"hold\" or \"repeat\""),
        "{told}"
    );
    assert!(!scene.exists("d.npy"));
    // What is not needed may be absent, and so may what lies behind the end by a rounding.
    mean("--set source=where((t>=0.02)*(t<=0.04),f(t),0)");
    scene.write(
        "w.toml",
        format!("{BASE}boundary.left = 'f(t)'\n[function.f]\npoints = [[0, 1], [0.06, 5]]\n"),
    );
    scene.succeed("run w.toml -o w.npy --set runtime=0.06");
    let told = scene.run("run w.toml -o v.npy");
    assert!(
        told.code == Some(2) && told.stderr.contains("and f goes from 0.0 to 0.06"),
        "{told}"
    );
    // Another argument ends the run where it leaves the points.
    let told = scene.run("run w.toml -o v.npy --set boundary.left=f(t+0*x)");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr.contains("boundary.left has no finite value"),
        "{told}"
    );
    let committed = scene.succeed("info v.npy --json").stdout;
    let info: Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(info["committed"], 4);
}

#[test]
fn a_file_of_points_is_an_input_that_resume_sweeps_and_repair_know() {
    let scene = scene("boundary.left = 'T(t)'\n[function.T]\nfile = 'a.csv'\n");
    let csv = |scale: f64| {
        let lines =
            (0..=10).map(|k| format!("{},{}\n", f64::from(k) / 100.0, scale * f64::from(k)));
        format!("t,T\n{}", lines.collect::<String>())
    };
    scene.write("a.csv", csv(1.0));
    scene.write("b.csv", csv(2.0));
    scene.succeed("run p.toml -o a.npy");
    scene.succeed("run p.toml -o b.npy --set function.T.file=b.csv");
    let line = scene.text("a.journal");
    let head: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(head["inputs"].as_object().unwrap().len(), 1);
    let told = scene.succeed("plan p.toml").stdout;
    assert!(told.contains("function   T: 11 points from 0.0 to 0.1, values from 0.0 to 10.0; linear between, refuse beyond, of columns 0 and 1 of "), "{told}");
    let plan: Value = serde_json::from_str(&scene.succeed("plan p.toml --json").stdout).unwrap();
    assert_eq!(plan["functions"][0]["range"], serde_json::json!([0.0, 0.1]));
    assert!(
        scene
            .succeed("info a.npy")
            .stdout
            .contains("function   T: 11 points from 0.0 to 0.1")
    );
    // A cube is read without the file.
    let sum = |name: &str| scene.read(name);
    scene.write("moved.csv", csv(1.0));
    std::fs::remove_file(scene.path("a.csv")).unwrap();
    assert!(
        scene
            .succeed("info a.npy")
            .stdout
            .contains("points that cannot be read")
    );
    scene.succeed("probe a.npy --at t=0.04,y=0.5,x=0.5");
    let told = scene.run("plan p.toml");
    assert!(
        told.code == Some(1) && told.stderr.contains("a.csv"),
        "{told}"
    );
    scene.succeed("run p.toml -o a.npy --resume --set function.T.file=moved.csv");
    let told = scene.run("run p.toml -o a.npy --resume --set function.T.file=b.csv");
    assert!(
        told.code == Some(2) && told.stderr.contains("function.T.file was \"SHA-256 "),
        "{told}"
    );
    let told = scene.run(
        "run p.toml -o a.npy --resume --set function.T.file=moved.csv --set function.T.beyond=hold",
    );
    assert!(
        told.code == Some(2)
            && told
                .stderr
                .contains("function.T.beyond was \"refuse\" and is \"hold\""),
        "{told}"
    );
    // Scenarios with tables of their own.
    scene.write(
        "sweep.toml",
        "params = \"p.toml\"\n[function.T]\nfile = [\"moved.csv\", \"b.csv\"]\n",
    );
    scene.succeed("sweep sweep.toml -o s.npy");
    let both = [data_of(&sum("a.npy")), data_of(&sum("b.npy"))].concat();
    assert!(data_of(&sum("s.npy")) == both);
    scene.write("points.toml", "params = \"p.toml\"\nfunction.T = { file = \"b.csv\", from = [0, \"t\"], to = 1, beyond = [\"hold\", \"hold\"] }\ncombine = \"zip\"\n");
    scene.succeed("sweep points.toml -o z.npy");
    let twice = [data_of(&sum("b.npy")), data_of(&sum("b.npy"))].concat();
    assert!(data_of(&sum("z.npy")) == twice);
}

#[test]
fn tables_and_files_of_which_there_is_no_function_are_refused() {
    for (table, reason) in [
        (
            "[function.sin]\npoints = [[0, 1], [1, 2]]",
            "sin has a meaning in formulas already",
        ),
        ("[function.x]\npoints = [[0, 1], [1, 2]]", "x has a meaning"),
        (
            "[function.pi]\npoints = [[0, 1], [1, 2]]",
            "pi has a meaning",
        ),
        (
            "[function.random]\npoints = [[0, 1], [1, 2]]",
            "random has a meaning",
        ),
        (
            "[function.1a]\npoints = [[0, 1], [1, 2]]",
            "letters, digits and _",
        ),
        (
            "[function.'a-b']\npoints = [[0, 1], [1, 2]]",
            "letters, digits and _",
        ),
        ("[function.f]", "one of file"),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nfile = 'a.csv'",
            "keep one of file and points",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nfrom = 1",
            "function.f.from = 1 cannot be used: it belongs to file",
        ),
        ("[function.f]\npoints = [[0, 1]]", "two points or more"),
        (
            "[function.f]\npoints = [[0, 1], [0, 2]]",
            "point 2: the argument 0.0 follows 0.0",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1]]",
            "pairs of finite numbers",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, nan]]",
            "pairs of finite numbers",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nbeyond = 'repeat'",
            "the same value at both ends, and they are 1.0 and 2.0",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nbeyond = 'loop'",
            "p.toml:11: function.f.beyond = \"loop\" cannot be used: function.f.beyond must be \"refuse\", \"hold\" or \"repeat\"",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nbetween = 1",
            "function.f.between must be \"linear\", \"previous\" or \"mean\"",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\ntop = 1",
            "p.toml:11: there is no parameter function.f.top (= 1), did you mean to?",
        ),
        (
            "[function]\nf = 3",
            "p.toml:10: function.f = 3 cannot be used: a table must follow",
        ),
    ] {
        let scene = scene(&format!("boundary.left = \"f(t)\"\n{table}\n"));
        let told = scene.run("plan p.toml");
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{table}: {told}"
        );
    }
    for (text, reason) in [
        ("", "it is empty"),
        ("# nothing\n\n", "it is empty"),
        ("t,T\n", "line 1: a function needs two points or more"),
        ("t,T\n0,1\n", "line 2: a function needs two points or more"),
        (
            "0,1\n1,2\n2,3\n",
            "line 1: it has numbers where the names of the columns should be",
        ),
        (
            "a,T\n0,1\n1,2\n",
            "line 1: there is no column \"t\"; there are a, T",
        ),
        (
            "# x\n\nt;t;T\n0;0;1\n1;1;2\n",
            "line 3: there are several columns \"t\"",
        ),
        (
            "t\tT\n0\t1\n0\t2\n",
            "line 3: the argument 0 follows 0; arguments must ascend",
        ),
        (
            "t,T\n1,1\n# back\n0,2\n",
            "line 4: the argument 0 follows 1",
        ),
        (
            "t,T\n0,1\n1,\n",
            "line 3, column \"T\": there is no value; gaps = \"skip\"",
        ),
        ("t,T\n0,1\n,2\n", "line 3, column \"t\": there is no number"),
        (
            "t,T\n0,1\n1\n",
            "line 3: it has 1 field between commas, and the line of headings has 2",
        ),
        (
            "t,T\n0,1\n \n1,2,7\n",
            "line 4: it has 3 fields between commas, and the line of headings has 2",
        ),
        (
            "t,T\n0,1\n1,nan\n",
            "line 3, column \"T\": there is no value",
        ),
        (
            "t,T\r\n0,1\r\n1,inf\r\n",
            "line 3, column \"T\": \"inf\" is not finite",
        ),
        ("t,T\n0,1\n1,1e999\n", "\"1e999\" is not finite"),
        (
            "t,T\n0,1\n1,cold\n",
            "line 3, column \"T\": \"cold\" is no number",
        ),
        ("t,T\n0,1\n1,1_000\n", "\"1_000\" is no number"),
        ("t,T\n0,1\n0x10,2\n", "\"0x10\" is no number"),
        (
            "t,T\n0,1\n1,2 K\n",
            "line 3, column \"T\": \"2 K\" is no number",
        ),
        (
            "t,T\n0,1\n2024-01-01 00:00,2\n",
            "line 3, column \"t\": \"2024-01-01 00:00\" is not a number",
        ),
        (
            "t,T\n0,\"1,5\"\n1,2\n",
            "line 2, column \"T\": \"1,5\" has a comma in place of the decimal point",
        ),
        ("t,T\n0,1\n1,0x10\n", "\"0x10\" is no number"),
        (
            "t,T\n0,\"1\n1,2\n",
            "line 2: a quotation mark is not closed",
        ),
        ("t T\n0 1\n1 2\n", "there is no column \"t\"; there are t T"),
        ("t,T\n0,1\n1,-\n", "\"-\" is no number"),
        ("t,T\n0,1\n1,2 °C\n", "\"2 °C\" is no number"),
        ("t,T\n-1e308,1\n1e308,2\n", "beyond the largest number"),
        ("t,T\n0,1\n1,2\n1,2\n", "line 4: the argument 1 follows 1"),
        ("\u{feff}t,T\n0,1\n1,..\n", "line 3, column \"T\""),
    ] {
        let scene = scene(
            "boundary.left = \"f(t)\"\n[function.f]\nfile = \"f.csv\"\nfrom = \"t\"\nto = \"T\"\n",
        );
        scene.write("f.csv", text);
        let told = scene.run("run p.toml");
        assert_eq!(told.code, Some(2), "{text:?}: {told}");
        assert!(
            told.stderr.contains("f.csv") && told.stderr.contains(reason),
            "{text:?}: {told}"
        );
        assert!(told.stderr.lines().count() == 1, "{told}");
    }
    for (columns, reason) in [
        (
            "from = 5",
            "line 1: there is no column 5, counted from 0: there are 2 (t, T)",
        ),
        ("to = \"Q\"", "there is no column \"Q\"; there are t, T"),
        (
            "to = -1",
            "to must be the name of a column in quotes, or its number from 0",
        ),
        ("from = 1", "line 3: the argument 1 follows 1"),
    ] {
        let scene = scene(&format!(
            "boundary.left = \"f(t)\"\n[function.f]\nfile = \"f.csv\"\n{columns}\n"
        ));
        scene.write("f.csv", "t,T\n0,1\n1,1\n");
        let told = scene.run("plan p.toml");
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{columns}: {told}"
        );
    }
}

/// Forms in which loggers and spreadsheets write, and how they are read: arguments from the first to the last one and values
/// from the least to the largest one, or the sentence that refuses the file.
#[test]
fn files_of_loggers_are_read_as_they_are_meant_or_refused_with_their_line() {
    const PLAIN: Reading = Ok((3, [0.0, 2.0], [10.0, 30.0]));
    const COMMAS: Reading = Ok((3, [0.0, 2.0], [10.5, 30.5]));
    type Reading = Result<(u64, [f64; 2], [f64; 2]), &'static str>;
    let forms: [(&str, &str, Reading); 35] = [
        ("time,T\n0,10\n1,20\n2,30\n", "", PLAIN),
        ("\u{feff}\"time\",\"T\"\n0,10\n1,20\n2,30\n", "", PLAIN),
        ("time,T\r\n0,10\r\n1,20\r\n2,30\r\n", "", PLAIN),
        ("time,T\r0,10\r1,20\r2,30\r", "", PLAIN),
        ("time;T\n0;10,5\n1;20,5\n2;30,5\n", "", COMMAS),
        ("time\tT\n0\t10,5\n1\t20,5\n2\t30,5\n", "", COMMAS),
        (
            "time,T\n0,10,5\n1,20,5\n2,30,5\n",
            "",
            Err("line 2: it has 3 fields between commas, and the line of headings has 2"),
        ),
        (
            "time,T\n0,\"10,5\"\n1,\"20,5\"\n",
            "",
            Err("line 2, column \"T\": \"10,5\" has a comma in place of the decimal point"),
        ),
        (
            "time,T\n2026-01-01 00:00,10\n2026-01-01 01:00,20\n2026-01-01 02:30,30\n",
            "",
            Ok((3, [0.0, 9000.0], [10.0, 30.0])),
        ),
        (
            "time,T\n2026-01-01 00:00,10\n2026-01-01 01:00,20\n2026-01-01 02:30,30\n",
            "units.t=h",
            Ok((3, [0.0, 2.5], [10.0, 30.0])),
        ),
        (
            "time,T\n2026-01-01 00:00,10\n2026-01-02,20\n",
            "units.t=years",
            Err("holds dates, which become times in s, min, h or d, and years is wanted"),
        ),
        (
            "time,T\n2026-03-29T00:30:00+01:00,10\n2026-03-29T03:30:00+02:00,20\n",
            "",
            Ok((2, [0.0, 7200.0], [10.0, 20.0])),
        ),
        (
            "Zeit;T\n05.01.2026 13:00;10,5\n05.01.2026 13:10;10,6\n",
            "",
            Ok((2, [0.0, 600.0], [10.5, 10.6])),
        ),
        (
            "time;T\n2025-12-31 23:00;10\n2026-01-01 01:00;20\n",
            "",
            Ok((2, [0.0, 7200.0], [10.0, 20.0])),
        ),
        (
            "time;T\n2026-01-02 00:00;10\n2026-01-03 00:00;20\n",
            "function.f.since=2026-01-01",
            Ok((2, [86_400.0, 172_800.0], [10.0, 20.0])),
        ),
        (
            "time;T\n2026-01-02 00:00Z;10\n2026-01-03 00:00Z;20\n",
            "function.f.since=2026-01-01",
            Err("line 2, column \"time\": of two dates one has a zone"),
        ),
        (
            "time,T\n0,10\n1,20\n",
            "function.f.since=2026-01-01",
            Err("line 1: column \"time\" holds numbers, and since is for dates"),
        ),
        (
            "time;T\n0;10\n600;\n1200;11;\n1800;12\n",
            "",
            Err("line 3, column \"T\": there is no value; gaps = \"skip\" leaves out the rows"),
        ),
        (
            "time;T\n0;10\n600;\n1200;11;\n1800;12\n",
            "function.f.gaps=skip",
            Ok((3, [0.0, 1800.0], [10.0, 12.0])),
        ),
        (
            "time;T\n0;10\n600;10\n19200;12\n19800;12\n",
            "",
            Ok((4, [0.0, 19_800.0], [10.0, 12.0])),
        ),
        ("time;T\ns;degC\n0;10\n1;20\n2;30\n", "", PLAIN),
        (
            "time [h];T [°C]\n0;10\n1;20\n",
            "units={t=\"s\",p=\"K\"}",
            Ok((2, [0.0, 3600.0], [283.15, 293.15])),
        ),
        (
            "time [h];T [°C]\n0;10\n1;20\n",
            "",
            Err(
                "line 1: column \"time [h]\" is in h and cannot be taken as s (units.t is not given); from_unit",
            ),
        ),
        (
            "time [h];T [mV]\n0;10\n1;20\n",
            "units={t=\"s\",p=\"K\"}",
            Err("line 1: column \"T [mV]\" is in mV and cannot be taken as K"),
        ),
        (
            "time [h];q [W/m²]\n0;10\n1;20\n",
            "function.f={file=\"f.csv\",from_unit=\"h\",to=\"q\",to_unit=\"W/m²\"}",
            Ok((2, [0.0, 1.0], [10.0, 20.0])),
        ),
        (
            "sep=;\ntime;T\n0;10\n1;20\n",
            "",
            Ok((2, [0.0, 1.0], [10.0, 20.0])),
        ),
        (
            "time,T\n0,10\n1,20\n2,30\nEnd of file\n",
            "",
            Err("line 5: it has 1 field between commas"),
        ),
        ("time;T;\n0;10;\n1;20;\n2;30\n", "", PLAIN),
        ("time;T\n0;10;;\n1;20;;\n2;30;;\n", "", PLAIN),
        (
            "time,T\n0,10\n1,20,7\n2,30\n",
            "",
            Err("line 3: it has 3 fields between commas"),
        ),
        (
            "time,T\n0,10\n1\n2,30\n",
            "",
            Err("line 3: it has 1 field between commas"),
        ),
        (
            "time,T\n2,30\n1,20\n0,10\n",
            "",
            Err("line 3: the argument 1 follows 2; arguments must ascend"),
        ),
        (
            "time,T\n0,10\n1,-9999\n2,30\n",
            "",
            Ok((3, [0.0, 2.0], [-9999.0, 30.0])),
        ),
        (
            "time,T\n0,10\n1,NaN\n2,NA\n3,30\n",
            "",
            Err("line 3, column \"T\": there is no value"),
        ),
        (
            "time,T\n0,10\n1,---\n2,n/a\n3,--\n4,#N/A\n5,null\n6,30\n",
            "function.f.gaps=skip",
            Ok((2, [0.0, 6.0], [10.0, 30.0])),
        ),
    ];
    let scene =
        scene("boundary.left = \"f(t)\"\n[function.f]\nfile = \"f.csv\"\nbeyond = \"hold\"\n");
    for (text, set, reading) in forms {
        scene.write("f.csv", text);
        let mut arguments = vec!["plan", "p.toml", "--json"];
        if !set.is_empty() {
            arguments.extend(["--set", set]);
        }
        if set.starts_with("function.f={") {
            arguments.extend(["--set", "function.f.beyond=hold"]);
        }
        let answer = scene.run_args(&arguments);
        match reading {
            Ok((count, range, values)) => {
                assert_eq!(answer.code, Some(0), "{text}\n{answer}");
                let plan: Value = serde_json::from_str(&answer.stdout).unwrap();
                let function = &plan["functions"][0];
                assert_eq!(function["points"], count, "{text}");
                assert_eq!(function["range"], serde_json::json!(range), "{text}");
                assert_eq!(function["values"], serde_json::json!(values), "{text}");
            }
            Err(sentence) => {
                assert_eq!(answer.code, Some(2), "{text}\n{answer}");
                assert!(answer.stderr.contains(sentence), "{text}\n{answer}");
            }
        }
    }
    // The largest gap is told where it is none of the usual distances.
    scene.write("f.csv", "time;T\n0;10\n600;10\n19200;12\n19800;12\n");
    let plan = scene.succeed("plan p.toml").stdout;
    let gap = "5 h 10 min without a value, interpolated, from 600.0 to 19200.0";
    assert!(plan.contains(gap), "{plan}");
    let plan = scene.succeed("plan p.toml --set function.f.between=previous --set units.t=min");
    assert!(
        plan.stdout.contains("12 d 22 h without a value, held"),
        "{plan}"
    );
    let plan = scene.succeed("plan p.toml --set units.t=weeks").stdout;
    assert!(plan.contains("18600.0 weeks without a value"), "{plan}");
    scene.write("f.csv", "time;T\n0;10\n600;10\n1200;12\n");
    assert!(
        !scene
            .succeed("plan p.toml")
            .stdout
            .contains("without a value")
    );
}

/// Another key of a table leaves the file beside the parameter file, from whichever directory it is set.
#[test]
fn files_of_a_table_stay_where_they_are_named() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("house")).unwrap();
    scene.write(
        "house/p.toml",
        format!("{BASE}boundary.left = 'T(t)'\n[function.T]\nfile = 'T.csv'\n"),
    );
    scene.write("house/T.csv", "t,T\n0,1\n1,2\n");
    scene.write("other.csv", "t,T\n0,5\n1,7\n");
    for (set, values) in [
        ("function.T.beyond=hold", [1.0, 2.0]),
        ("function.k={points=[[0, 1], [1, 2]]}", [1.0, 2.0]),
        ("function.T.file=other.csv", [5.0, 7.0]),
    ] {
        let answer = scene.succeed_args(["plan", "house/p.toml", "--json", "--set", set]);
        let plan: Value = serde_json::from_str(&answer.stdout).unwrap();
        let functions = plan["functions"].as_array().unwrap().iter();
        let function = functions
            .into_iter()
            .find(|function| function["name"] == "T");
        assert_eq!(
            function.unwrap()["values"],
            serde_json::json!(values),
            "{set}"
        );
    }
}
