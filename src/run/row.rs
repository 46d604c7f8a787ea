//! [`Row`]: a row of a record. [`RecordOfRun`]: all rows of a run. [`RowReader`] reads rows from states.

use super::{
    columns::Columns,
    decomposition::Decomposition,
    error::RunError,
    state::{Look, RowsView},
    state_reader::{StateReader, StateValues},
    sums::Sums,
};
use crate::{
    comm::{Comm, collective},
    measured::Date,
    params::{RowNumber, RowTimes, StepMethod},
    physics::step_sums::StepSums,
    problem::{Footprint, Problem},
    schedule::Clock,
    summary::Summary,
};
use std::fmt::Write;

/// A row of a record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The number of steps up to the row.
    pub(crate) step: u64,
    /// The simulated time \[time\].
    pub(crate) time: f64,
    /// The numbers of the columns behind the time.
    pub(crate) numbers: Vec<f64>,
}

impl Row {
    /// The row in a line of a record with these columns.
    pub(super) fn of_line(line: &str, columns: &Columns) -> Option<Self> {
        let step_place = columns.columns_before_time() - 1;
        let mut numbers = line.trim_end().split(',').skip(step_place);
        Some(Self {
            step: numbers.next()?.parse().ok()?,
            time: numbers.next()?.parse().ok()?,
            numbers: numbers
                .skip(usize::from(columns.has_dates()))
                .map(str::parse)
                .collect::<Result<_, _>>()
                .ok()?,
        })
    }

    /// The number in a column of the record, counted without the column of scenarios.
    pub(crate) fn number(&self, column: usize) -> Option<f64> {
        match column {
            0 => Some(self.step as f64),
            1 => Some(self.time),
            _ => self.numbers.get(column - 2).copied(),
        }
    }

    /// The line of the row, in a sweep with the number of its scenario, and with its date if it is given.
    pub(super) fn line(&self, scenario: Option<usize>, date: Option<Date>) -> String {
        let mut line = match scenario {
            Some(number) => format!("{number},{},{:?}", self.step, self.time),
            None => format!("{},{:?}", self.step, self.time),
        };
        // Writing to a String cannot fail.
        if let Some(date) = date {
            let _ = write!(line, ",{date}");
        }
        for number in &self.numbers {
            let _ = write!(line, ",{number:?}");
        }
        line.push('\n');
        line
    }
}

/// The rows of a run, and the step with which it has ended.
pub(crate) struct RecordOfRun {
    /// The rows of the record; none without a record.
    pub(crate) rows: Vec<Row>,
    /// The number of steps of a run that has ended early.
    pub(crate) end_step: Option<u64>,
}

/// The rule by which rows sum what has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowSums {
    /// Sums of steps if the parameters record every step, otherwise trapezoids over the rows.
    AsRecorded,
    /// Sums of steps, whatever the times of the rows, each of which is that of a step.
    OfSteps,
}

/// Reads rows from states.
///
/// Each rank reads the contributions of its own rows of the grid; rank 0 sums over all ranks in order, and has the rows.
pub(super) struct RowReader<'a> {
    problem: &'a Problem,
    columns: Columns,
    reader: StateReader<'a>,
    /// The inflow during the present step, if sums are those of steps.
    step_sums: Option<StepSums>,
    /// The time integrals of the rates since the beginning.
    sums: Sums<'a>,
    /// The mass in the first row, and what fixed walls and held nodes had brought until then.
    first_mass: f64,
    first_gain: f64,
    /// The value of `unexplained` in the last row, and the sum of the magnitudes of all inflow and outflow until then.
    unexplained: [f64; 2],
    /// A sentence on rates of the last row that have few correct digits, if there are any.
    few_digits: Option<String>,
    /// The error of reading a state within a step.
    failure: Option<RunError>,
}

