//! Steady diffusion on a grid: a [`Network`] of conductances, [`solve`]d by conjugate gradients with an algebraic
//! multigrid cycle as preconditioner.
//!
//! ```
//! use diff2d_multigrid::{Limits, Network, solve};
//!
//! // Four nodes in a row; the first is held at 0 through its ground, and 1 flows in at the last.
//! let network = Network {
//!     nx: 4,
//!     east: vec![1.0, 1.0, 1.0, 0.0],
//!     north: vec![0.0; 4],
//!     ground: vec![1.0, 0.0, 0.0, 0.0],
//! };
//! let limits = Limits { tolerance: 1e-10, cycles: 200, bytes: u64::MAX };
//! let (x, _) = solve(network, vec![0.0, 0.0, 0.0, 1.0], limits, &mut |_| true)?;
//! assert!((x[3] - 4.0).abs() < 1e-9);
//! # Ok::<(), diff2d_multigrid::Unsolved>(())
//! ```

mod aggregates;
mod dense;
mod hierarchy;
mod matrix;
mod network;
mod rows;
mod solve;
#[cfg(test)]
mod tests;

pub use hierarchy::DIRECT;
pub use network::Network;
pub use solve::{Convergence, Limits, Unsolved, solve};
