//! [`Mesh`]: the nodes of a frame as the first one and a distance, which is all that VTK's image data and
//! XDMF's regular meshes can hold.

use super::Dataset;

/// Where the nodes of a frame lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mesh {
    /// Rows and columns.
    pub nodes: [u64; 2],
    /// The first node along y and x.
    pub origin: [f64; 2],
    /// From one node to the next along y and x.
    pub spacing: [f64; 2],
}

impl Mesh {
    /// That of a frame.
    pub(super) fn of(dataset: &Dataset<'_>, frame: u64) -> Self {
        let nodes = dataset.frame();
        let outer = dataset.outer().len();
        let mut mesh = Self {
            nodes,
            origin: [0.0; 2],
            spacing: [1.0; 2],
        };
        for (axis, &length) in nodes.iter().enumerate() {
            let at = |index: u64| {
                let (coordinate, place) = dataset.place_of(outer + axis, frame, index);
                coordinate.values.number(place)
            };
            mesh.origin[axis] = at(0);
            if length > 1 {
                #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^53")]
                let count = (length - 1) as f64;
                mesh.spacing[axis] = (at(length - 1) - at(0)) / count;
            }
        }
        mesh
    }
}
