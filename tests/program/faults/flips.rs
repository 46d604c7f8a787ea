//! Bits turned in a cube: `verify` names the snapshot, `repair` brings it back.

use super::{
    lab::{Lab, Random, ended, hex, size},
    layer::{Fault, ended_with},
};
use crate::common::seed::seeds;
use sha2::{Digest as _, Sha256};
use std::{fs, fs::OpenOptions, os::unix::fs::FileExt};

fn flip(lab: &Lab, at: u64, bit: usize) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&lab.cube)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
}

fn digest_of_file(lab: &Lab) -> String {
    hex(&Sha256::digest(fs::read(&lab.cube).unwrap()))
}

#[test]
fn cube_flips() {
    seeds("cube_flips")
        .map(Random::new)
        .for_each(flip_bits_of_cubes);
}

fn flip_bits_of_cubes(mut random: Random) {
    let labs = ["f64", "f32"].map(|precision| {
        let lab = Lab::new(&format!(
            "dx = 0.5; runtime = 20; outtime = 2; precision = \"{precision}\""
        ));
        let reference = lab.reference();
        let digest = digest_of_file(&lab);
        (lab, reference, digest)
    });
    let count = size(1000, 100);
    for number in 0..count {
        let (lab, reference, digest) = &labs[number % 2];
        let bytes = reference.cube.len() - 4096;
        let snapshot_bytes = bytes / reference.lines.len();
        let at = random.below(bytes);
        flip(lab, 4096 + at as u64, random.below(8));
        let index = at / snapshot_bytes;

        let verified = ended(lab.on_cube("verify").arg("--json"));
        verified.says(3, &["damaged"]).unwrap();
        let report: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap();
        assert_eq!(report["damaged"], serde_json::json!([index]));
        let repaired = ended(&mut lab.on_cube("repair"));
        assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
        assert!(
            repaired.stdout.contains(&format!("snapshot {index} ")),
            "{}",
            repaired.stdout
        );
        assert_eq!(&digest_of_file(lab), digest, "place {at}");
        lab.is_as(reference).unwrap();
    }
    println!(
        "cube_flips: verify named the right snapshot {count} times of {count}, repair restored the file's SHA-256 {count} times"
    );
}

#[test]
fn header_flips() {
    seeds("header_flips")
        .map(Random::new)
        .for_each(flip_bits_of_headers);
}

fn flip_bits_of_headers(mut random: Random) {
    let lab = Lab::new("dx = 5; runtime = 100; outtime = 12.5");
    let reference = lab.reference();
    let count = size(1000, 50);
    for number in 0..count {
        // Half of them where the text is.
        let at = random.below(if number % 2 == 0 { 80 } else { 4096 });
        let bit = random.below(8);
        flip(&lab, at as u64, bit);
        let context = format!("bit {bit} of byte {at}");
        let resumed = ended(&mut lab.run(&["--resume"]));
        resumed
            .says(3, &["c.npy"])
            .unwrap_or_else(|why| panic!("{context}: {why}"));
        for command in ["info", "verify"] {
            let ended = ended(&mut lab.on_cube(command));
            assert_eq!(
                ended.code,
                Some(3),
                "{context}: {command}: {}{}",
                ended.stdout,
                ended.stderr
            );
        }
        let repaired = ended(&mut lab.on_cube("repair"));
        assert_eq!(repaired.code, Some(0), "{context}: {}", repaired.stderr);
        lab.is_as(&reference)
            .unwrap_or_else(|why| panic!("{context}: {why}"));
    }
    println!("header_flips: {count} times exit code 3, {count} times repaired");
}

/// Nothing is built on a damaged snapshot.
#[test]
fn resume_refuses_a_damaged_snapshot() {
    let lab = Lab::new("dx = 2; runtime = 80; outtime = 10");
    let reference = lab.reference();
    lab.clear();
    let mut at = 20;
    while lab.committed().unwrap().records.is_empty() {
        let fault = Fault {
            at,
            kind: "kill",
            ..Fault::default()
        };
        ended_with(
            &mut lab.run(&["--resume", "--threads", "1"]),
            &lab.out,
            fault,
        );
        at += 1;
    }
    let listed = lab.committed().unwrap();
    let mut committed = listed.records.len();
    if committed == reference.lines.len() {
        // All shared one commit: as if the last line had been lost.
        let lines = &listed.bytes[..listed.bytes.len() - 1];
        let last = lines.iter().rposition(|&byte| byte == b'\n').unwrap();
        fs::write(lab.journal(), &listed.bytes[..=last]).unwrap();
        committed -= 1;
    }
    let snapshot = (reference.cube.len() - 4096) / reference.lines.len();
    flip(&lab, (4096 + committed * snapshot - 9) as u64, 3);
    let before = fs::read(&lab.cube).unwrap();
    let resumed = ended(&mut lab.run(&["--resume"]));
    resumed
        .says(
            3,
            &[&format!("snapshot {}", committed - 1), "diff2d repair"],
        )
        .unwrap();
    assert_eq!(fs::read(&lab.cube).unwrap(), before);
    let repaired = ended(&mut lab.on_cube("repair"));
    assert_eq!(repaired.code, Some(0), "{}", repaired.stderr);
    let resumed = ended(&mut lab.run(&["--resume"]));
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    lab.is_as(&reference).unwrap();
}
