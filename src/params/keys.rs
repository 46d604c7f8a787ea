//! The table of keys: what a parameter file may contain, and the sentences on it in messages.

use super::value::{Value, number};

/// One key of a parameter file.
#[derive(Debug)]
pub struct Key {
    /// The name of the key, dotted if it belongs to a table: `initial.sigma`.
    pub name: &'static str,
    /// The meaning of the key.
    pub meaning: &'static str,
    /// The unit of its values; empty for words and switches.
    pub unit: &'static str,
    /// The types of value that the key accepts.
    pub types: &'static [Type],
    /// The values that the key accepts, in words that follow "must be".
    pub accepted: &'static str,
    /// A valid value as an example, in TOML.
    pub example: &'static str,
    /// The value if the key is absent.
    pub absent: Absent,
    /// Whether any bit of the result depends on the key.
    pub decides_bits: bool,
}

/// The value of a key that is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// No value: the key is required.
    Required,
    /// A default value, in TOML.
    Value(&'static str),
    /// The value of another key.
    Same(&'static str),
    /// A value derived from other keys.
    Derived,
}

/// A type of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A float or an integer.
    Number,
    /// An integer.
    Integer,
    /// A truth value.
    Boolean,
    /// A string: a word, a formula or a path.
    Word,
    /// One word.
    Exactly(&'static str),
    /// An array of two numbers.
    Pair,
    /// An array of numbers.
    Numbers,
    /// An array of words.
    Words,
    /// A table with the given key, and optionally with further keys.
    Form(&'static str, &'static [&'static str]),
    /// Arrays of two numbers, by names or in a list.
    Points,
    /// An array of tables: `[[held]]`.
    Tables,
    /// Named tables: `[function.NAME]`.
    Named,
}

impl Type {
    /// Whether a value has this type.
    fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Float(_) | Value::Integer(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Boolean, Value::Boolean(_))
            | (Self::Word, Value::String(_)) => true,
            (Self::Exactly(word), Value::String(text)) => word == text,
            (Self::Pair, Value::Array(items)) => {
                items.len() == 2 && items.iter().all(|item| number(item).is_some())
            }
            (Self::Numbers, Value::Array(items)) => items.iter().all(|item| number(item).is_some()),
            (Self::Words, Value::Array(items)) => items.iter().all(|item| item.as_str().is_some()),
            (Self::Points, Value::Array(items)) => items.iter().all(|item| Self::Pair.takes(item)),
            (Self::Points, Value::Table(table)) => {
                table.values().all(|item| Self::Pair.takes(item))
            }
            (Self::Tables, Value::Array(items)) => items.iter().all(Value::is_table),
            (Self::Named, Value::Table(tables)) => tables.values().all(Value::is_table),
            (Self::Form(name, others), Value::Table(table)) => {
                let mut keys = table.keys();
                table.contains_key(name)
                    && keys.all(|key| key == name || others.contains(&key.as_str()))
            }
            _ => false,
        }
    }
}

impl Key {
    /// Whether a value has one of the key's types.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        self.types.iter().any(|kind| kind.takes(value))
    }

    /// The tables that the key accepts: the required entry of each, and the optional ones.
    pub fn forms(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        self.types.iter().filter_map(|kind| match kind {
            Type::Form(main, others) => Some((*main, *others)),
            _ => None,
        })
    }

    /// The key in words: `wanted spacing of the nodes [length]`.
    #[must_use]
    pub fn described(&self) -> String {
        match self.unit {
            "" => self.meaning.to_owned(),
            unit => format!("{} [{unit}]", self.meaning),
        }
    }
}

use Absent::{Derived, Required, Same, Value as Default};

const NUMBER: &[Type] = &[Type::Number];
const INTEGER: &[Type] = &[Type::Integer];
const SWITCH: &[Type] = &[Type::Boolean];
const WORD: &[Type] = &[Type::Word];
const SIZE: &[Type] = &[Type::Word, Type::Integer];
const PAIR: &[Type] = &[Type::Pair];
const LIST: &[Type] = &[Type::Numbers];
const WORDS: &[Type] = &[Type::Words];
const FORMULA: &[Type] = &[Type::Number, Type::Word];
const TABLES: &[Type] = &[Type::Tables];
const POINTS: &[Type] = &[Type::Points];
const NAMED: &[Type] = &[Type::Named];
const TIME_OR_INITIAL: &[Type] = &[Type::Number, Type::Exactly("initial")];
const TIME_OR_STEP: &[Type] = &[Type::Number, Type::Exactly("step")];
const PROFILE: &[Type] = &[
    Type::Number,
    Type::Word,
    Type::Form("file", &[]),
    Type::Form("image", &["range", "interpolate", "alpha"]),
];
const VARIED: &[Type] = &[Type::Pair, Type::Form("between", &["prior", "scale"])];
/// Tables within the values of keys have numbers under these names.
pub(super) const NUMBERS_IN_TABLES: [&str; 6] =
    ["range", "above", "below", "points", "steady", "after"];
