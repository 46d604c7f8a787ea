//! Files of loggers and spreadsheets: every form means the same to `[function]`, `[[fit.data]]`, `plot --data` and
//! `probe --points`.

use crate::common::{Scene, Told, judged_by, size};
use serde_json::{Value, json};

/// An insulated body whose value at a point is that of a function or of measurements.
const BODY: &str = "\
D = 1.0
x1 = 0.0
x2 = 1.0
dx = 0.5
grid = 'walls'
method = 'exact'
boundary = 'insulated'
initial = { kind = 'constant', value = 'a' }
record = { every = 1000000.0, points = { p = [0.5, 0.5] }, totals = true }
runtime = 1000000.0
outtime = 1000000.0
constants = { a = 20.0 }
units = { t = 's', p = 'K', x = 'm', y = 'm', q = 'W/m²' }
";

/// A file, the keys with which it is read, and the arguments and values in s and K, or the sentence that refuses it.
struct Form {
    text: &'static [u8],
    keys: &'static [&'static str],
    reading: Result<(&'static [f64], &'static [f64]), &'static str>,
}

const fn form(
    text: &'static str,
    keys: &'static [&'static str],
    reading: Result<(&'static [f64], &'static [f64]), &'static str>,
) -> Form {
    Form {
        text: text.as_bytes(),
        keys,
        reading,
    }
}

type Reading = Result<(&'static [f64], &'static [f64]), &'static str>;
const HOURS: Reading = Ok((&[0.0, 3600.0, 7200.0], &[10.0, 20.0, 30.0]));
const CELSIUS: Reading = Ok((&[0.0, 3600.0], &[283.15, 293.15]));
const TWO_ORDERS: Reading = Err("is the date of either of two days; dates = \"d.m.y\"");

