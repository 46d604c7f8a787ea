//! Ticks at round numbers, and labels that stay short.

use super::decimal;

/// Ticks of an axis or a colour bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scale {
    /// Where each tick lies between start (0) and end (1) of the axis, and its label.
    pub ticks: Vec<(f64, String)>,
    /// What all labels share: a power of ten, a number to add; may be empty.
    pub note: String,
}

/// The values along a scale.
pub(super) struct Interval<F: Fn(f64) -> f64> {
    /// The smallest value.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Whether only whole numbers may be ticks.
    pub whole: bool,
    /// From a value to its place between 0 and 1.
    pub place: F,
}

impl<F: Fn(f64) -> f64> Interval<F> {
    /// The most ticks, up to `most`, whose labels `fit`; one if even two do not.
    pub fn scale(&self, most: usize, fits: impl Fn(&[(f64, String)]) -> bool) -> Scale {
        self.chosen(most, fits).1
    }

    /// As [`Interval::scale`], with both ends labelled too, and without round numbers `near` an end.
    pub fn scale_with_ends(
        &self,
        most: usize,
        near: f64,
        fits: impl Fn(&[(f64, String)]) -> bool,
    ) -> Scale {
        let (notation, inner) = self.chosen(most, fits);
        let far = |(at, _): &(f64, String)| *at > near && *at < 1.0 - near;
        let ends = [(0.0, self.low), (1.0, self.high)];
        let ends = ends.map(|(at, value)| (at, notation.label(value)));
        let inner_far = inner.ticks.into_iter().filter(far);
        Scale {
            ticks: ends.into_iter().chain(inner_far).collect(),
            note: notation.note(),
        }
    }

    fn chosen(&self, most: usize, fits: impl Fn(&[(f64, String)]) -> bool) -> (Notation, Scale) {
        let mut sparse = (Notation::default(), Scale::default());
        for count in (1..=most.max(1)).rev() {
            let Some(ticks) = Ticks::new(self.low, self.high, count, self.whole) else {
                continue;
            };
            let scale = ticks.scale(&self.place);
            if scale.ticks.is_empty() {
                continue;
            }
            sparse = (ticks.notation(), scale);
            if fits(&sparse.1.ticks) {
                return sparse;
            }
        }
        sparse.1.ticks.truncate(1);
        sparse
    }
}

/// The multiples `first..=last` of a step `mantissa`·10^`exponent`, the mantissa 1, 2 or 5.
pub(super) struct Ticks {
    mantissa: i64,
    exponent: i32,
    first: i64,
    last: i64,
}

impl Ticks {
    /// Multiples from `low` to `high` of the smallest round step that fits at most `most` times.
    pub fn new(low: f64, high: f64, most: usize, whole: bool) -> Option<Self> {
        let width = high / most as f64 - low / most as f64;
        if !width.is_finite() || width <= 0.0 {
            return None;
        }
        let power = width.log10().floor() as i32;
        let lead = width / decimal::value(1, power);
        let (mantissa, exponent) =
            match [1, 2, 5].into_iter().find(|m| lead <= *m as f64 * 1.000001) {
                Some(mantissa) => (mantissa, power),
                None => (1, power + 1),
            };
        let (mantissa, exponent) = match whole && exponent < 0 {
            true => (1, 0),
            false => (mantissa, exponent),
        };
        let step = decimal::value(mantissa, exponent);
        // An end that misses a multiple by rounding alone still has its tick.
        let first = (low / step - 1e-6).ceil();
        let last = (high / step + 1e-6).floor();
        (step > 0.0 && first.abs().max(last.abs()) < 1e15).then_some(Self {
            mantissa,
            exponent,
            first: first as i64,
            last: last as i64,
        })
    }

    /// From one to the next: a digit and a power of ten.
    pub fn step(&self) -> (i64, i32) {
        (self.mantissa, self.exponent)
    }

    pub fn values(&self) -> Vec<f64> {
        (self.first..=self.last)
            .map(|k| decimal::value(k * self.mantissa, self.exponent))
            .collect()
    }

    fn notation(&self) -> Notation {
        Notation::new(
            self.first * self.mantissa,
            self.last * self.mantissa,
            self.exponent,
        )
    }

