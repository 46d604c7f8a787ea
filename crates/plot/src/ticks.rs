//! Ticks at round numbers, linear and logarithmic, with short labels.

use super::decimal;

/// The properties of an axis or a colour bar that determine its ticks.
pub(super) trait TickScale {
    /// The smallest and the largest value.
    fn ends(&self) -> (f64, f64);

    /// The position of a value between start (0) and end (1).
    fn fraction(&self, value: f64) -> f64;

    /// Whether ticks must be integers.
    fn is_whole(&self) -> bool {
        false
    }

    /// Whether the scale is logarithmic: equal distances are equal ratios.
    fn is_log(&self) -> bool {
        false
    }
}

/// Ticks of an axis or a colour bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticks {
    /// The position of each tick between start (0) and end (1) of the axis, and its label.
    pub marks: Vec<(f64, String)>,
    /// The common part of all labels: a power of ten, or a number to add; may be empty.
    pub note: String,
}

/// A function that tells whether labels fit.
pub(super) type Fits<'a> = &'a dyn Fn(&[(f64, String)]) -> bool;

/// The largest useful number of round values.
const MOST: usize = 200;
/// The ratio of a range's ends below which round numbers are equally spaced, even on a logarithmic axis.
const NARROW: f64 = 5.0;

impl dyn TickScale + '_ {
    /// As many ticks as fit, up to `most`; the first and the last round number if otherwise at most one would have a
    /// label; one tick if even two do not fit.
    pub fn ticks(&self, most: usize, fits: Fits<'_>) -> Ticks {
        if !self.has_decades() {
            return self.linear(2, most, fits).1;
        }
        match self.decades(most, 0.0, fits) {
            marks if marks.len() > 1 => Ticks {
                marks,
                note: String::new(),
            },
            _ => self.ticks_with_ends(most, 0.0, fits),
        }
    }

    /// As many [`ticks`](Self::ticks) as fit, with labels at both ends as well, and without round numbers `near` an
    /// end.
    pub fn ticks_with_ends(&self, most: usize, near: f64, fits: Fits<'_>) -> Ticks {
        let (low, high) = self.ends();
        let mut notation = None;
        let mut ticks = if self.has_decades() {
            Ticks {
                marks: self.decades(most, near, fits),
                note: String::new(),
            }
        } else {
            let (tick_notation, mut ticks) = self.linear(1, most, fits);
            ticks.marks.retain(is_far(near));
            notation = tick_notation;
            ticks
        };
        let [low_label, high_label] = [low, high].map(|value| match &notation {
            Some(notation) => notation.label(value),
            None if self.has_decades() => decade_label(value),
            None => decimal::short(value, 17),
        });
        ticks
            .marks
            .splice(0..0, [(0.0, low_label), (1.0, high_label)]);
        ticks
    }
    /// Sets of round values from the low to the high end, the largest set first.
    pub fn round_values(&self) -> Box<dyn Iterator<Item = Vec<f64>>> {
        let (low, high) = self.ends();
        if self.has_decades() {
            return Box::new(decade_steps().map(move |step| in_decades(low, high, step)));
        }
        let mut previous_step = None;
        let sets = (1..=MOST).rev().filter_map(move |count| {
            let multiples = Multiples::new(low, high, count, false)?;
            let step = (multiples.mantissa, multiples.exponent);
            let is_new = previous_step.replace(step) != Some(step);
            is_new.then(|| multiples.values().map(|(_, value)| value).collect())
        });
        Box::new(sets)
    }

    fn has_decades(&self) -> bool {
        let (low, high) = self.ends();
        self.is_log() && high / low >= NARROW
    }

    /// As many ticks as fit, from `least` to `most`.
    fn linear(&self, least: usize, most: usize, fits: Fits<'_>) -> (Option<Notation>, Ticks) {
        let most = most.max(1);
        let largest_set = (1..=most)
            .rev()
            .filter_map(|count| self.multiples(count))
            .find(|(_, ticks)| ticks.marks.len() >= least && fits(&ticks.marks));
        if let Some(set) = largest_set {
            return set;
        }
        let ends_of_set = (1..=MOST)
            .filter_map(|count| self.multiples(count))
            .find(|(_, ticks)| ticks.marks.len() > 1)
            .map(|(notation, mut ticks)| {
                ticks.marks.drain(1..ticks.marks.len() - 1);
                (notation, ticks)
            })
            .filter(|(_, ticks)| ticks.marks.len() >= least && fits(&ticks.marks));
        ends_of_set.unwrap_or_else(|| {
            let (notation, mut ticks) = (1..=most)
                .find_map(|count| self.multiples(count))
                .unwrap_or_default();
            ticks.marks.truncate(1);
            (notation, ticks)
        })
    }

    /// The ticks at the multiples of the smallest round step with at most `count` of them.
    fn multiples(&self, count: usize) -> Option<(Option<Notation>, Ticks)> {
        let (low, high) = self.ends();
        let multiples = Multiples::new(low, high, count, self.is_whole())?;
        let notation = multiples.notation();
        let marks: Vec<_> = multiples
            .values()
            .map(|(n, value)| (self.fraction(value), notation.tick(n)))
            .collect();
        let note = notation.note();
        (!marks.is_empty()).then_some((Some(notation), Ticks { marks, note }))
    }

    fn decades(&self, most: usize, near: f64, fits: Fits<'_>) -> Vec<(f64, String)> {
        let (low, high) = self.ends();
        decade_steps()
            .map(|step| {
                in_decades(low, high, step)
                    .into_iter()
                    .map(|value| (self.fraction(value), decade_label(value)))
                    .filter(is_far(near))
                    .collect::<Vec<(f64, String)>>()
            })
            .find(|marks| marks.len() <= most && fits(marks))
            .unwrap_or_default()
    }
}

