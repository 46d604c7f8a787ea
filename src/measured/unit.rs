//! Units: their conversion, and [`TimeUnit`].

/// Units of time whose lengths are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds
    S,
    /// Minutes
    Min,
    /// Hours
    H,
    /// Days
    D,
}

impl TimeUnit {
    /// All units, the shortest first.
    pub const ALL: [Self; 4] = [Self::S, Self::Min, Self::H, Self::D];

    /// The unit of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The name of the unit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::Min => "min",
            Self::H => "h",
            Self::D => "d",
        }
    }

    /// The length of the unit in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Self::S => 1.0,
            Self::Min => 60.0,
            Self::H => 3600.0,
            Self::D => 86_400.0,
        }
    }
}

/// Exponents of metre, second, kilogram, kelvin, mole and ampere.
type Powers = [i32; 6];

const NONE: Powers = [0; 6];
const LENGTH: Powers = [1, 0, 0, 0, 0, 0];
const VOLUME: Powers = [3, 0, 0, 0, 0, 0];
const TIME: Powers = [0, 1, 0, 0, 0, 0];
const MASS: Powers = [0, 0, 1, 0, 0, 0];
const TEMPERATURE: Powers = [0, 0, 0, 1, 0, 0];
const AMOUNT: Powers = [0, 0, 0, 0, 1, 0];
const CURRENT: Powers = [0, 0, 0, 0, 0, 1];
const FORCE: Powers = [1, -2, 1, 0, 0, 0];
const PRESSURE: Powers = [-1, -2, 1, 0, 0, 0];
const ENERGY: Powers = [2, -2, 1, 0, 0, 0];
const POWER: Powers = [2, -3, 1, 0, 0, 0];
const VOLTAGE: Powers = [2, -3, 1, 0, 0, -1];

/// Units without prefixes: their names separated by commas, the usual one first, their size in units of the powers, and the
/// powers. Names of more than two letters may have any case.
const PLAIN: [(&str, f64, Powers); 14] = [
    ("s,sec,secs,second,seconds", 1.0, TIME),
    ("min,mins,minute,minutes", 60.0, TIME),
    ("h,hr,Hr,hrs,hour,hours", 3600.0, TIME),
    ("d,day,days", 86_400.0, TIME),
    ("K,kelvin", 1.0, TEMPERATURE),
    (
        "°C,℃,ºC,° C,C,oC,*C,degC,deg C,deg. C,deg_C,celsius,celcius",
        1.0,
        TEMPERATURE,
    ),
    (
        "°F,℉,ºF,° F,F,oF,*F,degF,deg F,deg. F,deg_F,fahrenheit",
        5.0 / 9.0,
        TEMPERATURE,
    ),
    ("kg", 1.0, MASS),
    ("t", 1e3, MASS),
    ("%", 0.01, NONE),
    ("ppm", 1e-6, NONE),
    ("1,-", 1.0, NONE),
    ("bar", 1e5, PRESSURE),
    ("mbar", 1e2, PRESSURE),
];

/// Units that take the prefixes of the SI.
const WITH_PREFIX: [(&str, f64, Powers); 13] = [
    ("m", 1.0, LENGTH),
    ("s", 1.0, TIME),
    ("g", 1e-3, MASS),
    ("K", 1.0, TEMPERATURE),
    ("mol", 1.0, AMOUNT),
    ("A", 1.0, CURRENT),
    ("N", 1.0, FORCE),
    ("Pa", 1.0, PRESSURE),
    ("J", 1.0, ENERGY),
    ("Wh", 3600.0, ENERGY),
    ("W", 1.0, POWER),
    ("V", 1.0, VOLTAGE),
    ("L,l", 1e-3, VOLUME),
];

const PREFIXES: [(&str, f64); 11] = [
    ("", 1.0),
    ("n", 1e-9),
    ("µ", 1e-6),
    ("μ", 1e-6),
    ("u", 1e-6),
    ("m", 1e-3),
    ("c", 1e-2),
    ("h", 1e2),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

/// A product of powers of units.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unit {
    size: f64,
    powers: Powers,
}

impl Unit {
    /// Parses a unit: `W/m²`, `kg/(m^2 s)`, `mol m-3`. `None` if a part of it is not known.
    fn parse(text: &str) -> Option<Self> {
        let mut unit = Self {
            size: 1.0,
            powers: NONE,
        };
        if let Some(atom) = atom(text.trim()) {
            return Some(atom);
        }
        for (number, quotient_part) in quotient(text).into_iter().enumerate() {
            let bare_part = quotient_part.trim();
            let bare_part = bare_part
                .strip_prefix('(')
                .and_then(|part| part.strip_suffix(')'))
                .unwrap_or(bare_part);
            // Of a/b·c, b alone divides.
            for (place, factor) in bare_part
                .split(['·', '⋅', '*', ' '])
                .filter(|factor| !factor.is_empty())
                .enumerate()
            {
                let divides =
                    number > 0 && (place == 0 || bare_part.len() < quotient_part.trim().len());
                unit.multiply(factor, if divides { -1 } else { 1 })?;
            }
        }
        Some(unit)
    }

