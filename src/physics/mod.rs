//! What the equation is given: the initial state, walls, materials, sources.

pub mod faces;
pub mod initial;
pub mod input;
pub mod material;
pub mod memory;
pub mod method;
pub mod nodes;
pub mod robin;
mod separated;
pub mod source;
pub mod tables;
pub mod wall;
