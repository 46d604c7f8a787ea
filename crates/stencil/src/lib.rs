//! The step: explicit five-point diffusion, tiled in time, with the same bits on
//! every machine.
//!
//! ```text
//! lapl    = (((p[j+1,i] + p[j-1,i]) + p[j,i+1]) + p[j,i-1]) - 4 p[j,i]
//! p'[j,i] = p[j,i] + r lapl                                r = D dt / dx²
//! ```
//!
//! The files form layers; each uses layers above it only:
//!
//! | layer | files | |
//! |---|---|---|
//! | definition | [`scalar`] | the step in plain Rust, which all kernels must equal bit for bit |
//! | lane vocabulary | `lanes` | the operations on vector registers that kernels are written in |
//! | instruction sets | `lanes::x86`, `lanes::neon`, `lanes::portable` | these operations on a kind of processor |
//! | layout | `lifted` | dimension-lifted transpose: neighbours are whole registers |
//! | kernels of one level and of two | `update`, `level`, `twice`, `sweeps` | the step in every lane; a few rows, one step on or two; the sweeps over a band |
//! | kinds of equations | `kind`, `isotropic`, `smooth`, `scaled`, `general` | how levels are stored, which step is allowed |
//! | wavefront of a tile | `task`, `ring`, `prefetch`, `wavefront` | a tile, many steps on, while its rows are in the cache |
//! | tile in the order of the field | `copied`, `small_tile`, `scalar_tile` | a tile of few nodes or few columns, level by level; by the definition for the scalar kernel |
//! | tiles and threads | `kernel`, `dispatch`, `processor`, `cost`, `tile`, `scheduler`, `pipeline`, `knowledge` | which instructions, which tiles, which thread when |
//! | step | `five_point`, `plan`, `advance` | [`Stencil`]: a field, any number of steps on |
//!
//! # Why the bits are equal
//!
//! Kernels compute the six operations of the definition in their order. In the vector kernels some of them are fused
//! multiply-adds, which round once instead of twice:
//!
//! | operation | fused | exact product |
//! |---|---|---|
//! | `sum - 4 p` | `fma(-4, p, sum)` | `4 p`, unless it overflows |
//! | `sum + west`, and `sum + east` alike | `fma(sum, 1, west)` | `sum * 1` |
//!
//! Both products are exact for normal and subnormal numbers, so the omitted rounding of the product would have changed
//! nothing. Signs of zero, infinities and NaN follow the same rules with and without fusing.
//!
//! The exception is an overflow of `4 p`, for |p| ≥ 2¹⁰²² in `f64`: the definition then yields an infinity, the fused
//! form may not. A tile therefore determines the largest magnitude of the source rows as it reads them. Once it exceeds
//! a bound that excludes an overflow within the pass, the tile continues without fusing `4 p`.
//!
//! With r = 1/4 most fields take even fewer operations: five, or three if they are smooth. `smooth` has the conditions
//! and the proofs.
//!
//! Overlapped tiles compute some nodes twice, with the same bits.
//!
//! The bits of a NaN are not specified, as in Rust itself.

// Modules also explain their private files.
#![allow(rustdoc::private_intra_doc_links)]
#![allow(
    unsafe_code,
    reason = "vector instructions and fields shared by threads"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "one index counts rows or lanes of several arrays"
)]

mod advance;
mod band;
mod copied;
mod cost;
mod dispatch;
mod ends;
mod equation;
mod five_point;
mod general;
mod isotropic;
mod kernel;
mod kind;
mod knowledge;
mod lanes;
mod level;
mod lifted;
mod pipeline;
mod plan;
mod prefetch;
mod processor;
mod product_rows;
mod products;
pub mod real;
mod ring;
mod rkl2;
mod rows;
pub mod scalar;
mod scalar_tile;
mod scaled;
mod scheduler;
mod scratch;
mod small_tile;
mod smooth;
mod sweeps;
mod task;
mod tile;
mod twice;
mod update;
mod walls;
mod wavefront;

pub use cost::MAX_DEPTH;
pub use diff2d_sys::Caches;
pub use dispatch::Element;
pub use equation::{Coefficient, Equation, Operator, Term, Weight};
pub use five_point::Stencil;
pub use kernel::{Additions, Kernel, LevelsPerSweep, UnknownKernel};
pub use knowledge::{Knowledge, Smoothness};
pub use plan::Plan;
pub use products::Products;
pub use real::Real;
pub use rkl2::{Rkl2, Rkl2Arrays, rkl2_reach};
pub use tile::{InvalidTile, Tile};
pub use walls::{Ghost, Side, Table, WallTraits, Walls};
