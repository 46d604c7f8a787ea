//! [`History`]: the rows of a record, of the states that they are due at.

use super::{
    columns::{self, order, rate_names},
    decomposition::Decomposition,
    error::RunError,
    exchange::on_root,
    interval_fields::{self, IntervalFields},
    observer::Message,
    output::Output,
    row_schedule::RowSchedule,
    state::{Look, RowsView},
    state_reader::{StateReader, StateValues},
    sums::Sums,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        RecordColumn,
        record_file::{self, ReadRow, RecordFile},
    },
    params::RowTimes,
    physics::{fluxes::FIRST_HELD, step_sums::StepSums},
    problem::Problem,
    schedule::Clock,
};
use std::fmt::Write;

/// The rows of a run.
///
/// Each rank reads what its own rows of the grid have; rank 0 has the file, and sums over all rows in their order.
pub(crate) struct History<'a> {
    pub(super) problem: &'a Problem,
    columns: Vec<RecordColumn>,
    /// The number of the scenario, of a sweep.
    scenario: Option<usize>,
    reader: StateReader<'a>,
    /// What is kept of nodes between snapshots, if anything is.
    fields: Option<IntervalFields<'a>>,
    /// Where every step is recorded, what it brings in.
    steps: Option<StepSums>,
    /// What has come in since the beginning.
    sums: Sums<'a>,
    /// The mass of the first row.
    first_mass: f64,
    /// What `unexplained` is in the last row, and how much has come in or gone out.
    unexplained: [f64; 2],
    /// On rank 0.
    file: Option<RecordFile>,
    /// When they are due.
    pub(super) due: RowSchedule<'a>,
    /// What a row is taken back to that is there only if the run ends with it.
    before: Option<Before<'a>>,
    /// Why a state within a step could not be read.
    wrong: Option<RunError>,
}

/// What was known before a row.
struct Before<'a> {
    end: u64,
    sums: Sums<'a>,
    unexplained: [f64; 2],
}

