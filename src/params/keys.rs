//! The table of parameters: everything a message needs to say about one.

use serde_json::Value;

/// One parameter that a file may hold.
#[derive(Debug)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// The values it takes, in words that follow "must be".
    pub accepted: &'static str,
    /// A value that would do.
    pub example: &'static str,
    /// The value where a file has no such key, as JSON; `None` of a required key.
    pub default: Option<&'static str>,
    /// Whether the result depends on it by a single bit.
    pub decides_bits: bool,
}

/// Every parameter there is, in the order in which files list them.
pub const KEYS: [Key; 9] = [
    Key {
        name: "D",
        meaning: "diffusion coefficient [length²/time]",
        accepted: "a finite number greater than 0",
        example: "1.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "x1",
        meaning: "left end of the domain [length]",
        accepted: "a finite number",
        example: "-10.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "x2",
        meaning: "right end of the domain [length]",
        accepted: "a finite number greater than x1",
        example: "10.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "runtime",
        meaning: "simulated time to reach [time]",
        accepted: "a finite number, 0 or greater",
        example: "15.0",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "dx",
        meaning: "wanted spacing of the nodes [length]",
        accepted: "a finite number greater than 0",
        example: "0.0667",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "outtime",
        meaning: "simulated time per snapshot [time]",
        accepted: "a finite number from 0 to runtime",
        example: "0.5",
        default: None,
        decides_bits: true,
    },
    Key {
        name: "graphics",
        meaning: "draw a picture of every snapshot while running",
        accepted: "true or false",
        example: "false",
        default: Some("false"),
        decides_bits: false,
    },
    Key {
        name: "grid",
        meaning: "where the nodes lie",
        accepted: "\"slides\", \"files\" or \"walls\"",
        example: "\"slides\"",
        default: Some("\"slides\""),
        decides_bits: true,
    },
    Key {
        name: "precision",
        meaning: "floating-point type of the steps and the cube",
        accepted: "\"f64\" or \"f32\"",
        example: "\"f64\"",
        default: Some("\"f64\""),
        decides_bits: true,
    },
];

impl Key {
    /// The value of a file without the key, as a journal holds it.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        serde_json::from_str(self.default?).ok()
    }
}

/// The names of all parameters, for messages: `D, x1, …`.
#[must_use]
pub fn names() -> String {
    KEYS.each_ref().map(|key| key.name).join(", ")
}

/// The entry of one parameter, if there is one of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Which of `candidates` somebody who typed `word` probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    candidates
        .into_iter()
        .map(|name| {
            let likeness = strsim::damerau_levenshtein(&folded, &name.to_lowercase());
            (likeness, name)
        })
        .filter(|&(edits, name)| edits <= 1.max(name.len() / 3) && edits < name.len())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// `", did you mean …?"` or nothing.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}
