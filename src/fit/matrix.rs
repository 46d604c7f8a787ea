//! [`Matrix`]: a matrix with more rows than columns, its QR decomposition, and the singular values of its triangle.

/// A matrix stored by columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    columns: Vec<Vec<f64>>,
}

impl Matrix {
    /// A matrix from columns of equal length.
    #[must_use]
    pub fn new(columns: Vec<Vec<f64>>) -> Self {
        Self { columns }
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The Euclidean norm of each column.
    #[must_use]
    pub fn norms(&self) -> Vec<f64> {
        self.columns.iter().map(|column| norm(column)).collect()
    }

    /// The matrix with each column divided by a number; a column is unchanged if its number is 0.
    #[must_use]
    pub fn divided_by(&self, numbers: &[f64]) -> Self {
        let columns = self.columns.iter().zip(numbers);
        let divided = columns.map(|(column, &number)| {
            let divisor = if number == 0.0 { 1.0 } else { number };
            column.iter().map(|value| value / divisor).collect()
        });
        Self::new(divided.collect())
    }

    /// The matrix that consists of some of the columns.
    #[must_use]
    pub fn of_columns(&self, numbers: &[usize]) -> Self {
        Self::new(
            numbers
                .iter()
                .map(|&number| self.columns[number].clone())
                .collect(),
        )
    }
}

/// The triangle R of a decomposition QR, and Qᵀ b for a right side b.
///
/// Source: G. Golub, C. Van Loan, Matrix Computations, 4th edition, section 5.2 (Householder reflections).
#[derive(Debug, Clone)]
pub struct Triangle {
    /// Column k has the k + 1 numbers of R from the top to the diagonal.
    columns: Vec<Vec<f64>>,
    /// The part of Qᵀ b in the space of the columns.
    projected: Vec<f64>,
}

impl Triangle {
    /// Decomposes a matrix of at least as many rows as columns.
    #[must_use]
    pub fn of(matrix: &Matrix, right_side: &[f64]) -> Self {
        let mut columns = matrix.columns.clone();
        let mut right_side = right_side.to_vec();
        let count = columns.len();
        for pivot in 0..count {
            let (columns_to_pivot, later_columns) = columns.split_at_mut(pivot + 1);
            let column = &mut columns_to_pivot[pivot];
            let length = norm(&column[pivot..]);
            if length == 0.0 {
                continue;
            }
            let diagonal = if column[pivot] > 0.0 { -length } else { length };
            // The mirror's normal, by which all columns behind are reflected.
            let mut normal = column[pivot..].to_vec();
            normal[0] -= diagonal;
            let square = dot(&normal, &normal);
            for other in later_columns.iter_mut().chain([&mut right_side]) {
                let factor = 2.0 * dot(&normal, &other[pivot..]) / square;
                for (value, part) in other[pivot..].iter_mut().zip(&normal) {
                    *value -= factor * part;
                }
            }
            column[pivot] = diagonal;
        }
        right_side.truncate(count);
        for (pivot, column) in columns.iter_mut().enumerate() {
            column.truncate(pivot + 1);
        }
        Self {
            columns,
            projected: right_side,
        }
    }

    /// The solution x of R x = Qᵀ b. A component of x is 0 if the diagonal of R is 0 there.
    #[must_use]
    pub fn solve(&self) -> Vec<f64> {
        let mut solution = self.projected.clone();
        for pivot in (0..solution.len()).rev() {
            let column = &self.columns[pivot];
            let x = match column[pivot] {
                0.0 => 0.0,
                diagonal => solution[pivot] / diagonal,
            };
            for (value, part) in solution.iter_mut().zip(&column[..pivot]) {
                *value -= x * part;
            }
            solution[pivot] = x;
        }
        solution
    }

    /// The reduction of |b|² by least squares, |Qᵀ b|².
    #[must_use]
    pub fn explained(&self) -> f64 {
        dot(&self.projected, &self.projected)
    }

