//! [`Examination`]: which intervals of a stream are undamaged.

use super::{file::StreamLayout, stream::Stream};
use crate::cube::{error::CubeError, journal::Mark};
use std::ops::Range;

/// The state of each interval between marks. The first interval begins at the head of the file.
#[derive(Debug, Default, PartialEq)]
pub struct Examination {
    /// The byte of the file at which each interval begins; `None` for an interval that differs from what the run has
    /// written.
    pub places: Vec<Option<u64>>,
    /// The faults, in sentences whose subject is the file.
    pub faults: Vec<String>,
}

/// Intervals that follow one another and are not as the run has written them.
struct DamagedIntervals {
    /// The numbers of the intervals.
    intervals: Range<usize>,
    /// The marks at the beginning and the end of the damage.
    ends: [Mark; 2],
    /// The number of lines in the file in place of the damaged intervals.
    lines_found: u64,
    /// Whether the lines may belong to a later interval, which is not committed.
    may_be_later: bool,
}

impl Stream {
    /// Compares the file with marks in ascending order. Intervals behind missing or doubled lines are found at their
    /// new places. If the stream `is_complete`, nothing may follow the last mark.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn examine(&self, marks: &[Mark], is_complete: bool) -> Result<Examination, CubeError> {
        let length = self.file.length()?;
        let mut places = self.places_in_order(marks, length)?;
        let mut line_starts = Vec::new();
        let head_mark = self.layout.empty_mark();
        if places.contains(&None) && matches!(self.layout, StreamLayout::Lines(_)) {
            line_starts = self.line_starts(length)?;
            places = moved_places(head_mark, marks, &line_starts);
        }
        let (mut faults, mut number) = (Vec::new(), 0);
        let (mut mark_before, mut place_behind) = (head_mark, head_mark.end);
        while number < marks.len() {
            let mark = marks[number];
            let is_empty = mark.end == mark_before.end && mark.count == mark_before.count;
            if is_empty && places[number].is_some() {
                (mark_before, number) = (mark, number + 1);
                continue;
            }
            if let Some(place) = places[number] {
                let surplus = lines_within(&line_starts, place_behind..place);
                if surplus > 0 {
                    faults.push(surplus_between(surplus, mark_before, number));
                }
                place_behind = place + (mark.end - mark_before.end);
                (mark_before, number) = (mark, number + 1);
                continue;
            }
            let is_intact = |&later: &usize| {
                let has_bytes = later == 0 || marks[later].end != marks[later - 1].end;
                has_bytes && places[later].is_some()
            };
            let intact_number = (number..marks.len()).find(is_intact);
            let intervals = number..intact_number.unwrap_or(marks.len());
            let intact_place = intact_number
                .and_then(|later| places[later])
                .unwrap_or(length);
            let last_mark = marks[intervals.end - 1];
            let damage = DamagedIntervals {
                ends: [mark_before, last_mark],
                lines_found: lines_within(&line_starts, place_behind..intact_place),
                may_be_later: intact_number.is_none() && !is_complete,
                intervals: intervals.clone(),
            };
            if last_mark != mark_before {
                faults.push(self.sentence(&damage));
            }
            (mark_before, number, place_behind) = (last_mark, intervals.end, intact_place);
        }
        if is_complete && faults.is_empty() && place_behind < length {
            let unit = self.unit();
            faults.push(format!(
                "has something else than {unit} after byte {place_behind}"
            ));
        }
        Ok(Examination { places, faults })
    }

    /// The byte at which each undamaged interval begins, if it lies where its mark says. In a file of lines, intervals
    /// behind a damaged one are not tested, because they may have moved.
    fn places_in_order(&self, marks: &[Mark], length: u64) -> Result<Vec<Option<u64>>, CubeError> {
        let mut mark_before = self.layout.empty_mark();
        let mut places = Vec::new();
        for &mark in marks {
            let is_intact = mark.end <= length
                && mark.end >= mark_before.end
                && self.reaches(mark_before, mark)?;
            places.push(is_intact.then_some(mark_before.end));
            if !is_intact && matches!(self.layout, StreamLayout::Lines(_)) {
                places.resize(marks.len(), None);
                break;
            }
            mark_before = mark;
        }
        Ok(places)
    }

    /// The byte at which each line after the first line begins, and the end of the last complete line, each with the
    /// check sum of the bytes from the head to there.
    fn line_starts(&self, length: u64) -> Result<Vec<(u64, u32)>, CubeError> {
        let head_end = self.layout.empty_mark().end;
        let (mut starts, mut crc) = (vec![(head_end, 0)], 0);
        self.file.visit(head_end..length, |chunk_begin, chunk| {
            let mut part_end = chunk_begin;
            for part in chunk.split_inclusive(|&byte| byte == b'\n') {
                crc = crc32c::crc32c_append(crc, part);
                part_end += part.len() as u64;
                if part.ends_with(b"\n") {
                    starts.push((part_end, crc));
                }
            }
            Ok(())
        })?;
        Ok(starts)
    }

    /// Says what is wrong, in a sentence whose subject is the file.
    fn sentence(&self, damage: &DamagedIntervals) -> String {
        let (intervals, unit) = (&damage.intervals, self.unit());
        let last_snapshot = intervals.end - 1;
        let interval = match intervals.start.checked_sub(1) {
            None => format!("up to snapshot {last_snapshot}"),
            Some(before) => format!("between snapshots {before} and {last_snapshot}"),
        };
        let [begin_mark, end_mark] = damage.ends;
        if end_mark.count <= begin_mark.count {
            return format!("has other {unit} than its run has written, {interval}");
        }
        let lines_expected = end_mark.count - begin_mark.count;
        let (determiner, numbers) = match lines_expected {
            1 => (
                "another",
                format!("{} {}", &unit[..unit.len() - 1], end_mark.count),
            ),
            _ => (
                "other",
                format!("{unit} {} to {}", begin_mark.count + 1, end_mark.count),
            ),
        };
        let surplus = match (&self.layout, damage.lines_found.checked_sub(lines_expected)) {
            (StreamLayout::Frames(_), _) => 0,
            (StreamLayout::Lines(_), None) => {
                let missing = lines_expected - damage.lines_found;
                return format!("lacks {missing} of {numbers}, {interval}");
            }
            (StreamLayout::Lines(_), Some(_)) if damage.may_be_later => 0,
            (StreamLayout::Lines(_), Some(surplus)) => surplus,
        };
        match surplus {
            0 => format!("has {determiner} {numbers} than its run has written, {interval}"),
            1 => format!("has a row more than its run has written among {numbers}, {interval}"),
            _ => format!(
                "has {surplus} rows more than its run has written among {numbers}, {interval}"
            ),
        }
    }
}

