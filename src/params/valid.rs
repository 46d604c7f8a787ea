//! [`Params`]: valid parameters of one run.

use super::{
    area::{Area, AreaValue, TypedAreas},
    canonical::Canonical,
    choice::{Choice, Face, Isolated, Layout, Precision, StepMethod, Times},
    constants::Constants,
    coordinates::Coordinates,
    error::ParamsError,
    function_table::FunctionTable,
    initial::InitialState,
    judge::Judge,
    profile::{Boundary, Profile, Wall},
    quantity::Quantity,
    raw::RawParams,
    record::RecordKeys,
    snapshots::Snapshots,
    until::Until,
};
use serde::{Serialize, Serializer};

/// Valid parameters of one run, as requested. [`Grid`](crate::grid::Grid), [`Schedule`](crate::schedule::Schedule) and
/// the types of [`physics`](crate::physics) are derived from them.
///
/// The fields are those of the [table of keys](super::keys::KEYS).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Params {
    /// Diffusion coefficient \[length²/time\], unless separate ones for x and y are given.
    pub d: Option<Profile>,
    /// The quantities of the equation; the index of each is its number.
    pub slots: [Profile; Quantity::ALL.len()],
    /// The mean of two nodes' diffusion coefficients for the face between them.
    pub face: Face,
    /// Left end of the domain \[length\].
    pub x1: f64,
    /// Right end of the domain \[length\].
    pub x2: f64,
    /// Lower end of the domain \[length\].
    pub y1: f64,
    /// Upper end of the domain \[length\].
    pub y2: f64,
    /// Simulated time to run, from the first snapshot on \[time\].
    pub runtime: f64,
    /// Wanted spacing along x \[length\]; the spacing of the grid divides the domain evenly.
    pub dx: f64,
    /// Wanted spacing along y \[length\].
    pub dy: f64,
    /// Simulated time per snapshot \[time\]. With the course's times, the schedule rounds it to a whole number of
    /// steps.
    pub outtime: f64,
    /// Simulated times of the snapshots after the first, if they are not multiples of `outtime` \[time\].
    pub outtimes: Option<Vec<f64>>,
    /// Simulated time of the first snapshot \[time\].
    pub t0: f64,
    /// Whether the run draws its snapshots.
    pub graphics: bool,
    /// The layout of the nodes in the domain.
    pub grid: Layout,
    /// The meaning of x and y.
    pub coordinates: Coordinates,
    /// The times of snapshots.
    pub times: Times,
    /// Type of the steps and the cube.
    pub precision: Precision,
    /// Time step \[time\], if it is given.
    pub dt: Option<f64>,
    /// Time step as a fraction of the stability limit, if it is given.
    pub safety: Option<f64>,
    /// The time-stepping method.
    pub method: StepMethod,
    /// Number of stages of a step of `rkl2`, if it is not derived from `dt`.
    pub stages: Option<usize>,
    /// The state before the first step.
    pub initial: InitialState,
    /// The boundary conditions on the sides of the domain.
    pub boundary: Boundary,
    /// The nodes outside the domain.
    pub mask: Option<Area>,
    /// The treatment of isolated pieces of the domain.
    pub isolated: Isolated,
    /// Nodes that keep given values. If several tables hold a node, the last one counts.
    pub held: Vec<AreaValue>,
    /// Resistances between the nodes of an area and all other nodes \[length/D\].
    pub interfaces: Vec<AreaValue>,
    /// The largest residual of `method = "steady"`, relative to the right side.
    pub tolerance: f64,
    /// The condition for an end before `runtime`.
    pub until: Option<Until>,
    /// The quantities that are written more often than snapshots.
    pub record: Option<RecordKeys>,
    /// A limit for the memory of a run in bytes.
    pub memory: Option<u64>,
    /// Functions of one number for all formulas.
    pub functions: Vec<FunctionTable>,
    /// Named numbers for all formulas.
    pub constants: Constants,
    canonical: Canonical,
}

impl Params {
    /// Texts on the areas of the domain.
    #[must_use]
    pub fn areas(&self) -> Vec<TypedAreas> {
        TypedAreas::list(self.mask.as_ref(), &self.held, &self.interfaces)
    }

    /// The change per time below which a run ends, if it ends by that \[density/time\].
    #[must_use]
    pub fn steady_rate(&self) -> Option<f64> {
        self.until.as_ref()?.steady
    }

