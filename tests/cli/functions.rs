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
            "# of the house\n\"time\"; \"T\"; more\r\n0; 20;\r\n\r\n0.05;25; x\r\n0.1;2e1\r\n",
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
            (plan["nsteps"].clone(), plan["memory_bytes"].clone())
        });
        assert_eq!(one, other);
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
            "one of file",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nfrom = 1",
            "from belongs to file",
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
            "beyond must be \"refuse\" or \"hold\" or \"repeat\"",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\nbetween = 1",
            "between must be \"linear\" or \"previous\"",
        ),
        (
            "[function.f]\npoints = [[0, 1], [1, 2]]\ntop = 1",
            "there is no key top; there are file",
        ),
        ("[function]\nf = 3", "tables [function.NAME]"),
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
            "line 3: the argument 0.0 follows 0.0; arguments must ascend",
        ),
        (
            "t,T\n1,1\n# back\n0,2\n",
            "line 4: the argument 0.0 follows 1.0",
        ),
        ("t,T\n0,1\n1,\n", "line 3, column \"T\": there is no number"),
        ("t,T\n0,1\n,2\n", "line 3, column \"t\": there is no number"),
        ("t,T\n0,1\n1\n", "line 3, column \"T\": there is no number"),
        (
            "t,T\n0,1\n \n1,2\n",
            "line 3, column \"t\": there is no number",
        ),
        (
            "t,T\n0,1\n1,nan\n",
            "line 3, column \"T\": \"nan\" is not finite",
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
            "line 3, column \"t\": \"2024-01-01 00:00\" is no number",
        ),
        (
            "t;T\n0;1,5\n1;2\n",
            "line 2, column \"T\": \"1,5\" has a comma in place of the decimal point",
        ),
        ("t,T\n0,1\n1,0x10\n", "\"0x10\" is no number"),
        ("t,T\n0,\"1\n1,2\n", "line 2, column \"T\""),
        ("t T\n0 1\n1 2\n", "there is no column \"t\"; there are t T"),
        ("t,T\n0,1\n1,-\n", "\"-\" is no number"),
        ("t,T\n0,1\n1,2 °C\n", "\"2 °C\" is no number"),
        ("t,T\n-1e308,1\n1e308,2\n", "beyond the largest number"),
        (
            "t,T\n0,1\n1,2\n1,2\n",
            "line 4: the argument 1.0 follows 1.0",
        ),
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
        ("from = 1", "line 3: the argument 1.0 follows 1.0"),
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
