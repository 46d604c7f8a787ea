//! Starts and ends a sweep on all ranks.

use super::{
    scenarios::Sweep,
    workers::{Pools, Workers},
};
use crate::{
    comm::{Comm, Solo, Topology, collective},
    cube::{Claim, Header, Io, Paths, digest, inputs, record_file, share::Share},
    fault::Fault,
    run::{self, Observer, Options, Outcome, Run, RunError, SweepRecord, end_record_of_sweep},
};
use std::{ops::Range, path::PathBuf, time::Instant};

impl Run<'_, Sweep> {
    /// Computes only some of the scenarios. Other processes may write other scenarios into the same cube meanwhile;
    /// each holds the lock on its own scenarios. An existing cube is continued.
    pub fn scenarios(mut self, scenarios: Range<usize>) -> Self {
        let claim = &mut self.options.claim;
        claim.scenarios = Some([scenarios.start, scenarios.end]);
        claim.resume = true;
        self
    }

    /// Runs all incomplete scenarios in this process, several at a time.
    ///
    /// # Errors
    /// [`RunError`] of the first scenario that failed; committed snapshots stay committed.
    pub fn start(self) -> Result<Outcome, RunError> {
        self.start_on(&Solo)
    }

    /// Collective. Runs the scenarios on several ranks, each of which calls this with the same sweep and
    /// output. Only the calling thread communicates.
    ///
    /// # Errors
    /// As [`start`](Self::start), on all ranks or on none.
    ///
    /// # Panics
    /// If ranks call other collective operations in between.
    pub fn start_on(self, comm: &impl Comm) -> Result<Outcome, RunError> {
        self.observed(comm, |sweep, options, observer| {
            run_on(sweep, options, comm, observer)
        })
    }
}

/// Collective. Computes all incomplete scenarios, several at a time on every rank.
fn run_on(
    sweep: &Sweep,
    options: &Options,
    comm: &impl Comm,
    observer: &Observer,
) -> Result<Outcome, RunError> {
    let start = Instant::now();
    check_that_all_agree(sweep, options, comm)?;
    let commit_check = sweep
        .arrays_on_disk()
        .try_for_each(|(path, snapshot)| inputs::is_committed(path, snapshot));
    collective::all_ok(comm, commit_check.map_err(RunError::from))?;
    let Some(cube) = &options.output else {
        return Err(Fault::refused("a sweep needs the name of the cube to write").into());
    };
    let input_files = sweep.inputs().keys().map(PathBuf::from);
    let input_files = input_files.chain(options.reads.iter().cloned());
    let paths =
        Paths::of(cube).and_then(|paths| inputs::are_spared(&paths, input_files).map(|()| paths));
    let paths = collective::all_ok(comm, paths.map_err(RunError::from))?;
    let topology = Topology::all_gather(comm);
    let threads = options.threads.map(run::worthwhile_threads);
    let threads = threads.unwrap_or_else(|| topology.threads_each());
    let own_scenarios = options.claim.part(sweep.scenarios().len());
    let worker_count = threads.min(own_scenarios.len());
    let budget = sweep.budget(worker_count, topology.has_spare_processor(worker_count));
    let budget = budget.and_then(|budget| {
        budget.check(topology.ranks_on_this_machine())?;
        Ok(budget)
    });
    let budget = collective::all_ok(comm, budget)?;
    // Threads are started before the cube is claimed: a system that refuses them leaves no file.
    let pools = collective::all_ok(comm, Pools::start(worker_count))?;

    let has_record = sweep.first().params.record.is_some();
    run::on_root(comm, || match has_record {
        true => record_file::refuse_others(&paths, &[]),
        false => Ok(()),
    })?;

    let share = Share::whole(sweep.first().field_bytes());
    let claim = Claim {
        machines: topology.machines(),
        ..options.claim
    };
    let opened = run::open(
        &paths,
        || {
            let precision = sweep.first().params.precision;
            let (scenarios, inputs) = (sweep.scenarios().clone(), sweep.inputs().clone());
            let (swept, shape) = (sweep.varied.clone(), sweep.cube_shape());
            let header = Header::of_sweep(scenarios, swept, precision, shape, inputs);
            header.map(|header| {
                let header = header.with_origin(sweep.origin());
                header.with_warnings(sweep.warnings())
            })
        },
        claim,
        share,
        budget.load,
        comm,
        observer,
    )?;
    let Some((writer, io)) = opened else {
        // It may have been killed before that.
        let record_result = run::on_root(comm, || end_record_of_sweep(sweep.first(), &paths));
        return record_result.map(|()| Outcome::AlreadyDone);
    };
    if io == Io::Single && topology.machines() > 1 {
        let sentence = "ranks on several machines cannot write a sweep on a filesystem, such as NFS, where one rank has to write for all others: start the sweep on one machine, or on a filesystem like Lustre";
        return Err(Fault::refused(sentence).into());
    }
    let record = SweepRecord::of(writer.header(), sweep.first(), &paths);
    run::on_root(comm, || match &record {
        Some(record) => {
            // By line 1 of the journal its files are known as those of this sweep.
            writer.wait_until_begun()?;
            record.begin(&writer.header().run_id)
        }
        None => Ok(()),
    })?;
    let computed = Workers::new(sweep, options, budget, &writer, &paths, start, observer);
    let computed = computed.compute(&pools, comm);
    // An error of the writer comes first: it is what stopped the scenarios.
    // Until the record is finished, too, the journal stays locked.
    let _finished = run::finish(comm, writer, false)?;
    let record_result = run::on_root(comm, || end_record_of_sweep(sweep.first(), &paths));
    collective::all_ok(comm, computed).and_then(|outcome| record_result.map(|()| outcome))
}

/// Collective. Refuses ranks that were started with different sweeps.
fn check_that_all_agree(
    sweep: &Sweep,
    options: &Options,
    comm: &impl Comm,
) -> Result<(), RunError> {
    let digest = digest::of_json(sweep.scenarios());
    let Claim { io, scenarios, .. } = options.claim;
    let task = (digest, options.output.is_some(), io, scenarios);
    match collective::first_that_differs(comm, &task) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}
