//! Stretches of a line, each from one coordinate to another.

use diff2d_arrays::expression::Search;

/// The place between two bounds at a share of their distance.
pub fn within([from, to]: [f64; 2], share: f64) -> f64 {
    from + share * (to - from)
}

/// What belongs to an axis and to the other one, in the order x, y.
pub fn oriented<T>(axis: usize, [along, over]: [T; 2]) -> [T; 2] {
    match axis {
        0 => [along, over],
        _ => [over, along],
    }
}

/// Places in ascending order, of which none overlap.
pub fn in_order(mut places: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    places.sort_unstable_by(|one, other| one[0].total_cmp(&other[0]));
    places.dedup_by(|place, previous| {
        let overlaps = place[0] < previous[1];
        if overlaps {
            previous[1] = previous[1].max(place[1]);
        }
        overlaps
    });
    places
}

/// The places within bounds, of places [`in_order`]. A place at the lower bound is not if nothing changes behind it.
pub fn places_in(places: &[[f64; 2]], [lower, upper]: [f64; 2]) -> &[[f64; 2]] {
    let lower_places = places.partition_point(|place| place[1] <= lower);
    let count = places.partition_point(|place| place[0] < upper);
    &places[lower_places.min(count)..count]
}

/// Whether a place lies within bounds.
pub fn lies_in(places: &[[f64; 2]], bounds: [f64; 2]) -> bool {
    !places_in(places, bounds).is_empty()
}

/// The bounds of the places within an interval.
pub fn cuts_in(places: &[[f64; 2]], bounds: [f64; 2]) -> Vec<f64> {
    places_in(places, bounds)
        .iter()
        .flatten()
        .copied()
        .collect()
}

/// The bounds of the places on each interval between neighbouring coordinates that has any: the number of its upper
/// end, and a bound, in ascending order of the numbers.
pub fn cuts_between(coordinates: &[f64], places: &[[f64; 2]]) -> Vec<(usize, f64)> {
    let mut cuts = Vec::new();
    for &[lower, upper] in places {
        let lowest = coordinates.partition_point(|&coordinate| coordinate <= lower);
        let highest = coordinates.partition_point(|&coordinate| coordinate < upper);
        for number in lowest.max(1)..=highest.min(coordinates.len() - 1) {
            cuts.extend([(number, lower), (number, upper)]);
        }
    }
    cuts.sort_unstable_by_key(|&(number, _)| number);
    cuts
}

/// The parts of an interval between cuts.
pub fn divided([from, to]: [f64; 2], mut cuts: Vec<f64>) -> Vec<[f64; 2]> {
    cuts.retain(|&cut| from < cut && cut < to);
    cuts.extend([from, to]);
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    cuts.windows(2).map(|part| [part[0], part[1]]).collect()
}

/// The number of rounding errors of coordinates between which nothing changes twice.
pub const SLIVER: f64 = 64.0;

/// The pieces that are wider than a sliver, or all if none is.
pub fn wide(mut pieces: Vec<[f64; 2]>, sliver: f64) -> Vec<[f64; 2]> {
    let is_wide = |piece: &[f64; 2]| piece[1] - piece[0] > sliver;
    if pieces.iter().any(is_wide) {
        pieces.retain(is_wide);
    }
    pieces
}

/// The rounding error of coordinates between bounds.
pub fn rounding([from, to]: [f64; 2]) -> f64 {
    f64::EPSILON / 4.0 * from.abs().max(to.abs())
}

/// The smallest part of an interval, but for a thousandth at each end, outside of which nothing lies.
pub fn shrunk(may_lie_in: impl Fn([f64; 2]) -> bool, [from, to]: [f64; 2]) -> [f64; 2] {
    const HALVINGS: u32 = 10;
    let smallest = (to - from) / f64::from(1 << HALVINGS);
    let (mut lower, mut upper) = (from, to);
    // Most ends stay where they are.
    let moves_lower = !may_lie_in([from, from + smallest]);
    let moves_upper = !may_lie_in([to - smallest, to]);
    let mut step = (to - from) / 2.0;
    while step >= smallest {
        if moves_lower && lower + step < upper && !may_lie_in([from, lower + step]) {
            lower += step;
        }
        if moves_upper && upper - step > lower && !may_lie_in([upper - step, to]) {
            upper -= step;
        }
        step /= 2.0;
    }
    [lower, upper]
}

/// The search for places on a line of so many nodes, to rounding. If there are more than some for each node, they are
/// known to less.
#[expect(clippy::cast_precision_loss, reason = "numbers of nodes are small")]
pub fn to_rounding(bounds: [f64; 2], nodes: usize) -> Search {
    const MOST_FOR_EACH_NODE: usize = 16;
    /// The part of an edge in which a change is taken for the only one.
    const NARROW: f64 = 1.0 / 1024.0;
    Search {
        smallest: rounding(bounds),
        narrow: NARROW * (bounds[1] - bounds[0]) / nodes as f64,
        most: MOST_FOR_EACH_NODE * nodes,
    }
}
