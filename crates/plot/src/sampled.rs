//! [`Sampled`]: a curve of any length as a few points.

/// A curve has at most about twice as many points: more than pixels.
const MOST_POINTS: usize = 2000;

/// Points of a curve of any length, of which a picture shows no more: of many neighbours the lowest and
/// the highest stay.
#[derive(Clone, Debug)]
pub struct Sampled {
    together: usize,
    neighbours: Vec<(f64, f64)>,
    points: Vec<(f64, f64)>,
}

impl Sampled {
    /// For so many points.
    pub fn new(count: usize) -> Self {
        Self {
            together: count.div_ceil(MOST_POINTS).max(1),
            neighbours: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Adds the next point.
    pub fn push(&mut self, point: (f64, f64)) {
        self.neighbours.push(point);
        if self.neighbours.len() == self.together {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let finite = |place: &usize| self.neighbours[*place].1.is_finite();
        let places: Vec<usize> = (0..self.neighbours.len()).filter(finite).collect();
        let value = |place: &usize| self.neighbours[*place].1;
        let low = places.iter().copied().reduce(|low, next| {
            if value(&next) < value(&low) {
                next
            } else {
                low
            }
        });
        let high = places.iter().copied().reduce(|high, next| {
            if value(&next) > value(&high) {
                next
            } else {
                high
            }
        });
        let mut both: Vec<usize> = low.into_iter().chain(high).collect();
        both.sort_unstable();
        both.dedup();
        self.points
            .extend(both.iter().map(|place| self.neighbours[*place]));
        if places.len() < self.neighbours.len() {
            self.points.push((f64::NAN, f64::NAN));
        }
        self.neighbours.clear();
    }

    /// The points that stay.
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
