//! [`RunPlan`]: what a run would do.

use super::{bands, estimate};
use crate::cli::{answer::Answer, error::Error, json::Value, number, params::ProblemWithWarnings};
use diff2d::{
    Axis, Budget, Footprint, Problem, RunError,
    fit::DataFiles,
    program::{
        measured::{Calendar, MeasuredFile, common_origin},
        params::{Choice, StepMethod},
        run::{DECAY_IN_A_STEP, Due, Terms, estimated_seconds, slab_of_first_rank},
        warnings::{NOT_ESTIMATED, is_estimated},
    },
};
use std::path::PathBuf;

/// The most times or points that a person wants to read.
const MOST: usize = 8;

/// A run's steps and snapshots, and what it takes.
pub(super) struct RunPlan<'a> {
    pub(super) answer: Answer<'a>,
    pub(super) warnings: Vec<String>,
    pub(super) ranks: usize,
    pub(super) threads: usize,
    pub(super) seconds: f64,
    /// Peak memory of a rank, with the buffers and the program itself.
    pub(super) peak_bytes_per_rank: u64,
    /// Whether memory and disk suffice; each of several ranks may have its own.
    pub(super) checked: Result<(), Error>,
}

/// How ranks share the grid.
struct RankShares {
    ranks: usize,
    /// Rows of the thinnest and of the thickest slab.
    rows_per_rank: [usize; 2],
    /// Rows borrowed from each neighbour, 0 where there is none.
    halo: usize,
    /// Bytes of the two fields of a rank.
    memory_bytes: u64,
}

impl RankShares {
    fn new(problem: &Problem, Terms { ranks, load, .. }: Terms) -> Self {
        let (ny, _) = problem.grid.shape();
        let slab = slab_of_first_rank(problem, ranks, load.threads);
        let parts = slab.parts();
        let halo = if parts == 1 { 0 } else { slab.halo() };
        let row_counts = (0..parts).map(|rank| slab.rows_of(rank).len());
        let most_rows = row_counts.clone().max().unwrap_or(ny);
        let fewest_rows = if ranks > parts {
            0
        } else {
            row_counts.min().unwrap_or(ny)
        };
        let borrowed = halo * (parts - 1).min(2);
        let rows = (most_rows + borrowed).min(ny);
        Self {
            ranks,
            rows_per_rank: [fewest_rows, most_rows],
            halo,
            memory_bytes: Footprint::new(problem, rows, parts).bytes(),
        }
    }

    /// The time of one rank divided by the time of all rows in one process: rows that two ranks compute count twice.
    fn share(&self, problem: &Problem) -> f64 {
        if problem.params.method.is_exact_in_time() {
            // Every rank transforms the whole grid.
            return 1.0;
        }
        let rows = problem.grid.y.nodes;
        (self.rows_per_rank[1] + self.halo).min(rows) as f64 / rows as f64
    }

    fn tell(&self, problem: &Problem, answer: &mut Answer<'_>) {
        let (ranks, halo, memory_bytes) = (self.ranks, self.halo, self.memory_bytes);
        let row_bytes = problem.grid.x.nodes * problem.params.precision.bytes();
        let halo_bytes = (halo * row_bytes) as u64;
        answer.plain("ranks", ranks);
        answer.plain("rows_per_rank", self.rows_per_rank);
        answer.plain("halo", halo);
        answer.plain("memory_bytes_per_rank", memory_bytes);
        answer.plain("halo_bytes", halo_bytes);
        if ranks == 1 {
            answer.line("ranks", "1, all rows");
            return;
        }
        let [fewest_rows, most_rows] = self.rows_per_rank;
        let [memory, message] = [memory_bytes, halo_bytes].map(number::bytes);
        let steps = match halo {
            1 => "step".to_owned(),
            steps => format!("{steps} steps"),
        };
        answer.line(
            "ranks",
            format!(
                "{ranks} of {fewest_rows} to {most_rows} rows, each {memory} for its fields; {message} to each neighbour every {steps}"
            ),
        );
    }
}