    fn scale(&self, place: impl Fn(f64) -> f64) -> Scale {
        let notation = self.notation();
        let ticks = (self.first..=self.last)
            .map(|k| k * self.mantissa)
            .map(|n| (place(decimal::value(n, self.exponent)), notation.tick(n)))
            .collect();
        Scale {
            ticks,
            note: notation.note(),
        }
    }
}

/// How the labels of a scale are written: (value − base·10^unit) / 10^factor.
#[derive(Default)]
struct Notation {
    base: i64,
    unit: i32,
    factor: i32,
    /// Whether there are ticks at all; without, every label stands for itself.
    shared: bool,
}

impl Notation {
    /// Labels without a factor have at most this many digits before and after the point.
    const PLAIN: i32 = 6;

    /// For ticks from `low` to `high` in units of 10^`unit`.
    fn new(low: i64, high: i64, unit: i32) -> Self {
        let top = low.unsigned_abs().max(high.unsigned_abs());
        let digits = digits(top);
        let plain = Self::factor(top, unit);
        if digits < Self::PLAIN {
            return Self {
                base: 0,
                unit,
                factor: plain,
                shared: true,
            };
        }
        // Many equal digits in front: take out the roundest number there is.
        let round = |power| {
            let power = 10i64.pow(power);
            (low.div_euclid(power) + i64::from(low.rem_euclid(power) > 0)) * power
        };
        let base = (0..=digits as u32)
            .rev()
            .map(round)
            .find(|base| *base <= high)
            .unwrap_or(low);
        let rest = low.abs_diff(base).max(high.abs_diff(base));
        Self {
            base,
            unit,
            factor: Self::factor(rest, unit),
            shared: true,
        }
    }

    /// The power of ten to take out, 0 if numbers up to `top`·10^`unit` are short as they are.
    fn factor(top: u64, unit: i32) -> i32 {
        let lead = digits(top) - 1 + unit;
        let short = unit >= -4 && lead <= 4 && lead.max(0) - unit.min(0) < Self::PLAIN;
        if short { 0 } else { lead }
    }

    fn tick(&self, n: i64) -> String {
        decimal::decimal(n - self.base, self.unit - self.factor)
    }

    /// The label of any value: up to two decimals more than ticks have.
    fn label(&self, value: f64) -> String {
        if !self.shared {
            return decimal::short(value, 17);
        }
        let rest = value - decimal::value(self.base, self.unit);
        // Two steps: 10^factor alone may be out of reach of an f64.
        let half = self.factor / 2;
        let scaled = rest / decimal::value(1, half) / decimal::value(1, self.factor - half);
        let decimals = (self.factor - self.unit).max(0) as usize;
        decimal::fixed(scaled, decimals + 2, decimals)
    }

    fn note(&self) -> String {
        let factor = match self.factor {
            0 => String::new(),
            factor => decimal::power(factor),
        };
        let base = decimal::short(decimal::value(self.base.abs(), self.unit), 15);
        let base = base.strip_prefix("1×").unwrap_or(&base);
        match (self.base, factor.is_empty()) {
            (0, _) => factor,
            (1.., true) => format!("+ {base}"),
            (1.., false) => format!("{factor} + {base}"),
            (_, true) => format!("− {base}"),
            (_, false) => format!("{factor} − {base}"),
        }
    }
}

