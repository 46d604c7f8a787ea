//! `diff2d stats`: count, sum, mean, standard deviation, minimum and maximum; quantiles and histograms.

mod along;
mod args;
mod input;
mod record;
mod results;
mod whole;

pub(super) use args::StatsArgs;

use super::{
    follow::{can_follow, follow},
    masked::left_out,
    rows::{Row, Style, Table},
    terminal::Terminal,
};
use crate::{cube::JournalledArray, error::Error};
use diff2d_arrays::progress::Progress;
use diff2d_arrays::{
    Statistics,
    stats::{self, Options},
};

pub(super) fn stats(args: &StatsArgs, terminal: &Terminal) -> Result<(), Error> {
    let six = Statistics::NAMES;
    let names = match (&args.op, args.above) {
        (Some(_), _) => vec!["slope", "intercept"],
        (None, None) => six.to_vec(),
        (None, Some(_)) => [&six[..], &["above", "fraction"]].concat(),
    };
    let quantiles = args.quantiles.iter().map(|q| format!("q{q}"));
    let mut table = Table {
        style: match (args.csv, terminal.takes_values(args.json)) {
            (true, _) => Style::Csv,
            (_, true) => Style::Json,
            _ => Style::Text,
        },
        of: None,
        indices: None,
        coordinates: Vec::new(),
        in_json: names.len(),
        values: names
            .into_iter()
            .map(str::to_owned)
            .chain(quantiles)
            .collect(),
        terminal,
    };
    if let [file] = &args.files[..]
        && let Some(record) = super::record::named(file)?
    {
        return record::columns(args, &record, table);
    }
    let is_alone = args.files.len() == 1;
    if !is_alone
        && (args.follow || args.axis.is_some() || args.output.is_some() || args.histogram.is_some())
    {
        return Err(Error::Usage(
            "several files have a row each: --axis, --histogram, --follow and -o take one file at a time".to_owned(),
        ));
    }
    for (number, file) in args.files.iter().enumerate() {
        let array = input::open(file, args, terminal)?;
        let masked = left_out(&array, args.keep_nan, args.memory, terminal)?;
        let options = Options {
            skip_nan: args.skip_nan || masked,
            above: args.above,
            memory: args.memory,
        };
        if args.follow {
            return each_snapshot(args, array, options, table);
        }
        if let Some(text) = &args.axis {
            return along::along(args, array, text, options, table);
        }
        if args.op.is_some() {
            return Err(Error::Usage(
                "--op trend is along an axis: --axis says which, such as --axis t or --axis 0"
                    .to_owned(),
            ));
        }
        table.of = (!is_alone).then(|| ("file", file.display().to_string()));
        whole::whole(args, array, options, &table, number == 0)?;
    }
    Ok(())
}

/// The six numbers of every snapshot, as soon as it is there.
fn each_snapshot(
    args: &StatsArgs,
    mut array: JournalledArray,
    options: Options,
    table: Table<'_>,
) -> Result<(), Error> {
    can_follow(&array)?;
    let frame: u64 = array.npy.shape.iter().skip(1).product();
    let table = Table {
        indices: Some(1),
        ..table
    };
    table.print_head()?;
    let followed = follow(&mut array, |array, mut new| {
        new.try_for_each(|place| {
            let places = place * frame..(place + 1) * frame;
            let statistics = stats::part(array, places, options, &Progress::default())?;
            table.print(&[Row {
                index: vec![place],
                ..results::row(args, &table, options, &statistics, &[])
            }])
        })
    })?;
    followed.conclude()
}