const UNTIL: &[Type] = &[
    Type::Form("steady", &["after"]),
    Type::Form("column", &["above", "below", "after"]),
];
const SIDE: &[Type] = &[
    Type::Number,
    Type::Word,
    Type::Form("flux", &[]),
    Type::Form("robin", &[]),
];

const FINITE: &str = "a finite number";
const ABOVE_0: &str = "a finite number greater than 0";
const MATERIAL: &str = "a finite number, 0 or greater, a formula in x and y, { file = \"D.npy\" } or { image = \"D.png\", range = [lo, hi], interpolate = \"nearest\" }";
const CAPACITY: &str = "a finite number greater than 0, a formula in x and y, { file = \"c.npy\" } or { image = \"c.png\", range = [lo, hi], interpolate = \"nearest\" }";
const DECAY: &str = "a finite number, 0 or greater, a formula in x and y, { file = \"k.npy\" } or { image = \"k.png\", range = [lo, hi], interpolate = \"nearest\" }";
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
const INTERPOLATE: &str =
    "\"linear\" (bilinear between four pixels) or \"nearest\" (that of the nearest pixel)";
const ALPHA: &str = "\"white\" (the picture lies on white), \"ignore\" (the colours alone) or \"values\" (the opacity in place of the grey value)";
const VALUE: &str = "a finite number, or a formula in x and y for kind = \"expression\"";
const UNIT: &str = "a short text in quotes";
const PLACE: &str = "a formula in x and y";
const HELD: &str = "tables [[held]] with where = \"…\", file = \"….npy\" or image = \"….png\", and value = a number or a formula in x and y; a name is that of its columns of rates";
const INTERFACE: &str = "tables [[interface]] with where = \"…\", file = \"….npy\" or image = \"….png\", and resistance = a number, 0 or greater, or a formula in x and y";
const EVERY: &str = "a finite number greater than 0, or \"step\"";
const AT: &str = "ascending numbers, none of them before t0";
const AT_POINTS: &str = "{ name = [x, y], … } or a list [[x, y], …], whose points are p0, p1, …";
const REGIONS: &str = "tables [[record.region]] with name = \"…\" and where = \"…\", file = \"….npy\" or image = \"….png\"";
const FIELDS: &str = "some of \"mean\", \"min\", \"max\" and \"time_of_max\"";
const FUNCTION: &str = "tables [function.NAME] with file = \"….csv\", from and to, or points = [[0, 20], [3600, 25]], and between and beyond";
const CONSTANT: &str = "a finite number, or a formula of other constants";
const BOUNDS: &str = "[least, most], or { between = [least, most] } with prior = [mean, deviation] and scale = \"log\" or \"linear\"";
const DATA: &str = "tables [[fit.data]] with file, time, columns = { T1 = \"sill\" } of the file and the record, sigma and use";
const COMBINE: &str =
    "\"product\" (every value with every other) or \"zip\" (the first with the first, and so on)";

/// Defines a table of keys: name, meaning, unit, types, accepted values in words, an example, and the value if the key
/// is absent. A last word `no_bits` marks a key on which no bit depends.
macro_rules! keys {
    ($($name:literal, $meaning:literal, $unit:literal, $types:expr, $accepted:expr, $example:literal, $absent:expr
       $(, $no_bits:ident)?;)*) => {
        [$(Key {
            name: $name,
            meaning: $meaning,
            unit: $unit,
            types: $types,
            accepted: $accepted,
            example: $example,
            absent: $absent,
            decides_bits: ["", $(stringify!($no_bits))?].len() == 1,
        }),*]
    };
}

