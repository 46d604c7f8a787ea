//! Errors that ranks hear of at any time: all end together.

use super::common::Scene;
use super::{problem, writing};
use diff2d::comm::{Channels, Comm, Incoming, Link, Outgoing, Traffic};
use std::{cell::Cell, sync::mpsc, thread, time::Duration};

/// A rank that hears, after some reports of all ranks, that writing has failed somewhere.
struct Failing {
    comm: Channels,
    reports_left: Cell<usize>,
}

impl Comm for Failing {
    fn rank(&self) -> usize {
        self.comm.rank()
    }

    fn size(&self) -> usize {
        self.comm.size()
    }

    fn host(&self) -> String {
        self.comm.host()
    }

    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    ) {
        self.comm.exchange(outgoing, incoming, meanwhile);
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        const FINE: &str = r#""failed":false"#;
        let mut told = self.comm.all_gather(bytes);
        if !told.iter().all(|text| contains(text, FINE)) {
            return told;
        }
        match self.reports_left.get() {
            0 => {
                let text = String::from_utf8_lossy(&told[0]);
                told[0] = text.replace(FINE, r#""failed":true"#).into_bytes();
            }
            left => self.reports_left.set(left - 1),
        }
        told
    }

    fn traffic(&self) -> Traffic {
        self.comm.traffic()
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(text).contains(part)
}

/// Runs on three ranks, which hear after so many reports of all that writing has failed. Whether they ended before.
fn ends_before(reports: usize, in_bands: bool) -> bool {
    let (sender, outcome) = mpsc::channel();
    thread::spawn(move || {
        let scene = Scene::small();
        let problem = problem(&scene, &["dx=0.2", "runtime=0.1", "outtime=0.03"]);
        let outcomes = Channels::together(3, Link::default(), |comm| {
            let run = writing(&scene, &problem, "c.npy").threads(1);
            let run = match in_bands {
                true => run.memory(2 * problem.field_bytes()),
                false => run,
            };
            let comm = Failing {
                comm,
                reports_left: Cell::new(reports),
            };
            let ended = run.start_on(&comm);
            (ended.is_ok(), comm.reports_left.get())
        });
        let _ = sender.send(outcomes);
    });
    let outcomes = outcome.recv_timeout(Duration::from_secs(60));
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
    for in_bands in [false, true] {
        let reports = (0..).find(|&reports| ends_before(reports, in_bands));
        assert!(reports > Some(6), "{in_bands} {reports:?}");
    }
}
