//! The table of keys: what a parameter file may contain, and the sentences on it in messages.
//!
//! A key whose value is a table has the keys of that table in its types, so each number of a file has a dotted name:
//! `held.0.value`, `function.T_out.file`, `boundary.left.flux`. Tables in a list are numbered from 0.

use super::{
    key::{ANY_NAME, Absent, Key, TableKeys, Type},
    value::Value,
};

use Absent::{Derived, Required, Same, Value as Default};

const NUMBER: &[Type] = &[Type::Number];
const INTEGER: &[Type] = &[Type::Integer];
const SWITCH: &[Type] = &[Type::Boolean];
const WORD: &[Type] = &[Type::Word];
const SIZE: &[Type] = &[Type::Word, Type::Integer];
const PAIR: &[Type] = &[Type::Pair];
const TIMES_OR_DATES: &[Type] = &[Type::Pair, Type::Dates];
const LIST: &[Type] = &[Type::Numbers];
const WORDS: &[Type] = &[Type::Words];
const FORMULA: &[Type] = &[Type::Number, Type::Word];
const SIGMA: &[Type] = &[Type::Number, Type::Numbers, Type::Word];
const SIGMA_OF_COLUMN: &[Type] = &[Type::Number, Type::Word];
const POINTS: &[Type] = &[Type::Points];
const DATE: &[Type] = &[Type::Word, Type::Date];
const COLUMN: &[Type] = &[Type::Word, Type::Integer];
const COLUMNS: &[Type] = &[Type::Word, Type::Integer, Type::Columns];
const TIME_OR_INITIAL: &[Type] = &[Type::Number, Type::Exactly("initial")];
const TIME_OR_WORD: &[Type] = &[
    Type::Number,
    Type::Exactly("step"),
    Type::Exactly("snapshot"),
];
const FINITE: &str = "a finite number";
const ABOVE_0: &str = "a finite number greater than 0";
const MATERIAL: &str = "a finite number, 0 or greater, a formula in x, y and t, { file = \"D.npy\" } or { image = \"D.png\", range = [lo, hi], interpolate = \"nearest\" }";
const CAPACITY: &str = "a finite number greater than 0, a formula in x and y, { file = \"c.npy\" } or { image = \"c.png\", range = [lo, hi], interpolate = \"nearest\" }";
const DECAY: &str = "a finite number, 0 or greater, a formula in x, y and t, { file = \"k.npy\" } or { image = \"k.png\", range = [lo, hi], interpolate = \"nearest\" }";
const SOURCE: &str = "a finite number, a formula in x, y and t, { file = \"S.npy\" } or { image = \"S.png\", range = [lo, hi], interpolate = \"nearest\" }";
const WALL: &str = "a finite number, a formula in x, y and t (Dirichlet), \"insulated\", { flux = q } (Neumann), { robin = [a, b, c] } or \"periodic\"";
const METHOD: &str = "\"euler\" (explicit), \"rkl2\" (super-time-stepping), \"exact\" (transforms) or \"steady\" (no steps: the state that time tends to)";
const COORDINATES: &str = "\"cartesian\" or \"axisymmetric\" (x the radius, y the height)";
const TIMES: &str = "\"course\" (after whole steps) or \"exact\" (multiples of outtime), the default of grid = \"walls\"";
const OUTTIMES: &str = "numbers greater than t0, each greater than the one before";
const START: &str =
    "a finite number, or \"initial\": the time of the snapshot that the run begins from";
const ENDS: &str = "{ steady = rate } or { steady = rate, after = t }, where rate is a number greater than 0 and t a number: the run ends at the first snapshot, not before t, that has changed by less than rate per time; or { column = \"T1\", above = limit } or below = limit, where T1 is a column of the record: it ends at the first snapshot after a row, not before t, that is beyond the limit";
const INITIAL: &str =
    "\"peaks\", \"gaussian\", \"sine\", \"constant\", \"expression\", \"file\" or \"image\"";
