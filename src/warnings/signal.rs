//! [`Signal`]: a function of t in walls or sources, and its [`Integral`].

use crate::{
    params::{Formula, Function, Quantity, SIDES},
    physics::{
        nodes::Nodes,
        over_time::{knots_at, values_at},
        wall::Side,
    },
    problem::Problem,
};

/// The largest number of parts of the run at which a function of t alone, or at one of several places, is sampled.
const PARTS: usize = 1 << 16;
const PARTS_AT_PLACES: usize = 1 << 13;
/// The number of nodes along a wall, and along each axis, at which a function of x or y is sampled.
const NODES: usize = 5;
/// The number of the variable t in formulas, and the bits of x and y.
const TIME: usize = 2;
const PLACE: u64 = 0b11;

/// A function of t at one place.
pub(super) struct Signal<'a> {
    pub(super) name: String,
    function: Function,
    nodes: &'a Nodes,
    node: (usize, usize),
    /// The number of parts of the run at which the function is sampled.
    pub(super) parts: usize,
}

/// All functions of t in walls and source, at sample places if they depend on the place, and the parts of these
/// functions that depend on t alone, such as a switch.
pub(super) fn signals(problem: &Problem) -> Vec<Signal<'_>> {
    let mut signals = Vec::new();
    for (side, key) in Side::ALL.into_iter().zip(SIDES) {
        let functions = problem.params.boundary.wall(side).functions();
        let places: Vec<_> = some_of(side.nodes(&problem.grid))
            .map(|number| side.node(&problem.grid, number))
            .collect();
        for (function, part) in functions.iter().zip(["a of ", "b of ", "c of "]) {
            let part = if functions.len() == 1 { "" } else { part };
            add_signals(
                &mut signals,
                problem,
                &format!("{part}{key}"),
                function,
                &places,
            );
        }
    }
    let (ny, nx) = problem.grid.shape();
    let places: Vec<_> = some_of(ny)
        .flat_map(|j| some_of(nx).map(move |i| (j, i)))
        .collect();
    if let Some(source) = problem.slots().slot(Quantity::Source).in_time() {
        add_signals(&mut signals, problem, "source", source, &places);
    }
    signals
}

/// Some numbers below `count`; neither the first nor the last if there are others.
fn some_of(count: usize) -> impl Iterator<Item = usize> + Clone {
    let parts = NODES.min(count.saturating_sub(2)).max(1);
    (1..=parts).map(move |part| part * count / (parts + 1))
}

fn add_signals<'a>(
    signals: &mut Vec<Signal<'a>>,
    problem: &'a Problem,
    name: &str,
    function: &Function,
    places: &[(usize, usize)],
) {
    let geometry = problem.geometry();
    let nodes = &geometry.nodes;
    let Function::Formula(formula) = function else {
        return;
    };
    if !formula.depends_on_time() {
        return;
    }
    let is_uniform = !function.depends_on_place();
    let computed_places = places.iter().filter(|&&node| !geometry.keeps(node));
    for &node in computed_places.take(if is_uniform { 1 } else { usize::MAX }) {
        let (place, parts) = if is_uniform {
            (String::new(), PARTS)
        } else {
            (
                format!(" at {}", nodes.describe(node.0, node.1)),
                PARTS_AT_PLACES,
            )
        };
        signals.push(Signal {
            name: format!("{name}{place}"),
            function: function.clone(),
            nodes,
            node,
            parts,
        });
    }
    if is_uniform || formula.expression.is_random() {
        return;
    }
    // What is on at few nodes may be on at none of these.
    let (_, parts) = formula.expression.take_apart(TIME + 1, PLACE);
    let time_parts = parts.into_iter().filter(|part| part.uses == 1 << TIME);
    signals.extend(time_parts.map(|part| Signal {
        name: format!("what depends on t alone in {name}"),
        function: Function::Formula(Formula::new(&formula.text, part.formula)),
        nodes,
        node: (0, 0),
        parts: PARTS,
    }));
}

impl Signal<'_> {
    pub(super) fn values(&self, times: &[f64]) -> Vec<f64> {
        values_at(&self.function, self.nodes, self.node, times)
    }

    /// The integral from midpoint values in `parts` parts of the run, exact between the points of tabulated functions.
    /// `None` if it is not finite.
    #[expect(clippy::cast_precision_loss, reason = "numbers of parts are small")]
    pub(super) fn integral(&self, problem: &Problem, parts: usize) -> Option<Integral> {
        let schedule = &problem.schedule;
        let (start, duration) = (schedule.start, schedule.duration());
        let knots = knots_at(
            &self.function,
            self.nodes,
            self.node,
            start..start + duration,
        );
        let has_knots = !knots.is_empty();
        let part_ends = (0..=parts).map(|number| start + number as f64 / parts as f64 * duration);
        let mut times: Vec<f64> = part_ends.chain(knots).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let parts = times.windows(2);
        let middles: Vec<f64> = parts.map(|part| f64::midpoint(part[0], part[1])).collect();
        let values = self.values(&middles);
        let lengths: Vec<f64> = times.windows(2).map(|part| part[1] - part[0]).collect();
        let sums: Vec<f64> =
            running_sums(values.iter().zip(&lengths).map(|(f, length)| f * length));
        let size = values
            .iter()
            .zip(&lengths)
            .map(|(f, length)| f.abs() * length);
        let size = size.sum::<f64>();
        let mut sorted = values.clone();
        let (_, &mut median, _) = sorted.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
        let lengths_of_values = values.iter().zip(&lengths);
        let varying = range(running_sums(
            lengths_of_values.map(|(f, length)| (f - median) * length),
        ));
        (size.is_finite() && varying.is_finite()).then_some(Integral {
            times,
            sums,
            size,
            varying,
            has_knots,
        })
    }
}

/// The partial sums of the terms, beginning with 0.
pub(super) fn running_sums(terms: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums = vec![0.0];
    sums.extend(terms.map(|term| {
        sum += term;
        sum
    }));
    sums
}

/// The largest minus the smallest of some values.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> f64 {
    let no_values = (f64::INFINITY, f64::NEG_INFINITY);
    let values = values.into_iter();
    let (smallest, greatest) = values.fold(no_values, |(smallest, greatest), value| {
        (smallest.min(value), greatest.max(value))
    });
    greatest - smallest
}

/// The integral of a function of t from the beginning of a run on.
pub(super) struct Integral {
    times: Vec<f64>,
    /// The integrals up to each of the times.
    sums: Vec<f64>,
    /// The integral of the magnitude.
    pub(super) size: f64,
    /// The largest integral, over any time interval, of the function's difference from its median.
    pub(super) varying: f64,
    pub(super) has_knots: bool,
}

impl Integral {
    /// The integrals up to ascending times.
    pub(super) fn until(&self, ends: &[f64]) -> Vec<f64> {
        let last_index = self.times.len() - 1;
        let mut upper = 1;
        let integrals = ends.iter().map(|&end| {
            while upper < last_index && self.times[upper] <= end {
                upper += 1;
            }
            let [lower_time, upper_time] = [upper - 1, upper].map(|at| self.times[at]);
            let [lower_sum, upper_sum] = [upper - 1, upper].map(|at| self.sums[at]);
            let part = (end - lower_time) / (upper_time - lower_time);
            lower_sum + (upper_sum - lower_sum) * part.clamp(0.0, 1.0)
        });
        integrals.collect()
    }
}
