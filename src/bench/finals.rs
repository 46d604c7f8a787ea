//! [`Finals`]: whether all programs end in the same state.

use super::{
    BenchError, Case, PATIENCE, Turn,
    child::{Child, Ended},
    directory_error, family,
    family::Program,
    results::Agreement,
};
use crate::npy::DATA_OFFSET;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::atomic::AtomicUsize,
};

/// The states of `diff2d` that others are compared with, one for each number of steps.
#[derive(Debug)]
pub(super) struct Finals {
    directory: PathBuf,
    ours: Option<Program>,
    references: BTreeMap<u64, PathBuf>,
}

impl Finals {
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            ours: None,
            references: BTreeMap::new(),
        }
    }

    /// Compares `diff2d` with this number of threads with `diff2d` as it ran first.
    ///
    /// A run without a cube leaves nothing to compare, so this is a run of its own, not timed.
    pub fn of_ours(
        &mut self,
        turn: &Turn,
        case: &Case,
        signal: &AtomicUsize,
    ) -> Result<Agreement, BenchError> {
        self.ours.get_or_insert_with(|| turn.program.clone());
        if !self.references.contains_key(&turn.steps) {
            self.reference(turn.steps, turn.threads, case, signal)?;
            return Ok(Agreement::equal());
        }
        let cube = self.directory.join("again.npy");
        self.run(turn.steps, turn.threads, &cube, case, signal)?;
        let agreement = self.judge(turn, case, &cube, true);
        remove(&cube)?;
        remove(&cube.with_extension("journal"))?;
        agreement
    }

    /// Compares the state that a program of the family has left, and removes it.
    pub fn compare(
        &mut self,
        turn: &Turn,
        case: &Case,
        file: &Path,
        signal: &AtomicUsize,
    ) -> Result<Agreement, BenchError> {
        if !self.references.contains_key(&turn.steps) {
            self.reference(turn.steps, turn.threads, case, signal)?;
        }
        let agreement = self.judge(turn, case, file, false);
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
        let words = family::run_to_final(ours, case, steps, threads, cube);
        match Child::new(&words, PATIENCE).run(signal)? {
            Ended::Well { .. } => Ok(()),
            Ended::Badly(reason) => Err(BenchError::Ourselves(ours.name.clone(), reason)),
        }
    }

    fn judge(
        &self,
        turn: &Turn,
        case: &Case,
        file: &Path,
        is_cube: bool,
    ) -> Result<Agreement, BenchError> {
        let Some(reference) = self.references.get(&turn.steps) else {
            return Ok(Agreement::equal());
        };
        // A cube of these settings holds the first and the last state, or one state of no steps.
        let last = DATA_OFFSET
            + if turn.steps == 0 {
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
            turn.program.may_contract.then_some(turn.steps),
        ))
    }
}

fn remove(path: &Path) -> Result<(), BenchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(directory_error(path)(error)),
        _ => Ok(()),
    }
}

/// The largest difference of two states of f64 in files, from these offsets on; `None` where all
/// bits are equal, infinite where one of them is too short or not a number.
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
    fn differences_are_found_where_they_are() {
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.5, 2.0]), Some(0.5));
        assert_eq!(difference(&[9.0, 0.0], &[-0.0]), Some(0.0));
        assert_eq!(difference(&[9.0, 1.0], &[f64::NAN]), Some(f64::INFINITY));
        assert_eq!(difference(&[9.0, 1.0, 2.0], &[1.0]), Some(f64::INFINITY));
    }
}