const INTERPOLATE: &str = "\"linear\" (bilinear between four pixels or nodes), of a picture also \"nearest\" (that of the nearest pixel), of an array \"mean\" (over the cell of the node, which keeps the mass)";
const ALPHA: &str = "\"white\" (the picture lies on white), \"ignore\" (the colours alone) or \"values\" (the opacity in place of the grey value)";
const VALUE: &str = "a finite number, or a formula in x and y for kind = \"expression\"";
const UNIT: &str = "a short text in quotes";
const PLACE: &str = "a formula in x and y";
const FILE: &str = "the name of a file in quotes";
const COLUMNS_OF_FILE: &str = "the name of a column in quotes, its number from 0, or two of these, of a date and a time, such as [\"date\", \"time\"]";
const BETWEEN: &str = "\"linear\", \"previous\" or \"mean\"";
const COLUMN_OF_FILE: &str = "the name of a column in quotes, or its number from 0";
const SINCE: &str = "a date in quotes, such as \"2026-01-05 13:00\"";
const HELD_TABLES: &str = "tables [[held]] with where = \"…\", file = \"….npy\" or image = \"….png\", and value = a number or a formula in x and y; a name is that of its columns of rates";
const INTERFACES: &str = "tables [[interface]] with where = \"…\", file = \"….npy\" or image = \"….png\", and resistance = a number, 0 or greater, or a formula in x and y";
const EVERY: &str = "a finite number greater than 0, \"step\" or \"snapshot\"";
const AT: &str = "ascending numbers, none of them before t0";
const AT_POINTS: &str = "{ name = [x, y], … } or a list [[x, y], …], whose points are p0, p1, …";
const REGIONS: &str = "tables [[record.region]] with name = \"…\" and where = \"…\", file = \"….npy\" or image = \"….png\"";
const FIELDS: &str = "some of \"mean\", \"min\", \"max\" and \"time_of_max\"";
const FUNCTIONS: &str = "tables [function.NAME] with file = \"….csv\", from and to, or points = [[0, 20], [3600, 25]], and between and beyond";
const CONSTANT: &str = "a finite number, or a formula of other constants";
const BOUNDS: &str = "[least, most], or { between = [least, most] } with prior = [mean, deviation] and scale = \"log\" or \"linear\"";
const DATA_TABLES: &str = "tables [[fit.data]] with file, time, columns = { T1 = \"sill\" } of the file and the record, sigma and use";
const COMBINE: &str =
    "\"product\" (every value with every other) or \"zip\" (the first with the first, and so on)";

