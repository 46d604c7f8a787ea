//! Collective operations on values: every rank calls the same function, in the same order.
//!
//! A rank that skips a call, or calls another function, leaves the others waiting or reading the wrong message. So
//! a collective operation never stands under a condition that may differ between ranks: an error that
//! one rank alone may have goes through [`all_ok`] first.

use super::{
    error::Elsewhere,
    interface::{Comm, ROOT},
};
use serde::{Serialize, de::DeserializeOwned};

/// The values of all ranks, in the order of ranks.
///
/// # Panics
/// If another rank has called another collective operation, which is an error of the program.
pub fn all_gather<T: Serialize + DeserializeOwned>(comm: &impl Comm, mine: T) -> Vec<T> {
    if comm.size() == 1 {
        return vec![mine];
    }
    let bytes = serde_json::to_vec(&mine).unwrap_or_default();
    comm.all_gather(&bytes)
        .iter()
        .map(|bytes| {
            serde_json::from_slice(bytes)
                .unwrap_or_else(|error| panic!("ranks communicate out of step: {error}"))
        })
        .collect()
}

/// The value of rank 0; the values that other ranks pass are ignored.
///
/// # Panics
/// As [`all_gather`].
pub fn from_root<T: Serialize + DeserializeOwned>(comm: &impl Comm, mine: Option<T>) -> Option<T> {
    let values = all_gather(comm, mine.filter(|_| comm.is_root()));
    values.into_iter().next().flatten()
}

/// The least of the values that the ranks pass.
///
/// # Panics
/// As [`all_gather`].
pub fn least<T: Serialize + DeserializeOwned + Ord>(comm: &impl Comm, mine: T) -> T {
    all_gather(comm, mine)
        .into_iter()
        .min()
        .unwrap_or_else(|| unreachable!("this rank is one of them"))
}

/// `mine` if no rank has an error; otherwise an error on every rank: the rank's own error, or [`Elsewhere`].
///
/// # Errors
/// If any rank passes an error.
///
/// # Panics
/// As [`all_gather`].
pub fn all_ok<T, E: From<Elsewhere>>(comm: &impl Comm, mine: Result<T, E>) -> Result<T, E> {
    let failed = all_gather(comm, mine.is_err()).contains(&true);
    match mine {
        Ok(_) if failed => Err(Elsewhere.into()),
        mine => mine,
    }
}

/// The first rank whose value differs from the value of rank 0.
///
/// Values of different types differ as well.
pub fn first_that_differs(comm: &impl Comm, mine: &impl Serialize) -> Option<usize> {
    let values = comm.all_gather(&serde_json::to_vec(mine).unwrap_or_default());
    values.iter().position(|value| *value != values[ROOT])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link};

    fn on_three_ranks<T: Send>(work: impl Fn(Channels) -> T + Sync) -> Vec<T> {
        Channels::together(3, Link::default(), work)
    }

    #[test]
    fn the_value_of_rank_0_reaches_all() {
        let heard = on_three_ranks(|comm| from_root(&comm, Some(comm.rank() + 7)));
        assert_eq!(heard, [Some(7); 3]);
        let heard = on_three_ranks(|comm| from_root(&comm, (!comm.is_root()).then_some(1)));
        assert_eq!(heard, [None; 3]);
    }

    #[test]
    fn an_error_of_one_rank_is_an_error_of_all() {
        #[derive(Debug, PartialEq)]
        enum Failed {
            Here,
            Elsewhere,
        }
        impl From<Elsewhere> for Failed {
            fn from(_: Elsewhere) -> Self {
                Self::Elsewhere
            }
        }
        let heard = on_three_ranks(|comm| {
            let mine = if comm.rank() == 1 {
                Err(Failed::Here)
            } else {
                Ok(())
            };
            all_ok(&comm, mine)
        });
        let (here, elsewhere) = (Err(Failed::Here), Err(Failed::Elsewhere));
        assert_eq!(heard, [elsewhere, here, Err(Failed::Elsewhere)]);
        let heard = on_three_ranks(|comm| all_ok(&comm, Ok::<_, Failed>(comm.rank())));
        assert_eq!(heard, [Ok(0), Ok(1), Ok(2)]);
    }

    #[test]
    fn the_first_rank_with_another_value_is_named() {
        let heard = on_three_ranks(|comm| first_that_differs(&comm, &(comm.rank() / 2)));
        assert_eq!(heard, [Some(2); 3]);
        let heard = on_three_ranks(|comm| match comm.rank() {
            1 => first_that_differs(&comm, &"a sweep"),
            _ => first_that_differs(&comm, &vec![1.0]),
        });
        assert_eq!(heard, [Some(1); 3]);
        let heard = on_three_ranks(|comm| first_that_differs(&comm, &"the same"));
        assert_eq!(heard, [None; 3]);
    }
}