const FORMS: &[Form] = &[
    // Headings and lines that are none.
    form(
        "2026-01-05 10:00,10\n2026-01-05 11:00,20\n",
        &[],
        Err("line 1: it has numbers where the names of the columns should be, or dates"),
    ),
    form(
        "05.01.2026 10:00;10\n05.01.2026 11:00;20\n",
        &[],
        Err("line 1: it has numbers"),
    ),
    form(
        "05/01/26 10:00;10\n05/01/26 11:00;20\n",
        &["dates=d.m.y"],
        Err("line 1: it has numbers"),
    ),
    form(
        "Station 12, north wall\nserial 0815\ntime,T\n0,10\n3600,20\n7200,30\n",
        &[],
        HOURS,
    ),
    form("x,y\ntime,T\n0,10\n3600,20\n7200,30\n", &["skip=1"], HOURS),
    form("time,T\n0,10\n", &["skip=9"], Err("it is empty")),
    form(
        "\"TOA5\",\"CR1000\",\"9\"\n\"TIMESTAMP\",\"T_Avg\"\n\"TS\",\"Deg C\"\n\"\",\"Avg\"\n\"2026-01-05 22:00:00\",10\n\"2026-01-05 23:00:00\",20\n",
        &[],
        CELSIUS,
    ),
    form("time;T\nh;°C\n0;10\n1;20\n", &[], CELSIUS),
    form("time;T\n[h];(°C)\n0;10\n1;20\n", &[], CELSIUS),
    form(
        "time;T\nh;cold\n0;10\n1;20\n",
        &[],
        Err("column \"T\" is in cold and cannot be taken as K; to_unit"),
    ),
    // Units.
    form("t / h;T / °C\n0;10\n1;20\n", &[], CELSIUS),
    form("t/h;T/°C\n0;10\n1;20\n", &[], CELSIUS),
    form("\"time, h\",\"T, °F\"\n0,50\n1,68\n", &[], CELSIUS),
    form("time_h,T_C\n0,10\n1,20\n", &[], CELSIUS),
    form("time in h;T in °C\n0;10\n1;20\n", &[], CELSIUS),
    form("time [hours],T [degC]\n0,10\n1,20\n", &[], CELSIUS),
    form("time [ms],T_K\n0,283.15\n3600000,293.15\n", &[], CELSIUS),
    form(
        "time (min),\"Temp, °C (S/N: 27)\"\n0,10\n60,20\n",
        &[],
        CELSIUS,
    ),
    form(
        "time,T_A,T_C\n0,1,1\n3600,2,2\n",
        &["from=time"],
        Ok((&[0.0, 3600.0], &[1.0, 2.0])),
    ),
    form(
        "time [h],T [m³]\n0,10\n1,20\n",
        &[],
        Err("line 1: column \"T [m³]\" is in m³ and cannot be taken as K"),
    ),
    form(
        "time [h],T [widgets]\n0,10\n1,20\n",
        &["to_unit=widgets"],
        Ok((&[0.0, 3600.0], &[10.0, 20.0])),
    ),
    form(
        "time [fortnight],T\n0,10\n",
        &[],
        Err("is in fortnight and cannot be taken as s; from_unit"),
    ),
    // Headings that are units, and units at the end of names.
    form("hours,T:°F\n0,50\n1,68\n", &[], CELSIUS),
    form("min,Temp°C\n0,10\n60,20\n", &[], CELSIUS),
    form("Elapsed hours,T <°F>\n0,50\n1,68\n", &[], CELSIUS),
    form(
        "hours,T [°C]\n0,10\n1,20\n",
        &["from_unit=K"],
        Err("column \"hours\" is in h and cannot be taken as K"),
    ),
    // Points and commas.
    form(
        "time\tT\n0\t998.2\n3600\t1,001.3\n",
        &[],
        Ok((&[0.0, 3600.0], &[998.2, 1001.3])),
    ),
    form(
        "time;q;T\n0;1,5;998\n3600;2,5;1.001\n",
        &["from=time"],
        Ok((&[0.0, 3600.0], &[998.0, 1001.0])),
    ),
    form(
        "time;T\n0;1.234.567\n3600;1.001\n",
        &[],
        Ok((&[0.0, 3600.0], &[1_234_567.0, 1001.0])),
    ),
    form(
        "time;T\n0;20\n3600;20,125\n",
        &[],
        Ok((&[0.0, 3600.0], &[20.0, 20.125])),
    ),
    form(
        "time\tT\n0\t998\n3600\t1,001\n",
        &[],
        Err(
            "line 3, column \"T\": the mark in \"1,001\" may be that of decimals or separate thousands",
        ),
    ),
    form(
        "time;T\n0;998.2\n3600;1,001\n7200;1004.1\n",
        &[],
        Err("line 3, column \"T\": some numbers of the column have decimal points"),
    ),
    // Zones in headings.
    form(
        "\"time, GMT-05:00\",T\n2026-01-05 22:00,10\n2026-01-05 23:00,20\n2026-01-06 00:00,30\n",
        &["since=2026-01-06T03:00Z"],
        HOURS,
    ),
    form(
        "time (UTC+1),T\n2026-01-05 22:00,10\n2026-01-05 23:00,20\n2026-01-06 00:00,30\n",
        &["since=2026-01-05 22:00"],
        HOURS,
    ),
    // Elapsed times, and other ways of writing the time of a day.
    form("time,T\n0:00:00,10\n1:00:00,20\n2:00:00,30\n", &[], HOURS),
    form(
        "time,T\n23:59:59.5,10\n26:10:00,20\n",
        &[],
        Ok((&[86399.5, 94200.0], &[10.0, 20.0])),
    ),
    form(
        "time,T\n00:00.0,10\n60:00.0,20\n",
        &[],
        Ok((&[0.0, 3600.0], &[10.0, 20.0])),
    ),
    form(
        "time,T\n0 days 00:00:00,10\n1 days 01:00:00,20\n",
        &[],
        Ok((&[0.0, 90000.0], &[10.0, 20.0])),
    ),
    form("time [h:mm],T\n0:00,10\n1:00,20\n2:00,30\n", &[], HOURS),
    form(
        "time,T\n23:00,10\n23:30,20\n",
        &[],
        Err("\"23:00\" may be hours and minutes, or minutes and seconds"),
    ),
    form(
        "time,T\n0:00:00,10\n1h,20\n",
        &[],
        Err("\"1h\" is no elapsed time, h:mm:ss"),
    ),
    form(
        "time;T\n13.01.2026 22.00.00;10\n13.01.2026 23.00;20\n14.01.2026;30\n",
        &[],
        HOURS,
    ),
    form(
        "time;T\n2026-01-05\u{a0}22:00;10\n2026-01-05\u{202f}23:00;20\n2026-01-06;30\n",
        &[],
        HOURS,
    ),
    form(
        "time\tT\n13/01/2026 10:00p\t10\n13/01/2026 11:00 P. M.\t20\n14/01/2026 12:00a\t30\n",
        &[],
        HOURS,
    ),
    form(
        "time,T\n20260105T2200,10\n20260105T230000Z,20\n",
        &[],
        Err("line 3, column \"time\": of two dates one has a zone"),
    ),
    form(
        "time,T\n20260105T220000,10\n20260105 23:00,20\n2026-01-06T0000,30\n",
        &[],
        HOURS,
    ),
    form(
        "time,T\n2026-01-05 22:00,10\n2026-01-05 22:61,20\n",
        &[],
        Err("its part \"22:61\" is no time of day"),
    ),
    // Dates.
    form(
        "Zeit;T\n05.01.2026 22:00;10,0\n05.01.2026 23:00;20,0\n06.01.2026 00:00;30\n",
        &[],
        HOURS,
    ),
    form(
        "Zeit;T\n13.01.2026 22:00;10\n13.01.2026 23:00;20\n14.01.2026 00:00;30\n",
        &[],
        HOURS,
    ),
    form("time,T\n01/05/2026 10:00 PM,10\n", &[], TWO_ORDERS),
    form(
        "\"Plot Title: wall\"\nTime,T\n01/05/26 10:00:00 PM,50\n01/05/26 11:00:00 PM,51\n",
        &[],
        Err("has a year of two digits; dates = \"d.m.y\" or \"m/d/y\" or \"y-m-d\" says"),
    ),
    form(
        "time,T\n01/05/2026 10:00 PM,10\n01/05/2026 11:00 PM,20\n01/06/2026 12:00 AM,30\n",
        &["dates=m/d/y"],
        HOURS,
    ),
    form(
        "time,T\n05/01/26 22:00,10\n05/01/26 23:00,20\n06/01/26 00:00,30\n",
        &["dates=d.m.y"],
        HOURS,
    ),
    form(
        "time,T\n01/31/2026 23:00,10\n02/01/2026 00:00,20\n02/01/2026 01:00,30\n",
        &[],
        HOURS,
    ),
    form(
        "time,T\n01/31/2026 23:00,10\n31/01/2026 23:30,20\n",
        &[],
        Err("line 3, column \"time\": \"31/01/2026 23:30\" is not a date"),
    ),
    form(
        "time,T\n2026-01-05 22:00,10\n2026-01-05 23:00,20\n2026-01-05 24:00,30\n",
        &[],
        HOURS,
    ),
    form(
        "time,T\n2026-01-05 24:30,10\n",
        &[],
        Err("\"2026-01-05 24:30\" is not a number; dates are read as"),
    ),
    form(
        "time,T\n2026/1/5 22:00,10\n2026/1/5 23:00:00.0000000001,20\n2026/1/6,30\n",
        &[],
        HOURS,
    ),
    form(
        "date;time;T\n2026-01-05;22:00;10\n2026-01-05;23:00;20\n2026-01-05;24:00;30\n",
        &["from=[\"date\", \"time\"]"],
        HOURS,
    ),
    form(
        "date;time;T\n2026-01-05;22:00;10\n2026-01-05;23:00;20\n2026-01-05;24:00;30\n",
        &["from=[0, 1]"],
        HOURS,
    ),
    form(
        "date;time;T\n2026-01-05;22:00;10\n",
        &["from=[0.5, 1]"],
        Err(
            "must be the name of a column in quotes, its number from 0, or two of these, of a date and a time",
        ),
    ),
    form(
        "date;time;T\n05-Jan-2026;22:00;10\n05-Jan-2026;23:00;20\n06-Jan-2026;00:00;30\n",
        &["from=[\"date\", \"time\"]"],
        HOURS,
    ),
    form(
        "time,T\n\"Jan 5, 2026 10:00 PM\",10\n\"January 5, 2026 11:00 PM\",20\n\"Jan 6, 2026\",30\n",
        &[],
        HOURS,
    ),
    form(
        "time,T\n05-Jan-26 22:00,10\n05-Jan-26 23:00,20\n06-Jan-26 00:00,30\n",
        &["dates=d.m.y"],
        HOURS,
    ),
    form(
        "time,T\n05-Jan-26 22:00,10\n",
        &[],
        Err("has a year of two digits; dates = \"d.m.y\" or \"m/d/y\" or \"y-m-d\" says"),
    ),
    form(
        "time,T\n05-Mai-2026,10\n",
        &[],
        Err("\"05-Mai-2026\" is not a number; dates are read as 2026-01-05 13:00"),
    ),
    form(
        "date;time;T\n2026-01-05;22:00;10\n2026-01-05;23:00;20\n",
        &[],
        Err("line 3: the argument 2026-01-05 follows 2026-01-05; from = [\"date\", \"time\"]"),
    ),
    form(
        "time,T\n2026-01-05 23:00,10\n2026-01-06 00:00,20\n",
        &["since=2026-01-05"],
        Ok((&[82800.0, 86400.0], &[10.0, 20.0])),
    ),
    form(
        "time,T\n2026-10-25 02:00,10\n2026-10-25 02:50,20\n2026-10-25 02:00,30\n",
        &[],
        Err(
            "line 4: the argument 2026-10-25 02:00 follows 2026-10-25 02:50; arguments must ascend: rows that are sorted by them, or dates with their zone",
        ),
    ),
    form(
        "time,T\n7200,30\n3600,20\n0,10\n",
        &[],
        Err(
            "line 3: the argument 3600 follows 7200; arguments must ascend: rows that are sorted by them are read",
        ),
    ),
    form(
        "no,T\n1,01/05/26 10:00:00 PM\n",
        &[],
        Err(
            "dates = \"d.m.y\" or \"m/d/y\" or \"y-m-d\" says which number it is; from, in a fit time, names the column of dates",
        ),
    ),
    form(
        "no,T\n1,01/05/26 10:00:00 PM\n",
        &["dates=m/d/y"],
        Err(
            "\"01/05/26 10:00:00 PM\" is a date where a number is wanted; from, in a fit time, names the column of dates, and to that of the values",
        ),
    ),
    form(
        "no,T\n1,2026-01-05 22:00\n",
        &[],
        Err(
            "\"2026-01-05 22:00\" is a date where a number is wanted; from, in a fit time, names the column of dates",
        ),
    ),
    // Rows of one argument, means, gaps.
    form(
        "time,T\n0,10\n3600,18\n3600,22\n7200,30\n",
        &["double=mean"],
        HOURS,
    ),
    form(
        "time,T\n0,10\n3600,18\n3600,20\n7200,30\n",
        &["double=last"],
        HOURS,
    ),
    form(
        "time,T\n0,10\n3600,\n3600,20\n7200,30\n",
        &["double=mean", "gaps=skip"],
        HOURS,
    ),
    form(
        "time,T\n0,10\n60,12\n0,20\n",
        &["double=mean"],
        Err("line 4: the argument 0 follows 60; arguments must ascend"),
    ),
    form(
        "time,T\n9,30\n5,20\n0,10\n",
        &["between=mean"],
        Err("line 3: the argument 5 follows 9; arguments must ascend"),
    ),
    // Lines above the headings that look like them.
    form(
        "Logger 17;Wand\ntime;T\n0;10\n3600;20\n7200;30\n",
        &[],
        HOURS,
    ),
    form(
        "Export;05.01.2026 10:00\nSerial;0815\ntime;T\n[h];[°C]\n0;10\n1;20\n",
        &[],
        CELSIUS,
    ),
    form(
        "1,2\ntime,T\n0,10\n3600,20\n",
        &["from=time"],
        Err("line 1: it has numbers where the names of the columns should be"),
    ),
    form(
        "Logger 17;T\nt;Wall\n0;10\n3600;20\n",
        &[],
        Err("line 2 was taken for the units of these columns: skip = 1 takes it for the headings"),
    ),
    // Damage.
    form(
        "time,T\n0,10\n\0\0\0\0",
        &[],
        Err("line 3: it has NUL bytes"),
    ),
    form(
        "time,T\n0,10\n3600,20\nEnd\n",
        &[],
        Err("line 4: it has 1 field"),
    ),
];

