//! [`RunPlan`]: what a run would do.

use super::{bands::BandsPlan, estimate};
use crate::cli::{
    error::Error, json::Object, listing::Listing, number, params::ProblemWithWarnings,
};
use diff2d::{
    Axis, Budget, Footprint, Params, Problem, RunError,
    fit::DataFiles,
    program::{
        measured::{Calendar, MeasuredFile, common_origin},
        params::{Choice, FunctionTable, StepMethod},
        run::{DECAY_IN_A_STEP, Due, Nper, Terms, estimated_seconds, slab_of_first_rank},
        warnings::spacing,
    },
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt, path::PathBuf};

/// A run's steps and snapshots, and what it takes.
#[derive(Serialize)]
pub(super) struct RunPlan<'a> {
    params: &'a Params,
    nx: usize,
    ny: usize,
    dx: f64,
    dy: f64,
    dt: f64,
    r: Option<f64>,
    /// The bound that the time step follows from.
    dt_by: &'static str,
    /// Stages of a step.
    stages: usize,
    /// Cycles of multigrid, estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<u64>,
    /// The largest stable step of explicit Euler.
    limit: f64,
    /// The largest k/c \[1/time\].
    decay: f64,
    inputs: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    functions: &'a [FunctionTable],
    /// The files of `[[fit.data]]`.
    #[serde(skip_serializing_if = "DataFiles::is_empty")]
    data: DataFiles<'a>,
    /// The dates at which t is 0 and the run ends, if files have dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    dates: Option<[String; 2]>,
    #[serde(flatten)]
    areas: Object<&'static str, u64>,
    nsteps: u64,
    nper: &'a Nper,
    cadence: Option<f64>,
    snapshots: u64,
    last_step: u64,
    end: f64,
    shape: [u64; 3],
    memory_bytes: u64,
    /// Peak memory, with the buffers and the program itself.
    peak_bytes: u64,
    budget: Budget,
    bands: Option<BandsPlan>,
    disk_bytes: u64,
    #[serde(flatten)]
    cut: RankShares,
    pub(super) threads: usize,
    pub(super) seconds: f64,
    /// Whether warnings tell what the spacing makes of p, if it is more than a hundredth of its range.
    spacing_is_estimated: bool,
    pub(super) warnings: Vec<String>,
    #[serde(skip)]
    problem: &'a Problem,
}

/// How ranks share the grid.
#[derive(Serialize)]
struct RankShares {
    ranks: usize,
    /// Rows of the thinnest and of the thickest slab.
    rows_per_rank: [usize; 2],
    /// Rows borrowed from each neighbour, 0 where there is none.
    halo: usize,
    /// Bytes of the two fields of a rank.
    memory_bytes_per_rank: u64,
    /// Bytes sent to each neighbour for `halo` steps.
    halo_bytes: u64,
}

impl RankShares {
    fn new(problem: &Problem, Terms { ranks, load, .. }: Terms) -> Self {
        let (ny, nx) = problem.grid.shape();
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
        Self {
            ranks,
            rows_per_rank: [fewest_rows, most_rows],
            halo,
            memory_bytes_per_rank: Footprint::new(problem, (most_rows + borrowed).min(ny), parts)
                .bytes(),
            halo_bytes: (halo * nx * problem.params.precision.bytes()) as u64,
        }
    }

    /// The time of one rank divided by the time of all rows in one process: rows that two ranks compute count twice.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn share(&self, problem: &Problem) -> f64 {
        if problem.params.method.is_exact_in_time() {
            // Every rank transforms the whole grid.
            return 1.0;
        }
        let rows = problem.grid.y.nodes;
        (self.rows_per_rank[1] + self.halo).min(rows) as f64 / rows as f64
    }
}

