//! Elapsed times as loggers and spreadsheets write them: `26:10:00`, `00:00:00.133`, `1 days 02:00:00`.

/// What stands for the unit of elapsed times.
pub(super) const FORM: &str = "h:mm:ss";

/// The seconds of an elapsed time; `unit` is the unit of its column, which may say what its numbers are, `[mm:ss]`. `None` for
/// another text.
///
/// # Errors
/// The reason why a time may mean two things.
pub(super) fn seconds_of(text: &str, unit: Option<&str>) -> Option<Result<f64, String>> {
    let (days, time_text) = match text.split_once(" day") {
        Some((days, time_text)) => (days, time_text.trim_start_matches(['s', ',', ' '])),
        None => ("0", text),
    };
    let days: f64 = days.parse().ok().filter(|days: &f64| days.fract() == 0.0)?;
    let (is_negative, time_text) = match time_text.strip_prefix('-') {
        Some(time_text) => (true, time_text),
        None => (false, time_text),
    };
    let parts: Vec<&str> = time_text.split(':').collect();
    let numbers = parts.iter().enumerate().map(|(place, part)| {
        let part = part.replace(',', ".");
        let digits = part.find('.').unwrap_or(part.len());
        let is_last = place + 1 == parts.len();
        let has_form = part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            && (digits == part.len() || is_last)
            && (place == 0 && digits > 0 || digits == 2);
        let number = part.parse::<f64>().ok();
        number.filter(|number| has_form && (place == 0 || *number < 60.0))
    });
    let numbers = numbers.collect::<Option<Vec<f64>>>()?;
    let has_fraction = time_text.contains(['.', ',']);
    let seconds = match (&numbers[..], unit.map(|unit| unit.starts_with(['m', 'M']))) {
        ([hours, minutes, seconds], _) => (hours * 60.0 + minutes) * 60.0 + seconds,
        ([minutes, seconds], None) if has_fraction => minutes * 60.0 + seconds,
        ([minutes, seconds], Some(true)) => minutes * 60.0 + seconds,
        ([hours, minutes], Some(false)) if !has_fraction => (hours * 60.0 + minutes) * 60.0,
        ([_, _], _) => {
            return Some(Err(format!(
                "{text:?} may be hours and minutes, or minutes and seconds: a heading such as time [h:mm] or time [mm:ss] says which, and from = [\"date\", \"time\"] joins the time of a day to its date"
            )));
        }
        _ => return None,
    };
    let sign = if is_negative { -1.0 } else { 1.0 };
    Some(Ok(days * 86_400.0 + sign * seconds))
}
