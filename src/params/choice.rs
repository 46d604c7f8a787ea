//! Parameters whose value is one of a few words.

/// One of a few words.
pub trait Choice: Copy + 'static {
    /// All words.
    const ALL: &'static [Self];

    /// The word in parameter files and journals.
    fn name(self) -> &'static str;
}

/// Defines an enum of words: `Harmonic = "harmonic"`.
macro_rules! choice {
    ($(#[$about:meta])* $visibility:vis enum $name:ident {
        $($(#[$of:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $crate::params::Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}
pub(crate) use choice;

choice! {
    /// The positions of the nodes of the grid. The slides of the course "High Performance Scientific Computing with
    /// Python" (SciNet), its program files and the equation differ in them.
    #[non_exhaustive]
    pub enum Layout {
        /// NumPy's `linspace(x1-dx, x2+dx, npnts)`: the program printed in the course's slides.
        Slides = "slides",
        /// `x1 + (i-1)*(x2-x1)/nrows`: the course's C++ and Fortran files.
        Files = "files",
        /// `x1 + i*dx`, with the boundary nodes on the ends of the domain: the equation as stated.
        Walls = "walls",
    }
}

choice! {
    /// The times of snapshots, and where steps end.
    #[non_exhaustive]
    pub enum Times {
        /// Snapshots are taken after whole steps, to which times are truncated, as in the programs of the course.
        Course = "course",
        /// At the multiples of `outtime`; one step before a snapshot may be shorter.
        Exact = "exact",
    }
}

choice! {
    /// The time-stepping method.
    #[non_exhaustive]
    pub enum StepMethod {
        /// Explicit Euler.
        Euler = "euler",
        /// Runge-Kutta-Legendre super-time-stepping of second order.
        Rkl2 = "rkl2",
        /// The five-point system solved exactly in time, by transforms.
        Exact = "exact",
        /// No steps: the steady state, solved by multigrid.
        Steady = "steady",
    }
}

impl StepMethod {
    /// The keys without meaning for the steady state.
    pub const OF_TIME: [&'static str; 10] = [
        "runtime",
        "outtime",
        "outtimes",
        "times",
        "dt",
        "safety",
        "stages",
        "until",
        "record.every",
        "record.at",
    ];

    /// Whether the length of steps causes no error.
    pub fn is_exact_in_time(self) -> bool {
        matches!(self, Self::Exact | Self::Steady)
    }

    /// A description in words.
    pub fn described(self) -> &'static str {
        match self {
            Self::Euler => "explicit Euler steps, five-point Laplacian",
            Self::Rkl2 => "super-time-stepping of second order (RKL2), five-point Laplacian",
            Self::Exact => "five-point Laplacian, exact in time by transforms",
            Self::Steady => "the steady state of the five-point Laplacian, by multigrid",
        }
    }
}

choice! {
    /// The mean of two nodes' diffusion coefficients for the face between them.
    #[non_exhaustive]
    pub enum Face {
        /// `2 a b/(a + b)`: exact for layers; 0 if one of the coefficients is 0.
        Harmonic = "harmonic",
        /// `(a + b)/2`.
        Arithmetic = "arithmetic",
    }
}

choice! {
    /// The value of a node that lies between the pixels of a picture.
    #[non_exhaustive]
    pub enum Interpolation {
        /// The bilinear mean of the four pixels around it.
        Linear = "linear",
        /// The value of the nearest pixel; half way between two pixels, the one to the right or below.
        Nearest = "nearest",
    }
}

choice! {
    /// The values that nodes get from an array of another grid.
    #[non_exhaustive]
    pub enum Regrid {
        /// Those of the bilinear function between the nodes of the array.
        Linear = "linear",
        /// The means of that function over the cells of the nodes, which keep the mass.
        Mean = "mean",
    }
}

choice! {
    /// The meaning of the opacity of a picture's pixels.
    #[non_exhaustive]
    pub enum Alpha {
        /// The picture lies on a white background.
        White = "white",
        /// The colours count, and opacity is ignored.
        Ignore = "ignore",
        /// The opacity replaces the grey value: 0 if a pixel is transparent.
        Values = "values",
    }
}

choice! {
    /// The treatment of pieces of the domain that touch no wall and no held node.
    #[non_exhaustive]
    pub enum Isolated {
        /// Isolated pieces are part of the domain.
        Keep = "keep",
        /// Isolated pieces are masked.
        Mask = "mask",
    }
}

choice! {
    /// The floating-point type of the steps and of the cube.
    #[non_exhaustive]
    pub enum Precision {
        /// IEEE 754 double precision.
        F64 = "f64",
        /// IEEE 754 single precision; coordinates, dt, r and sums stay double.
        F32 = "f32",
    }
}

impl Precision {
    /// The fault of a value that is not a finite number in this precision.
    #[must_use]
    pub fn lacks(self, value: f64) -> Option<&'static str> {
        match self {
            Self::F64 => (!value.is_finite()).then_some("finite"),
            Self::F32 => (!(value as f32).is_finite()).then_some("finite in single precision"),
        }
    }

    /// Half a unit in the last place of a value in single precision, the rounding error of a step; 0 in double
    /// precision, whose rounding is negligible.
    #[must_use]
    pub fn rounding(self, value: f64) -> f64 {
        match self {
            Self::F64 => 0.0,
            Self::F32 => {
                let value = (value as f32).abs();
                f64::from(value.next_up() - value) / 2.0
            }
        }
    }

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