    /// Judges what was typed: each key for itself, and some together.
    ///
    /// # Errors
    /// [`ParamsError`] with all errors.
    pub fn from_raw(raw: &RawParams) -> Result<Self, ParamsError> {
        let constants = Constants::of(raw)?;
        let raw = &*constants.resolve(raw)?;
        let mut judge = Judge::new(raw);
        judge.refuse_unknown();
        judge.refuse_in_fit();
        judge.words.constants = constants.shared();
        if let Some(constants) = constants.to_json() {
            judge.note("constants.NAME", constants);
        }
        let functions = FunctionTable::take(&mut judge);
        let needs_d = !(judge.is_typed("Dx") && judge.is_typed("Dy"));
        let takes_d = needs_d || judge.is_typed("D");
        let d = takes_d.then(|| judge.profile("D", Quantity::X.variables()));
        let [x1, x2, y1, y2] = ["x1", "x2", "y1", "y2"].map(|key| judge.number(key));
        let middle = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
        let grid = judge.choice("grid");
        let method: StepMethod = judge.choice("method");
        let has_time = method != StepMethod::Steady;
        let snapshots = if has_time {
            Snapshots::take(&mut judge)
        } else {
            Snapshots {
                runtime: 0.0,
                outtime: 0.0,
                outtimes: None,
                t0: judge.number_if_typed("t0").unwrap_or(0.0),
            }
        };
        let times = match grid {
            _ if snapshots.outtimes.is_some() => Times::Exact,
            Layout::Walls => Times::Exact,
            Layout::Slides | Layout::Files => Times::Course,
        };
        let times = judge.choice_or("times", times);
        judge.words.latest_time = snapshots.latest_time(times);
        let held_areas = AreaValue::take_held(&mut judge);
        let record = RecordKeys::take(&mut judge, snapshots.t0, !has_time, &held_areas);
        let columns = record.as_ref().map(|record| record.columns(&held_areas));
        let mut params = Self {
            d,
            slots: Quantity::ALL
                .map(|quantity| judge.profile(quantity.key(), quantity.variables())),
            x1,
            x2,
            y1,
            y2,
            runtime: snapshots.runtime,
            dx: judge.number("dx"),
            dy: judge.number("dy"),
            outtime: snapshots.outtime,
            outtimes: snapshots.outtimes.clone(),
            t0: snapshots.t0,
            graphics: judge.boolean("graphics"),
            coordinates: judge.choice("coordinates"),
            times,
            grid,
            precision: judge.choice("precision"),
            dt: judge.number_if_typed("dt").filter(|_| has_time),
            safety: judge.number_or_default("safety").filter(|_| has_time),
            face: judge.choice("face"),
            method,
            stages: judge
                .integer_if_typed("stages")
                .map(|stages| usize::try_from(stages).unwrap_or(0))
                .filter(|_| has_time),
            initial: InitialState::take(&mut judge, middle),
            boundary: Boundary {
                left: judge.wall("boundary.left"),
                right: judge.wall("boundary.right"),
                bottom: judge.wall("boundary.bottom"),
                top: judge.wall("boundary.top"),
            },
            mask: Area::take_mask(&mut judge),
            isolated: judge
                .choice_if_typed("mask.isolated")
                .unwrap_or(Isolated::Keep),
            held: held_areas,
            interfaces: AreaValue::take(&mut judge, "interface", "resistance"),
            tolerance: judge.number("tolerance"),
            until: Until::take(&mut judge, columns.as_ref()).filter(|_| has_time),
            record,
            memory: judge.size_if_typed("memory"),
            functions,
            constants,
            canonical: Canonical::default(),
        };
        params.judge_numbers(&mut judge);
        snapshots.judge(&mut judge, params.times);
        for key in ["units.x", "units.y", "units.t", "units.p", "units.q"] {
            judge.label_if_typed(key);
        }
        params.initial.check(&mut judge);
        let (grid, method) = (params.grid, params.method);
        let walls = &mut params.boundary;
        let coordinates = params.coordinates;
        coordinates.judge(&mut judge, params.x1, grid, method, walls);
        params.judge_walls(&mut judge);
        if params.dt.is_some() || params.method.is_exact_in_time() {
            judge.leave_out("safety");
        }
        if has_time {
            judge.leave_out("tolerance");
        } else {
            StepMethod::OF_TIME
                .iter()
                .for_each(|key| judge.leave_out(key));
        }
        params.canonical = judge.verdict()?;
        Ok(params)
    }

