//! `diff2d distribute` under `mpirun`: the portions are those of NumPy, and an error is told once.

use crate::common::{Scene, Told, python};
use serde_json::{Value, json};
use std::{env, process::Stdio};

/// What Open MPI (4, 5) needs to start more ranks than processors, and as root; other libraries ignore it.
const ALLOWED: [(&str, &str); 4] = [
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
    ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
    ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
];

/// DIFF2D_MPIRUN names another launcher than `mpirun`, as in `mpi.rs`.
fn mpirun(scene: &Scene, ranks: usize, arguments: &str) -> Told {
    let launcher = env::var_os("DIFF2D_MPIRUN").unwrap_or_else(|| "mpirun".into());
    let mut command = scene.command(launcher);
    command
        .envs(ALLOWED)
        .args(["-n", &ranks.to_string()])
        .arg(env!("CARGO_BIN_EXE_diff2d"))
        .args(arguments.split(' '))
        .stdin(Stdio::null());
    Told::from(command.output().unwrap())
}

#[test]
fn portions_are_those_of_numpy() {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    for line in python("distribute_reference.py", [&directory, "6"]).lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let ranks = usize::try_from(case["ranks"].as_u64().unwrap()).unwrap();
        let arguments = format!(
            "distribute {} --axis {} --memory 10MiB",
            case["file"].as_str().unwrap(),
            case["axis"]
        );
        let told = mpirun(&scene, ranks, &format!("{arguments} --json"));
        assert_eq!(told.code, Some(0), "{ranks}: {arguments}: {told}");
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        let expected = case["portions"].as_array().unwrap();
        let expected: Vec<Value> = (0..)
            .zip(expected)
            .map(|(rank, portion): (usize, _)| {
                let digest = &portion["sha256"];
                json!({
                    "rank": rank,
                    "shape": portion["shape"],
                    "sent": digest,
                    "arrived": digest,
                    "same": true,
                })
            })
            .collect();
        assert_eq!(told["portions"], json!(expected), "{ranks}: {arguments}");
    }
}

#[test]
fn ranks_beyond_the_indices_get_empty_portions() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,2 --dtype u1 --fill index");
    let told = mpirun(&scene, 5, "distribute a.npy");
    assert_eq!(told.code, Some(0), "{told}");
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    for (rank, line) in lines.iter().enumerate() {
        let shape = if rank < 3 { "(1, 2)" } else { "(0, 2)" };
        let begin = format!("rank {rank}  shape {shape}  sent ");
        assert!(
            line.starts_with(&begin) && line.ends_with("  same"),
            "{line}"
        );
    }
}

#[test]
fn an_error_is_told_once_and_ends_all_ranks() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 4,5");
    for (arguments, code, word) in [
        ("distribute missing.npy", 1, "no such file"),
        ("distribute a.npy --axis 2", 2, "2 axes"),
        ("distribute a.npy --axes 2", 2, "--axes"),
    ] {
        let told = mpirun(&scene, 3, arguments);
        assert_eq!(told.code, Some(code), "{arguments}: {told}");
        assert_eq!(told.stdout, "", "{arguments}");
        assert_eq!(told.stderr.matches(word).count(), 1, "{arguments}: {told}");
    }
}