impl<'a> RowReader<'a> {
    /// Reads the rows of a run, with these columns; `None` without a record. `start` is the state from which the run
    /// continues.
    ///
    /// # Errors
    /// [`RunError`] if an input file can no longer be read.
    pub(super) fn new(
        problem: &'a Problem,
        columns: &Columns,
        sums: RowSums,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
            return Ok(None);
        };
        let is_every_step = keys.times == RowTimes::Step || sums == RowSums::OfSteps;
        let sees_steps = is_every_step && keys.has_rates();
        Ok(Some(Self {
            problem,
            columns: columns.clone(),
            reader: StateReader::new(problem, keys, gauges),
            step_sums: sees_steps.then(|| problem.step_sums(start)),
            sums: Sums::new(problem)?,
            first_mass: 0.0,
            first_gain: 0.0,
            unexplained: [0.0; 2],
            few_digits: None,
            failure: None,
        }))
    }

    /// Continues behind rows, of which these are the first and the last one.
    pub(super) fn go_on(&mut self, [first, last]: &[Row; 2]) {
        let mut rates = vec![0.0; self.sums.gains.len()];
        let mut first_gains = rates.clone();
        let numbers = self.columns.numbers();
        for (number, (&first, &last)) in numbers.zip(first.numbers.iter().zip(&last.numbers)) {
            match number {
                RowNumber::Mass => self.first_mass = first,
                RowNumber::Gain(rate) | RowNumber::RegionGain(rate) => {
                    (first_gains[rate], self.sums.gains[rate]) = (first, last);
                }
                RowNumber::Rate(rate) | RowNumber::RegionRate(rate) => rates[rate] = last,
                RowNumber::Unexplained => self.unexplained = [last, 0.0],
                _ => {}
            }
        }
        self.sums.last = Some((last.time, rates));
        self.first_gain = self.sums.total(&first_gains)[0];
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The date that a row has in a file.
    pub(super) fn date(&self, row: &Row) -> Option<Date> {
        let calendar = self
            .problem
            .calendar()
            .filter(|_| self.columns.has_dates())?;
        Some(calendar.date(row.time))
    }

    /// Whether the rows need the states within every step.
    pub(super) fn sees_steps(&self) -> bool {
        self.step_sums.is_some()
    }

    /// Collective. Takes rows of a state from which stage `number` of a step computes increments; the calls are in the
    /// order of the rows.
    pub(super) fn see<C: Comm>(
        &mut self,
        number: usize,
        view: &RowsView<'_>,
        ranks: &Decomposition<'_, C>,
    ) {
        let Some(step_sums) = &mut self.step_sums else {
            return;
        };
        if let Err(error) = self
            .reader
            .read_rates(step_sums.time(number), step_sums.span(), view)
        {
            self.failure.get_or_insert(error);
        }
        if view.own.end == ranks.slab().own().end
            && let Some(rates) = self.reader.all_rates(ranks)
        {
            step_sums.add(number, rates);
        }
    }

    /// Collective. Adds the inflow during an observed step.
    pub(super) fn end_step<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
    ) -> Result<(), RunError> {
        if let Some(step_sums) = &mut self.step_sums {
            for (sum, gain) in self.sums.gains.iter_mut().zip(step_sums.end()) {
                *sum += gain;
            }
        }
        let failure = self.failure.take();
        collective::all_ok(ranks.comm(), failure.map_or(Ok(()), Err))
    }

    /// Collective. Reads the row of a state; on rank 0.
    pub(super) fn read<C: Comm>(
        &mut self,
        step: u64,
        time: f64,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<Option<Row>, RunError> {
        let read_result = show(&mut |rows| self.reader.read(time, rows));
        let has_sums = ranks.comm().is_root() && self.reader.fluxes().is_some();
        let begun = match has_sums && self.sums.last.is_none() {
            true => self.begin(),
            false => Ok(()),
        };
        collective::all_ok(ranks.comm(), read_result.and(begun))?;
        let values = self.reader.all(ranks);
        Ok(values.map(|values| self.row_of(step, time, values)))
    }

    /// Begins the sums with what fixed walls and held nodes bring by their jump from the initial state.
    fn begin(&mut self) -> Result<(), RunError> {
        let jumps = self.problem.jumps_at_start();
        let memory_needed = || Footprint::of(self.problem).bytes();
        self.sums.gains = jumps.map_err(|unready| RunError::unready(unready, memory_needed()))?;
        self.first_gain = self.sums.total(&self.sums.gains)[0];
        Ok(())
    }

    /// The row of a state, which ends the interval of the sums.
    fn row_of(&mut self, step: u64, time: f64, values: StateValues) -> Row {
        let StateValues {
            totals,
            mut rates,
            points,
            regions,
        } = values;
        let is_first = self.sums.last.is_none();
        if let Some(rates) = &mut rates {
            self.sums.add(time, rates, self.step_sums.is_none());
        }
        let summary = totals.unwrap_or(Summary::NONE);
        if totals.is_some() {
            if is_first {
                self.first_mass = summary.mass;
            }
            let mass_gain = summary.mass - self.first_mass + self.first_gain;
            self.unexplained = self.sums.unexplained(mass_gain);
            let largest = summary.min.abs().max(summary.max.abs());
            let fluxes = self.reader.fluxes();
            self.few_digits = fluxes.and_then(|fluxes| self.sums.few_digits(largest, fluxes));
        }
        let rates = rates.unwrap_or_default();
        let wall_sizes = self.problem.wall_sizes();
        let numbers = self.columns.numbers().map(|number| match number {
            RowNumber::Mass => summary.mass,
            RowNumber::Min => summary.min,
            RowNumber::Max => summary.max,
            RowNumber::Rate(rate) | RowNumber::RegionRate(rate) => rates[rate],
            RowNumber::Gain(rate) | RowNumber::RegionGain(rate) => self.sums.gains[rate],
            RowNumber::Unexplained => self.unexplained[0],
            // On an axis there is no wall, and nothing comes in.
            RowNumber::Flux(side) if wall_sizes[side] == 0.0 => 0.0,
            RowNumber::Flux(side) => rates[side] / wall_sizes[side],
            RowNumber::Point(point) => points[point],
            RowNumber::RegionMean(region) => regions[region].mean,
            RowNumber::RegionMin(region) => regions[region].min,
            RowNumber::RegionMax(region) => regions[region].max,
            RowNumber::RegionMass(region) => regions[region].mass,
        });
        let numbers = numbers.collect();
        Row {
            step,
            time,
            numbers,
        }
    }

    /// A warning, if more than a hundredth of the inflow is unexplained, or if rates have few correct digits.
    pub(super) fn warning(&self) -> Option<String> {
        /// The unexplained fraction above which there is a warning.
        const SHARE: f64 = 0.01;
        if self.problem.params.method == StepMethod::Steady {
            return self.few_digits.clone();
        }
        let [unexplained, size] = self.unexplained;
        (unexplained.abs() > SHARE * size && size > 0.0).then(|| {
            format!(
                "of the {size:.3e} that came in or went out, the record leaves {unexplained:.3e} unexplained: sums over its rows are not accurate, as those of a smaller record.every would be, or of record.every = \"step\""
            )
        })
    }
}
