//! Round values between the ends of the colours, linear and logarithmic.

use super::{
    decimal,
    mapping::Mapping,
    scale::{Interval, Scale, Ticks},
};

/// The most round values that are of use.
const MOST: usize = 200;
/// Ranges with a smaller ratio of their ends have round numbers at equal distances, whatever the scale.
const NARROW: f64 = 5.0;

/// Round values from the low to the high end: all sets of them, the largest first.
pub(super) fn values(mapping: &Mapping) -> Box<dyn Iterator<Item = Vec<f64>>> {
    let (low, high) = (mapping.low(), mapping.high());
    if is_logarithmic(mapping) {
        return Box::new(steps().map(move |step| logarithmic(low, high, step)));
    }
    let mut before = None;
    let steps = (1..=MOST).rev().filter_map(move |count| {
        let ticks = Ticks::new(low, high, count, false)?;
        let is_new = before.replace(ticks.step()) != Some(ticks.step());
        is_new.then(|| ticks.values())
    });
    Box::new(steps)
}

/// Labels along a colour bar: at both ends, and at up to `most` round values that are not `near` them.
pub(super) fn scale(
    mapping: &Mapping,
    most: usize,
    near: f64,
    fits: impl Fn(&[(f64, String)]) -> bool,
) -> Scale {
    if !is_logarithmic(mapping) {
        let interval = Interval {
            low: mapping.low(),
            high: mapping.high(),
            whole: false,
            place: |value| mapping.fraction(value),
        };
        return interval.scale_with_ends(most, near, fits);
    }
    let (low, high) = (mapping.low(), mapping.high());
    let ticks = |values: Vec<f64>| -> Vec<(f64, String)> {
        let places = values
            .into_iter()
            .map(|value| (mapping.fraction(value), label(value)));
        let far = |(at, _): &(f64, String)| *at > near && *at < 1.0 - near;
        places.filter(far).collect()
    };
    let inner = steps()
        .map(|step| ticks(logarithmic(low, high, step)))
        .find(|ticks| ticks.len() <= most && fits(ticks))
        .unwrap_or_default();
    let end = |at: f64, value| (at, label(value));
    Scale {
        ticks: [end(0.0, low), end(1.0, high)]
            .into_iter()
            .chain(inner)
            .collect(),
        note: String::new(),
    }
}

fn label(value: f64) -> String {
    let label = decimal::short(value, 3);
    label.strip_prefix("1×").unwrap_or(&label).to_owned()
}

fn is_logarithmic(mapping: &Mapping) -> bool {
    mapping.is_log() && mapping.high() / mapping.low() >= NARROW
}

/// Which digits of a decade, and every how many decades.
type Step = (&'static [i64], i32);

/// From the smallest step to the largest.
fn steps() -> impl Iterator<Item = Step> {
    const ALL: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9];
    let within = [(ALL, 1), (&[1, 2, 5], 1), (&[1, 3], 1)];
    let beyond = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000];
    let beyond = beyond.map(|decades| (&[1][..], decades));
    within.into_iter().chain(beyond)
}

/// Digits times powers of ten from `low` to `high`.
fn logarithmic(low: f64, high: f64, (digits, decades): Step) -> Vec<f64> {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    exponents
        .filter(|exponent| exponent % decades == 0)
        .flat_map(|exponent| digits.iter().map(move |digit| (*digit, exponent)))
        .map(|(digit, exponent)| decimal::value(digit, exponent))
        .filter(|value| (low..=high).contains(value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Range;

    fn labels(low: f64, high: f64, most: usize) -> Vec<String> {
        let map = Mapping::new(Range::new(low, high).expect("a range"), true);
        let scale = scale(&map, most, 0.02, |_| true);
        scale.ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn decades_are_labelled_as_many_as_fit() {
        assert_eq!(labels(0.05, 20.0, 4), ["0.05", "20", "0.1", "1", "10"]);
        assert_eq!(
            labels(0.05, 20.0, 8),
            ["0.05", "20", "0.1", "0.2", "0.5", "1", "2", "5", "10"]
        );
        assert_eq!(
            labels(1e-12, 1.0, 4),
            ["10⁻¹²", "1", "10⁻⁹", "10⁻⁶", "0.001"]
        );
        assert_eq!(labels(2.0, 3.0, 2), ["2.0", "3.0", "2.5"]);
    }

    #[test]
    fn every_range_has_few_labels() {
        let ends = [5e-324, 1e-310, 1e-9, 0.3, 1.0, 1e5, 1e300, f64::MAX];
        for (i, low) in ends.into_iter().enumerate() {
            for high in ends.into_iter().skip(i + 1) {
                let labels = labels(low, high, 6);
                assert!(labels.len() <= 8, "{low} {high}: {labels:?}");
            }
        }
    }
}
