//! `diff2d plot`, and pictures drawn while a run goes on.

use crate::{common::Scene, cut_journal, npy, shell};
use insta::assert_snapshot;
use std::{fs::File, os::unix::fs::FileExt};

#[test]
fn plot_draws_frames_sheet_and_animation() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("plot c.npy --sheet --animate");
    let expected = [
        "c/0000.png",
        "c/0001.png",
        "c/0002.png",
        "c/0003.png",
        "c/animation.gif",
        "c/sheet.png",
    ];
    let mut named: Vec<&str> = told.stdout.lines().collect();
    named.sort_unstable();
    assert_eq!(named, expected);
    for name in expected {
        let magic: &[u8] = if name.ends_with("png") {
            b"\x89PNG"
        } else {
            b"GIF89a"
        };
        assert!(scene.read(name).starts_with(magic), "{name}");
    }

    let told = scene.succeed("plot c.npy --snapshots -1: --colormap magma --range -1:1 -o a");
    assert_eq!(told.stdout, "a/0003.png\n");
    assert_snapshot!(scene.run("plot c.npy --snapshots 4:"), @r"
    exit 2
    diff2d: --snapshots 4:: there is no such frame; c.npy has 4
    ");
    assert_snapshot!(scene.run("plot c.npy --snapshots first"), @r"
    exit 2
    diff2d: --snapshots first: expected a range as in Python, such as 2:8, :3 or -1:
    ");
    assert_snapshot!(scene.run("plot c.npy --colormap virids"), @r"
    exit 2
    diff2d: no colour map is called 'virids' (did you mean 'viridis'?); there are viridis, inferno, magma, plasma, cividis, turbo, cubehelix, gray, grays, blues, coolwarm, rdbu, puor, brbg
    ");
    assert_snapshot!(scene.run("plot c.npy --range 1"), @r"
    exit 2
    diff2d: '1' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1
    ");

    cut_journal(&scene, "c.journal", 3);
    let told = scene.succeed("plot c.npy -o partial");
    assert_eq!(told.stdout, "partial/0000.png\npartial/0001.png\n");
    cut_journal(&scene, "c.journal", 1);
    assert_snapshot!(scene.run("plot c.npy -o nothing"), @r"
    exit 2
    diff2d: c.npy has no frame to draw yet
    ");
    assert!(!scene.exists("nothing"));
}

fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    npy(&header, data)
}

#[test]
fn frames_without_values_and_frames_without_number_are_refused_at_once() {
    let scene = Scene::new();
    for shape in [
        "(0, 1099511627776)",
        "(0, 4611686018427387904)",
        "(1099511627776, 0)",
        "(1099511627776, 0, 3)",
        "(7, 0, 1099511627776)",
        "(0, 5, 5)",
    ] {
        scene.write("a.npy", array("|u1", shape, &[]));
        for arguments in [
            "plot a.npy",
            "plot a.npy --sheet --animate",
            "plot a.npy --snapshots -1:",
        ] {
            let told = scene.run(arguments);
            assert!(
                matches!(told.code, Some(2 | 3)),
                "{shape} {arguments}: {told}"
            );
            assert!(!told.stderr.contains("panicked"), "{shape}: {told}");
            assert_eq!(told.stderr.lines().count(), 1, "{shape}: {told}");
        }
    }
    // A file that is long and empty: nobody wants a picture of each row.
    let file = File::create(scene.path("a.npy")).unwrap();
    let header = array("|u1", "(1099511627776, 1, 1)", &[]);
    file.write_all_at(&header, 0).unwrap();
    file.set_len(header.len() as u64 + (1 << 40)).unwrap();
    assert_snapshot!(scene.run("plot a.npy"), @r"
    exit 2
    diff2d: 1099511627776 frames of a.npy are more pictures than can be meant: choose some of them, such as --snapshots ::1099511627
    ");
    assert_eq!(
        scene.succeed("plot a.npy --snapshots -1:").stdout,
        "a/1099511627775.png\n"
    );
}

/// A frame as numbers of 8 bytes would not fit into the memory that the shell leaves.
#[test]
fn a_frame_larger_than_memory_is_drawn_as_it_would_be_with_more() {
    let scene = Scene::new();
    scene.succeed("create big.npy --shape 6000,8000 --dtype u1 --fill (i0*i1)//500000");
    let told = shell(
        &scene,
        "ulimit -v 300000; \"$DIFF2D\" plot big.npy --memory 4MiB --range 0:95 -o one",
    );
    assert_eq!(told.code, Some(0), "{told}");
    scene.succeed("plot big.npy --range 0:95 -o two");
    assert!(scene.read("one/0000.png") == scene.read("two/0000.png"));
}

#[test]
fn a_sheet_says_what_it_leaves_out_and_older_pictures_are_named() {
    let scene = Scene::new();
    scene.succeed("create c.npy --shape 40,5,5 --fill i0+i1");
    let told = scene.succeed("plot c.npy --sheet=only");
    assert_eq!(told.stdout, "c/sheet.png\n");
    assert_snapshot!(told.stderr, @"diff2d: sheet.png shows 36 of 40 frames, evenly spread; --snapshots chooses others");
    assert_eq!(scene.files(), ["c.npy", "c/sheet.png"]);
    let told = scene.succeed("plot c.npy --snapshots :3 --sheet");
    assert_eq!(told.stdout.lines().count(), 4);
    assert_eq!(told.stderr, "");
    assert_snapshot!(scene.succeed("plot c.npy --snapshots 1").stderr, @"diff2d: 2 pictures in c (0000.png to 0002.png) were there before and show what was drawn then");
    scene.succeed("create c.npy --force --shape 1,5,5");
    assert_snapshot!(scene.succeed("plot c.npy").stderr, @"diff2d: 2 pictures in c (0001.png to 0002.png) were there before and show what was drawn then");
}

#[test]
fn the_output_of_plot_is_a_directory() {
    let scene = Scene::new();
    scene.succeed("create c.npy --shape 5,5");
    assert_snapshot!(scene.run("plot c.npy -o x.png"), @r"
    exit 2
    diff2d: -o x.png: this is the directory for the pictures 0000.png, 0001.png, …; give it a name such as x
    ");
    assert_snapshot!(scene.run("plot c.npy -o c.npy"), @r"
    exit 2
    diff2d: -o c.npy: this is the directory for the pictures 0000.png, 0001.png, …; give it a name such as c
    ");
    scene.write("c", "a file");
    assert_snapshot!(scene.run("plot c.npy"), @r"
    exit 2
    diff2d: the pictures would go to the directory c, which is a file: choose another with -o
    ");
    assert_eq!(scene.files(), ["c", "c.npy"]);
}

#[test]
fn a_run_draws_its_snapshots() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --set graphics=true");
    let drawn = ["c/0000.png", "c/0001.png", "c/0002.png", "c/0003.png"];
    assert!(
        drawn.iter().all(|name| scene.exists(name)),
        "{:?}",
        scene.files()
    );
}
