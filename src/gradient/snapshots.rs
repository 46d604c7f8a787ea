//! [`Snapshots`]: states from the snapshots of a cube, whose digests are checked.

use crate::{
    cube::{Cube, CubeError},
    fault::Fault,
    problem::Problem,
    run::RunError,
};
use ndarray::Array2;

/// The snapshots of a cube of a problem.
#[derive(Clone, Copy)]
pub struct Snapshots<'c>(&'c Cube);

impl<'c> Snapshots<'c> {
    /// The snapshots of a cube.
    ///
    /// # Errors
    /// A refusal of the cube of another problem.
    pub fn new(cube: &'c Cube, problem: &Problem) -> Result<Self, RunError> {
        if cube.is_of(problem) {
            return Ok(Self(cube));
        }
        let path = cube.paths().cube.display();
        let sentence = format!(
            "{path} is not the cube of a run of these parameters, so that its snapshots are no states of theirs"
        );
        Err(Fault::refused(sentence).into())
    }

    /// The state of a snapshot.
    ///
    /// # Errors
    /// [`RunError`] with the index of a snapshot that is damaged, or that there is not.
    pub fn state(self, problem: &Problem, index: u64) -> Result<Array2<f64>, RunError> {
        let Self(cube) = self;
        let path = cube.paths().cube.display();
        let Some(commit) = cube.commits().iter().find(|commit| commit.index == index) else {
            let sentence = format!(
                "{path} has no snapshot {index}, from which states are computed again: diff2d run --resume writes it"
            );
            return Err(Fault::refused(sentence).into());
        };
        if !cube.verify(commit.id())? {
            let sentence = format!(
                "snapshot {index} of {path} is damaged, so that no state can be computed again from it: diff2d repair restores it"
            );
            return Err(CubeError::from(Fault::damaged(sentence)).into());
        }
        let mut values = cube.snapshot(commit.id())?;
        let nodes = values.as_slice_mut().unwrap_or_default();
        problem.codec().decode(0, nodes);
        Ok(values)
    }
}