    /// (RᵀR)⁻¹ = (AᵀA)⁻¹, row by row; infinite where R is singular.
    #[must_use]
    pub fn inverse_square(&self) -> Vec<Vec<f64>> {
        let count = self.columns.len();
        // Row k of the inverse of R, from R X = 1 by columns.
        let inverse: Vec<Vec<f64>> = (0..count)
            .map(|number| {
                let mut unit = vec![0.0; count];
                unit[number] = 1.0;
                for pivot in (0..count).rev() {
                    unit[pivot] /= self.columns[pivot][pivot];
                    let x = unit[pivot];
                    for (value, part) in unit.iter_mut().zip(&self.columns[pivot][..pivot]) {
                        *value -= x * part;
                    }
                }
                unit
            })
            .collect();
        let mut square = vec![vec![0.0; count]; count];
        for (i, row) in square.iter_mut().enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry = inverse.iter().map(|column| column[i] * column[j]).sum();
            }
        }
        square
    }

    /// The singular values of the matrix with their right singular vectors, the largest first.
    ///
    /// Source: one-sided Jacobi rotations, M. R. Hestenes, J. SIAM 6, 51 (1958).
    #[must_use]
    pub fn singular(&self) -> Vec<(f64, Vec<f64>)> {
        /// The largest number of sweeps. A few sweeps of rotations make all columns orthogonal up to rounding.
        const MOST_SWEEPS: usize = 60;
        let count = self.columns.len();
        let filled = self.columns.iter().map(|column| {
            let mut filled = column.clone();
            filled.resize(count, 0.0);
            filled
        });
        let mut left_columns: Vec<Vec<f64>> = filled.collect();
        let mut right_columns = vec![vec![0.0; count]; count];
        for (number, column) in right_columns.iter_mut().enumerate() {
            column[number] = 1.0;
        }
        for _ in 0..MOST_SWEEPS {
            let mut is_orthogonal = true;
            for one in 0..count {
                for other in one + 1..count {
                    let product = dot(&left_columns[one], &left_columns[other]);
                    let squares = [one, other]
                        .map(|number| dot(&left_columns[number], &left_columns[number]));
                    if product.abs() <= f64::EPSILON * (squares[0] * squares[1]).sqrt() {
                        continue;
                    }
                    is_orthogonal = false;
                    let zeta = (squares[1] - squares[0]) / (2.0 * product);
                    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                    let cosine = 1.0 / tangent.hypot(1.0);
                    rotate(&mut left_columns, [one, other], [cosine, cosine * tangent]);
                    rotate(&mut right_columns, [one, other], [cosine, cosine * tangent]);
                }
            }
            if is_orthogonal {
                break;
            }
        }
        let lengths = left_columns.iter().map(|column| norm(column));
        let mut pairs: Vec<(f64, Vec<f64>)> = lengths.zip(right_columns).collect();
        pairs.sort_by(|one, other| other.0.total_cmp(&one.0));
        pairs
    }
}

/// Rotates two columns by an angle.
fn rotate(columns: &mut [Vec<f64>], [one, other]: [usize; 2], [cosine, sine]: [f64; 2]) {
    let (columns_to_other, columns_from_other) = columns.split_at_mut(other);
    for (x, y) in columns_to_other[one]
        .iter_mut()
        .zip(&mut columns_from_other[0])
    {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

/// The sum of products, in order.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

/// The Euclidean norm, without overflow.
fn norm(values: &[f64]) -> f64 {
    let largest = values
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let scaled = values.iter().map(|value| (value / largest).powi(2));
    largest * scaled.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Matrix {
        Matrix::new(vec![
            vec![1.0, 2.0, -1.0, 0.5],
            vec![0.0, 1.0, 3.0, -2.0],
            vec![2.0, 0.0, 1.0, 1.0],
        ])
    }

    #[test]
    fn least_squares_leave_nothing_along_the_columns() {
        let (matrix, right) = (matrix(), [1.0, -2.0, 0.5, 4.0]);
        let triangle = Triangle::of(&matrix, &right);
        let solution = triangle.solve();
        let mut rest = right.to_vec();
        for (column, x) in matrix.columns().iter().zip(&solution) {
            rest.iter_mut()
                .zip(column)
                .for_each(|(value, part)| *value -= x * part);
        }
        for column in matrix.columns() {
            assert!(dot(column, &rest).abs() < 1e-14);
        }
        let explained = dot(&right, &right) - dot(&rest, &rest);
        assert!((triangle.explained() - explained).abs() < 1e-12);
    }

    #[test]
    fn the_inverse_and_the_singular_values_belong_to_the_matrix() {
        let matrix = matrix();
        let triangle = Triangle::of(&matrix, &[0.0; 4]);
        let inverse = triangle.inverse_square();
        for (i, column) in matrix.columns().iter().enumerate() {
            for j in 0..3 {
                let entries = matrix.columns().iter().zip(&inverse);
                let product: f64 = entries
                    .map(|(other, row)| dot(column, other) * row[j])
                    .sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-13);
            }
        }
        let singular = triangle.singular();
        let squares: f64 = singular.iter().map(|(value, _)| value * value).sum();
        let norms: f64 = matrix.norms().iter().map(|norm| norm * norm).sum();
        assert!((squares - norms).abs() < 1e-12);
        // A column that is a sum of others leaves a direction without a length.
        let mut columns = matrix.columns().to_vec();
        let sum = columns[0].iter().zip(&columns[1]).map(|(x, y)| x + y);
        columns[2] = sum.collect();
        let singular = Triangle::of(&Matrix::new(columns), &[0.0; 4]).singular();
        assert!(singular[2].0 < 1e-15 * singular[0].0);
        let direction = &singular[2].1;
        assert!((direction[0] - direction[1]).abs() < 1e-14);
        assert!((direction[0] + direction[2]).abs() < 1e-14);
    }
}
