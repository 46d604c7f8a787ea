//! Formulas that users write: parsed once, evaluated for [`BATCH`] values at a time.
//!
//! The language is Python's arithmetic: `+ - * / // % **` with Python's precedence (`-x**2` is `-(x**2)`), comparisons
//! that yield 1 or 0, names and functions. `//` and `%` round towards minus infinity as in Python, for floats as well.
//!
//! **Same bits on every machine.** `+ - * /`, square roots and roundings are exact by IEEE 754;
//! `sin`, `exp`, `**` and their like come from the portable `libm` crate instead of the system's
//! mathematical library; NaN has one bit pattern.
//!
//! The crate has a parser of its own because the maintained expression crates either read `-x^2`
//! as `(-x)^2` or come under a copyleft licence, and none of them computes integers exactly.
//!
//! `parser` turns a text into steps for a stack of values; `functions` is the table of operators
//! and functions, `arithmetic` what the standard library lacks for it. `rounded` changes the steps of a formula in
//! variables that are rounded, `letters` says which names there are, `parts` and `terms` take it apart, `jumps` finds where it may jump, by the `range` of its parts, and `places` at which places of
//! a line it does.

mod arithmetic;
mod formula;
mod functions;
mod interpolant;
mod jumps;
mod letters;
mod parser;
mod parts;
mod places;
mod random;
mod range;
mod rounded;
mod step;
mod terms;
mod values;

pub use formula::{Expression, ExpressionError};
pub use functions::is_word;
pub use interpolant::{Extension, Interpolant, Piecewise};
pub use jumps::{Jump, JumpingParts};
pub use letters::refuse_letters;
pub use parser::Calls;
pub use parts::Part;
pub use places::Search;
pub use random::random;
pub use step::BATCH;
pub use terms::Term;
pub use values::Values;
