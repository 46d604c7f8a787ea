//! `diff2d export`: an array for the programs that read other formats.

use super::{bar::Unit, open::open, terminal::Terminal, values};
use crate::{
    error::Error,
    export::{self, Dataset, ExportError, Format, Target},
};
use clap::{Args, ValueEnum, builder::PossibleValue};
use std::path::{Path, PathBuf};

/// Export a cube, or any 2-D or 3-D .npy file, to the formats of other programs
///
/// xdmf and kerchunk are small files that point into the cube and copy nothing; the others are copies, made
/// piece by piece. Snapshots that are not committed are missing, never zeros. Prints the name of what it
/// has written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d export output/diff2dparams.npy --to xdmf
  diff2d export output/diff2dparams.npy --to zarr -o results.zarr
  diff2d export output/sweep.npy --to csv -o - | head

What opens them: xdmf, vti: ParaView, VTK; kerchunk, zarr: xarray, zarr; hdf5: h5py, netCDF4,
xarray; csv: pandas, R.")]
pub(super) struct ExportArgs {
    /// The array
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// The format
    #[arg(long, value_name = "FORMAT")]
    to: Format,
    /// The new file or directory; - is standard output, for xdmf, kerchunk and csv [default: beside the
    /// cube: STEM.xdmf, STEM.kerchunk.json, STEM.zarr, STEM.h5, STEM-vti, STEM.csv]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    memory: u64,
    /// Replace an export that is there
    #[arg(long)]
    force: bool,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

pub(super) fn export(args: &ExportArgs, terminal: &Terminal) -> Result<(), Error> {
    let mut array = open(&args.cube, terminal)?;
    array.reach_all_places();
    let dataset = Dataset::of(&array, args.memory)?;
    let (present, all) = dataset.progress();
    let frame: u64 = dataset.frame().iter().product();
    let copied = match args.to.points() {
        true => 0,
        false => present * frame * dataset.dtype().bytes as u64,
    };
    let bar = terminal.bar(copied, Unit::Bytes);
    let (format, memory) = (args.to, args.memory);
    let write =
        |target: Target<'_>| export::export(&dataset, format, target, memory, bar.progress());
    let path = match &args.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None => Some(export::default_path(&array, format)),
    };
    let mut done = Ok(());
    match &path {
        Some(path) => {
            let force = args.force;
            done = write(Target::Path { path, force });
        }
        None => terminal.write_result(|stdout| match write(Target::Text(stdout)) {
            Err(ExportError::Text(error)) => Err(error),
            other => {
                done = other;
                Ok(())
            }
        })?,
    }
    drop(bar);
    done?;
    if present < all {
        terminal.note(&format!(
            "{present} of {all} snapshots of {} are committed; the others are missing in the export",
            args.cube.display()
        ));
    }
    match path {
        None => Ok(()),
        Some(path) => terminal.result(&path.display().to_string()),
    }
}