/// The key beside which another one may stand, if there is one.
macro_rules! main_key {
    () => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

/// Defines a table of keys: name, meaning, unit, types, accepted values in words, an example, the value if the key is absent,
/// and the key beside which alone it may stand. A last word `no_bits` marks a key on which no bit depends.
macro_rules! keys {
    ($($name:literal, $meaning:literal, $unit:literal, $types:expr, $accepted:expr, $example:literal, $absent:expr
       $(=> beside $main:literal)? $(, $no_bits:ident)?;)*) => {
        [$(Key {
            name: $name,
            meaning: $meaning,
            unit: $unit,
            types: $types,
            accepted: $accepted,
            example: $example,
            absent: $absent,
            beside: main_key!($($main)?),
            decides_bits: ["", $(stringify!($no_bits))?].len() == 1,
        }),*]
    };
}

/// The keys of `D = { image = "D.png", range = [0.0, 1.0] }`.
const PROFILE: &[Type] = &[
    Type::Number,
    Type::Word,
    Type::Table(&TableKeys {
        lists: &[&keys! {
            "file", "array with a value for each node", "", WORD, FILE, "\"D.npy\"", Derived;
            "image", "picture whose grey values are values", "", WORD, FILE, "\"D.png\"", Derived;
            "range", "the values of black and white", "", PAIR, "two finite numbers, [black, white]", "[0.0, 1.0]",
                Default("[0.0, 1.0]") => beside "image";
            "interpolate", "the value of a node between pixels, or between the nodes of another grid", "", WORD, INTERPOLATE,
                "\"linear\"", Derived;
            "alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"white\"", Derived => beside "image";
        }],
        one_of: &["file", "image"],
    }),
];

/// The keys of a wall that is not fixed.
const SIDE: &[Type] = &[
    Type::Number,
    Type::Word,
    Type::Table(&TableKeys {
        lists: &[&keys! {
            "flux", "D times the outward normal derivative", "density·length/time", FORMULA,
                "a finite number or a formula in x, y and t", "0.0", Derived;
            "robin", "a, b and c of a p + b dp/dn = c", "", &[Type::Formulas],
                "three numbers or formulas, [a, b, c] of a p + b dp/dn = c", "[1.0, 2.0, 0.5]", Derived;
        }],
        one_of: &["flux", "robin"],
    }),
];

/// The keys of `until`.
const UNTIL: &[Type] = &[Type::Table(&TableKeys {
    lists: &[&keys! {
        "column", "column of the record that ends the run", "", WORD, "the name of a column of the record in quotes", "\"sill\"", Derived;
        "steady", "change per time below which the run ends", "density/time", NUMBER, ABOVE_0, "1e-6", Derived;
        "above", "limit above which a value of the column ends the run", "", NUMBER, FINITE, "60.0", Derived => beside "column";
        "below", "limit below which a value of the column ends the run", "", NUMBER, FINITE, "0.5", Derived => beside "column";
        "after", "time before which the run does not end", "time", NUMBER, FINITE, "0.0", Derived;
    }],
    one_of: &["column", "steady"],
})];

/// The keys of which one defines an area.
pub(super) const AREA_FORMS: &[&str] = &["where", "file", "image"];

/// The keys of an area in a table of a list.
const AREA: &[Key] = &keys! {
    "where", "the nodes where it is not 0", "", FORMULA, PLACE, "\"hypot(x, y) < 2\"", Derived;
    "file", "the nodes where the array is not 0", "", WORD, FILE, "\"m.npy\"", Derived;
    "image", "the nodes where the picture is dark", "", WORD, FILE, "\"plate.png\"", Derived;
    "below", "the grey value below which the picture is dark; black is 0, white 1", "", NUMBER, FINITE, "0.5",
        Default("0.5") => beside "image";
    "alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"values\"", Derived => beside "image";
};

const COLUMN_NAME: &str = "letters, digits and _ in quotes, the name of a column of the record";

const HELD: &[Type] = &[Type::Tables(&TableKeys {
    lists: &[
        AREA,
        &keys! {
            "value", "the value of the nodes", "density", FORMULA, "a finite number or a formula in x and y", "60.0", Required;
            "name", "the name of the columns of rates", "", WORD, COLUMN_NAME, "\"heater\"", Derived;
        },
    ],
    one_of: AREA_FORMS,
})];

const INTERFACE: &[Type] = &[Type::Tables(&TableKeys {
    lists: &[
        AREA,
        &keys! {
            "resistance", "the resistance of each face between the nodes inside and those outside", "length/D", FORMULA,
                "a finite number, 0 or greater, or a formula in x and y", "0.05", Required;
        },
    ],
    one_of: AREA_FORMS,
})];

const REGION: &[Type] = &[Type::Tables(&TableKeys {
    lists: &[
        &keys! { "name", "the name of the region in columns", "", WORD, COLUMN_NAME, "\"pipe\"", Required; },
        AREA,
    ],
    one_of: AREA_FORMS,
})];

const POINT: &[Type] = &[
    Type::Pair,
    Type::Table(&TableKeys {
        lists: &[&keys! {
            "at", "the place of the point", "length", PAIR, "two finite numbers, [x, y]", "[0.0, 0.0]", Required;
            "side", "the side of an interface on which it lies: where it is not 0", "", FORMULA, PLACE, "\"x < 0.5\"", Required;
        }],
        one_of: &[],
    }),
];

/// The keys that say how a file of measured values is read.
pub(super) const READING: &[Key] = &keys! {
    "from_unit", "unit of the arguments", "", WORD, UNIT, "\"h\"", Derived => beside "file";
    "to_unit", "unit of the values", "", WORD, UNIT, "\"°C\"", Derived => beside "file";
    "since", "date of the argument 0", "", DATE, SINCE, "\"2026-01-05 13:00\"", Derived => beside "file";
    "gaps", "rows without a value", "", WORD, "\"refuse\" or \"skip\"", "\"skip\"", Derived => beside "file";
    "skip", "lines above the headings", "", INTEGER, "the number of lines above the headings", "2", Derived => beside "file";
    "dates", "order of day, month and year", "", WORD, "\"d.m.y\", \"m/d/y\" or \"y-m-d\"", "\"d.m.y\"", Derived => beside "file";
    "double", "what rows of one argument count as", "", WORD, "\"refuse\", \"mean\" or \"last\"", "\"mean\"", Derived => beside "file";
};

const FUNCTION: &[Type] = &[Type::Named(&TableKeys {
    lists: &[
        &keys! {
            "file", "CSV file with the points", "", WORD, FILE, "\"weather.csv\"", Derived;
            "from", "column of the arguments", "", COLUMNS, COLUMNS_OF_FILE, "\"time\"", Default("0") => beside "file";
            "to", "column of the values", "", COLUMN, COLUMN_OF_FILE, "\"T\"", Default("1") => beside "file";
        },
        READING,
        &keys! {
            "points", "arguments and values", "", POINTS, "pairs of finite numbers, such as [[0, 20], [3600, 25]]",
                "[[0, 20], [3600, 25]]", Derived;
            "between", "the value between two points", "", WORD, BETWEEN, "\"previous\"",
                Default("\"linear\"");
            "beyond", "the value beyond the points", "", WORD, "\"refuse\", \"hold\" or \"repeat\"", "\"hold\"",
                Default("\"refuse\"");
        },
    ],
    one_of: &["file", "points"],
})];

const VARIED: &[Type] = &[
    Type::Pair,
    Type::Table(&TableKeys {
        lists: &[&keys! {
            "between", "the least and the greatest value", "", PAIR, "[least, greatest], two finite numbers", "[1.0, 100.0]", Required;
            "prior", "what is known without the data", "", PAIR, "[mean, standard deviation]", "[20.0, 2.0]", Derived;
            "scale", "whether the logarithm is varied", "", WORD, "\"log\" or \"linear\"", "\"log\"", Derived;
        }],
        one_of: &["between"],
    }),
];

const DATA: &[Type] = &[Type::Tables(&TableKeys {
    lists: &[
        &keys! {
            "file", "CSV file with measured values", "", WORD, FILE, "\"wall.csv\"", Derived;
            "time", "column of the times", "", COLUMNS, COLUMNS_OF_FILE, "\"time\"", Derived;
            "between", "what values say of the times between two rows", "", WORD, BETWEEN, "\"mean\"", Derived;
            "columns.NAME", "column of the record with which a column of the file is compared", "", WORD,
                "the name of a column of the record in quotes", "\"sill\"", Derived;
            "sigma", "standard deviation of a value", "", SIGMA, "a number greater than 0, the name of a column of the file with one for each value, or these for each column by its name", "0.1",
                Derived;
            "sigma.NAME", "standard deviation of a value of a column", "", SIGMA_OF_COLUMN,
                "a finite number greater than 0, or the name of a column of the file", "0.1", Derived;
            "use", "first and last time of the rows that count", "time", TIMES_OR_DATES, "[from, to], two times or two dates that ascend",
                "[0.0, 10.0]",
                Derived;
        },
        READING,
    ],
    one_of: &[],
})];

/// All keys of a run's file, in the order in which files and journals list them.
pub static KEYS: [Key; 73] = keys! {
    "D", "diffusion coefficient", "length²/time", PROFILE, MATERIAL, "1.0", Required;
    "x1", "left end of the domain", "length", NUMBER, FINITE, "-10.0", Required;
    "x2", "right end of the domain", "length", NUMBER, "a finite number greater than x1", "10.0", Required;
    "y1", "lower end of the domain", "length", NUMBER, FINITE, "-10.0", Same("x1");
    "y2", "upper end of the domain", "length", NUMBER, "a finite number greater than y1", "10.0", Same("x2");
    "runtime", "simulated time to reach", "time", NUMBER, "a finite number, 0 or greater", "15.0", Required;
    "dx", "wanted spacing of the nodes", "length", NUMBER, ABOVE_0, "0.0667", Required;
    "dy", "wanted spacing of the nodes along y", "length", NUMBER, ABOVE_0, "0.0667", Same("dx");
    "outtime", "simulated time per snapshot", "time", NUMBER, "a finite number from 0 to runtime", "0.5", Required;
    "outtimes", "simulated times of the snapshots after the first, in place of runtime and outtime", "time", LIST,
        OUTTIMES, "[0.1, 1.0, 10.0]", Derived;
    "t0", "simulated time of the first snapshot, which formulas see", "time", TIME_OR_INITIAL, START, "0.0", Derived;
    "graphics", "draw a picture of every snapshot while running", "", SWITCH, "true or false", "false", Default("false"),
        no_bits;
    "grid", "where the nodes lie", "", WORD, "\"slides\", \"files\" or \"walls\"", "\"slides\"", Default("\"slides\"");
    "coordinates", "what x and y are", "", WORD, COORDINATES, "\"axisymmetric\"", Default("\"cartesian\"");
    "times", "when snapshots are taken", "", WORD, TIMES, "\"exact\"", Default("\"course\"");
    "precision", "floating-point type of the steps and the cube", "", WORD, "\"f64\" or \"f32\"", "\"f64\"",
        Default("\"f64\"");
    "dt", "time step", "time", NUMBER, ABOVE_0, "0.001", Derived;
    "safety", "time step by the stability limit", "", NUMBER, "a number greater than 0 and at most 1", "0.9",
        Default("1.0");
    "Dx", "diffusion coefficient along x", "length²/time", PROFILE, MATERIAL, "1.0", Same("D");
    "Dy", "diffusion coefficient along y", "length²/time", PROFILE, MATERIAL, "1.0", Same("D");
    "face", "mean of the diffusion coefficients of two nodes", "", WORD, "\"harmonic\" or \"arithmetic\"",
        "\"harmonic\"", Default("\"harmonic\"");
    "capacity", "storage, c of c dp/dt", "", PROFILE, CAPACITY, "1.0", Default("1.0");
    "decay", "k of the decay k p", "1/time", PROFILE, DECAY, "0.0", Default("0.0");
    "source", "what is added per time", "density/time", PROFILE, SOURCE, "0.0", Default("0.0");
    "method", "how a step is taken", "", WORD, METHOD, "\"euler\"", Default("\"euler\"");
    "stages", "stages of a step of rkl2", "", INTEGER, "an integer from 2 to 10001", "9", Derived;
    "tolerance", "of the steady state: what is left of the right side, as a share of it", "", NUMBER,
        "a number from 1e-16 to 0.01", "1e-10", Default("1e-10");
    "until", "when to end before runtime", "density/time", UNTIL, ENDS, "{ steady = 1e-6 }", Derived;
    "memory", "the most memory that a run may take", "bytes", SIZE, "a size such as \"4GiB\"", "\"4GiB\"", Derived,
        no_bits;
    "initial.kind", "initial condition", "", WORD, INITIAL, "\"peaks\"", Default("\"peaks\"");
    "initial.x0", "middle of the gaussian along x", "length", NUMBER, FINITE, "0.0", Derived;
    "initial.y0", "middle of the gaussian along y", "length", NUMBER, FINITE, "0.0", Derived;
    "initial.sigma", "standard deviation of the gaussian", "length", NUMBER, ABOVE_0, "1.0", Required;
    "initial.amplitude", "height of the gaussian", "density", NUMBER, FINITE, "1.0", Default("1.0");
    "initial.kx", "half waves of the sine along x", "", NUMBER, FINITE, "1.0", Default("1.0");
    "initial.ky", "half waves of the sine along y", "", NUMBER, FINITE, "1.0", Default("1.0");
    "initial.value", "initial condition", "density", FORMULA, VALUE, "\"exp(-x**2 - y**2)\"", Required;
    "initial.path", "the file of the initial condition", "", WORD, FILE, "\"u.npy\"", Required;
    "initial.snapshot", "which snapshot of the cube", "", INTEGER, "a whole number, negative from the end", "-1", Derived;
    "initial.range", "the values of black and white", "density", PAIR, "two finite numbers, [black, white]",
        "[0.0, 1.0]", Default("[0.0, 1.0]");
    "initial.interpolate", "the value of a node between pixels, or between the nodes of another grid", "", WORD, INTERPOLATE,
        "\"linear\"", Derived;
    "initial.alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"white\"", Derived;
    "boundary.left", "the wall at x = x1", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.right", "the wall at x = x2", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.bottom", "the wall at y = y1", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.top", "the wall at y = y2", "density", SIDE, WALL, "0.0", Default("0.0");
    "mask.where", "nodes outside of the domain: where it is not 0", "", FORMULA, PLACE, "\"hypot(x, y) < 2\"", Derived;
    "mask.file", "nodes outside of the domain: where the array is not 0", "", WORD, FILE,
        "\"m.npy\"", Derived;
    "mask.image", "nodes outside of the domain: where the picture is dark", "", WORD, FILE, "\"plate.png\"", Derived;
    "mask.below", "the grey value below which the picture is dark; black is 0, white 1", "", NUMBER, FINITE, "0.5",
        Default("0.5") => beside "image";
    "mask.alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"values\"", Derived => beside "image";
    "mask.isolated", "what becomes of parts of the domain that nothing enters", "", WORD,
        "\"keep\" or \"mask\"", "\"mask\"", Derived;
    "units.x", "unit of lengths along x, for labels alone", "", WORD, UNIT, "\"m\"", Derived, no_bits;
    "units.y", "unit of lengths along y, for labels alone", "", WORD, UNIT, "\"m\"", Derived, no_bits;
    "units.t", "unit of times, for labels alone", "", WORD, UNIT, "\"s\"", Derived, no_bits;
    "units.p", "unit of the density, for labels alone", "", WORD, UNIT, "\"mol/m³\"", Derived, no_bits;
    "units.q", "unit of fluxes through walls, for labels alone", "", WORD, UNIT, "\"W/m²\"", Derived, no_bits;
    "record.every", "simulated time from one row of the record to the next", "time", TIME_OR_WORD, EVERY, "0.01", Derived;
    "record.at", "times of the rows of the record", "time", LIST, AT, "[0.1, 0.2, 0.5]", Derived;
    "record.points", "points whose values are recorded", "length", POINTS, AT_POINTS, "{ sill = [0.0, 0.0] }", Derived;
    "record.points.NAME", "the place of a point", "length", POINT, "two finite numbers, [x, y], or { at = [x, y], side = \"x < 0.5\" }",
        "[0.0, 0.0]", Derived;
    "record.interpolate", "the value at a point that is no node", "", WORD, "\"nearest\" or \"linear\"", "\"linear\"",
        Derived;
    "record.dates", "whether each row has its date, where the file of a function has dates", "", SWITCH, "true or false", "true",
        Derived;
    "record.totals", "whether mass, minimum, maximum and what comes in are recorded", "", SWITCH, "true or false", "true",
        Derived;
    "record.region", "regions that are recorded", "", REGION, REGIONS, "[{ name = \"pipe\", where = \"hypot(x, y) < 2\" }]",
        Derived;
    "record.fields", "what is kept of every node between snapshots", "", WORDS, FIELDS, "[\"mean\", \"max\"]", Derived;
    "held", "nodes that keep given values", "density", HELD, HELD_TABLES, "[{ where = \"abs(x) < 0.1\", value = 60.0 }]",
        Derived;
    "interface", "thin resistances between the nodes inside of an area and those outside", "length/D", INTERFACE, INTERFACES,
        "[{ where = \"x < 0.2\", resistance = 0.05 }]", Derived;
    "function", "functions of one number, for all formulas", "", FUNCTION, FUNCTIONS,
        "{ T_out = { points = [[0, 20], [3600, 25]] } }", Derived;
    "constants.NAME", "numbers by name, for all formulas", "", FORMULA, CONSTANT, "12.0", Derived;
    "fit.vary.NAME", "a number that `diff2d fit` finds, a constant or a key, and its bounds", "", VARIED, BOUNDS, "[1.0, 100.0]",
        Derived, no_bits;
    "fit.data", "what was measured", "", DATA, DATA_TABLES,
        "[{ file = \"wall.csv\", time = \"time\", columns = { T1 = \"sill\" }, sigma = 0.1 }]", Derived, no_bits;
    "fit.step", "the share of its own size by which an unknown is changed for derivatives", "", NUMBER,
        "a number from 1e-8 to 0.01", "3e-5", Derived, no_bits;
};

/// The keys of a sweep file besides the varied ones.
pub static SWEEP_KEYS: [Key; 3] = keys! {
    "params", "the parameter file whose keys the sweep varies", "", WORD, "a string", "\"diff2dparams.toml\"", Required;
    "combine", "how the values of several keys are combined", "", WORD, COMBINE, "\"product\"",
        Default("\"product\"");
    "samples.file", "a table whose headings are keys and whose rows are scenarios", "", WORD, FILE, "\"samples.csv\"", Derived;
};

/// The keys that say how a file of measured values is read: those of a function, whose `from` is the `time` of measured
/// values.
pub fn of_measured_file() -> impl Iterator<Item = &'static Key> + Clone {
    let own_keys = [
        "function.NAME.from",
        "fit.data.0.time",
        "function.NAME.between",
    ];
    own_keys.into_iter().map(named).chain(READING)
}

