//! `diff2d stats`: count, sum, mean, standard deviation, minimum and maximum; quantiles and histograms.

mod along;
mod args;
mod input;
mod table;
mod whole;

pub(super) use args::StatsArgs;

use super::{
    follow::{can_follow, follow},
    terminal::Terminal,
};
use crate::{cube::JournalledArray, error::Error};
use diff2d_arrays::npy::{Dtype, NpyHeader};
use diff2d_arrays::progress::Progress;
use diff2d_arrays::stats::{self, Options};
use table::{Row, Table};

pub(super) fn stats(args: &StatsArgs, terminal: &Terminal) -> Result<(), Error> {
    let options = Options {
        skip_nan: args.skip_nan,
        memory: args.memory,
    };
    if let [file] = &args.files[..] {
        let array = input::open(file, args, terminal)?;
        if args.follow {
            return each_snapshot(args, array, options, terminal);
        }
        return match &args.axis {
            None => whole::whole(args, &array, None, options, terminal),
            Some(text) => along::along(args, &array, text, options, terminal),
        };
    }
    if args.follow || args.axis.is_some() || args.output.is_some() || args.histogram.is_some() {
        return Err(Error::Usage(
            "several files have a row each: --axis, --histogram, --follow and -o take one file at a time".to_owned(),
        ));
    }
    for (number, file) in args.files.iter().enumerate() {
        let array = input::open(file, args, terminal)?;
        let name = Some((number, file.display().to_string()));
        whole::whole(args, &array, name, options, terminal)?;
    }
    Ok(())
}

/// The six numbers of every snapshot, as soon as it is there.
fn each_snapshot(
    args: &StatsArgs,
    mut array: JournalledArray,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    can_follow(&array)?;
    let first = array.npy.shape.first().copied().unwrap_or(1);
    let frame: u64 = array.npy.shape.iter().skip(1).product();
    let rows = NpyHeader::new(vec![first], Dtype::F64, false);
    let table = Table::of(args, &rows);
    table.begin(terminal)?;
    let followed = follow(&mut array, |array, mut new| {
        new.try_for_each(|place| {
            let places = place * frame..(place + 1) * frame;
            let statistics = stats::part(array, places, options, &Progress::default())?;
            let row = Row {
                place,
                statistics: &statistics,
                quantiles: &[],
                coordinates: Vec::new(),
            };
            table.rows(&[row], terminal)
        })
    })?;
    followed.conclude()
}
