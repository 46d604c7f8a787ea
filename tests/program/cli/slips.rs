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
        ("plan p.toml --set boundry=1", 2, "did you mean boundary?"),
        (
            "plan p.toml --set recrod.evry=1",
            2,
            "did you mean record.every?",
        ),
        (
            "plan p.toml --set boundary.left=isolated",
            2,
            "a wall that nothing passes is \"insulated\"",
        ),
        (
            "plot cube.npy -o film.gif",
            2,
            "a GIF is an animation, for which --animate asks",
        ),
        (
            "plot cube.npy --record mass -o m.png",
            1,
            "`diff2d info cube.npy --json` lists them",
        ),
        (
            "sweep p.toml --set D=[1,2]",
            2,
            "a sweep has a file of its own, with a line params = \"p.toml\"",
        ),
        ("run p.toml --continue", 2, "'--resume' continues a run"),
        (
            "plot cube.npy p.toml",
            2,
            "does not take 'p.toml' as well: call it once for each file",
        ),
        (
            "plan p.toml --set initial.file=cube.npy",
            2,
            "the file of an initial state is initial.path",
        ),
        (
            "plan p.toml --set mask.image=p.png --set mask.below=115",
            2,
            "a grey value goes from 0, black, to 1, white; 115.0 of 255 is 0.451",
        ),
        (
            "map grad(a) a=cube.npy -o m.npy",
            2,
            "`diff2d map` has gradient(a, x), the derivative along an axis",
        ),
        (
            "map curl(a) a=cube.npy -o m.npy",
            2,
            "; of arrays there are mean, sum, std, shift, gradient",
        ),
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