/// The key of a run's file that a dotted name means: a key, the key that stands for all names of its table, or a key of a
/// table.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find_map(|key| key.find(name))
}

/// The key of an element of an array, whose dotted name ends in numbers: `boundary.left.robin.2`.
pub(super) fn element(name: &str) -> Option<&'static Key> {
    static ELEMENT: [Key; 1] = keys! {
        "NAME", "an element of an array", "", FORMULA, FINITE, "1.0", Derived;
    };
    let mut array = name;
    while let Some((outer_name, number)) = array.rsplit_once('.')
        && number.parse::<usize>().is_ok()
    {
        array = outer_name;
    }
    let key = find(array).filter(|_| array != name)?;
    key.types.iter().any(Type::is_array).then_some(&ELEMENT[0])
}

/// Whether the parts of the value of a dotted name have names of their own: a table that is no value of a key, or a value in
/// tables with keys.
pub(super) fn is_divided(name: &str, value: &Value) -> bool {
    let Some(key) = find(name) else {
        return value.is_table();
    };
    // A sweep varies tables of a list and elements of an array by their numbers: held.0.value.
    let has_numbers = value.as_table().is_some_and(|table| {
        let mut names = table.keys();
        names.all(|name| name.parse::<usize>().is_ok())
    });
    has_numbers || key.is_divided(value) || value.is_table() && has_any_names(name, key)
}