impl<'a> History<'a> {
    /// Collective. That of a run that writes to `output`: a new one, or the one that it had at `now`, when it stopped.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn begin<C: Comm>(
        problem: &'a Problem,
        output: &Output<'_, C>,
        now: Option<Clock>,
    ) -> Result<Option<Self>, RunError> {
        let comm = output.ranks.comm();
        let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
            return match (now, output.checkpoint) {
                (None, Some(paths)) => on_root(comm, || record_file::remove(paths)).map(|()| None),
                _ => Ok(None),
            };
        };
        let Some(place) = &output.record else {
            return Ok(None);
        };
        let columns = columns::columns(problem, place.scenario.is_some());
        let head = columns::head(&columns);
        let described = columns::describe(problem, &columns, &place.parameters);
        let file = || match now {
            None => {
                if place.scenario.is_none() {
                    record_file::remove(&place.paths)?;
                }
                Ok((RecordFile::create(place, &described, &head)?, Vec::new()))
            }
            Some(_) => match output.shorter {
                Some(shorter) => RecordFile::open_longer(place, shorter, &described, &head),
                None => RecordFile::open(place, &described, &head),
            },
        };
        let file = comm.is_root().then(file).transpose();
        let file = collective::all_ok(comm, file.map_err(RunError::from))?;
        let (file, rows) = file.unzip();
        let files = interval_fields::open(problem, keys, output, now)?;
        let fields = (!files.is_empty()).then(|| IntervalFields::new(problem, files, output.ranks));
        let start = problem.schedule.pace().start();
        let is_every_step = keys.times == RowTimes::Step && keys.has_rates();
        let mut history = Self {
            problem,
            columns,
            scenario: place.scenario,
            reader: StateReader::new(problem, keys, gauges),
            fields,
            steps: is_every_step.then(|| problem.step_sums(now.unwrap_or(start))),
            sums: Sums::new(problem)?,
            first_mass: 0.0,
            unexplained: [0.0; 2],
            file,
            due: RowSchedule::new(problem, keys),
            before: None,
            wrong: None,
        };
        let kept = now.map_or(Ok(()), |now| {
            history.go_on(now, output.has_ended, rows.as_deref())
        });
        collective::all_ok(comm, kept)?;
        Ok(Some(history))
    }

    /// Keeps the rows up to a durable state, which may be the last one.
    fn go_on(
        &mut self,
        now: Clock,
        has_ended: bool,
        rows: Option<&[ReadRow]>,
    ) -> Result<(), RunError> {
        let mut count = self.due.pass_to(now);
        let (Some(rows), Some(file)) = (rows, &mut self.file) else {
            return Ok(());
        };
        let lost = |reason: String| RunError::from(file.lost(reason));
        let in_row = |row: &[f64], name: &str| {
            let at = self.columns.iter().position(|column| column.name == name);
            at.and_then(|at| row.get(at)).copied().unwrap_or(0.0)
        };
        let is_last = |(row, _): &ReadRow| has_ended && in_row(row, "t") == now.simtime;
        count += usize::from(rows.get(count).is_some_and(is_last));
        let Some((row, end)) = rows.get(count.max(1) - 1) else {
            let found = rows.len();
            return Err(lost(format!("has {found} rows, and {count} are durable")));
        };
        let value = |name: &str| in_row(row, name);
        let time = value("t");
        if time > now.simtime {
            let now = now.simtime;
            return Err(lost(format!(
                "has a row of t = {time:?} before that of {now:?}"
            )));
        }
        let names = rate_names(self.problem);
        let sums = names.iter().map(|name| value(name)).collect();
        let rates = names
            .iter()
            .map(|name| value(&format!("{name}_rate")))
            .collect();
        self.unexplained = [value("unexplained"), 0.0];
        self.first_mass = rows.first().map_or(0.0, |(row, _)| in_row(row, "mass"));
        (self.sums.all, self.sums.last) = (sums, Some((time, rates)));
        let end = *end;
        file.cut(end)?;
        Ok(())
    }

    /// Whether every step is looked into.
    pub(super) fn sees_steps(&self) -> bool {
        self.steps.is_some()
    }

    /// Collective. Takes rows of a state that stage `number` of a step takes increments of, the last ones last.
    pub(super) fn see<C: Comm>(
        &mut self,
        number: usize,
        view: &RowsView<'_>,
        ranks: &Decomposition<'_, C>,
    ) {
        let Some(steps) = &mut self.steps else {
            return;
        };
        let read = self.reader.read_rates(steps.time(number), view);
        if let Err(error) = read {
            self.wrong.get_or_insert(error);
        }
        if view.own.end == ranks.slab().own().end
            && let Some(rates) = self.reader.all_rates(ranks)
        {
            steps.add(number, rates);
        }
    }

    /// Collective. A step has been taken.
    pub(super) fn end_step<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
    ) -> Result<(), RunError> {
        if let Some(steps) = &mut self.steps {
            let gains = steps.end();
            for (sum, gain) in self.sums.all.iter_mut().zip(gains) {
                *sum += gain;
            }
        }
        let wrong = self.wrong.take();
        collective::all_ok(ranks.comm(), wrong.map_or(Ok(()), Err))
    }

    /// Collective. Takes a state into the fields, where an interval begins, goes on, or ends.
    pub(super) fn take_fields<C: Comm>(
        &mut self,
        now: Clock,
        time: f64,
        begins: bool,
        ends: bool,
        ranks: &Decomposition<'_, C>,
        mut show: impl FnMut(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let next = self.due.next_moment(now);
        let Some(fields) = &mut self.fields else {
            return Ok(());
        };
        if ends {
            show(&mut |rows| {
                fields.take(time, None, rows);
                Ok(())
            })?;
            let index = self.problem.schedule.snapshot_at(now.step).0;
            collective::all_ok(ranks.comm(), fields.end(index, time))?;
        }
        if begins {
            fields.begin(time);
        }
        if begins || !ends {
            show(&mut |rows| {
                fields.take(time, Some(next), rows);
                Ok(())
            })?;
            fields.end_moment(time);
        }
        Ok(())
    }

    /// Collective. Takes the row that is due, of a state at its moment, which is `now` or somewhat later.
    pub(super) fn take<C: Comm>(
        &mut self,
        now: Clock,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let Some(time) = self.due.time(now) else {
            return Ok(());
        };
        self.row(now.step, time, ranks, show)?;
        self.due.pass();
        Ok(())
    }

    /// Collective. Takes a row that stays only if the run ends with it.
    pub(super) fn take_last<C: Comm>(
        &mut self,
        now: Clock,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        self.before = Some(Before {
            end: self.file.as_ref().map_or(0, RecordFile::end),
            sums: self.sums.clone(),
            unexplained: self.unexplained,
        });
        self.row(now.step, now.simtime, ranks, show)
    }

    /// Collective. Takes that back, unless the run has ended.
    pub(super) fn settle(&mut self, comm: &impl Comm, has_ended: bool) -> Result<(), RunError> {
        let Some(before) = self.before.take().filter(|_| !has_ended) else {
            return Ok(());
        };
        (self.sums, self.unexplained) = (before.sums, before.unexplained);
        let file = self.file.as_mut();
        let cut = file.map_or(Ok(()), |file| file.cut(before.end));
        collective::all_ok(comm, cut.map_err(RunError::from))
    }

    /// Collective. Makes the rows durable.
    pub(super) fn sync(&mut self, comm: &impl Comm) -> Result<(), RunError> {
        let synced = self.file.as_mut().map_or(Ok(()), RecordFile::sync);
        collective::all_ok(comm, synced.map_err(RunError::from))
    }

    /// Collective. Appends the row of a state.
    fn row<C: Comm>(
        &mut self,
        step: u64,
        time: f64,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let shown = show(&mut |rows| self.reader.read(time, rows));
        collective::all_ok(ranks.comm(), shown)?;
        let written = match self.reader.all(ranks) {
            Some(values) => self.append(step, time, values),
            None => Ok(()),
        };
        collective::all_ok(ranks.comm(), written)
    }

    /// Appends the row of a state.
    fn append(&mut self, step: u64, time: f64, values: StateValues) -> Result<(), RunError> {
        let StateValues {
            totals,
            rates,
            points,
            regions,
        } = values;
        let tables = self.problem.geometry().tables();
        if let Some(rates) = &rates {
            self.sums.add(time, rates, self.steps.is_none());
        }
        let scenario = self.scenario.map(|number| format!("{number},"));
        let mut line = format!("{}{step},{time:?}", scenario.unwrap_or_default());
        let mut tell = |value: f64| {
            // A String takes anything.
            let _ = write!(line, ",{value:?}");
        };
        if let (Some(summary), Some(rates)) = (totals, &rates) {
            if self.sums.last.is_none() {
                self.first_mass = summary.mass;
            }
            let all = [summary.mass, summary.min, summary.max];
            all.into_iter().for_each(&mut tell);
            let (mut all, mut size) = (0.0, 0.0);
            for part in order(tables) {
                tell(rates[part]);
                tell(self.sums.all[part]);
                all += self.sums.all[part];
                size += self.sums.all[part].abs();
            }
            self.unexplained = [summary.mass - self.first_mass - all, size];
            tell(self.unexplained[0]);
        }
        points.into_iter().for_each(&mut tell);
        for (region, part) in regions.iter().zip(FIRST_HELD + tables..) {
            let all = [region.mean, region.min, region.max, region.mass];
            all.into_iter().for_each(&mut tell);
            if let Some(rates) = &rates {
                tell(self.sums.all[part]);
                tell(rates[part]);
            }
        }
        line.push('\n');
        if let Some(file) = &mut self.file {
            file.append(&line)?;
        }
        self.sums.last = Some((time, rates.unwrap_or_default()));
        Ok(())
    }

    /// That more than a hundredth of what came in is not explained, in a sentence.
    pub(super) fn warning(&self) -> Option<Message> {
        /// What is told of.
        const SHARE: f64 = 0.01;
        let [unexplained, size] = self.unexplained;
        (unexplained.abs() > SHARE * size && size > 0.0).then(|| {
            Message::Warning(format!(
                "of the {size:.3e} that came in or went out, the record leaves {unexplained:.3e} unexplained: sums over its rows are not accurate, as those of a smaller record.every would be, or of record.every = \"step\""
            ))
        })
    }
}
