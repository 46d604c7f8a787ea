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
    // Results may have a frame of counts, which know no NaN, or one of NaN alone.
    let outer = array.npy.shape.len().saturating_sub(2);
    let frame = |is_last: bool| {
        let shape = array.shape().into_iter().enumerate();
        let frame = shape.map(|(axis, length)| match axis < outer {
            true if is_last => length.saturating_sub(1)..length,
            true => 0..1,
            false => 0..length,
        });
        let frame: Vec<_> = frame.collect();
        Ok::<_, Error>(
            stats::selected(array, &frame, options, &Progress::default())?
                .statistics
                .nan,
        )
    };
    let mut masked = frame(false)?;
    if array.journal.is_none() {
        masked = [masked, frame(true)?]
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
    let behind = header.map_or(0, |header| header.places_behind(array.available()));
    if behind > 0 {
        let shape = array.shape();
        let places: u64 = shape.iter().take(2).product();
        terminal.note(&format!(
            "{behind} of {places} snapshots lie behind the ends of their scenarios and are {way_back}"
        ));
    }
    Ok(true)
}
