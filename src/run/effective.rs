//! [`EffectiveDiffusivity`]: the transport through a heterogeneous body as one number.

use super::{
    error::RunError,
    flux::{FluxTable, problem_of_scenario},
};
use crate::{
    cube::{Commit, Cube},
    grid::Axis,
    params::{
        Canonical, Choice, Coordinates, ParamsError, Quantity, RawParams, SIDES, StepMethod, Wall,
    },
    physics::wall::Side,
    problem::{Footprint, Problem},
};
use serde::Serialize;
use serde_json::Value;

/// The position of the two fixed wall values, if every node is a whole pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelEnds {
    /// The middle of the outermost pixels, as in PoreSpy
    Centres,
    /// The outer faces of the outermost pixels, as in taufactor
    Faces,
}

/// The diffusivity of a homogeneous body that lets the same flux through between the same two walls.
///
/// ```text
///   effective = rate · length / (width · difference)      formation factor = D / effective
///   tortuosity = porosity · formation factor
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EffectiveDiffusivity {
    /// Effective D along the axis from wall to wall \[length²/time\]; 0 if no path joins the walls.
    pub effective: f64,
    /// The fraction of the body that is not masked; with [`PixelEnds::Centres`] that from which paths lead to both walls \[1\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub porosity: Option<f64>,
    /// D of the unmasked part divided by the effective D \[1\], infinite if no path joins the walls; `None` unless D is a
    /// single number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formation_factor: Option<f64>,
    /// Porosity times formation factor \[1\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tortuosity: Option<f64>,
}

impl EffectiveDiffusivity {
    /// The names of its numbers.
    pub const NAMES: [&str; 4] = ["effective", "porosity", "formation_factor", "tortuosity"];

