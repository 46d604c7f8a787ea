//! Names of outputs: what is replaced, what is followed, and what is refused.

use super::{npy, shell};
use crate::common::{Scene, Told};
use insta::assert_snapshot;
use std::{fs, os::unix::fs::symlink};

/// Runs the program, which must not wait for anybody.
pub(crate) fn at_once(scene: &Scene, arguments: &str) -> Told {
    let told = shell(
        scene,
        &format!("timeout -s KILL 60 \"$DIFF2D\" {arguments}"),
    );
    assert_ne!(told.code, Some(137), "{arguments} never ends");
    told
}

pub(crate) fn pipe(scene: &Scene, name: &str) {
    assert_eq!(shell(scene, &format!("mkfifo {name}")).code, Some(0));
}

#[test]
fn an_output_that_is_the_input_is_refused() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 10 --fill i0");
    symlink("a.npy", scene.path("link.npy")).unwrap();
    fs::hard_link(scene.path("a.npy"), scene.path("hard.npy")).unwrap();
    let before = scene.read("a.npy");
    for output in ["a.npy", "link.npy", "hard.npy", "./a.npy"] {
        for command in ["window a.npy --window 2 --op sum", "stats a.npy --axis 0"] {
            for force in ["", "--force"] {
                let told = scene.run(&format!("{command} -o {output} {force}"));
                assert_eq!(told.code, Some(2), "{told}");
                assert!(told.stderr.contains("is read by this command"), "{told}");
            }
        }
    }
    assert_eq!(scene.read("a.npy"), before);
    assert_eq!(scene.files(), ["a.npy", "hard.npy", "link.npy"]);
}

/// A run that would write over one of its inputs, under whatever name, leaves everything as it was.
#[test]
fn a_run_spares_its_inputs() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o begun.npy");
    scene.succeed("run p.toml -o a.npy");
    scene.succeed("run p.toml -o old.npy --set runtime=2.5");
    for (name, value) in [("u.npy", "0*i0"), ("m.npy", "0*i0"), ("D.npy", "1+0*i0")] {
        scene.succeed(&format!("create {name} --shape 22,22 --fill {value}"));
    }
    let inputs = [
        (
            "a.npy",
            "initial.kind=file --set initial.path=a.npy --set initial.snapshot=1",
        ),
        (
            "a.journal",
            "initial.kind=file --set initial.path=a.npy --set initial.snapshot=1",
        ),
        ("u.npy", "initial.kind=file --set initial.path=u.npy"),
        ("D.npy", "D.file=D.npy"),
        ("D.npy", "capacity.file=D.npy"),
        ("u.npy", "decay.file=u.npy"),
        ("u.npy", "source.file=u.npy"),
        ("m.npy", "mask.file=m.npy"),
        ("m.npy", "held=[{file=\"m.npy\",value=1.0}]"),
        ("p.toml", "D=1.0"),
        ("old.npy", "D=1.0 --resume --extend old.npy"),
    ];
    let contents = |scene: &Scene| -> Vec<_> {
        let files = scene.files().into_iter();
        files.map(|file| (scene.read(&file), file)).collect()
    };
    for (input, given) in inputs {
        let forced = if given.contains("--resume") {
            ""
        } else {
            " --force"
        };
        let refuse = |command: String| {
            let before = contents(&scene);
            let told = scene.run(&command);
            assert_eq!(told.code, Some(2), "{command} over {input}: {told}");
            assert!(
                told.stderr.contains("read by this command"),
                "{command}: {told}"
            );
            assert!(contents(&scene) == before, "{command} over {input}: {told}");
        };
        if input.ends_with(".npy") {
            refuse(format!("run p.toml --set {given} -o {input}{forced}"));
        }
        for ending in ["npy", "journal", "ckpt", "ckpt.new", "scratch", "axes.json"] {
            for is_symbolic in [true, false] {
                let path = scene.path(format!("new.{ending}"));
                match is_symbolic {
                    true => symlink(input, &path).unwrap(),
                    false => fs::hard_link(scene.path(input), &path).unwrap(),
                }
                refuse(format!("run p.toml --set {given} -o new.npy{forced}"));
                fs::remove_file(&path).unwrap();
            }
        }
    }
    // Sweeps, and the default output.
    scene.write(
        "s.toml",
        "params = \"p.toml\"\nD = [1.0, 2.0]\ninitial.kind = \"file\"\ninitial.path = \"a.npy\"\n",
    );
    fs::create_dir(scene.path("output")).unwrap();
    for name in ["a.npy", "a.journal"] {
        fs::hard_link(
            scene.path(name),
            scene.path(format!("output/{}", name.replace('a', "s"))),
        )
        .unwrap_or(());
    }
    fs::hard_link(scene.path("a.npy"), scene.path("output/p.npy")).unwrap();
    fs::hard_link(scene.path("p.toml"), scene.path("sweep.ckpt")).unwrap();
    let before = contents(&scene);
    for command in [
        "sweep s.toml -o a.npy --force",
        "sweep s.toml -o sweep.npy --force",
        "run p.toml --force --set initial.kind=file --set initial.path=a.npy",
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(2), "{command}: {told}");
        assert!(contents(&scene) == before, "{command}: {told}");
    }
}

