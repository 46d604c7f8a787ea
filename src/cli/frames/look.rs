//! [`Look`]: how frames are to be drawn, as far as the user says.

use super::{array::Frames, lines::FrameAxis, survey::FrameSurvey};
use crate::{
    cube::journal::Scenario,
    params::{Choice, Coordinates},
};
use diff2d_plot::{self as plot, Beyond, Colormap, Contours, Extrema, Range, Size, Style};

/// Logarithmic colours reach so far below the largest value, unless a range is given: diffusion leaves
/// values near the smallest number that there is.
const DECADES: f64 = 1e-12;

/// The values that the colours cover.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::cli) enum RangeAsked {
    /// All values of the frames drawn; of differences, as far on both sides of 0.
    #[default]
    All,
    /// Of each frame its own.
    Frame,
    /// As far on both sides of 0.
    Symmetric,
    /// These.
    Given(Range),
}

impl RangeAsked {
    /// The range for frames with these ends.
    pub(in crate::cli) fn over(self, ends: &Extrema, log: bool) -> Range {
        let found = match (self, log) {
            (Self::Given(range), _) => return range,
            (_, false) => Range::spanning([ends.low, ends.high]).unwrap_or_default(),
            (_, true) if ends.high > 0.0 => {
                let low = ends.low_positive.max(ends.high * DECADES).min(ends.high);
                Range::new(low, ends.high).unwrap_or_default()
            }
            // Nothing has a logarithm.
            (_, true) => Range::new(0.1, 1.0).unwrap_or_default(),
        };
        match self {
            Self::Symmetric => found.symmetric(),
            _ => found,
        }
    }
}

/// How frames are to be drawn, as far as the user says.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Look {
    pub colormap: Option<Colormap>,
    pub range: RangeAsked,
    pub log: bool,
    pub contours: Contours,
    /// A title in place of those that the frames have; none if it is empty.
    pub title: Option<String>,
    /// Name of the quantity; what is known of it if absent.
    pub label: Option<String>,
    /// Names of the axes, x first, in place of those that are known.
    pub axes: [Option<String>; 2],
    pub size: Option<Size>,
    /// Pixels of an inch.
    pub dpi: Option<u32>,
}