/// The number of lines that begin within a range of bytes.
fn lines_within(line_starts: &[(u64, u32)], bytes: Range<u64>) -> u64 {
    let starts = line_starts
        .iter()
        .filter(|(start, _)| bytes.contains(start));
    starts.count() as u64
}

/// The sentence on lines between two intervals that are both as their run has written them; the second one is interval `number`.
fn surplus_between(surplus: u64, mark_before: Mark, number: usize) -> String {
    let rows = match surplus {
        1 => "a row".to_owned(),
        _ => format!("{surplus} rows"),
    };
    let place = match number.checked_sub(1) {
        None => String::new(),
        Some(snapshot) => format!(", behind snapshot {snapshot}"),
    };
    let next_row = mark_before.count.saturating_add(1);
    format!("has {rows} more than its run has written before row {next_row}{place}")
}

/// The byte at which each interval begins in a file of lines, some of which may be missing, doubled or changed. Each
/// interval is searched behind the one before it.
fn moved_places(head_mark: Mark, marks: &[Mark], line_starts: &[(u64, u32)]) -> Vec<Option<u64>> {
    let (mut mark_before, mut first_line) = (head_mark, 0);
    let mut places = Vec::new();
    for &mark in marks {
        let length = mark.end.saturating_sub(mark_before.end);
        let line = (first_line..line_starts.len()).find(|&line| {
            let (start, start_crc) = line_starts[line];
            let end = start.saturating_add(length);
            let end_line = line_starts.binary_search_by_key(&end, |(start, _)| *start);
            end_line.is_ok_and(|end_line| {
                let line_count = mark.count.checked_sub(mark_before.count);
                mark.end >= mark_before.end
                    && line_count == Some((end_line - line) as u64)
                    && mark_before.continues_to(mark, [start_crc, line_starts[end_line].1])
            })
        });
        places.push(line.map(|line| line_starts[line].0));
        if let Some(line) = line.filter(|_| length > 0) {
            let behind_line = line_starts[line].0.saturating_add(length);
            first_line = line_starts.partition_point(|(start, _)| *start < behind_line);
        }
        mark_before = mark;
    }
    places
}
