//! [`CutWall`]: the half cells of a wall in which its functions, or D, jump. `between/cut_walls.rs` finds them.

use crate::params::Function;

/// The nodes of a wall in whose half cells its functions, or D, jump.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CutWall {
    /// The nodes in ascending order of their numbers along the side.
    pub(super) nodes: Vec<CutNode>,
    /// D across the wall, if it is a formula and counts.
    pub(super) diffusivity: Option<Function>,
    /// Whether the places depend on time.
    pub is_moving: bool,
}

/// A node of a wall.
#[derive(Debug, Clone, PartialEq)]
pub struct CutNode {
    pub(super) number: usize,
    /// The mean of D along the half cell, inside of the wall, if it is a formula.
    pub diffusivity: Option<f64>,
    /// Places along the half cell, each with its share in the mean of what is multiplied by D.
    pub shares: Vec<([f64; 2], f64)>,
}

impl CutWall {
    /// The cut node with a number along the side.
    #[must_use]
    pub fn node(&self, number: usize) -> Option<&CutNode> {
        let place = self.nodes.binary_search_by_key(&number, |node| node.number);
        place.ok().map(|place| &self.nodes[place])
    }
}
