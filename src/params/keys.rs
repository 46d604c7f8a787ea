//! The table of keys: what a parameter file may hold, and everything that a message says of it.

use super::typed::{Value, number};

/// One key of a parameter file.
#[derive(Debug)]
pub struct Key {
    /// Its name; dotted where it stands in a table: `initial.sigma`.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its unit; empty of words and switches.
    pub unit: &'static str,
    /// The types of value that it takes.
    pub types: &'static [Type],
    /// The values that it takes, in words that follow "must be".
    pub accepted: &'static str,
    /// A value that would do, as TOML.
    pub example: &'static str,
    /// What holds where the key is absent.
    pub absent: Absent,
    /// Whether a single bit of the result depends on it.
    pub decides_bits: bool,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Nothing: the key is required.
    Required,
    /// A value, as TOML.
    Value(&'static str),
    /// The value of another key.
    Same(&'static str),
    /// Something that follows from the other keys.
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
    /// An array of two numbers.
    Pair,
    /// A table with this one key.
    Form(&'static str),
}

impl Type {
    /// Whether a value has this type.
    fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Float(_) | Value::Integer(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Boolean, Value::Boolean(_))
            | (Self::Word, Value::String(_)) => true,
            (Self::Pair, Value::Array(items)) => {
                items.len() == 2 && items.iter().all(|item| number(item).is_some())
            }
            (Self::Form(name), Value::Table(table)) => table.len() == 1 && table.contains_key(name),
            _ => false,
        }
    }
}

impl Key {
    const fn new(name: &'static str, meaning: &'static str, unit: &'static str) -> Self {
        Self {
            name,
            meaning,
            unit,
            types: &[Type::Number],
            accepted: "a finite number",
            example: "1.0",
            absent: Absent::Required,
            decides_bits: true,
        }
    }

    /// With its types, the values in words, and an example.
    const fn takes_only(
        self,
        types: &'static [Type],
        accepted: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            types,
            accepted,
            example,
            ..self
        }
    }

    /// With numbers, in words, and an example.
    const fn takes_number(self, accepted: &'static str, example: &'static str) -> Self {
        self.takes_only(&[Type::Number], accepted, example)
    }

    /// With what holds where it is absent.
    const fn or(self, absent: Absent) -> Self {
        Self { absent, ..self }
    }

    /// Whether a value has one of the key's types.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        self.types.iter().any(|kind| kind.takes(value))
    }

    /// `wanted spacing of the nodes [length]`
    #[must_use]
    pub fn described(&self) -> String {
        match self.unit {
            "" => self.meaning.to_owned(),
            unit => format!("{} [{unit}]", self.meaning),
        }
    }
}

const ABOVE_0: &str = "a finite number greater than 0";
const MATERIAL: &str =
    "a finite number greater than 0, a formula in x and y, or { file = \"D.npy\" }";
const WALL: &str =
    "a finite number, a formula in x, y and t, \"periodic\", { flux = q } or { robin = [a, b, c] }";
const PROFILE: &[Type] = &[Type::Number, Type::Word, Type::Form("file")];
const SIDE: &[Type] = &[
    Type::Number,
    Type::Word,
    Type::Form("flux"),
    Type::Form("robin"),
];

