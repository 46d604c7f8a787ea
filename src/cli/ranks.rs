//! Commands on several ranks: the root speaks for all.

use super::terminal::Terminal;
use crate::{
    comm::{Comm, Launch, ROOT},
    error::Error,
    machine,
    run::RunError,
};
use std::process::ExitCode;

/// The terminal of this process: only the root's says anything.
pub(super) fn voice(terminal: &Terminal) -> Terminal {
    match Launch::detect().rank {
        ROOT => *terminal,
        _ => Terminal::silent(),
    }
}

/// An error from before ranks know each other, which all of them have: the root tells of it.
pub(super) fn refuse(error: Error) -> Result<ExitCode, Error> {
    match Launch::detect().rank {
        ROOT => Err(error),
        _ => Ok(ExitCode::from(error.exit_code())),
    }
}

/// How it ended on all ranks: the first error that any of them has, told by the root, or what the
/// command returned.
pub(super) fn conclude(
    comm: &impl Comm,
    result: Result<ExitCode, Error>,
) -> Result<ExitCode, Error> {
    let mine = match &result {
        Ok(_) | Err(Error::Run(RunError::Elsewhere)) => String::new(),
        Err(error) => format!("{} {error}", error.exit_code()),
    };
    let all = comm.gather_all(mine.as_bytes());
    let Some(rank) = all.iter().position(|told| !told.is_empty()) else {
        return result;
    };
    let told = String::from_utf8_lossy(&all[rank]);
    let (code, sentence) = told.split_once(' ').unwrap_or(("1", &told));
    let code = code.parse().unwrap_or(1);
    match comm.rank() {
        ROOT if rank == ROOT => result,
        ROOT => Err(Error::Rank {
            rank,
            sentence: sentence.to_owned(),
            code,
        }),
        _ => Ok(ExitCode::from(code)),
    }
}

/// Threads for a rank that shares its processors with others: as many as there are for each.
pub(super) fn threads(comm: &impl Comm) -> usize {
    let place = format!("{} {}", comm.host(), machine::processors());
    let all = comm.gather_all(place.as_bytes());
    let sharing = all.iter().filter(|other| **other == place.as_bytes());
    (machine::threads() / sharing.count().max(1)).max(1)
}
