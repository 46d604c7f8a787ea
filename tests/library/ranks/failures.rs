//! Errors that ranks hear of at any time: all end together.

use super::{problem, writing};
use crate::common::Scene;
use crate::interposed::Interposed;
use diff2d::comm::{Channels, Incoming, Link};
use std::{cell::Cell, sync::mpsc, thread, time::Duration};

/// A part of what a rank reports.
const FINE: &str = r#""failed":false"#;
const FAILED: &str = r#""failed":true"#;

/// Runs on three ranks, which hear after so many reports of all that writing has failed. Whether they ended before.
fn ends_before(reports: usize) -> bool {
    let (sender, outcome) = mpsc::channel();
    thread::spawn(move || {
        let scene = Scene::small();
        let problem = problem(&scene, &["dx=0.2", "runtime=0.1", "outtime=0.03"]);
        let outcomes = Channels::together(3, Link::default(), |comm| {
            let run = writing(&scene, &problem, "c.npy").threads(1);
            let left = Cell::new(reports);
            let heard = |told: &mut [Vec<u8>]| {
                let texts: Vec<_> = told
                    .iter()
                    .map(|text| String::from_utf8_lossy(text))
                    .collect();
                if !texts.iter().all(|text| text.contains(FINE)) {
                    return;
                }
                match left.get() {
                    0 => told[0] = texts[0].replace(FINE, FAILED).into_bytes(),
                    some => left.set(some - 1),
                }
            };
            let received = |_: &mut [Incoming<'_>]| ();
            let ended = run.start_on(&Interposed {
                comm,
                received,
                heard,
            });
            (ended.is_ok(), left.get())
        });
        let _ = sender.send(outcomes);
    });
    // The deadline only keeps ranks that wait for each other from hanging the tests.
    let outcomes = outcome.recv_timeout(Duration::from_secs(1200));
    let outcomes = outcomes.expect("ranks wait for each other");
    let first @ (_, left) = outcomes[0];
    assert!(
        outcomes.iter().all(|&outcome| outcome == first),
        "{outcomes:?}"
    );
    left > 0
}

#[test]
fn an_error_of_writing_ends_all_ranks_whenever_they_hear_of_it() {
    let reports = (0..).find(|&reports| ends_before(reports));
    assert!(reports > Some(6), "{reports:?}");
}