    /// Multiplies by a power of a unit, such as `m²` or `s^-1`.
    fn multiply(&mut self, factor: &str, sign: i32) -> Option<()> {
        let (name, exponent) = match atom(factor) {
            Some(_) => (factor, 1),
            None => power(factor)?,
        };
        let (atom, exponent) = (atom(name)?, exponent * sign);
        self.size *= atom.size.powi(exponent);
        for (sum, power) in self.powers.iter_mut().zip(atom.powers) {
            *sum += power * exponent;
        }
        Some(())
    }
}

/// The parts of a unit between slashes outside of brackets.
fn quotient(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (place, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '/' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The unit without a prefix that has a name, which may be written with a full stop: `Min.`.
fn plain(name: &str) -> Option<(&'static str, f64, Powers)> {
    const LONG: usize = 3;
    let is_name = |known: &str, name: &str| {
        known == name || known.len() >= LONG && known.eq_ignore_ascii_case(name)
    };
    let bare_name = name.strip_suffix('.').unwrap_or(name);
    let mut units = PLAIN.into_iter();
    units.find(|(names, ..)| names.split(',').any(|known| is_name(known, bare_name)))
}

/// A single unit, with or without a prefix.
fn atom(name: &str) -> Option<Unit> {
    if let Some((_, size, powers)) = plain(name) {
        return Some(Unit { size, powers });
    }
    PREFIXES.into_iter().find_map(|(prefix, scale)| {
        let bare_name = name.strip_prefix(prefix)?;
        let mut units = WITH_PREFIX.into_iter();
        let (_, size, powers) =
            units.find(|(names, ..)| names.split(',').any(|known| known == bare_name))?;
        Some(Unit {
            size: scale * size,
            powers,
        })
    })
}

/// The unit and the exponent of a power: `m²`, `m2`, `m^2`, `s-1`, `s⁻¹`.
fn power(factor: &str) -> Option<(&str, i32)> {
    const RAISED: &str = "⁻¹²³⁴-^1234";
    let name_length = factor
        .trim_end_matches(|letter| RAISED.contains(letter))
        .len();
    let (name, raised) = factor.split_at(name_length);
    let raised: String = raised
        .trim_start_matches('^')
        .chars()
        .map(|letter| match letter {
            '⁻' => '-',
            '¹' => '1',
            '²' => '2',
            '³' => '3',
            '⁴' => '4',
            letter => letter,
        })
        .collect();
    Some((name, raised.parse().ok()?))
}

/// The scales of temperature, which begin at different points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Kelvin,
    Celsius,
    Fahrenheit,
}

const ICE_POINT: f64 = 273.15;

impl Scale {
    fn of(name: &str) -> Option<Self> {
        match usual_name(name) {
            "°C" => Some(Self::Celsius),
            "°F" => Some(Self::Fahrenheit),
            "K" => Some(Self::Kelvin),
            _ => None,
        }
    }

    /// A degree of the scale in K.
    fn degree(self) -> f64 {
        match self {
            Self::Kelvin | Self::Celsius => 1.0,
            Self::Fahrenheit => 5.0 / 9.0,
        }
    }

    fn to_celsius(self, number: f64) -> f64 {
        match self {
            Self::Kelvin => number - ICE_POINT,
            Self::Celsius => number,
            Self::Fahrenheit => (number - 32.0) * 5.0 / 9.0,
        }
    }

    fn of_celsius(self, number: f64) -> f64 {
        match self {
            Self::Kelvin => number + ICE_POINT,
            Self::Celsius => number,
            Self::Fahrenheit => number * 9.0 / 5.0 + 32.0,
        }
    }
}

/// Whether a text is a unit whose size is known.
pub(super) fn is_known(text: &str) -> bool {
    Unit::parse(text).is_some()
}

/// The usual name of a unit: `h` of `hours`, `°C` of `degC`; others stay as they are.
pub(super) fn usual_name(text: &str) -> &str {
    let names = plain(text.trim()).map(|(names, ..)| names);
    let usual = names.and_then(|names| names.split(',').next());
    usual.unwrap_or(text)
}

/// The unit of temperature or of time with which the name of a column ends, `T_K`, `time_h`, `temp_c`. Of a whole name the
/// scales of temperature have their capital letters.
pub(super) fn of_name(suffix: &str, is_whole: bool) -> Option<&str> {
    match suffix {
        "c" if !is_whole => Some("°C"),
        "f" if !is_whole => Some("°F"),
        "k" if !is_whole => Some("K"),
        _ => atom(suffix)
            .filter(|unit| [TEMPERATURE, TIME].contains(&unit.powers))
            .map(|_| usual_name(suffix)),
    }
}

/// Whether a text can be nothing but a unit: a word or a sign for one, or a quotient such as `W/m2`. One letter, `min` or a
/// quotient of single letters such as `t/h` may be a name.
pub(super) fn is_unmistakable(text: &str) -> bool {
    const SIGNS: [char; 8] = ['°', 'º', '℃', '℉', '²', '³', '^', '%'];
    let is_word = plain(text).is_some() && text.len() > 2 && !text.eq_ignore_ascii_case("min");
    let is_quotient = text
        .split_once('/')
        .is_some_and(|(numerator, denominator)| {
            numerator.trim().len() > 1
                || denominator.ends_with(|digit: char| digit.is_ascii_digit())
        });
    is_known(text) && (is_word || is_quotient || text.contains(SIGNS))
}

/// Whether a text is a unit of time.
pub(super) fn is_of_time(text: &str) -> bool {
    Unit::parse(text).is_some_and(|unit| unit.powers == TIME)
}

/// Whether two units are of one kind.
pub(super) fn are_of_one_kind(one: &str, other: &str) -> bool {
    match (Unit::parse(one), Unit::parse(other)) {
        (Some(unit), Some(other_unit)) => unit.powers == other_unit.powers,
        _ => false,
    }
}

/// A conversion of numbers from one unit to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Conversion {
    /// Numbers stay as they are.
    Same,
    /// The units are scales of temperature.
    Scales(Scale, Scale),
    /// The units have these sizes.
    Sizes(f64, f64),
}

