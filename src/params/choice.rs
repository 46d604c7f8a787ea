//! Parameters whose value is one of a few words.

use serde::Serialize;

/// One of a few words.
pub trait Choice: Copy + 'static {
    /// All that there are.
    const ALL: &'static [Self];

    /// Its word in parameter files and journals.
    fn name(self) -> &'static str;
}

/// Where the nodes of the grid lie. The slides of the course "High Performance Scientific Computing
/// with Python" (SciNet), its program files and the equation disagree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Layout {
    /// NumPy's `linspace(x1-dx, x2+dx, npnts)`: the program printed in the course's slides.
    Slides,
    /// `x1 + (i-1)*(x2-x1)/nrows`: the course's C++ and Fortran files.
    Files,
    /// `x1 + i*dx`, the boundary nodes on the ends of the domain: the equation as stated.
    Walls,
}

impl Choice for Layout {
    const ALL: &'static [Self] = &[Self::Slides, Self::Files, Self::Walls];

    fn name(self) -> &'static str {
        match self {
            Self::Slides => "slides",
            Self::Files => "files",
            Self::Walls => "walls",
        }
    }
}

/// How a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StepMethod {
    /// Explicit Euler.
    Euler,
    /// Runge-Kutta-Legendre super-time-stepping of second order.
    Rkl2,
    /// The five-point system solved exactly in time, by transforms.
    Exact,
}

impl Choice for StepMethod {
    const ALL: &'static [Self] = &[Self::Euler, Self::Rkl2, Self::Exact];

    fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Rkl2 => "rkl2",
            Self::Exact => "exact",
        }
    }
}

/// The mean of the diffusion coefficients of two nodes that holds between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Face {
    /// `2 a b/(a + b)`: exact for layers; 0 if one of them is 0.
    Harmonic,
    /// `(a + b)/2`
    Arithmetic,
}

impl Choice for Face {
    const ALL: &'static [Self] = &[Self::Harmonic, Self::Arithmetic];

    fn name(self) -> &'static str {
        match self {
            Self::Harmonic => "harmonic",
            Self::Arithmetic => "arithmetic",
        }
    }
}

/// The floating-point type of the steps and of the cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Precision {
    /// IEEE 754 double precision.
    F64,
    /// IEEE 754 single precision; coordinates, dt, r and sums stay double.
    F32,
}

impl Choice for Precision {
    const ALL: &'static [Self] = &[Self::F64, Self::F32];

    fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }
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
