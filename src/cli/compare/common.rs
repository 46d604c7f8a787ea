//! What of two arrays is compared: all of them, or the nodes and times that they share.

use crate::{cube::JournalledArray, error::Error};
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
    for ((one, other), (&n, &m)) in axes {
        let with_coordinates = |axis: &NamedAxis| axis.spacing().is_some();
        let known = one.as_ref().zip(other.as_ref());
        let known = known.filter(|(one, other)| {
            one.name == other.name && with_coordinates(one) && with_coordinates(other)
        });
        match known {
            Some((one, other)) => {
                let shared = shared(one, n, other, m);
                if shared.count() == 0 && n > 0 && m > 0 {
                    return Err(Error::Differs(format!(
                        "{} and {} have no common coordinate along {}",
                        a.path.display(),
                        b.path.display(),
                        one.name
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

/// The indices of an axis that no pair has, on one side.
pub(super) fn unpaired(pairs: &Pairs, side: usize, length: u64) -> Vec<u64> {
    let paired: HashSet<u64> = match pairs {
        Pairs::Same(_) => return Vec::new(),
        Pairs::Listed(pairs) => pairs.iter().map(|pair| pair[side]).collect(),
    };
    (0..length).filter(|at| !paired.contains(at)).collect()
}

/// The indices of equal coordinates, but for rounding.
fn shared(one: &NamedAxis, n: u64, other: &NamedAxis, m: u64) -> Pairs {
    let spacing = |axis: &NamedAxis| axis.spacing().unwrap_or(1.0);
    let slack = 1e-6 * spacing(one).min(spacing(other));
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < n && j < m {
        let (Some(a), Some(b)) = (one.coordinate(i), other.coordinate(j)) else {
            break;
        };
        if (a - b).abs() <= slack {
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