fn is_far(near: f64) -> impl Fn(&(f64, String)) -> bool {
    move |(place, _)| *place > near && *place < 1.0 - near
}

fn decade_label(value: f64) -> String {
    let label = decimal::short(value, 3);
    label.strip_prefix("1×").unwrap_or(&label).to_owned()
}

/// The digits used in a decade, and the number of decades between steps.
type DecadeStep = (&'static [i64], i32);

/// The steps of decades, from the smallest to the largest.
fn decade_steps() -> impl Iterator<Item = DecadeStep> {
    const ALL: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9];
    let digits_of_decade = [(ALL, 1), (&[1, 2, 5], 1), (&[1, 3], 1)];
    let decades = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000];
    digits_of_decade
        .into_iter()
        .chain(decades.map(|count| (&[1][..], count)))
}

/// The digits times powers of ten from `low` to `high`.
fn in_decades(low: f64, high: f64, (digits, decades): DecadeStep) -> Vec<f64> {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    exponents
        .filter(|exponent| exponent % decades == 0)
        .flat_map(|exponent| digits.iter().map(move |digit| (*digit, exponent)))
        .map(|(digit, exponent)| decimal::value(digit, exponent))
        .filter(|value| (low..=high).contains(value))
        .collect()
}

/// The multiples `first..=last` of a step `mantissa`·10^`exponent`, the mantissa 1, 2 or 5.
struct Multiples {
    mantissa: i64,
    exponent: i32,
    first: i64,
    last: i64,
}

impl Multiples {
    /// The multiples from `low` to `high` of the smallest round step for which there are at most `most`.
    fn new(low: f64, high: f64, most: usize, whole: bool) -> Option<Self> {
        let width = high / most as f64 - low / most as f64;
        if !width.is_finite() || width <= 0.0 {
            return None;
        }
        let power = width.log10().floor() as i32;
        let lead = width / decimal::value(1, power);
        let mantissa = [1, 2, 5].into_iter().find(|m| lead <= *m as f64 * 1.000001);
        let (mantissa, exponent) = mantissa.map_or((1, power + 1), |mantissa| (mantissa, power));
        let (mantissa, exponent) = if whole && exponent < 0 {
            (1, 0)
        } else {
            (mantissa, exponent)
        };
        let step = decimal::value(mantissa, exponent);
        // An end that misses a multiple by rounding still has its tick.
        let first_multiple = (low / step - 1e-6).ceil();
        let last_multiple = (high / step + 1e-6).floor();
        (step > 0.0 && first_multiple.abs().max(last_multiple.abs()) < 1e15).then_some(Self {
            mantissa,
            exponent,
            first: first_multiple as i64,
            last: last_multiple as i64,
        })
    }

