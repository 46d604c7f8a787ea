//! [`Selection`]: the nodes that a mask takes away, or that a table `[[held]]` holds.

use super::{
    input::{Digests, Input},
    nodes::Nodes,
    picture::Picture,
    values::Values,
};
use crate::{
    grid::Grid,
    node_set::NodeSet,
    params::{Area, Formula, Function, Interpolation, ParamsError, Profile, RawParams},
};
use std::ops::RangeInclusive;

/// Nodes, and what their user may not expect of them.
#[derive(Debug)]
pub struct Selection {
    /// The nodes. Of two that are the same point both are there.
    pub nodes: NodeSet,
    /// The file that they come from, and whether it is an array.
    pub input: Option<(Input, bool)>,
    /// That a picture is dark as a whole, in words.
    pub dark: Option<String>,
    /// Which pixels of a picture are lost between nodes, in words.
    pub lost: Option<String>,
}

impl Selection {
    /// The nodes of an area.
    ///
    /// # Errors
    /// [`ParamsError`] for files that cannot be used and values that are not finite.
    pub fn new(
        area: &Area,
        key: &str,
        raw: &RawParams,
        grid: &Grid,
        nodes: &Nodes,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let (profile, below) = match area {
            Area::Where(function) => (Profile::Function(of_rounded(function, nodes)), None),
            Area::File(path) => (Profile::File(path.clone()), None),
            Area::Image { path, below } => {
                let profile = Profile::Image {
                    path: path.clone(),
                    range: [0.0, 1.0],
                    interpolation: Interpolation::Linear,
                };
                (profile, Some(*below))
            }
        };
        let values = Values::new(&profile, key, raw, grid, digests)?;
        let picture = values.picture();
        let threshold = below
            .zip(picture)
            .map(|(below, picture)| Threshold::new(below, picture));
        let has = |value: f64| threshold.map_or(value != 0.0, |threshold| threshold.selects(value));
        // The two lines of a periodic pair are looked at apart.
        let apart = nodes.apart();
        let (mut set, mut piece) = (NodeSet::default(), Vec::new());
        let mut wrong = None;
        // Pictures are decoded from the top.
        for rows in nodes.pieces().rev() {
            let first = nodes.number(rows.start, 0);
            piece.resize(rows.len() * nodes.x.len(), 0.0);
            values.rows(&apart, rows, 0.0, &mut piece)?;
            let found = (first..).zip(&piece).find(|(_, value)| !value.is_finite());
            wrong = found.map(|(number, &value)| (number, value)).or(wrong);
            let chosen = piece.iter().zip(first..).filter(|&(&value, _)| has(value));
            chosen.for_each(|(_, number)| set.add(number));
        }
        if let Some((number, value)) = wrong {
            let place = nodes.place(number);
            return Err(raw.refuse(key, format!("it is {value:?} at {place}")));
        }
        for (j, i) in nodes.seam() {
            let mut same = nodes.same((j, i));
            if same.any(|(j, i)| set.has(nodes.number(j, i))) {
                set.add(nodes.number(j, i));
            }
        }
        let pixels = threshold
            .zip(picture)
            .map(|(threshold, picture)| SelectedPixels::of(picture, threshold, &set, nodes))
            .transpose()?;
        if let Some(picture) = picture {
            picture.hold(0);
        }
        Ok(Self {
            nodes: set,
            input: values
                .input()
                .map(|input| (input.clone(), values.is_array())),
            dark: pixels.as_ref().and_then(SelectedPixels::dark),
            lost: pixels.as_ref().and_then(|pixels| pixels.lost(nodes)),
        })
    }
}

/// A function of coordinates, in which two that differ by their rounding are equal.
fn of_rounded(function: &Function, nodes: &Nodes) -> Function {
    let Function::Formula(Formula { text, expression }) = function else {
        return function.clone();
    };
    let ends = [&nodes.x, &nodes.y]
        .into_iter()
        .flat_map(|axis| axis.first().into_iter().chain(axis.last()));
    let scale = ends.fold(0.0, |scale: f64, end| scale.max(end.abs()));
    Function::Formula(Formula {
        text: text.clone(),
        expression: expression.of_rounded(scale),
    })
}

