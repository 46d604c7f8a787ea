//! [`Album`]: an array as a series of frames that can be drawn.

use crate::{
    cube::{
        JournalledArray, Record,
        journal::{Header, Scenario},
    },
    error::Error,
    plot::{
        self, Animation, Bitmap, Colormap, Extent, Frame, Range, Sheet, Style, evenly_spread,
        picture,
    },
    progress::Progress,
};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde_json::Value;
use std::path::Path;

/// The frames of an array: the matrix itself, the matrices along the first of three axes, the
/// committed snapshots of a run, or the last snapshot of each complete scenario of a sweep.
pub(super) struct Album<'a> {
    array: &'a JournalledArray,
    frames: Vec<Shown<'a>>,
}

/// One frame and what is known of it.
struct Shown<'a> {
    /// Its number among all matrices of the array.
    place: u64,
    record: Option<&'a Record>,
    scenario: Option<&'a Scenario>,
    name: Option<String>,
}

impl<'a> Album<'a> {
    pub(super) fn of(array: &'a JournalledArray) -> Result<Self, Error> {
        let header = array
            .journal
            .as_ref()
            .and_then(|journal| journal.header.as_ref());
        let frames: Vec<Shown<'a>> = match (array.npy.shape.len(), header) {
            (_, Some(header)) if header.is_sweep() => last_of_each(array, header),
            (3, Some(header)) => snapshots(array, header),
            (2, _) => vec![Shown::plain(0)],
            (3, _) => (0..array.available()).map(Shown::plain).collect(),
            (dimensions, _) => {
                return Err(Error::Usage(format!(
                    "{} has {dimensions} dimensions; pictures are drawn of two, or of three with time first",
                    array.path.display()
                )));
            }
        };
        if frames.is_empty() {
            return Err(Error::Usage(format!(
                "{} has no frame to draw yet",
                array.path.display()
            )));
        }
        Ok(Self { array, frames })
    }

    pub(super) fn len(&self) -> u64 {
        self.frames.len() as u64
    }

    pub(super) fn style(&self, colormap: Colormap, range: Range) -> Style {
        let scenario = self.frames[0].scenario;
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let cadence = self.array.run().map(|run| run.nper as f64 * run.dt);
        Style {
            colormap,
            range,
            cadence,
            quantity: scenario.map_or("", |_| "p").to_owned(),
        }
    }

    /// All finite values of some frames: one range for all of them.
    pub(super) fn range(&self, chosen: &[u64]) -> Result<Range, Error> {
        let ends: Vec<Vec<f64>> = chosen
            .par_iter()
            .map(|&index| match self.shown(index).record {
                Some(record) => Ok(vec![record.min, record.max]),
                None => Ok(Range::of([&self.values(index)?.view() as _])
                    .map_or_else(Vec::new, |range| vec![range.low(), range.high()])),
            })
            .collect::<Result<_, Error>>()?;
        Ok(Range::spanning(ends.into_iter().flatten()).unwrap_or_default())
    }

    /// The picture of one frame.
    pub(super) fn draw(&self, index: u64, style: &Style) -> Result<Bitmap, Error> {
        let values = self.values(index)?;
        Ok(picture(&self.frame(&values.view(), index), style)?)
    }

    /// All chosen frames on one page, evenly thinned out where they are too many.
    pub(super) fn sheet(&self, chosen: &[u64], style: &Style) -> Result<Bitmap, Error> {
        let shown: Vec<u64> = evenly_spread(chosen.len(), Sheet::MOST)
            .into_iter()
            .map(|place| chosen[place])
            .collect();
        let mut sheet = None;
        for &index in &shown {
            let values = self.values(index)?;
            let view = values.view();
            let frame = self.frame(&view, index);
            let sheet = match &mut sheet {
                Some(sheet) => sheet,
                empty => empty.insert(Sheet::new(&frame, shown.len(), style)?),
            };
            sheet.push(&frame)?;
        }
        Ok(sheet.ok_or(plot::Error::NoFrames)?.finish()?)
    }

    /// The chosen frames one after the other, in a file; `drawn` is told of each.
    pub(super) fn animate(
        &self,
        chosen: &[u64],
        style: &Style,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), Error> {
        let mut animation = Animation::new(path, style);
        for &index in chosen {
            let values = self.values(index)?;
            animation.push(&self.frame(&values.view(), index))?;
            progress.add(1);
        }
        Ok(animation.finish()?)
    }

    fn shown(&self, index: u64) -> &Shown<'a> {
        &self.frames[usize::try_from(index).unwrap_or(usize::MAX)]
    }

    fn values(&self, index: u64) -> Result<Array2<f64>, Error> {
        Ok(self.array.frame(self.shown(index).place)?)
    }

    fn frame<'v>(&'v self, values: &'v ArrayView2<'v, f64>, index: u64) -> Frame<'v> {
        let shown = self.shown(index);
        let frame = Frame::new(values, shown.extent());
        match (&shown.name, shown.record) {
            (Some(name), _) => frame.named(name),
            (None, Some(record)) => frame.at(record.simtime),
            (None, None) if self.frames.len() > 1 => {
                frame.numbered(usize::try_from(index).unwrap_or(usize::MAX))
            }
            (None, None) => frame,
        }
    }
}

