//! Values of options, from what is typed.

use super::{terminal::printable, typed};
use crate::cli::error::Error;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use diff2d::program::{
    measured::Reading,
    params::{hint, of_measured_file, parse_value},
};
use diff2d_arrays::npy::{Dtype, Kind};
use diff2d_sys as sys;
use std::{
    env,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use diff2d_arrays::wording::parse_bytes as size;

/// Parses one of some words to the value that stands beside it.
pub(super) fn one_of<T: Clone + Send + Sync + 'static>(
    choices: impl IntoIterator<Item = (PossibleValue, T)>,
) -> impl TypedValueParser<Value = T> {
    let (words, values): (Vec<PossibleValue>, Vec<T>) = choices.into_iter().unzip();
    PossibleValuesParser::new(words.clone()).try_map(move |word| {
        let mut choices = words.iter().zip(&values);
        let choice = choices.find(|(choice, _)| choice.matches(&word, false));
        choice
            .map(|(_, value)| value.clone())
            .ok_or("there is no such word")
    })
}

/// Memory to work in: a size, and no more than half of what the machine and the control group leave.
pub(super) fn working_memory(text: &str) -> Result<u64, String> {
    let available = sys::available_memory().map_or(u64::MAX, |bytes| bytes / 2);
    Ok(size(text)?.min(available))
}

/// Takes keys that say how a file of measured values is read, each typed as `KEY=VALUE` with a value of TOML or a bare word.
pub(super) fn take_keys(reading: &mut Reading, typed: &[String]) -> Result<(), Error> {
    for text in typed {
        let refuse = |reason: &str| Error::Usage(format!("--read {text}: {reason}"));
        let (key, value) = typed::pair(text).ok_or_else(|| {
            let expected = "a key of [function] and its value, such as skip=2";
            refuse(&typed::is_no(text, "KEY=VALUE", expected))
        })?;
        let Some(known) = of_measured_file().find(|known| known.name == key) else {
            let names: Vec<&str> = of_measured_file().map(|known| known.name).collect();
            let (list, hint) = (names.join(", "), hint(key, names));
            let key = printable(key);
            return Err(refuse(&format!(
                "there is no key {key}{hint}; there are {list}"
            )));
        };
        let value = parse_value(value);
        reading
            .set(key, &value)
            .map_err(|reason| refuse(&reason.unwrap_or_else(|| known.expectation(key, &value))))?;
    }
    Ok(())
}

/// A number that is neither infinite nor NaN.
pub(super) fn finite(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

/// A number above zero.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = finite(text).filter(|number| *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// A number of bits of a mantissa.
pub(super) fn bits(text: &str) -> Result<u32, String> {
    let bits = text.trim().parse();
    bits.map_err(|_| "expected 1 or more bits, such as 12".to_owned())
}

/// Any type, as `f8`, `<f8` or `float64`.
pub(super) fn dtype(text: &str) -> Result<Dtype, String> {
    let short = match text {
        "bool" => "b1".to_owned(),
        "b1" => text.to_owned(),
        _ => [("float", "f"), ("uint", "u"), ("int", "i")]
            .into_iter()
            .find_map(|(name, letter)| {
                let bits: usize = text.strip_prefix(name)?.parse().ok()?;
                Some(format!("{letter}{}", bits / 8))
            })
            .unwrap_or_else(|| text.trim_start_matches(['<', '=', '|']).to_owned()),
    };
    Dtype::parse(&format!("<{short}"))
        .map_err(|_| "expected f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 or b1".to_owned())
}

/// A float type.
pub(super) fn float_dtype(text: &str) -> Result<Dtype, String> {
    dtype(text)
        .ok()
        .filter(|dtype| dtype.kind == Kind::Float)
        .ok_or_else(|| "expected f2, f4 or f8".to_owned())
}

/// A time such as `10min` or `1h 30min`.
pub fn duration(text: &str) -> Result<Duration, String> {
    time(text, "10min or 1h 30min")
}

/// A time that [`duration`] takes, or `HH:MM:SS`, `D-HH:MM:SS` as Slurm writes them, or `auto`: until the end of the
/// Slurm job.
pub fn walltime(text: &str) -> Result<Duration, String> {
    match (text.trim(), clock(text)) {
        ("auto", _) => until_end_of_job(env::var("SLURM_JOB_END_TIME").ok().as_deref()),
        (_, Some(time)) => Ok(time),
        _ => time(
            text,
            "55min, 03:55:00, or auto for the end of the Slurm job",
        ),
    }
}

/// A time with its unit, which is neither months nor years.
fn time(text: &str, such_as: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.parse::<f64>().is_ok() && !text.starts_with('-') {
        return Err(format!(
            "expected a unit: {text}s for seconds, or {text}min for minutes"
        ));
    }
    for unit in text.split(|letter: char| !letter.is_alphabetic()) {
        let long = match unit {
            _ if unit == "M" || unit.starts_with("mo") => "months",
            _ if unit.starts_with(['Y', 'y']) => "years",
            _ => continue,
        };
        return Err(format!(
            "{unit} stands for {long}, which no run takes: write min or m for minutes, h for hours, d for days"
        ));
    }
    let seconds = text
        .strip_suffix('s')
        .and_then(|number| number.parse().ok());
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("expected a time above 0, such as {such_as}"))
}