/// Whether the table with a dotted name, which the key means, has a key that stands for all names in it.
fn has_any_names(name: &str, key: &Key) -> bool {
    let key_in_table = find(&format!("{name}.{ANY_NAME}"));
    key_in_table.is_some_and(|other| other.name.ends_with(ANY_NAME) && other.name != key.name)
}

/// The keys of the table with a dotted name: `D`, `held.0` or `function.T_out`.
pub fn table(name: &str) -> Option<&'static TableKeys> {
    let of_value = find(name).and_then(|key| {
        let mut types = key.types.iter();
        types.find_map(|kind| match kind {
            Type::Table(table) => Some(*table),
            _ => None,
        })
    });
    of_value.or_else(|| {
        let (outer_name, entry) = name.rsplit_once('.')?;
        let is_number = entry.parse::<usize>().is_ok();
        find(outer_name)?.types.iter().find_map(|kind| match kind {
            Type::Tables(table) if is_number => Some(*table),
            Type::Named(table) => Some(*table),
            _ => None,
        })
    })
}

/// The list of tables in which a dotted name lies, such as `held`, and the keys of its tables.
pub(super) fn list_around(name: &str) -> Option<(&str, &'static TableKeys)> {
    let mut positions = name.match_indices('.').map(|(position, _)| position);
    positions.find_map(|position| {
        let list = &name[..position];
        find(list)?.types.iter().find_map(|kind| match kind {
            Type::Tables(table) => Some((list, *table)),
            _ => None,
        })
    })
}

