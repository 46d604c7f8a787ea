//! [`Look`]: how frames are to be drawn, as far as the user says.

use super::{array::Frames, lines::FrameAxis, survey::FrameSurvey};
use diff2d::{
    Problem,
    program::{
        params::{Choice, Coordinates},
        run::Due,
    },
};
use diff2d_plot::{self as plot, Beyond, Colormap, Contours, Extrema, Range, Size, Style};

/// Logarithmic colours reach so far below the largest value, unless a range is given: diffusion leaves
/// values near the smallest number that there is.
const DECADES: f64 = 1e-12;

/// The values that the colours cover.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::cli) enum RangeChoice {
    /// All values of the frames drawn; for differences, a range that reaches as far on both sides of 0.
    #[default]
    All,
    /// The values of each frame, for itself alone.
    Frame,
    /// A range that reaches as far on both sides of 0.
    Symmetric,
    /// The range that the user gives.
    Given(Range),
}

impl RangeChoice {
    /// The range for frames with these ends.
    pub(in crate::cli) fn over(self, ends: &Extrema, log: bool) -> Range {
        let value_range = match (self, log) {
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
            Self::Symmetric => value_range.symmetric(),
            _ => value_range,
        }
    }
}

/// How frames are to be drawn, as far as the user says.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Look {
    pub colormap: Option<Colormap>,
    pub range: RangeChoice,
    pub log: bool,
    pub contours: Contours,
    /// A title in place of those that the frames have; none if it is empty.
    pub title: Option<String>,
    /// The name of the quantity, in place of the one that is known.
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
        let extrema = survey.ends();
        let range_choice = self.range_choice(look);
        let range = range_choice.over(&extrema, look.log);
        let own_ranges = range_choice == RangeChoice::Frame;
        let low = if look.log {
            extrema.low_positive
        } else {
            extrema.low
        };
        let default = match range_choice {
            RangeChoice::Symmetric => "coolwarm",
            // Arrows are seen on it everywhere.
            _ if self.has_components => "blues",
            _ => "viridis",
        };
        let quantity = match (&look.label, self.quantity()) {
            (Some(label), _) => self.labelled(label, "p"),
            (None, "" | "p") if self.unit("p").is_some() => self.with_unit("p"),
            (None, quantity) => self.labelled(quantity, "p"),
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
                above: extrema.high > range.high(),
                not_positive: look.log && extrema.low <= 0.0,
            },
            contours: look.contours.clone(),
            lines: self.lines(),
            cadence: self.cadence(),
            quantity,
            axes: [FrameAxis::X, FrameAxis::Y].map(|side| {
                let side_place = usize::from(side == FrameAxis::Y);
                let (usual, typed_label) =
                    (["x", "y"][side_place], look.axes[side_place].as_deref());
                if self.is_counted(side) {
                    return typed_label.or(self.name_of(side)).map(str::to_owned);
                }
                let name = self.name_of(side).unwrap_or(usual);
                typed_label
                    .map(|label| self.labelled(label, name))
                    .or_else(|| Some(self.with_unit(name)).filter(|label| label != usual))
            }),
            title: look.title.clone(),
            size: look.size,
            dpi: look.dpi,
            ..Style::new(range)
        }
    }

    /// The lines along interfaces of a run, if its problem can be had from its journal.
    fn lines(&self) -> Vec<Vec<[f64; 2]>> {
        let problem = self.problem_with_interfaces();
        problem.map_or_else(Vec::new, |problem| problem.geometry().interface_lines())
    }

    /// The problem of a run that has interfaces, if it can be had from its journal.
    pub(super) fn problem_with_interfaces(&self) -> Option<Problem> {
        let run = self.array.run();
        let run = run.filter(|run| run.params.get("interface").is_some())?;
        Problem::from_canonical(&run.params).ok()
    }

    /// The unit of an axis or of the density, if it is known.
    pub(in crate::cli) fn unit(&self, name: &str) -> Option<&str> {
        self.array.labels.unit_of(name)
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

    /// A label of an axis or of the density with its unit, unless the label ends in a text in brackets, which is a unit.
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
        scenario.is_some_and(|scenario| {
            let coordinates = scenario.params.get("coordinates");
            coordinates.is_some_and(|value| value == word)
        })
    }

    /// The time between two frames, if the times of all are multiples of it.
    pub(super) fn cadence(&self) -> Option<f64> {
        const ROUNDING: f64 = 1e-9;
        let pace = self.array.run()?.pace();
        let cadence = pace.cadence();
        let intervals_before = pace.start / cadence;
        let are_multiples = !matches!(pace.due, Due::At(_))
            && (intervals_before - intervals_before.round()).abs() < ROUNDING;
        are_multiples.then(|| self.shown_time(cadence))
    }

    /// The range that is meant: differences are drawn about 0, unless the user says more.
    pub(in crate::cli) fn range_choice(&self, look: &Look) -> RangeChoice {
        match look.range {
            // Its frames are of different quantities.
            RangeChoice::All if self.words().is_some() => RangeChoice::Frame,
            RangeChoice::All if self.quantity() == "difference" && !look.log => {
                RangeChoice::Symmetric
            }
            choice => choice,
        }
    }

    /// What the values are, as far as that is known.
    pub(in crate::cli) fn quantity(&self) -> &str {
        let quantity = self.array.labels.quantity.as_deref();
        quantity.unwrap_or(match self.facts(0).scenario {
            Some(_) => "p",
            None => "",
        })
    }
}

impl std::str::FromStr for RangeChoice {
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
        assert_eq!(RangeChoice::All.over(&ends, false), range(-1.0, 4.0));
        assert_eq!(RangeChoice::All.over(&ends, true), range(4e-12, 4.0));
        assert_eq!(RangeChoice::Symmetric.over(&ends, false), range(-4.0, 4.0));
        let given = RangeChoice::Given(range(0.0, 1.0));
        assert_eq!(given.over(&ends, false), range(0.0, 1.0));
        let none = Extrema::default();
        assert_eq!(RangeChoice::All.over(&none, false), Range::default());
        assert_eq!(RangeChoice::All.over(&none, true), range(0.1, 1.0));
        let negative = Extrema {
            low: -2.0,
            high: -1.0,
            ..none
        };
        assert_eq!(RangeChoice::All.over(&negative, true), range(0.1, 1.0));
    }
}