#[test]
fn the_name_of_a_cube_is_refused() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("create a.npy --shape 10");
    symlink("c.npy", scene.path("link.npy")).unwrap();
    let before = scene.cube_and_journal("c");
    assert_snapshot!(scene.run("create c.npy --shape 3 --force"), @r"
    exit 2
    diff2d: c.npy is the name of a cube, of which c.journal is the journal: choose another name, or remove both first
    ");
    for command in [
        "create link.npy --shape 3",
        "window a.npy --window 2 --op sum -o c.npy",
        "stats a.npy --axis 0 -o c.npy",
    ] {
        let told = scene.run(&format!("{command} --force"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("the name of a cube"), "{told}");
    }
    assert_eq!(scene.cube_and_journal("c"), before);
    // The cube is gone, and its journal still says what the name means.
    fs::remove_file(scene.path("c.npy")).unwrap();
    assert_eq!(scene.run("create c.npy --shape 3").code, Some(2));
    // A diary beside it is no journal.
    scene.write("d.journal", "dear diary\n");
    scene.succeed("create d.npy --shape 3");
}

#[test]
fn a_journal_that_is_not_the_arrays_own_is_not_believed() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let data: Vec<u8> = (1..=3_u64).flat_map(|k| (k as f64).to_le_bytes()).collect();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
    scene.write("c.npy", npy(header, &data));
    assert_snapshot!(scene.run("stats c.npy"), @r"
    exit 0
    count  3
    sum    6.0
    mean   2.0
    std    0.816496580927726
    min    1.0
    max    3.0
    nan    0
    argmin (0,)
    argmax (2,)
    diff2d: c.journal is the journal of another array than c.npy, and is ignored
    ");
    let new = scene.read("c.npy");
    assert_snapshot!(scene.run("run p.toml -o c.npy --force"), @r"
    exit 2
    diff2d: c.npy is another array than the cube that c.journal describes: move them away, or write elsewhere with -o
    ");
    assert_eq!(scene.read("c.npy"), new);

    // An empty journal says nothing of an array that holds something.
    scene.succeed("create e.npy --shape 3 --fill i0+1");
    scene.write("e.journal", "");
    assert!(
        scene
            .succeed("stats e.npy")
            .stdout
            .starts_with("count  3\n")
    );
    assert_eq!(scene.run("run p.toml -o e.npy --force").code, Some(2));
    for command in ["verify", "repair"] {
        let told = scene.run(&format!("{command} e.npy"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("has no journal beside it"), "{told}");
    }
}

#[test]
fn a_link_to_a_cube_shows_what_is_committed() {
    let scene = Scene::small();
    fs::create_dir(scene.path("scratch")).unwrap();
    scene.succeed("run p.toml -o scratch/c.npy");
    super::cut_journal(&scene, "scratch/c.journal", 3);
    symlink("scratch/c.npy", scene.path("link.npy")).unwrap();
    symlink("scratch/c.npy", scene.path("link")).unwrap();
    for name in ["link.npy", "link", "scratch/c.npy"] {
        let told = scene.succeed(&format!("stats {name} --axis 0 -o {}.npy --force", "out"));
        assert_eq!(told.stderr, "");
        let told = scene.succeed(&format!("stats {name}"));
        assert!(told.stdout.starts_with("count  968\n"), "{name}: {told}");
    }
}

#[test]
fn links_are_followed_once_or_refused() {
    let scene = Scene::small();
    symlink("nowhere", scene.path("c.journal")).unwrap();
    for options in ["", "--resume", "--force"] {
        let told = at_once(&scene, &format!("run p.toml -o c.npy {options}"));
        let sentence = "cannot open c.journal: it is a symbolic link to a file that is not there";
        assert_eq!(told.stderr, format!("diff2d: {sentence}\n"));
        assert_eq!(told.code, Some(1));
    }
    fs::remove_file(scene.path("c.journal")).unwrap();

    symlink("nowhere.npy", scene.path("c.npy")).unwrap();
    assert_snapshot!(at_once(&scene, "run p.toml -o c.npy"), @r"
    exit 1
    diff2d: cannot replace c.npy: it is a symbolic link and no file
    ");
    assert_eq!(
        at_once(&scene, "create c.npy --shape 3 --force").code,
        Some(1)
    );
    assert!(
        fs::symlink_metadata(scene.path("c.npy"))
            .unwrap()
            .is_symlink()
    );
    fs::remove_file(scene.path("c.npy")).unwrap();

    scene.write("precious", "years of work");
    symlink("precious", scene.path("b.npy.partial")).unwrap();
    assert_snapshot!(at_once(&scene, "create b.npy --shape 3"), @r"
    exit 1
    diff2d: cannot replace b.npy.partial: it is a symbolic link and no file
    ");
    fs::remove_file(scene.path("b.npy.partial")).unwrap();
    scene.write("b.npy.partial", "half a download");
    let told = at_once(&scene, "create b.npy --shape 3");
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(scene.text("b.npy.partial"), "half a download");
    assert_eq!(scene.text("precious"), "years of work");

    // A link to a file is followed: the file is replaced, the link stays.
    scene.succeed("create target.npy --shape 2");
    symlink("target.npy", scene.path("link.npy")).unwrap();
    scene.succeed("create link.npy --shape 5 --force");
    assert!(
        fs::symlink_metadata(scene.path("link.npy"))
            .unwrap()
            .is_symlink()
    );
    assert!(scene.succeed("info target.npy").stdout.contains("(5"));
}

/// What a killed process left is replaced, and a second name of it keeps its bytes.
#[test]
fn a_partial_file_that_was_left_is_replaced() {
    let scene = Scene::new();
    scene.succeed("create left.npy --shape 3 --fill 7");
    fs::hard_link(scene.path("left.npy"), scene.path("b.npy.partial")).unwrap();
    let before = scene.read("left.npy");
    scene.succeed("create b.npy --shape 4");
    assert_eq!(scene.files(), ["b.npy", "left.npy"]);
    assert_eq!(scene.read("left.npy"), before);
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let scene = Scene::small();
    for name in ["a.npy", "c.journal", "d.npy.partial", "r.json"] {
        pipe(&scene, name);
    }
    scene.write("e.npy", "");
    symlink("/dev/zero", scene.path("z.npy")).unwrap();
    scene.succeed("create in.npy --shape 4");
    for (arguments, code) in [
        ("stats a.npy", 1),
        ("info a.npy", 1),
        ("verify a.npy", 1),
        ("plot a.npy", 1),
        ("probe a.npy --at 0", 1),
        ("stats z.npy", 1),
        ("create a.npy --shape 3 --force", 1),
        ("create z.npy --shape 3 --force", 1),
        ("create d.npy --shape 3", 1),
        ("window in.npy --window 2 --op sum -o a.npy --force", 1),
        ("run p.toml -o a.npy", 2),
        ("run p.toml -o a.npy --force", 2),
        ("run p.toml -o c.npy", 1),
        ("run p.toml -o c.npy --resume", 1),
        ("stats c.npy", 1),
        ("run p.toml --no-cube --report r.json", 1),
    ] {
        let told = at_once(&scene, arguments);
        assert_eq!(told.code, Some(code), "{arguments}: {told}");
        assert_eq!(told.stderr.lines().count(), 1, "{arguments}: {told}");
    }
    // Beside a cube, too.
    scene.succeed("run p.toml -o f.npy");
    fs::remove_file(scene.path("f.npy")).unwrap();
    pipe(&scene, "f.npy");
    for (arguments, code) in [("--resume", 1), ("--force", 1)] {
        let told = at_once(&scene, &format!("run p.toml -o f.npy {arguments}"));
        assert_eq!(told.code, Some(code), "{told}");
        assert!(told.stderr.contains("a pipe"), "{told}");
    }
}

#[test]
fn of_missing_directories_only_the_default_output_is_made() {
    let scene = Scene::small();
    scene.succeed("create a.npy --shape 4,4");
    assert_snapshot!(scene.run("run p.toml -o scratch/me/c.npy"), @r"
    exit 1
    diff2d: cannot write into the directory scratch/me: there is no such file or directory
    ");
    for arguments in [
        "create scratch/a.npy --shape 3",
        "window a.npy --window 2,2 --op sum -o scratch/w.npy",
        "stats a.npy --axis 0 -o scratch/s.npy",
        "plot a.npy -o scratch/pictures",
    ] {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(1), "{told}");
        assert!(
            told.stderr
                .to_lowercase()
                .contains("no such file or directory"),
            "{told}"
        );
    }
    // What lies in the way of a directory is no record of another program.
    let told = scene.run("run p.toml --set record={every=1,totals=true} -o p.toml/c.npy");
    let sentence = told.stderr.to_lowercase();
    assert!(
        told.code == Some(1) && sentence.contains("not a directory"),
        "{told}"
    );
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    assert_eq!(scene.run("sweep s.toml -o scratch/s.npy").code, Some(1));
    assert_eq!(scene.files(), ["a.npy", "p.toml", "s.toml"]);
    scene.succeed("run p.toml");
    scene.succeed("plot a.npy -o pictures");
    assert!(scene.exists("output/p.npy") && scene.exists("pictures/0000.png"));
}
