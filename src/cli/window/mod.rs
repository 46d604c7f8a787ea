//! `diff2d window` and `coarsen`: sliding windows over any axes of any array.

mod args;
mod coarsen;
mod reduce;
mod request;
mod slide;

pub(super) use args::WindowArgs;
pub(super) use coarsen::{CoarsenArgs, coarsen};
pub(super) use slide::window;
