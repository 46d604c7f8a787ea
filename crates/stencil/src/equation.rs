//! [`Equation`]: the increment of a state in a step.

use ndarray::Array2;
use std::slice;

use super::products::Products;
use crate::real::Real;

/// Arrays have the shape of the state, `ny × nx`, boundary nodes included.
///
/// ```text
/// p' = p + rate ((diffusion + source) - loss p)        coefficients of Weight::Change, One and Density
/// ```
///
/// Shapes are those of the state, `ny × nx`, boundary nodes included.
///
/// With other terms than a varying rate, a single diffusion coefficient is replaced by two equal ones: there is no
/// kernel for [`Operator::Isotropic`] with such terms.
#[derive(Clone, Debug)]
pub struct Equation<T> {
    /// The diffusion operator.
    pub operator: Operator<T>,
    /// The terms besides diffusion, at most one for each weight; [`new`](Self::new) drops terms without effect.
    pub terms: Vec<Term<T>>,
}

/// A term of the equation: a coefficient, and the weight by which it is multiplied in a step.
#[derive(Clone, Debug)]
pub struct Term<T> {
    /// The factor of the coefficient.
    pub weight: Weight,
    /// The coefficient.
    pub coefficient: Coefficient<T>,
}

/// The factor of a term's coefficient in a step, see [`scalar::change`](super::scalar::change).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The factor 1: the coefficient is a source, `dt S` \[density\].
    One,
    /// The whole change of the node: the coefficient is a rate, `1/c` for a node of capacity `c`; 0 for a node that
    /// keeps its value.
    Change,
    /// The factor `-p` of the node: the coefficient is the fraction of its value that it loses, `dt k`.
    Density,
}

/// The coefficient of a term.
#[derive(Clone, Debug)]
pub enum Coefficient<T> {
    /// One number for all nodes.
    Number(T),
    /// A number for each node, of the shape of the state.
    Array(Array2<T>),
    /// Arrays, each multiplied by a factor that depends on the step; only for [`Weight::One`].
    Products(Products<T>),
}

/// Diffusion through the four faces of a node's cell, as [`scalar`](super::scalar) defines it.
///
/// Units: all coefficients are multiples of the dimensionless number `D dt / dx²`.
#[derive(Clone, Debug)]
pub enum Operator<T> {
    /// One diffusion coefficient and equal spacings.
    Isotropic {
        /// The dimensionless coefficient `D dt / dx²`.
        r: T,
    },
    /// One coefficient for each direction.
    Anisotropic {
        /// The coefficient along x, `Dx dt / dx²`.
        rx: T,
        /// The coefficient along y, `Dy dt / dy²`.
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

impl Weight {
    /// The number of weights.
    pub const COUNT: usize = Self::ALL.len();
    /// All weights; the index of each is its number.
    pub const ALL: [Self; 3] = [Self::One, Self::Change, Self::Density];

    /// The coefficient with which a term has no effect.
    #[must_use]
    pub fn neutral<T: Real>(self) -> T {
        match self {
            Self::One | Self::Density => T::default(),
            Self::Change => T::ONE,
        }
    }
}

impl<T: Real> Term<T> {
    /// Whether the term has no effect.
    fn is_neutral(&self) -> bool {
        match self.coefficient {
            Coefficient::Number(number) => number == self.weight.neutral(),
            Coefficient::Array(_) | Coefficient::Products(_) => false,
        }
    }
}

impl<T: Real> Coefficient<T> {
    /// The coefficient of a node in the step after `step` steps.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, node: [usize; 2], step: usize) -> T {
        match self {
            Self::Number(number) => *number,
            Self::Array(array) => array[node],
            Self::Products(products) => {
                let factors = products.factors_of_step(step);
                products.sum(factors, |number| products.arrays[number][node])
            }
        }
    }

    /// The arrays of the coefficient.
    #[must_use]
    pub fn arrays(&self) -> &[Array2<T>] {
        match self {
            Self::Number(_) => &[],
            Self::Array(array) => slice::from_ref(array),
            Self::Products(products) => &products.arrays,
        }
    }

    /// A coefficient of the same kind for a state of this shape; its arrays are zero.
    fn sample(&self, shape: (usize, usize)) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Array(_) => Self::Array(Array2::from_elem(shape, T::default())),
            Self::Products(products) => Self::Products(products.sample(shape)),
        }
    }
}

impl<T: Real> Equation<T> {
    /// An equation with these terms, except those without effect.
    #[must_use]
    pub fn new(
        operator: Operator<T>,
        terms: impl IntoIterator<Item = (Weight, Coefficient<T>)>,
    ) -> Self {
        let terms = terms.into_iter().map(|(weight, coefficient)| Term {
            weight,
            coefficient,
        });
        Self {
            operator,
            terms: terms.filter(|term| !term.is_neutral()).collect(),
        }
    }

    /// Diffusion with one coefficient `r = D dt / dx²`, equal spacings and no terms.
    pub fn isotropic(r: T) -> Self {
        Self::new(Operator::Isotropic { r }, [])
    }

    /// Replaces the operator by one with a kernel, if necessary.
    #[must_use]
    pub(super) fn normalised(mut self) -> Self {
        self.terms.retain(|term| !term.is_neutral());
        let has_isotropic_kernel = match &self.terms[..] {
            [] => true,
            [term] => {
                term.weight == Weight::Change && matches!(term.coefficient, Coefficient::Array(_))
            }
            _ => false,
        };
        match self.operator {
            Operator::Isotropic { r } if !has_isotropic_kernel => {
                self.operator = Operator::Anisotropic { rx: r, ry: r };
            }
            _ => {}
        }
        self
    }

