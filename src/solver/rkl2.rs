//! Super-time-stepping: a step of many stages, in one pass or with one pass for each stage.

use super::{Solver, slabs::fill_halos, takes_stages_apart};
use crate::{comm::Comm, field::Field};
use diff2d_stencil::{Element, Rkl2, Rkl2Arrays, Walls};
use rayon::prelude::*;
use std::mem;

impl<T: Element> Solver<T> {
    /// Collective. Takes one step.
    pub(super) fn advance_rkl2(&mut self, method: &Rkl2<T>, comm: &impl Comm) {
        if takes_stages_apart(method, &self.forcing, &self.slab) {
            return self.advance_by_stages(method, comm, |_, _, _, _| ());
        }
        self.age();
        self.forcing.prepare_stages(method, &mut self.stencil);
        let stages = method.stages();
        fill_halos(&self.slab, self.state.as_mut_slice(), stages, None, comm);
        let (walls, rows) = (&self.forcing.walls, self.slab.own_among_held());
        let (state, target) = (self.state.view(), self.next.view_mut());
        self.stencil.rkl2_step(method, walls, state, target, rows);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), method.stages());
    }

    /// Collective. Takes one step, with one pass for each stage. `see` gets the number of each stage, the state before
    /// the step, and from the second stage on the difference between that state and the state whose increment the stage
    /// uses.
    pub(super) fn advance_by_stages(
        &mut self,
        method: &Rkl2<T>,
        comm: &impl Comm,
        mut see: impl FnMut(usize, &Field<T>, Option<&Field<T>>, &Walls<T>),
    ) {
        self.age();
        let times = self.forcing.prepare_stages(method, &mut self.stencil);
        fill_halos(&self.slab, self.state.as_mut_slice(), 1, None, comm);
        // The second stage reads zeros where later stages read older stages, and the walls that are held are zero in
        // all stages.
        self.work[0].as_mut_slice().fill(T::default());
        let walls = &self.forcing.walls;
        walls.copy_held(&self.work[0].view(), &mut self.next.view_mut());
        let rows = self.slab.own_among_held();
        for number in 1..=method.stages() {
            let [older, increment, source_at_start @ ..] = &mut self.work[..] else {
                unreachable!("two arrays were made for the stages");
            };
            let source_at = &self.forcing.source_at;
            if let (Some(source_at), Some(source)) = (source_at, self.stencil.source_mut()) {
                let halt = source_at(times[number - 1], source);
                self.forcing.note(halt);
                let source_at_start = source_at_start.iter_mut().map(Field::as_mut_slice);
                for (start_values, source) in source_at_start.zip(source.as_slice_mut()) {
                    match number {
                        1 => start_values.copy_from_slice(source),
                        _ => subtract(source, start_values),
                    }
                }
            }
            let walls = &self.forcing.walls;
            let source_change = self.stencil.source();
            let source_change =
                source_change.filter(|_| self.forcing.source_at.is_some() && number > 1);
            // Results go to `next` and `older` in turn.
            let (latest, result) = match number {
                1 => (&self.state, &mut self.next),
                _ if number % 2 == 0 => (&self.next, older),
                _ => (&*older, &mut self.next),
            };
            see(number, &self.state, (number > 1).then_some(latest), walls);
            let arrays = Rkl2Arrays {
                latest: latest.view(),
                start: self.state.view(),
                change: source_change.map(|change| change.view()),
                increment: increment.view_mut(),
                result: result.view_mut(),
            };
            self.stencil
                .rkl2_stage(method, number, walls, arrays, rows.clone());
            if number < method.stages() {
                fill_halos(&self.slab, result.as_mut_slice(), 1, None, comm);
            }
        }
        let walls = &self.forcing.walls;
        for array in [&mut self.next, &mut self.work[0]] {
            walls.copy_held(&self.state.view(), &mut array.view_mut());
        }
        match method.stages() % 2 {
            0 => mem::swap(&mut self.state, &mut self.work[0]),
            _ => mem::swap(&mut self.state, &mut self.next),
        }
        walls.write_given(&mut self.state.view_mut(), method.stages());
    }
}

/// Subtracts `others` from `values`, element by element.
fn subtract<T: Element>(values: &mut [T], others: &[T]) {
    let pairs = values.par_iter_mut().zip(others);
    pairs.for_each(|(value, other)| *value = *value - *other);
}
