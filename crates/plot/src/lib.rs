//! Pictures of two-dimensional fields: single frames, contact sheets, animations, pages, and curves.
//!
//! A [`Frame`] is a field to be drawn: numbers, the coordinates of their nodes, and their time. A [`Style`] says how it
//! is drawn: colours and the range of values that they cover. [`picture`] turns both into a [`Bitmap`], [`Sheet`]
//! gathers many frames on one page under one colour bar, [`Animation`] writes a GIF one frame at a time, [`Page`] an
//! HTML page. A [`Chart`] has curves. Pictures, sheets and charts are PNG, SVG or PDF. Files appear under their name
//! only when they are whole.
//!
//! ```text
//!            t = 2.4975              the frame's time
//!        ┌───────────────┐  ┌┐
//!     10 ┤               │  ││ 1.0    colour bar: one range for all frames
//!   y  0 ┤    pixels     │  ││
//!    -10 ┤               │  ││ 0.0
//!        └┬──────┬──────┬┘  └┘
//!       -10      0     10
//!                x
//! ```
//!
//! The first axis of an array is y and is drawn upward: row 0 lies at the bottom. Node i covers
//! half a spacing to each side, so a picture shows `nx` by `ny` equal cells, each around its node.
//! Small grids are magnified by a whole factor, large ones reduced by area means, so that no picture is
//! much larger than a screen.
//!
//! ```
//! # use ndarray::Array2;
//! use diff2d_plot::{Extent, Frame, Range, Style, picture};
//!
//! let field = Array2::from_shape_fn((40, 60), |(j, i)| (i as f64 / 9.0).sin() + j as f64 / 40.0);
//! let view = field.view();
//! let range = Range::of([&view as _])?.unwrap_or_default();
//! let frame = Frame::new(&view, Extent::nodes((0.0, 5.9), (0.0, 3.9))).at(2.4975);
//! let bitmap = picture(&frame, &Style::new(range))?;
//! assert!(bitmap.width() > bitmap.height());
//! # Ok::<(), diff2d_plot::Error>(())
//! ```

// Modules also explain their private files; `cargo doc --document-private-items` follows these links.
#![allow(rustdoc::private_intra_doc_links)]

mod animation;
mod bitmap;
mod canvas;
mod chart;
mod colormap;
mod colour_bar;
mod colours;
mod contour;
mod contour_label;
mod decimal;
mod error;
mod extent;
mod field_place;
mod file;
mod frame;
mod heading;
mod mask;
mod page;
mod panel;
mod paper;
mod pdf;
mod range;
mod reduce;
mod reduced;
mod reduction;
mod sampled;
mod sheet;
mod style;
mod svg;
mod template;
mod text;
mod ticks;
mod values;

pub use animation::Animation;
pub use bitmap::Bitmap;
pub use chart::{Chart, Curve, GivenTicks};
pub use colormap::Colormap;
pub use decimal::short;
pub use error::Error;
pub use extent::Extent;
pub use file::is_picture;
pub use frame::Frame;
pub use page::{PackedFrame, Page, PagePlan, is_page};
pub use range::Range;
pub use reduced::{Extrema, Reduced};
pub use sampled::Sampled;
pub use sheet::{Sheet, evenly_spread};
pub use style::{Beyond, Contours, Size, Style};
pub use template::{picture, reduced_for_picture, save_picture};
pub use values::Values;

#[cfg(test)]
mod tests;
