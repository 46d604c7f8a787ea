//! [`MovingNodes`]: the inflow into the cells of nodes whose given values change.
//!
//! A node with a given value stands for a cell that holds `w c p`. If the value changes, the mechanism that imposes it
//! also supplies the change: `w c dp/dt` per time, and `w c (p(t2) - p(t1))` between two times. The jump from the initial
//! state to the given value is such a change, at the start. In a corner of two fixed walls each wall supplies half.

use super::{Unready, geometry::Geometry, initial::Initial, slots::Slots, wall::Side};
use crate::{
    field::Field,
    params::{ParamsError, Precision},
};
use std::{collections::HashMap, sync::Arc};

/// The nodes of fixed walls whose values depend on time.
#[derive(Clone)]
pub struct MovingNodes {
    geometry: Arc<Geometry>,
    nodes: Arc<[MovingNode]>,
    precision: Precision,
    /// The time between values from which a slope is computed \[time\].
    interval: f64,
}

/// A node, the content of its cell per unit of p, and the rates for which it counts.
struct MovingNode {
    place: (usize, usize),
    content: f64,
    owners: [usize; 2],
    /// The numbers of the regions that contain the node.
    regions: Vec<usize>,
}

impl MovingNode {
    fn new(geometry: &Geometry, place: (usize, usize), owners: [usize; 2], capacity: f64) -> Self {
        let (grid, (j, i)) = (&geometry.grid, place);
        let number = geometry.nodes.number(geometry.nodes.row(j), i);
        let regions = geometry.regions.iter().enumerate();
        Self {
            place,
            content: grid.integral(grid.y.weight(j) * grid.x.weight(i) * capacity),
            owners,
            regions: regions
                .filter(|(_, region)| region.has(number))
                .map(|(region, _)| region)
                .collect(),
        }
    }

    /// Adds the inflow due to a change of the value to the sums of rates, of which the regions have those from `first_region` on.
    fn add(&self, change: f64, sums: &mut [f64], first_region: usize) {
        let gain = self.content * change;
        self.owners
            .into_iter()
            .for_each(|owner| sums[owner] += 0.5 * gain);
        for region in &self.regions {
            sums[first_region + region] += gain;
        }
    }
}

/// The inflow at the start \[density·length²\], by index of the rate: what fixed walls and held nodes bring by their jump
/// from the initial state. A held node at which that is no finite number begins with its value.
///
/// # Errors
/// [`Unready`] if a file can no longer be read, and if there is too little memory.
pub fn jumps_at_start(
    slots: &Slots,
    initial: &Initial,
    precision: Precision,
) -> Result<Vec<f64>, Unready> {
    let geometry = &slots.geometry;
    let mut sums = vec![0.0; geometry.rates()];
    let first_region = sums.len() - geometry.regions.len();
    let (ny, nx) = geometry.grid.shape();
    for j in 0..ny {
        let given_nodes = geometry.given_in(j);
        if given_nodes.is_empty() {
            continue;
        }
        let mut state = Field::<f64>::zeros((1, nx))?;
        initial.fill(&mut state, geometry, j)?;
        let capacities = slots.capacity(j..j + 1)?;
        for (i, owners) in given_nodes {
            let held_value = geometry.value((j, i));
            let value = held_value.or_else(|| geometry.fixed_value((j, i), geometry.start));
            let [state_value, given_value] = [Some(state.as_slice()[i]), value]
                .map(|value| rounded(precision, value.unwrap_or(f64::NAN)));
            let change = Some(given_value - state_value).filter(|change| change.is_finite());
            let capacity = capacities.get(i).unwrap_or(&capacities[0]);
            let node = MovingNode::new(geometry, (j, i), owners, *capacity);
            node.add(change.unwrap_or(0.0), &mut sums, first_region);
        }
    }
    Ok(sums)
}

/// A value as a state of this precision has it.
fn rounded(precision: Precision, value: f64) -> f64 {
    match precision {
        Precision::F64 => value,
        #[expect(clippy::cast_possible_truncation, reason = "as the state rounds it")]
        Precision::F32 => f64::from(value as f32),
    }
}

