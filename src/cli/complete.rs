//! The complete scenarios of a sweep, of which any may be missing: which readers leave out, and which were chosen though they are not
//! complete.

use super::{number, selection::Selection, terminal::Terminal};
use crate::cli::error::Error;
use diff2d::{Header, JournalledArray};
use std::ops::Range;

/// Says which complete scenarios of a sweep are left out where none is chosen, since one before them is not complete. If the first one
/// is not, there is nothing to read, and that is an error.
pub(super) fn tell_of_gap(array: &JournalledArray, terminal: &Terminal) -> Result<(), Error> {
    if !array.header().is_some_and(Header::is_sweep) {
        return Ok(());
    }
    let (path, available) = (array.path.display(), array.available());
    let behind_gap = match array.complete_scenarios() {
        [leading, behind @ ..] if leading.start == 0 => behind,
        complete => complete,
    };
    let sentence = match behind_gap {
        [] if available > 0 => return Ok(()),
        [] => format!("no scenario of {path} is complete yet"),
        [first, ..] => format!(
            "{path} is read up to scenario {available}, which is not complete; behind it {} are, and '{path}[{}:{}]' takes {}",
            listed(behind_gap),
            first.start,
            first.end,
            if behind_gap.len() == 1 {
                "them"
            } else {
                "the first of them"
            }
        ),
    };
    if available == 0 {
        return Err(Error::Usage(sentence));
    }
    terminal.note(&sentence);
    Ok(())
}

/// The error that a scenario was chosen that is not complete.
pub(super) fn not_complete(array: &JournalledArray, selection: &Selection, number: u64) -> Error {
    let path = array.path.display();
    selection.refused(&match array.complete_scenarios() {
        [] => format!("no scenario of {path} is complete yet"),
        complete => format!(
            "scenario {number} of {path} is not complete; {} are",
            listed(complete)
        ),
    })
}

/// The first of some ranges, as they are typed.
fn listed(ranges: &[Range<u64>]) -> String {
    const FEW: usize = 8;
    let texts = ranges.iter().take(FEW);
    let texts = texts.map(|range| format!("{}:{}", range.start, range.end));
    let ellipsis = if ranges.len() > FEW { ", …" } else { "" };
    number::joined(texts, ", ") + ellipsis
}
