//! The longest gap between measured values.

/// The two neighbouring arguments with the largest distance, if it exceeds one and a half times the median distance.
///
/// The arguments must ascend.
#[must_use]
pub fn largest_gap(arguments: &[f64]) -> Option<[f64; 2]> {
    const UNUSUAL: f64 = 1.5;
    let distances = arguments.windows(2).map(|pair| pair[1] - pair[0]);
    let numbered_distances = distances.clone().enumerate();
    let (widest, largest_distance) = numbered_distances.max_by(|p, q| p.1.total_cmp(&q.1))?;
    // The median is below a limit if more than half of the distances are.
    let usual = distances.filter(|distance| largest_distance > UNUSUAL * distance);
    let middle = (arguments.len() - 2) / 2;
    (usual.count() > middle).then(|| [arguments[widest], arguments[widest + 1]])
}

/// A duration in the two largest units that apply: `5 h 10 min`, `40 s`, `2 d`.
#[must_use]
pub fn duration_in_words(seconds: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("d", 86_400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)];
    let Some(largest) = UNITS.iter().position(|(_, length)| seconds >= *length) else {
        return format!("{seconds:?} s");
    };
    let (unit, length) = UNITS[largest];
    let Some((smaller, part)) = UNITS.get(largest + 1) else {
        return format!("{} s", seconds.round());
    };
    // Rounding to the smaller unit may complete the larger one.
    let parts = (seconds / part).round();
    let parts_of_one = length / part;
    let (count, smaller_count) = ((parts / parts_of_one).floor(), parts % parts_of_one);
    if smaller_count == 0.0 {
        format!("{count} {unit}")
    } else {
        format!("{count} {unit} {smaller_count} {smaller}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_longer_than_usual() {
        assert_eq!(
            largest_gap(&[0.0, 600.0, 19_200.0, 19_800.0]),
            Some([600.0, 19_200.0])
        );
        assert_eq!(largest_gap(&[0.0, 1.0, 2.0, 4.0, 5.0]), Some([2.0, 4.0]));
        // Months are no gaps.
        assert_eq!(largest_gap(&[0.0, 31.0, 59.0, 90.0]), None);
        assert_eq!(largest_gap(&[0.0, 7.0]), None);
        assert_eq!(largest_gap(&[0.0]), None);
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, words) in [
            (18_600.0, "5 h 10 min"),
            (3600.0, "1 h"),
            (3599.9, "60 min"),
            (90.0, "1 min 30 s"),
            (40.0, "40 s"),
            (0.25, "0.25 s"),
            (1.5 * 86_400.0, "1 d 12 h"),
            (100.0 * 86_400.0, "100 d"),
        ] {
            assert_eq!(duration_in_words(seconds), words);
        }
    }
}