/// The ratio of a step to the time between values for a slope.
const INTERVALS_OF_STEP: f64 = 64.0;

impl MovingNodes {
    /// The moving nodes of a problem with this precision and steps of `dt`.
    ///
    /// # Errors
    /// [`ParamsError`] if the file of the capacity can no longer be read.
    pub fn new(slots: &Slots, precision: Precision, dt: f64) -> Result<Self, ParamsError> {
        let geometry = &slots.geometry;
        let grid = &geometry.grid;
        let mut nodes = Vec::new();
        for side in Side::ALL {
            let wall = geometry.walls.wall(side);
            if !wall.is_fixed() || !wall.depends_on_time() {
                continue;
            }
            let mut capacities = (None, Vec::new());
            for place in (0..side.nodes(grid)).map(|number| side.node(grid, number)) {
                let (j, i) = place;
                let Some(owners) = geometry.owners(place) else {
                    continue;
                };
                if geometry.keeps(place) || geometry.fixed_side(place) != Some(side) {
                    continue;
                }
                if capacities.0 != Some(j) {
                    capacities = (Some(j), slots.capacity(j..j + 1)?);
                }
                let capacity = capacities.1.get(i).or(capacities.1.first());
                let capacity = capacity.copied().unwrap_or(1.0);
                nodes.push(MovingNode::new(geometry, place, owners, capacity));
            }
        }
        Ok(Self {
            geometry: Arc::clone(geometry),
            nodes: nodes.into(),
            precision,
            interval: dt / INTERVALS_OF_STEP,
        })
    }

    /// The rates due to changing values at a time \[density·length²/time\], by index of the rate.
    #[must_use]
    pub fn rates(&self, time: f64) -> Vec<f64> {
        self.sums(|place| self.slope(place, time))
    }

    /// What a fixed wall supplies at a time to each node whose value changes \[density·length²/time\].
    #[must_use]
    pub fn supplies(&self, time: f64) -> HashMap<(usize, usize), f64> {
        let nodes = self.nodes.iter();
        nodes
            .map(|node| (node.place, node.content * self.slope(node.place, time)))
            .collect()
    }

    /// The inflow between two times due to changing values \[density·length²\], by index of the rate. Values are
    /// rounded as in the state.
    #[must_use]
    pub fn gains(&self, from: f64, to: f64) -> Vec<f64> {
        self.sums(|place| self.rounded(place, to) - self.rounded(place, from))
    }

    fn sums(&self, change: impl Fn((usize, usize)) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.geometry.rates()];
        let first_region = sums.len() - self.geometry.regions.len();
        for node in &*self.nodes {
            node.add(change(node.place), &mut sums, first_region);
        }
        sums
    }

    fn value(&self, place: (usize, usize), time: f64) -> f64 {
        let value = self.geometry.fixed_value(place, time);
        value.unwrap_or(f64::NAN)
    }

    /// The value of a node, rounded as in the state.
    fn rounded(&self, place: (usize, usize), time: f64) -> f64 {
        rounded(self.precision, self.value(place, time))
    }

    /// The derivative of the value of a node, of second order, from values after the time or before it. The smaller of
    /// these two derivatives is used, because the other may contain a jump. Before the start of the run there are no
    /// values.
    fn slope(&self, place: (usize, usize), time: f64) -> f64 {
        let slope_after = self.one_sided_slope(place, time, self.interval);
        let slope_before = if time > self.geometry.start {
            self.one_sided_slope(place, time, -self.interval)
        } else {
            f64::NAN
        };
        match (slope_after.is_finite(), slope_before.is_finite()) {
            (true, true) if slope_before.abs() < slope_after.abs() => slope_before,
            (true, _) => slope_after,
            (false, true) => slope_before,
            (false, false) => 0.0,
        }
    }

    fn one_sided_slope(&self, place: (usize, usize), time: f64, interval: f64) -> f64 {
        let value = self.value(place, time);
        let [near, far] = [time + interval, time + 2.0 * interval]
            .map(|other| (self.value(place, other) - value) / (other - time));
        2.0 * near - far
    }
}
