//! [`RowTracker`]: writes the rows of a record, each from the state at the moment at which it is due.

use super::{
    columns::{self, order, rate_names},
    decomposition::Decomposition,
    error::RunError,
    reached::Reached,
    row_schedule::RowSchedule,
    state::{Look, RowsView},
    state_reader::{StateReader, StateValues},
    sums::Sums,
};
use crate::{
    comm::{Comm, collective},
    cube::{RecordColumn, streams::Stream},
    params::{RowTimes, StepMethod},
    physics::{fluxes::FIRST_HELD, step_sums::StepSums},
    problem::Problem,
    schedule::{Clock, Moment},
};
use std::fmt::Write;

/// The tracker of rows.
///
/// Each rank reads the contributions of its own rows of the grid; rank 0 has the stream, and sums over all ranks in
/// order.
pub(crate) struct RowTracker<'a> {
    problem: &'a Problem,
    columns: Vec<RecordColumn>,
    /// The number of the scenario in a sweep.
    scenario: Option<usize>,
    reader: StateReader<'a>,
    /// The inflow during the present step, if every step is recorded.
    step_sums: Option<StepSums>,
    /// The time integrals of the rates since the beginning.
    sums: Sums<'a>,
    /// The mass in the first row.
    first_mass: f64,
    /// The value of `unexplained` in the last row, and the sum of the magnitudes of all inflow and outflow until then.
    unexplained: [f64; 2],
    /// A sentence on rates of the last row that have few correct digits, if there are any.
    few_digits: Option<String>,
    /// The stream, on rank 0.
    stream: Option<Stream>,
    schedule: RowSchedule<'a>,
    /// The error of reading a state within a step.
    failure: Option<RunError>,
}

