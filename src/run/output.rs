//! [`Output`]: where the snapshots of a run go, which may be nowhere.

use super::{RunError, Watch};
use crate::{
    cube::{
        CubeError, CubeWriter, Header, Paths, Store, checkpoint, space::Reservation, write::Times,
    },
    field::Field,
    grid::Grid,
    problem::Problem,
    schedule::Clock,
    stencil::Real,
};
use crossbeam_channel::Sender;

/// The cube of a run, or the absence of one.
pub(super) enum Output<'a> {
    /// `--no-cube`: snapshots are only announced.
    Nowhere(Sender<Clock>),
    /// A cube being written.
    Cube {
        writer: CubeWriter,
        works: bool,
        paths: Paths,
        header: Box<Header>,
        grid: &'a Grid,
        io: String,
    },
}

impl<'a> Output<'a> {
    pub(super) fn start(
        store: Option<Store>,
        problem: &'a Problem,
        watch: &Watch,
    ) -> Result<Self, CubeError> {
        let committed = watch.committed.clone();
        let Some(store) = store else {
            return Ok(Self::Nowhere(committed));
        };
        let how = match store.reservation {
            Some(Reservation::Reserved) => "space reserved",
            Some(Reservation::Zeros) => {
                "space filled with zeros, as the filesystem cannot reserve it"
            }
            None => "space reserved before",
        };
        // Nobody has to listen.
        let _ = watch.notes.send(format!(
            "writing {} by {} ({how})",
            store.paths.cube.display(),
            store.io()
        ));
        Ok(Self::Cube {
            paths: store.paths.clone(),
            header: Box::new(store.header.clone()),
            io: store.io().to_string(),
            grid: &problem.grid,
            works: true,
            writer: CubeWriter::start(store, rayon::current_num_threads(), committed)?,
        })
    }

    /// Whether it makes sense to go on.
    pub(super) fn works(&self) -> bool {
        match self {
            Self::Nowhere(_) => true,
            Self::Cube { works, .. } => *works,
        }
    }

    /// Hands over a snapshot.
    pub(super) fn put<T: Real>(&mut self, now: Clock, state: &Field<T>) {
        match self {
            Self::Nowhere(reached) => {
                let _ = reached.send(now);
            }
            Self::Cube {
                writer,
                works,
                grid,
                ..
            } => {
                *works &= writer.put(now, state.summary(grid), state.as_bytes());
            }
        }
    }

    /// Makes a state between snapshots durable, and everything before it.
    pub(super) fn checkpoint<T: Real>(
        &mut self,
        now: Clock,
        state: &Field<T>,
    ) -> Result<(), CubeError> {
        match self {
            Self::Cube {
                writer,
                works,
                paths,
                header,
                ..
            } if !now.step.is_multiple_of(header.nper) => {
                *works &= writer.flush();
                if *works {
                    checkpoint::write(paths, header, now, state.as_bytes())?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Commits what is left; how it was written, and how long that took.
    pub(super) fn finish(self) -> Result<(String, Times), RunError> {
        let Self::Cube {
            writer, paths, io, ..
        } = self
        else {
            return Ok(("none".to_owned(), Times::default()));
        };
        let (store, times) = writer.finish()?;
        if store.is_complete() {
            checkpoint::remove(&paths)?;
        }
        Ok((io, times))
    }
}
