//! [`FinalStates`]: whether all programs end in the same state.

use super::{
    agreement::Agreement,
    case::Case,
    child,
    error::{BenchError, directory_error},
    program::{Contender, TIME_LIMIT, run_to_final},
};
use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
};

/// The final states of `diff2d`, one for each number of steps, with which others are compared.
#[derive(Debug)]
pub(super) struct FinalStates {
    pub directory: PathBuf,
    /// The `diff2d` that computes them.
    pub program: PathBuf,
    pub case: Case,
    pub signal: Arc<AtomicUsize>,
}

impl FinalStates {
    /// Compares the state in a file, which is removed, or without one that of another run of `diff2d`, which is not
    /// timed.
    pub fn compare(
        &self,
        contender: &Contender,
        file: Option<&Path>,
    ) -> Result<Agreement, BenchError> {
        let (steps, threads) = (contender.steps, contender.threads);
        let reference = self.directory.join(format!("final-{steps}.npy"));
        if !reference.exists() {
            self.run(steps, threads, &reference)?;
        }
        let again = self.directory.join("again.npy");
        if file.is_none() {
            self.run(steps, threads, &again)?;
        }
        let file = file.unwrap_or(&again);
        let difference = largest_difference(&reference, file, self.case.field_bytes())
            .map_err(directory_error(file))?;
        for path in [file, &again.with_extension("journal")] {
            // What is left would be told of by the next run.
            let _ = fs::remove_file(path);
        }
        let may_contract = contender.program.may_contract;
        let contraction = may_contract.then(|| self.case.contraction(steps));
        Ok(Agreement::new(difference, contraction))
    }

    fn run(&self, steps: u64, threads: usize, cube: &Path) -> Result<(), BenchError> {
        let mut command = run_to_final(&self.program, &self.case, steps, threads, cube);
        child::run(&mut command, TIME_LIMIT, &self.signal)?
            .map(drop)
            .map_err(|reason| BenchError::Ourselves("diff2d".to_owned(), reason))
    }
}

/// The largest difference of the two states of so many bytes that files end with. `None` if all bits are
/// equal; infinite if the other file is too short or a difference is NaN.
fn largest_difference(one: &Path, other: &Path, bytes: u64) -> io::Result<Option<f64>> {
    let open = |path: &Path| -> io::Result<_> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-bytes.cast_signed()))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    };
    let mut one = open(one)?;
    let Ok(mut other) = open(other) else {
        return Ok(Some(f64::INFINITY));
    };
    let mut largest = None;
    for _ in 0..bytes / 8 {
        let (mut a, mut b) = ([0; 8], [0; 8]);
        one.read_exact(&mut a)?;
        other.read_exact(&mut b)?;
        if a != b {
            let difference = (f64::from_ne_bytes(a) - f64::from_ne_bytes(b)).abs();
            let difference = match difference.is_nan() {
                true => f64::INFINITY,
                false => difference,
            };
            largest = Some(difference.max(largest.unwrap_or(0.0)));
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_contraction_allows_a_difference() {
        assert!(Agreement::new(None, None).holds());
        assert!(!Agreement::new(Some(1e-18), None).holds());
        assert!(!Agreement::new(Some(0.0), None).holds(), "-0.0 is not 0.0");
        assert!(Agreement::new(Some(4e-14), Some(4.4e-14)).holds());
        assert!(!Agreement::new(Some(5e-14), Some(4.4e-14)).holds());
        assert!(!Agreement::new(Some(f64::INFINITY), Some(1.0)).holds());
    }

    fn difference(one: &[f64], other: &[f64]) -> Option<f64> {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, values: &[f64]| {
            let path = directory.path().join(name);
            let bytes = values.iter().flat_map(|value| value.to_ne_bytes());
            fs::write(&path, bytes.collect::<Vec<u8>>()).unwrap();
            path
        };
        let bytes = 8 * (one.len() as u64 - 1);
        largest_difference(&write("one", one), &write("other", other), bytes).unwrap()
    }

    #[test]
    fn the_largest_difference_of_two_files_is_found() {
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.5, 2.0]), Some(0.5));
        assert_eq!(difference(&[9.0, 0.0], &[-0.0]), Some(0.0));
        assert_eq!(difference(&[9.0, 1.0], &[f64::NAN]), Some(f64::INFINITY));
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.0]), Some(f64::INFINITY));
    }
}
