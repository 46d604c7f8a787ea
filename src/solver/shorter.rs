//! The shorter step before a snapshot, for exact times that the step does not divide.

use super::{Solver, slabs::fill_halos};
use crate::{
    comm::Comm,
    dynamics::{Halt, Method, Shorter},
    field::Field,
};
use diff2d_stencil::{Element, Knowledge, Rkl2, Stencil, Walls};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::{io, mem, ops::Range};

impl<T: Element> Solver<T> {
    /// Collective. Takes the next step of explicit Euler, which is a shorter one.
    pub(super) fn advance_shorter(&mut self, comm: &impl Comm) {
        self.age();
        let length = self.forcing.next_length();
        self.forcing.prepare(1, &mut self.stencil);
        let own_smoothness = self.knowledge.smoothness();
        let sent_smoothness = self.stencil.may_know().then_some(own_smoothness);
        let neighbour_smoothness = fill_halos(
            &self.slab,
            self.state.as_mut_slice(),
            1,
            sent_smoothness,
            comm,
        );
        let (walls, rows) = (&self.forcing.walls, self.slab.own_among_held());
        let (state, target) = (self.state.view(), self.next.view_mut());
        (self.shorter)(length).step(&self.stencil, walls, &state, target, rows);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), 1);
        // A mean of the state before and after a whole step, with which a step commutes, is as smooth as these.
        self.knowledge
            .set(own_smoothness.and(neighbour_smoothness).after(1));
    }

    /// The method of the next step of RKL2.
    pub(super) fn next_rkl2(&self) -> Option<Rkl2<T>> {
        let Method::Rkl2(method) = &self.method else {
            return None;
        };
        if self.forcing.is_shorter_next()
            && let Shorter::Part(part) = (self.shorter)(self.forcing.next_length())
        {
            return Some(part);
        }
        Some(method.clone())
    }
}

impl<T: Element> Solver<T> {
    /// A field to save the state in while it is [advanced aside](Self::aside).
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(crate) fn room_aside(&self) -> io::Result<Field<T>> {
        self.state.with_same_boundary()
    }

    /// Collective. Shows the state at a time `length`, less than a step, later, with one row of halos. The state of the
    /// solver stays the same.
    pub(crate) fn aside<R>(
        &mut self,
        length: f64,
        kept: &mut Field<T>,
        comm: &impl Comm,
        look: impl FnOnce(&Field<T>) -> R,
    ) -> Option<R> {
        self.aside_in_parts(length, 1, kept, comm, look)
    }

    /// Collective. Shows a later state as [`aside`](Self::aside) does, which is reached in equal parts.
    pub(crate) fn aside_in_parts<R>(
        &mut self,
        length: f64,
        parts: u32,
        kept: &mut Field<T>,
        comm: &impl Comm,
        look: impl FnOnce(&Field<T>) -> R,
    ) -> Option<R> {
        if self.slab.own().is_empty() {
            return None;
        }
        let rows = self.state.shape().0;
        kept.copy_rows(0, &self.state, 0..rows);
        let (clock, smoothness) = (self.forcing.now, self.knowledge.smoothness());
        self.take_parts(length, parts, comm);
        let result = self.look(comm, look);
        self.forcing.now = clock;
        self.knowledge.set(smoothness);
        self.state.copy_rows(0, kept, 0..rows);
        Some(result)
    }

    /// Collective. Takes steps as [`advance`](Self::advance) does, but each in equal parts, which are steps themselves.
    ///
    /// # Errors
    /// [`Halt`] if a wall or a source makes a step impossible.
    pub(crate) fn advance_in_parts(
        &mut self,
        steps: u64,
        parts: u32,
        comm: &impl Comm,
    ) -> Result<(), Halt> {
        for _ in 0..steps {
            let length = self.forcing.next_length();
            let clock_after = self.forcing.pace.after(self.forcing.now, 1);
            self.take_parts(length, parts, comm);
            self.forcing.now = clock_after;
        }
        self.check()
    }

    /// Collective. Takes equal parts of a step, `length` long together.
    fn take_parts(&mut self, length: f64, parts: u32, comm: &impl Comm) {
        let part_length = length / f64::from(parts);
        self.forcing.cut = Some(part_length);
        for _ in 0..parts {
            match &self.method {
                Method::Euler => self.advance_shorter(comm),
                Method::Rkl2(_) => {
                    if let Some(method) = self.next_rkl2() {
                        self.advance_rkl2(&method, comm);
                    }
                }
                Method::Exact(method) => {
                    let part = self.part_of(method);
                    self.advance_exactly(&part, comm);
                }
            }
        }
        self.forcing.cut = None;
    }
}

impl<T: Element> Shorter<T> {
    /// Writes the rows `rows` of the state after a shorter step; `stencil` has the full steps.
    pub(super) fn step(
        &self,
        stencil: &Stencil<T>,
        walls: &Walls<T>,
        source: &ArrayView2<'_, T>,
        target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
    ) {
        match self {
            Self::Own(equation) => {
                let stencil = stencil.clone().with_equation((**equation).clone());
                let knowledge = &mut Knowledge::default();
                stencil.advance_rows(walls, knowledge, *source, target, rows, 1);
            }
            Self::Part(method) => stencil.rkl2_step(method, walls, *source, target, rows),
        }
    }
}
