//! Every file operation failed, and the power cut at every one of them.

use super::{
    lab::{Ended, Finished, Lab, PROBLEMS, Random, sample_size, size},
    layer::{Fault, ended_with, forget},
};
use crate::common::seed::seeds;
use std::{collections::BTreeMap, thread};

/// Small problems that together take every path to the files.
const CASES: [(&str, &str, &[&str]); 6] = [
    (
        "write",
        "dx = 5; runtime = 500; outtime = 62.5",
        &["--io", "write", "--threads", "1"],
    ),
    (
        "a state larger than its memory",
        "dx = 0.5; runtime = 3; outtime = 1.5",
        &["--io", "write", "--threads", "1", "--memory", "95kB"],
    ),
    (
        "map",
        "dx = 2; runtime = 80; outtime = 10",
        &["--io", "map", "--threads", "2"],
    ),
    (
        "write, f32, checkpoints",
        "dx = 1; runtime = 120; outtime = 30; precision = \"f32\"",
        &[
            "--io",
            "write",
            "--threads",
            "2",
            "--checkpoint-every",
            "1us",
        ],
    ),
    (
        "map, f32, many snapshots",
        "dx = 5; runtime = 125; outtime = 6.25; precision = \"f32\"",
        &["--io", "map", "--threads", "1"],
    ),
    (
        "map, checkpoints",
        "dx = 1; runtime = 60; outtime = 20",
        &["--io", "map", "--threads", "2", "--checkpoint-every", "1us"],
    ),
];

/// A steady state, which is solved for before its only snapshot.
const STEADY: (&str, &str, &[&str]) = (
    "steady, f32, a mask",
    "dx = 1; grid = \"walls\"; method = \"steady\"; precision = \"f32\"; D = \"1 + x*x\"; mask = { where = \"hypot(x, y) < 3\" }; boundary = { left = { robin = [1, 2, 0.5] }, right = { flux = 0.2 } }",
    &["--io", "write", "--threads", "2"],
);

/// A small one of the [`PROBLEMS`], in the way of writing that its number decides, of those that its method
/// has: only Euler's advances a state larger than its memory, and without fields.
fn other(number: usize, (name, keys): (&str, &str)) -> (String, String, &'static [&'static str]) {
    let in_memory = keys.contains("method") || keys.contains("fields");
    let cases = CASES.into_iter();
    let cases = cases.filter(|(_, _, args)| !(in_memory && args.contains(&"--memory")));
    let cases: Vec<_> = cases.collect();
    let (_, times, args) = cases[number % cases.len()];
    let times = times
        .split("; ")
        .filter(|key| !key.starts_with("precision"));
    let times: Vec<&str> = times.collect();
    let name = format!("{name} ({})", args.join(" "));
    // A few rows between two snapshots.
    let outtime = times.iter().find_map(|key| key.strip_prefix("outtime = "));
    let outtime: f64 = outtime.unwrap().parse().unwrap();
    let keys = keys.replace("every = 0.3", &format!("every = {:?}", 0.4 * outtime));
    (name, format!("{}; {keys}", times.join("; ")), args)
}

/// So many of the course's problems, a steady state, and so many others.
fn cases(random: &mut Random, courses: usize, others: usize) -> Vec<(String, Case)> {
    let course = random.some(&CASES, courses).into_iter().chain([STEADY]);
    let course = course.map(|(name, keys, args)| (name.to_owned(), keys.to_owned(), args));
    let some = random.some(&PROBLEMS, others).into_iter().enumerate();
    let others = some.map(|(number, problem)| other(number, problem));
    let all = course.chain(others);
    all.map(|(name, keys, args)| (name, Case::new((&keys, args))))
        .collect()
}

struct Case {
    lab: Lab,
    args: Vec<&'static str>,
    reference: Finished,
    /// Operations of an undisturbed run.
    operations: usize,
    /// Times that somebody has been told of as committed, in this chain of runs.
    told: usize,
    /// The faults of this chain, for whoever has to find out.
    story: Vec<String>,
}