/// The keys of a form as lines of a table.
fn lines(keys: &[&str]) -> String {
    let lines = keys.iter().map(|key| {
        let (key, value) = key.split_once('=').unwrap();
        match value
            .starts_with(|letter: char| letter.is_ascii_digit() && value.len() < 3 || letter == '[')
        {
            true => format!("{key} = {value}\n"),
            false => format!("{key} = \"{value}\"\n"),
        }
    });
    lines.collect()
}

/// The name of the last column of a form.
fn last_column(form: &Form) -> String {
    let text = String::from_utf8_lossy(form.text);
    let known = ["T_Avg", "T_C", "T_K", "Temp°C", "Temp"];
    let known = known.into_iter().find(|name| text.contains(name));
    known.unwrap_or("T").to_owned()
}

fn assert_refused(told: &Told, sentence: &str, way: &str) {
    assert_eq!(told.code, Some(2), "{way}: {told}");
    assert!(told.stderr.contains(sentence), "{way}: {told}");
    assert_eq!(told.stderr.lines().count(), 1, "{way}: {told}");
}

#[test]
fn a_form_means_the_same_to_functions_fits_and_charts() {
    let scene = Scene::new();
    scene.write("run.toml", BODY);
    scene.succeed("run run.toml -o run.npy");
    for form in FORMS {
        let (keys, column) = (lines(form.keys), last_column(form));
        let text = String::from_utf8_lossy(form.text);
        scene.write("f.csv", form.text);
        let of_function = scene.path("function.toml");
        std::fs::write(
            &of_function,
            format!("{BODY}[function.f]\nfile = 'f.csv'\nto = '{column}'\nbeyond = 'hold'\n{keys}"),
        )
        .unwrap();
        let plan = scene.run("plan function.toml --json");
        let time = match form.keys.iter().find_map(|key| key.strip_prefix("from=")) {
            Some(_) => String::new(),
            None => "time = 0\n".to_owned(),
        };
        scene.write(
            "fit.toml",
            format!(
                "{BODY}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'f.csv'\n{time}columns = {{ '{column}' = 'p' }}\nsigma = 1.0\n{}",
                keys.replace("from = ", "time = ")
            ),
        );
        let fit = scene.run("fit fit.toml -o f.fit.json --force -q");
        let data = format!("f.csv:{column}=p");
        let arguments = [
            "plot", "run.npy", "--record", "p", "--data", &data, "-o", "f.svg", "--force",
        ];
        let options = form.keys.iter().flat_map(|key| ["--read", key]);
        let arguments: Vec<&str> = arguments.into_iter().chain(options).collect();
        let plot = scene.run_args(&arguments);
        match form.reading {
            Ok((arguments, values)) => {
                assert_eq!(plan.code, Some(0), "{text}{plan}");
                let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
                let function = &plan["functions"][0];
                assert_eq!(function["points"], json!(arguments.len()), "{text}");
                let ends = [arguments[0], arguments[arguments.len() - 1]];
                assert_eq!(function["range"], json!(ends), "{text}");
                assert_eq!(fit.code, Some(0), "{text}{fit}");
                let rows = scene.text("f.fit.csv");
                let rows: Vec<Vec<f64>> = rows
                    .lines()
                    .skip(1)
                    .map(|row| {
                        let fields: Vec<&str> = row.split(',').collect();
                        [0, 2].map(|place| fields[place].parse().unwrap()).to_vec()
                    })
                    .collect();
                let expected = arguments.iter().zip(values);
                let expected: Vec<Vec<f64>> = expected.map(|(x, y)| vec![*x, *y]).collect();
                assert_eq!(rows, expected, "{text}");
                assert_eq!(plot.code, Some(0), "{text}{plot}");
            }
            Err(sentence) => {
                assert_refused(&plan, sentence, "function");
                // Of a fit, rows of one time are several measurements, and numbers may have any order.
                if !sentence.contains("[\"date\"") && !sentence.contains("follows 7200") {
                    assert_refused(&fit, sentence, "fit");
                }
                assert_refused(&plot, sentence, "plot");
            }
        }
    }
}

