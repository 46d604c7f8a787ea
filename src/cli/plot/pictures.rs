//! [`Picture`]: what a command draws.

use super::args::{PlotArgs, SheetArg};
use std::path::Path;

/// What names of still pictures end in.
pub(in crate::cli) const STILL_EXTENSIONS: [&str; 3] = ["png", "svg", "pdf"];
/// What names of pictures end in.
const EXTENSIONS: [&str; 4] = ["png", "svg", "pdf", "gif"];

/// A kind of picture that a command draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Picture<'a> {
    /// A picture of each frame.
    EachFrame,
    Sheet,
    Animation,
    /// The values along a line of the frames, as it was typed.
    Line(&'a str),
    /// The values at places over the frames.
    Histories,
    /// Columns of the record.
    Record,
    /// A page with the frames, in a file of its own.
    Page(&'a Path),
}

impl<'a> Picture<'a> {
    /// The pictures that the arguments ask for, in the order in which they are drawn. Curves and pages come in place of the pictures of
    /// single frames, and so does the one picture of many frames that a file is to hold.
    pub fn all(args: &'a PlotArgs) -> Vec<Self> {
        let of_many_frames = [
            args.sheet.map(|_| Self::Sheet),
            args.animate.then_some(Self::Animation),
        ];
        let curves = args.line.iter().map(|line| Self::Line(line));
        let charts = [
            (!args.history.is_empty()).then_some(Self::Histories),
            (!args.record.is_empty()).then_some(Self::Record),
            args.html.as_deref().map(Self::Page),
        ];
        let in_place_of_frames: Vec<Self> = curves.chain(charts.into_iter().flatten()).collect();
        let of_many_frames: Vec<Self> = of_many_frames.into_iter().flatten().collect();
        let is_one_of_many = names_a_file(args) && !of_many_frames.is_empty();
        let draws_each_frame =
            in_place_of_frames.is_empty() && !is_one_of_many && args.sheet != Some(SheetArg::Only);
        let single = draws_each_frame.then_some(Self::EachFrame).into_iter();
        single
            .chain(of_many_frames)
            .chain(in_place_of_frames)
            .collect()
    }

    /// Whether the picture shows whole frames.
    pub fn shows_frames(&self) -> bool {
        !matches!(self, Self::Line(_) | Self::Histories | Self::Record)
    }

    /// The formats of the picture in a file that `-o` names.
    pub fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Animation => &["gif"],
            _ => &STILL_EXTENSIONS,
        }
    }
}

/// Whether the output is the name of a picture, not of a directory.
pub(super) fn names_a_file(args: &PlotArgs) -> bool {
    let extension = args.output.as_deref().and_then(Path::extension);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|name| extension == *name))
}