    /// The numbers with their names, as far as there are any.
    pub fn numbers(&self) -> [(&'static str, Option<f64>); 4] {
        let [effective, porosity, formation_factor, tortuosity] = Self::NAMES;
        [
            (effective, Some(self.effective)),
            (porosity, self.porosity),
            (formation_factor, self.formation_factor),
            (tortuosity, self.tortuosity),
        ]
    }

    /// Whether a run may have an effective diffusivity, from its parameters alone: it is steady, two opposite walls are fixed, and
    /// nothing else lets anything in.
    pub fn may_be_of(params: &Canonical) -> bool {
        params.value("method").and_then(Value::as_str) == Some(StepMethod::Steady.name())
            && (joins_fixed_walls(params, Side::Left) || joins_fixed_walls(params, Side::Bottom))
            && ["source", "decay"]
                .into_iter()
                .all(|key| is_zero(params, key))
            && params.value("held").is_none()
    }

    /// The effective diffusivity of the steady state of a run, or of a scenario of a sweep. If `pixels` is given, every node is a whole pixel, and
    /// the state is solved for again; otherwise nodes on walls are half cells, and the flux is computed from the cube.
    /// Input files that have moved are given as `key=value` texts.
    ///
    /// # Errors
    /// [`RunError::Params`] unless two opposite walls hold two constants and nothing else lets anything in;
    /// [`RunError`] for parameters and inputs that differ from the parameters and inputs of the cube.
    pub fn of(
        cube: &Cube,
        commit: &Commit,
        pixels: Option<PixelEnds>,
        moved: &[String],
    ) -> Result<Self, RunError> {
        let number = commit.id().scenario();
        let problem = problem_of_scenario(cube, number, moved)?;
        let walls = FixedPair::of(&problem, pixels)?;
        let grid = &problem.grid;
        let (flow_axis, width_axis) = if walls.first.is_column() {
            (&grid.x, &grid.y)
        } else {
            (&grid.y, &grid.x)
        };
        let (rate, length, width) = match pixels {
            None => {
                let table = FluxTable::of_problem(&problem, cube, &[commit])?;
                let rate = table.rows[0].rates[walls.first as usize];
                (rate, extent(flow_axis), extent(width_axis))
            }
            Some(ends) => {
                let length = match ends {
                    PixelEnds::Centres => extent(flow_axis),
                    PixelEnds::Faces => extent(flow_axis) + flow_axis.spacing,
                };
                (
                    walls.flow_through_pixels(&problem, ends, flow_axis.spacing)?,
                    length,
                    extent(width_axis) + width_axis.spacing,
                )
            }
        };
        let is_joined = [walls.first, walls.first.opposite()].map(|side| {
            let joined = problem.nodes_joined_to(side);
            joined.map_err(|unready| RunError::unready(unready, Footprint::of(&problem).bytes()))
        });
        let [is_joined, is_joined_behind] = is_joined;
        let mut is_on_path = is_joined?;
        for (is_on_path, is_joined) in is_on_path.iter_mut().zip(is_joined_behind?) {
            *is_on_path &= is_joined;
        }
        let is_percolated = is_on_path.contains(&true);
        // Where no path leads from wall to wall, the rate is a rounding error.
        let effective = if is_percolated {
            rate * length / (width * (walls.values[0] - walls.values[1]))
        } else {
            0.0
        };
        // A mask that selects nothing is one, too.
        let porosity = problem.params.mask.as_ref().map(|_| match pixels {
            Some(PixelEnds::Centres) if is_percolated => share_of(&problem, &is_on_path),
            _ => porosity(&problem, pixels.is_some()),
        });
        let quantity = if walls.first.is_column() {
            Quantity::X
        } else {
            Quantity::Y
        };
        let formation_factor = porosity
            .and_then(|_| problem.slots().uniform(quantity))
            .map(|diffusivity| diffusivity / effective);
        Ok(Self {
            effective,
            porosity,
            formation_factor,
            tortuosity: porosity
                .zip(formation_factor)
                .map(|(porosity, factor)| porosity * factor),
        })
    }
}

/// The problem of a run that may have an effective diffusivity, and the rate to which that is proportional.
///
/// # Errors
/// As [`EffectiveDiffusivity::of`].
pub(crate) fn problem_and_rate(
    cube: &Cube,
    moved: &[String],
) -> Result<(Problem, String), RunError> {
    let problem = problem_of_scenario(cube, 0, moved)?;
    let side = SIDES[FixedPair::of(&problem, None)?.first as usize];
    let side_name = side.trim_start_matches("boundary.");
    Ok((problem, format!("{side_name}_rate")))
}

/// Two opposite walls that each hold a constant.
struct FixedPair {
    first: Side,
    values: [f64; 2],
}

impl FixedPair {
    fn of(problem: &Problem, pixels: Option<PixelEnds>) -> Result<Self, ParamsError> {
        let params = &problem.params;
        refuse_other_flows(problem)?;
        let pairs = [Side::Left, Side::Bottom].map(|side| {
            constant_of(params.boundary.wall(side))
                .zip(constant_of(params.boundary.wall(side.opposite())))
                .filter(|(first, second)| first != second)
                .map(|(first, second)| (side, [first, second]))
        });
        let Some((first_side, values)) = pairs.into_iter().flatten().next() else {
            return Err(refuse(
                "boundary",
                "two opposite walls have to hold two different numbers, as left = 1.0 and right = 0.0 do",
            ));
        };
        for side in Side::ALL {
            let is_of_pair = side == first_side || side == first_side.opposite();
            // What leaves on one periodic side comes in on the other.
            let (is_closed, reason) = match params.boundary.wall(side) {
                Wall::Flux(flux) => (flux.constant() == Some(0.0), NOTHING_BETWEEN),
                Wall::Periodic => (pixels.is_none(), NODES_OF_BOTH_SIDES),
                _ => (false, NOTHING_BETWEEN),
            };
            if !is_of_pair && !is_closed {
                return Err(refuse(SIDES[side as usize], reason));
            }
        }
        Ok(Self {
            first: first_side,
            values,
        })
    }