    /// Every multiple, in units of 10^`exponent` and as a number.
    fn values(&self) -> impl Iterator<Item = (i64, f64)> + use<> {
        let (mantissa, exponent) = (self.mantissa, self.exponent);
        (self.first..=self.last)
            .map(move |k| (k * mantissa, decimal::value(k * mantissa, exponent)))
    }

    fn notation(&self) -> Notation {
        let (low, high) = (self.first * self.mantissa, self.last * self.mantissa);
        Notation::new(low, high, self.exponent)
    }
}

/// The notation of labels: (value − base·10^unit) / 10^factor.
struct Notation {
    base: i64,
    unit: i32,
    factor: i32,
}

impl Notation {
    /// The largest number of digits, before and after the point, of labels without a factor.
    const PLAIN: i32 = 6;

    /// The notation for ticks from `low` to `high` in units of 10^`unit`.
    fn new(low: i64, high: i64, unit: i32) -> Self {
        let digits = digits(low.unsigned_abs().max(high.unsigned_abs()));
        let base = match digits < Self::PLAIN {
            true => 0,
            // Labels with many equal digits in front leave out the roundest number among them.
            false => (0..=digits as u32)
                .rev()
                .map(|exponent| {
                    let power = 10i64.pow(exponent);
                    (low.div_euclid(power) + i64::from(low.rem_euclid(power) > 0)) * power
                })
                .find(|base| *base <= high)
                .unwrap_or(low),
        };
        let largest = low.abs_diff(base).max(high.abs_diff(base));
        Self {
            base,
            unit,
            factor: Self::factor(largest, unit),
        }
    }

    /// The power of ten to factor out; 0 if numbers up to `top`·10^`unit` are short already.
    fn factor(top: u64, unit: i32) -> i32 {
        let lead = digits(top) - 1 + unit;
        let is_short = unit >= -4 && lead <= 4 && lead.max(0) - unit.min(0) < Self::PLAIN;
        if is_short { 0 } else { lead }
    }

    fn tick(&self, n: i64) -> String {
        decimal::decimal(n - self.base, self.unit - self.factor)
    }

    /// The label of any value, with up to two decimals more than ticks have.
    fn label(&self, value: f64) -> String {
        let difference = value - decimal::value(self.base, self.unit);
        // The division takes two steps, because 10^factor alone may overflow.
        let half = self.factor / 2;
        let scaled = difference / decimal::value(1, half) / decimal::value(1, self.factor - half);
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
        let sign = if self.base > 0 { '+' } else { '−' };
        match self.base {
            0 => factor,
            _ => format!("{factor} {sign} {base}").trim_start().to_owned(),
        }
    }
}

