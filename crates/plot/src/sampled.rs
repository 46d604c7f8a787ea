//! [`Sampled`]: reduces a curve of any length to a few points.

/// Half of the largest number of points of a curve, which exceeds the number of pixels in a picture.
const MOST_POINTS: usize = 2000;

/// The points of a curve of any length, reduced to as many as a picture can show: of consecutive points the lowest and
/// the highest are kept.
#[derive(Clone, Debug)]
pub struct Sampled {
    group: usize,
    neighbours: Vec<(f64, f64)>,
    points: Vec<(f64, f64)>,
}

impl Sampled {
    /// A curve of `count` points.
    pub fn new(count: usize) -> Self {
        Self {
            group: count.div_ceil(MOST_POINTS).max(1),
            neighbours: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Adds the next point.
    pub fn push(&mut self, point: (f64, f64)) {
        self.neighbours.push(point);
        if self.neighbours.len() == self.group {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let finite_points = self
            .neighbours
            .iter()
            .enumerate()
            .filter(|(_, point)| point.1.is_finite());
        // Of equal values the first counts.
        let lowest = finite_points
            .clone()
            .reduce(|low, point| if point.1.1 < low.1.1 { point } else { low });
        let highest = finite_points
            .clone()
            .reduce(|high, point| if point.1.1 > high.1.1 { point } else { high });
        let has_gap = finite_points.count() < self.neighbours.len();
        let mut extremes: Vec<(usize, &(f64, f64))> = lowest.into_iter().chain(highest).collect();
        extremes.sort_unstable_by_key(|(place, _)| *place);
        extremes.dedup_by_key(|(place, _)| *place);
        self.points
            .extend(extremes.into_iter().map(|(_, point)| *point));
        if has_gap {
            self.points.push((f64::NAN, f64::NAN));
        }
        self.neighbours.clear();
    }

    /// The points that were kept.
    pub fn finish(mut self) -> Vec<(f64, f64)> {
        self.flush();
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_keep_their_extremes_and_gaps() {
        let mut sampled = Sampled::new(1_000_000);
        for k in 0..1_000_000u32 {
            let value = match k {
                777_777 => 5.0,
                333_333 => -5.0,
                555_555 => f64::NAN,
                k => (f64::from(k) / 1e5).sin(),
            };
            sampled.push((f64::from(k), value));
        }
        let points = sampled.finish();
        assert!(points.len() < 4100, "{}", points.len());
        assert!(points.contains(&(777_777.0, 5.0)) && points.contains(&(333_333.0, -5.0)));
        assert_eq!(points.iter().filter(|point| point.1.is_nan()).count(), 1);
        let xs: Vec<f64> = points
            .iter()
            .map(|point| point.0)
            .filter(|x| !x.is_nan())
            .collect();
        assert!(xs.is_sorted());
    }
}
