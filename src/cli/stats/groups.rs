//! A result for each group of the dates of an axis: `--by month`.

use super::{args::StatsArgs, places::Results};
use crate::cli::{
    axes::Axes,
    bar::Unit,
    error::Error,
    groups::{CalendarPart, Groups, date_times},
    rows::{Cell, Column},
    select,
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    npy::{Scalar, Slice},
    stats::{Options, Select},
};

pub(super) fn by(
    args: &StatsArgs,
    mut array: JournalledArray,
    text: &str,
    part: CalendarPart,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    date_times(&mut array);
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let axis = Axes::of(&array).axis(text)?;
    let slices: Vec<Slice> = select.iter().map(|range| Slice::new(range, 1)).collect();
    let mut array = array.view(&slices);
    let option = format!("--by {}", part.name());
    let groups = Groups::of(&Axes::of(&array), axis, part, &option)?;
    let whole: Select = array.shape().into_iter().map(|length| 0..length).collect();
    let column = Column::new(part.name()).of_width(6);
    let count = groups.indices.len() as u64;
    let of_groups = Some((count, column));
    let mut results = Results::new(args, &array, &whole, &[axis], of_groups, options, terminal)?;
    let bytes = results.readings() * array.elements() * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let mut labels = array.labels.without(&[axis]);
    for (place, (&number, indices)) in (0..).zip(&groups.indices) {
        array.pick(axis, indices.clone(), None);
        let select: Select = array.shape().into_iter().map(|length| 0..length).collect();
        let cell = match part {
            CalendarPart::Season => Cell::Text(groups.name(number)),
            _ => Cell::Number(Scalar::Integer(number.into())),
        };
        let group = (place, Some(cell));
        results.add(&array, &select, &[axis], group, bar.progress())?;
    }
    drop(bar);
    labels.axes.insert(axis, Some(groups.axis()));
    results.finish(labels)
}
