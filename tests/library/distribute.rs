//! Arrays distributed to ranks as threads: the portions are those of NumPy, and a changed bit is seen.

use crate::common::{
    Scene, python, sample_size,
    seed::{Random, seeds},
};
use crate::interposed::Interposed;
use diff2d::{
    Progress,
    comm::{Channels, Comm, Incoming, Link},
    distribute::{self, Delivery, ScatterSource},
    npy::ArrayFile,
};
use serde::Deserialize;
use serde_json::Value;
use std::{path::Path, thread};

/// What NumPy says.
#[derive(Deserialize)]
struct Case {
    file: String,
    axis: i64,
    ranks: usize,
    portions: Vec<Portion>,
}

#[derive(Deserialize)]
struct Portion {
    shape: Vec<u64>,
    sha256: String,
}

fn cases(scene: &Scene, arguments: &[&str]) -> Vec<Case> {
    let directory = scene.path("").display().to_string();
    let arguments = [&[directory.as_str()], arguments].concat();
    let told = python("distribute_reference.py", arguments);
    let cases = told.lines().map(|line| serde_json::from_str(line).unwrap());
    cases.collect()
}

/// What `work` returns on every rank, in their order.
fn on_ranks<C: Comm + Send, T: Send>(world: Vec<C>, work: impl Fn(&C) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = world
            .into_iter()
            .map(|comm| scope.spawn(move || work(&comm)))
            .collect();
        started
            .into_iter()
            .map(|rank| rank.join().unwrap())
            .collect()
    })
}

fn world(ranks: usize) -> Vec<Channels> {
    Channels::world(ranks, Link::default())
}

/// What became of the portions, the same on all ranks.
fn deliver<C: Comm + Send>(world: Vec<C>, file: &Path, axis: usize, memory: u64) -> Vec<Delivery> {
    let array = ArrayFile::open(file).unwrap();
    let told = on_ranks(world, |comm| {
        let source = comm.is_root().then_some(ScatterSource {
            array: &array,
            axis,
            memory,
        });
        distribute::scatter(comm, source, |_| (), &Progress::default())
            .unwrap()
            .unwrap()
    });
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
    told.into_iter().next().unwrap()
}

fn check(case: &Case, memory: u64) {
    let dimensions = case.portions[0].shape.len() as i64;
    let axis = usize::try_from((case.axis + dimensions) % dimensions).unwrap();
    let deliveries = deliver(world(case.ranks), Path::new(&case.file), axis, memory);
    assert_eq!(deliveries.len(), case.portions.len());
    for (rank, (delivery, portion)) in deliveries.iter().zip(&case.portions).enumerate() {
        let name = format!("{}, axis {axis}, rank {rank} of {}", case.file, case.ranks);
        assert_eq!(delivery.shape, portion.shape, "{name}");
        assert_eq!(delivery.sent, portion.sha256, "{name}");
        assert_eq!(delivery.arrived, portion.sha256, "{name}");
    }
}

#[test]
fn portions_are_those_of_numpy() {
    let scene = Scene::new();
    let cases = cases(&scene, &[]);
    assert!(cases.len() > 800, "{}", cases.len());
    for (number, case) in cases.iter().enumerate() {
        // From single elements to whole portions at a time.
        check(case, [1, 100, 700, 1 << 20][number % 4]);
    }
}

#[test]
fn large_portions_are_sent_in_chunks() {
    seeds("large_portions_are_sent_in_chunks")
        .map(Random::new)
        .for_each(send_large_portions);
}

fn send_large_portions(mut random: Random) {
    let scene = Scene::new();
    let cases = cases(&scene, &["6"]);
    let memories = [10 << 20, 256 << 20];
    let all = cases
        .iter()
        .flat_map(|case| memories.map(|memory| (case, memory)));
    let all: Vec<_> = all.collect();
    for (case, memory) in random.some(&all, sample_size(all.len(), all.len(), 8)) {
        check(case, memory);
    }
}

#[test]
fn every_rank_gets_its_portion() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 5,3 --dtype u1 --fill index");
    let array = ArrayFile::open(&scene.path("a.npy")).unwrap();
    let portions = on_ranks(world(3), |comm| {
        let source = comm.is_root().then_some(ScatterSource {
            array: &array,
            axis: 0,
            memory: 12,
        });
        let mut portion = Vec::new();
        let take = |bytes: &[u8]| portion.extend_from_slice(bytes);
        let handed = distribute::scatter(comm, source, take, &Progress::default());
        assert_eq!(handed.unwrap().unwrap()[2].shape, [1, 3]);
        portion
    });
    let expected = [0..6, 6..12, 12..15].map(Vec::from_iter);
    assert_eq!(portions, expected);
}

#[test]
fn a_bit_changed_on_the_way_is_seen() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 9,50 --fill index");
    let file = scene.path("a.npy");
    // One rank receives everything with one bit changed.
    let corrupted = |comm: Channels| {
        let is_it = comm.rank() == 2;
        let received = move |messages: &mut [Incoming<'_>]| {
            for message in messages
                .iter_mut()
                .filter(|message| is_it && message.bytes.len() > 1)
            {
                message.bytes[7] ^= 0x10;
            }
        };
        let heard = |_: &mut [Vec<u8>]| ();
        Interposed {
            comm,
            received,
            heard,
        }
    };
    let world = world(4).into_iter().map(corrupted);
    let deliveries = deliver(world.collect(), &file, 0, 1 << 20);
    let whole: Vec<bool> = deliveries.iter().map(Delivery::is_intact).collect();
    assert_eq!(whole, [true, true, false, true]);
}

