//! Commands that several ranks carry out together: rank 0 prints, and tells the errors of all.

use super::terminal::Terminal;
use crate::cli::error::Error;
use diff2d::{
    RunError,
    comm::{Comm, CommError, Launch, ROOT, World, collective},
};
use std::{thread, time::Duration};

/// Brings the ranks together, carries out `command` on all of them, and concludes.
pub(super) fn together(
    name: &str,
    terminal: &Terminal,
    command: impl FnOnce(&World) -> Result<u8, Error>,
) -> Result<u8, Error> {
    let world = World::start()?;
    let result = check_that_all_agree(&world, name).and_then(|()| command(&world));
    Ok(conclude(&world, terminal, result))
}

/// Collective. Refuses ranks that carry out other commands: they would wait for each other.
fn check_that_all_agree(comm: &impl Comm, command: &str) -> Result<(), Error> {
    let version_and_command = (env!("CARGO_PKG_VERSION"), command);
    match collective::first_that_differs(comm, &version_and_command) {
        Some(rank) => Err(Error::System(format!(
            "rank {rank} was started with another command, or is another version, than rank 0: all ranks of a job carry out the same command of the same diff2d"
        ))),
        None => Ok(()),
    }
}

/// Collective. The exit code of all ranks. Rank 0 prints the first error that any of them has,
/// before MPI is finalised: launchers kill the other ranks when one ends with an error.
fn conclude(comm: &impl Comm, terminal: &Terminal, result: Result<u8, Error>) -> u8 {
    let (code, error_text) = match &result {
        Ok(code) => (*code, String::new()),
        Err(Error::Run(RunError::Elsewhere(_))) => (1, String::new()),
        Err(error) => {
            let code = error.exit_code();
            (code, format!("{code} {error}"))
        }
    };
    let error_texts = comm.all_gather(error_text.as_bytes());
    let Some(rank) = error_texts.iter().position(|sentence| !sentence.is_empty()) else {
        // Rank 0 alone knows what was committed.
        return collective::from_root(comm, Some(code)).unwrap_or(code);
    };
    let sentence = String::from_utf8_lossy(&error_texts[rank]);
    let (code, sentence) = sentence.split_once(' ').unwrap_or(("1", &sentence));
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
    code
}

/// The exit code of a rank that failed before the ranks came together.
///
/// Mostly all of them fail alike: then rank 0 tells why, and the launcher, which sees it fail, ends the
/// others while they wait for that. A rank that is still there afterwards is the only one that failed,
/// and tells so itself.
pub(super) fn refused(error: &Error) -> u8 {
    const UNTIL_RANK_0_HAS_FAILED: Duration = Duration::from_secs(3);
    let (rank, code) = (Launch::detect().rank, error.exit_code());
    if rank != ROOT && matches!(error, Error::Comm(CommError::Disabled { .. })) {
        // All ranks are built alike.
        return 0;
    }
    if rank != ROOT {
        thread::sleep(UNTIL_RANK_0_HAS_FAILED);
        let sentence = error.to_string();
        Terminal::new(false, false).error(&Error::Rank {
            rank,
            sentence,
            code,
        });
    }
    code
}