impl Case {
    fn new((keys, args): (&str, &'static [&'static str])) -> Self {
        let lab = Lab::new(keys);
        let reference = lab.reference();
        let args = [&["--resume"], args].concat();
        let mut case = Self {
            lab,
            args,
            reference,
            operations: 0,
            told: 0,
            story: Vec::new(),
        };
        case.begin();
        let (ended, operations) = case.run(Fault::default());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        case.operations = operations.len();
        case
    }

    fn begin(&mut self) {
        self.lab.clear();
        forget(&self.lab.out);
        self.told = 0;
        self.story.clear();
    }

    fn run(&self, fault: Fault) -> (Ended, Vec<String>) {
        ended_with(&mut self.lab.run(&self.args), &self.lab.out, fault)
    }

    /// One run with a fault, and everything that must hold behind it; true if the run is finished.
    fn endure(&mut self, fault: Fault, virgin: bool) -> Result<bool, String> {
        let before = self.lab.committed()?.records.len();
        let (ended, operations) = self.run(fault);
        let reached = &operations[..operations.len().min(fault.at)];
        let last = &reached[reached.len().saturating_sub(6)..];
        self.story.push(format!("{fault:?} after … {last:?}"));
        let story = self.story.join("\n  ");
        let context = |why: String| format!("{why}\n  {story}");

        let printed = ended.stdout.lines().count();
        let expected = self.reference.times.iter().skip(before).take(printed);
        if !expected.eq(ended.stdout.lines()) {
            return Err(context(format!(
                "behind {before} committed snapshots it printed {:?}",
                ended.stdout
            )));
        }
        // What is listed and was never announced may still be lost with its sync.
        if printed > 0 {
            self.told = self.told.max(before + printed);
        }
        let listed = self.lab.committed().map_err(context)?;
        if listed.records.len() < self.told {
            return Err(context(format!(
                "{} snapshots were announced as committed and {} are listed",
                self.told,
                listed.records.len()
            )));
        }
        // Of a run from nothing the first sync of the journal empties it, the second makes line 1 count.
        let journal_syncs = operations
            .iter()
            .take(if fault.is_crash() { fault.at } else { 0 })
            .filter(|operation| *operation == "sync c.journal")
            .count();
        if virgin && journal_syncs >= 2 && listed.header.is_none() {
            return Err(context("line 1 had been synced and is lost".to_owned()));
        }

        match (fault.kind, ended.code) {
            (_, Some(0)) => self.lab.is_as(&self.reference).map_err(context)?,
            ("kill" | "power", Some(137)) | ("term", Some(143)) => {}
            ("eio" | "ever" | "enospc" | "edquot" | "full", Some(1)) => {
                ended.says(1, &[]).map_err(context)?;
                let created = listed.header.is_some();
                if !created && fault.kind != "ever" && virgin && self.lab.cube.exists() {
                    return Err(context("a cube is left that was never begun".to_owned()));
                }
            }
            _ => {
                return Err(context(format!(
                    "exit code {:?}, signal {:?}, {:?}",
                    ended.code, ended.signal, ended.stderr
                )));
            }
        }
        Ok(ended.code == Some(0))
    }

    /// An undisturbed resume makes the same files as if nothing had happened.
    fn complete(&mut self) -> Result<(), String> {
        match self.endure(Fault::default(), false)? {
            true => Ok(()),
            false => Err("the last resume did not finish".to_owned()),
        }
    }
}

/// What may befall an operation: the kind of the fault and its mode.
const FAULTS: [(&str, &str); 12] = [
    ("eio", ""),
    ("ever", ""),
    ("enospc", ""),
    ("edquot", ""),
    ("full", ""),
    ("short", ""),
    ("eintr", ""),
    ("kill", ""),
    ("term", ""),
    ("power", "keep"),
    ("power", "drop"),
    ("power", "torn"),
];

/// Every operation, each with some of the faults; with DIFF2D_FAULTS or DIFF2D_FULL with all of them.
#[test]
fn every_operation() {
    seeds("every_operation")
        .map(Random::new)
        .for_each(fail_operations);
}

fn fail_operations(mut random: Random) {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    let faults_each = sample_size(FAULTS.len(), FAULTS.len(), 1);
    let first = random.below(FAULTS.len());
    let cases = cases(&mut random, size(6, 1), size(PROBLEMS.len(), 1));
    for (name, mut case) in cases {
        for at in 1..=case.operations + 1 {
            for number in 0..faults_each {
                let (kind, mode) = FAULTS[(first + at * faults_each + number) % FAULTS.len()];
                let seed = random.next();
                let fault = Fault {
                    at,
                    kind,
                    mode,
                    seed,
                    ..Fault::default()
                };
                case.begin();
                let result = case.endure(fault, true).and_then(|_| case.complete());
                *counts.entry(format!("{kind} {mode}")).or_insert(0) += 1;
                failures.extend(result.err().map(|why| format!("{name}: {why}")));
            }
        }
        println!(
            "every_operation: {name}: {} operations, each with {faults_each} faults",
            case.operations
        );
    }
    println!("every_operation: {counts:?}, {} failures", failures.len());
    report(&failures);
}

