//! Super-time-stepping: a step of many stages, in one pass or a stage a pass.

use super::{Solver, slabs::fill_halos, takes_stages_apart};
use crate::{comm::Comm, field::Field};
use diff2d_stencil::{Element, Rkl2, Rkl2Arrays};
use std::mem;

impl<T: Element> Solver<T> {
    /// Collective. One step.
    pub(super) fn advance_rkl2(&mut self, method: &Rkl2<T>, comm: &impl Comm) {
        if takes_stages_apart(method, &self.forcing, &self.slab) {
            return self.advance_by_stages(method, comm, |_, _| ());
        }
        self.forcing.prepare_stages(method, &mut self.stencil);
        let stages = method.stages();
        fill_halos(&self.slab, self.state.as_mut_slice(), stages, None, comm);
        let (walls, rows) = (&self.forcing.walls, self.slab.own_among_held());
        let (state, next) = (self.state.view(), self.next.view_mut());
        self.stencil.rkl2_step(method, walls, state, next, rows);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), method.stages());
    }

    /// Collective. One step, a stage a pass; shows `see` the number of each stage and the state that it takes
    /// increments of.
    pub(super) fn advance_by_stages(
        &mut self,
        method: &Rkl2<T>,
        comm: &impl Comm,
        mut see: impl FnMut(usize, &Field<T>),
    ) {
        let times = self.forcing.prepare_stages(method, &mut self.stencil);
        fill_halos(&self.slab, self.state.as_mut_slice(), 1, None, comm);
        // The second stage finds the state before the step where the others find older stages.
        self.work[0]
            .as_mut_slice()
            .copy_from_slice(self.state.as_slice());
        let rows = self.slab.own_among_held();
        for number in 1..=method.stages() {
            let source_at = &self.forcing.source_at;
            if let (Some(source_at), Some(source)) = (source_at, self.stencil.source_mut()) {
                let wrong = source_at(times[number - 1], source);
                self.forcing.note(wrong);
            }
            let walls = &self.forcing.walls;
            let [older, increment] = &mut self.work[..] else {
                unreachable!("two arrays were made for the stages");
            };
            // Results go to `next` and `older` in turn.
            let (latest, result) = match number {
                1 => (&self.state, &mut self.next),
                _ if number % 2 == 0 => (&self.next, older),
                _ => (&*older, &mut self.next),
            };
            see(number, latest);
            let arrays = Rkl2Arrays {
                latest: latest.view(),
                start: self.state.view(),
                increment: increment.view_mut(),
                result: result.view_mut(),
            };
            self.stencil
                .rkl2_stage(method, number, walls, arrays, rows.clone());
            walls.write_given(&mut result.view_mut(), number);
            if number < method.stages() {
                fill_halos(&self.slab, result.as_mut_slice(), 1, None, comm);
            }
        }
        match method.stages() % 2 {
            0 => mem::swap(&mut self.state, &mut self.work[0]),
            _ => mem::swap(&mut self.state, &mut self.next),
        }
    }
}
