//! `diff2d stats`: count, sum, mean, standard deviation, minimum and maximum; quantiles and histograms.

mod along;
mod args;
mod groups;
mod input;
mod places;
mod record;
mod results;
mod whole;

pub(super) use args::StatsArgs;

use super::{
    follow::{can_follow, follow},
    masked::left_out,
    rows::{Cell, Column},
    terminal::Terminal,
};
use crate::cli::error::Error;
use diff2d::JournalledArray;
use diff2d_arrays::progress::Progress;
use diff2d_arrays::stats::{self, Options};

pub(super) fn stats(args: &StatsArgs, terminal: &Terminal) -> Result<(), Error> {
    if let [file] = &args.files[..]
        && let Some(record) = super::record::named(file)?
    {
        return record::columns(args, &record, terminal);
    }
    args.check()?;
    let has_names = args.files.len() > 1;
    let names = has_names.then(|| Column::new("file"));
    let mut table = results::table(args, Vec::from_iter(names), terminal);
    for file in &args.files {
        let array = input::open(file, args, terminal)?;
        let masked = left_out(&array, args.keep_nan, args.memory, terminal)?;
        let options = Options {
            skip_nan: args.skip_nan || masked,
            above: args.above,
            memory: args.memory,
        };
        match (&args.axis, args.by) {
            (Some(axes), Some(part)) => {
                return groups::by(args, array, axes, part, options, terminal);
            }
            (Some(axes), None) => return along::along(args, array, axes, options, terminal),
            (None, _) if args.follow => return each_snapshot(args, array, options, terminal),
            (None, _) => {
                let name = has_names.then(|| file.display().to_string());
                whole::whole(args, array, options, name, &mut table, terminal)?;
            }
        }
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
    let frame: u64 = array.npy.shape.iter().skip(1).product();
    let mut table = results::table(args, vec![Column::index(1)], terminal);
    table.print_head()?;
    follow(&mut array, |array, mut new| {
        new.try_for_each(|snapshot| {
            let elements = snapshot * frame..(snapshot + 1) * frame;
            let statistics = stats::part(array, elements, options, &Progress::default())?;
            let index = vec![Cell::Index(vec![snapshot])];
            table.print(vec![results::row(args, index, options, &statistics, &[])])
        })
    })?
}