    /// Refuses numbers out of range.
    fn judge_numbers(&self, judge: &mut Judge) {
        let profiles =
            Quantity::ALL.map(|quantity| (quantity, quantity.key(), self.profile(quantity)));
        let of_d = self.d.iter().map(|profile| (Quantity::X, "D", profile));
        for (quantity, key, profile) in profiles.into_iter().chain(of_d) {
            // A number that was refused is NaN here, of which no comparison holds.
            let number = profile.constant().unwrap_or(f64::NAN);
            let range_wanted = quantity.wanted_instead_of(number).unwrap_or_default();
            judge.refuse_if(!range_wanted.is_empty() && judge.is_typed(key), key, || {
                format!("{key} must be {range_wanted}")
            });
        }
        for (key, key1, lower, upper) in [
            ("x2", "x1", self.x1, self.x2),
            ("y2", "y1", self.y1, self.y2),
        ] {
            if key == "y2" && !(judge.is_typed("y1") || judge.is_typed("y2")) {
                continue;
            }
            judge.refuse_if(upper <= lower, key, || {
                format!("{key} must be greater than {key1} = {lower:?}")
            });
            judge.refuse_if((upper - lower).is_infinite(), key, || {
                format!("{key} - {key1} ({key1} = {lower:?}) is beyond the largest number")
            });
        }
        for (key, number) in [
            ("dx", self.dx),
            ("dy", self.dy),
            ("dt", self.dt.unwrap_or(f64::NAN)),
            ("safety", self.safety.unwrap_or(f64::NAN)),
        ] {
            let is_own = key == "dx" || judge.is_typed(key);
            judge.refuse_if(is_own && number <= 0.0, key, || {
                format!("{key} must be greater than 0")
            });
        }
        self.judge_method(judge);
        let has_dt_and_safety = self.dt.is_some() && judge.is_typed("safety");
        judge.refuse_if(has_dt_and_safety, "dt", || {
            "safety is given as well; keep one of the two".to_owned()
        });
    }

    /// Refuses keys that the method does not use, and reports keys that it needs.
    fn judge_method(&self, judge: &mut Judge) {
        let (has_dt, has_stages) = (self.dt.is_some(), judge.is_typed("stages"));
        let name = self.method.name();
        match self.method {
            StepMethod::Euler => {}
            StepMethod::Steady => {
                let wrong = !(1e-16..=0.01).contains(&self.tolerance);
                judge.refuse_if(wrong && self.tolerance.is_finite(), "tolerance", || {
                    "it must be from 1e-16, below which there is rounding alone, to 0.01".to_owned()
                });
                return;
            }
            StepMethod::Rkl2 => {
                judge.refuse_if(!has_dt && !has_stages, "method", || {
                    "it needs stages, such as stages = 10, of which the time step follows, or dt".to_owned()
                });
            }
            StepMethod::Exact => {
                for key in ["dt", "safety"] {
                    judge.refuse_if(judge.is_typed(key), key, || {
                        "method = \"exact\" steps from snapshot to snapshot; remove it".to_owned()
                    });
                }
                judge.refuse_if(self.outtimes.is_some(), "outtimes", || {
                    "method = \"exact\" has snapshots at the multiples of outtime; give runtime and outtime"
                        .to_owned()
                });
                judge.refuse_if(self.outtime == 0.0, "outtime", || {
                    "it must be greater than 0 with method = \"exact\"".to_owned()
                });
            }
        }
        judge.refuse_if(judge.is_typed("tolerance"), "tolerance", || {
            format!("method = \"{name}\" has none, method = \"steady\" has; remove it")
        });
        judge.refuse_if(
            self.method != StepMethod::Rkl2 && has_stages,
            "stages",
            || format!("method = \"{name}\" has no stages; remove it"),
        );
        let wrong = self
            .stages
            .is_some_and(|stages| !(2..=MOST_STAGES).contains(&stages));
        judge.refuse_if(wrong, "stages", || {
            format!("it must be from 2 to {MOST_STAGES}")
        });
    }

