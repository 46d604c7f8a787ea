//! `diff2d flux`: what comes in at each snapshot of a cube.

use super::{
    along::Along,
    open,
    rows::{Cell, Column, Rows, Style},
    selection::Selection,
    terminal::Terminal,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    Commit, Cube, FluxTable, JournalledArray,
    program::{
        cube::telling,
        params::number_of,
        run::{EffectiveDiffusivity, FluxField, PixelEnds, warning_on_effective},
    },
};
use diff2d_arrays::{
    labels::{Labels, NamedAxis},
    npy::Dtype,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    iter,
    path::{Path, PathBuf},
};

/// Print what comes in per time through walls, from held nodes and the source, and by decay, at each snapshot of a cube
///
/// From the values of the snapshot and the parameters of its journal; what leaves is negative. The rates are bit for bit those of
/// a record.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d flux output/diff2dparams.npy
  diff2d flux output/diff2dparams.npy --snapshots -1: --json
  diff2d flux output/wall.npy --snapshots -1 --field -o flux.npy
  diff2d flux pores.npy --effective --pixels")]
pub(super) struct FluxArgs {
    /// The cube of a run; with --effective also that of a sweep, whose scenarios have a row each
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// Snapshots, as K, START:STOP[:STEP] or several with commas between, from the end if negative; also times, t=0.5,1:2.
    /// `unexplained` counts from the first of them, by trapezoids over them
    #[arg(long, value_name = "R", default_value = ":")]
    snapshots: String,
    /// The new place of an input file that has moved, such as --set function.T.file=T.csv (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    moved: Vec<String>,
    /// Print the effective diffusivity of a steady state between two fixed walls instead, and with a mask porosity, formation
    /// factor and tortuosity
    #[arg(long, conflicts_with = "snapshots")]
    effective: bool,
    /// With --effective: count every node as a whole pixel, also on the edges; the fixed values hold in the centres of the
    /// outermost pixels, as in PoreSpy, or on their outer faces, as in taufactor
    #[arg(
        long,
        value_name = "ENDS",
        requires = "effective",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "centres",
        value_parser = pixel_ends
    )]
    pixels: Option<PixelEnds>,
    /// Write the flux at the nodes instead, an array (snapshot, component, y, x): what passes per time and length, or around an
    /// axis per area, along x and along y
    #[arg(long, requires = "output", conflicts_with_all = ["effective", "json", "csv"])]
    field: bool,
    /// With --field: the array to write
    #[arg(long, short, value_name = "FLUX.npy", requires = "field")]
    output: Option<PathBuf>,
    /// With --field: replace an array that is there
    #[arg(long, requires = "field")]
    force: bool,
    /// Print JSON: an array of objects, with --effective one object
    #[arg(long)]
    json: bool,
    /// Print CSV with a header line (the default)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) fn flux(args: &FluxArgs, terminal: &Terminal) -> Result<(), Error> {
    let cube = Cube::open(&args.cube)?;
    if args.effective {
        return effective(&cube, args, terminal);
    }
    let times = cube.run().map(|run| run.axes(cube.times()));
    let snapshots = Along {
        file: &args.cube,
        word: "snapshot",
        count: cube.committed(),
        times: times.as_ref().map(|[times, ..]| times),
    };
    let selection = Selection::parse_along_one_axis("--snapshots", &args.snapshots)?;
    let (chosen, at_times) = snapshots.slices(&selection)?;
    snapshots.tell(&selection, &at_times, |index| index, terminal);
    let commits = cube.commits().iter();
    let commits: Vec<_> = commits
        .filter(|commit| chosen.iter().any(|slice| slice.contains(commit.index)))
        .collect();
    if let Some(output) = &args.output {
        return write_field(&cube, &commits, output, args);
    }
    let table = FluxTable::of(&cube, &commits, &args.moved)?;
    terminal.warn(table.warning.as_slice());
    rates(&table).print(terminal, args.json)
}

/// Writes the flux at the nodes of some snapshots.
fn write_field(
    cube: &Cube,
    commits: &[&Commit],
    output: &Path,
    args: &FluxArgs,
) -> Result<(), Error> {
    let mut field = FluxField::new(cube, &args.moved)?;
    let times = commits.iter().map(|commit| commit.simtime).collect();
    let axes = cube.run().map(|run| run.axes(times));
    let components = ["x", "y"].map(str::to_owned).into();
    let component = NamedAxis::labelled("component", components);
    let labels = Labels {
        quantity: Some("flux".to_owned()),
        unit: Some(field.unit()),
        is_masked: field.is_masked(),
        ..Labels::of_axes(
            axes.map_or_else(Vec::new, |[t, y, x]| [t, component, y, x].map(Some).into()),
        )
    };
    let [.., ny, nx] = cube.header().shape()[..] else {
        return Ok(());
    };
    let shape = vec![commits.len() as u64, 2, ny, nx];
    let input_files = JournalledArray::open(&args.cube)?.files();
    let array = open::create(output, shape, Dtype::F64, false, &input_files, args.force)?;
    for (number, commit) in (0..).zip(commits) {
        let densities = field.of(cube, commit)?;
        let bytes: Vec<u8> = densities
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        array.data.write(number * 2 * ny * nx, &bytes)?;
    }
    open::finish(array, &labels)
}