/// Columns by their numbers, whatever their headings are.
#[test]
fn a_unit_counts_wherever_a_heading_has_it() {
    let scene = Scene::new();
    let base = BODY.replace("1000000.0", "3600.0").replace("outtime", "#");
    let body = format!("outtime = 900.0\n{base}");
    scene.write("run.toml", &body);
    scene.succeed("run run.toml -o run.npy");
    for heading in [
        "hours",
        "Hours",
        "time [h]",
        "Time_hr",
        "ElapsedHours",
        "h",
        "t in hours",
        "time-h",
        "Time/h",
        "time, hrs",
        "time:h",
        "time (in hours)",
        "Elapsed hours",
        "time {h}",
        "HOURS",
    ] {
        scene.write(
            "f.csv",
            format!("\"{heading}\",y,x\n0.25,0.5,0.5\n0.5,0.5,0.5\n"),
        );
        let points = scene
            .succeed("probe run.npy --points f.csv --read from=0")
            .stdout;
        let times: Vec<&str> = points
            .lines()
            .skip(1)
            .map(|row| row.split(',').nth(3).unwrap())
            .collect();
        assert_eq!(times, ["900.0", "1800.0"], "{heading}: {points}");
        let table = "from = 0\nto = 1\n";
        scene.write(
            "p.toml",
            format!("{body}[function.f]\nfile = 'f.csv'\n{table}"),
        );
        let plan: Value =
            serde_json::from_str(&scene.succeed("plan p.toml --json").stdout).unwrap();
        assert_eq!(
            plan["functions"][0]["range"],
            json!([900.0, 1800.0]),
            "{heading}"
        );
    }
    for heading in [
        "°F",
        "Fahrenheit",
        "T °F",
        "T - °F",
        "T:°F",
        "{°F}",
        "T <°F>",
        "TempF",
        "temp_f",
        "T_Fahrenheit",
        "Temp°F",
        "T (in °F)",
        "T in Fahrenheit",
        "T, °F",
        "T [degF]",
        "T (°F) max",
        "T_F_Avg",
        "T_degf",
        "T.F",
        "TempDegF",
        "FAHRENHEIT",
        "T [° F]",
        "T_f",
        "inner °F",
        "F",
    ] {
        scene.write("f.csv", format!("time,\"{heading}\"\n900,50\n1800,68\n"));
        scene.write("p.toml", format!("{body}[function.f]\nfile = 'f.csv'\n"));
        let plan: Value =
            serde_json::from_str(&scene.succeed("plan p.toml --json").stdout).unwrap();
        assert_eq!(
            plan["functions"][0]["values"],
            json!([283.15, 293.15]),
            "{heading}"
        );
        scene.write(
            "fit.toml",
            format!("{body}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'f.csv'\ntime = 0\ncolumns = {{ 1 = 'p' }}\nsigma = 1.0\n"),
        );
        scene.succeed("fit fit.toml -o f.fit.json --force -q");
        let row = scene.text("f.fit.csv");
        assert!(
            row.lines().nth(1).unwrap().contains(",283.15,"),
            "{heading}: {row}"
        );
        scene.succeed("plot run.npy --record p --data f.csv:1=p -o f.svg --force");
    }
}

/// Columns that nobody has named are taken where they can be nothing else.
#[test]
fn columns_that_are_not_named_are_refused_where_there_is_a_choice() {
    let scene = Scene::new();
    for (text, sentence) in [
        (
            ",time,T\n0,0.0,20\n1,3600.0,21\n",
            "line 1: the first column numbers the rows: from and to say",
        ),
        (
            "No.,T\n1,20\n2,21\n",
            "line 1: the first column numbers the rows: from and to say",
        ),
        (
            ",T\n0,20\n1,21\n2,22\n",
            "the first column numbers the rows",
        ),
        (
            "t,T_in,T_out\n0,20,5\n1,21,6\n",
            "there are 3 columns, t, T_in, T_out",
        ),
    ] {
        scene.write("f.csv", text);
        scene.write("p.toml", format!("{BODY}[function.f]\nfile = 'f.csv'\n"));
        assert_refused(&scene.run("plan p.toml"), sentence, text);
        let named = "from = 0\nto = 1\n";
        scene.write(
            "p.toml",
            format!("{BODY}[function.f]\nfile = 'f.csv'\n{named}"),
        );
        scene.succeed("plan p.toml");
    }
    scene.write(
        "f.csv",
        ",\"TC-08 Channel 1 (°C)\"\n2026-01-13T10:00:00+01:00,20\n2026-01-13T11:00:00+01:00,21\n",
    );
    scene.write("p.toml", format!("{BODY}[function.f]\nfile = 'f.csv'\n"));
    scene.succeed("plan p.toml");
    // What was assumed of the units is told by plan and run.
    scene.write("f.csv", "t,T\n0,20\n1,21\n");
    let told = scene.succeed("run p.toml -o c.npy").stderr;
    assert!(
        told.contains("f.csv names no unit: t taken as s, T taken as K"),
        "{told}"
    );
}

/// Loggers whose clocks differ.
#[test]
fn zones_in_headings_count_or_are_refused() {
    let scene = Scene::new();
    let plan = |zones: [&str; 2], since: &str| {
        for (name, zone) in ["air", "wall"].into_iter().zip(zones) {
            scene.write(
                &format!("{name}.csv"),
                format!("\"time, {zone}\",T\n2026-03-01 10:00,1\n2026-03-01 12:00,2\n"),
            );
        }
        let table = |name: &str| format!("[function.{name}]\nfile = '{name}.csv'\n{since}");
        scene.write("p.toml", format!("{BODY}{}{}", table("air"), table("wall")));
        scene.run("plan p.toml --json")
    };
    let since = "since = '2026-03-01 10:00'\n";
    for (zones, since, sentence) in [
        (
            ["GMT-05:00", "GMT-04:00"],
            since,
            "counted from 2026-03-01 15:00Z and",
        ),
        (
            ["GMT-05:00", "GMT-04:00"],
            "",
            "counted from 2026-03-01 15:00Z and",
        ),
        (
            ["UTC", "CET"],
            since,
            "is counted from 2026-03-01 10:00Z and",
        ),
        (
            ["CET", "local"],
            since,
            "wall.csv in local: offsets such as +01:00, in the headings",
        ),
        (
            ["UTC", "CET"],
            "since = '2026-03-01T10:00Z'\n",
            "one has a zone and the other has none",
        ),
    ] {
        assert_refused(&plan(zones, since), sentence, sentence);
    }
    let told = plan(
        ["GMT-05:00", "GMT-04:00"],
        "since = '2026-03-01T10:00-05:00'\n",
    );
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    let ranges = [0, 1].map(|number| plan["functions"][number]["range"].clone());
    assert_eq!(ranges, [json!([0.0, 7200.0]), json!([-3600.0, 3600.0])]);
}