/// Each habit of other programs gets the option or the command that has its place, and the usage of that one.
#[test]
fn habits_of_other_programs_get_what_has_their_place() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o cube.npy --quiet");
    scene.write("t.csv", "t,b\n0,1\n");
    for (command, hint, usage) in [
        // Commands.
        ("solve p.toml", "'diff2d run PARAMS.toml'", ""),
        ("simulate p.toml", "'diff2d run PARAMS.toml'", ""),
        ("-p p.toml", "'diff2d run PARAMS.toml'", ""),
        ("show cube.npy", "'diff2d plot CUBE'", ""),
        ("timmean cube.npy", "'diff2d stats FILE'", ""),
        ("decomposePar", "'mpirun -np N diff2d run PARAMS.toml'", ""),
        ("help plt", "a similar command is 'diff2d plot'", ""),
        // Options.
        (
            "run p.toml out.npy",
            "'-o out.npy'",
            "run --output <CUBE.npy> <PARAMS>",
        ),
        ("run p.toml --set D 2", "'--set D=2'", ""),
        (
            "run p.toml --param D=2",
            "'--set dx=0.1'",
            "run --set <KEY=VALUE> <PARAMS>",
        ),
        (
            "run p.toml --continue",
            "'--resume' continues",
            "run --resume <PARAMS>",
        ),
        (
            "run p.toml -f",
            "'--force' replaces",
            "run --force <PARAMS>",
        ),
        (
            "run p.toml -j 4",
            "'--threads N'",
            "run --threads <N> <PARAMS>",
        ),
        (
            "run p.toml -np 4",
            "'mpirun -np N diff2d",
            "run --threads <N> <PARAMS>",
        ),
        ("stats cube.npy -j 4", "RAYON_NUM_THREADS", ""),
        ("run p.toml --dry-run", "'diff2d plan' says", ""),
        ("run p.toml --version", "'diff2d --version'", ""),
        (
            "run p.toml --sheet",
            "'--sheet' is an option of 'diff2d plot'",
            "",
        ),
        (
            "run p.toml --forse",
            "a similar option is '--force'",
            "run --force <PARAMS>",
        ),
        (
            "run p.toml --check",
            "a similar option is '--checkpoint-every'",
            "",
        ),
        ("plot cube.npy --vmin 0", "'--range LO:HI'", "plot --range"),
        (
            "plot cube.npy --clim 0,1",
            "'--range LO:HI'",
            "plot --range",
        ),
        (
            "plot cube.npy --levels 5",
            "'--contours N'",
            "plot --contours",
        ),
        (
            "plot cube.npy --frame 3",
            "'--snapshots 3'",
            "plot --snapshots",
        ),
        (
            "plot cube.npy --time 1",
            "'--snapshots t=0.1'",
            "plot --snapshots",
        ),
        (
            "plot cube.npy --gif",
            "'--animate'",
            "plot --animate <CUBE>",
        ),
        (
            "plot cube.npy --animate film.gif",
            "'-o film.gif'",
            "plot --output",
        ),
        ("plot cube.npy --show", "'--html page.html'", "plot --html"),
        (
            "plot cube.npy --profile y=1",
            "'--line y=0.5'",
            "plot --line",
        ),
        ("plot cube.npy --save a.png", "'-o PATH'", "plot --output"),
        (
            "stats cube.npy --percentile 95",
            "'--quantiles 0.95'",
            "stats --quantiles",
        ),
        (
            "stats cube.npy --groupby hour",
            "'--by month'",
            "stats --by",
        ),
        (
            "window cube.npy --op mean --center -o w.npy",
            "'--pad MODE'",
            "window --pad",
        ),
        ("coarsen cube.npy --factor 2 -o c.npy", "'--by N0,N1,…'", ""),
        ("probe cube.npy --point 0,0", "'--at t=", "probe --at"),
        (
            "compare cube.npy cube.npy --tol 1",
            "'--rtol R'",
            "compare --atol",
        ),
        ("flux cube.npy --wall left", "left_rate, right_rate", ""),
        ("fit p.toml --data t.csv", "[[fit.data]]", ""),
        (
            "fit p.toml --free D=0.1:2",
            "'--set fit.vary.D=[0.1,2]'",
            "",
        ),
        ("check p.toml --grids 4", "chooses its grids itself", ""),
        // Values.
        ("export cube.npy --to nc", "--to hdf5' writes", ""),
        ("export cube.npy --to vtk", "--to xdmf' copies nothing", ""),
        ("export cube.npy --to ZARR", "a similar value is 'zarr'", ""),
        (
            "export cube.npy --to zarr,csv",
            "one at a time: '--to zarr'",
            "",
        ),
        ("run p.toml --threads all", "such as '--threads 4'", ""),
        (
            "stats cube.npy --axis t --every day",
            "'--every 24' is the day",
            "",
        ),
        (
            "plan p.toml --ranks two",
            "'--ranks <N>' is a whole number",
            "",
        ),
        // What is missing.
        (
            "export cube.npy",
            "'--to <FORMAT>': The format: xdmf, kerchunk",
            "",
        ),
        ("window cube.npy -o w.npy", "'--op <OP>': sum, mean", ""),
        (
            "plot cube.npy --html",
            "'--html <FILE.html>': Write one page",
            "",
        ),
        // Parameters.
        ("plan p.toml --set alpha=2", "the diffusivity is D", ""),
        ("plan p.toml --set nx=100", "dx = (x2 - x1)/N", ""),
        ("plan p.toml --set t_end=1", "is runtime", ""),
        ("plan p.toml --set T=1", "is runtime", ""),
        ("plan p.toml --set deltaT=1", "the time step is dt", ""),
        ("plan p.toml --set writeInterval=1", "is outtime", ""),
        (
            "plan p.toml --set boundary.inlet=1",
            "left, right, bottom and top",
            "",
        ),
        (
            "plan p.toml --set boundary.north=1",
            "did you mean boundary.top?",
            "",
        ),
        (
            "plan p.toml --set boundary.left=zeroGradient",
            "\"insulated\"",
            "",
        ),
        ("plan p.toml --set record.interval=1", "is record.every", ""),
        (
            "plan p.toml --set runtime=1s",
            "numbers have no units here",
            "",
        ),
        (
            "plan p.toml --set x1=0,x2=1",
            "each key has a --set of its own",
            "",
        ),
        (
            "plan p.toml --set initial.kind=constant --set initial.value=sin(x)",
            "initial.kind = \"expression\"",
            "",
        ),
        ("plan cube.npy", "it is an array: `diff2d info`", ""),
        ("run cube.journal", "give the parameter file of its run", ""),
        ("run t.csv", "it is a table", ""),
        // Formulas.
        ("plan p.toml --set D=x.^2", "a power is a**b", ""),
        (
            "plan p.toml --set D=x<1?1:2",
            "where(condition, yes, no)",
            "",
        ),
        (
            "plan p.toml --set source=heaviside(x)",
            "where(a > 0, 1, 0)",
            "",
        ),
        ("plan p.toml --set source=p*0.1", "decay is the rate k", ""),
        ("plan p.toml --set source=X", "did you mean x?", ""),
        (
            "plan p.toml --set boundary.left=T_out(t)",
            "[function.NAME]",
            "",
        ),
        (
            "plan p.toml --set boundary.left=NaN",
            "it is no finite number",
            "",
        ),
        ("map np.sqrt(a) a=cube.npy -o m.npy", "write sqrt(…)", ""),
        // Arrays.
        (
            "coarsen cube.npy --by 4 -o c.npy",
            "such as 1,1,1, and not 1",
            "",
        ),
        ("stats https://example.org/x.npy", "download it first", ""),
        ("run p.toml -o res.nc", "`diff2d export`", ""),
        (
            "plot cube.npy --animate -o film.mp4",
            "an animation is a GIF; name it film.gif",
            "",
        ),
    ] {
        let told = scene.run(command);
        assert!(matches!(told.code, Some(1 | 2)), "{command}: {told}");
        assert!(told.stderr.contains(hint), "{command}: {told}");
        let usage = format!("Usage: diff2d {usage}");
        let has_usage = usage.ends_with(' ') || told.stderr.contains(&usage);
        assert!(has_usage, "{command}: {usage}: {told}");
    }
}

