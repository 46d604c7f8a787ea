//! [`FinalStates`]: whether all programs end in the same state.

use super::{
    agreement::Agreement,
    case::Case,
    child::{Child, Outcome},
    contender::{Contender, TIME_LIMIT},
    error::{BenchError, directory_error},
    program::{self, Program},
};
use diff2d_arrays::npy::DATA_OFFSET;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::atomic::AtomicUsize,
};

/// The final states of `diff2d`, one for each number of steps, with which others are compared.
#[derive(Debug)]
pub(super) struct FinalStates {
    directory: PathBuf,
    ours: Option<Program>,
    references: BTreeMap<u64, PathBuf>,
}

impl FinalStates {
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            ours: None,
            references: BTreeMap::new(),
        }
    }

    /// Compares the state of `diff2d` with a number of threads with the one that it computed first.
    ///
    /// This is an extra run, not timed, since timed runs write no cube.
    pub fn of_ours(
        &mut self,
        contender: &Contender,
        case: &Case,
        signal: &AtomicUsize,
    ) -> Result<Agreement, BenchError> {
        self.ours.get_or_insert_with(|| contender.program.clone());
        if !self.references.contains_key(&contender.steps) {
            self.reference(contender.steps, contender.threads, case, signal)?;
            return Ok(Agreement::equal());
        }
        let cube = self.directory.join("again.npy");
        self.run(contender.steps, contender.threads, &cube, case, signal)?;
        let agreement = self.compare_files(contender, case, &cube, true);
        remove(&cube)?;
        remove(&cube.with_extension("journal"))?;
        agreement
    }

    /// Compares the file that a reference program has written, and removes it.
    pub fn compare(
        &mut self,
        contender: &Contender,
        case: &Case,
        file: &Path,
        signal: &AtomicUsize,
    ) -> Result<Agreement, BenchError> {
        if !self.references.contains_key(&contender.steps) {
            self.reference(contender.steps, contender.threads, case, signal)?;
        }
        let agreement = self.compare_files(contender, case, file, false);
        remove(file)?;
        agreement
    }

    fn reference(
        &mut self,
        steps: u64,
        threads: usize,
        case: &Case,
        signal: &AtomicUsize,
    ) -> Result<(), BenchError> {
        let cube = self.directory.join(format!("final-{steps}.npy"));
        self.run(steps, threads, &cube, case, signal)?;
        self.references.insert(steps, cube);
        Ok(())
    }

    fn run(
        &self,
        steps: u64,
        threads: usize,
        cube: &Path,
        case: &Case,
        signal: &AtomicUsize,
    ) -> Result<(), BenchError> {
        let Some(ours) = &self.ours else {
            return Ok(());
        };
        let words = program::run_to_final(ours, case, steps, threads, cube);
        match Child::new(&words, TIME_LIMIT).run(signal)? {
            Outcome::Success { .. } => Ok(()),
            Outcome::Failure(reason) => Err(BenchError::Ourselves(ours.name.clone(), reason)),
        }
    }

    fn compare_files(
        &self,
        contender: &Contender,
        case: &Case,
        file: &Path,
        is_cube: bool,
    ) -> Result<Agreement, BenchError> {
        let Some(reference) = self.references.get(&contender.steps) else {
            return Ok(Agreement::equal());
        };
        // The cube holds the first and the last state, which are the same after no steps.
        let last = DATA_OFFSET
            + if contender.steps == 0 {
                0
            } else {
                case.field_bytes()
            };
        let difference = largest_difference(
            (reference, last),
            (file, if is_cube { last } else { 0 }),
            case.field_bytes(),
        )
        .map_err(directory_error(file))?;
        Ok(Agreement::new(
            difference,
            contender
                .program
                .may_contract
                .then(|| case.contraction(contender.steps)),
        ))
    }
}

fn remove(path: &Path) -> Result<(), BenchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(directory_error(path)(error)),
        _ => Ok(()),
    }
}

/// The largest difference of two states of f64 in files, from these offsets on. `None` if all bits are
/// equal; infinite if a file is too short or a difference is NaN.
fn largest_difference(
    (one, one_at): (&Path, u64),
    (other, other_at): (&Path, u64),
    bytes: u64,
) -> io::Result<Option<f64>> {
    let open = |path: &Path, at| -> io::Result<_> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        Ok(BufReader::new(file))
    };
    let (mut one, mut other) = (open(one, one_at)?, open(other, other_at)?);
    let mut largest: Option<f64> = None;
    let (mut ours, mut theirs) = ([0; 1 << 16], [0; 1 << 16]);
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).map_or(ours.len(), |left| left.min(ours.len()));
        one.read_exact(&mut ours[..now])?;
        if other.read_exact(&mut theirs[..now]).is_err() {
            return Ok(Some(f64::INFINITY));
        }
        left -= now as u64;
        if ours[..now] == theirs[..now] {
            continue;
        }
        let values = |bytes: &[u8]| -> Vec<f64> {
            let (chunks, _) = bytes.as_chunks::<8>();
            chunks
                .iter()
                .map(|chunk| f64::from_ne_bytes(*chunk))
                .collect()
        };
        for (a, b) in values(&ours[..now]).iter().zip(values(&theirs[..now])) {
            if a.to_bits() != b.to_bits() {
                let difference = (a - b).abs();
                let difference = if difference.is_nan() {
                    f64::INFINITY
                } else {
                    difference
                };
                largest = Some(largest.map_or(difference, |largest| largest.max(difference)));
            }
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(one: &[f64], other: &[f64]) -> Option<f64> {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, values: &[f64]| {
            let path = directory.path().join(name);
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_ne_bytes())
                .collect();
            fs::write(&path, bytes).unwrap();
            path
        };
        let (one_file, other_file) = (write("one", one), write("other", other));
        let bytes = 8 * (one.len() as u64 - 1);
        largest_difference((&one_file, 8), (&other_file, 0), bytes).unwrap()
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
