//! [`Variant`]: problems of other kinds than the course's, for `diff2d bench --physics`.

use serde::Serialize;

/// What the square consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Material {
    /// One D.
    Constant,
    /// Dx and Dy.
    Anisotropic,
    /// D varies from node to node.
    Varying,
}

/// What all four sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Walls {
    /// The value 0.
    Fixed,
    /// No flux.
    Insulated,
    /// `p + 2 dp/dn = 0.5`
    Robin,
    /// Opposite sides are the same points.
    Periodic,
}

/// A kind of problem: material, walls, and whether there is a source. `benches/reference/physics.cpp` has
/// the same numbers and formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// What the square consists of.
    pub material: Material,
    /// What all four sides have.
    pub walls: Walls,
    /// Whether there is a source, `0.1 x + y²`.
    pub source: bool,
}

impl Variant {
    /// All kinds but the course's own, one D between fixed walls. One D with a source is computed as Dx and
    /// Dy.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let kinds = [
            (Material::Constant, false),
            (Material::Anisotropic, false),
            (Material::Anisotropic, true),
            (Material::Varying, false),
            (Material::Varying, true),
        ];
        let walls = [
            Walls::Fixed,
            Walls::Insulated,
            Walls::Robin,
            Walls::Periodic,
        ];
        kinds
            .into_iter()
            .flat_map(move |(material, source)| {
                walls.map(|walls| Self {
                    material,
                    walls,
                    source,
                })
            })
            .filter(|variant| {
                (variant.material, variant.walls) != (Material::Constant, Walls::Fixed)
            })
    }

    /// `Dx and Dy, source, insulated`
    pub(super) fn name(self) -> String {
        let material = match self.material {
            Material::Constant => "one D",
            Material::Anisotropic => "Dx and Dy",
            Material::Varying => "D(x, y)",
        };
        let source = if self.source { ", source" } else { "" };
        format!("{material}{source}, {}", self.walls.word())
    }

    /// Its keys in a parameter file; spacing and times are given beside it.
    pub(super) fn keys(self) -> String {
        let material = match self.material {
            Material::Constant => "D = 0.8",
            Material::Anisotropic => "Dx = 0.9\nDy = 0.4",
            Material::Varying => "D = \"1 + 0.4*x*y\"",
        };
        let source = match self.source {
            true => "source = \"0.1*x + y*y\"\n",
            false => "",
        };
        let wall = match self.walls {
            Walls::Fixed => "0.0",
            Walls::Insulated => "{ flux = 0.0 }",
            Walls::Robin => "{ robin = [1.0, 2.0, 0.5] }",
            Walls::Periodic => "\"periodic\"",
        };
        let sides = ["left", "right", "bottom", "top"].map(|side| format!("{side} = {wall}\n"));
        format!(
            "x1 = -1.0\nx2 = 1.0\ndx = 0.5\nruntime = 1.0\nouttime = 1.0\ngraphics = false\n\
             grid = \"walls\"\n{material}\n{source}[boundary]\n{}",
            sides.concat()
        )
    }

    /// The words that the reference program takes it by.
    pub(super) fn words(self) -> [&'static str; 3] {
        let material = match self.material {
            Material::Constant => "constant",
            Material::Anisotropic => "anisotropic",
            Material::Varying => "varying",
        };
        let source = if self.source { "source" } else { "none" };
        [material, self.walls.word(), source]
    }
}

impl Walls {
    fn word(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Insulated => "insulated",
            Self::Robin => "robin",
            Self::Periodic => "periodic",
        }
    }
}