    /// The flux from the first wall to the second one, if every node is a whole pixel \[density·length²/time\].
    fn flow_through_pixels(
        &self,
        problem: &Problem,
        ends: PixelEnds,
        spacing: f64,
    ) -> Result<f64, RunError> {
        let changes = match ends {
            PixelEnds::Centres => Vec::new(),
            // Half a pixel of the node's own D lies between a node and the face on which the value holds.
            PixelEnds::Faces => [self.first, self.first.opposite()]
                .into_iter()
                .zip(self.values)
                .map(|(side, value)| {
                    let per_length = 2.0 / spacing;
                    format!(
                        "{}={{robin=[{per_length:?}, 1.0, {:?}]}}",
                        SIDES[side as usize],
                        per_length * value
                    )
                })
                .collect(),
        };
        let mut raw = RawParams::from_canonical(problem.params.canonical());
        changes.iter().try_for_each(|change| raw.set(change))?;
        let problem = Problem::from_raw(&raw)?.with_whole_cells();
        let footprint_bytes = Footprint::of(&problem).bytes();
        problem
            .steady_flow(self.first)
            .map_err(|unready| RunError::unready(unready, footprint_bytes))
    }
}

/// Refuses a problem in which not the same flows through every section, or in which something enters or leaves beside the
/// walls.
fn refuse_other_flows(problem: &Problem) -> Result<(), ParamsError> {
    let params = &problem.params;
    if params.method != StepMethod::Steady {
        return Err(refuse_value(
            "method",
            format!("{:?}", params.method.name()),
            "it has to be \"steady\", for only then the same flows through every section",
        ));
    }
    if params.coordinates == Coordinates::Axisymmetric {
        return Err(refuse(
            "coordinates",
            "sections around an axis have different sizes",
        ));
    }
    for quantity in Quantity::WITH_RATE {
        if problem.slots().slot(quantity).is_there() {
            return Err(refuse(quantity.key(), NOTHING_BETWEEN));
        }
    }
    if problem.geometry().has_held() {
        return Err(refuse("held", NOTHING_BETWEEN));
    }
    Ok(())
}

/// Whether a wall and the opposite one are fixed, and nothing passes the two others, but for what leaves on one and comes in on the
/// other.
fn joins_fixed_walls(params: &Canonical, first: Side) -> bool {
    Side::ALL.into_iter().all(|side| {
        let Some(wall) = params.value(SIDES[side as usize]) else {
            return false;
        };
        let word = wall.as_str();
        if side == first || side == first.opposite() {
            wall.is_number() || word.is_some_and(|word| word != "periodic")
        } else {
            let flux = wall.get("flux").and_then(Value::as_f64);
            flux == Some(0.0) || word == Some("periodic")
        }
    })
}

/// Whether a key has the value 0, or none.
fn is_zero(params: &Canonical, key: &str) -> bool {
    let value = params.value(key);
    value.is_none_or(|value| value.as_f64() == Some(0.0))
}

fn constant_of(wall: &Wall) -> Option<f64> {
    match wall {
        Wall::Fixed(value) => value.constant(),
        _ => None,
    }
}

/// The distance between the outermost nodes of an axis.
fn extent(axis: &Axis) -> f64 {
    axis.node(axis.nodes - 1) - axis.node(0)
}

/// The fraction of the body that is not masked: of whole pixels, or of the cells between the walls.
fn porosity(problem: &Problem, has_whole_cells: bool) -> f64 {
    let grid = &problem.grid;
    let (ny, nx) = grid.shape();
    let (mut pores, mut body) = (0.0, 0.0);
    for j in 0..ny {
        for i in 0..nx {
            let weight = if has_whole_cells {
                1.0
            } else {
                grid.y.weight(j) * grid.x.weight(i)
            };
            body += weight;
            if !problem.geometry().masks((j, i)) {
                pores += weight;
            }
        }
    }
    pores / body
}

/// The share of nodes from which paths lead to both walls: PoreSpy takes others for solid.
fn share_of(problem: &Problem, is_on_path: &[bool]) -> f64 {
    let columns = problem.grid.x.nodes;
    let nodes = is_on_path.iter().enumerate();
    let pores = nodes.filter(|&(place, is_on_path)| {
        *is_on_path && !problem.geometry().masks((place / columns, place % columns))
    });
    pores.count() as f64 / is_on_path.len() as f64
}

/// Why flows beside the two walls are refused.
const NOTHING_BETWEEN: &str = "nothing may enter or leave between the two walls";

/// Why periodic sides are refused for whole pixels.
const NODES_OF_BOTH_SIDES: &str = "the nodes of periodic sides lie on both of them, and --pixels would count them twice: leave it out";

fn refuse(key: &'static str, reason: &str) -> ParamsError {
    refuse_value(key, "…".to_owned(), reason)
}

fn refuse_value(key: &'static str, value: String, reason: &str) -> ParamsError {
    ParamsError::Refused {
        place: crate::params::Place::File("the cube's parameters".into()),
        key: key.to_owned(),
        value,
        reason: format!("cannot be used for --effective: {reason}"),
    }
}