fn pixel_ends(text: &str) -> Result<PixelEnds, String> {
    match text {
        "centres" => Ok(PixelEnds::Centres),
        "faces" => Ok(PixelEnds::Faces),
        _ => Err("expected centres or faces".to_owned()),
    }
}

/// Answers with the effective diffusivity of the last snapshot, of a sweep of that of each scenario.
fn effective(cube: &Cube, args: &FluxArgs, terminal: &Terminal) -> Result<(), Error> {
    if cube.header().is_sweep() {
        return effective_of_scenarios(cube, args, terminal);
    }
    let commit = cube.commits().last().ok_or_else(|| {
        Error::Usage(format!(
            "{}: it has no committed snapshot yet, and --effective is that of a steady state",
            args.cube.display()
        ))
    })?;
    let answer = EffectiveDiffusivity::of(cube, commit, args.pixels, &args.moved)?;
    if answer.effective == 0.0 {
        terminal.note("nothing passes: no path leads from one fixed wall to the other");
    } else if args.pixels.is_none() {
        terminal.warn(warning_on_effective(cube, &args.moved)?.as_slice());
    }
    let style = if args.csv {
        Style::Csv
    } else {
        Style::Lines(17)
    };
    let numbers = answer.numbers().into_iter();
    let numbers = numbers.filter_map(|(name, number)| Some((name, number?)));
    let (columns, cells): (_, Vec<Cell>) = numbers
        .map(|(name, number)| (Column::new(name), Cell::from(number)))
        .unzip();
    let rows = Rows {
        columns,
        style,
        count: 1,
        row: Box::new(|_| cells.iter().cloned().collect()),
    };
    let row = (rows.row)(0);
    terminal.value(&row.into_value(&rows.columns), &rows, args.json)
}

/// Answers with a row for each scenario that is there: what tells it from the others, and its effective diffusivity.
fn effective_of_scenarios(cube: &Cube, args: &FluxArgs, terminal: &Terminal) -> Result<(), Error> {
    let keys = telling(cube.header());
    let mut last_commits: BTreeMap<usize, Commit> = BTreeMap::new();
    for commit in cube.each_commit()? {
        let commit = commit?;
        last_commits.insert(commit.id().scenario(), commit);
    }
    let rows: Vec<Vec<Cell>> = last_commits
        .iter()
        .map(|(&number, commit)| {
            let answer = EffectiveDiffusivity::of(cube, commit, args.pixels, &args.moved)?;
            let scenario = cube.header().scenario(number);
            let values = keys.iter().map(|key| {
                let params = scenario.as_ref().map(|scenario| &scenario.params);
                let number = params.and_then(|params| number_of(params, key));
                let value = params.and_then(|params| params.value(key));
                match (number, value) {
                    (Some(number), _) => Cell::from(number),
                    (None, Some(Value::String(word))) => Cell::Text(word.clone()),
                    (None, Some(value)) => Cell::Text(value.to_string()),
                    (None, None) => Cell::Empty,
                }
            });
            let numbers = answer.numbers().into_iter();
            let numbers = numbers.map(|(_, number)| number.map_or(Cell::Empty, Cell::from));
            let first = iter::once(Cell::from(number as u64));
            Ok(first.chain(values).chain(numbers).collect())
        })
        .collect::<Result<_, Error>>()?;
    let names = EffectiveDiffusivity::NAMES.map(str::to_owned);
    let names = iter::once("scenario".to_owned()).chain(keys).chain(names);
    let table = Rows {
        columns: names.map(Column::new).collect(),
        style: Style::Csv,
        count: rows.len(),
        row: Box::new(|number| rows[number].iter().cloned().collect()),
    };
    table.print(terminal, args.json)
}

/// A row for each snapshot, with its rates.
fn rates(table: &FluxTable) -> Rows<'_> {
    let rate_names = table.names.iter().map(|name| format!("{name}_rate"));
    let first_names = ["snapshot", "t"].map(str::to_owned).into_iter();
    let names = first_names
        .chain(rate_names)
        .chain(["unexplained".to_owned()]);
    Rows {
        columns: names.map(Column::new).collect(),
        style: Style::Csv,
        count: table.rows.len(),
        row: Box::new(|number| {
            let row = &table.rows[number];
            let rates = row.rates.iter().copied();
            let numbers = iter::once(row.t).chain(rates).chain([row.unexplained]);
            let snapshot = Cell::from(row.snapshot);
            iter::once(snapshot)
                .chain(numbers.map(Cell::from))
                .collect()
        }),
    }
}
