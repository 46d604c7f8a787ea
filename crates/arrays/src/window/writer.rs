//! [`PartWriter`]: writes the results of several threads to one file, one thread at a time.
//!
//! The operating system lets one thread at a time write to a file, and the others spin on its lock. Here, a thread
//! leaves its results in a queue and goes on if another thread is writing.

use crate::npy::{Dtype, Number, Region};
use crate::{AnalysisError, output::Output};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

pub(super) struct PartWriter<'a, T> {
    output: &'a Output,
    dtype: Dtype,
    /// The largest number of boxes in the queue.
    most: usize,
    queue: Mutex<Queue<T>>,
    /// Locked by the thread that writes. Contains bytes of results if their type differs from `T`.
    bytes: Mutex<Vec<u8>>,
}

struct Queue<T> {
    waiting: VecDeque<(Region, Vec<T>)>,
    /// Buffers whose results have been written.
    free: Vec<Vec<T>>,
}

impl<'a, T: Number> PartWriter<'a, T> {
    pub(super) fn new(output: &'a Output, dtype: Dtype, threads: u64) -> Self {
        Self {
            output,
            dtype,
            most: usize::try_from(2 * threads).unwrap_or(usize::MAX),
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                free: Vec::new(),
            }),
            bytes: Mutex::default(),
        }
    }

    /// Takes results and returns a buffer for the next results. The results are written at the latest by
    /// [`finish`](Self::finish).
    pub(super) fn write(&self, region: Region, results: Vec<T>) -> Result<Vec<T>, AnalysisError> {
        let waiting = {
            let mut queue = lock(&self.queue);
            queue.waiting.push_back((region, results));
            queue.waiting.len()
        };
        match self.bytes.try_lock() {
            Ok(bytes) => self.write_waiting(bytes)?,
            Err(TryLockError::WouldBlock) if waiting < self.most => {}
            Err(_) => self.finish()?,
        }
        Ok(lock(&self.queue).free.pop().unwrap_or_default())
    }

    /// Writes everything in the queue.
    pub(super) fn finish(&self) -> Result<(), AnalysisError> {
        self.write_waiting(lock(&self.bytes))
    }

    fn write_waiting(&self, mut bytes: MutexGuard<'_, Vec<u8>>) -> Result<(), AnalysisError> {
        loop {
            let Some((region, results)) = lock(&self.queue).waiting.pop_front() else {
                return Ok(());
            };
            if self.dtype == T::DTYPE {
                self.output
                    .write_box(&region, bytemuck::cast_slice(&results))?;
            } else {
                bytes.clear();
                T::encode(&results, self.dtype, &mut bytes);
                self.output.write_box(&region, &bytes)?;
            }
            lock(&self.queue).free.push(results);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, iter, thread};

    #[test]
    fn results_left_with_another_thread_are_written_in_the_end() {
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = directory.path().join("out.npy");
        let to = diff2d_sys::Destination::examine(&path).unwrap_or_else(|error| panic!("{error}"));
        let output = Output::create(to, vec![6], Dtype::F64, false);
        let output = output.unwrap_or_else(|error| panic!("{error}"));
        let writer = PartWriter::<f64>::new(&output, Dtype::F64, 2);
        let write = |at: u64, values: [f64; 2]| {
            let written = writer.write(iter::once(at..at + 2).collect(), values.to_vec());
            written.unwrap_or_else(|error| panic!("{error}"));
        };
        // Another thread has found the queue empty and is about to unlock.
        let other = lock(&writer.bytes);
        thread::scope(|scope| {
            scope.spawn(|| write(2, [3.0, 4.0]));
        });
        assert_eq!(lock(&writer.queue).waiting.len(), 1);
        drop(other);
        assert!(writer.finish().is_ok());
        write(4, [5.0, 6.0]);
        write(0, [1.0, 2.0]);
        assert!(lock(&writer.queue).waiting.is_empty());
        assert!(output.finish().is_ok());
        let bytes = fs::read(&path).unwrap_or_default();
        let expected: Vec<u8> = (1..=6).flat_map(|n| f64::from(n).to_le_bytes()).collect();
        assert!(bytes.ends_with(&expected));
    }
}
