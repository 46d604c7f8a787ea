//! [`FrameSeries`]: consecutive frames in time on regular nodes, as required by XDMF's collections; and the escaping of
//! text in XML.

use super::Dataset;
use std::{borrow::Cow, ops::Range};

/// The frames of one scenario, or of an array without scenarios.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FrameSeries {
    /// The number of the scenario; `None` for an array without scenarios.
    pub scenario: Option<u64>,
    /// The name of the series: `scenario 3: D = 0.5`, or the name of the file.
    pub name: String,
    /// The frames, including missing ones.
    pub frames: Range<u64>,
    /// The nodes of the frames.
    pub mesh: Mesh,
}

impl FrameSeries {
    /// The frames that hold data.
    pub(super) fn present(&self, dataset: &Dataset<'_>) -> impl Iterator<Item = u64> {
        let frames = self.frames.clone();
        frames.filter(|&frame| dataset.is_present(frame))
    }
}

/// The nodes of a frame, given by the first node and the spacing, as in XDMF's regular meshes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mesh {
    /// Rows and columns.
    pub nodes: [u64; 2],
    /// The first node along y and x.
    pub origin: [f64; 2],
    /// The spacing along y and x.
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
            let [first_place, last_place] = [0, length - 1].map(|index| {
                let (coordinate, place) = dataset.place_of(outer + axis, frame, index);
                coordinate.values.number(place)
            });
            mesh.origin[axis] = first_place;
            if length > 1 {
                let intervals = (length - 1) as f64;
                mesh.spacing[axis] = (last_place - first_place) / intervals;
            }
        }
        mesh
    }
}

/// The series of an array, in order.
pub(super) fn all<'a>(dataset: &'a Dataset<'_>) -> impl Iterator<Item = FrameSeries> + 'a {
    let (scenarios, frames_per_scenario) = match dataset.outer() {
        [scenarios, times] => (Some(scenarios.length), times.length),
        [times] => (None, times.length),
        _ => (None, 1),
    };
    (0..scenarios.unwrap_or(1)).map(move |number| {
        let scenario = scenarios.map(|_| number);
        FrameSeries {
            scenario,
            name: name(dataset, scenario),
            frames: number * frames_per_scenario..(number + 1) * frames_per_scenario,
            mesh: Mesh::new(dataset, number * frames_per_scenario),
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
    let further_coordinates = dataset.coordinates.iter().skip(dataset.dimensions.len());
    let parameters: Vec<String> = further_coordinates
        .filter(|coordinate| coordinate.along == [0])
        .map(|coordinate| format!("{} = {}", coordinate.name, coordinate.values.text(index)))
        .collect();
    if parameters.is_empty() {
        format!("scenario {number}")
    } else {
        format!("scenario {number}: {}", parameters.join(", "))
    }
}

/// The time of a frame, or its index along the first dimension.
pub(super) fn time(dataset: &Dataset<'_>, frame: u64) -> Option<f64> {
    let dimension = dataset.outer().len().checked_sub(1)?;
    let index = *dataset.index_of(frame).last()?;
    let (coordinate, place) = dataset.place_of(dimension, frame, index);
    Some(coordinate.values.number(place))
}

/// Whether XML can contain a character: neither control characters nor the two codes that are no characters.
pub(super) fn is_in_xml(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}') || "\t\n\r".contains(letter)
}

/// A text as the value of an attribute or between tags; characters that XML cannot contain are left out.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .all(|letter| is_in_xml(letter) && !"<>&\"'\t\n\r".contains(letter))
    {
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
