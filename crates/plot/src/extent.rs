//! [`Extent`]: the coordinates of the nodes of a field.

use super::{
    reduced::{CutEnds, Cuts},
    ticks::TickScale,
};

/// The coordinates of the nodes of a field, which are equally spaced along x and along y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    x: Option<(f64, f64)>,
    y: Option<(f64, f64)>,
    /// Whether the outermost nodes have half a cell.
    ends_at_nodes: bool,
}

impl Extent {
    /// The coordinates of the first and the last node along each axis; `x` belongs to the columns.
    pub fn nodes(x: (f64, f64), y: (f64, f64)) -> Self {
        Self::known(Some(x), Some(y))
    }

    /// The same nodes, of which the outermost ones lie on the ends of the domain, and have half a cell.
    #[must_use]
    pub fn ending_at_nodes(self) -> Self {
        Self {
            ends_at_nodes: true,
            ..self
        }
    }

    /// Nodes counted from 0, for a field whose coordinates are unknown.
    pub fn counted() -> Self {
        Self::known(None, None)
    }

    /// The coordinates of the first and the last node along each axis, as far as they are known; nodes along another axis are
    /// counted.
    pub fn known(x: Option<(f64, f64)>, y: Option<(f64, f64)>) -> Self {
        Self {
            x,
            y,
            ends_at_nodes: false,
        }
    }

    /// The spans of both axes, x first, for a field of `rows` rows and `columns` columns.
    ///
    /// A single node has no spacing, so the spacing of the other axis is used. Nodes are counted if a coordinate is not
    /// finite, or if neighbours have equal coordinates.
    pub(super) fn spans(&self, (rows, columns): (usize, usize)) -> (Span, Span) {
        let counted = (Span::counted(columns, "column"), Span::counted(rows, "row"));
        match (self.x, self.y) {
            (Some(_), Some(_)) => self.placed(rows, columns).unwrap_or(counted),
            (x, y) => (
                placed_alone(x, columns, "x").unwrap_or(counted.0),
                placed_alone(y, rows, "y").unwrap_or(counted.1),
            ),
        }
    }

    /// The axes along which the outermost cells of a field of `shape` nodes are cut in halves. Where a cell is the mean of several
    /// nodes it is no larger than a pixel, and none is cut.
    pub(super) fn cuts(&self, shape: (usize, usize), cells: (usize, usize)) -> Cuts {
        let (x, y) = self.spans(shape);
        Cuts {
            x: CutEnds(x.is_cut && cells.1 == shape.1),
            y: CutEnds(y.is_cut && cells.0 == shape.0),
        }
    }

    fn placed(&self, rows: usize, columns: usize) -> Option<(Span, Span)> {
        let (x, y) = (self.x?, self.y?);
        let (dx, dy) = match (rows, columns) {
            (1, 1) => (1.0, 1.0),
            (1, _) => (spacing(x, columns)?, spacing(x, columns)?.abs()),
            (_, 1) => (spacing(y, rows)?.abs(), spacing(y, rows)?),
            _ => (spacing(x, columns)?, spacing(y, rows)?),
        };
        let is_cut = |nodes: usize| self.ends_at_nodes && nodes > 1;
        let x = Span::new(x.0, dx, columns, is_cut(columns), "x");
        let y = Span::new(y.0, dy, rows, is_cut(rows), "y");
        (x.is_usable() && y.is_usable()).then_some((x, y))
    }
}

/// The span of an axis with coordinates beside an axis without.
fn placed_alone(ends: Option<(f64, f64)>, nodes: usize, name: &'static str) -> Option<Span> {
    let ends = ends?;
    let span = Span::new(ends.0, spacing(ends, nodes)?, nodes, false, name);
    span.is_usable().then_some(span)
}

/// The spacing of the nodes, if it is a usable number.
fn spacing((first, last): (f64, f64), nodes: usize) -> Option<f64> {
    let spacing = (last - first) / (nodes - 1) as f64;
    spacing.is_normal().then_some(spacing)
}

/// The interval that a side of a panel covers: half a spacing beyond the nodes at its ends, or up to these nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    /// The start of the axis: left or bottom.
    pub start: f64,
    /// The end of the axis: right or top.
    pub end: f64,
    /// The spacing of the nodes, positive.
    pub spacing: f64,
    /// Whether the cells at its ends are cut in halves.
    pub is_cut: bool,
    /// Whether coordinates are integers.
    pub whole: bool,
    /// Name of the axis.
    pub name: &'static str,
}

