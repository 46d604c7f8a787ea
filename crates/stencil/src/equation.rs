//! [`Equation`]: what a step adds to the state.

use ndarray::Array2;

use super::terms::Terms;
use crate::real::Real;

/// The right-hand side of the equation for one step, on the rows of an array.
///
/// Shapes are those of the state, `ny × nx`, boundary nodes included.
///
/// With a source, one coefficient is taken as one for each direction: there is no kernel for
/// [`Operator::Isotropic`] with a source.
#[derive(Clone, Debug)]
pub struct Equation<T> {
    /// Diffusion.
    pub operator: Operator<T>,
    /// `dt S` at every node \[density\], if there is a source.
    pub source: Option<Array2<T>>,
    /// A source that depends on time, in place of `source`.
    pub terms: Terms<T>,
}

/// Diffusion through the four faces of a node's cell, as [`scalar`](super::scalar) defines it.
///
/// Units: all coefficients are multiples of `D dt / dx²`, which has none.
#[derive(Clone, Debug)]
pub enum Operator<T> {
    /// One diffusion coefficient and equal spacings.
    Isotropic {
        /// `D dt / dx²`
        r: T,
    },
    /// One coefficient for each direction.
    Anisotropic {
        /// `Dx dt / dx²`
        rx: T,
        /// `Dy dt / dy²`
        ry: T,
    },
    /// A coefficient for each face.
    Variable {
        /// Shape `ny × (nx + 1)`: element `[j, i]` belongs to the face west of node `[j, i]`.
        x: Array2<T>,
        /// Shape `(ny + 1) × nx`: element `[j, i]` belongs to the face between rows `j - 1` and `j`.
        y: Array2<T>,
    },
}

impl<T: Real> Equation<T> {
    /// Diffusion with one coefficient `r = D dt / dx²`, equal spacings and no source.
    pub fn isotropic(r: T) -> Self {
        Self {
            operator: Operator::Isotropic { r },
            source: None,
            terms: Terms::default(),
        }
    }

    /// The same equation, with an operator that there is a kernel for.
    #[must_use]
    pub(super) fn normalised(mut self) -> Self {
        if let (Operator::Isotropic { r }, true) = (&self.operator, self.has_source()) {
            let r = *r;
            self.operator = Operator::Anisotropic { rx: r, ry: r };
        }
        self
    }

    /// Whether there is a source.
    pub fn has_source(&self) -> bool {
        self.source.is_some() || !self.terms.is_empty()
    }

    /// The arrays that a step reads besides the state.
    pub fn arrays(&self) -> usize {
        let faces = match self.operator {
            Operator::Isotropic { .. } | Operator::Anisotropic { .. } => 0,
            Operator::Variable { .. } => 2,
        };
        faces + usize::from(self.source.is_some()) + self.terms.arrays.len()
    }

    /// An equation of the same kind for a state of this shape; its arrays hold zeros.
    #[must_use]
    pub fn sample(&self, (ny, nx): (usize, usize)) -> Self {
        let zeros = |shape| Array2::from_elem(shape, T::default());
        let operator = match &self.operator {
            Operator::Variable { .. } => Operator::Variable {
                x: zeros((ny, nx + 1)),
                y: zeros((ny + 1, nx)),
            },
            constant => constant.clone(),
        };
        let source = self.source.as_ref().map(|_| zeros((ny, nx)));
        Self {
            operator,
            source,
            terms: self.terms.sample((ny, nx)),
        }
    }

    /// Whether the arrays fit a state of this shape.
    pub(super) fn fits(&self, (ny, nx): (usize, usize)) -> bool {
        let faces = match &self.operator {
            Operator::Variable { x, y } => {
                let in_order = x.is_standard_layout() && y.is_standard_layout();
                in_order && x.dim() == (ny, nx + 1) && y.dim() == (ny + 1, nx)
            }
            _ => true,
        };
        let fits = |source: &Array2<T>| source.is_standard_layout() && source.dim() == (ny, nx);
        faces && self.source.as_ref().is_none_or(fits) && self.terms.fit((ny, nx))
    }
}