impl Conversion {
    /// The conversion between two units; `None` if their relation is not known.
    pub(super) fn between(from: &str, to: &str) -> Option<Self> {
        if from == to {
            return Some(Self::Same);
        }
        let [unit, wanted_unit] = [Unit::parse(from)?, Unit::parse(to)?];
        if unit.powers != wanted_unit.powers {
            return None;
        }
        let conversion = match unit.powers {
            TEMPERATURE => Self::Scales(Scale::of(from.trim())?, Scale::of(to.trim())?),
            _ => Self::Sizes(unit.size, wanted_unit.size),
        };
        let is_same = match conversion {
            Self::Same => true,
            Self::Scales(scale, wanted_scale) => scale == wanted_scale,
            Self::Sizes(size, wanted_size) => size == wanted_size,
        };
        Some(if is_same { Self::Same } else { conversion })
    }

    /// The conversion of differences of such numbers, for which it does not matter where a scale begins.
    pub(super) fn of_differences(self) -> Self {
        match self {
            Self::Scales(scale, wanted_scale) => Self::Sizes(scale.degree(), wanted_scale.degree()),
            other => other,
        }
    }

    /// Converts a number.
    pub(super) fn apply(self, number: f64) -> f64 {
        match self {
            Self::Same => number,
            Self::Scales(scale, wanted_scale) => wanted_scale.of_celsius(scale.to_celsius(number)),
            Self::Sizes(size, wanted_size) => number * size / wanted_size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(number: f64, from: &str, to: &str) -> Option<f64> {
        Conversion::between(from, to).map(|conversion| conversion.apply(number))
    }

    #[test]
    fn units_are_converted_where_their_relation_is_known() {
        for (number, from, to, expected) in [
            (1.5, "h", "s", 5400.0),
            (5400.0, "s", "h", 1.5),
            (90.0, "minutes", "h", 1.5),
            (250.0, "ms", "s", 0.25),
            (20.0, "°C", "K", 293.15),
            (293.15, "K", "degC", 20.0),
            (50.0, "°F", "°C", 10.0),
            (10.0, "Deg C", "F", 50.0),
            (7.0, "W/m²", "W/m²", 7.0),
            (7.0, "widgets", "widgets", 7.0),
            (2.5, "kW/m^2", "W m⁻²", 2500.0),
            (3.0, "W/(m K)", "W/m/°C", 3.0),
            (2.0, "g/L", "kg/m³", 2.0),
            (3.0, "mm2/s", "m²/s", 3e-6),
            (30.0, "%", "1", 0.3),
            (5.0, "mmol m-3", "mol/m³", 0.005),
            (1.0, "kg/m³·m²", "g/m", 1000.0),
        ] {
            let converted = convert(number, from, to).unwrap();
            let error = (converted - expected).abs();
            assert!(error <= 1e-15 * expected, "{from} {to}: {converted}");
        }
        let degrees = Conversion::between("°F", "K").unwrap().of_differences();
        assert!((degrees.apply(9.0) - 5.0).abs() < 1e-15);
        for (from, to) in [
            ("h", "K"),
            ("K", "h"),
            ("%", "K"),
            ("mV", "K"),
            ("mK", "°C"),
            ("W", "W/m²"),
            ("g", "K·m²"),
            ("W/m²", "K·capacity·m²/s"),
            ("widgets", "gadgets"),
            ("weeks", "s"),
        ] {
            assert_eq!(convert(1.0, from, to), None, "{from} {to}");
        }
    }
}