fn digits(n: u64) -> i32 {
    n.checked_ilog10().map_or(1, |log| log as i32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        extent::Extent,
        range::{Mapping, Range},
    };

    fn axis(low: f64, high: f64, log: bool) -> Mapping {
        Mapping::new(Range::new(low, high).expect("a range"), log)
    }

    /// The labels of ticks, and their common part.
    fn labels(ticks: Ticks) -> (Vec<String>, String) {
        let labels = ticks.marks.into_iter().map(|(_, label)| label);
        (labels.collect(), ticks.note)
    }

    #[test]
    fn steps_are_round_and_what_all_labels_share_is_taken_out() {
        for (low, high, most, expected, note) in [
            (-10.07, 10.07, 5, "−10 −5 0 5 10", ""),
            (0.0, 1.0, 5, "0.0 0.2 0.4 0.6 0.8 1.0", ""),
            (0.0, 0.3, 3, "0.0 0.1 0.2 0.3", ""),
            (0.0, 2e-9, 4, "0.0 0.5 1.0 1.5 2.0", "×10⁻⁹"),
            (-1e300, 1e300, 2, "−1 0 1", "×10³⁰⁰"),
            (0.0, 16384.0, 4, "0 5000 10000 15000", ""),
            (1.0, 1.0 + 4e-10, 2, "0 2 4", "×10⁻¹⁰ + 1"),
            (-1.0 - 4e-10, -1.0, 2, "−4 −2 0", "×10⁻¹⁰ − 1"),
            (300.0 - 1e-9, 300.0 + 1e-9, 2, "−1 0 1", "×10⁻⁹ + 300"),
        ] {
            let axis: &dyn TickScale = &axis(low, high, false);
            let (labels, shared) = labels(axis.ticks(most, &|_| true));
            assert_eq!((labels.join(" ").as_str(), &*shared), (expected, note));
        }
    }

    #[test]
    fn every_range_of_finite_numbers_has_labels() {
        let ends = [f64::MIN, -1e200, -1.0, -5e-324, 0.0];
        let positive = [5e-324, 1e-310, 1e-9, 1.0, 1.0 + 1e-15, 7e22, f64::MAX];
        let ends: Vec<f64> = ends.into_iter().chain(positive).collect();
        for (i, &low) in ends.iter().enumerate() {
            for (&high, log) in ends
                .iter()
                .skip(i + 1)
                .flat_map(|h| [(h, false), (h, true)])
            {
                let axis: &dyn TickScale = &axis(low, high, log);
                let ticks = axis.ticks_with_ends(i % 8 + 1, 0.05, &|_| true);
                assert!(
                    (2..=12).contains(&ticks.marks.len()),
                    "{low} {high}: {ticks:?}"
                );
                for (place, label) in &ticks.marks {
                    assert!((0.0..=1.0).contains(place), "{low} {high} {place}");
                    assert!(label.chars().count() <= 30, "{low} {high}: {label}");
                }
            }
        }
    }

    #[test]
    fn ends_are_labelled_and_ticks_near_them_left_out() {
        for (low, high, log, most, near, expected, note) in [
            (
                0.0,
                0.9734,
                false,
                10,
                0.08,
                "0.0 0.973 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8",
                "",
            ),
            (-0.7e300, 0.9e300, false, 1, 0.1, "−0.7 0.9 0", "×10³⁰⁰"),
            (0.05, 20.0, true, 4, 0.02, "0.05 20 0.1 1 10", ""),
            (
                0.05,
                20.0,
                true,
                8,
                0.02,
                "0.05 20 0.1 0.2 0.5 1 2 5 10",
                "",
            ),
            (1e-12, 1.0, true, 4, 0.02, "10⁻¹² 1 10⁻⁹ 10⁻⁶ 0.001", ""),
            (2.0, 3.0, true, 2, 0.02, "2.0 3.0 2.5", ""),
        ] {
            let axis: &dyn TickScale = &axis(low, high, log);
            let (labels, shared) = labels(axis.ticks_with_ends(most, near, &|_| true));
            assert_eq!((labels.join(" ").as_str(), &*shared), (expected, note));
        }
    }

    #[test]
    fn counted_axes_have_whole_ticks_and_labels_that_do_not_fit_are_thinned() {
        let (axis, _) = Extent::counted().spans((2, 2));
        let axis: &dyn TickScale = &axis;
        assert_eq!(labels(axis.ticks(9, &|_| true)).0, ["0", "1"]);
        assert_eq!(axis.ticks(9, &|ticks| ticks.len() < 2).marks.len(), 1);
    }

    #[test]
    fn an_axis_with_room_for_one_label_has_the_first_and_the_last_round_number() {
        let axis: &dyn TickScale = &axis(-0.05, 0.45, false);
        let fits = |ticks: &[(f64, String)]| ticks.len() <= 2;
        assert_eq!(labels(axis.ticks(1, &fits)).0, ["0.0", "0.4"]);
    }
}
