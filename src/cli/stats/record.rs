//! The statistics of the columns of a record.

use super::{args::StatsArgs, results, whole};
use crate::cli::{error::Error, rows::Column, terminal::Terminal};
use diff2d::{CubeError, JournalledArray, program::cube::RecordTable};
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
    terminal: &Terminal,
) -> Result<(), Error> {
    let writes_or_reduces =
        args.axis.is_some() || args.output.is_some() || args.histogram.is_some();
    if args.follow || args.op.is_some() || writes_or_reduces {
        return Err(Error::Usage(format!(
            "the columns of {} have a row each: leave out --axis, --op, --histogram, --follow and -o",
            record.path.display()
        )));
    }
    let copy = copied(record).map_err(CubeError::io("copy", &record.path))?;
    let rows = record.rows() as u64;
    let options = Options {
        skip_nan: args.skip_nan,
        memory: args.memory,
        above: args.above,
    };
    let mut table = results::table(args, vec![Column::new("column")], terminal);
    for (number, column) in record.columns.iter().enumerate() {
        let header = NpyHeader {
            dtype: Dtype::F64,
            fortran_order: false,
            shape: vec![rows],
            data_offset: number as u64 * rows * 8,
        };
        let file = copy
            .try_clone()
            .map_err(CubeError::io("copy", &record.path))?;
        let array = ArrayFile::of_parts(file, &record.path, header)?;
        let array = JournalledArray::plain(array);
        let name = Some(column.name.clone());
        whole::whole(args, array, options, name, &mut table, terminal)?;
    }
    Ok(())
}

/// Copies the columns one after the other into a file that this process alone has.
fn copied(record: &RecordTable) -> std::io::Result<File> {
    let mut file = Temporary::file(&env::temp_dir())?;
    for values in &record.values {
        file.write_all(bytemuck::cast_slice(values))?;
    }
    Ok(file)
}
