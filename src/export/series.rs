//! [`FrameSeries`]: frames that follow one another in time on regular nodes, as VTK's image data and XDMF's
//! collections have them, which know nothing else; and texts within their XML.

use super::Dataset;
use std::{borrow::Cow, ops::Range};

/// The frames of one scenario, or of an array that has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FrameSeries {
    /// Its number; `None` of an array without scenarios.
    pub scenario: Option<u64>,
    /// `scenario 3: D = 0.5`, or the name of the file.
    pub name: String,
    /// Its frames, missing ones included.
    pub frames: Range<u64>,
    /// Where its nodes lie.
    pub mesh: Mesh,
}

impl FrameSeries {
    /// The frames that hold data.
    pub(super) fn present(&self, dataset: &Dataset<'_>) -> impl Iterator<Item = u64> {
        let frames = self.frames.clone();
        frames.filter(|&frame| dataset.is_present(frame))
    }
}

/// The nodes of a frame as the first one and a distance, which is all that image data can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mesh {
    /// Rows and columns.
    pub nodes: [u64; 2],
    /// The first node along y and x.
    pub origin: [f64; 2],
    /// From one node to the next along y and x.
    pub spacing: [f64; 2],
}

impl Mesh {
    fn new(dataset: &Dataset<'_>, frame: u64) -> Self {
        let nodes = dataset.frame();
        let outer = dataset.outer().len();
        let mut mesh = Self {
            nodes,
            origin: [0.0; 2],
            spacing: [1.0; 2],
        };
        for (axis, &length) in nodes.iter().enumerate() {
            let at = |index: u64| {
                let (coordinate, place) = dataset.place_of(outer + axis, frame, index);
                coordinate.values.number(place)
            };
            mesh.origin[axis] = at(0);
            if length > 1 {
                #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^53")]
                let count = (length - 1) as f64;
                mesh.spacing[axis] = (at(length - 1) - at(0)) / count;
            }
        }
        mesh
    }
}

/// All of an array, in order.
pub(super) fn all<'a>(dataset: &'a Dataset<'_>) -> impl Iterator<Item = FrameSeries> + 'a {
    let (scenarios, each) = match dataset.outer() {
        [scenarios, times] => (Some(scenarios.length), times.length),
        [times] => (None, times.length),
        _ => (None, 1),
    };
    (0..scenarios.unwrap_or(1)).map(move |number| {
        let scenario = scenarios.map(|_| number);
        FrameSeries {
            scenario,
            name: name(dataset, scenario),
            frames: number * each..(number + 1) * each,
            mesh: Mesh::new(dataset, number * each),
        }
    })
}

fn name(dataset: &Dataset<'_>, scenario: Option<u64>) -> String {
    let Some(number) = scenario else {
        let path = &dataset.array().path;
        return path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
    };
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    let beside = dataset.coordinates.iter().skip(dataset.dimensions.len());
    let told: Vec<String> = beside
        .filter(|coordinate| coordinate.along == [0])
        .map(|coordinate| format!("{} = {}", coordinate.name, coordinate.values.text(index)))
        .collect();
    match told.is_empty() {
        true => format!("scenario {number}"),
        false => format!("scenario {number}: {}", told.join(", ")),
    }
}

/// The time of a frame, or its index along the first dimension.
pub(super) fn time(dataset: &Dataset<'_>, frame: u64) -> Option<f64> {
    let along = dataset.outer().len().checked_sub(1)?;
    let index = *dataset.index_of(frame).last()?;
    let (coordinate, place) = dataset.place_of(along, frame, index);
    Some(coordinate.values.number(place))
}

/// A text within a comment, which may hold no `--`.
pub(super) fn in_comment(text: &str) -> String {
    // Of three in a row, two are left once.
    escaped(text).replace("--", "- -").replace("--", "- -")
}

/// Whether XML can have a letter: neither control characters nor the two that are none in any text.
pub(super) fn is_in_xml(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}') || "\t\n\r".contains(letter)
}

/// A text as the value of an attribute or between tags; letters that XML cannot have are left out.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| is_in_xml(letter) && !"<>&\"'\t\n\r".contains(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let letters = text.chars().map(|letter| match letter {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        '\t' | '\n' | '\r' => format!("&#{};", letter as u32),
        letter if is_in_xml(letter) => letter.to_string(),
        _ => String::new(),
    });
    Cow::Owned(letters.collect())
}
