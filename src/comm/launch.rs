//! [`Launch`]: the process's rank according to its launcher, known before MPI is initialised.

use std::env;

/// The position of this process among those that a launcher started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    /// The number of this process; 0 without a launcher.
    pub rank: usize,
    /// The number of processes; 1 without a launcher.
    pub size: usize,
}

impl Launch {
    /// Reads the environment.
    #[must_use]
    pub fn detect() -> Self {
        Self::from(|name| env::var(name).ok()?.parse().ok())
    }

    /// Reads the variables of Open MPI, PMI (MPICH, Intel MPI) and Slurm. Slurm sets SLURM_PROCID in a batch script, too,
    /// but not SLURM_STEP_NUM_TASKS.
    fn from(number: impl Fn(&str) -> Option<usize>) -> Self {
        const LAUNCHERS: [(&str, &str); 3] = [
            ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
            ("PMI_RANK", "PMI_SIZE"),
            ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
        ];
        LAUNCHERS
            .iter()
            .find_map(|(rank, size)| {
                Some(Self {
                    rank: number(rank)?,
                    size: number(size)?,
                })
            })
            .unwrap_or(Self { rank: 0, size: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(variables: &[(&str, usize)]) -> (usize, usize) {
        let number = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1)
        };
        let Launch { rank, size } = Launch::from(number);
        (rank, size)
    }

    #[test]
    fn open_mpi_and_pmi_are_recognised() {
        assert_eq!(launch(&[]), (0, 1));
        let open_mpi = [("OMPI_COMM_WORLD_RANK", 2), ("OMPI_COMM_WORLD_SIZE", 4)];
        assert_eq!(launch(&open_mpi), (2, 4));
        assert_eq!(launch(&[("PMI_RANK", 1), ("PMI_SIZE", 3)]), (1, 3));
    }

    #[test]
    fn a_slurm_batch_script_is_a_process_on_its_own() {
        let script = [("SLURM_PROCID", 0), ("SLURM_NTASKS", 64)];
        assert_eq!(launch(&script), (0, 1));
        let step = [("SLURM_PROCID", 5), ("SLURM_STEP_NUM_TASKS", 64)];
        assert_eq!(launch(&step), (5, 64));
    }
}