#[test]
fn a_file_that_cannot_be_read_leaves_no_rank_waiting() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 6");
    let told = on_ranks(world(3), |comm| {
        distribute::scatter(comm, None, |_| (), &Progress::default())
    });
    assert!(told.iter().all(|told| matches!(told, Ok(None))));

    // Somebody cuts the file after it was opened.
    let array = ArrayFile::open(&scene.path("a.npy")).unwrap();
    scene.write("a.npy", &scene.read("a.npy")[..4100]);
    let told = on_ranks(world(3), |comm| {
        let source = comm.is_root().then_some(ScatterSource {
            array: &array,
            axis: 0,
            memory: 1 << 20,
        });
        distribute::scatter(comm, source, |_| (), &Progress::default())
    });
    assert!(told[0].is_err(), "{told:?}");
    assert!(told[1..].iter().all(|told| matches!(told, Ok(None))));
}

#[test]
fn a_process_on_its_own_is_one_rank() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,2 --dtype i1 --fill index");
    // printf '\0\1\2\3\4\5' | sha256sum
    let digest = "17e88db187afd62c16e5debf3e6527cd006bc012bc90b51a810cd80c2d511f43";
    let told = scene.succeed("distribute a.npy");
    assert_eq!(
        told.to_string(),
        format!("exit 0\nrank 0  shape (3, 2)  sent {digest}  arrived {digest}  same")
    );
    let told = scene.succeed("distribute a.npy --axis -1 --json");
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["axis"], 1);
    let portion = &told["portions"][0];
    assert_eq!(portion["shape"], serde_json::json!([3, 2]));
    assert_eq!(portion["sent"], digest);
    assert_eq!(portion["arrived"], digest);
    assert_eq!(portion["same"], true);
}

#[test]
fn of_a_cube_the_committed_snapshots_are_distributed() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let journal = scene.text("c.journal");
    let lines: String = journal.split_inclusive('\n').take(3).collect();
    scene.write("c.journal", lines);
    let told = scene.succeed("distribute c.npy --axis t");
    assert!(told.stdout.contains("shape (2, 22, 22) "), "{told}");
}

#[test]
fn files_and_axes_that_cannot_be_distributed_are_refused() {
    let scene = Scene::new();
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &[0; 8]].concat()
    };
    scene.write("one.npy", header("'<f8'", "()"));
    scene.write("object.npy", header("'|O'", "(1,)"));
    scene.write("record.npy", header("[('a', '<f8')]", "(1,)"));
    scene.write("short.npy", header("'<f8'", "(2,)"));
    scene.succeed("create a.npy --shape 4,5");
    for (arguments, code, word) in [
        ("one.npy", 2, "no axis"),
        ("object.npy", 2, "object"),
        ("record.npy", 2, "structured"),
        ("short.npy", 3, "cut short"),
        ("missing.npy", 1, "no such file"),
        ("a.npy --axis 2", 2, "2 axes"),
        ("a.npy --axis -3", 2, "2 axes"),
        ("a.npy --axis t", 2, "no cube"),
        ("a.npy --memory 0", 2, "above 0"),
    ] {
        let told = scene.run(&format!("distribute {arguments}"));
        assert_eq!(told.code, Some(code), "{arguments}: {told}");
        assert!(told.stderr.contains(word), "{arguments}: {told}");
        assert_eq!(told.stdout, "", "{arguments}");
    }
}

/// The program as a launcher would start it as one of two ranks.
fn as_rank(scene: &Scene, rank: &str, arguments: &str) -> crate::common::Told {
    let mut command = scene.diff2d();
    command.args(arguments.split(' '));
    command.env("OMPI_COMM_WORLD_SIZE", "2");
    command.env("OMPI_COMM_WORLD_RANK", rank);
    crate::common::Told::from(command.output().unwrap())
}

#[test]
#[cfg(not(feature = "mpi"))]
fn without_mpi_rank_0_alone_tells_that_ranks_are_refused() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 4");
    let told = as_rank(&scene, "0", "distribute a.npy");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("--features mpi"), "{told}");
    assert_eq!((told.stdout.as_str(), told.stderr.lines().count()), ("", 1));
    // The launcher reports the code of the rank that speaks, if no other one fails before it.
    let told = as_rank(&scene, "1", "distribute a.npy");
    assert_eq!(told.to_string(), "exit 0");
}

#[test]
fn rank_0_alone_tells_that_the_command_line_is_wrong() {
    let scene = Scene::new();
    let told = as_rank(&scene, "0", "distribute a.npy --axes 1");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("--axes"), "{told}");
    let told = as_rank(&scene, "1", "distribute a.npy --axes 1");
    assert_eq!(told.to_string(), "exit 0");
}