impl<'a> RunPlan<'a> {
    /// The plan of a run on these terms.
    pub(super) fn new(
        ProblemWithWarnings { problem, warnings }: &'a ProblemWithWarnings,
        data_files: &'a [(PathBuf, MeasuredFile)],
        terms: Terms,
    ) -> Result<Self, RunError> {
        let budget = Budget::divide(problem, terms)?;
        let is_solvable = problem.check_balance();
        is_solvable.map_err(|error| RunError::unready(error, budget.total))?;
        let seconds_of_one_rank = estimated_seconds(problem, budget.states.arrays);
        let cut = RankShares::new(problem, terms);
        let mut seconds = seconds_of_one_rank * cut.share(problem);
        let (mut bands, mut place) = (None, None);
        if let Some((answer, seconds_of_disk, text)) = bands::plan(&budget, problem) {
            seconds = seconds.max(seconds_of_disk);
            (bands, place) = (Some(answer.into_value()), Some(text));
        }
        seconds += estimate::writing(problem.schedule.snapshots(), problem.cube_bytes());
        let mut warnings = warnings.clone();
        if cut.rows_per_rank[0] == 0 {
            let ranks = terms.ranks;
            warnings.push(format!(
                "of {ranks} ranks only {} have something to do: the grid has so many interior rows",
                problem.grid.y.nodes - 2
            ));
        }
        let mut answer = Answer::default();
        let memory_bytes = Footprint::of(problem).bytes();
        tell_grid(problem, &mut answer);
        tell_inputs(problem, data_files, &mut answer);
        tell_schedule(problem, &mut answer);
        let peak_bytes = budget.total;
        answer.plain("memory_bytes", memory_bytes);
        answer.plain("peak_bytes", peak_bytes);
        answer.plain("budget", budget);
        answer.line("memory", memory(problem, &budget, memory_bytes));
        answer.value("bands", bands.unwrap_or_else(|| Value::plain(())));
        let disk_bytes = problem.disk_bytes();
        answer.plain("disk_bytes", disk_bytes);
        cut.tell(problem, &mut answer);
        let disk = number::bytes(disk_bytes);
        let early_end_clause = match &problem.params.until {
            Some(_) => {
                ", for all snapshots, so that none lacks space; an early end gives back the rest"
            }
            None => "",
        };
        answer.line(
            "disk",
            format!("{disk} ({disk_bytes} bytes){early_end_clause}"),
        );
        let threads = terms.load.threads;
        let rank_clause = match cut.ranks {
            1 => "",
            _ => " for each rank",
        };
        let about = number::seconds(seconds);
        answer.plain("threads", threads);
        answer.number("seconds", seconds);
        answer.line(
            "time",
            format!(
                "about {about} on {} of this machine{rank_clause}",
                number::counted(threads as u64, "thread")
            ),
        );
        // Whether warnings tell what the spacing makes of p, if it is more than a hundredth of its range.
        let spacing_is_estimated = is_estimated(problem);
        answer.plain("spacing_is_estimated", spacing_is_estimated);
        if !spacing_is_estimated {
            answer.line("accuracy", NOT_ESTIMATED);
        }
        if let Some(place) = place {
            answer.line("state", place);
        }
        answer.plain("warnings", warnings.clone());
        let checked = match cut.ranks {
            1 => budget
                .check(1)
                .map_err(Error::from)
                .and_then(|()| estimate::check_space("cube", disk_bytes + budget.scratch)),
            _ => Ok(()),
        };
        Ok(Self {
            answer,
            warnings,
            ranks: cut.ranks,
            threads,
            seconds,
            peak_bytes_per_rank: cut.memory_bytes.min(peak_bytes)
                + peak_bytes.saturating_sub(memory_bytes),
            checked,
        })
    }
}

