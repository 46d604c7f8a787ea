//! [`Output`]: where the snapshots of a run go.

use super::{RunError, Watch};
use crate::{
    cube::{
        Committed, CubeError, CubeWriter, Header, Paths, Store, checkpoint, space::Reservation,
        write::Times,
    },
    field::Field,
    grid::Grid,
    problem::Problem,
    schedule::Clock,
    stencil::Real,
};
use crossbeam_channel::Sender;
use std::path::Path;

/// The cube of a run, or nowhere: then snapshots are only announced.
pub(super) struct Output<'a> {
    cube: Option<Cube<'a>>,
    reached: Sender<Clock>,
}

/// A cube being written.
struct Cube<'a> {
    writer: CubeWriter,
    works: bool,
    paths: Paths,
    header: Header,
    grid: &'a Grid,
    io: String,
}

impl<'a> Output<'a> {
    pub(super) fn start(
        store: Option<Store>,
        problem: &'a Problem,
        watch: &Watch,
    ) -> Result<Self, CubeError> {
        let cube = match store {
            Some(store) => Some(Cube::start(store, problem, watch)?),
            None => None,
        };
        Ok(Self {
            cube,
            reached: watch.committed.clone(),
        })
    }

    /// Whether it makes sense to go on.
    pub(super) fn works(&self) -> bool {
        self.cube.as_ref().is_none_or(|cube| cube.works)
    }

    /// Hands over a snapshot.
    pub(super) fn put<T: Real>(&mut self, now: Clock, state: &Field<T>) {
        match &mut self.cube {
            Some(cube) => cube.put(now, state),
            // Nobody has to listen.
            None => drop(self.reached.send(now)),
        }
    }

    /// Copies the committed snapshots of a shorter run that this cube does not hold yet, each proved
    /// by its digest; the state is then the last of them. `None` if there was nothing to copy.
    pub(super) fn take_over<T: Real>(
        &mut self,
        shorter: &Path,
        state: &mut Field<T>,
    ) -> Result<Option<Clock>, CubeError> {
        let (Some(cube), Some(old)) = (&mut self.cube, Committed::open(shorter)?) else {
            return Ok(None);
        };
        cube.header.continues(&old.header, shorter)?;
        let mut last = None;
        for record in old.records.iter().skip(cube.writer.handed_over()) {
            if record.index == cube.header.shape[0] {
                break;
            }
            old.read(record, state.as_mut_bytes())?;
            cube.put(record.clock(), state);
            last = Some(record.clock());
        }
        Ok(last)
    }

    /// Makes a state between snapshots durable, and everything before it.
    pub(super) fn checkpoint<T: Real>(
        &mut self,
        now: Clock,
        state: &Field<T>,
    ) -> Result<(), CubeError> {
        let Some(cube) = &mut self.cube else {
            return Ok(());
        };
        let is_snapshot = now.step.is_multiple_of(cube.header.nper);
        cube.works &= cube.writer.flush();
        if is_snapshot || !cube.works {
            return Ok(());
        }
        checkpoint::write(&cube.paths, &cube.header, now, state.as_bytes())
    }

    /// Commits what is left; how it was written, and how long that took.
    pub(super) fn finish(self) -> Result<(String, Times), RunError> {
        let Some(cube) = self.cube else {
            return Ok(("none".to_owned(), Times::default()));
        };
        let (store, times) = cube.writer.finish()?;
        if store.is_complete() {
            checkpoint::remove(&cube.paths)?;
        }
        Ok((cube.io, times))
    }
}

impl<'a> Cube<'a> {
    fn start(store: Store, problem: &'a Problem, watch: &Watch) -> Result<Self, CubeError> {
        let how = match store.reservation {
            Some(Reservation::Reserved) => "space reserved",
            Some(Reservation::Zeros) => "filled with zeros, as the filesystem cannot reserve space",
            None => "space reserved before",
        };
        let (cube, io) = (store.paths.cube.display(), store.io());
        // Nobody has to listen.
        let _ = watch.notes.send(format!("writing {cube} by {io} ({how})"));
        Ok(Self {
            paths: store.paths.clone(),
            header: store.header.clone(),
            io: store.io().to_string(),
            grid: &problem.grid,
            works: true,
            writer: CubeWriter::start(
                store,
                rayon::current_num_threads(),
                watch.committed.clone(),
            )?,
        })
    }

    fn put<T: Real>(&mut self, now: Clock, state: &Field<T>) {
        self.works &= self
            .writer
            .put(now, state.summary(self.grid), state.as_bytes());
    }
}
