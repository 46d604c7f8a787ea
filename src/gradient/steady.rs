//! The adjoint of a steady state: the solution of the same network, into which flows what was read.

use super::{of_unready, system::System};
use crate::{fault::Fault, field::Field, problem::Problem, run::RunError};
use diff2d_multigrid::{Limits, Unsolved};
use ndarray::Array2;

/// The adjoint state of derivatives by the values of the nodes.
///
/// # Errors
/// A refusal of states that keep what is there, of which a part is enclosed; [`RunError`] if memory is short.
pub fn adjoint(
    problem: &Problem,
    system: &System,
    state: &Field<f64>,
    by_state: &Array2<f64>,
) -> Result<Array2<f64>, RunError> {
    /// The tolerance of the residual, and the largest number of multigrid cycles.
    const TOLERANCE: f64 = 1e-14;
    const CYCLES: usize = 200;
    if problem.has_closed_pieces().map_err(of_unready)? {
        let sentence = "a part of the domain is enclosed, and its steady state keeps what it begins with: a wall that p can leave through, or decay, gives it a gradient";
        return Err(Fault::refused(sentence).into());
    }
    let mut equilibrium = problem.equilibrium(state).map_err(of_unready)?;
    let columns = equilibrium.network.nx;
    equilibrium.flow.fill(0.0);
    for (node, derivative) in by_state.indexed_iter() {
        let first @ (j, i) = system.first(node);
        if system.is_free[first] {
            equilibrium.flow[j * columns + i] += derivative;
        }
    }
    let limits = Limits {
        tolerance: TOLERANCE,
        cycles: CYCLES,
        bytes: u64::MAX,
    };
    let solved =
        diff2d_multigrid::solve(equilibrium.network, equilibrium.flow, limits, &mut |_| true);
    let solution = match solved {
        Ok((solution, _)) => solution,
        Err(Unsolved::NotConverged(reached)) => {
            let sentence = format!(
                "the adjoint of the steady state was not reached: after {} cycles of multigrid the residual is {:.1e}",
                reached.cycles, reached.residual
            );
            return Err(Fault::failed(sentence).into());
        }
        Err(_) => {
            return Err(Fault::failed("the adjoint of the steady state has no solution").into());
        }
    };
    let mut adjoint = system.zeros();
    for (node, value) in adjoint.indexed_iter_mut() {
        let (j, i) = system.first(node);
        if system.is_free[[j, i]] {
            *value = solution[j * columns + i];
        }
    }
    Ok(adjoint)
}
