//! A step of the exact solution for a state in files: its rows pass through memory in bands, then its columns.

use super::{clock::RunClock, error::RunError, in_bands::InBands};
use crate::{
    comm::Comm,
    cube::{
        CubeError,
        stream::{ReadAhead, WriteBehind},
    },
    dynamics::Method,
    field::Field,
    schedule::Clock,
    summary,
};
use diff2d_spectral::Spectral;
use diff2d_stencil::Element;
use diff2d_sys::FileExt;
use std::{io::Read, iter, thread};

impl<T: Element, C: Comm> InBands<'_, T, C> {
    /// Takes one step, into the place of the scratch that the state is not in.
    pub(super) fn step_exactly(&self, then: Clock, clock: &RunClock) -> Result<(), RunError> {
        let dynamics = self.problem.dynamics::<T>(0..self.problem.grid.y.nodes);
        let dynamics = dynamics.map_err(|unready| RunError::unready(unready, self.shape.memory))?;
        let Method::Exact(method) = dynamics.method else {
            return Err(RunError::Unplaced);
        };
        self.advance_rows(&method, clock)?;
        self.advance_columns(&method, then, clock)
    }

    /// Advances the state along its rows, from where it is into the scratch.
    fn advance_rows(&self, method: &Spectral, clock: &RunClock) -> Result<(), RunError> {
        let scratch = self.scratch.as_ref().ok_or(RunError::Unplaced)?;
        let (ny, nx) = self.problem.grid.shape();
        let (path, file, begin) = self.source()?;
        let bytes = iter::once(begin..begin + self.problem.field_bytes()).collect();
        let mut band = self.memory_for((self.shape.band.min(ny), nx))?;
        let chunks = self.chunks();
        thread::scope(|scope| {
            let mut source = ReadAhead::start(scope, (file, &self.read), bytes, chunks)
                .map_err(RunError::Threads)?;
            let target = (scratch.file(), &self.written);
            let target =
                WriteBehind::start(scope, target, scratch.begin(self.other_place()), chunks);
            let mut target = target.map_err(RunError::Threads)?;
            for first in (0..ny).step_by(self.shape.band) {
                clock.go_on(self.observer)?;
                let nodes = self.shape.band.min(ny - first) * nx;
                if nodes < band.as_slice().len() {
                    band = self.memory_for((nodes / nx, nx))?;
                }
                let read = source.read_exact(band.as_mut_bytes());
                read.map_err(CubeError::io("read", path))?;
                method.advance_rows(band.view_mut(), first);
                target.push(band.as_bytes());
            }
            let written = target.finish();
            written.map_err(CubeError::io("write", scratch.path()))?;
            Ok(())
        })
    }

    /// Advances the state that is now in the scratch along its columns, where it is.
    fn advance_columns(
        &self,
        method: &Spectral,
        then: Clock,
        clock: &RunClock,
    ) -> Result<(), RunError> {
        let scratch = self.scratch.as_ref().ok_or(RunError::Unplaced)?;
        let (ny, nx) = self.problem.grid.shape();
        let begin = scratch.begin(self.other_place());
        let most = self.shape.tile.columns;
        for first in (0..nx).step_by(most) {
            clock.go_on(self.observer)?;
            let columns = most.min(nx - first);
            let mut block = self.memory_for((ny, columns))?;
            let bytes = columns * size_of::<T>();
            let places = (0..ny).map(|row| begin + ((row * nx + first) * size_of::<T>()) as u64);
            for (place, row) in places.clone().zip(block.as_mut_bytes().chunks_mut(bytes)) {
                let read = scratch.reader().read(place, row);
                read.map_err(CubeError::io("read", scratch.path()))?;
            }
            self.read.add(bytes * ny);
            method.advance_columns(block.view_mut(), first);
            let all_rows = (0, Some(first..first + columns));
            let grid = &self.problem.grid;
            if let Some(halt) = summary::not_finite(block.as_slice(), all_rows, grid, then) {
                return Err(halt.into());
            }
            for (place, row) in places.zip(block.as_bytes().chunks(bytes)) {
                let written = scratch.file().file().write_all_at(row, place);
                written.map_err(CubeError::io("write", scratch.path()))?;
            }
            self.written.add(bytes * ny);
        }
        Ok(())
    }

    fn memory_for(&self, shape: (usize, usize)) -> Result<Field<T>, RunError> {
        Field::zeros(shape).map_err(|_| RunError::no_memory(self.shape.memory))
    }
}