fn tell_grid<'a>(problem: &'a Problem, answer: &mut Answer<'a>) {
    let (x, y) = (&problem.grid.x, &problem.grid.y);
    let (nx, ny) = (x.nodes, y.nodes);
    let [layout, precision] = [problem.params.grid.name(), problem.params.precision.name()];
    answer.plain("params", &problem.params);
    answer.plain("nx", nx);
    answer.plain("ny", ny);
    answer.number("dx", x.spacing);
    answer.number("dy", y.spacing);
    answer.number("dt", problem.schedule.dt);
    answer.plain("r", problem.steps().first().copied());
    // The bound that the time step follows from.
    answer.plain("dt_by", problem.dt_by());
    answer.plain("stages", problem.stages());
    answer.some("cycles", problem.usual_cycles());
    // The largest stable step of explicit Euler, and the largest k/c.
    answer.number("limit", problem.limit());
    answer.number("decay", problem.fastest_loss());
    let mut grid = format!(
        "{ny} × {nx} nodes, {} × {} of them interior",
        ny - 2,
        nx - 2
    );
    for (_, word, count) in problem.geometry().counts() {
        if count > 0 {
            grid += &format!(", {count} {word}");
        }
    }
    answer.line("grid", format!("{grid}, layout \"{layout}\", {precision}"));
    answer.line(
        "spacing",
        if x == y {
            extent("x", x)
        } else {
            format!("{}; {}", extent("x", x), extent("y", y))
        },
    );
}

fn tell_inputs<'a>(
    problem: &'a Problem,
    data_files: &'a [(PathBuf, MeasuredFile)],
    answer: &mut Answer<'a>,
) {
    let (functions, data) = (&problem.params.functions, DataFiles(data_files));
    answer.plain("inputs", problem.inputs());
    if !functions.is_empty() {
        answer.plain("functions", functions);
    }
    answer.physics(&problem.params);
    for values in problem.values_of_pictures() {
        answer.line("picture", values);
    }
    let points = problem.points();
    for point in points.iter().take(MOST) {
        answer.line("point", point);
    }
    if let Some(further @ 1..) = points.len().checked_sub(MOST) {
        answer.line("", format!("and {further} more points"));
    }
    if !points.is_empty() {
        answer.plain("points", points);
    }
    for line in data.lines() {
        answer.line("data", line);
    }
    if !data.is_empty() {
        answer.plain("data", data);
    }
    let dates = dates(problem, data_files);
    if let Some([zero, end]) = &dates {
        answer.line("dates", format!("t = 0 is {zero}, the run ends {end}"));
    }
    answer.some("dates", dates);
}

fn tell_schedule<'a>(problem: &'a Problem, answer: &mut Answer<'a>) {
    let (schedule, params) = (&problem.schedule, &problem.params);
    for (key, _, count) in problem.geometry().counts() {
        answer.plain(key, count);
    }
    answer.plain("nsteps", schedule.nsteps);
    answer.plain("nper", &schedule.nper);
    let cadence = match schedule.due {
        Due::At(_) => None,
        Due::Added | Due::Multiples(_) => Some(schedule.cadence()),
    };
    answer.plain("cadence", cadence);
    answer.plain("snapshots", schedule.snapshots());
    answer.plain("last_step", schedule.last_step());
    answer.number("end", schedule.end());
    answer.plain("shape", problem.cube_shape());
    if let Some(cycles) = problem.usual_cycles() {
        let tolerance = number::python(params.tolerance);
        answer.line(
            "steps",
            format!("none: about {cycles} cycles of multigrid leave no more than {tolerance} of the right side"),
        );
        answer.line("snapshots", "1, the steady state");
    } else {
        if problem.has_moving_source() {
            answer.line(
                "",
                "the source is no sum of few f(x, y) g(t): it is evaluated at every node and step, which takes most of the time",
            );
        }
        let dt = number::python(schedule.dt);
        let (size, shorter) = (step_size(problem), shorter(problem));
        answer.line(
            "steps",
            format!("{} of dt = {dt}, {size}{shorter}", schedule.nsteps),
        );
        let due = due(problem);
        answer.line("snapshots", format!("{}, {due}", schedule.snapshots()));
    }
    if let Some(until) = &params.until {
        let last_snapshot = until.describe(number::python);
        answer.line(
            "until",
            format!("may end early: with {last_snapshot}, which is then the last"),
        );
    }
}