impl fmt::Display for RankShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ranks, halo, .. } = self;
        if *ranks == 1 {
            return f.write_str("1, all rows");
        }
        let [fewest_rows, most_rows] = self.rows_per_rank;
        let [memory, message] = [self.memory_bytes_per_rank, self.halo_bytes].map(number::bytes);
        let steps = match halo {
            1 => "step".to_owned(),
            steps => format!("{steps} steps"),
        };
        write!(
            f,
            "{ranks} of {fewest_rows} to {most_rows} rows, each {memory} for its fields; {message} to each neighbour every {steps}"
        )
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
        let bands = BandsPlan::of(&budget, problem);
        let mut seconds = seconds_of_one_rank * cut.share(problem);
        if let Some(bands) = &bands {
            seconds = seconds.max(bands.seconds);
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
        let (grid, schedule) = (&problem.grid, &problem.schedule);
        let areas = problem.geometry().counts().into_iter();
        Ok(Self {
            params: &problem.params,
            nx: grid.x.nodes,
            ny: grid.y.nodes,
            dx: grid.x.spacing,
            dy: grid.y.spacing,
            dt: schedule.dt,
            r: problem.steps().first().copied(),
            dt_by: problem.dt_by(),
            stages: problem.stages(),
            cycles: problem.usual_cycles(),
            limit: problem.limit(),
            decay: problem.fastest_loss(),
            inputs: problem.inputs(),
            functions: &problem.params.functions,
            data: DataFiles(data_files),
            dates: dates(problem, data_files),
            areas: Object(areas.map(|(key, _, count)| (key, count)).collect()),
            nsteps: schedule.nsteps,
            nper: &schedule.nper,
            cadence: match schedule.due {
                Due::At(_) => None,
                Due::Added | Due::Multiples(_) => Some(schedule.cadence()),
            },
            snapshots: schedule.snapshots(),
            last_step: schedule.last_step(),
            end: schedule.end(),
            shape: problem.cube_shape(),
            memory_bytes: Footprint::of(problem).bytes(),
            peak_bytes: budget.total,
            budget,
            bands,
            disk_bytes: problem.disk_bytes(),
            cut,
            threads: terms.load.threads,
            seconds,
            spacing_is_estimated: spacing::is_estimated(problem),
            warnings,
            problem,
        })
    }

    /// The number of ranks.
    pub(super) fn ranks(&self) -> usize {
        self.cut.ranks
    }

    /// Peak memory of a rank.
    pub(super) fn peak_bytes_per_rank(&self) -> u64 {
        let beside_fields = self.peak_bytes.saturating_sub(self.memory_bytes);
        self.cut.memory_bytes_per_rank.min(self.peak_bytes) + beside_fields
    }

    /// Refuses what this machine has too little memory or disk for. Several ranks may have machines and a
    /// filesystem of their own.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.cut.ranks > 1 {
            return Ok(());
        }
        self.budget.check(1)?;
        estimate::check_space("cube", self.disk_bytes + self.budget.scratch)
    }

    /// How far the time step is from the stability limit.
    fn step_size(&self) -> String {
        let share = self.dt / self.limit;
        let explicit = "the stability limit of explicit Euler";
        match self.params.method {
            StepMethod::Rkl2 => {
                return format!("{} stages each, {share:.1} times {explicit}", self.stages);
            }
            StepMethod::Exact => return format!("{share:.1} times {explicit}"),
            _ => {}
        }
        let limit = match (share - 1.0).abs() <= 1e-12 {
            true => "the stability limit".to_owned(),
            false if self.dt_by == "decay" => format!(
                "{share:.3} of the stability limit: {DECAY_IN_A_STEP} c/k, so that the decay is accurate"
            ),
            false => format!("{share:.3} of the stability limit"),
        };
        let steps: Vec<String> = self
            .problem
            .steps()
            .into_iter()
            .map(number::python)
            .collect();
        match &steps[..] {
            [r] => format!("r = {r}, {limit}"),
            [rx, ry] => format!("rx = {rx}, ry = {ry}, {limit}"),
            _ => limit,
        }
    }

    /// The step that is shorter than the others, if there is one.
    fn shorter(&self) -> String {
        let schedule = &self.problem.schedule;
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
    fn due(&self) -> String {
        /// The most times that a person wants to read.
        const MOST: usize = 8;
        match &self.problem.schedule.due {
            Due::At(times) => {
                let times_told = times.iter().take(MOST).map(|&time| number::python(time));
                let omission = match times.len().saturating_sub(MOST) {
                    0 => String::new(),
                    count => format!(" and {count} more"),
                };
                let times_told: Vec<String> = times_told.collect();
                format!(
                    "at t = {}, {}{omission}",
                    number::python(self.params.t0),
                    times_told.join(", ")
                )
            }
            Due::Added | Due::Multiples(_) => {
                let start_clause = match self.params.t0 {
                    0.0 => String::new(),
                    t0 => format!(" from t = {} on", number::python(t0)),
                };
                let cadence = number::python(self.problem.schedule.cadence());
                format!(
                    "every {} steps ({cadence} of simulated time){start_clause}",
                    self.nper
                )
            }
        }
    }

    /// The memory of a run whose state is in memory or, in bands, not.
    fn memory(&self) -> String {
        let mut text = match &self.bands {
            Some(_) => format!(
                "{} instead of ",
                number::bytes(self.budget.beside_program())
            ),
            None => String::new(),
        };
        text += &number::bytes(self.memory_bytes);
        text += match self.cycles {
            Some(_) => {
                " for the state, the network of its conductances and the levels of multigrid"
            }
            None => " for two fields",
        };
        if let (None, further_arrays @ 1..) = (self.cycles, self.problem.arrays() - 2) {
            let arrays = number::counted(further_arrays, "array");
            text += &format!(" and {arrays} beside them");
        }
        if self.budget.states.functions > 0 {
            text += ", with the points of functions";
        }
        format!("{text}, {} in all", number::bytes(self.peak_bytes))
    }
}

