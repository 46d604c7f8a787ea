//! [`Selection`]: the nodes of an area, for a mask or a table `[[held]]` for example.

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

/// The nodes of an area, and notes for the user on it.
#[derive(Debug)]
pub struct Selection {
    /// The nodes. Of two nodes that are the same point both are included.
    pub nodes: NodeSet,
    /// The formula that is not 0 in the area, if it has one.
    pub formula: Option<Function>,
    /// The file that defines the area, and whether it is an array.
    pub input: Option<(Input, bool)>,
    /// A sentence, if a picture is dark everywhere.
    pub dark: Option<String>,
    /// A sentence on pixels of a picture that fall between nodes.
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
        let (profile, grey_limit) = match area {
            Area::Where(function) => (Profile::Function(of_rounded(function, nodes)), None),
            Area::File(path) => {
                let (path, regrid) = (path.clone(), None);
                (Profile::File { path, regrid }, None)
            }
            Area::Image { path, below, alpha } => {
                let profile = Profile::Image {
                    path: path.clone(),
                    range: [0.0, 1.0],
                    interpolation: Interpolation::Linear,
                    alpha: *alpha,
                };
                (profile, Some(*below))
            }
        };
        let values = Values::new(&profile, key, raw, grid, digests)?;
        let picture = values.picture();
        let threshold = grey_limit
            .zip(picture)
            .map(|(grey_limit, picture)| Threshold::new(grey_limit, picture));
        // The two lines of a periodic pair are looked at apart.
        let nodes_apart = nodes.apart();
        let (mut selected, mut piece_values) = (NodeSet::default(), Vec::new());
        for rows in nodes.pieces() {
            let first_number = nodes.number(rows.start, 0);
            piece_values.resize(rows.len() * nodes.x.len(), 0.0);
            values.rows(&nodes_apart, rows, 0.0, &mut piece_values)?;
            let mut values_by_number = (first_number..).zip(&piece_values);
            if let Some((number, value)) = values_by_number.find(|(_, value)| !value.is_finite()) {
                let place = nodes.place(number);
                return Err(raw.refuse(key, format!("it is {value:?} at {place}")));
            }
            let chosen_nodes = piece_values
                .iter()
                .zip(first_number..)
                .filter(|&(&value, _)| {
                    threshold.map_or(value != 0.0, |threshold| threshold.selects(value))
                });
            chosen_nodes.for_each(|(_, number)| selected.add(number));
        }
        for (j, i) in nodes.seam() {
            let mut same_nodes = nodes.same((j, i));
            if same_nodes.any(|(j, i)| selected.has(nodes.number(j, i))) {
                selected.add(nodes.number(j, i));
            }
        }
        let pixels = threshold
            .zip(picture)
            .map(|(threshold, picture)| SelectedPixels::of(picture, threshold, &selected, nodes));
        Ok(Self {
            nodes: selected,
            formula: match profile {
                Profile::Function(function) => Some(function),
                _ => None,
            },
            input: values
                .input()
                .map(|input| (input.clone(), values.array().is_some())),
            dark: pixels.as_ref().and_then(SelectedPixels::dark),
            lost: pixels.as_ref().and_then(|pixels| pixels.lost(grid)),
        })
    }
}

/// A function of coordinates that treats coordinates as equal if they differ only by rounding.
fn of_rounded(function: &Function, nodes: &Nodes) -> Function {
    let Function::Formula(Formula {
        text, expression, ..
    }) = function
    else {
        return function.clone();
    };
    let end_coordinates = [&nodes.x, &nodes.y]
        .into_iter()
        .flat_map(|axis| axis.first().into_iter().chain(axis.last()));
    let scale = end_coordinates.fold(0.0, |scale: f64, end| scale.max(end.abs()));
    Function::Formula(Formula::new(text, expression.of_rounded(scale)))
}

/// The grey value below which nodes are selected.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    below: f64,
    /// The rounding error of grey values between pixels. Positions are counted in pixels.
    rounding: f64,
}

impl Threshold {
    #[expect(clippy::cast_precision_loss, reason = "numbers of pixels")]
    fn new(below: f64, picture: &Picture) -> Self {
        let (height, width) = picture.shape();
        let rounding = f64::EPSILON * (height + width) as f64;
        Self { below, rounding }
    }

    /// Whether a grey value lies below the threshold by more than rounding.
    fn selects(self, grey: f64) -> bool {
        grey < self.below - self.rounding
    }
}

/// The pixels of a picture beside the nodes that it selects.
#[derive(Debug)]
struct SelectedPixels {
    below: f64,
    shape: (usize, usize),
    /// The numbers of selected pixels and of other pixels.
    counts: [u64; 2],
    /// The numbers of selected pixels that lie between nodes that are not selected only, and of other pixels between
    /// selected nodes only.
    lost: [u64; 2],
    brightest: f64,
    /// The number of pixels with value 0.
    black: u64,
}