    /// The coefficient of the term with this weight, if there is one.
    #[inline(always)]
    #[must_use]
    pub fn coefficient(&self, weight: Weight) -> Option<&Coefficient<T>> {
        let term = self.terms.iter().find(|term| term.weight == weight);
        term.map(|term| &term.coefficient)
    }

    /// Mutable access to the coefficient of the term with this weight, if there is one.
    pub(super) fn coefficient_mut(&mut self, weight: Weight) -> Option<&mut Coefficient<T>> {
        let term = self.terms.iter_mut().find(|term| term.weight == weight);
        term.map(|term| &mut term.coefficient)
    }

    /// The coefficient of each weight, at the number of the weight.
    pub(super) fn coefficients(&self) -> [Option<&Coefficient<T>>; Weight::COUNT] {
        Weight::ALL.map(|weight| self.coefficient(weight))
    }

    /// Whether there is a source.
    pub fn has_source(&self) -> bool {
        self.coefficient(Weight::One).is_some()
    }

    /// Whether there is a rate or a loss.
    pub(super) fn has_reaction(&self) -> bool {
        [Weight::Change, Weight::Density]
            .into_iter()
            .any(|weight| self.coefficient(weight).is_some())
    }

    /// The arrays of all terms.
    fn arrays_of_terms(&self) -> impl Iterator<Item = &Array2<T>> {
        self.terms.iter().flat_map(|term| term.coefficient.arrays())
    }

    /// The number of arrays that a step reads besides the state.
    pub fn arrays(&self) -> usize {
        let faces = match self.operator {
            Operator::Isotropic { .. } | Operator::Anisotropic { .. } => 0,
            Operator::Variable { .. } => 2,
        };
        faces + self.arrays_of_terms().count()
    }

    /// The array of a source that is a single product, which kernels multiply by its factor. With other terms, kernels
    /// add products up instead.
    pub(super) fn scaled_source(&self) -> Option<&Array2<T>> {
        match self.coefficient(Weight::One) {
            Some(Coefficient::Products(products)) if !self.has_reaction() => {
                products.single_array()
            }
            _ => None,
        }
    }

    /// An equation of the same kind for a state of this shape; its arrays are zero.
    #[must_use]
    pub fn sample(&self, (ny, nx): (usize, usize)) -> Self {
        let operator = match &self.operator {
            Operator::Variable { .. } => Operator::Variable {
                x: Array2::from_elem((ny, nx + 1), T::default()),
                y: Array2::from_elem((ny + 1, nx), T::default()),
            },
            constant => constant.clone(),
        };
        let terms = self.terms.iter().map(|term| Term {
            weight: term.weight,
            coefficient: term.coefficient.sample((ny, nx)),
        });
        Self {
            operator,
            terms: terms.collect(),
        }
    }

    /// The equation with multiples of its coefficients along x and along y, and of its decay.
    #[must_use]
    pub fn scaled(&self, along: [f64; 2], decay: f64) -> Self {
        let multiply = |array: &Array2<T>, ratio: f64| {
            let ratio = T::from_f64(ratio);
            array.mapv(|value| value * ratio)
        };
        let number = |value: T, ratio: f64| value * T::from_f64(ratio);
        let [along_x, along_y] = along;
        let operator = match &self.operator {
            Operator::Variable { x, y } => Operator::Variable {
                x: multiply(x, along_x),
                y: multiply(y, along_y),
            },
            Operator::Anisotropic { rx, ry } => Operator::Anisotropic {
                rx: number(*rx, along_x),
                ry: number(*ry, along_y),
            },
            Operator::Isotropic { r } => Operator::Isotropic {
                r: number(*r, along_x),
            },
        };
        let terms = self.terms.iter().map(|term| {
            let coefficient = match (&term.coefficient, term.weight) {
                (Coefficient::Number(value), Weight::Density) => {
                    Coefficient::Number(number(*value, decay))
                }
                (Coefficient::Array(array), Weight::Density) => {
                    Coefficient::Array(multiply(array, decay))
                }
                (coefficient, _) => coefficient.clone(),
            };
            (term.weight, coefficient)
        });
        Self::new(operator, terms)
    }

    /// Whether the shapes of the arrays fit a state of this shape, and the terms can be combined.
    pub(super) fn fits(&self, (ny, nx): (usize, usize)) -> bool {
        let faces_fit = match &self.operator {
            Operator::Variable { x, y } => {
                let are_in_order = x.is_standard_layout() && y.is_standard_layout();
                are_in_order && x.dim() == (ny, nx + 1) && y.dim() == (ny + 1, nx)
            }
            Operator::Isotropic { .. } | Operator::Anisotropic { .. } => true,
        };
        let arrays_fit = self
            .arrays_of_terms()
            .all(|array| array.is_standard_layout() && array.dim() == (ny, nx));
        let terms_fit = self.terms.iter().enumerate().all(|(number, term)| {
            let is_single = self.terms[..number]
                .iter()
                .all(|other| other.weight != term.weight);
            let has_products = matches!(term.coefficient, Coefficient::Products(_));
            is_single && (term.weight == Weight::One || !has_products)
        });
        faces_fit && arrays_fit && terms_fit
    }

    /// Whether products have factors for `steps` steps.
    pub(super) fn covers(&self, steps: usize) -> bool {
        self.terms.iter().all(|term| match &term.coefficient {
            Coefficient::Products(products) => products.cover(steps),
            Coefficient::Number(_) | Coefficient::Array(_) => true,
        })
    }
}
