//! Slips of the pen get a hint.

use crate::common::Scene;

#[test]
fn what_was_probably_meant_is_told() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o cube.npy");
    scene.write("plate.toml", scene.read("p.toml"));
    for (command, code, hint) in [
        ("run p.toml --dx 0.1", 2, "'--set dx=…'"),
        (
            "plan p.toml --boundary.left=1",
            2,
            "'--set boundary.left=…'",
        ),
        ("p.toml", 2, "'diff2d run p.toml'"),
        ("cube.npy", 2, "'diff2d info cube.npy'"),
        ("bench --size 33", 2, "'benches/compare' of the repository"),
        (
            "plot cube.npy --animate=apng",
            2,
            "an animation is a GIF, which '--animate' draws",
        ),
        (
            "export cube.npy --to vti",
            2,
            "'diff2d export CUBE --to xdmf' copies nothing",
        ),
        (
            "export cube.npy --to netcdf",
            2,
            "'diff2d export CUBE --to hdf5' writes",
        ),
        (
            "compare cube.npy cube.npy --select 1",
            2,
            "stands in brackets behind its name",
        ),
        (
            "probe cube.npy --at 0.5,0.5,0.5",
            2,
            "coordinates by name, such as x=0.5",
        ),
        ("run plat.toml", 2, "no such file, did you mean plate.toml?"),
        ("run plate.tml", 2, "no such file, did you mean plate.toml?"),
        ("plan p.toml --set mask=x<1", 2, "did you mean mask.where?"),
        (
            "plan p.toml --set mask.expression=x<1",
            2,
            "did you mean mask.where?",
        ),
        (
            "plan p.toml --set initial=exp(-x**2)",
            2,
            "did you mean [initial] with kind = \"expression\" and value",
        ),
        ("run p.toml --continue", 2, "'--resume' continues a run"),
        (
            "stats cube.npy --select 0=1:5",
            2,
            "ranges of indices stand in the order of the axes, such as 1:5,:,2:8",
        ),
        ("stats cubes.npy", 1, "no such file, did you mean cube.npy?"),
        (
            "run p.toml -o cube.npy --resume --set runtime=4",
            2,
            "where --extend cube.npy begins with its snapshots",
        ),
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(code), "{command}: {told}");
        assert!(told.stderr.contains(hint), "{command}: {told}");
    }
    assert_eq!(scene.run("stats nothing.npy").code, Some(1));
}
