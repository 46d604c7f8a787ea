//! The elements of two arrays that are compared: all, or those at nodes and times that both arrays have.

use crate::cli::error::Error;
use diff2d::JournalledArray;
use diff2d_arrays::{compare::Pairs, labels::NamedAxis};
use std::collections::HashSet;

/// The pairs along every axis; `None` where the shapes are different and no coordinates tell which
/// belong together.
pub(super) fn pairs(a: &JournalledArray, b: &JournalledArray) -> Result<Option<Vec<Pairs>>, Error> {
    let shapes = [a.shape(), b.shape()];
    if shapes[0].len() != shapes[1].len() {
        return Ok(None);
    }
    let axes = a.labels.axes.iter().zip(&b.labels.axes);
    let axes = axes.zip(shapes[0].iter().zip(&shapes[1]));
    let mut pairs = Vec::new();
    for ((axis_of_a, axis_of_b), (&n, &m)) in axes {
        let named_axes = axis_of_a.as_ref().zip(axis_of_b.as_ref());
        let located_axes = named_axes.filter(|(axis_of_a, axis_of_b)| {
            axis_of_a.name == axis_of_b.name
                && has_coordinates(axis_of_a)
                && has_coordinates(axis_of_b)
        });
        match located_axes {
            Some((axis_of_a, axis_of_b)) => {
                let shared = shared(axis_of_a, n, axis_of_b, m);
                if shared.count() == 0 && n > 0 && m > 0 {
                    return Err(Error::Differs(format!(
                        "{} and {} have no common coordinate along {}",
                        a.path.display(),
                        b.path.display(),
                        axis_of_a.name
                    )));
                }
                pairs.push(shared);
            }
            None if n == m => pairs.push(Pairs::Same(n)),
            None => return Ok(None),
        }
    }
    Ok(Some(pairs))
}

fn has_coordinates(axis: &NamedAxis) -> bool {
    axis.spacing().is_some()
}

/// The indices along an axis of one array that have no partner in the other array.
pub(super) fn unpaired(pairs: &Pairs, side: usize, length: u64) -> Vec<u64> {
    let paired: HashSet<u64> = match pairs {
        Pairs::Same(_) => return Vec::new(),
        Pairs::Listed(pairs) => pairs.iter().map(|pair| pair[side]).collect(),
    };
    (0..length)
        .filter(|index| !paired.contains(index))
        .collect()
}

/// The indices of equal coordinates, but for rounding.
fn shared(axis_of_a: &NamedAxis, n: u64, axis_of_b: &NamedAxis, m: u64) -> Pairs {
    let tolerance = axis_of_a.tolerance_beside(axis_of_b);
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < n && j < m {
        let (Some(a), Some(b)) = (axis_of_a.coordinate(i), axis_of_b.coordinate(j)) else {
            break;
        };
        if (a - b).abs() <= tolerance {
            pairs.push([i, j]);
            (i, j) = (i + 1, j + 1);
        } else if a < b {
            i += 1;
        } else {
            j += 1;
        }
    }
    if n == m && pairs.len() as u64 == n {
        return Pairs::Same(n);
    }
    Pairs::Listed(pairs)
}
