//! [`Sampled`]: a curve of any length as a few points.

/// A curve has at most about twice as many points: more than pixels.
const MOST_POINTS: u64 = 2000;
/// Points of a curve of any length, of which a picture shows no more: of many neighbours the lowest and
/// the highest stay.
#[derive(Clone, Debug)]
pub struct Sampled {
    together: u64,
    seen: u64,
    low: Option<(u64, (f64, f64))>,
    high: Option<(u64, (f64, f64))>,
    gap: bool,
    points: Vec<(f64, f64)>,
}

impl Sampled {
    /// For so many points.
    pub fn new(count: u64) -> Self {
        Self {
            together: count.div_ceil(MOST_POINTS).max(1),
            seen: 0,
            low: None,
            high: None,
            gap: false,
            points: Vec::new(),
        }
    }

    /// Adds the next point.
    pub fn push(&mut self, point: (f64, f64)) {
        if point.1.is_finite() {
            let at = Some((self.seen, point));
            let is_new = |known: Option<(u64, (f64, f64))>, better: fn(f64, f64) -> bool| {
                known.is_none_or(|(_, known)| better(point.1, known.1))
            };
            if is_new(self.low, |new, old| new < old) {
                self.low = at;
            }
            if is_new(self.high, |new, old| new > old) {
                self.high = at;
            }
        } else {
            self.gap = true;
        }
        self.seen += 1;
        if self.seen.is_multiple_of(self.together) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut both: Vec<_> = [self.low.take(), self.high.take()]
            .into_iter()
            .flatten()
            .collect();
        both.sort_by_key(|(at, _)| *at);
        both.dedup_by_key(|(at, _)| *at);
        self.points.extend(both.into_iter().map(|(_, point)| point));
        if std::mem::take(&mut self.gap) {
            self.points.push((f64::NAN, f64::NAN));
        }
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
