//! Windows into a new array.

use super::args::CommonArgs;
use crate::cli::{bar::Unit, error::Error, follow::follow, open, terminal::Terminal};
use diff2d::JournalledArray;
use diff2d_arrays::{
    npy::Kind,
    window::{Request, Windows},
};
use std::path::Path;

/// Computes windows into the output.
pub(super) fn reduce(
    mut array: JournalledArray,
    shape: &[u64],
    request: Request,
    args: &CommonArgs,
    weights: Option<&Path>,
    follows: bool,
    terminal: &Terminal,
) -> Result<(), Error> {
    let windows = Windows::new(&array, request)?;
    let (read, made) = (array.npy.dtype, windows.dtype());
    if args.dtype.is_none() && read.kind == Kind::Float && made.bytes > read.bytes {
        let [made, read] = [made, read].map(|dtype| format!("f{}", dtype.bytes));
        terminal.note(&format!(
            "the results are {made}, larger than the {read} of {}; --dtype {read} keeps its type",
            args.file.display(),
        ));
    }
    let mut input_files = array.files();
    input_files.extend(weights.map(Path::to_owned));
    let mut output = open::create(
        &args.output,
        windows.shape(),
        windows.dtype(),
        array.npy.fortran_order,
        &input_files,
        args.force,
    )?;
    let bytes = shape.iter().product::<u64>() * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let mut followed = Ok(());
    if follows {
        let mut written_count = 0;
        followed = follow(&mut array, |array, new| {
            let ready = windows.ready(new.end);
            windows.some(
                array,
                written_count..ready.max(written_count),
                &output.data,
                bar.progress(),
            )?;
            written_count = ready.max(written_count);
            Ok(())
        })?;
        output.data.shorten(written_count)?;
    } else {
        windows.all(&array, &output.data, bar.progress())?;
    }
    let times = bar.progress().done() / bytes.max(1);
    drop(bar);
    if times > 1 {
        terminal.note(&format!(
            "the input was read {times} times over, since few windows fit into --memory at a time: more memory is faster"
        ));
    }
    let labels = windows.labels(&array.labels, &output.data.npy.shape);
    open::finish(output, &labels)?;
    followed
}
