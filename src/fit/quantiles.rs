//! Quantiles of Student's t, and tails of χ².
//!
//! Source: W. Press et al., Numerical Recipes, 3rd edition, sections 6.2 and 6.4: series and continued fractions of the
//! incomplete gamma and beta functions.

/// The 97.5 % point of the normal distribution.
pub const NORMAL_95: f64 = 1.959_963_984_540_054;

/// The largest number of terms of a series or a fraction; each ends at rounding long before.
const MOST_TERMS: usize = 100_000;
/// A replacement of 0 in a denominator of a continued fraction.
const TINY: f64 = 1e-300;

/// The 97.5 % point of Student's t with `degrees` degrees of freedom: the half width of a 95 % interval in standard
/// errors.
#[must_use]
pub fn student_95(degrees: f64) -> f64 {
    // The tail beyond ±t is a share of 0.05; it falls with t.
    let mut low = 1.0;
    let mut high = 13.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let tail = incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + middle * middle));
        if tail > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability that χ² with `degrees` degrees of freedom exceeds a value.
#[must_use]
pub fn chi_squared_tail(value: f64, degrees: f64) -> f64 {
    let (a, x) = (degrees / 2.0, value / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    let factor = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for number in 1..MOST_TERMS {
            let divisor = a + number as f64;
            term *= x / divisor;
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return 1.0 - sum * factor;
    }
    let mut b = x + 1.0 - a;
    let mut fraction = Fraction::begin(b, 1.0 / TINY);
    for number in 1..MOST_TERMS {
        let number = number as f64;
        b += 2.0;
        if fraction.go_on(-number * (number - a), b) {
            break;
        }
    }
    factor * fraction.value
}

/// The regularised incomplete beta function `I_x(a, b)`.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let logarithm = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log1p(-x);
    let factor = libm::exp(logarithm);
    if x < (a + 1.0) / (a + b + 2.0) {
        factor * beta_fraction(a, b, x) / a
    } else {
        1.0 - factor * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut fraction = Fraction::begin(1.0 - (a + b) * x / (a + 1.0), 1.0);
    for number in 1..MOST_TERMS {
        let m = number as f64;
        let even_term = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd_term = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        fraction.go_on(even_term, 1.0);
        if fraction.go_on(odd_term, 1.0) {
            break;
        }
    }
    fraction.value
}

/// A continued fraction, evaluated from its beginning by the method of Lentz.
struct Fraction {
    value: f64,
    c: f64,
    d: f64,
}

impl Fraction {
    /// Begins a fraction `1/first` in Lentz's method; `before` is the numerator that the method begins with.
    fn begin(first: f64, before: f64) -> Self {
        let d = 1.0 / nonzero(first);
        Self {
            value: d,
            c: before,
            d,
        }
    }

    /// Takes the next partial numerator and denominator, and returns whether the value has converged up to rounding.
    fn go_on(&mut self, numerator: f64, denominator: f64) -> bool {
        self.d = 1.0 / nonzero(numerator * self.d + denominator);
        self.c = nonzero(denominator + numerator / self.c);
        let change = self.c * self.d;
        self.value *= change;
        (change - 1.0).abs() <= f64::EPSILON
    }
}

fn nonzero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // scipy.stats.t.ppf(0.975, degrees)
        for (degrees, expected) in [
            (1.0, 12.706_204_736_432_095),
            (2.0, 4.302_652_729_911_275),
            (4.0, 2.776_445_105_197_799),
            (12.0, 2.178_812_829_663_417_7),
            (58.0, 2.001_717_483_994_147),
            (1e6, 1.959_966_356_986),
        ] {
            let found = student_95(degrees);
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{degrees}: {found:?}"
            );
        }
        // The 99.9 % points of χ².
        for (degrees, point) in [
            (1.0, 10.827_566_170_662_73),
            (10.0, 29.588_298_445_074_42),
            (100.0, 149.449_252_779_033_62),
        ] {
            let tail = chi_squared_tail(point, degrees);
            assert!((tail / 1e-3 - 1.0).abs() < 1e-9, "{degrees}: {tail:?}");
        }
        assert!((chi_squared_tail(NORMAL_95 * NORMAL_95, 1.0) / 0.05 - 1.0).abs() < 1e-9);
        assert!((chi_squared_tail(1.0, 10.0) - 0.999_827_884_4).abs() < 1e-9);
    }
}