impl SelectedPixels {
    fn of(picture: &Picture, threshold: Threshold, set: &NodeSet, nodes: &Nodes) -> Self {
        let (height, width) = picture.shape();
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        let mut selected_pixels = Self {
            below: threshold.below,
            shape: (height, width),
            counts: [0; 2],
            lost: [0; 2],
            brightest: 0.0,
            black: 0,
        };
        let columns: Vec<_> = (0..width).map(|pixel| around(pixel, width, nx)).collect();
        let mut rows_known = None;
        // Whether some node of a column is selected, in these rows, and whether some is not.
        let mut column_kinds = vec![[false; 2]; nx];
        for pixel_row in 0..height {
            let rows = around(height - 1 - pixel_row, height, ny);
            if rows_known.as_ref() != Some(&rows) {
                for (i, column_kinds) in column_kinds.iter_mut().enumerate() {
                    *column_kinds = [true, false].map(|is_selected| {
                        let mut rows = rows.clone();
                        rows.any(|j| set.has(nodes.number(j, i)) == is_selected)
                    });
                }
                rows_known = Some(rows);
            }
            for (pixel_column, columns) in columns.iter().enumerate() {
                let grey = picture.grey(pixel_row, pixel_column);
                selected_pixels.brightest = selected_pixels.brightest.max(grey);
                selected_pixels.black += u64::from(grey == 0.0);
                let kind = usize::from(!threshold.selects(grey));
                selected_pixels.counts[kind] += 1;
                let is_seen = column_kinds[columns.clone()]
                    .iter()
                    .any(|column_kinds| column_kinds[kind]);
                selected_pixels.lost[kind] += u64::from(!is_seen);
            }
        }
        selected_pixels
    }

    /// A sentence, if no grey value is as bright as 2 of 255.
    fn dark(&self) -> Option<String> {
        let [pixel_count, black] = [self.counts.iter().sum(), self.black];
        (self.brightest < 2.0 / 255.0).then(|| {
            format!(
                "the grey values of all {pixel_count} pixels are below 2/255, {black} of them 0, where white is 255/255: a picture of the numbers 0 and 1 has to be saved with 0 and 255"
            )
        })
    }

    /// A sentence on the pixels that fall between nodes, with the grid that has a node for each pixel.
    fn lost(&self, grid: &Grid) -> Option<String> {
        let ([dark, bright], [dark_count, bright_count]) = (self.lost, self.counts);
        let ((height, width), limit) = (self.shape, self.below);
        let parts = [
            (dark > 0).then(|| format!("{dark} of {dark_count} pixels below {limit:?}")),
            (bright > 0).then(|| format!("{bright} of {bright_count} others")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let lost = parts.join(" and ");
        let (nx, ny) = (grid.x.nodes, grid.y.nodes);
        let result = match (lost.as_str(), has_about_as_many_nodes(grid, self.shape)) {
            ("", false) => return None,
            ("", true) if (ny, nx) == self.shape => return None,
            ("", true) => "pixels are not nodes".to_owned(),
            (lost, _) => format!("{lost} fall between nodes and are lost"),
        };
        Some(format!(
            "{result}: the grid has {nx} × {ny} nodes, the picture {width} × {height} pixels; {} give each pixel one node",
            way_to_whole_pixels(grid, self.shape)
        ))
    }
}

/// Whether a grid has about as many nodes along each axis as a picture has pixels, as where the domain was typed as wide as the picture
/// and not as the distance of its outermost pixels.
fn has_about_as_many_nodes(grid: &Grid, (height, width): (usize, usize)) -> bool {
    let pairs = [(&grid.x, width), (&grid.y, height)];
    let mut differences = pairs
        .iter()
        .map(|(axis, pixels)| axis.nodes.abs_diff(*pixels));
    differences.all(|difference| difference <= 2)
}

/// The keys with which a grid has one node for each pixel: other ends of the domain where there are about as many nodes as pixels,
/// otherwise other spacings.
#[expect(clippy::cast_precision_loss, reason = "numbers of nodes and pixels")]
fn way_to_whole_pixels(grid: &Grid, (height, width): (usize, usize)) -> String {
    let keeps_spacing = has_about_as_many_nodes(grid, (height, width));
    let axes = [(&grid.x, width, "x"), (&grid.y, height, "y")];
    let keys = axes.map(|(axis, pixels, name)| {
        let (lower, upper) = axis.domain();
        let cells = ((upper - lower) / axis.spacing).round();
        let cells_of_pixels = cells + pixels as f64 - axis.nodes as f64;
        if keeps_spacing {
            let new_upper = lower + cells_of_pixels * axis.spacing;
            format!("{name}2 = {:?}", rounded(new_upper))
        } else {
            format!("d{name} = {:?}", rounded((upper - lower) / cells_of_pixels))
        }
    });
    keys.join(" and ")
}

/// A number without the digits that are only rounding.
fn rounded(number: f64) -> f64 {
    format!("{number:.12e}").parse().unwrap_or(number)
}

/// The nodes at a pixel or next to it, along one axis. The outermost pixels lie on the outermost nodes.
fn around(pixel: usize, pixels: usize, nodes: usize) -> RangeInclusive<usize> {
    if pixels == 1 {
        return 0..=nodes - 1;
    }
    let position = pixel * (nodes - 1);
    position / (pixels - 1)..=position.div_ceil(pixels - 1)
}
