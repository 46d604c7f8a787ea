//! The table of keys: what a parameter file may hold, and everything that a message says of it.

use super::table::Value;

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
    /// The value that holds where the key is absent, as TOML; `None` of a required key.
    pub default: Option<&'static str>,
    /// Whether a single bit of the result depends on it.
    pub decides_bits: bool,
}

/// A type of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A float or an integer.
    Number,
    /// A truth value.
    Boolean,
    /// A string.
    Word,
}

impl Key {
    /// Whether a value has one of the key's types.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        let found = match value {
            Value::Float(_) | Value::Integer(_) => Type::Number,
            Value::Boolean(_) => Type::Boolean,
            Value::String(_) => Type::Word,
            Value::Array(_) | Value::Table(_) | Value::Other(_) => return false,
        };
        self.types.contains(&found)
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

/// Every key of a run's file, in the order in which files and journals list them.
pub static KEYS: [Key; 9] = [
    Key {
        name: "D",
        meaning: "diffusion coefficient",
        unit: "length²/time",
        types: &[Type::Number],
        accepted: "a finite number greater than 0",
        example: "1.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "x1",
        meaning: "left end of the domain",
        unit: "length",
        types: &[Type::Number],
        accepted: "a finite number",
        example: "-10.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "x2",
        meaning: "right end of the domain",
        unit: "length",
        types: &[Type::Number],
        accepted: "a finite number greater than x1",
        example: "10.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "runtime",
        meaning: "simulated time to reach",
        unit: "time",
        types: &[Type::Number],
        accepted: "a finite number, 0 or greater",
        example: "15.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "dx",
        meaning: "wanted spacing of the nodes",
        unit: "length",
        types: &[Type::Number],
        accepted: "a finite number greater than 0",
        example: "0.0667",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "outtime",
        meaning: "simulated time per snapshot",
        unit: "time",
        types: &[Type::Number],
        accepted: "a finite number from 0 to runtime",
        example: "0.5",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "graphics",
        meaning: "draw a picture of every snapshot while running",
        unit: "",
        types: &[Type::Boolean],
        accepted: "true or false",
        example: "false",
        default: Some("false"),
        decides_bits: false,
    },
    Key {
        name: "grid",
        meaning: "where the nodes lie",
        unit: "",
        types: &[Type::Word],
        accepted: "\"slides\", \"files\" or \"walls\"",
        example: "\"slides\"",
        default: Some("\"slides\""),
        decides_bits: true,
    },
    Key {
        name: "precision",
        meaning: "floating-point type of the steps and the cube",
        unit: "",
        types: &[Type::Word],
        accepted: "\"f64\" or \"f32\"",
        example: "\"f64\"",
        default: Some("\"f64\""),
        decides_bits: true,
    },
];

/// The keys of a sweep's file beside those that it varies.
pub static SWEEP_KEYS: [Key; 2] = [
    Key {
        name: "params",
        meaning: "the parameter file whose keys the sweep varies",
        unit: "",
        types: &[Type::Word],
        accepted: "a string",
        example: "\"diff2dparams.toml\"",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "combine",
        meaning: "how the values of several keys are combined",
        unit: "",
        types: &[Type::Word],
        accepted: "\"product\" (every value with every other) or \"zip\" (the first with the first, and so on)",
        example: "\"product\"",
        default: Some("\"product\""),
        decides_bits: true,
    },
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

/// Which of `candidates` somebody who typed `word` probably meant: one that is spelt nearly like it, as
/// a whole or within its table.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|name| Some((edits(word, name)?, name)))
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// How many letters have to change, where that is few enough for a slip.
fn edits(word: &str, name: &str) -> Option<usize> {
    let distance = |word: &str, name: &str| {
        let edits = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
        (edits <= 1.max(name.len() / 3) && edits < name.len()).then_some(edits)
    };
    let in_another_table = if word.contains('.') || name.contains('.') {
        distance(within_table(word), within_table(name)).map(|edits| edits + 1)
    } else {
        None
    };
    distance(word, name)
        .into_iter()
        .chain(in_another_table)
        .min()
}

/// The last part of a dotted name.
fn within_table(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// `", did you mean …?"` or nothing.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_in_tables_too() {
        let names = [
            "D",
            "dx",
            "runtime",
            "initial.sigma",
            "initial.kind",
            "boundary.left",
        ];
        for (word, meant) in [
            ("run_time", Some("runtime")),
            ("DX", Some("dx")),
            ("initial.sigm", Some("initial.sigma")),
            ("intial.kind", Some("initial.kind")),
            ("sigma", Some("initial.sigma")),
            ("boundary.sigma", Some("initial.sigma")),
            ("initial.runtime", Some("runtime")),
            ("colour", None),
            ("physics.rate", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }
}
