//! A row for every index along the remaining axes, or an array of such results.

use super::{args::StatsArgs, places::Results};
use crate::cli::{axes::Axes, bar::Unit, error::Error, select, terminal::Terminal};
use diff2d::{
    JournalledArray,
    program::measured::{Date, TimeUnit},
};
use diff2d_arrays::{
    labels::NamedAxis,
    npy::Slice,
    stats::{Options, Select},
};
use std::ops::Range;

pub(super) fn along(
    args: &StatsArgs,
    array: JournalledArray,
    text: &str,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let (array, select, reduced) = match args.every {
        Some(period) => by_period(array, &select, text, period, terminal)?,
        None => {
            let axes = Axes::of(&array);
            let reduced = match args.op {
                Some(_) => vec![axes.axis(text)?],
                None => axes.axes(text)?,
            };
            (array, select, reduced)
        }
    };
    let (array, select) = (&array, &select);
    let mut results = Results::new(args, array, select, &reduced, None, options, terminal)?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    let bar = terminal.bar(
        results.readings() * elements * array.npy.dtype.bytes as u64,
        Unit::Bytes,
    );
    if args.op.is_some() {
        let axis = reduced[0];
        let axes = Axes::of(array);
        let abscissas = Abscissas::of(&axes, axis)?;
        abscissas.tell_units(&axes, axis, &select[axis], terminal)?;
        let place = |index| abscissas.at(&axes, axis, index);
        results.add_trends(array, select, axis, place, bar.progress())?;
    } else {
        results.add(array, select, &reduced, (0, None), bar.progress())?;
    }
    drop(bar);
    let labels = array.labels.of_box(select).without(&reduced);
    results.finish(labels)
}

/// The difference of distances, relative to the shortest one, by which coordinates are not equally far apart.
const UNEVEN: f64 = 1e-3;

/// The box of an array with its axis divided into periods: the array, the whole of it, and the axis of the periods.
fn by_period(
    array: JournalledArray,
    select: &Select,
    text: &str,
    period: u64,
    terminal: &Terminal,
) -> Result<(JournalledArray, Select, Vec<usize>), Error> {
    let axis = Axes::of(&array).axis(text)?;
    let length = select[axis].end - select[axis].start;
    if length < period {
        return Err(Error::Usage(format!(
            "--every {period}: axis {axis} has {length} indices, and so no whole period"
        )));
    }
    let remainder = length % period;
    if remainder > 0 {
        terminal.note(&format!(
            "--every {period}: the last {remainder} of {length} indices along axis {axis} are no whole period, and are left out"
        ));
    }
    let axes = Axes::of(&array);
    let coordinates = select[axis]
        .clone()
        .map_while(|index| axes.coordinate(axis, index));
    let coordinates: Vec<f64> = coordinates.collect();
    let distances = coordinates.windows(2).map(|pair| pair[1] - pair[0]);
    let [shortest, longest] = [
        distances.clone().fold(f64::INFINITY, f64::min),
        distances.fold(0.0, f64::max),
    ];
    if longest > shortest * (1.0 + UNEVEN) {
        terminal.note(&format!(
            "--every {period}: indices along axis {axis} are from {shortest:?} to {longest:?} apart, so periods of {period} indices are not equally long"
        ));
    }
    let slices: Vec<Slice> = select.iter().map(|range| Slice::new(range, 1)).collect();
    let is_period_first = array.npy.fortran_order;
    let array = array.view(&slices).split(axis, period);
    let region = array.shape().into_iter().map(|length| 0..length).collect();
    Ok((array, region, vec![axis + usize::from(is_period_first)]))
}

/// The coordinates of the axis of a trend.
enum Abscissas {
    /// The coordinates of the axis, or the indices in the file.
    OfAxis,
    /// Times since the first date of the axis, in a unit.
    OfDates(Vec<f64>, TimeUnit, Date),
}

impl Abscissas {
    /// The coordinates of an axis. Dates become times in the largest unit that no two of them are closer than.
    fn of(axes: &Axes<'_>, axis: usize) -> Result<Self, Error> {
        let Some(labels) = axes.labels(axis) else {
            return Ok(Self::OfAxis);
        };
        let dates = labels.iter().map(|label| Date::parse(label, None).ok());
        let dates: Option<Vec<Date>> = dates.collect();
        let seconds = dates.as_deref().and_then(|dates| {
            let first = *dates.first()?;
            let seconds: Vec<f64> = dates.iter().map(|date| *date - first).collect();
            let ascend = seconds.windows(2).all(|pair| pair[0] < pair[1]);
            ascend.then_some((first, seconds))
        });
        let Some((first, mut times)) = seconds else {
            return Err(Error::Usage(format!(
                "--op trend: axis {axis} has words for coordinates, which are no numbers or dates that ascend, so there is no slope along it"
            )));
        };
        let distances = times.windows(2).map(|pair| pair[1] - pair[0]);
        let shortest = distances.fold(f64::INFINITY, f64::min);
        let mut units = TimeUnit::ALL.into_iter().rev();
        let unit = units
            .find(|unit| unit.seconds() <= shortest)
            .unwrap_or(TimeUnit::S);
        times.iter_mut().for_each(|time| *time /= unit.seconds());
        Ok(Self::OfDates(times, unit, first))
    }

    /// The coordinate of an index along the axis.
    fn at(&self, axes: &Axes<'_>, axis: usize, index: u64) -> f64 {
        match self {
            Self::OfAxis => axes
                .coordinate(axis, index)
                .unwrap_or(axes.array.index_in_file(axis, index) as f64),
            Self::OfDates(times, ..) => times.get(index as usize).copied().unwrap_or(f64::NAN),
        }
    }

    /// Says in which units the trends along a range of an axis are.
    fn tell_units(
        &self,
        axes: &Axes<'_>,
        axis: usize,
        range: &Range<u64>,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        let length = range.end - range.start;
        if length < 2 {
            let verb = if length == 1 { "is" } else { "are" };
            return Err(Error::Usage(format!(
                "--op trend: a straight line takes two values at least, and there {verb} {length} along axis {axis}"
            )));
        }
        let labels = &axes.labels;
        let named = labels.axis(axis);
        let unit = named.and_then(|axis| axis.unit.as_deref());
        let reference = named.and_then(NamedAxis::reference);
        let of_dates = match (self, reference) {
            (Self::OfDates(_, unit, first), _) => Some((*unit, *first)),
            (_, Some(reference)) => {
                let mut units = TimeUnit::ALL.into_iter();
                let unit = units.find(|unit| unit.seconds() == reference.seconds());
                unit.map(|unit| (unit, reference.origin()))
            }
            _ => None,
        };
        let sentence = match (of_dates, labels.unit_of("p"), unit) {
            (Some((unit, first)), p, _) => format!(
                "slopes are {} {}, intercepts are values at {first}",
                p.map_or_else(|| "changes per".to_owned(), |p| format!("in {p} per")),
                unit.name()
            ),
            _ if named.and_then(NamedAxis::spacing).is_none() => format!(
                "axis {axis} has no coordinates: slopes are changes from one index to the next"
            ),
            (_, Some(p), Some(unit)) => format!("slopes are in {p}/{unit}, intercepts in {p}"),
            (_, Some(p), None) => format!("intercepts are in {p}"),
            (_, None, Some(unit)) => format!("slopes are changes per {unit}"),
            (_, None, None) => return Ok(()),
        };
        terminal.note(&sentence);
        Ok(())
    }
}
