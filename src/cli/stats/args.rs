//! Options of `stats`.

use crate::cli::{error::Error, groups::CalendarPart, open::InputArgs, typed, values};
use clap::Args;
use std::path::PathBuf;

/// Count, sum, mean, std, min and max of any .npy file, in one pass; quantiles and histograms
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d stats output/diff2dparams.npy --json
  diff2d stats output/diff2dparams.npy --axis y,x --select t=1: --csv
  diff2d stats huge.npy --axis 0 -o columns.npy
  diff2d stats output/diff2dparams.npy --axis t --op trend -o trend.npy
  diff2d stats output/diff2dparams.npy --axis t --above 0.5 --csv
  diff2d stats hourly.npy --axis 0 --every 24 -o mean_day.npy
  diff2d stats hourly.npy --axes t:h:since=2023-01-01,lat,lon --axis t --by month -o months.npy
  diff2d stats huge.npy --quantiles 0.05,0.5,0.95 --histogram 20:0:1 --skip-nan
  diff2d stats flat.bin --raw f4:1000x2000
  diff2d stats output/wall.record.csv --quantiles 0.05,0.95
  ssh node cat big.npy | diff2d stats -")]
pub(in super::super) struct StatsArgs {
    /// Any .npy files, - standard input. The record of a run,
    /// STEM.record.csv, has a row for each of its columns
    #[arg(value_name = "FILE.npy", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Along these axes only: numbers (negative from the end), or t, y, x of a cube
    #[arg(long, value_name = "A[,B…]")]
    pub(super) axis: Option<String>,
    /// With --axis: a result for each place in a period of N indices along the axis, over all whole periods; for hourly values 24
    /// is the mean day
    #[arg(long, value_name = "N", requires = "axis", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) every: Option<u64>,
    /// With --axis, of an axis with dates: a result for each year, season, month, day of the month or hour of the day that there is
    #[arg(long, value_name = "PART", requires = "axis", conflicts_with_all = ["every", "op"], value_enum)]
    pub(super) by: Option<CalendarPart>,
    /// Look only at this part: a range as in Python for every axis, such as 2:8 or ::24, or t=, y=, x= from:to, and :step. A single
    /// index or value drops its axis
    #[arg(long, value_name = "R0,R1,…")]
    pub(super) select: Option<String>,
    /// Instead of the six: trend, the slope and the intercept of the straight line that is nearest to the values along
    /// the axis by least squares, over its coordinates or, without any, its indices
    #[arg(long, value_parser = ["trend"], conflicts_with_all = ["above", "quantiles", "histogram", "follow", "every"])]
    pub(super) op: Option<String>,
    /// Also how many values lie above V, and their fraction; NaN does not count
    #[arg(long, value_name = "V", value_parser = limit)]
    pub(super) above: Option<f64>,
    /// Also these quantiles, from 0 to 1, exact (NumPy's linear)
    #[arg(long, value_name = "Q,…", value_delimiter = ',', value_parser = quantile)]
    pub(super) quantiles: Vec<f64>,
    /// Also how many elements lie in each of N bins [default: from the minimum to the maximum]
    #[arg(
        long,
        value_name = "N[:LO:HI]",
        value_parser = bins,
        conflicts_with_all = ["axis", "output", "csv"]
    )]
    pub(super) histogram: Option<Bins>,
    /// Write the results as f8 with a leading axis: count, sum, mean, std, min, max, and what else is asked
    /// for; slope and intercept
    #[arg(long, short, value_name = "OUT.npy")]
    pub(super) output: Option<PathBuf>,
    /// Replace OUT.npy if it exists
    #[arg(long, requires = "output")]
    pub(super) force: bool,
    /// A row for every snapshot of a run, as it is committed
    #[arg(long, conflicts_with_all = ["axis", "output", "select", "quantiles", "histogram"])]
    pub(super) follow: bool,
    /// Leave NaN out, as masked nodes of cubes are
    #[arg(long)]
    pub(super) skip_nan: bool,
    /// Take the NaN of masked nodes as NumPy does: results that they are part of are NaN
    #[arg(long, conflicts_with = "skip_nan")]
    pub(super) keep_nan: bool,
    /// Print JSON: one object, or with --axis or several files one a line
    #[arg(long, conflicts_with = "output")]
    pub(super) json: bool,
    /// Print CSV with a header line
    #[arg(long, conflicts_with_all = ["output", "json"])]
    pub(super) csv: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    pub(super) memory: u64,
}

impl StatsArgs {
    /// Refuses options that do not go together.
    pub(super) fn check(&self) -> Result<(), Error> {
        let takes_one_file =
            self.follow || self.axis.is_some() || self.output.is_some() || self.histogram.is_some();
        if self.files.len() > 1 && takes_one_file {
            return Err(Error::Usage(
                "several files have a row each: --axis, --histogram, --follow and -o take one file at a time".to_owned(),
            ));
        }
        if self.op.is_some() && self.axis.is_none() {
            return Err(Error::Usage(
                "--op trend is along an axis: --axis says which, such as --axis t or --axis 0"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Bins of a histogram, and from where to where if that is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    pub(super) count: usize,
    pub(super) ends: Option<[f64; 2]>,
}

fn quantile(text: &str) -> Result<f64, String> {
    let q = text.trim().parse().ok();
    q.filter(|q| (0.0..=1.0).contains(q))
        .ok_or_else(|| "expected quantiles from 0 to 1, such as 0.05,0.5,0.95".to_owned())
}

fn limit(text: &str) -> Result<f64, String> {
    values::finite(text).ok_or_else(|| "expected a number, such as 0.5".to_owned())
}

/// The most bins that a histogram may have.
const MOST_BINS: usize = 1 << 20;

fn bins_expected() -> String {
    format!("expected 1 to {MOST_BINS} bins, and perhaps their ends, such as 20 or 20:-1:1")
}

fn bins(text: &str) -> Result<Bins, String> {
    let (count, range) = match typed::fields(text)[..] {
        [count] => (count, None),
        [count, low, high] => (count, Some([low, high])),
        _ => return Err(bins_expected()),
    };
    let count = count
        .trim()
        .parse()
        .ok()
        .filter(|count| (1..=MOST_BINS).contains(count));
    let range = match range.map(|range| range.map(values::finite)) {
        None => None,
        Some([Some(low), Some(high)]) if low <= high => Some([low, high]),
        Some(_) => return Err(bins_expected()),
    };
    count
        .map(|count| Bins { count, ends: range })
        .ok_or_else(bins_expected)
}