/// Columns of the record have units of their own, by which measured values are converted or refused.
#[test]
fn values_have_the_unit_of_the_column_with_which_they_are_compared() {
    let scene = Scene::new();
    let region = "[[record.region]]\nname = 'b'\nwhere = '1'\n";
    let base = BODY.replace("record = {", "[record]\n").replace(
        "every = 1000000.0, points = { p = [0.5, 0.5] }, totals = true }",
        "every = 1000000.0\ntotals = true\n",
    );
    let (keys, record) = base.split_once("[record]\n").unwrap();
    let (record, more) = record.split_once("totals = true\n").unwrap();
    let text = format!("{keys}{more}[record]\n{record}totals = true\n{region}");
    scene.write("run.toml", &text);
    scene.succeed("run run.toml -o run.npy");
    for (column, heading, factor) in [
        ("b_mean", "T [°C]", 0.0),
        ("b_max", "T / °C", 0.0),
        ("min", "T, °C", 0.0),
        ("mass", "T [g]", f64::NAN),
        ("left_rate", "T [kW]", f64::NAN),
        ("left_rate", "T [W/m²]", f64::NAN),
    ] {
        scene.write("f.csv", format!("time,\"{heading}\"\n10,6.85\n20,6.85\n"));
        scene.write(
            "fit.toml",
            format!(
                "{text}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'f.csv'\ntime = 'time'\ncolumns = {{ T = '{column}' }}\nsigma = 1.0\n"
            ),
        );
        let fit = scene.run("fit fit.toml -o f.fit.json --force -q");
        let data = format!("f.csv:T={column}");
        let plot = scene.run_args([
            "plot", "run.npy", "--record", column, "--data", &data, "-o", "f.svg", "--force",
        ]);
        if factor.is_nan() {
            let sentence = format!("line 1: column \"{heading}\" is in");
            assert_refused(&fit, &sentence, column);
            assert_refused(&plot, &sentence, column);
            let way_out = "left_flux is left_rate by the size of the wall";
            assert_eq!(fit.stderr.contains(way_out), column == "left_rate", "{fit}");
            continue;
        }
        assert_eq!(
            (fit.code, plot.code),
            (Some(0), Some(0)),
            "{column}: {fit} {plot}"
        );
        let answer: Value = serde_json::from_str(&scene.text("f.fit.json")).unwrap();
        let estimate = answer["unknowns"]["a"]["estimate"].as_f64().unwrap();
        assert!((estimate - 280.0).abs() < 1e-4, "{column}: {estimate}");
    }
}

/// Files with dates count from one date, which is that of their first rows or `since`.
#[test]
fn files_that_begin_at_different_dates_need_since() {
    let scene = Scene::new();
    scene.write(
        "air.csv",
        "time,T\n2026-01-01 00:00,1\n2026-01-09 00:00,2\n",
    );
    scene.write(
        "wall.csv",
        "time,T\n2026-01-03 06:00,1\n2026-01-09 00:00,2\n",
    );
    let functions = |since: &str| {
        format!(
            "{BODY}[function.f]\nfile = 'air.csv'\n{since}[function.g]\nfile = 'wall.csv'\n{since}"
        )
    };
    let both = ["2026-01-01 00:00", "2026-01-03 06:00", "since"];
    scene.write("p.toml", functions(""));
    let told = scene.run("plan p.toml");
    assert!(both.iter().all(|word| told.stderr.contains(word)), "{told}");
    assert_refused(&told, "air.csv is counted from", "functions");
    scene.write("p.toml", functions("since = 2026-01-01\n"));
    let plan = scene.succeed("plan p.toml").stdout;
    let dates = "0 is 2026-01-01 00:00, rows from 2026-01-03 06:00 to 2026-01-09 00:00";
    assert!(plan.contains(dates), "{plan}");
    assert!(plan.contains(", with the points of functions, "), "{plan}");
    let data = |since: &str| {
        format!(
            "{BODY}[function.f]\nfile = 'air.csv'\n[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'wall.csv'\ntime = 'time'\ncolumns = {{ T = 'p' }}\nsigma = 1.0\n{since}"
        )
    };
    scene.write("fit.toml", data(""));
    assert_refused(&scene.run("fit fit.toml"), both[1], "fit");
    scene.write("fit.toml", data("since = '2026-01-01'\n"));
    scene.succeed("fit fit.toml -o f.fit.json -q");
    let rows = scene.text("f.fit.csv");
    assert!(
        rows.lines().nth(1).unwrap().starts_with("194400.0,"),
        "{rows}"
    );
}

/// Seconds since 1970, serial days and the like.
#[test]
fn times_that_have_nothing_in_common_with_the_run_are_told() {
    let scene = Scene::new();
    let body = BODY
        .replace("'exact'", "'euler'")
        .replace("1000000.0", "2.0");
    for (times, warns) in [("1767650400,1767654000", true), ("1,46028", false)] {
        let (first, last) = times.split_once(',').unwrap();
        scene.write("f.csv", format!("time,T\n{first},1\n{last},2\n"));
        scene.write(
            "p.toml",
            format!("{body}source = 'f(t)'\n[function.f]\nfile = 'f.csv'\nbeyond = 'hold'\n")
                .replace("source = 'f(t)'\n", "")
                .replace("D = 1.0\n", "D = 1.0\nsource = 'f(t)'\n"),
        );
        let plan = scene.succeed("plan p.toml");
        assert_eq!(
            plan.stderr.contains("f has nothing in common with the run"),
            warns,
            "{plan}"
        );
    }
}

