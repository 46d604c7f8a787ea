//! The steady solution of a problem: which problems have one, its memory and time, and the solution itself.

use super::{Problem, network::Equilibrium};
use crate::{
    dynamics::{Halt, Steadiness},
    field::Field,
    params::{self, Choice, ParamsError, Quantity, RawParams, SIDES, StepMethod},
    physics::{Unready, wall::Side},
};
use diff2d_multigrid::{Limits, Network, Unsolved};
use diff2d_stencil::real::Real;
use diff2d_sys::Instant;
use rayon::prelude::*;

/// The largest number of multigrid cycles.
const MOST_CYCLES: usize = 200;
/// The number of fields in double precision that the solution takes beside the state: three of conductances, the
/// inflow, four vectors, the damping, and closed pieces with their capacities.
const FIELDS: u64 = 11;
/// The largest number of fields of aggregates and coarser levels, needed if conductances have no order at all. Other
/// problems take half of them.
const LEVELS: u64 = 13;

impl Problem {
    /// Refuses problems without a steady solution.
    pub(super) fn check_steady(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Steady {
            return Ok(());
        }
        let mut sides = Side::ALL.into_iter().zip(SIDES);
        let wall = sides.find(|(side, _)| self.params.boundary.wall(*side).depends_on_time());
        let quantity = self.slots.in_time().next().map(Quantity::key);
        if let Some(key) = wall.map(|(_, key)| key).or(quantity) {
            let reason = "it depends on t, and method = \"steady\" has no time".to_owned();
            return Err(raw.refuse(key, reason));
        }
        if self.grid.len() >= u64::from(u32::MAX) {
            let reason = "method = \"steady\" solves for fewer than 2^32 nodes".to_owned();
            return Err(raw.refuse("dx", reason));
        }
        Ok(())
    }

    /// Bytes of memory for the steady solution beside the state.
    pub(super) fn steady_bytes(&self) -> u64 {
        let direct = self.grid.len().min(diff2d_multigrid::DIRECT as u64);
        let fields = self.grid.len().saturating_mul(8 * (FIELDS + LEVELS));
        fields.saturating_add(8 * direct * direct)
    }

    /// Bytes counted for the steady solution that it may not need.
    pub(crate) fn spare_bytes(&self) -> u64 {
        match self.params.method {
            StepMethod::Steady => self.grid.len().saturating_mul(8 * LEVELS),
            _ => 0,
        }
    }

    /// The number of multigrid cycles that problems like this one take, if they need any.
    #[doc(hidden)]
    pub fn usual_cycles(&self) -> Option<u64> {
        (self.params.method == StepMethod::Steady).then_some(20)
    }

    /// The estimated wall time of `cycles` cycles on this machine, measured on a small plate.
    pub(crate) fn seconds_to_settle(&self, cycles: u64) -> f64 {
        const LARGEST: usize = 256;
        let (ny, nx) = self.grid.shape();
        let (ny, nx) = (ny.min(LARGEST), nx.min(LARGEST));
        let plate = Network {
            nx,
            east: vec![1.0; ny * nx],
            north: vec![1.0; ny * nx],
            ground: vec![1.0 / (ny * nx) as f64; ny * nx],
        };
        let limits = Limits {
            tolerance: self.params.tolerance,
            cycles: MOST_CYCLES,
            bytes: u64::MAX,
        };
        let flow = (0..ny * nx).map(|k| (k % 7) as f64).collect();
        let (start, mut cycles_taken) = (Instant::now(), 1);
        let _ = diff2d_multigrid::solve(plate, flow, limits, &mut |reached| {
            cycles_taken = reached.cycles;
            true
        });
        let per_node = start.elapsed().as_secs_f64() / (cycles_taken * ny * nx) as f64;
        per_node * cycles as f64 * self.grid.len() as f64
    }

