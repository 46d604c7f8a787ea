//! Numbers in titles and labels.

/// The number `n` times ten to `exponent`, as the nearest f64.
pub(super) fn value(n: i64, exponent: i32) -> f64 {
    // Reading the decimal rounds once; no product of two powers does.
    format!("{n}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// The number `n` times ten to `exponent`, exactly and without an exponent: `-0.050`.
pub(super) fn decimal(n: i64, exponent: i32) -> String {
    let sign = if n < 0 { "−" } else { "" };
    let digits = n.unsigned_abs().to_string();
    if n == 0 && exponent >= 0 {
        return "0".to_string();
    }
    if exponent >= 0 {
        return format!("{sign}{digits}{}", "0".repeat(exponent as usize));
    }
    let decimals = exponent.unsigned_abs() as usize;
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (integer, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{integer}.{fraction}")
}

/// A power of ten as a factor: `×10⁻⁹`.
pub(super) fn power(exponent: i32) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent: String = exponent
        .to_string()
        .chars()
        .map(|letter| match letter.to_digit(10) {
            Some(digit) => RAISED[digit as usize],
            None => '⁻',
        })
        .collect();
    format!("×10{exponent}")
}

/// A number for a title, with at most `digits` significant digits and without trailing zeros.
#[must_use]
pub fn short(number: f64, digits: usize) -> String {
    let text = format!("{:.*e}", digits - 1, number);
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text; // not a number, or infinite
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return fixed(number, decimals, 0);
    }
    let mantissa = fixed(mantissa.parse().unwrap_or(f64::NAN), digits - 1, 0);
    format!("{mantissa}{}", power(exponent))
}

/// The number with at most `most` decimals, without trailing zeros after the first `least`.
pub(super) fn fixed(number: f64, most: usize, least: usize) -> String {
    let mut text = format!("{number:.most$}");
    for _ in least..most {
        if text.ends_with('0') {
            text.pop()
        } else {
            break;
        };
    }
    let text = text.trim_end_matches('.');
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_string(),
        Some(rest) => format!("−{rest}"),
        None => text.to_string(),
    }
}

/// A simulated time. With a cadence, the time between two frames, all times of a series have as many decimals as the
/// cadence rounded to four digits.
pub(super) fn time(time: f64, cadence: Option<f64>) -> String {
    const DIGITS: usize = 5;
    let cadence = cadence.filter(|cadence| cadence.is_normal() && *cadence > 0.0);
    match cadence.map(decimals) {
        Some(decimals) if decimals <= 6 && time.abs() < 1e6 => fixed(time, decimals, decimals),
        _ => short(time, DIGITS),
    }
}

/// The number of decimals of a cadence rounded to four significant digits: 1 for 0.499995.
fn decimals(cadence: f64) -> usize {
    let most_decimals = 3 - cadence.log10().floor() as i32;
    let fewest_decimals = (0..most_decimals).find(|decimals| {
        let scaled = cadence * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 0.5 * 10f64.powi(*decimals - most_decimals)
    });
    fewest_decimals.unwrap_or(most_decimals).max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal(-5, -2), "−0.05");
        assert_eq!(decimal(50, -3), "0.050");
        assert_eq!(decimal(0, -1), "0.0");
        assert_eq!(decimal(0, 3), "0");
        assert_eq!(decimal(15, 2), "1500");
        assert_eq!(value(3, -1), 0.3);
        assert_eq!(value(1, -400), 0.0);
    }

    #[test]
    fn powers_of_ten_are_superscripts() {
        assert_eq!(power(-12), "×10⁻¹²");
    }

    #[test]
    fn short_numbers_have_no_trailing_zeros() {
        assert_eq!(short(0.0, 4), "0");
        assert_eq!(short(2.4975000000000027, 5), "2.4975");
        assert_eq!(short(-0.25, 4), "−0.25");
        assert_eq!(short(123456.0, 3), "123456");
        assert_eq!(short(1.5e-9, 4), "1.5×10⁻⁹");
        assert_eq!(short(-2e300, 4), "−2×10³⁰⁰");
        assert_eq!(short(0.99999, 3), "1");
    }

    #[test]
    fn times_of_a_series_share_their_decimals() {
        assert_eq!(time(0.0, Some(0.498898)), "0.0000");
        assert_eq!(time(0.498898, Some(0.498898)), "0.4989");
        assert_eq!(time(2.4974999999999996, Some(0.4974999999999999)), "2.4975");
        assert_eq!(time(4.0, Some(0.5)), "4.0");
        assert_eq!(time(40.0, Some(20.0)), "40");
        assert_eq!(time(3e-9, Some(1e-9)), "3×10⁻⁹");
        assert_eq!(time(2.5, None), "2.5");
        assert_eq!(time(2.5, Some(0.0)), "2.5");
    }
}