/// The innermost table with keys of its own in which a dotted name lies: the table in words, the rest of the name, and the keys.
pub(super) fn table_around(name: &str) -> Option<(String, &str, &'static TableKeys)> {
    let mut positions = name.rmatch_indices('.').map(|(position, _)| position);
    positions.find_map(|position| {
        let (outer_name, slip) = (&name[..position], &name[position + 1..]);
        let keys = table(outer_name)?;
        let listed = outer_name
            .rsplit_once('.')
            .filter(|_| find(outer_name).is_none());
        let words = match listed {
            Some((list, number)) if number.parse::<usize>().is_ok() => format!("[[{list}]]"),
            Some(_) => format!("[{outer_name}]"),
            None => outer_name.to_owned(),
        };
        Some((words, slip, keys))
    })
}

/// The table of a key that stands for all names in the table.
pub(super) fn table_of_names(key: &Key) -> Option<&'static str> {
    key.name.strip_suffix(ANY_NAME)?.strip_suffix('.')
}

/// Whether a run's file may have a key with this dotted name.
pub fn is_key(name: &str) -> bool {
    find(name).is_some()
}

/// Whether a table with this name, or the table that is the value of a key, may be absent.
pub(super) fn may_be_absent(name: &str) -> bool {
    let mut keys = KEYS.iter();
    is_table(name) || keys.any(|key| key.name == name && key.absent == Absent::Derived)
}

