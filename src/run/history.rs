//! [`History`]: the rows of a record, of the states that they are due at.

use super::{
    clock::RunClock,
    columns::{self, order, rate_names},
    decomposition::Decomposition,
    error::RunError,
    exchange::on_root,
    interval_fields::IntervalFields,
    observer::Message,
    output::Output,
    snapshot::Snapshot,
    state::{Look, RowsView, State},
    state_reader::{StateReader, StateValues},
    sums::Sums,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Cube, Paths, RecordColumn,
        field_files::FieldFile,
        record_file::{self, ReadRow, RecordFile},
    },
    params::{Precision, RecordKeys, RowTimes},
    physics::{fluxes::FIRST_HELD, step_sums::StepSums},
    problem::Problem,
    schedule::{Clock, Moment},
};
use diff2d_arrays::npy::Dtype;
use diff2d_sys as sys;
use std::fmt::Write;

/// The rows of a run.
///
/// Each rank reads what its own rows of the grid have; rank 0 has the file, and sums over all rows in their order.
pub(crate) struct History<'a> {
    problem: &'a Problem,
    keys: &'a RecordKeys,
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
    /// The number of the row that is due next, when, and its time.
    number: u64,
    next: Option<(Moment, f64)>,
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
        let files = open_fields(problem, keys, output, now)?;
        let fields = (!files.is_empty()).then(|| IntervalFields::new(problem, files, output.ranks));
        let start = problem.schedule.pace().start();
        let is_every_step = keys.times == RowTimes::Step && keys.has_rates();
        let mut history = Self {
            problem,
            keys,
            columns,
            scenario: place.scenario,
            reader: StateReader::new(problem, keys, gauges),
            fields,
            steps: is_every_step.then(|| problem.step_sums(now.unwrap_or(start))),
            sums: Sums::new(problem)?,
            first_mass: 0.0,
            unexplained: [0.0; 2],
            file,
            number: 0,
            next: None,
            before: None,
            wrong: None,
        };
        history.next = history.due_from(None);
        let now = now.map(|now| (now, output.has_ended));
        let kept = now.map_or(Ok(()), |now| history.go_on(now, rows.as_deref()));
        collective::all_ok(comm, kept)?;
        Ok(Some(history))
    }

    /// Keeps the rows up to a durable state, which may be the last one.
    fn go_on(
        &mut self,
        (now, has_ended): (Clock, bool),
        rows: Option<&[ReadRow]>,
    ) -> Result<(), RunError> {
        let reached = Moment {
            step: now.step,
            beyond: 0.0,
        };
        let mut count = 0;
        while let Some((moment, _)) = self.next.filter(|(moment, _)| *moment <= reached) {
            count += 1;
            self.next = self.due_from(Some(moment));
        }
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

    /// The row that is due next after a moment; without one the first.
    fn due_from(&mut self, moment: Option<Moment>) -> Option<(Moment, f64)> {
        let schedule = &self.problem.schedule;
        let end = Moment {
            step: schedule.last_step(),
            beyond: 0.0,
        };
        let is_later = |next: Moment| moment.is_none_or(|moment| next > moment);
        while let Some((next, time)) = self.due(self.number).filter(|(next, _)| *next <= end) {
            self.number += 1;
            if is_later(next) {
                return Some((next, time));
            }
        }
        is_later(end).then_some((end, f64::NAN))
    }

    /// When row `number` is due, and its time where that is not the state's.
    fn due(&self, number: u64) -> Option<(Moment, f64)> {
        let pace = self.problem.schedule.pace();
        let at = |time: f64| (pace.moment(time), time);
        let on_step = |step: u64| {
            let beyond = 0.0;
            (Moment { step, beyond }, f64::NAN)
        };
        match &self.keys.times {
            _ if number == 0 => Some(on_step(0)),
            RowTimes::Step => Some(on_step(number)),
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            RowTimes::Every(every) => Some(match pace.due {
                crate::schedule::Due::Added => {
                    let steps = pace.moment(pace.start + every).step.max(1);
                    on_step(number.saturating_mul(steps))
                }
                _ => at(pace.start + number as f64 * every),
            }),
            RowTimes::At(times) => {
                let place = usize::try_from(number - 1).ok()?;
                times.get(place).map(|&time| at(time))
            }
        }
    }

    /// Steps until a row is due, at least one.
    pub(super) fn steps_left(&self, now: Clock) -> u64 {
        let next = self.next.map_or(u64::MAX, |(next, _)| next.step);
        next.saturating_sub(now.step).max(1)
    }

    /// Collective. Takes rows of a state that stage `number` of a step takes increments of, the last ones last.
    fn see<C: Comm>(&mut self, number: usize, view: &RowsView<'_>, ranks: &Decomposition<'_, C>) {
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
    fn end_step<C: Comm>(&mut self, ranks: &Decomposition<'_, C>) -> Result<(), RunError> {
        if let Some(steps) = &mut self.steps {
            let gains = steps.end();
            for (sum, gain) in self.sums.all.iter_mut().zip(gains) {
                *sum += gain;
            }
        }
        let wrong = self.wrong.take();
        collective::all_ok(ranks.comm(), wrong.map_or(Ok(()), Err))
    }

    /// How much later than a state the next row is due, if none is due before the next step.
    pub(super) fn beyond(&self, now: Clock) -> Option<f64> {
        let (next, _) = self.next?;
        (next.step == now.step && next.beyond > 0.0).then_some(next.beyond)
    }

    /// Whether a row is due at a state.
    pub(super) fn is_due(&self, now: Clock) -> bool {
        let is_here = |(next, _): &(Moment, f64)| next.step == now.step && next.beyond == 0.0;
        self.next.as_ref().is_some_and(is_here)
    }

    /// The time of the moment that follows on one of a state at `now`, or somewhat later.
    fn next_moment(&self, now: Clock) -> f64 {
        let schedule = &self.problem.schedule;
        let of_step = |step: u64| schedule.pace().after(now, step - now.step).simtime;
        let snapshot = of_step(schedule.next_due(now.step));
        let row = self.next.map_or(f64::INFINITY, |(moment, time)| {
            let is_own = time.is_nan() || schedule.is_snapshot(moment.step);
            match is_own && moment.beyond == 0.0 {
                true => of_step(moment.step),
                false => time,
            }
        });
        row.min(snapshot)
    }

    /// Collective. Takes a state into the fields, where an interval begins, goes on, or ends.
    fn take_fields<C: Comm>(
        &mut self,
        (now, time): (Clock, f64),
        (begins, ends): (bool, bool),
        ranks: &Decomposition<'_, C>,
        mut show: impl FnMut(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let next = self.next_moment(now);
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
    fn take<C: Comm>(
        &mut self,
        now: Clock,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let Some((moment, time)) = self.next else {
            return Ok(());
        };
        let is_own = time.is_nan() || self.problem.schedule.is_snapshot(now.step);
        let time = match is_own && moment.beyond == 0.0 {
            true => now.simtime,
            false => time,
        };
        self.row((now.step, time), ranks, show)?;
        self.next = self.due_from(Some(moment));
        Ok(())
    }

    /// Collective. Takes a row that stays only if the run ends with it.
    fn take_last<C: Comm>(
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
        self.row((now.step, now.simtime), ranks, show)
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
        (step, time): (u64, f64),
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let shown = show(&mut |rows| self.reader.read(time, rows));
        collective::all_ok(ranks.comm(), shown)?;
        let written = match self.reader.all(ranks) {
            Some(values) => self.append((step, time), values),
            None => Ok(()),
        };
        collective::all_ok(ranks.comm(), written)
    }

    /// Appends the row of a state.
    fn append(&mut self, (step, time): (u64, f64), values: StateValues) -> Result<(), RunError> {
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

/// Collective. The files of fields, with the frames before a time.
fn open_fields<C: Comm>(
    problem: &Problem,
    keys: &RecordKeys,
    output: &Output<'_, C>,
    now: Option<Clock>,
) -> Result<Vec<FieldFile>, RunError> {
    let (Some(place), comm) = (&output.record, output.ranks.comm()) else {
        return Ok(Vec::new());
    };
    let dtype = match problem.params.precision {
        Precision::F64 => Dtype::F64,
        Precision::F32 => Dtype::F32,
    };
    let header = |kind| FieldFile::header(kind, problem.cube_shape(), dtype);
    let is_there = |kind| FieldFile::open(&place.paths.cube, kind, header(kind)).is_ok();
    on_root(comm, || {
        let mut kinds = keys.fields.iter();
        // A longer run begins with the frames of a shorter one.
        let is_new = |kind| now.is_none() || (output.shorter.is_some() && !is_there(kind));
        kinds.try_for_each(|&kind| match is_new(kind) {
            true => FieldFile::create(&place.paths.cube, kind, &header(kind)),
            false => Ok(()),
        })
    })?;
    let kinds = keys.fields.iter();
    let files = kinds.map(|&kind| FieldFile::open(&place.paths.cube, kind, header(kind)));
    let files: Result<Vec<FieldFile>, _> = files.collect();
    let files = collective::all_ok(comm, files.map_err(RunError::from))?;
    if let (Some(shorter), Some(now)) = (output.shorter, now) {
        let frames = problem.schedule.snapshot_at(now.step).0;
        let copied = || {
            let theirs = Cube::open(shorter)?.committed().saturating_sub(1);
            let mut files = files.iter();
            files.try_for_each(|file| file.copy(shorter, frames.min(theirs)))
        };
        on_root(comm, copied)?;
    }
    Ok(files)
}

/// Collective. Refuses a record that cannot be written as the run is carried out, and files of others that have its names.
pub(super) fn check(
    problem: &Problem,
    paths: Option<&Paths>,
    comm: &impl Comm,
) -> Result<(), RunError> {
    let Some(paths) = paths else {
        let why = "is written beside a cube, and there is none: leave it out";
        return Err(RunError::NoRecord { why });
    };
    on_root(comm, || record_file::refuse_others(paths, problem.fields()))?;
    let needed = problem.disk_bytes();
    let is_new = comm.is_root() && !problem.fields().is_empty() && !paths.journal.exists();
    let fits = match sys::free_space(paths.directory()) {
        Some(free) if is_new && free < needed => Err(RunError::NoFieldSpace { needed, free }),
        _ => Ok(()),
    };
    collective::all_ok(comm, fits)
}

/// Collective. Advances a state, by single steps that are looked into where every step is recorded.
pub(super) fn advance<C: Comm>(
    (history, ranks): (Option<&mut History<'_>>, &Decomposition<'_, C>),
    state: &mut impl State<C>,
    (steps, now): (u64, Clock),
    clock: &mut RunClock,
    snapshot: Option<&mut Snapshot<'_, '_, C>>,
) -> Result<(), RunError> {
    let Some(history) = history.filter(|history| history.steps.is_some()) else {
        return state.advance(steps, now, clock, snapshot);
    };
    state.advance_seen(now, clock, &mut |number, rows| {
        history.see(number, rows, ranks);
    })?;
    history.end_step(ranks)?;
    match snapshot {
        Some(snapshot) => state.show(snapshot),
        None => Ok(()),
    }
}

/// Collective. Takes the row that is due at a state, if one is. Those up to a snapshot are durable before it.
pub(super) fn record<C: Comm>(
    (history, ranks): (Option<&mut History<'_>>, &Decomposition<'_, C>),
    state: &mut impl State<C>,
    now: Clock,
    is_snapshot: bool,
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    let may_end = history.problem.params.until.is_some() && is_snapshot && now.step > 0;
    let is_due = history.is_due(now);
    match is_due {
        true => history.take(now, ranks, |look| state.look(look))?,
        false if may_end => history.take_last(now, ranks, |look| state.look(look))?,
        false => {}
    }
    if is_due || is_snapshot {
        let is_last = now.step >= history.problem.schedule.last_step();
        let (begins, ends) = (is_snapshot && !is_last, is_snapshot && now.step > 0);
        let show = |look: Look<'_>| state.look(look);
        history.take_fields((now, now.simtime), (begins, ends), ranks, show)?;
    }
    match is_snapshot || state.keeps_passes() {
        true => history.sync(ranks.comm()),
        false => Ok(()),
    }
}

/// Collective. Takes the rows that are due between a state and the next step.
pub(super) fn record_beyond<C: Comm>(
    (history, ranks): (Option<&mut History<'_>>, &Decomposition<'_, C>),
    state: &mut impl State<C>,
    (now, clock): (Clock, &RunClock),
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    while let Some(length) = history.beyond(now) {
        let time = history.next.map_or(now.simtime, |(_, time)| time);
        history.take(now, ranks, |look| state.aside(length, now, clock, look))?;
        let show = |look: Look<'_>| state.aside(length, now, clock, look);
        history.take_fields((now, time), (false, false), ranks, show)?;
    }
    Ok(())
}

/// Collective. Begins an interval with a state from which the run goes on.
pub(super) fn go_on<C: Comm>(
    (history, ranks): (Option<&mut History<'_>>, &Decomposition<'_, C>),
    state: &mut impl State<C>,
    now: Clock,
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    let show = |look: Look<'_>| state.look(look);
    history.take_fields((now, now.simtime), (true, false), ranks, show)
}