impl Frames<'_> {
    /// How to draw some frames of which these things are known.
    pub(in crate::cli) fn style(&self, look: &Look, survey: &FrameSurvey) -> Style {
        let ends = survey.ends();
        let asked = self.asked(look);
        let range = asked.over(&ends, look.log);
        let own_ranges = asked == RangeAsked::Frame;
        let low = if look.log {
            ends.low_positive
        } else {
            ends.low
        };
        let default = match asked {
            RangeAsked::Symmetric => "coolwarm",
            _ => "viridis",
        };
        let quantity = match (&look.label, self.quantity()) {
            (Some(label), _) => self.labelled(label, "p"),
            (None, "" | "p") if self.unit("p").is_some() => self.with_unit("p"),
            (None, told) => self.labelled(told, "p"),
        };
        Style {
            colormap: look
                .colormap
                .unwrap_or_else(|| default.parse().unwrap_or_default()),
            own_ranges,
            log: look.log,
            beyond: Beyond {
                // A frame's own range leaves out nothing but what lies too many decades below.
                below: (look.log || !own_ranges) && low < range.low(),
                above: ends.high > range.high(),
                not_positive: look.log && ends.low <= 0.0,
            },
            contours: look.contours.clone(),
            cadence: self.cadence(),
            quantity,
            axes: [FrameAxis::X, FrameAxis::Y].map(|side| {
                let at = usize::from(side == FrameAxis::Y);
                let (usual, asked) = (["x", "y"][at], look.axes[at].as_deref());
                if self.is_counted(side) {
                    return asked.or(self.name_of(side)).map(str::to_owned);
                }
                let name = self.name_of(side).unwrap_or(usual);
                let known = || Some(self.with_unit(name)).filter(|known| known != usual);
                asked.map(|label| self.labelled(label, name)).or_else(known)
            }),
            title: look.title.clone(),
            size: look.size,
            dpi: look.dpi,
            ..Style::new(range)
        }
    }

    /// The unit of an axis or of the density, if it is known.
    pub(in crate::cli) fn unit(&self, name: &str) -> Option<&str> {
        self.array.labels.unit_of(name)
    }

    /// Whether any unit is known.
    pub(in crate::cli) fn has_units(&self) -> bool {
        ["x", "y", "t", "p"]
            .into_iter()
            .any(|name| self.unit(name).is_some())
    }

    /// The name of an axis or of the density, with its unit if that is known: `x [m]`; of a cube around an axis of rotation
    /// `r [m]` and `z [m]`.
    pub(in crate::cli) fn with_unit(&self, name: &str) -> String {
        let letter = match (name, self.is_axisymmetric()) {
            ("x", true) => "r",
            ("y", true) => "z",
            _ => name,
        };
        self.labelled(letter, name)
    }

    /// A label of an axis or of the density with the unit of that, unless it has one: a text in brackets at its end.
    fn labelled(&self, label: &str, name: &str) -> String {
        let unit = match name {
            "t" => Some(&*self.time_unit.0).filter(|unit| !unit.is_empty()),
            name => self.unit(name),
        };
        match unit {
            Some(unit) if !label.is_empty() && !label.ends_with([']', ')']) => {
                format!("{label} [{unit}]")
            }
            _ => label.to_owned(),
        }
    }

    fn is_axisymmetric(&self) -> bool {
        let scenario = self.array.header().and_then(|header| header.scenario(0));
        let word = Coordinates::Axisymmetric.name();
        scenario.is_some_and(|one| one.params.get("coordinates").is_some_and(|is| is == word))
    }

    /// The time between two frames.
    pub(super) fn cadence(&self) -> Option<f64> {
        let cadence = |run: &Scenario| self.shown_time(run.pace().cadence());
        self.array.run().map(cadence)
    }

    /// The range that is meant: differences are drawn about 0, unless the user says more.
    pub(in crate::cli) fn asked(&self, look: &Look) -> RangeAsked {
        match look.range {
            RangeAsked::All if self.differ_in_kind() => RangeAsked::Frame,
            RangeAsked::All if self.is_difference() && !look.log => RangeAsked::Symmetric,
            asked => asked,
        }
    }

    /// What the values are, as far as that is known.
    pub(in crate::cli) fn quantity(&self) -> &str {
        let told = self.array.labels.quantity.as_deref();
        told.unwrap_or(match self.shown(0).scenario {
            Some(_) => "p",
            None => "",
        })
    }

    fn is_difference(&self) -> bool {
        self.array.labels.quantity.as_deref() == Some("difference")
    }
}

impl std::str::FromStr for RangeAsked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "frame" => Ok(Self::Frame),
            "symmetric" => Ok(Self::Symmetric),
            given => given
                .parse()
                .map(Self::Given)
                .map_err(|error: plot::Error| format!("{error}, or write frame or symmetric")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_values() {
        let ends = Extrema {
            low: -1.0,
            high: 4.0,
            low_positive: 1e-300,
        };
        let range = |low, high| Range::new(low, high).unwrap();
        assert_eq!(RangeAsked::All.over(&ends, false), range(-1.0, 4.0));
        assert_eq!(RangeAsked::All.over(&ends, true), range(4e-12, 4.0));
        assert_eq!(RangeAsked::Symmetric.over(&ends, false), range(-4.0, 4.0));
        let given = RangeAsked::Given(range(0.0, 1.0));
        assert_eq!(given.over(&ends, false), range(0.0, 1.0));
        let none = Extrema::default();
        assert_eq!(RangeAsked::All.over(&none, false), Range::default());
        assert_eq!(RangeAsked::All.over(&none, true), range(0.1, 1.0));
        let negative = Extrema {
            low: -2.0,
            high: -1.0,
            ..none
        };
        assert_eq!(RangeAsked::All.over(&negative, true), range(0.1, 1.0));
    }
}