/// The keys for which a table's name with this value stands: `boundary` with a wall stands for all four sides.
pub fn all_of(name: &str, value: &Value) -> impl Iterator<Item = &'static Key> {
    let is_boundary = name == "boundary";
    of_table("boundary").filter(move |key| is_boundary && key.takes(value))
}

/// The keys of a table that is no value of a key, such as `record`.
pub(super) fn of_table(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| {
        let name_in_table = key.name.strip_prefix(table);
        name_in_table.is_some_and(|name| name.starts_with('.'))
    })
}

/// The names of the tables of keys.
pub(super) fn table_names<'n>() -> impl Iterator<Item = &'n str> + Clone {
    let tables = KEYS
        .iter()
        .filter_map(|key| -> Option<&'n str> { Some(key.name.rsplit_once('.')?.0) });
    tables.filter(|table| is_table(table))
}

/// Whether there is a table of keys with this name.
pub fn is_table(name: &str) -> bool {
    of_table(name).next().is_some()
}

/// The content of the table with a dotted name that is no value of a key, in words: its keys, or a line with any name.
pub(super) fn content_of_table(table: &str) -> Option<String> {
    let any_key = find(&format!("{table}.{ANY_NAME}")).filter(|key| key.name.ends_with(ANY_NAME));
    if let Some(key) = any_key {
        return Some(format!("lines such as `{ANY_NAME} = {}`", key.example));
    }
    let names = of_table(table).map(|key| &key.name[table.len() + 1..]);
    let names: Vec<&str> = names.filter(|name| !name.ends_with(ANY_NAME)).collect();
    (!names.is_empty()).then(|| format!("the keys {}", names.join(", ")))
}

/// The key with this name.
///
/// # Panics
/// If neither table has the key.
pub(super) fn named(name: &str) -> &'static Key {
    find(name)
        .or_else(|| SWEEP_KEYS.iter().find(|key| key.name == name))
        .unwrap_or_else(|| unreachable!("{name} is missing in the table of keys"))
}