    /// Writes the steady solution over the initial state; writes nothing if `go_on` stops it.
    ///
    /// # Errors
    /// [`Unready`] if there is no solution, or too little memory.
    pub(super) fn settle<T: Real>(
        &self,
        field: &mut Field<T>,
        limit: Option<[u64; 2]>,
        go_on: &mut dyn FnMut(Steadiness) -> bool,
    ) -> Result<Option<Steadiness>, Unready> {
        let (equilibrium, closed_pieces) = self.balanced()?;
        let Equilibrium {
            network,
            flow,
            offset,
            is_free,
        } = equilibrium;
        if !flow.par_iter().all(|flow| flow.is_finite()) {
            let reason = "what walls and sources bring in is too large for a floating-point number at some nodes: other units make it smaller";
            return Err(self.refuse(reason).into());
        }
        let limits = Limits {
            tolerance: self.params.tolerance,
            cycles: MOST_CYCLES,
            bytes: limit.map_or(u64::MAX, |[_, spare]| spare),
        };
        let solved = diff2d_multigrid::solve(network, flow, limits, &mut |convergence| {
            go_on(steadiness_of(&convergence))
        });
        let (mut solution, convergence) = match solved {
            Ok(solved) => solved,
            Err(Unsolved::GivenUp(_)) => return Ok(None),
            Err(Unsolved::Memory { needed, .. }) => {
                let [memory, spare] = limit.unwrap_or_default();
                let needed_bytes = (memory - spare).saturating_add(needed);
                return Err(Halt::Memory {
                    needed: needed_bytes,
                    memory,
                }
                .into());
            }
            Err(Unsolved::NotConverged(convergence)) => {
                return Err(Halt::NotConverged {
                    cycles: convergence.cycles,
                    residual: convergence.residual,
                    tolerance: self.params.tolerance,
                }
                .into());
            }
            Err(Unsolved::Indefinite) => {
                let reason = "there is no steady state that time tends to: a Robin wall with a/b < 0 feeds the domain in proportion to what is there, and more than leaves it otherwise";
                return Err(self.refuse(reason).into());
            }
        };
        if offset != 0.0 {
            let values = solution.par_iter_mut();
            values.for_each(|value| *value += offset);
        }
        closed_pieces.restore(&mut solution);
        self.fill_initial(field, 0)?;
        let (_, nx) = self.grid.shape();
        let columns = nx - usize::from(self.periodic()[0]);
        let rows = field.as_mut_slice().par_chunks_mut(nx);
        let rows = rows.zip(solution.par_chunks(columns));
        rows.zip(is_free.par_chunks(columns))
            .for_each(|((row, solution), is_free)| {
                for (k, value) in row.iter_mut().enumerate() {
                    // The last column is the first one where they are the same.
                    if is_free[k % columns] {
                        *value = T::from_f64(solution[k % columns]);
                    }
                }
            });
        if self.has_periodic_rows() {
            let (first_row, later_rows) = field.as_mut_slice().split_at_mut(nx);
            let last_row = later_rows.len() - nx;
            later_rows[last_row..].copy_from_slice(first_row);
        }
        Ok(Some(steadiness_of(&convergence)))
    }

    /// The error that a steady state cannot be solved for.
    pub(super) fn refuse(&self, reason: &str) -> ParamsError {
        ParamsError::Refused {
            place: params::Place::File("the parameters".into()),
            key: "method".to_owned(),
            value: format!("{:?}", self.params.method.name()),
            reason: format!("cannot be used: {reason}"),
        }
    }

    /// Refuses a problem that ranks cannot solve.
    ///
    /// # Errors
    /// [`ParamsError`] for several ranks.
    pub(crate) fn check_ranks(&self, ranks: usize) -> Result<(), ParamsError> {
        match self.params.method {
            StepMethod::Steady if ranks > 1 => Err(self.refuse(&format!(
                "it is solved for by one process, and there are {ranks} ranks: run it without mpirun, where its threads share the work"
            ))),
            _ => Ok(()),
        }
    }
}

/// The convergence of a solution in the form that a run reports.
fn steadiness_of(reached: &diff2d_multigrid::Convergence) -> Steadiness {
    Steadiness {
        residual: Some(reached.residual),
        cycles: Some(reached.cycles as u64),
        ..Steadiness::default()
    }
}
