//! An array as a series of frames that can be drawn.

mod array;
mod arrows;
mod drawing;
mod lines;
mod look;
mod survey;
mod time_unit;

pub(super) use array::Frames;
pub(super) use drawing::Drawing;
pub(super) use lines::FrameAxis;
pub(super) use look::{Look, RangeChoice};
pub(super) use survey::FrameSurvey;
pub(super) use time_unit::{readable_unit, time_unit};