impl Span {
    fn new(first: f64, spacing: f64, nodes: usize, is_cut: bool, name: &'static str) -> Self {
        let rim = if is_cut { 0.0 } else { spacing / 2.0 };
        // In cells behind the first node.
        let last_edge = nodes as f64 - if is_cut { 1.0 } else { 0.5 };
        Self {
            start: first - rim,
            end: first + spacing * last_edge,
            spacing: spacing.abs(),
            is_cut,
            whole: false,
            name,
        }
    }

    /// The length of the side in cells, which are as many as nodes, or one less where those at the ends are halves.
    pub fn cells(&self, nodes: usize) -> usize {
        nodes - usize::from(self.is_cut)
    }

    fn counted(nodes: usize, name: &'static str) -> Self {
        Self {
            whole: true,
            ..Self::new(0.0, 1.0, nodes, false, name)
        }
    }

    /// Whether neighbouring nodes have different coordinates, and all of them are numbers.
    fn is_usable(&self) -> bool {
        let span = self.end - self.start;
        span.is_finite()
            && [self.start, self.end]
                .iter()
                .all(|end| end.is_finite() && end + self.spacing != *end)
    }
}

impl TickScale for Span {
    fn ends(&self) -> (f64, f64) {
        (self.start.min(self.end), self.start.max(self.end))
    }

    fn fraction(&self, value: f64) -> f64 {
        (value - self.start) / (self.end - self.start)
    }

    fn is_whole(&self) -> bool {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_covers_half_a_spacing_to_each_side() {
        let (x, y) = Extent::nodes((0.0, 4.0), (-1.0, 1.0)).spans((3, 5));
        assert_eq!((x.start, x.end), (-0.5, 4.5));
        assert_eq!((y.start, y.end), (-1.5, 1.5));
        assert_eq!(x.fraction(2.0), 0.5);
    }

    #[test]
    fn a_domain_that_ends_at_nodes_has_half_cells_there() {
        let extent = Extent::nodes((0.0, 4.0), (-1.0, 1.0)).ending_at_nodes();
        let (x, y) = extent.spans((3, 5));
        assert_eq!((x.start, x.end, x.cells(5)), (0.0, 4.0, 4));
        assert_eq!((y.start, y.end, y.cells(3)), (-1.0, 1.0, 2));
        let (x, _) = extent.spans((3, 1));
        assert_eq!((x.start, x.end, x.cells(1)), (-0.5, 0.5, 1));
    }

    #[test]
    fn a_single_node_has_the_spacing_of_the_other_axis() {
        let (x, y) = Extent::nodes((7.0, 7.0), (0.0, 2.0)).spans((5, 1));
        assert_eq!((x.start, x.end, y.spacing), (6.75, 7.25, 0.5));
        let (x, y) = Extent::nodes((7.0, 7.0), (1.0, 1.0)).spans((1, 1));
        assert_eq!((x.start, x.end, y.start, y.end), (6.5, 7.5, 0.5, 1.5));
    }

    #[test]
    fn unusable_coordinates_are_counted_instead() {
        let (x, _) = Extent::counted().spans((2, 3));
        assert_eq!(
            (x.start, x.end, x.whole, x.name),
            (-0.5, 2.5, true, "column")
        );
        let (_, y) = Extent::nodes((0.0, f64::NAN), (0.0, 1.0)).spans((2, 3));
        assert_eq!((y.start, y.end, y.name), (-0.5, 1.5, "row"));
    }

    #[test]
    fn one_axis_alone_may_have_coordinates() {
        let (x, y) = Extent::known(None, Some((40.0, 60.0))).spans((21, 3));
        assert_eq!((y.start, y.end, y.whole, y.name), (39.5, 60.5, false, "y"));
        assert_eq!(
            (x.start, x.end, x.whole, x.name),
            (-0.5, 2.5, true, "column")
        );
        let (x, y) = Extent::known(Some((7.0, 7.0)), None).spans((2, 1));
        assert!(x.whole && y.whole);
    }

    #[test]
    fn coordinates_may_decrease() {
        let (x, _) = Extent::nodes((1.0, 0.0), (0.0, 1.0)).spans((2, 2));
        assert_eq!((x.start, x.end, x.spacing), (1.5, -0.5, 1.0));
        assert_eq!(x.fraction(1.0), 0.25);
    }
}
