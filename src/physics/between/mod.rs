//! Formulas that jump between nodes.
//!
//! A formula is asked at nodes as long as it is smooth. An edge between two nodes on which it jumps, and a cell in which
//! it does, is divided where it jumps. Each piece is integrated by Gauss's rule of five points.
//!
//! ```text
//!   o───────D₁──────┊──D₂──o     De = h / ∫ ds/D      "harmonic"
//!   a               s      b     De = ∫ D ds / h      "arithmetic"
//!
//!   De = h/(r ∫ dr/(r D))  along a radius, with r in the middle of the edge; that integral has no end at the axis,
//!                          where the edge has the mean ∫ r dr / ∫ r dr/D: what heats a disk alike flows as r
//! ```
//!
//! Cells have the means of c, k and S over the area, or over the volume around an axis of rotation.
//!
//! Parts of a formula that depend on x alone or on y alone jump at places along an axis, which are found to rounding
//! once. Other parts are looked for in boxes, which are divided until a box is a single edge or cell: a range of values
//! proves that nothing changes in most of them. A cell that such a part cuts is cut into lines.

mod cut_cells;
mod cut_faces;
mod cut_points;
mod cut_walls;
mod hats;
mod jumping;
mod measure;
mod shares;
pub mod stretch;

pub use cut_faces::{CutFaces, is_coefficient};
pub use cut_points::CutPoints;
pub use hats::Patches;
pub use jumping::{Jumping, Wrong};
pub use measure::GAUSS;
