//! `diff2d export`: an array for the programs that read other formats.

use super::{
    bar::Unit,
    follow::{can_follow, follow},
    number,
    open::{InputArgs, open_as},
    terminal::Terminal,
    values,
};
use crate::cli::error::Error;
use clap::{
    Args,
    builder::{PossibleValue, TypedValueParser},
};
use diff2d::{
    Header, JournalledArray,
    export::{
        self, Dataset, EXPORTERS, ExportError, Exporter, KeptPrecision, Rounding, Storage, Target,
    },
};
use diff2d_arrays::progress::Progress;
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
  diff2d export output/diff2dparams.npy --to zarr --keep-bits 16 --compress --chunks 10,100,100
  diff2d export output/diff2dparams.npy --to zarr --follow
  diff2d export output/sweep.npy --to csv -o - | head

What opens them: xdmf: ParaView, VTK; kerchunk, zarr: xarray, zarr; hdf5: h5py, netCDF4,
xarray; csv: pandas, R.")]
pub(super) struct ExportArgs {
    /// The array
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// The format
    #[arg(long, value_name = "FORMAT", value_parser = exporter())]
    to: Exporter,
    /// The new file or directory; - is standard output, for xdmf, kerchunk and csv [default: beside the
    /// cube: STEM.xdmf, STEM.kerchunk.json, STEM.zarr, STEM.h5, STEM.csv]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Round floats to N bits of the mantissa, half to even: 1 to 52 of f8, to 23 of f4
    #[arg(long, value_name = "N", conflicts_with = "max_error", value_parser = values::bits)]
    keep_bits: Option<u32>,
    /// Round floats to as many bits as it takes for no element to change by more than E
    #[arg(long, value_name = "E", value_parser = values::positive)]
    max_error: Option<f64>,
    /// Compress chunks: zarr by Blosc with zlib; hdf5, shuffled and deflated, always is
    #[arg(long)]
    compress: bool,
    /// Shape of the chunks of zarr and hdf5, the last length along x [default: parts of one snapshot]
    #[arg(
        long, value_name = "T,Y,X", value_delimiter = ',',
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    chunks: Option<Vec<u64>>,
    /// Of a cube that a run fills: add each snapshot as it is committed, until the run ends; zarr only
    #[arg(long, conflicts_with = "max_error")]
    follow: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    memory: u64,
    /// Replace an export that is there
    #[arg(long)]
    force: bool,
    /// The name of the array in the export
    #[arg(long, value_name = "NAME", default_value = "p")]
    name: String,
    #[command(flatten)]
    input: InputArgs,
}

/// Parses the word of a format.
fn exporter() -> impl TypedValueParser<Value = Exporter> {
    let words = EXPORTERS.iter().map(|exporter| exporter.format.word);
    values::one_of(words.map(PossibleValue::new).zip(EXPORTERS))
}

/// The endings of names by which readers and people know a format.
const ENDINGS: [(&str, &str); 6] = [
    ("csv", "csv"),
    ("h5", "hdf5"),
    ("hdf5", "hdf5"),
    ("nc", "hdf5"),
    ("xdmf", "xdmf"),
    ("zarr", "zarr"),
];