/// All keys of a run's file, in the order in which files and journals list them.
pub static KEYS: [Key; 70] = keys! {
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
    "initial.path", "the file of the initial condition", "", WORD, "the name of a file in quotes",
        "\"u.npy\"", Required;
    "initial.snapshot", "which snapshot of the cube", "", INTEGER, "a whole number, negative from the end", "-1", Derived;
    "initial.range", "the values of black and white", "density", PAIR, "two finite numbers, [black, white]",
        "[0.0, 1.0]", Default("[0.0, 1.0]");
    "initial.interpolate", "the value of a node between pixels", "", WORD, INTERPOLATE, "\"nearest\"",
        Default("\"linear\"");
    "initial.alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"white\"", Derived;
    "boundary.left", "the wall at x = x1", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.right", "the wall at x = x2", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.bottom", "the wall at y = y1", "density", SIDE, WALL, "0.0", Default("0.0");
    "boundary.top", "the wall at y = y2", "density", SIDE, WALL, "0.0", Default("0.0");
    "mask.where", "nodes outside of the domain: where it is not 0", "", FORMULA, PLACE, "\"hypot(x, y) < 2\"", Derived;
    "mask.file", "nodes outside of the domain: where the array is not 0", "", WORD, "the name of a file in quotes",
        "\"m.npy\"", Derived;
    "mask.image", "nodes outside of the domain: where the picture is dark", "", WORD, "the name of a file in quotes",
        "\"plate.png\"", Derived;
    "mask.below", "the grey value below which the picture is dark; black is 0, white 1", "", NUMBER, FINITE, "0.5",
        Derived;
    "mask.alpha", "what the opacity of pixels means", "", WORD, ALPHA, "\"values\"", Derived;
    "mask.isolated", "what becomes of parts of the domain that no wall and no held node touches", "", WORD,
        "\"keep\" or \"mask\"", "\"mask\"", Derived;
    "units.x", "unit of lengths along x, for labels alone", "", WORD, UNIT, "\"m\"", Derived, no_bits;
    "units.y", "unit of lengths along y, for labels alone", "", WORD, UNIT, "\"m\"", Derived, no_bits;
    "units.t", "unit of times, for labels alone", "", WORD, UNIT, "\"s\"", Derived, no_bits;
    "units.p", "unit of the density, for labels alone", "", WORD, UNIT, "\"mol/m³\"", Derived, no_bits;
    "record.every", "simulated time from one row of the record to the next", "time", TIME_OR_STEP, EVERY, "0.01", Derived;
    "record.at", "times of the rows of the record", "time", LIST, AT, "[0.1, 0.2, 0.5]", Derived;
    "record.points", "points whose values are recorded", "length", POINTS, AT_POINTS, "{ sill = [0.0, 0.0] }", Derived;
    "record.interpolate", "the value at a point that is no node", "", WORD, "\"nearest\" or \"linear\"", "\"linear\"",
        Derived;
    "record.totals", "whether mass, minimum, maximum and what comes in are recorded", "", SWITCH, "true or false", "true",
        Derived;
    "record.region", "regions that are recorded", "", TABLES, REGIONS, "[{ name = \"pipe\", where = \"hypot(x, y) < 2\" }]",
        Derived;
    "record.fields", "what is kept of every node between snapshots", "", WORDS, FIELDS, "[\"mean\", \"max\"]", Derived;
    "held", "nodes that keep given values", "density", TABLES, HELD, "[{ where = \"abs(x) < 0.1\", value = 60.0 }]",
        Derived;
    "interface", "thin resistances between the nodes inside of an area and those outside", "length/D", TABLES, INTERFACE,
        "[{ where = \"x < 0.2\", resistance = 0.05 }]", Derived;
    "function", "functions of one number, for all formulas", "", NAMED, FUNCTION,
        "{ T_out = { points = [[0, 20], [3600, 25]] } }", Derived;
    "constants.NAME", "numbers by name, for all formulas", "", FORMULA, CONSTANT, "12.0", Derived;
    "fit.vary.NAME", "a number that `diff2d fit` finds, a constant or a key, and its bounds", "", VARIED, BOUNDS, "[1.0, 100.0]",
        Derived, no_bits;
    "fit.data", "what was measured", "", TABLES, DATA,
        "[{ file = \"wall.csv\", time = \"time\", columns = { T1 = \"sill\" }, sigma = 0.1 }]", Derived, no_bits;
    "fit.step", "the share of its own size by which an unknown is changed for derivatives", "", NUMBER, ABOVE_0,
        "3e-5", Derived, no_bits;
};

/// The keys of a sweep file besides the varied ones.
pub static SWEEP_KEYS: [Key; 2] = keys! {
    "params", "the parameter file whose keys the sweep varies", "", WORD, "a string", "\"diff2dparams.toml\"", Required;
    "combine", "how the values of several keys are combined", "", WORD, COMBINE, "\"product\"",
        Default("\"product\"");
};

/// The last part of a key that stands for any name in its table, as in `constants.NAME`.
const ANY_NAME: &str = "NAME";

/// The key of a run's file with this name, or the key that stands for all names of its table.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let table = key.name.strip_suffix(ANY_NAME);
        key.name == name
            || table.is_some_and(|table| name.len() > table.len() && name.starts_with(table))
    })
}

/// The table of a key that stands for all names in the table.
#[must_use]
pub(super) fn table_of_names(key: &Key) -> Option<&'static str> {
    key.name.strip_suffix(ANY_NAME)?.strip_suffix('.')
}

/// Whether a run's file may have a key with this name.
#[must_use]
pub fn is_key(name: &str) -> bool {
    find(name).is_some()
}

/// The keys for which a table's name with this value stands: `boundary` with a wall stands for all four sides.
pub fn all_of(name: &str, value: &Value) -> impl Iterator<Item = &'static Key> {
    let is_boundary = name == "boundary";
    let sides = KEYS.iter();
    sides.filter(move |key| is_boundary && key.name.starts_with("boundary.") && key.takes(value))
}

/// Whether there is a table of keys with this name.
#[must_use]
pub fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| {
        let key_in_table = key.name.strip_prefix(name);
        key_in_table.is_some_and(|text| text.starts_with('.'))
    })
}

/// The key with this name.
///
/// # Panics
/// If neither table has the key.
#[must_use]
pub(super) fn named(name: &str) -> &'static Key {
    find(name)
        .or_else(|| SWEEP_KEYS.iter().find(|key| key.name == name))
        .unwrap_or_else(|| unreachable!("{name} is missing in the table of keys"))
}
