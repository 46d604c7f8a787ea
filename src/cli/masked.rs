//! Masked nodes in analyses: NaN that stands for no value.

use super::terminal::Terminal;
use crate::{cube::JournalledArray, error::Error};
use diff2d_arrays::{
    progress::Progress,
    stats::{self, Options},
};

/// Whether the masked nodes of a cube are left out, as they are unless NaN is to be kept; says how many they are.
pub(super) fn left_out(
    array: &JournalledArray,
    keep_nan: bool,
    memory: u64,
    terminal: &Terminal,
) -> Result<bool, Error> {
    if keep_nan || !array.has_mask() {
        return Ok(false);
    }
    let nodes: u64 = array.npy.shape.iter().rev().take(2).product();
    let way_back = "are masked and left out; --keep-nan takes their NaN as NumPy does";
    if array.available() == 0 {
        terminal.note(&format!("nodes that {way_back}"));
        return Ok(true);
    }
    let options = Options {
        skip_nan: true,
        above: None,
        memory,
    };
    let first = stats::part(array, 0..nodes, options, &Progress::default())?;
    terminal.note(&format!("{} of {nodes} nodes {way_back}", first.nan));
    Ok(true)
}