/// Refuses a name by which an export would be taken for another format.
fn check_ending(path: &Path, word: &str) -> Result<(), Error> {
    let extension = path.extension();
    let meant = ENDINGS
        .iter()
        .find(|(ending, _)| extension.is_some_and(|extension| extension == *ending));
    match meant {
        Some((ending, format)) if *format != word => Err(Error::Usage(format!(
            "-o {}: a name that ends in .{ending} is that of {format}, but --to says {word}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn export(args: &ExportArgs, terminal: &Terminal) -> Result<(), Error> {
    let format = args.to.format;
    (args.output.iter()).try_for_each(|path| check_ending(path, format.word))?;
    let mut array = open_as(&args.cube, &args.input, terminal)?;
    array.reach_all_places();
    let mut dataset = dataset(args, &array)?;
    let storage = Storage {
        chunks: args.chunks.clone(),
        compress: args.compress,
    };
    storage.fit(format)?;
    if args.follow {
        drop(dataset);
        return grow(args, array, &storage, terminal);
    }
    let (present, planned) = dataset.progress();
    let frame: u64 = dataset.frame().iter().product();
    let copied = if format.points {
        0
    } else {
        present * frame * dataset.dtype().bytes as u64
    };
    // For an error everything is read twice.
    let passes = if args.max_error.is_some() { 2 } else { 1 };
    let bar = terminal.bar(passes * copied, Unit::Bytes);
    let bits = args.keep_bits.map(KeptPrecision::Bits);
    if let Some(precision) = bits.or(args.max_error.map(KeptPrecision::Error)) {
        if format.points {
            return Err(Error::Usage(format!(
                "{format} points into the cube, whose elements stay as they are: --keep-bits and --max-error are for copies, zarr, hdf5 and csv"
            )));
        }
        let bits = precision.bits(&dataset, args.memory, bar.progress())?;
        dataset.round(Rounding::to(bits));
    }
    let path = match &args.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None => Some(export::default_path(&array, format)),
    };
    let mut outcome = Ok(());
    match &path {
        Some(path) => {
            let force = args.force;
            let target = Target::Path { path, force };
            outcome = write(args, &dataset, &storage, target, bar.progress());
        }
        None => terminal.write_result(|stdout| {
            let target = Target::Text(stdout);
            match write(args, &dataset, &storage, target, bar.progress()) {
                Err(ExportError::Text(error)) => Err(error),
                result => {
                    outcome = result;
                    Ok(())
                }
            }
        })?,
    }
    drop(bar);
    outcome?;
    if present < planned {
        terminal.note(&format!(
            "{present} of {planned} snapshots of {} are committed; the others are missing in the export",
            args.cube.display()
        ));
    }
    if let Some(rounding) = dataset.rounding() {
        terminal.note(&rounded(rounding));
    }
    match path {
        None => Ok(()),
        Some(path) => terminal.result(&path.display().to_string()),
    }
}

/// The dataset of an array, which has the name of the arguments.
fn dataset<'a>(args: &ExportArgs, array: &'a JournalledArray) -> Result<Dataset<'a>, ExportError> {
    let mut dataset = Dataset::of(array, args.memory)?;
    dataset.rename(&args.name)?;
    Ok(dataset)
}

/// Writes a dataset as the arguments say.
fn write(
    args: &ExportArgs,
    dataset: &Dataset<'_>,
    storage: &Storage,
    target: Target<'_>,
    progress: &Progress,
) -> Result<(), ExportError> {
    export::export(dataset, args.to, storage, target, args.memory, progress)
}

/// Exports the snapshots that are there, then each that follows.
fn grow(
    args: &ExportArgs,
    mut array: JournalledArray,
    storage: &Storage,
    terminal: &Terminal,
) -> Result<(), Error> {
    can_follow(&array)?;
    args.to.can_grow()?;
    if array.header().is_some_and(Header::is_sweep) {
        return Err(Error::Usage(format!(
            "--follow: {} is the cube of a sweep, whose scenarios come in any order: export it again with --force once there are more",
            array.path.display()
        )));
    }
    let path = args.output.clone();
    let path = path.unwrap_or_else(|| export::default_path(&array, args.to.format));
    let mut rounding = None;
    if let Some(bits) = args.keep_bits {
        let (precision, progress) = (KeptPrecision::Bits(bits), Progress::default());
        let dataset = dataset(args, &array)?;
        rounding = Some(Rounding::to(precision.bits(
            &dataset,
            args.memory,
            &progress,
        )?));
    }
    let mut shape = None;
    let followed = follow(&mut array, |array, snapshots| {
        // A run that was ready early has fewer snapshots than were to come.
        let planned_shape = array.header().map(Header::shape);
        if planned_shape.is_some_and(|planned_shape| planned_shape != array.npy.shape) {
            return Ok(());
        }
        let mut dataset = dataset(args, array)?;
        if let Some(rounding) = rounding.take() {
            dataset.round(rounding);
        }
        if shape.is_some() {
            export::append(&dataset, args.to, storage, &path, snapshots, args.memory)?;
        } else {
            let (path, force) = (path.as_path(), args.force);
            let target = Target::Path { path, force };
            write(args, &dataset, storage, target, &Progress::default())?;
            terminal.result(&path.display().to_string())?;
        }
        shape = Some(dataset.shape().to_vec());
        rounding = dataset.into_rounding();
        Ok(())
    })?;
    let array = open_as(&args.cube, &args.input, terminal)?;
    let mut dataset = dataset(args, &array)?;
    let has_all = rounding.is_none() && dataset.record.is_empty();
    // Readers find what is told of the rounding, the record and the length of a run that was ready early all at once.
    if array.available() > 0 && !(has_all && shape.as_ref() == Some(&array.npy.shape)) {
        if let Some(rounding) = rounding.take() {
            dataset.round(rounding);
        }
        let (path, force) = (path.as_path(), args.force || shape.is_some());
        let target = Target::Path { path, force };
        write(args, &dataset, storage, target, &Progress::default())?;
        if shape.is_none() {
            terminal.result(&path.display().to_string())?;
        }
        rounding = dataset.into_rounding();
    }
    if let Some(rounding) = &rounding {
        terminal.note(&rounded(rounding));
    }
    followed
}

fn rounded(rounding: &Rounding) -> String {
    format!(
        "rounded to {} of the mantissa: elements change by at most {:.2e}, and by at most {:.2e} of their size",
        number::counted(rounding.kept.into(), "bit"),
        rounding.largest_error(),
        rounding.relative_error()
    )
}