#[test]
fn a_negative_value_is_refused_for_its_range() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o cube.npy");
    for (command, expected) in [
        (
            "compare cube.npy cube.npy --rtol -1",
            "that is not negative",
        ),
        (
            "compare cube.npy cube.npy --atol -.5",
            "that is not negative",
        ),
        (
            "stats cube.npy --quantiles -0.1,0.5",
            "quantiles from 0 to 1",
        ),
        (
            "stats cube.npy --axis t --every -24",
            "'--every <N>' is a whole number that is not negative",
        ),
        ("plan p.toml --ranks -2", "-2 is not in 1.."),
        ("run p.toml --memory -1GiB", "a size above 0"),
        ("run p.toml --max-walltime -1h", "a time above 0"),
        ("run p.toml --log-every -3", "a time above 0"),
        ("run p.toml --tile -1x2x3", "at least 1 each"),
        ("run p.toml -o -1", "a name that ends in .npy"),
        ("plot cube.npy --dpi -72", "-72 is not in 50..=400"),
        ("plot cube.npy --size -9x9", "each from 200 to 4096"),
        ("plot cube.npy --fps -inf --animate", "from 0.1 to 50"),
        ("fit p.toml --starts -5", "-5 is not in 1..=10000"),
        (
            "export cube.npy --to zarr --chunks -1,5,5",
            "is a whole number that is not negative",
        ),
        (
            "export cube.npy --to zarr --keep-bits -3",
            "expected 1 or more bits",
        ),
        (
            "map a a=cube.npy -o m.npy --keep-bits -3",
            "expected 1 or more bits",
        ),
        // A dash without a number begins an option.
        ("stats cube.npy --select --csv", "a value is required"),
        ("stats cube.npy --csv -1", "unexpected argument '-1'"),
        ("stats -- -1", "cannot open -1"),
    ] {
        let told = scene.run(command);
        let code = if command.contains(" -- ") { 1 } else { 2 };
        assert_eq!(told.code, Some(code), "{command}: {told}");
        assert!(told.stderr.contains(expected), "{command}: {told}");
    }
}

#[test]
fn a_tip_is_a_neighbour_in_meaning_or_there_is_none() {
    let scene = Scene::small();
    for command in [
        "plot cube.npy --frame 3",
        "fit p.toml --free D",
        "plot cube.npy --frce",
        "info cube.npy --forse",
        "info cube.npy --dx 1",
        "run p.toml --zzz",
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(2), "{command}: {told}");
        let is_wrong = told.stderr.contains("as a value, use")
            || (!command.contains("--frce") && told.stderr.contains("--force"))
            || told.stderr.contains("--set dx");
        assert!(!is_wrong, "{command}: {told}");
    }
}
