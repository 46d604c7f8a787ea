//! A step backwards: the adjoint of explicit Euler and of RKL2, and what the step adds to the sums.

use super::{
    sums::{Pair, Sums},
    system::System,
};
use diff2d_stencil::{Knowledge, Rkl2, Stencil};
use ndarray::{Array2, Zip};

/// The adjoint of the steps of a problem.
pub struct Backwards {
    pub system: System,
    pub sums: Sums,
    stencil: Stencil<f64>,
    /// A second array for the kernel.
    spare: Array2<f64>,
    /// The adjoint states of steps that are added to the sums together.
    adjoints: Vec<Array2<f64>>,
}

/// The number of steps whose products are added together, because each addition to a sum waits for the one before.
const TOGETHER: usize = 8;

impl Backwards {
    /// The adjoint of a system; `stencil` has the kernel of its problem.
    pub fn new(system: System, stencil: Stencil<f64>) -> Self {
        Self {
            sums: Sums::new(&system),
            stencil: stencil.with_equation(system.dual_equation.clone()),
            spare: system.zeros(),
            adjoints: Vec::new(),
            system,
        }
    }

    /// Takes whole steps of explicit Euler back between these states, and adds them to the sums.
    ///
    /// `see` gets the number of each step among them, and the adjoint state behind it.
    ///
    /// # Errors
    /// What `see` returns.
    pub fn take_whole<E>(
        &mut self,
        states: &[Array2<f64>],
        adjoint: &mut Array2<f64>,
        mut see: impl FnMut(&System, usize, &Array2<f64>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut steps_left = states.len() - 1;
        while steps_left > 0 {
            let count = steps_left.min(TOGETHER);
            self.adjoints
                .resize_with(TOGETHER + 1, || self.system.zeros());
            self.adjoints[0].assign(adjoint);
            for number in 0..count {
                see(
                    &self.system,
                    steps_left - 1 - number,
                    &self.adjoints[number],
                )?;
                let (later_adjoints, adjoints) = self.adjoints.split_at_mut(number + 1);
                adjoints[0].assign(&later_adjoints[number]);
                let (walls, knowledge) = (&self.system.dual_walls, &mut Knowledge::default());
                self.stencil
                    .advance(walls, knowledge, &mut adjoints[0], &mut self.spare, 1);
            }
            let numbers = 0..count;
            let pairs = numbers.map(|number| {
                (
                    1.0,
                    &states[steps_left - 1 - number],
                    &self.adjoints[number],
                )
            });
            let pairs: Vec<Pair<'_>> = pairs.collect();
            self.sums.add_products(&pairs);
            for (number, (_, state, adjoint)) in pairs.iter().enumerate() {
                self.sums.add_source(1.0, adjoint);
                self.sums
                    .add_change(state, &states[steps_left - number], adjoint);
            }
            adjoint.assign(&self.adjoints[count]);
            steps_left -= count;
        }
        Ok(())
    }

    /// Takes a step back that is a share of a whole one, from a state to the next one, and adds it to the sums.
    pub fn take(
        &mut self,
        share: f64,
        [state, next]: [&Array2<f64>; 2],
        adjoint: &mut Array2<f64>,
    ) {
        if let Some(stages) = self.system.stages(share) {
            return self.take_stages(&stages, state, adjoint);
        }
        self.sums.add_source(share, adjoint);
        self.sums.add_products(&[(share, state, &*adjoint)]);
        self.sums.add_change(state, next, adjoint);
        let increment = self.system.increment(adjoint, false);
        adjoint.zip_mut_with(&increment, |mu, change| *mu += share * change);
    }

    /// Takes a step of RKL2 back.
    ///
    /// The differences to the state before the step follow from one another by three terms, and so do their adjoints,
    /// from the last stage to the first:
    ///
    /// ```text
    ///   d_j     = mu_j d_(j-1) + nu_j d_(j-2) + m_j A d_(j-1) + q_j L        L = A p + what walls and sources give
    ///   e_(j-1) += mu_j e_j + m_j A e_j        e_(j-2) += nu_j e_j        e_L += q_j e_j
    /// ```
    fn take_stages(&mut self, stages: &Rkl2<f64>, state: &Array2<f64>, adjoint: &mut Array2<f64>) {
        let (system, sums) = (&self.system, &mut self.sums);
        let count = stages.stages();
        let whole = system.increment(state, true);
        let mut differences = vec![system.zeros()];
        for stage in 1..count {
            let latest = &differences[stage - 1];
            let older = &differences[stage.saturating_sub(2)];
            let of_latest = system.increment(latest, false);
            let mut next = system.zeros();
            let nodes = Zip::from(&mut next)
                .and(latest)
                .and(older)
                .and(&of_latest)
                .and(&whole);
            nodes.for_each(|next, latest, older, of_latest, whole| {
                *next = stages.difference(stage, [*latest, *older], [*of_latest, *whole]);
            });
            differences.push(next);
        }
        let mut adjoints = vec![system.zeros(); count + 1];
        adjoints[count].assign(adjoint);
        let mut of_whole = system.zeros();
        for stage in (1..=count).rev() {
            let one = [[1.0, 0.0], [0.0, 1.0]];
            let [mu, nu] = one.map(|differences| stages.difference(stage, differences, [0.0; 2]));
            let [m, q] = one.map(|increments| stages.difference(stage, [0.0; 2], increments));
            let own = adjoints[stage].clone();
            of_whole.zip_mut_with(&own, |sum, own| *sum += q * own);
            if stage == 1 {
                continue;
            }
            let increment = system.increment(&own, false);
            let latest = Zip::from(&mut adjoints[stage - 1])
                .and(&own)
                .and(&increment);
            latest.for_each(|sum, own, increment| *sum += mu * own + m * increment);
            adjoints[stage - 2].zip_mut_with(&own, |sum, own| *sum += nu * own);
            sums.add_increment(system, (m, &differences[stage - 1], &own), false);
        }
        sums.add_increment(system, (1.0, state, &of_whole), true);
        *adjoint += &system.increment(&of_whole, false);
    }
}