/// Every key of a run's file, in the order in which files and journals list them.
pub static KEYS: [Key; 36] = [
    Key::new("D", "diffusion coefficient", "length²/time").takes_only(PROFILE, MATERIAL, "1.0"),
    Key::new("x1", "left end of the domain", "length").takes_number("a finite number", "-10.0"),
    Key::new("x2", "right end of the domain", "length")
        .takes_number("a finite number greater than x1", "10.0"),
    Key::new("y1", "lower end of the domain", "length")
        .takes_number("a finite number", "-10.0")
        .or(Absent::Same("x1")),
    Key::new("y2", "upper end of the domain", "length")
        .takes_number("a finite number greater than y1", "10.0")
        .or(Absent::Same("x2")),
    Key::new("runtime", "simulated time to reach", "time")
        .takes_number("a finite number, 0 or greater", "15.0"),
    Key::new("dx", "wanted spacing of the nodes", "length").takes_number(ABOVE_0, "0.0667"),
    Key::new("dy", "wanted spacing of the nodes along y", "length")
        .takes_number(ABOVE_0, "0.0667")
        .or(Absent::Same("dx")),
    Key::new("outtime", "simulated time per snapshot", "time")
        .takes_number("a finite number from 0 to runtime", "0.5"),
    Key {
        decides_bits: false,
        ..Key::new(
            "graphics",
            "draw a picture of every snapshot while running",
            "",
        )
        .takes_only(&[Type::Boolean], "true or false", "false")
        .or(Absent::Value("false"))
    },
    Key::new("grid", "where the nodes lie", "")
        .takes_only(
            &[Type::Word],
            "\"slides\", \"files\" or \"walls\"",
            "\"slides\"",
        )
        .or(Absent::Value("\"slides\"")),
    Key::new(
        "precision",
        "floating-point type of the steps and the cube",
        "",
    )
    .takes_only(&[Type::Word], "\"f64\" or \"f32\"", "\"f64\"")
    .or(Absent::Value("\"f64\"")),
    Key::new("dt", "time step", "time")
        .takes_number(ABOVE_0, "0.001")
        .or(Absent::Derived),
    Key::new("safety", "time step by the stability limit", "")
        .takes_number("a number greater than 0 and at most 1", "0.9")
        .or(Absent::Value("1.0")),
    Key::new("Dx", "diffusion coefficient along x", "length²/time")
        .takes_only(PROFILE, MATERIAL, "1.0")
        .or(Absent::Same("D")),
    Key::new("Dy", "diffusion coefficient along y", "length²/time")
        .takes_only(PROFILE, MATERIAL, "1.0")
        .or(Absent::Same("D")),
    Key::new(
        "face",
        "mean of the diffusion coefficients of two nodes",
        "",
    )
    .takes_only(
        &[Type::Word],
        "\"harmonic\" or \"arithmetic\"",
        "\"harmonic\"",
    )
    .or(Absent::Value("\"harmonic\"")),
    Key::new("source", "what is added per time", "density/time")
        .takes_only(
            PROFILE,
            "a finite number, a formula in x, y and t, or { file = \"S.npy\" }",
            "0.0",
        )
        .or(Absent::Value("0.0")),
    Key::new("method", "how a step is taken", "")
        .takes_only(
            &[Type::Word],
            "\"euler\" (explicit), \"rkl2\" (super-time-stepping) or \"exact\" (transforms)",
            "\"euler\"",
        )
        .or(Absent::Value("\"euler\"")),
    Key::new("stages", "stages of a step of rkl2", "")
        .takes_only(&[Type::Integer], "an integer from 2 to 10001", "9")
        .or(Absent::Derived),
    Key {
        decides_bits: false,
        ..Key::new("memory", "the most memory that a run may take", "bytes")
            .takes_only(
                &[Type::Word, Type::Integer],
                "a size such as \"4GiB\"",
                "\"4GiB\"",
            )
            .or(Absent::Derived)
    },
    Key::new("initial.kind", "the state before the first step", "")
        .takes_only(&[Type::Word], INITIAL, "\"peaks\"")
        .or(Absent::Value("\"peaks\"")),
    Key::new("initial.x0", "middle of the gaussian along x", "length")
        .takes_number("a finite number", "0.0")
        .or(Absent::Derived),
    Key::new("initial.y0", "middle of the gaussian along y", "length")
        .takes_number("a finite number", "0.0")
        .or(Absent::Derived),
    Key::new(
        "initial.sigma",
        "standard deviation of the gaussian",
        "length",
    )
    .takes_number(ABOVE_0, "1.0"),
    Key::new("initial.amplitude", "height of the gaussian", "density").or(Absent::Value("1.0")),
    Key::new("initial.kx", "half waves of the sine along x", "").or(Absent::Value("1.0")),
    Key::new("initial.ky", "half waves of the sine along y", "").or(Absent::Value("1.0")),
    Key::new(
        "initial.value",
        "the state before the first step",
        "density",
    )
    .takes_only(
        &[Type::Number, Type::Word],
        "a finite number, or a formula in x and y for kind = \"expression\"",
        "\"exp(-x**2 - y**2)\"",
    ),
    Key::new(
        "initial.path",
        "the file of the state before the first step",
        "",
    )
    .takes_only(&[Type::Word], "the name of a file in quotes", "\"u.npy\""),
    Key::new("initial.snapshot", "which snapshot of the cube", "")
        .takes_only(
            &[Type::Integer],
            "a whole number, negative from the end",
            "-1",
        )
        .or(Absent::Derived),
    Key::new("initial.range", "the values of black and white", "density")
        .takes_only(
            &[Type::Pair],
            "two finite numbers, [black, white]",
            "[0.0, 1.0]",
        )
        .or(Absent::Value("[0.0, 1.0]")),
    side("boundary.left", "the wall at x = x1"),
    side("boundary.right", "the wall at x = x2"),
    side("boundary.bottom", "the wall at y = y1"),
    side("boundary.top", "the wall at y = y2"),
];

const INITIAL: &str =
    "\"peaks\", \"gaussian\", \"sine\", \"constant\", \"expression\", \"file\" or \"image\"";

/// The key of a side of the domain.
const fn side(name: &'static str, meaning: &'static str) -> Key {
    Key::new(name, meaning, "density")
        .takes_only(SIDE, WALL, "0.0")
        .or(Absent::Value("0.0"))
}

/// The keys of a sweep's file beside those that it varies.
pub static SWEEP_KEYS: [Key; 2] = [
    Key::new(
        "params",
        "the parameter file whose keys the sweep varies",
        "",
    )
    .takes_only(&[Type::Word], "a string", "\"diff2dparams.toml\""),
    Key::new("combine", "how the values of several keys are combined", "")
        .takes_only(
            &[Type::Word],
            "\"product\" (every value with every other) or \"zip\" (the first with the first, and so on)",
            "\"product\"",
        )
        .or(Absent::Value("\"product\"")),
];

/// The key of a run's file that has this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether a run's file may have a key of this name.
#[must_use]
pub fn is_key(name: &str) -> bool {
    find(name).is_some()
}

/// Whether keys stand in a table of this name.
#[must_use]
pub fn is_table(name: &str) -> bool {
    let begins = |key: &Key| key.name.strip_prefix(name)?.strip_prefix('.').map(drop);
    KEYS.iter().any(|key| begins(key).is_some())
}

/// The key that the code calls by its name.
///
/// # Panics
/// When neither table has it.
#[must_use]
pub(super) fn named(name: &str) -> &'static Key {
    let sweeps = || SWEEP_KEYS.iter().find(|key| key.name == name);
    find(name)
        .or_else(sweeps)
        .unwrap_or_else(|| unreachable!("{name} is missing in the table of keys"))
}
