//! `diff2d label`: what the axes of an array of another program are, for all commands.

use super::{
    open::{AxesArgs, open_whole},
    terminal::Terminal,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::program::cube::Writing;
use diff2d_arrays::labels::{Labels, beside};
use std::path::PathBuf;

/// Write names, units, coordinates and dates of the axes of an array beside it, where every command reads them
///
/// The array itself stays as it is; the file is FILE.axes.json.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d label big.npy --axes t:h:since=2023-01-01,lat=lat.npy,lon=lon.npy
  diff2d label frames.npy --axes frame,y:mm,x:mm --force")]
pub(super) struct LabelArgs {
    /// An array of another program, which has no names of axes
    #[arg(value_name = "FILE.npy")]
    array: PathBuf,
    #[command(flatten)]
    axes: AxesArgs,
    /// Replace what is known of the axes of the array
    #[arg(long)]
    force: bool,
}

pub(super) fn label(args: &LabelArgs, terminal: &Terminal) -> Result<(), Error> {
    if args.axes.axes.is_empty() {
        let array = args.array.display();
        return Err(Error::Usage(format!(
            "--axes is missing, which says what the axes are: label {array} --axes t:h,y:m,x:m"
        )));
    }
    let mut array = open_whole(&args.array, terminal)?;
    let input_files: Vec<PathBuf> = array.files().into_iter().chain(args.axes.files()).collect();
    let writing = Writing {
        taken: &input_files,
        force: args.force,
        ..Writing::default()
    };
    let place = writing.admit(&beside::path(&args.array))?;
    if args.force && array.header().is_none() {
        array.label(Labels::default());
    }
    args.axes.name(&mut array)?;
    beside::write(place, &array.npy.shape, &array.labels)?;
    Ok(())
}