/// Where a file has dates, the run knows them: its plan, journal, record and charts.
#[test]
fn dates_stay_dates() {
    let scene = Scene::new();
    scene.write(
        "air.csv",
        "time,T\n2026-01-05 22:00,1\n2026-01-08 22:00,2\n",
    );
    let body = BODY
        .replace("'exact'", "'euler'\ndt = 1024.0")
        .replace("1000000.0, points", "7200.0, dates = true, points")
        .replace("outtime = 1000000.0", "outtime = 7200.0")
        .replace("1000000.0", "36000.0")
        .replace("D = 1.0", "D = 1e-5\nsource = 'f(t)'");
    let file = format!("{body}[function.f]\nfile = 'air.csv'\n");
    scene.write("p.toml", &file);
    let plan = scene.succeed("plan p.toml").stdout;
    let sentence = "t = 0 is 2026-01-05 22:00, the run ends 2026-01-06 08:00";
    assert!(plan.contains(sentence), "{plan}");
    scene.succeed("run p.toml -o whole.npy -q");
    let rows = scene.text("whole.record.csv");
    let columns: Vec<Vec<&str>> = rows.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(columns[0][..4], ["step", "t", "date", "mass"], "{rows}");
    assert_eq!(columns[1][2], "2026-01-05 22:00", "{rows}");
    assert_eq!(columns[6][1..3], ["36000.0", "2026-01-06 08:00"], "{rows}");
    // Readers of rows find their numbers.
    let probed = scene.succeed("probe whole.record.csv --at -1").stdout;
    assert!(
        probed.contains("36000.0") && !probed.contains("2026"),
        "{probed}"
    );
    scene.succeed("stats whole.record.csv");
    let info = scene.succeed("info whole.npy").stdout;
    assert!(info.contains("t = 0 is 2026-01-05 22:00"), "{info}");
    scene.succeed("verify whole.npy");
    scene.write("points.csv", "t,y,x\n2026-01-06 04:00,0.5,0.5\n");
    let dated = scene.succeed("probe whole.npy --points points.csv").stdout;
    assert_eq!(
        dated,
        scene
            .succeed("probe whole.npy --at t=21600,y=0.5,x=0.5")
            .stdout
    );
    // A part of a cube keeps its dates.
    let dated_in_part = scene
        .succeed("probe whole.npy[1:5] --points points.csv")
        .stdout;
    assert_eq!(dated_in_part, dated);
    // A record with dates goes on, ends early and is computed again.
    scene.write(
        "q.toml",
        file.replace("runtime = 36000.0", "runtime = 14400.0"),
    );
    scene.succeed("run q.toml -o short.npy -q");
    scene.succeed("run p.toml -o long.npy -q --resume --extend short.npy");
    assert_eq!(scene.text("long.record.csv"), rows);
    scene.write(
        "whole.record.csv",
        rows.replace("2026-01-06 08", "2026-01-06 09"),
    );
    assert_eq!(scene.run("verify whole.npy").code, Some(3));
    scene.succeed("repair whole.npy");
    assert_eq!(scene.text("whole.record.csv"), rows);
    scene.succeed("run p.toml -o early.npy -q --set until={column=\"p\",above=0.0}");
    assert!(scene.text("early.record.csv").lines().count() < 7);
    // Scenarios of a sweep have one date for t = 0.
    scene.write(
        "sweep.toml",
        "params = 'p.toml'\n'constants.a' = [1.0, 2.0]\n",
    );
    scene.succeed("sweep sweep.toml -o sweep.npy -q");
    let row = scene.text("sweep.record.csv");
    let row = row.lines().last().unwrap();
    assert!(row.starts_with("1,40,36000.0,2026-01-06 08:00,"), "{row}");
    let info = scene.succeed("info sweep.npy").stdout;
    assert!(info.contains("t = 0 is 2026-01-05 22:00"), "{info}");
    let plan = scene.succeed("plan sweep.toml").stdout;
    assert!(
        plan.contains("dates      t = 0 is 2026-01-05 22:00"),
        "{plan}"
    );
    let rows = "rows from 2026-01-05 22:00 to 2026-01-08 22:00";
    assert!(plan.contains(rows), "{plan}");
    // Charts have dates along t.
    for picture in ["--record p -o r.svg", "--history x=0.5,y=0.5 -o h.svg"] {
        scene.succeed(&format!("plot long.npy {picture}"));
        let name = picture.rsplit(' ').next().unwrap();
        let text = scene.text(name);
        assert!(text.contains(">date  (2026)<"), "{picture}: {text}");
        assert!(text.contains(">01-06 00:00<"), "{picture}: {text}");
    }
    // Without dates there is nothing to write.
    scene.write("air.csv", "time,T\n0,1\n300000,2\n");
    let told = scene.run("plan p.toml");
    assert_refused(&told, "record.dates", "numbers");
    // The data of a fit may say it alone.
    scene.write(
        "p.toml",
        format!("{file}[[fit.data]]\nsince = '2026-01-05 22:00'\n"),
    );
    let plan = scene.succeed("plan p.toml").stdout;
    assert!(plan.contains(sentence), "{plan}");
    scene.succeed("run p.toml -o whole.npy -q --force");
    let rows = scene.text("whole.record.csv");
    assert!(rows.contains("\n40,36000.0,2026-01-06 08:00,"), "{rows}");
}

/// Times in seconds are drawn in a unit that suits them, also those of a fit.
#[test]
fn charts_of_fits_have_readable_times() {
    let scene = Scene::new();
    scene.write("wall.csv", "time,T\n0,20\n500000,20\n1000000,20\n");
    scene.write(
        "fit.toml",
        format!(
            "{BODY}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'wall.csv'\ntime = 'time'\ncolumns = {{ T = 'p' }}\nsigma = 1.0\n"
        ),
    );
    scene.succeed("fit fit.toml -o wall.fit.json --plot fit.svg -q");
    let chart = scene.text("fit.svg");
    assert!(
        chart.contains(">t [h]<") && chart.contains(">250<"),
        "{chart}"
    );
}

