//! Commands on several ranks: the root speaks for all.

use super::terminal::Terminal;
use crate::{
    comm::{Comm, CommError, Launch, ROOT},
    error::Error,
    run::{RunError, team},
    sys,
};
use std::{process::ExitCode, thread, time::Duration};

/// The terminal of a command that ranks carry out together: only the root's says anything.
pub(super) fn voice(terminal: Terminal) -> Terminal {
    match Launch::detect().rank {
        ROOT => terminal,
        _ => Terminal::silent(),
    }
}

/// How it ended on all ranks. The first error that any of them has is told by the root, before MPI is
/// finalised: whoever ends earlier with an error makes launchers kill the others.
pub(super) fn conclude(
    comm: &impl Comm,
    terminal: &Terminal,
    result: Result<ExitCode, Error>,
) -> ExitCode {
    let (code, mine) = match &result {
        Ok(code) => (*code, String::new()),
        Err(Error::Run(RunError::Elsewhere)) => (ExitCode::FAILURE, String::new()),
        Err(error) => {
            let code = error.exit_code();
            (ExitCode::from(code), format!("{code} {error}"))
        }
    };
    let all = comm.gather_all(mine.as_bytes());
    let Some(rank) = all.iter().position(|told| !told.is_empty()) else {
        return code;
    };
    let told = String::from_utf8_lossy(&all[rank]);
    let (code, sentence) = told.split_once(' ').unwrap_or(("1", &told));
    let code = code.parse().unwrap_or(1);
    if comm.is_root() {
        terminal.error(&match result {
            Err(error) if rank == ROOT => error,
            _ => Error::Rank {
                rank,
                sentence: sentence.to_owned(),
                code,
            },
        });
    }
    ExitCode::from(code)
}

/// How it ended before ranks came together. Most often on all of them alike: then the root says why,
/// and the launcher, which sees it fail, ends the others while they wait for that. A rank that is
/// still there afterwards is the only one, and says so itself.
pub(super) fn refused(error: &Error) -> ExitCode {
    const UNTIL_THE_ROOT_HAS_SPOKEN: Duration = Duration::from_secs(3);
    let (rank, code) = (Launch::detect().rank, error.exit_code());
    if rank != ROOT && matches!(error, Error::Comm(CommError::Disabled { .. })) {
        // All ranks are built alike.
        return ExitCode::SUCCESS;
    }
    if rank != ROOT {
        thread::sleep(UNTIL_THE_ROOT_HAS_SPOKEN);
        let sentence = error.to_string();
        Terminal::new(false, false).error(&Error::Rank {
            rank,
            sentence,
            code,
        });
    }
    ExitCode::from(code)
}

/// Goes on only if all ranks are ready for it.
pub(super) fn ready<T>(comm: &impl Comm, mine: Result<T, Error>) -> Result<T, Error> {
    let ready = comm.gather_all(&[u8::from(mine.is_ok())]);
    match mine {
        Ok(_) if ready.contains(&vec![0]) => Err(Error::Run(RunError::Elsewhere)),
        mine => mine,
    }
}

/// Threads for a rank that shares its processors with others: as many as there are for each.
pub(super) fn threads(comm: &impl Comm) -> usize {
    (sys::threads() / team::on_these_processors(comm)).max(1)
}