fn digits(n: u64) -> i32 {
    n.checked_ilog10().map_or(1, |log| log as i32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(low: f64, high: f64, most: usize) -> Scale {
        let place = |v| (v - low) / (high - low);
        let whole = false;
        Interval {
            low,
            high,
            whole,
            place,
        }
        .scale(most, |_| true)
    }

    fn labels(scale: &Scale) -> Vec<&str> {
        scale
            .ticks
            .iter()
            .map(|(_, label)| label.as_str())
            .collect()
    }

    #[test]
    fn steps_are_one_two_five() {
        assert_eq!(
            labels(&scale(-10.07, 10.07, 5)),
            ["−10", "−5", "0", "5", "10"]
        );
        assert_eq!(
            labels(&scale(0.0, 1.0, 5)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(&scale(0.0, 0.3, 3)), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(scale(0.0, 1.0, 5).note, "");
        assert_eq!(scale(0.0, 1.0, 2).ticks[1], (0.5, "0.5".to_string()));
    }

    #[test]
    fn large_and_small_numbers_share_a_power_of_ten() {
        let tiny = scale(0.0, 2e-9, 4);
        assert_eq!(labels(&tiny), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(tiny.note, "×10⁻⁹");
        let huge = scale(-1e300, 1e300, 2);
        assert_eq!(
            (labels(&huge), huge.note.as_str()),
            (vec!["−1", "0", "1"], "×10³⁰⁰")
        );
        assert_eq!(
            labels(&scale(0.0, 16384.0, 4)),
            ["0", "5000", "10000", "15000"]
        );
    }

    #[test]
    fn equal_leading_digits_are_taken_out() {
        let narrow = scale(1.0, 1.0 + 4e-10, 2);
        assert_eq!(labels(&narrow), ["0", "2", "4"]);
        assert_eq!(narrow.note, "×10⁻¹⁰ + 1");
        let below = scale(-1.0 - 4e-10, -1.0, 2);
        assert_eq!(
            (labels(&below), below.note.as_str()),
            (vec!["−4", "−2", "0"], "×10⁻¹⁰ − 1")
        );
        let around = scale(300.0 - 1e-9, 300.0 + 1e-9, 2);
        assert_eq!(
            (labels(&around), around.note.as_str()),
            (vec!["−1", "0", "1"], "×10⁻⁹ + 300")
        );
    }

    #[test]
    fn every_range_of_finite_numbers_has_labels() {
        let ends = [
            f64::MIN,
            -1e200,
            -1.0,
            -5e-324,
            0.0,
            1e-310,
            1.0,
            1.0 + 1e-15,
            7e22,
            f64::MAX,
        ];
        for (i, low) in ends.into_iter().enumerate() {
            for high in ends.into_iter().skip(i + 1) {
                let place = |v: f64| (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
                let whole = false;
                let interval = Interval {
                    low,
                    high,
                    whole,
                    place,
                };
                let scale = interval.scale_with_ends(i % 8 + 1, 0.05, |_| true);
                assert!(scale.ticks.len() >= 2, "{low} {high}");
                assert!(scale.ticks.len() <= 12, "{low} {high}: {scale:?}");
                for (at, label) in &scale.ticks {
                    assert!((0.0..=1.0).contains(at), "{low} {high} {at}");
                    assert!(label.chars().count() <= 30, "{low} {high}: {label}");
                }
            }
        }
    }

    #[test]
    fn ends_have_a_power_of_ten_where_zero_is_the_only_tick() {
        let place = |v| v / 1.6e300 + 0.5;
        let interval = Interval {
            low: -0.7e300,
            high: 0.9e300,
            whole: false,
            place,
        };
        let scale = interval.scale_with_ends(1, 0.1, |_| true);
        assert_eq!(
            (labels(&scale), scale.note.as_str()),
            (vec!["−0.7", "0.9", "0"], "×10³⁰⁰")
        );
    }

    #[test]
    fn ends_are_labelled_and_ticks_near_them_left_out() {
        let place = |v| v / 0.9734;
        let interval = Interval {
            low: 0.0,
            high: 0.9734,
            whole: false,
            place,
        };
        let scale = interval.scale_with_ends(10, 0.08, |_| true);
        assert_eq!(
            scale.ticks[..2],
            [(0.0, "0.0".into()), (1.0, "0.973".into())]
        );
        assert!(!labels(&scale).contains(&"0.9"));
        assert!(labels(&scale).contains(&"0.8"));
    }

    #[test]
    fn counted_axes_have_whole_ticks_and_labels_that_do_not_fit_are_thinned() {
        let place = |v| (v + 0.5) / 2.0;
        let interval = Interval {
            low: -0.5,
            high: 1.5,
            whole: true,
            place,
        };
        assert_eq!(labels(&interval.scale(9, |_| true)), ["0", "1"]);
        assert_eq!(interval.scale(9, |ticks| ticks.len() < 2).ticks.len(), 1);
    }
}