/// Dates and times of a chart's file beside those of the run.
#[test]
fn charts_put_measured_dates_where_the_run_has_them() {
    let scene = Scene::new();
    scene.write(
        "air.csv",
        "time,T\n2026-01-05 22:00,1\n2026-01-08 22:00,2\n",
    );
    let body = BODY.replace("1000000.0", "7200.0");
    scene.write("p.toml", format!("{body}[function.f]\nfile = 'air.csv'\n"));
    scene.succeed("run p.toml -o dated.npy -q");
    scene.write("q.toml", &body);
    scene.succeed("run q.toml -o bare.npy -q");
    scene.write(
        "wall.csv",
        "time,p\n2026-01-05 23:00,20\n2026-01-06 00:00,21\n",
    );
    let plot = |rest: &str| scene.run(&format!("plot {rest} --record p -o c.svg --force"));
    let told = plot("dated.npy --data wall.csv");
    assert_refused(
        &told,
        "it is counted from 2026-01-05 23:00",
        "dates that begin apart",
    );
    assert!(told.stderr.contains("--since '2026-01-05 22:00'"), "{told}");
    for (files, label) in [
        (
            "dated.npy --data wall.csv --since 2026-01-05T22:00",
            "23:00",
        ),
        ("bare.npy --data wall.csv", "00:00"),
    ] {
        let told = plot(files);
        assert_eq!((told.code, &*told.stderr), (Some(0), ""), "{files}: {told}");
        let text = scene.text("c.svg");
        assert!(text.contains(&format!("{label}<")), "{files}: {text}");
    }
    scene.write("wall.csv", "time,T\n0,20\n1,21\n");
    let told = plot("bare.npy --data wall.csv:p=T");
    assert_refused(
        &told,
        "the column of the file stands first, T=p",
        "reversed",
    );
    for times in ["900000,20\n903600,21", "-9,20\n-1,21"] {
        scene.write("wall.csv", format!("time,p\n{times}\n"));
        let told = plot("bare.npy --data wall.csv");
        assert_eq!(told.code, Some(0), "{told}");
        let sentence = "wall.csv has nothing in common with the run";
        assert!(told.stderr.contains(sentence), "{times}: {told}");
        if times.starts_with('-') {
            continue;
        }
        let data =
            "[[fit.data]]\nfile = 'wall.csv'\ntime = 'time'\ncolumns = { p = 'p' }\nsigma = 1.0\n";
        scene.write(
            "fit.toml",
            format!("{body}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n{data}"),
        );
        assert_refused(&scene.run("fit fit.toml -o f.fit.json -q"), sentence, times);
    }
    // Some of these rows lie within the run.
    scene.write("wall.csv", "time,p\n900000,20\n3600,21\n");
    let told = scene.run("fit fit.toml -o descending.fit.json -q");
    assert!(
        told.code == Some(0) && !told.stderr.contains("nothing in common"),
        "{told}"
    );
}

/// Measured values count as memory, wherever they are read.
#[test]
fn measured_values_count_as_memory() {
    let scene = Scene::new();
    let body = BODY.replace("1000000.0", "7200.0");
    scene.write("run.toml", &body);
    scene.succeed("run run.toml -o run.npy -q");
    let rows: Vec<String> = (0..70_000).map(|row| format!("{row},1\n")).collect();
    scene.write("wall.csv", format!("time,p\n{}", rows.concat()));
    let data =
        "[[fit.data]]\nfile = 'wall.csv'\ntime = 'time'\ncolumns = { p = 'p' }\nsigma = 1.0\n";
    scene.write(
        "fit.toml",
        format!("{body}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n{data}"),
    );
    scene.write(
        "function.toml",
        format!("{body}[function.f]\nfile = 'wall.csv'\n"),
    );
    // A fit has its runs in memory as well.
    for (command, limit) in [
        (
            "plot run.npy --record p --data wall.csv -o c.svg --memory 2MiB",
            "bytes may be used",
        ),
        (
            "fit fit.toml -o f.fit.json --set memory=2MiB",
            "may take only",
        ),
        (
            "run function.toml -o f.npy --memory 2MiB",
            "bytes may be used",
        ),
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(1), "{command}: {told}");
        assert!(told.stderr.contains(limit), "{command}: {told}");
    }
    scene.succeed("plot run.npy --record p --data wall.csv -o c.svg");
}

/// Plans tell rows, dates, the largest gap and units of every file.
#[test]
fn plans_tell_what_files_hold() {
    let scene = Scene::new();
    scene.write(
        "wall.csv",
        "Logger 17,Wand\ntime,T [°C]\n2026-01-05 22:00,20\n2026-01-05 22:10,20\n2026-01-05 22:20,20\n2026-01-06 03:30,21\n",
    );
    scene.write(
        "fit.toml",
        format!(
            "{BODY}[fit]\nvary = {{ a = [1.0, 1000.0] }}\n[[fit.data]]\nfile = 'wall.csv'\ntime = 'time'\ncolumns = {{ T = 'p' }}\nsigma = 1.0\n"
        ),
    );
    let line = "wall.csv: 4 rows from 0.0 to 19800.0; 5 h 10 min without a value, from 1200.0 to 19800.0; \
                0 is 2026-01-05 22:00, rows from 2026-01-05 22:00 to 2026-01-06 03:30; \
                time holds dates, used in s; T in °C, used in K; headings in line 2";
    for command in ["plan fit.toml", "fit fit.toml --plan"] {
        let told = scene.succeed(command).stdout;
        assert!(told.contains(line), "{command}: {told}");
        let told = scene.succeed(&format!("{command} --json")).stdout;
        let told: Value = serde_json::from_str(&told).unwrap();
        let file = &told["data"][0];
        assert_eq!(file["rows"], json!(4), "{command}: {told}");
        assert_eq!(
            file["dates"][2],
            json!("2026-01-06 03:30"),
            "{command}: {told}"
        );
        let units = json!({ "name": "T", "read": "°C", "used": "K" });
        assert_eq!(file["units"][1], units, "{command}: {told}");
    }
    // The rows of a fit may have any order.
    scene.write("wall.csv", "time,T\n7200,30\n3600,20\n0,10\n");
    let plan = scene.succeed("fit fit.toml --plan").stdout;
    assert!(
        plan.contains("wall.csv: 3 rows from 0.0 to 7200.0; time taken as s; T taken as K; rows are not sorted: line 3 goes back"),
        "{plan}"
    );
    // A run needs no measurements, and its plan no file of them.
    std::fs::remove_file(scene.path("wall.csv")).unwrap();
    scene.succeed("plan fit.toml");
}

