//! Masked nodes in analyses: NaN that stands for no value.

use super::terminal::Terminal;
use crate::cli::error::Error;
use diff2d::JournalledArray;
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
    if keep_nan || !array.labels.is_masked {
        return Ok(false);
    }
    let nodes: u64 = array.npy.shape.iter().rev().take(2).product();
    let way_back = "left out; --keep-nan takes their NaN as NumPy does";
    if array.available() == 0 {
        terminal.note(&format!("nodes that are masked and {way_back}"));
        return Ok(true);
    }
    let options = Options {
        skip_nan: true,
        above: None,
        memory,
    };
    let mut masked = masked_in_frame(array, false, options)?;
    if array.journal.is_none() {
        // Arrays of results may have a frame of counts, none of which is NaN, or a frame of NaN alone.
        masked = [masked, masked_in_frame(array, true, options)?]
            .into_iter()
            .filter(|&nan| nan > 0 && nan < nodes)
            .min()
            .unwrap_or(0);
    }
    if masked > 0 {
        terminal.note(&format!(
            "{masked} of {nodes} nodes are masked and {way_back}"
        ));
    }
    let header = array.header();
    let count_behind = header.map_or(0, |header| header.places_behind(array.available()));
    if count_behind > 0 {
        let shape = array.shape();
        let places: u64 = shape.iter().take(2).product();
        terminal.note(&format!(
            "{count_behind} of {places} snapshots lie behind the ends of their scenarios and are {way_back}"
        ));
    }
    Ok(true)
}

/// How many nodes of the first or the last frame are NaN.
fn masked_in_frame(array: &JournalledArray, is_last: bool, options: Options) -> Result<u64, Error> {
    let outer_axes = array.npy.shape.len().saturating_sub(2);
    let ranges = array.shape().into_iter().enumerate();
    let ranges = ranges.map(|(axis, length)| match axis < outer_axes {
        true if is_last => length.saturating_sub(1)..length,
        true => 0..1,
        false => 0..length,
    });
    let frame: Vec<_> = ranges.collect();
    let results = stats::selected(array, &frame, options, &Progress::default())?;
    Ok(results.statistics.nan)
}
