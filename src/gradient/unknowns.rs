//! [`Unknown`]: what is differentiated by, from the names that were typed.

use super::{fields::FieldKey, numbers::NumberKey};
use crate::{
    fault::Fault,
    params::{RawParams, SIDES, hint, value::number},
    run::RunError,
};

/// Something by which a derivative is taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Unknown {
    /// The values of a field on all nodes.
    Field(FieldKey),
    /// A number of the parameter file.
    Number(NumberKey),
}

impl Unknown {
    /// The field, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<FieldKey> {
        match self {
            Self::Field(field) => Some(*field),
            Self::Number(_) => None,
        }
    }

    /// The unknowns of a name: a field, a constant or `constants` for all of them, a wall, `held` for all held values, or
    /// the dotted key of a number.
    ///
    /// # Errors
    /// A refusal of names that are none of these.
    pub fn named(raw: &RawParams, name: &str) -> Result<Vec<Self>, RunError> {
        if let Some(field) = FieldKey::named(name) {
            return Ok(vec![Self::Field(field)]);
        }
        let keys = match name {
            "constants" => parts(raw, "constants"),
            "held" => parts(raw, "held")
                .into_iter()
                .map(|(_, key)| (format!("{key}.value"), format!("{key}.value")))
                .collect(),
            _ => keys_of(raw, name),
        };
        let unknowns = keys.into_iter().filter_map(|(name, key)| {
            let (value, _) = raw.typed().value_at(&key)?;
            let value = number(value);
            let is_formula = raw.typed().value_at(&key)?.0.is_str();
            (value.is_some() || is_formula).then_some(Self::Number(NumberKey { name, key, value }))
        });
        let unknowns: Vec<Self> = unknowns.collect();
        if unknowns.is_empty() {
            let fields = FieldKey::ALL.map(FieldKey::name);
            let constants = parts(raw, "constants");
            let constants = constants.iter().map(|(name, _)| name.as_str());
            let known = fields
                .into_iter()
                .chain(["constants", "held"])
                .chain(constants);
            let hint = hint(name, known);
            let sentence = format!(
                "there is no derivative by {name}: fields ({}), walls (boundary.left), constants, held and the names of numbers of the file have one{hint}",
                fields.join(", ")
            );
            return Err(Fault::refused(sentence).into());
        }
        Ok(unknowns)
    }
}

/// The names and dotted keys in a table.
fn parts(raw: &RawParams, table: &str) -> Vec<(String, String)> {
    let parts = raw.typed().parts_of(table).into_iter();
    parts
        .map(|part| (part.clone(), format!("{table}.{part}")))
        .collect()
}

/// The names and dotted keys of the numbers that a name stands for: those of a wall, a constant, or a key.
fn keys_of(raw: &RawParams, name: &str) -> Vec<(String, String)> {
    let typed = raw.typed();
    let constant = format!("constants.{name}");
    if typed.get(&constant).is_some() {
        return vec![(name.to_owned(), constant)];
    }
    let side = name
        .strip_prefix("boundary.")
        .filter(|side| SIDES.iter().any(|known| known.ends_with(side)));
    let Some(_) = side else {
        return vec![(name.to_owned(), name.to_owned())];
    };
    let flux = format!("{name}.flux");
    let robin = format!("{name}.robin");
    if typed.value_at(&flux).is_some() {
        return vec![(name.to_owned(), flux)];
    }
    if typed.value_at(&format!("{robin}.2")).is_some() {
        let coefficients = [("", 2), (".a", 0), (".b", 1)];
        let keys =
            coefficients.map(|(of, place)| (format!("{name}{of}"), format!("{robin}.{place}")));
        return keys.into();
    }
    vec![(name.to_owned(), name.to_owned())]
}