/// Hourly means named by the end of their hour: their integral is kept.
#[test]
fn means_hold_over_the_interval_that_ends_at_their_argument() {
    let scene = Scene::new();
    let keys = BODY
        .replace("D = 1.0\n", "D = 1.0\nsource = 'f(t)'\n")
        .replace("'exact'", "'euler'\ndt = 0.0625")
        .replace("1000000.0", "3.0")
        .replace("'a' }", "0.0 }");
    let run = |function: &str, end: f64| {
        scene.write(
            "p.toml",
            format!("{keys}[function.f]\nbetween = 'mean'\n{function}\n"),
        );
        scene.succeed(&format!(
            "run p.toml -o m.npy --force -q --set runtime={end} --set outtime={end}"
        ));
        let value = scene.succeed("probe m.npy --at -1,1,1").stdout;
        value
            .trim()
            .rsplit(',')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    scene.write("m.csv", "time,T\n1,10\n2,30\n3,5\n");
    let file = "file = 'm.csv'";
    assert_eq!(
        [1.0, 2.0, 3.0].map(|end| run(file, end)),
        [10.0, 40.0, 45.0]
    );
    let points = "points = [[1, 10], [2, 30], [3, 5]]";
    assert_eq!(run(points, 2.5), 42.5);
    assert_eq!(run(&format!("{points}\nbeyond = 'repeat'"), 4.5), 70.0);
    let plan: Value = serde_json::from_str(&scene.succeed("plan p.toml --json").stdout).unwrap();
    assert_eq!(plan["functions"][0]["points"], 3);
}

/// Points have their coordinates in any unit, and dates.
#[test]
fn points_have_units_and_dates() {
    let scene = Scene::new();
    let body = BODY
        .replace("1000000.0", "7200.0")
        .replace("outtime = 7200.0", "outtime = 3600.0");
    scene.write("run.toml", body);
    scene.succeed("run run.toml -o run.npy");
    let expected = scene.succeed("probe run.npy --at t=3600,y=0.5,x=1").stdout;
    for (points, keys) in [
        ("t [h],y [cm],x / mm\n1,50,1000\n", ""),
        ("t;y;x\n3600;0,5;1\n", ""),
        (
            "t,y,x\n2026-01-05 14:00,0.5,1\n",
            "--read since=2026-01-05T13:00",
        ),
        (
            "logger 7\nt,y,x\n05/01/2026 2:00 PM,0.5,1\n",
            "--read since=2026-01-05T13:00 --read dates=d.m.y",
        ),
        (
            "t;y;x\n05.01.2026 14:00;0,5;1\n",
            "--read since=2026-01-05T13:00",
        ),
        (
            "date;clock;y;x\n2026-01-05;14:00;0,5;1\n",
            "--read since=2026-01-05T13:00 --read from=[\"date\",\"clock\"]",
        ),
        (
            "date;clock;y;x\n2026-01-05;14:00;0,5;1\n",
            "--read since=2026-01-05T13:00 --read from=[0,1]",
        ),
        (
            "date;clock;y;x\n2026-01-05;14:00;0,5;1\n",
            "--read since=2026-01-05T13:00 --read from=[date,clock]",
        ),
        ("a,b\nc,d\nt;y;x\n3600;0,5;1\n", "--read skip=2"),
        ("t/min;y;x\n60;0,5;1\n", ""),
        ("t_min,y,x\n60,0.5,1\n", ""),
        ("y,x,t_h\n0.5,1,1\n", ""),
        ("t,t_h,y,x\n3600,7,0.5,1\n", ""),
        ("logger,7,wall\nt,y,x\n3600,0.5,1\n", ""),
    ] {
        scene.write("p.csv", points);
        let told = scene.succeed(&format!("probe run.npy --points p.csv {keys}"));
        assert_eq!(told.stdout, expected, "{points}");
    }
    for (points, sentence) in [
        ("t [K],y,x\n1,0,0\n", "is in K and cannot be taken as s"),
        ("t,y,x\n05/01/2026 14:00,0,0\n", "line 2 of p.csv"),
        (
            "t,y,x\n05/01/2026 14:00,0,0\n",
            "is the date of either of two days; dates = \"d.m.y\"",
        ),
    ] {
        scene.write("p.csv", points);
        assert_refused(&scene.run("probe run.npy --points p.csv"), sentence, points);
    }
    // Points are places, in any order; the dates of one place ascend.
    for points in [
        "t,y,x\n7200,0,0\n3600,0,0\n0,0,0\n",
        "t,y,x\n2026-10-25 02:00,0,0\n2026-10-25 03:00,0,0\n2026-10-25 02:00,0,1\n",
    ] {
        scene.write("p.csv", points);
        let told = scene.succeed("probe run.npy --points p.csv");
        assert_eq!(told.stdout.lines().count(), 4, "{points}{told}");
    }
    scene.write(
        "p.csv",
        "t,y,x\n2026-10-25 02:50,0,0\n2026-10-25 02:00,0,0\n",
    );
    let told = scene.run("probe run.npy --points p.csv");
    let sentence = "line 3 of p.csv: the argument 2026-10-25 02:00 follows 2026-10-25 02:50; arguments must ascend";
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains(sentence), "{told}");
    for (key, sentence) in [
        (
            "from=[0.5,1]",
            "from must be the name of a column in quotes, its number from 0, or two of these",
        ),
        (
            "skp=2",
            "--read skp=2: there is no key skp, did you mean skip?; there are from, time,",
        ),
    ] {
        let told = scene.run(&format!("probe run.npy --points p.csv --read {key}"));
        assert_refused(&told, sentence, key);
    }
}

/// Tables that Python's csv module has written read back the same, and mutated ones are read or refused.
#[test]
fn tables_of_csv_writers_read_back_the_same() {
    judged_by(
        "loggers_reference.py",
        size(4000, 60),
        "tables_of_csv_writers_read_back_the_same",
    );
}

/// What a heat flux plate measures: the rate of a wall by its length, around an axis by its area.
#[test]
fn fluxes_are_rates_by_the_size_of_the_wall() {
    let scene = Scene::new();
    for (coordinates, sides) in [
        (
            "cartesian",
            "left = { flux = 3.0 }\nright = { flux = -1.0 }\nbottom = { flux = 0.5 }",
        ),
        (
            "axisymmetric",
            "right = { flux = -1.0 }\nbottom = { flux = 0.5 }",
        ),
    ] {
        scene.write(
            "p.toml",
            format!(
                "D = 1.0\nx1 = 0.0\nx2 = 0.3\ny1 = 0.0\ny2 = 0.02\ndx = 0.01\ngrid = 'walls'\nruntime = 1e-5\nouttime = 1e-5\n\
                 coordinates = '{coordinates}'\nrecord = {{ every = 1e-5, totals = true }}\nunits = {{ q = 'W/m²' }}\n[boundary]\n{sides}\ntop = 'insulated'\n"
            ),
        );
        scene.succeed("run p.toml -o q.npy --force -q");
        let text = scene.text("q.record.csv");
        let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
        let flux = |name: &str| {
            let place = rows[0].iter().position(|column| *column == name).unwrap();
            rows[1][place].parse::<f64>().unwrap()
        };
        let left = if coordinates == "cartesian" { 3.0 } else { 0.0 };
        for (name, expected) in [
            ("left", left),
            ("right", -1.0),
            ("bottom", 0.5),
            ("top", 0.0),
        ] {
            let found = flux(&format!("{name}_flux"));
            assert!(
                (found - expected).abs() < 1e-12,
                "{coordinates} {name}: {found}"
            );
        }
        let described: Value = serde_json::from_str(&scene.text("q.record.json")).unwrap();
        let columns = described["columns"].as_array().unwrap();
        let column = columns
            .iter()
            .find(|column| column["name"] == "right_flux")
            .unwrap();
        assert_eq!(column["unit"], "W/m²");
    }
    scene.write("f.csv", "time [s],q [kW/m²]\n0,-0.001\n0.00001,-0.001\n");
    let told = scene.run("plot q.npy --record right_flux --data f.csv:q=right_flux -o q.svg");
    assert_eq!(told.code, Some(0), "{told}");
}