    /// Refuses walls that the grid does not support, and one side of a periodic pair without the other.
    fn judge_walls(&self, judge: &mut Judge) {
        let names = SIDES;
        let sides = self.boundary.sides();
        let is_grid_known = !judge.has_refused("grid");
        for (number, (name, wall)) in names.into_iter().zip(sides).enumerate() {
            let needs_walls = is_grid_known && !wall.is_fixed() && self.grid != Layout::Walls;
            judge.refuse_if(needs_walls && judge.is_typed(name), name, || {
                let grid = self.grid.name();
                format!(
                    "flux, robin and periodic walls need nodes on the ends of the domain: grid = \"walls\", not {grid:?}"
                )
            });
            let opposite = number ^ 1;
            let is_half =
                matches!(wall, Wall::Periodic) && !matches!(sides[opposite], Wall::Periodic);
            judge.refuse_if(is_half && judge.is_typed(name), name, || {
                format!("{} must be \"periodic\" as well", names[opposite])
            });
            if let Wall::Robin([_, b, _]) = wall {
                judge.refuse_if(b.constant() == Some(0.0), name, || {
                    "b of [a, b, c] must not be 0; a wall of given value is a number or a formula"
                        .to_owned()
                });
            }
        }
    }

    /// Leaves `safety` out of the journal, because the time step is not a fraction of the stability limit.
    pub(crate) fn leave_out_safety(&mut self) {
        self.canonical.remove("safety");
    }

    /// The profile of a quantity.
    #[must_use]
    pub fn profile(&self, quantity: Quantity) -> &Profile {
        &self.slots[quantity as usize]
    }

    /// All parameters in the form of a journal.
    #[must_use]
    pub fn canonical(&self) -> &Canonical {
        &self.canonical
    }
}

/// The largest number of stages of a step of `rkl2`.
pub const MOST_STAGES: usize = 10_001;

/// The keys of the sides, in the order of [`Boundary::sides`].
pub const SIDES: [&str; 4] = [
    "boundary.left",
    "boundary.right",
    "boundary.bottom",
    "boundary.top",
];

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.canonical.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Choice, canonical::default_of, keys::KEYS};

    fn params(text: &str) -> Result<Params, String> {
        let raw = RawParams::parse("p.toml", text).unwrap();
        Params::from_raw(&raw).map_err(|error| error.to_string())
    }

    const SEED: &str = "D = 1\nx1 = -10\nx2 = 10\nruntime = 15\ndx = 0.0667\nouttime = 0.5\n";

    #[test]
    fn the_canonical_form_has_every_key_in_order() {
        let params = params(SEED).unwrap();
        let canonical = params.canonical();
        let names: Vec<String> = canonical
            .pairs()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let of_others = |name: &str| {
            [
                "dt",
                "stages",
                "tolerance",
                "until",
                "memory",
                "held",
                "interface",
                "function",
                "outtimes",
                "t0",
            ]
            .contains(&name)
                || [
                    "initial.",
                    "mask.",
                    "units.",
                    "record.",
                    "constants.",
                    "fit.",
                ]
                .iter()
                .any(|table| name.starts_with(table))
        };
        let expected = KEYS.iter().map(|key| key.name);
        let expected: Vec<&str> = expected
            .filter(|name| *name == "initial.kind" || !of_others(name))
            .collect();
        assert_eq!(names, expected);
        for (name, value) in canonical.pairs() {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            if let Some(default) = default_of(key) {
                assert_eq!(*value, default, "{name}");
            }
        }
    }

    #[test]
    fn the_canonical_form_is_read_back() {
        for (layout, precision) in Layout::ALL.iter().zip(Precision::ALL.iter().cycle()) {
            let (layout, precision) = (layout.name(), precision.name());
            let text = format!("{SEED}grid = '{layout}'\nprecision = '{precision}'\n");
            let params = params(&text).unwrap();
            let back = Params::from_raw(&RawParams::from_canonical(params.canonical()));
            // The journal has the default, too.
            let safety = params.safety;
            let back = back.map(|back| Params { safety, ..back });
            assert_eq!(back.unwrap(), params);
            assert_eq!(params.grid.name(), layout);
            assert_eq!(params.precision.name(), precision);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error =
            params("D = -1\nx1 = 'a'\nx2 = 1\nrun_time = 1\ndx = nan\nouttime = -1\n").unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        let expected = [
            "p.toml:4: there is no parameter run_time (= 1), did you mean runtime?",
            "p.toml:2: x1 = \"a\" is a string",
            "p.toml:5: dx = nan cannot be used",
            "p.toml:1: D = -1 cannot be used",
            "p.toml:6: outtime = -1 cannot be used",
        ];
        assert_eq!(lines.len(), expected.len(), "{error}");
        for (line, beginning) in lines.iter().zip(expected) {
            assert!(line.starts_with(beginning), "{line}");
        }
    }
}