/// A sync of the journal that fails is not to be believed later: the system shows lines that are not
/// on the disk and will never be written there again. The next run must not build on them.
#[test]
fn failed_syncs() {
    let mut failures = Vec::new();
    let mut count = 0;
    // Many lines at once: they reach over a page of the journal, of which only the last is written
    // again by those that follow.
    let many = (
        "dx = 5; runtime = 1000; outtime = 6.25",
        &["--io", "write", "--threads", "1"][..],
    );
    for case in [(CASES[0].1, CASES[0].2), many] {
        let mut case = Case::new(case);
        case.begin();
        let (_, operations) = case.run(Fault::default());
        let syncs = operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| *operation == "sync c.journal")
            .map(|(number, _)| number + 1)
            .take(sample_size(1000, 12, 3));
        for failed in syncs {
            for at in (2..=case.operations).step_by(size(6, 12)) {
                case.begin();
                let eio = Fault {
                    at: failed,
                    kind: "eio",
                    ..Fault::default()
                };
                let power = Fault {
                    at,
                    kind: "power",
                    mode: "drop",
                    ..Fault::default()
                };
                let result = case
                    .endure(eio, true)
                    .and_then(|_| case.endure(power, false))
                    .and_then(|_| case.complete());
                count += 1;
                failures.extend(result.err());
            }
        }
    }
    println!(
        "failed_syncs: {count} times a failed sync, then a power cut, {} failures",
        failures.len()
    );
    report(&failures);
}

/// What came of some chains.
#[derive(Default)]
struct Chains {
    faults: usize,
    power_cuts: usize,
    failures: Vec<String>,
}

/// Chains of crashes at random operations of a run and of its resumes, by several hands.
fn chains(random: &mut Random, count: usize, lie: bool) -> Vec<String> {
    let seed_of_cases = random.next();
    let seeds: Vec<_> = (0..count).map(|chain| (chain, random.next())).collect();
    let per_hand = count.div_ceil(4);
    let done: Vec<Chains> = thread::scope(|scope| {
        let hands: Vec<_> = seeds
            .chunks(per_hand)
            .map(|seeds| scope.spawn(move || some_chains(seed_of_cases, seeds, lie)))
            .collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).collect()
    });
    let [faults, power_cuts] = [
        done.iter().map(|done| done.faults).sum::<usize>(),
        done.iter().map(|done| done.power_cuts).sum(),
    ];
    let failures: Vec<String> = done.into_iter().flat_map(|done| done.failures).collect();
    println!(
        "power_cuts: {count} chains, {faults} faults ({power_cuts} power cuts), {} failures",
        failures.len()
    );
    failures
}

fn some_chains(seed_of_cases: u64, seeds: &[(usize, u64)], lie: bool) -> Chains {
    let mut cases = cases(
        &mut Random::new(seed_of_cases),
        CASES.len(),
        size(PROBLEMS.len(), 3),
    );
    let mut done = Chains::default();
    for &(chain, seed) in seeds {
        let mut random = Random::new(seed);
        let number = random.below(cases.len());
        let (name, case) = &mut cases[number];
        case.begin();
        let mut result = Ok(false);
        for link in 0..1 + random.below(4) {
            let fault = Fault {
                at: 1 + random.below(case.operations),
                kind: random.pick(&["power", "power", "power", "kill", "term", "eio", "full"]),
                mode: random.pick(&["torn", "torn", "torn", "drop", "keep"]),
                seed: random.next(),
                lie,
                no_alloc: random.below(8) == 0,
                sparse: false,
            };
            done.faults += 1;
            done.power_cuts += usize::from(fault.kind == "power");
            result = case.endure(fault, link == 0);
            if !matches!(result, Ok(false)) {
                break;
            }
        }
        let result = result.and_then(|finished| match finished {
            true => Ok(()),
            false => case.complete(),
        });
        done.failures.extend(
            result
                .err()
                .map(|why| format!("chain {chain} of {name}: {why}")),
        );
    }
    done
}

#[test]
fn power_cuts() {
    seeds("power_cuts").map(Random::new).for_each(cut_the_power);
}

fn cut_the_power(mut random: Random) {
    let failures = chains(&mut random, sample_size(10_000, 300, 40), false);
    report(&failures);
}

/// The campaign must be able to fail: when syncs of the cube's data do nothing, it has to find the
/// snapshots that are listed and torn.
#[test]
fn lying_syncs_are_found_out() {
    seeds("lying_syncs_are_found_out")
        .map(Random::new)
        .for_each(find_lying_syncs);
}

fn find_lying_syncs(mut random: Random) {
    let is_found = (0..10).any(|_| {
        let failures = chains(&mut random, size(200, 24), true);
        failures
            .iter()
            .any(|why| why.contains("is listed and torn"))
    });
    assert!(
        is_found,
        "syncs did nothing and the campaign did not notice"
    );
}

fn report(failures: &[String]) {
    let shown: Vec<&str> = failures.iter().take(8).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} failures, the first of them:\n{}",
        failures.len(),
        shown.join("\n")
    );
}
