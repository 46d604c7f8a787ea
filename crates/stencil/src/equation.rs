//! [`Equation`]: what a step adds to the state.

use ndarray::Array2;

use super::terms::Terms;
use crate::real::Real;

/// The right-hand side of the equation for one step, on the rows of an array.
///
/// Shapes are those of the state, `ny × nx`, boundary nodes included.
///
/// With a source or a reaction other than a rate that varies, one coefficient is taken as one for each direction: there is
/// no kernel for [`Operator::Isotropic`] with these.
#[derive(Clone, Debug)]
pub struct Equation<T> {
    /// Diffusion.
    pub operator: Operator<T>,
    /// `dt S` at every node \[density\], if there is a source.
    pub source: Option<Array2<T>>,
    /// A source that depends on time, in place of `source`.
    pub terms: Terms<T>,
    /// Rate and decay, if there is either.
    pub reaction: Option<Reaction<T>>,
}

/// How much of its change a node takes, and how much of its value it loses, see
/// [`scalar::reacting`](super::scalar::reacting).
#[derive(Clone, Debug)]
pub struct Reaction<T> {
    /// `1/c` of a node of capacity `c`; 0 where a node keeps its value.
    pub rate: Coefficient<T>,
    /// `dt k`
    pub decay: Coefficient<T>,
}

/// A coefficient of the nodes.
#[derive(Clone, Debug)]
pub enum Coefficient<T> {
    /// The same at every node.
    Number(T),
    /// Of the shape of the state.
    Array(Array2<T>),
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

impl<T: Real> Coefficient<T> {
    /// The coefficient of a node.
    #[inline(always)]
    pub(super) fn at(&self, node: [usize; 2]) -> T {
        match self {
            Self::Number(number) => *number,
            Self::Array(array) => array[node],
        }
    }

    /// The array, unless it is a number.
    pub(super) fn array(&self) -> Option<&Array2<T>> {
        match self {
            Self::Number(_) => None,
            Self::Array(array) => Some(array),
        }
    }

    /// The number, unless it is an array.
    pub(super) fn number(&self) -> Option<T> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Array(_) => None,
        }
    }

    /// Whether it is this number.
    fn is(&self, number: T) -> bool {
        self.number() == Some(number)
    }

    /// A coefficient of the same kind for a state of this shape; an array holds zeros.
    fn sample(&self, shape: (usize, usize)) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Array(_) => Self::Array(Array2::from_elem(shape, T::default())),
        }
    }
}

impl<T: Real> Reaction<T> {
    /// Both coefficients, if a step with them differs from one without: a rate of 1 and a decay of 0 are none.
    #[must_use]
    pub fn new(rate: Coefficient<T>, decay: Coefficient<T>) -> Option<Self> {
        let is_none = rate.is(T::ONE) && decay.is(T::default());
        (!is_none).then_some(Self { rate, decay })
    }

    /// Whether there is a decay: the number 0 is none.
    pub(super) fn decays(&self) -> bool {
        !self.decay.is(T::default())
    }

    /// Whether there is a rate that varies, and no decay.
    fn is_rate(&self) -> bool {
        self.rate.array().is_some() && !self.decays()
    }

    /// Rate and decay where they are arrays.
    fn arrays(&self) -> impl Iterator<Item = &Array2<T>> {
        [&self.rate, &self.decay]
            .into_iter()
            .filter_map(Coefficient::array)
    }
}

impl<T: Real> Equation<T> {
    /// Diffusion with one coefficient `r = D dt / dx²`, equal spacings and no source.
    pub fn isotropic(r: T) -> Self {
        Self {
            operator: Operator::Isotropic { r },
            source: None,
            terms: Terms::default(),
            reaction: None,
        }
    }

    /// The same equation, with an operator that there is a kernel for.
    #[must_use]
    pub(super) fn normalised(mut self) -> Self {
        let reaction = self.reaction.take();
        self.reaction = reaction.and_then(|Reaction { rate, decay }| Reaction::new(rate, decay));
        let has_kernel = !self.has_source() && self.reaction.as_ref().is_none_or(Reaction::is_rate);
        match self.operator {
            Operator::Isotropic { r } if !has_kernel => {
                self.operator = Operator::Anisotropic { rx: r, ry: r };
            }
            _ => {}
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
        let reaction = self.reaction.iter().flat_map(Reaction::arrays);
        let sources = usize::from(self.source.is_some()) + self.terms.arrays.len();
        faces + sources + reaction.count()
    }

    /// The array of a source that is one term, which kernels multiply by its factor; with a reaction they add terms up.
    pub(super) fn scaled_source(&self) -> Option<&Array2<T>> {
        self.terms.only().filter(|_| self.reaction.is_none())
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
        let reaction = self.reaction.as_ref().map(|reaction| Reaction {
            rate: reaction.rate.sample((ny, nx)),
            decay: reaction.decay.sample((ny, nx)),
        });
        Self {
            operator,
            source,
            terms: self.terms.sample((ny, nx)),
            reaction,
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
        let reaction = self.reaction.iter().flat_map(Reaction::arrays);
        let fits = |array: &Array2<T>| array.is_standard_layout() && array.dim() == (ny, nx);
        let arrays = self.source.iter().chain(&self.terms.arrays);
        faces && arrays.chain(reaction).all(fits)
    }
}
