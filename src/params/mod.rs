//! Parameters: [`RawParams`] is what was typed, [`Params`] what it means once it is known to be valid.
//!
//! Two dialects are read, TOML ([`mod@self::toml`]) and the course's `diff2dparams.py`
//! ([`course`]); both yield the same entries, so nothing behind this module knows which it was.

mod canonical;
pub mod course;
pub mod error;
pub mod keys;
pub mod raw;
pub mod sweep;
pub mod toml;
pub mod value;

pub use canonical::Canonical;
pub use error::ParamsError;
pub use raw::RawParams;
pub use sweep::SweepParams;

use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Where the nodes of the grid lie: the family has never agreed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// NumPy's `linspace(x1-dx, x2+dx, npnts)`: the program printed in the course's slides.
    Slides,
    /// `x1 + (i-1)*(x2-x1)/nrows`: the course's C++ and Fortran files.
    Files,
    /// `x1 + i*dx`, the boundary nodes on the ends of the domain: the equation as stated.
    Walls,
}

/// The floating-point type of the steps and of the cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 double precision.
    F64,
    /// IEEE 754 single precision; coordinates, dt, r and sums stay double.
    F32,
}

impl Precision {
    /// Bytes of one value.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
        }
    }

    /// Its name in parameter files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }
}

/// `with_precision!(precision, T => expression)`: the expression with `T` as the element type of a
/// [`Precision`]. Generic code is entered here and nowhere else.
macro_rules! with_precision {
    ($precision:expr, $T:ident => $body:expr) => {
        match $precision {
            $crate::params::Precision::F64 => {
                type $T = f64;
                $body
            }
            $crate::params::Precision::F32 => {
                type $T = f32;
                $body
            }
        }
    };
}
pub(crate) use with_precision;

/// Valid parameters of one run, as they were asked for; what follows from them is
/// [`Grid`](crate::grid::Grid) and [`Schedule`](crate::schedule::Schedule).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Params {
    /// Diffusion coefficient \[length²/time\].
    #[serde(rename = "D")]
    pub d: f64,
    /// Left end of the domain \[length\].
    pub x1: f64,
    /// Right end of the domain \[length\].
    pub x2: f64,
    /// Simulated time to reach \[time\].
    pub runtime: f64,
    /// Wanted spacing \[length\]; the grid's own divides the domain evenly.
    pub dx: f64,
    /// Simulated time per snapshot \[time\]; the schedule's own is a whole number of steps.
    pub outtime: f64,
    /// Whether the run draws its snapshots.
    pub graphics: bool,
    /// Where the nodes lie.
    pub grid: Layout,
    /// Type of the steps and the cube.
    pub precision: Precision,
}

impl Params {
    /// Every parameter, as the journal holds them.
    #[must_use]
    pub fn canonical(&self) -> Canonical {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map.into(),
            _ => unreachable!("a struct of plain values is an object"),
        }
    }

    /// Reads a file and the `--set` options that override it.
    ///
    /// # Errors
    /// [`ParamsError`], for anything that is not a valid set of parameters.
    pub fn load(path: &Path, overrides: &[String]) -> Result<(Self, RawParams), ParamsError> {
        let mut raw = RawParams::read(path)?;
        for text in overrides {
            raw.set(text)?;
        }
        Ok((Self::from_raw(&raw)?, raw))
    }

    /// Judges what was typed, each key for itself and the ends of the domain together.
    ///
    /// # Errors
    /// [`ParamsError`] of the first key that cannot be used.
    pub fn from_raw(raw: &RawParams) -> Result<Self, ParamsError> {
        raw.known_only()?;
        let params = Self {
            d: raw.number("D")?,
            x1: raw.number("x1")?,
            x2: raw.number("x2")?,
            runtime: raw.number("runtime")?,
            dx: raw.number("dx")?,
            outtime: raw.number("outtime")?,
            graphics: raw.boolean("graphics", false)?,
            grid: raw.choice(
                "grid",
                &[
                    ("slides", Layout::Slides),
                    ("files", Layout::Files),
                    ("walls", Layout::Walls),
                ],
            )?,
            precision: raw.choice(
                "precision",
                &[("f64", Precision::F64), ("f32", Precision::F32)],
            )?,
        };
        let Self {
            d,
            x1,
            x2,
            runtime,
            dx,
            outtime,
            ..
        } = params;
        let must = |holds: bool, key: &'static str, reason: String| {
            if holds {
                Ok(())
            } else {
                Err(raw.refuse(key, reason))
            }
        };
        must(d > 0.0, "D", "D must be greater than 0".to_owned())?;
        must(
            x2 > x1,
            "x2",
            format!("x2 must be greater than x1 = {x1:?}"),
        )?;
        must(
            (x2 - x1).is_finite(),
            "x2",
            format!("x2 - x1 (x1 = {x1:?}) is beyond the largest number"),
        )?;
        must(dx > 0.0, "dx", "dx must be greater than 0".to_owned())?;
        must(
            runtime >= 0.0,
            "runtime",
            "runtime must be 0 or greater".to_owned(),
        )?;
        must(
            outtime >= 0.0,
            "outtime",
            "outtime must be 0 (a snapshot every step) or greater".to_owned(),
        )?;
        must(
            outtime <= runtime,
            "outtime",
            format!("outtime must not be larger than runtime = {runtime:?}"),
        )?;
        Ok(params)
    }
}