/// The grey value below which nodes are selected.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    below: f64,
    /// What rounding makes of grey values between pixels: places are numbers of pixels.
    rounding: f64,
}

impl Threshold {
    #[expect(clippy::cast_precision_loss, reason = "numbers of pixels")]
    fn new(below: f64, picture: &Picture) -> Self {
        let (height, width) = picture.shape();
        let rounding = f64::EPSILON * (height + width) as f64;
        Self { below, rounding }
    }

    /// Whether a grey value lies below it by more than rounding.
    fn selects(self, grey: f64) -> bool {
        grey < self.below - self.rounding
    }
}

/// The pixels of a picture beside the nodes that it selects.
#[derive(Debug)]
struct SelectedPixels {
    below: f64,
    shape: (usize, usize),
    /// Pixels that are selected, and others.
    counts: [u64; 2],
    /// Those of each between nodes none of which is as they are.
    lost: [u64; 2],
    brightest: f64,
    /// Pixels of the value 0.
    black: u64,
}

impl SelectedPixels {
    fn of(
        picture: &Picture,
        threshold: Threshold,
        set: &NodeSet,
        nodes: &Nodes,
    ) -> Result<Self, ParamsError> {
        let (height, width) = picture.shape();
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        let mut found = Self {
            below: threshold.below,
            shape: (height, width),
            counts: [0; 2],
            lost: [0; 2],
            brightest: 0.0,
            black: 0,
        };
        let columns: Vec<_> = (0..width).map(|pixel| around(pixel, width, nx)).collect();
        let mut known = None;
        // Whether some node of a column is selected, in these rows, and whether some is not.
        let mut there = vec![[false; 2]; nx];
        picture.each_row(|pixel, greys| {
            let rows = around(height - 1 - pixel, height, ny);
            if known.as_ref() != Some(&rows) {
                for (i, there) in there.iter_mut().enumerate() {
                    let selected = || rows.clone().map(|j| set.has(nodes.number(j, i)));
                    *there = [selected().any(|has| has), selected().any(|has| !has)];
                }
                known = Some(rows);
            }
            for (grey, columns) in greys.zip(&columns) {
                found.brightest = found.brightest.max(grey);
                found.black += u64::from(grey == 0.0);
                let kind = usize::from(!threshold.selects(grey));
                found.counts[kind] += 1;
                let is_seen = there[columns.clone()].iter().any(|there| there[kind]);
                found.lost[kind] += u64::from(!is_seen);
            }
        })?;
        Ok(found)
    }

    /// That no grey value is as bright as 2 of 255.
    fn dark(&self) -> Option<String> {
        let [all, black] = [self.counts.iter().sum(), self.black];
        (self.brightest < 2.0 / 255.0).then(|| {
            format!(
                "the grey values of all {all} pixels are below 2/255, {black} of them 0, where white is 255/255: a picture of the numbers 0 and 1 has to be saved with 0 and 255"
            )
        })
    }

    /// Which pixels are lost.
    fn lost(&self, nodes: &Nodes) -> Option<String> {
        let ([dark, bright], [below, others]) = (self.lost, self.counts);
        let ((height, width), limit) = (self.shape, self.below);
        let parts = [
            (dark > 0).then(|| format!("{dark} of {below} pixels below {limit:?} lie between nodes none of which is selected")),
            (bright > 0).then(|| format!("{bright} of {others} others between nodes all of which are")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        (!parts.is_empty()).then(|| {
            format!(
                "{}: the picture has {height} × {width} pixels, the grid {ny} × {nx} nodes",
                parts.join(", ")
            )
        })
    }
}

/// The nodes at a pixel or next to it, along one axis: the outermost pixels lie on the outermost nodes.
fn around(pixel: usize, pixels: usize, nodes: usize) -> RangeInclusive<usize> {
    if pixels == 1 {
        return 0..=nodes - 1;
    }
    let at = pixel * (nodes - 1);
    at / (pixels - 1)..=at.div_ceil(pixels - 1)
}