impl fmt::Display for RunPlan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nx,
            ny,
            nsteps,
            snapshots,
            disk_bytes,
            threads,
            ..
        } = self;
        let [layout, precision] = [self.params.grid.name(), self.params.precision.name()];
        let dt = number::python(self.dt);
        let mut lines = Listing::default();
        let mut grid = format!(
            "{ny} × {nx} nodes, {} × {} of them interior",
            ny - 2,
            nx - 2
        );
        for (_, word, count) in self.problem.geometry().counts() {
            if count > 0 {
                grid += &format!(", {count} {word}");
            }
        }
        grid += &format!(", layout \"{layout}\", {precision}");
        lines.add("grid", grid);
        let (x, y) = (&self.problem.grid.x, &self.problem.grid.y);
        lines.add(
            "spacing",
            if x == y {
                extent("x", x)
            } else {
                format!("{}; {}", extent("x", x), extent("y", y))
            },
        );
        lines.add_physics(self.params);
        for values in self.problem.values_of_pictures() {
            lines.add("picture", values);
        }
        for line in self.data.lines() {
            lines.add("data", line);
        }
        if let Some([zero, end]) = &self.dates {
            lines.add("dates", format!("t = 0 is {zero}, the run ends {end}"));
        }
        if let Some(cycles) = self.cycles {
            let tolerance = number::python(self.params.tolerance);
            lines.add(
                "steps",
                format!("none: about {cycles} cycles of multigrid leave no more than {tolerance} of the right side"),
            );
            lines.add("snapshots", "1, the steady state");
        } else {
            if self.problem.has_moving_source() {
                lines.add(
                "",
                "the source is no sum of few f(x, y) g(t): it is evaluated at every node and step, which takes most of the time",
            );
            }
            lines.add(
                "steps",
                format!(
                    "{nsteps} of dt = {dt}, {}{}",
                    self.step_size(),
                    self.shorter()
                ),
            );
            lines.add("snapshots", format!("{snapshots}, {}", self.due()));
        }
        if let Some(until) = &self.params.until {
            let last_snapshot = until.describe(number::python);
            let told = format!("may end early: with {last_snapshot}, which is then the last");
            lines.add("until", told);
        }
        lines.add("memory", self.memory());
        lines.add("ranks", &self.cut);
        let disk = number::bytes(*disk_bytes);
        let early_end_clause = match &self.params.until {
            Some(_) => {
                ", for all snapshots, so that none lacks space; an early end gives back the rest"
            }
            None => "",
        };
        lines.add(
            "disk",
            format!("{disk} ({disk_bytes} bytes){early_end_clause}"),
        );
        let rank_clause = if self.cut.ranks > 1 {
            " for each rank"
        } else {
            ""
        };
        let seconds = number::seconds(self.seconds);
        lines.add(
            "time",
            format!("about {seconds} on {threads} threads of this machine{rank_clause}"),
        );
        if !self.spacing_is_estimated {
            lines.add("accuracy", spacing::NOT_ESTIMATED);
        }
        if let Some(bands) = &self.bands {
            lines.add("state", bands);
        }
        lines.fmt(f)
    }
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
