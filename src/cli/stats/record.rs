//! The statistics of the columns of a record.

use super::{args::StatsArgs, whole};
use crate::{
    cli::rows::Table,
    cube::{CubeError, JournalledArray, RecordTable},
    error::Error,
};
use diff2d_arrays::{
    npy::{ArrayFile, Dtype, NpyHeader},
    stats::Options,
};
use diff2d_sys::Temporary;
use std::{env, fs::File, io::Write};

/// A row for each column, as each is an array of its own.
pub(super) fn columns(
    args: &StatsArgs,
    record: &RecordTable,
    mut table: Table<'_>,
) -> Result<(), Error> {
    let other = args.axis.is_some() || args.output.is_some() || args.histogram.is_some();
    if args.follow || args.op.is_some() || other {
        return Err(Error::Usage(format!(
            "the columns of {} have a row each: leave out --axis, --op, --histogram, --follow and -o",
            record.path.display()
        )));
    }
    let failed = |error| CubeError::io("copy", &record.path)(error);
    let copied = copied(record).map_err(failed)?;
    let rows = record.rows() as u64;
    let options = Options {
        skip_nan: args.skip_nan,
        memory: args.memory,
        above: args.above,
    };
    for (number, column) in record.columns.iter().enumerate() {
        let header = NpyHeader {
            dtype: Dtype::F64,
            fortran_order: false,
            shape: vec![rows],
            data_offset: number as u64 * rows * 8,
        };
        let file = copied.try_clone().map_err(failed)?;
        let array = ArrayFile::of_raw_file(file, &record.path, header)?;
        table.of = Some(("column", column.name.clone()));
        let array = JournalledArray::plain(array);
        whole::whole(args, array, options, &table, number == 0)?;
    }
    Ok(())
}

/// The columns one after the other, in a file of this process.
fn copied(record: &RecordTable) -> std::io::Result<File> {
    let mut file = Temporary::file(&env::temp_dir())?;
    for values in &record.values {
        file.write_all(bytemuck::cast_slice(values))?;
    }
    Ok(file)
}
