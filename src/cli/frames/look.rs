//! [`Look`]: how frames are to be drawn, as far as the user says.

use super::{
    array::Frames,
    survey::{RangeAsked, Survey},
};
use diff2d_plot::{Beyond, Colormap, Size, Style};

/// How frames are to be drawn, as far as the user says.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Look {
    pub colormap: Option<Colormap>,
    pub range: RangeAsked,
    pub log: bool,
    pub contours: usize,
    pub title: String,
    /// Name of the quantity; what is known of it if absent.
    pub label: Option<String>,
    pub size: Option<Size>,
}

impl Frames<'_> {
    /// How to draw some frames of which these things are known.
    pub(in crate::cli) fn style(&self, look: &Look, survey: &Survey) -> Style {
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
        let label = look.label.as_deref().unwrap_or_else(|| self.quantity());
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
            contours: look.contours,
            cadence: self.cadence(),
            quantity: label.to_owned(),
            title: look.title.clone(),
            size: look.size,
            ..Style::new(range)
        }
    }

    /// The time between two frames.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    pub(super) fn cadence(&self) -> Option<f64> {
        self.array.run().map(|run| run.nper as f64 * run.dt)
    }

    /// The range that is meant: differences are drawn about 0, unless the user says more.
    pub(in crate::cli) fn asked(&self, look: &Look) -> RangeAsked {
        match look.range {
            RangeAsked::All if self.is_difference() && !look.log => RangeAsked::Symmetric,
            asked => asked,
        }
    }

    /// What the values are, as far as that is known.
    pub(in crate::cli) fn quantity(&self) -> &str {
        let told = self.array.quantity();
        told.unwrap_or(match self.shown(0).scenario {
            Some(_) => "p",
            None => "",
        })
    }

    fn is_difference(&self) -> bool {
        self.array.quantity() == Some("difference")
    }
}
