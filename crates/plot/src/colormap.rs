//! Colour maps by name.

use super::error::Error;
use colorous::Gradient;
use diff2d_sys::Fault;
use std::fmt;
use std::str::FromStr;

/// The number of colours of a map in a picture.
pub(super) const LEVELS: usize = 256;

/// The name of a map, its colours, and whether they are reversed. The first map is the default.
const MAPS: [(&str, Gradient, bool); 14] = [
    ("viridis", colorous::VIRIDIS, false),
    ("inferno", colorous::INFERNO, false),
    ("magma", colorous::MAGMA, false),
    ("plasma", colorous::PLASMA, false),
    ("cividis", colorous::CIVIDIS, false),
    ("turbo", colorous::TURBO, false),
    ("cubehelix", colorous::CUBEHELIX, false),
    ("gray", colorous::GREYS, true),
    ("grays", colorous::GREYS, false),
    ("blues", colorous::BLUES, false),
    ("coolwarm", colorous::RED_BLUE, true),
    ("rdbu", colorous::RED_BLUE, false),
    ("puor", colorous::PURPLE_ORANGE, true),
    ("brbg", colorous::BROWN_GREEN, false),
];

/// A colour map: a colour for every number from 0 to 1.
///
/// `viridis` (the default), `inferno`, `magma`, `plasma` and `cividis` are perceptually uniform;
/// `coolwarm` (blue, white, red), `rdbu`, `puor` and `brbg` diverge from a light middle; `gray`
/// runs from black to white, `grays` from white to black. Names are those of matplotlib in any
/// case, and `_r` at the end reverses a map, as there.
///
/// ```
/// use diff2d_plot::Colormap;
///
/// let map: Colormap = "magma_r".parse()?;
/// assert_eq!(map.to_string(), "magma_r");
/// let error = "virdis".parse::<Colormap>().unwrap_err().to_string();
/// assert!(error.contains("did you mean 'viridis'?"));
/// # Ok::<(), diff2d_plot::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Colormap {
    map: usize,
    reversed: bool,
}

impl Colormap {
    /// Every name, without the reversed ones.
    pub const NAMES: [&str; MAPS.len()] = {
        let mut names = [""; MAPS.len()];
        let mut i = 0;
        while i < MAPS.len() {
            names[i] = MAPS[i].0;
            i += 1;
        }
        names
    };

    /// Red, green and blue at `fraction` of the way from the low end to the high end.
    pub fn colour(&self, fraction: f64) -> [u8; 3] {
        let (_, gradient, from_end) = MAPS[self.map];
        let fraction = fraction.clamp(0.0, 1.0);
        let flip = from_end != self.reversed;
        let colour = gradient.eval_continuous(if flip { 1.0 - fraction } else { fraction });
        [colour.r, colour.g, colour.b]
    }

    /// The map in `levels` colours, including both ends.
    pub(super) fn table(&self, levels: usize) -> Vec<[u8; 3]> {
        let last_level = levels.saturating_sub(1).max(1) as f64;
        (0..levels)
            .map(|level| self.colour(level as f64 / last_level))
            .collect()
    }
}

impl fmt::Display for Colormap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MAPS[self.map].0)?;
        f.write_str(if self.reversed { "_r" } else { "" })
    }
}

impl fmt::Debug for Colormap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Colormap({self})")
    }
}

impl FromStr for Colormap {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let lowercase = name.trim().to_lowercase();
        let (stem, reversed) = match lowercase.strip_suffix("_r") {
            Some(stem) => (stem, true),
            None => (lowercase.as_str(), false),
        };
        let stem = match stem {
            "grey" => "gray",
            "greys" => "grays",
            "bwr" | "seismic" => "coolwarm",
            other => other,
        };
        match Self::NAMES.iter().position(|known| *known == stem) {
            Some(map) => Ok(Self { map, reversed }),
            None => {
                let hint = near(stem).map(|name| format!(" (did you mean '{name}'?)"));
                Err(Fault::refused(format!(
                    "no colour map is called '{name}'{}; there are {}",
                    hint.unwrap_or_default(),
                    Self::NAMES.join(", ")
                ))
                .into())
            }
        }
    }
}

/// The name that is most similar to `name`, if one is similar.
fn near(name: &str) -> Option<&'static str> {
    Colormap::NAMES
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .map(|(_, known)| known)
}