impl<'a> RowTracker<'a> {
    /// Collective. The tracker of a run whose parameters ask for a record; `start` is the state from which the run
    /// continues. If some rows are durable already, the tracker [goes on](Self::go_on) behind them.
    ///
    /// # Errors
    /// [`RunError`] if an input file can no longer be read.
    pub(super) fn new(
        problem: &'a Problem,
        stream: Option<Stream>,
        scenario: Option<usize>,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
            return Ok(None);
        };
        let is_every_step = keys.times == RowTimes::Step && keys.has_rates();
        Ok(Some(Self {
            problem,
            columns: columns::columns(problem, scenario.is_some()),
            scenario,
            reader: StateReader::new(problem, keys, gauges),
            step_sums: is_every_step.then(|| problem.step_sums(start)),
            sums: Sums::new(problem)?,
            first_mass: 0.0,
            unexplained: [0.0; 2],
            few_digits: None,
            stream,
            schedule: RowSchedule::new(problem, keys),
            failure: None,
        }))
    }

    /// Collective. Continues behind the rows in the stream: the schedule advances over them, and sums continue from the
    /// last row.
    ///
    /// # Errors
    /// [`RunError`] if the rows cannot be read.
    pub(super) fn go_on(&mut self, comm: &impl Comm) -> Result<(), RunError> {
        let count = self.stream.as_ref().map(|stream| stream.mark().count);
        let count = collective::from_root(comm, comm.is_root().then_some(count)).flatten();
        for _ in 0..count.unwrap_or(0) {
            self.schedule.pass();
        }
        let end_lines = self.stream.as_ref().map(Stream::first_and_last_line);
        let end_lines = collective::all_ok(comm, end_lines.transpose().map_err(RunError::from))?;
        let Some([first, last]) = end_lines.flatten() else {
            return Ok(());
        };
        let names = rate_names(self.problem);
        let sums = names.iter().map(|name| self.value_in(&last, name));
        let rates = names
            .iter()
            .map(|name| self.value_in(&last, &format!("{name}_rate")));
        let (sums, rates) = (sums.collect(), rates.collect());
        self.unexplained = [self.value_in(&last, "unexplained"), 0.0];
        self.first_mass = self.value_in(&first, "mass");
        (self.sums.gains, self.sums.last) = (sums, Some((self.value_in(&last, "t"), rates)));
        Ok(())
    }

    /// The number of a line in the column `name`; 0 if there is no such column.
    fn value_in(&self, line: &str, name: &str) -> f64 {
        columns::value_in(&self.columns, line, name).unwrap_or(0.0)
    }

    /// The stream, on rank 0.
    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// The stream, on rank 0, of a tracker that is no longer needed.
    pub(super) fn into_stream(self) -> Option<Stream> {
        self.stream
    }

    /// The moment at which the next row is due.
    pub(super) fn next_moment(&self) -> Option<Moment> {
        self.schedule.next()
    }

    /// Whether the tracker needs the states within every step.
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
        if let Err(error) = self.reader.read_rates(step_sums.time(number), view) {
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

    /// Collective. Reads the row that is due at a moment, if one is; its line, on rank 0.
    pub(super) fn look<C: Comm>(
        &mut self,
        at: Reached,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<Option<String>, RunError> {
        if self.schedule.next() != Some(at.moment) {
            return Ok(None);
        }
        let time = self.schedule.time(at.now).unwrap_or(at.now.simtime);
        self.schedule.pass();
        self.read(at.now.step, time, ranks, show)
    }

    /// Collective. Appends the line of the row that was read. Where the run ends at a moment at which no row is due, reads one.
    pub(super) fn write<C: Comm>(
        &mut self,
        at: Reached,
        mut line: Option<String>,
        ends_run: bool,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        if ends_run {
            let has_line = collective::from_root(ranks.comm(), Some(line.is_some()));
            if has_line != Some(true) {
                line = self.read(at.now.step, at.now.simtime, ranks, show)?;
            }
        }
        let appended = match (&mut self.stream, line) {
            (Some(stream), Some(line)) => stream.append(line.as_bytes()),
            _ => Ok(()),
        };
        collective::all_ok(ranks.comm(), appended.map_err(RunError::from))
    }

    /// Collective. Reads the row of a state; its line, on rank 0.
    fn read<C: Comm>(
        &mut self,
        step: u64,
        time: f64,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<Option<String>, RunError> {
        let read_result = show(&mut |rows| self.reader.read(time, rows));
        collective::all_ok(ranks.comm(), read_result)?;
        let values = self.reader.all(ranks);
        Ok(values.map(|values| self.line_of(step, time, values)))
    }

    /// The line of a state, which ends the interval of the sums.
    fn line_of(&mut self, step: u64, time: f64, values: StateValues) -> String {
        let StateValues {
            totals,
            mut rates,
            points,
            regions,
        } = values;
        let tables = self.problem.geometry().tables();
        let is_first = self.sums.last.is_none();
        if let Some(rates) = &mut rates {
            self.sums.add(time, rates, self.step_sums.is_none());
        }
        let mut numbers = Vec::new();
        if let (Some(summary), Some(rates)) = (totals, &rates) {
            if is_first {
                self.first_mass = summary.mass;
            }
            numbers.extend([summary.mass, summary.min, summary.max]);
            for part in order(tables) {
                numbers.extend([rates[part], self.sums.gains[part]]);
            }
            self.unexplained = self.sums.unexplained(summary.mass - self.first_mass);
            let largest = summary.min.abs().max(summary.max.abs());
            let fluxes = self.reader.fluxes();
            self.few_digits = fluxes.and_then(|fluxes| self.sums.few_digits(largest, fluxes));
            numbers.push(self.unexplained[0]);
        }
        numbers.extend(points);
        for (region, part) in regions.iter().zip(FIRST_HELD + tables..) {
            numbers.extend([region.mean, region.min, region.max, region.mass]);
            if let Some(rates) = &rates {
                numbers.extend([self.sums.gains[part], rates[part]]);
            }
        }
        let mut line = match self.scenario {
            Some(number) => format!("{number},{step},{time:?}"),
            None => format!("{step},{time:?}"),
        };
        for number in numbers {
            // Writing to a String cannot fail.
            let _ = write!(line, ",{number:?}");
        }
        line.push('\n');
        line
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
