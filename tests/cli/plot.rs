//! `diff2d plot`, and pictures drawn while a run goes on.

use crate::{common::Scene, cut_journal};
use insta::assert_snapshot;

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

    let told = scene.succeed("plot c.npy --snapshots -1: --colormap magma --range -1:1 -o a/b");
    assert_eq!(told.stdout, "a/b/0003.png\n");
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