/// How far the time step is from the stability limit.
fn step_size(problem: &Problem) -> String {
    let share = problem.schedule.dt / problem.limit();
    let explicit = "the stability limit of explicit Euler";
    match problem.params.method {
        StepMethod::Rkl2 => {
            return format!(
                "{} stages each, {share:.1} times {explicit}",
                problem.stages()
            );
        }
        StepMethod::Exact => return format!("{share:.1} times {explicit}"),
        _ => {}
    }
    let limit = match (share - 1.0).abs() <= 1e-12 {
        true => "the stability limit".to_owned(),
        false if problem.dt_by() == "decay" => format!(
            "{share:.3} of the stability limit: {DECAY_IN_A_STEP} c/k, so that the decay is accurate"
        ),
        false => format!("{share:.3} of the stability limit"),
    };
    let steps = problem.steps().into_iter().map(number::python);
    let steps: Vec<String> = steps.collect();
    match &steps[..] {
        [r] => format!("r = {r}, {limit}"),
        [rx, ry] => format!("rx = {rx}, ry = {ry}, {limit}"),
        _ => limit,
    }
}

/// The step that is shorter than the others, if there is one.
fn shorter(problem: &Problem) -> String {
    let schedule = &problem.schedule;
    if let (Due::At(_), false) = (&schedule.due, schedule.has_equal_steps()) {
        return "; the last before a snapshot may be shorter".to_owned();
    }
    let shorter = schedule.pace().shorter(0);
    shorter.map_or_else(String::new, |dt| {
        let dt = number::python(dt);
        format!("; the last before each snapshot of {dt}")
    })
}

/// When snapshots are taken.
fn due(problem: &Problem) -> String {
    match &problem.schedule.due {
        Due::At(times) => {
            let times_told = times.iter().take(MOST).map(|&time| number::python(time));
            let omission = match times.len().saturating_sub(MOST) {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let times_told = number::joined(times_told, ", ");
            let start = number::python(problem.params.t0);
            format!("at t = {start}, {times_told}{omission}")
        }
        Due::Added | Due::Multiples(_) => {
            let start_clause = match problem.params.t0 {
                0.0 => String::new(),
                t0 => format!(" from t = {} on", number::python(t0)),
            };
            let cadence = number::python(problem.schedule.cadence());
            format!(
                "every {} steps ({cadence} of simulated time){start_clause}",
                problem.schedule.nper
            )
        }
    }
}

/// The memory of a run whose state is in memory or, in bands, not.
fn memory(problem: &Problem, budget: &Budget, memory_bytes: u64) -> String {
    let mut text = match &budget.bands {
        Some(_) => format!("{} instead of ", number::bytes(budget.beside_program())),
        None => String::new(),
    };
    text += &number::bytes(memory_bytes);
    text += match problem.usual_cycles() {
        Some(_) => " for the state, the network of its conductances and the levels of multigrid",
        None => " for two fields",
    };
    if let (None, further_arrays @ 1..) = (problem.usual_cycles(), problem.arrays() - 2) {
        let arrays = number::counted(further_arrays, "array");
        text += &format!(" and {arrays} beside them");
    }
    if budget.states.functions > 0 {
        text += ", with the points of functions";
    }
    format!("{text}, {} in all", number::bytes(budget.total))
}

/// The dates at which t is 0 and the run ends, if files of functions or of measured values have dates.
fn dates(problem: &Problem, data_files: &[(PathBuf, MeasuredFile)]) -> Option<[String; 2]> {
    let data_files = data_files.iter().map(|(path, file)| (path.as_path(), file));
    let origin = match problem.origin() {
        None => common_origin(data_files).ok().flatten(),
        origin => origin,
    };
    let calendar = Calendar::of_unit_named(origin?, problem.params.canonical().unit("t"))?;
    let end = calendar.date(problem.schedule.end());
    Some([calendar.origin(), end].map(|date| date.to_string()))
}

fn extent(name: &str, axis: &Axis) -> String {
    let (first_node, last_node) = axis.extent();
    let [spacing, first_node, last_node] =
        [axis.spacing, first_node, last_node].map(number::python);
    format!("d{name} = {spacing}, nodes from {first_node} to {last_node}")
}