impl<'a> Shown<'a> {
    fn plain(place: u64) -> Self {
        Self {
            place,
            record: None,
            scenario: None,
            name: None,
        }
    }

    fn extent(&self) -> Extent {
        let grid = self.scenario.and_then(Scenario::grid);
        grid.map_or_else(Extent::counted, |grid| {
            Extent::nodes(grid.x.extent(), grid.y.extent())
        })
    }
}

/// The committed snapshots of a run.
fn snapshots<'a>(array: &'a JournalledArray, header: &'a Header) -> Vec<Shown<'a>> {
    let records = array.journal.iter().flat_map(|journal| &journal.records);
    records
        .map(|record| Shown {
            place: record.index,
            record: Some(record),
            scenario: header.run(),
            name: None,
        })
        .collect()
}

/// The last snapshot of every scenario before the first that is not complete.
fn last_of_each<'a>(array: &'a JournalledArray, header: &'a Header) -> Vec<Shown<'a>> {
    let scenarios = header.scenarios();
    let complete = usize::try_from(array.available()).unwrap_or(0);
    let mut last = vec![None; scenarios.len()];
    for record in array.journal.iter().flat_map(|journal| &journal.records) {
        last[record.slot().scenario()] = Some(record);
    }
    let varied = varied(scenarios);
    let shown = scenarios.iter().zip(last).enumerate().take(complete);
    shown
        .map(|(number, (scenario, record))| Shown {
            place: number as u64 * header.snapshots_each() + scenario.snapshots() - 1,
            record,
            scenario: Some(scenario),
            name: Some(name(scenario, &varied)),
        })
        .collect()
}

/// The keys whose values differ between scenarios.
fn varied(scenarios: &[Scenario]) -> Vec<String> {
    let all: Vec<Value> = scenarios.iter().map(params).collect();
    let keys = all[0].as_object().into_iter().flatten().map(|(key, _)| key);
    keys.filter(|&key| all.iter().any(|other| other[key] != all[0][key]))
        .cloned()
        .collect()
}

/// What distinguishes a scenario from the others: `D = 0.5, dx = 1`.
fn name(scenario: &Scenario, varied: &[String]) -> String {
    let params = params(scenario);
    let value = |key: &String| match &params[key] {
        Value::String(word) => word.clone(),
        value => value
            .as_f64()
            .map_or_else(|| value.to_string(), |number| plot::short(number, 4)),
    };
    let pairs: Vec<String> = varied
        .iter()
        .map(|key| format!("{key} = {}", value(key)))
        .collect();
    pairs.join(", ")
}

fn params(scenario: &Scenario) -> Value {
    serde_json::to_value(&scenario.params).unwrap_or_default()
}
