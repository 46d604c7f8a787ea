//! The steady solution of a problem: what has one, the memory and time that it takes, and the solution itself.

use super::{Problem, network::Equilibrium};
use crate::{
    dynamics::{Halt, Steadiness},
    field::Field,
    params::{self, Choice, ParamsError, RawParams, SIDES, StepMethod},
    physics::{Unready, slots::Place, wall::Side},
};
use diff2d_multigrid::{Limits, Network, Unsolved};
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::time::Instant;

/// The most cycles of multigrid.
const MOST_CYCLES: usize = 200;
/// Fields in double precision that the solution takes beside the state: three of conductances, what flows in, four vectors, the
/// damping, and closed pieces with their capacities.
const FIELDS: u64 = 11;
/// Those that aggregates and coarser levels take at most: where conductances have no order at all. Others take half of it.
const LEVELS: u64 = 13;

impl Problem {
    /// Refuses what has no steady solution.
    pub(super) fn check_steady(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Steady {
            return Ok(());
        }
        let refuse = |key: &'static str| {
            let reason = "it depends on t, and method = \"steady\" has no time".to_owned();
            Err(raw.refuse(key, reason))
        };
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            if self.params.boundary.wall(side).depends_on_time() {
                return refuse(key);
            }
        }
        if self.slots.slot(Place::Source).depends_on_time() {
            return refuse("source");
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

    /// Those that it may not need.
    pub(crate) fn spare_bytes(&self) -> u64 {
        match self.params.method {
            StepMethod::Steady => self.grid.len().saturating_mul(8 * LEVELS),
            _ => 0,
        }
    }

    /// The cycles of multigrid that problems like this one take, if any.
    pub(crate) fn usual_cycles(&self) -> Option<u64> {
        (self.params.method == StepMethod::Steady).then_some(20)
    }

    /// Wall time of so many cycles here, which follows from a small plate.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
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
        let (start, mut taken) = (Instant::now(), 1);
        let _ = diff2d_multigrid::solve(plate, flow, limits, &mut |reached| {
            taken = reached.cycles;
            true
        });
        let per_node = start.elapsed().as_secs_f64() / (taken * ny * nx) as f64;
        per_node * cycles as f64 * self.grid.len() as f64
    }

    /// Writes the steady solution over the initial state; nothing if `go_on` gives it up.
    ///
    /// # Errors
    /// [`Unready`] where there is none, or too little memory.
    pub(super) fn settle<T: Real>(
        &self,
        field: &mut Field<T>,
        limit: Option<[u64; 2]>,
        go_on: &mut dyn FnMut(Steadiness) -> bool,
    ) -> Result<Option<Steadiness>, Unready> {
        let (equilibrium, closed) = self.balanced()?;
        let Equilibrium {
            network,
            flow,
            is_free,
        } = equilibrium;
        if !flow.par_iter().all(|flow| flow.is_finite()) {
            let reason = "what walls and sources bring in is too large for a floating-point number at some nodes: other units make it smaller";
            return Err(self.refuse(reason).into());
        }
        let limits = Limits {
            tolerance: self.params.tolerance,
            cycles: MOST_CYCLES,
            bytes: limit.map_or(u64::MAX, |[_, left]| left),
        };
        let steadiness = |reached: diff2d_multigrid::Convergence| Steadiness {
            residual: Some(reached.residual),
            cycles: Some(reached.cycles as u64),
            ..Steadiness::default()
        };
        let solved = diff2d_multigrid::solve(network, flow, limits, &mut |reached| {
            go_on(steadiness(reached))
        });
        let (mut solution, reached) = match solved {
            Ok(solved) => solved,
            Err(Unsolved::GivenUp(_)) => return Ok(None),
            Err(Unsolved::Memory { needed, .. }) => {
                let [memory, left] = limit.unwrap_or_default();
                let needed = (memory - left).saturating_add(needed);
                return Err(Halt::Memory { needed, memory }.into());
            }
            Err(Unsolved::NotConverged(reached)) => {
                return Err(Halt::NotConverged {
                    cycles: reached.cycles,
                    residual: reached.residual,
                    tolerance: self.params.tolerance,
                }
                .into());
            }
            Err(Unsolved::Indefinite) => {
                let reason = "there is no steady state that time tends to: a Robin wall with a/b < 0 feeds more into the domain, the more there is, than leaves it otherwise";
                return Err(self.refuse(reason).into());
            }
        };
        closed.restore(&mut solution);
        self.fill_initial(field, 0)?;
        let (_, nx) = self.grid.shape();
        let columns = nx - usize::from(self.periodic()[0]);
        let rows = field.as_mut_slice().par_chunks_mut(nx);
        let rows = rows.zip(solution.par_chunks(columns));
        rows.zip(is_free.par_chunks(columns))
            .for_each(|((row, solution), is_free)| {
                for (k, to) in row.iter_mut().enumerate() {
                    // The last column is the first one where they are the same.
                    if is_free[k % columns] {
                        *to = T::from_f64(solution[k % columns]);
                    }
                }
            });
        if self.has_periodic_rows() {
            let (first, others) = field.as_mut_slice().split_at_mut(nx);
            let last = others.len() - nx;
            others[last..].copy_from_slice(first);
        }
        Ok(Some(steadiness(reached)))
    }

    /// Why this is not solved for.
    pub(super) fn refuse(&self, reason: &str) -> ParamsError {
        ParamsError::Refused {
            place: params::Place::File("the parameters".into()),
            key: "method",
            value: format!("{:?}", self.params.method.name()),
            reason: format!("cannot be used: {reason}"),
        }
    }

    /// Refuses what one process cannot solve.
    ///
    /// # Errors
    /// [`ParamsError`] of several ranks.
    pub(crate) fn check_ranks(&self, ranks: usize) -> Result<(), ParamsError> {
        match self.params.method {
            StepMethod::Steady if ranks > 1 => Err(self.refuse(&format!(
                "it is solved for by one process, and there are {ranks} ranks: run it without mpirun, where its threads share the work"
            ))),
            _ => Ok(()),
        }
    }
}