/// `HH:MM:SS` or `D-HH:MM:SS`.
fn clock(text: &str) -> Option<Duration> {
    let (days, time_of_day) = match text.trim().split_once('-') {
        Some((days, time_of_day)) => (digits(days)?, time_of_day),
        None => (0, text.trim()),
    };
    let parts: Vec<u64> = typed::fields(time_of_day)
        .into_iter()
        .map(digits)
        .collect::<Option<_>>()?;
    let [hours, minutes @ 0..60, seconds @ 0..60] = parts[..] else {
        return None;
    };
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    let seconds = hours
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?;
    Some(Duration::from_secs(seconds)).filter(|duration| !duration.is_zero())
}

/// A number that is written in digits alone.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The time until the end of the job that Slurm has set, in seconds since 1970.
fn until_end_of_job(job_end: Option<&str>) -> Result<Duration, String> {
    let job_end: u64 = job_end.and_then(|job_end| job_end.trim().parse().ok()).ok_or_else(|| {
        "auto needs SLURM_JOB_END_TIME, which Slurm sets in a job; elsewhere give a time such as 55min".to_owned()
    })?;
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // A job that should be over by now has next to no time left.
    let remaining_time = Duration::from_secs(job_end).saturating_sub(since_epoch);
    Ok(remaining_time.max(Duration::from_millis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_times_are_those_of_slurm_too() {
        for (text, seconds) in [
            ("90s", 90.0),
            ("1.5s", 1.5),
            ("1e-3s", 1e-3),
            ("55m", 3300.0),
            ("1h 30min", 5400.0),
            ("03:55:00", 14100.0),
            ("00:00:07", 7.0),
            ("1-02:03:04", 93784.0),
            ("100:00:00", 360_000.0),
            ("1e19s", 1e19),
        ] {
            let found = walltime(text).map(|time| time.as_secs_f64());
            assert_eq!(found, Ok(seconds), "{text}");
        }
        for text in [
            "", "0s", "-1s", "-3", "1e300s", "03:55", "1:2:3:4", "00:60:00", "0:0:0", "1-2",
            "soon", "infs",
        ] {
            let told = walltime(text);
            // Bare words of humantime are not refused by it alone.
            assert!(told.is_err(), "{text}: {told:?}");
        }
        assert!(duration("03:55:00").is_err());
    }

    #[test]
    fn months_years_and_bare_numbers_are_no_wall_times() {
        for read in [duration, walltime] {
            for text in [
                "55M",
                "1M 3h",
                "1month",
                "2 months",
                "1y",
                "1year",
                "3h 2years",
                "1Y",
            ] {
                assert!(
                    read(text).unwrap_err().contains("min or m for minutes"),
                    "{text}"
                );
            }
            for text in ["90", "0.5", " 55 ", "1e-6", "0"] {
                let told = read(text).unwrap_err();
                let number = text.trim();
                let both = format!("{number}s for seconds, or {number}min for minutes");
                assert!(told.contains(&both), "{text}: {told}");
            }
        }
    }

    #[test]
    fn auto_is_the_end_of_the_job() {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let left = until_end_of_job(Some(&(now + 1000).to_string())).unwrap();
        assert!((990..=1000).contains(&left.as_secs()), "{left:?}");
        assert_eq!(until_end_of_job(Some("1000")), Ok(Duration::from_millis(1)));
        for missing in [None, Some("tomorrow")] {
            assert!(
                until_end_of_job(missing)
                    .unwrap_err()
                    .contains("SLURM_JOB_END_TIME")
            );
        }
    }
}
