//! Files that a run reads: arrays, snapshots of cubes, pictures.

use crate::physics::{RECTANGLE, assert_close, expected, frames, scene};
use crate::{
    common::{Scene, Told},
    npy,
};
use diff2d::Field;
use insta::assert_snapshot;
use serde_json::Value;
#[test]
fn arrays_and_cubes_begin_a_run_from_beside_the_parameter_file() {
    let data: Vec<u8> = (0..45).flat_map(|at| f64::from(at).to_le_bytes()).collect();
    let header =
        |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let of = |header: &str| npy(header, &data);
    let more = "initial = { kind = 'file', path = 'u.npy' }\n[boundary]\nleft = -1\n";
    let scene = Scene::new();
    scene.write("sub/p.toml", format!("{RECTANGLE}{more}"));
    scene.write("sub/u.npy", of(&header("(5, 9)")));
    scene.succeed("run sub/p.toml -o c.npy");
    let whole = expected(|x, y| 4.0 * x + 36.0 * y, Some(0.0));
    let mut walled = whole.clone();
    (1..4).for_each(|j| walled[9 * j] = -1.0);
    assert_eq!(frames(&scene, "c.npy")[0], walled);

    // The same array in Fortran order, in big-endian single precision.
    let turned = |at: u16| f32::from(at % 5 * 9 + at / 5).to_be_bytes();
    let data: Vec<u8> = (0..45).flat_map(turned).collect();
    let header_f = "{'descr': '>f4', 'fortran_order': True, 'shape': (5, 9), }";
    scene.write("sub/u.npy", npy(header_f, &data));
    scene.succeed("run sub/p.toml -o f.npy");
    assert_eq!(frames(&scene, "f.npy")[0], walled);

    // A snapshot of a cube; negative from the end.
    for snapshot in ["1", "-1"] {
        let more = format!(
            "--set initial.kind=file --set initial.path=c.npy --set initial.snapshot={snapshot} --set boundary.left=-1"
        );
        scene.write("q.toml", RECTANGLE);
        scene.succeed(&format!("run q.toml -o d{snapshot}.npy {more}"));
        let [from, to] =
            ["c.npy".to_owned(), format!("d{snapshot}.npy")].map(|cube| frames(&scene, &cube));
        assert_eq!(to[0], from[1]);
    }
}

#[test]
fn a_picture_lies_on_the_grid_with_its_lowest_row_at_y1() {
    let scene =
        scene("initial = { kind = 'image', path = 'u.png', range = [-1, 1] }\n[boundary]\n");
    let write = |(width, height): (u32, u32), colours: png::ColorType, bytes: &[u8]| {
        let file = std::fs::File::create(scene.path("u.png")).unwrap();
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(colours);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(bytes)
            .unwrap();
        scene.succeed("run p.toml -o c.npy --force");
        frames(&scene, "c.npy").swap_remove(0)
    };
    let value = |byte: f64| -1.0 + 2.0 * byte / 255.0;
    // A pixel for every node.
    let bytes: Vec<u8> = (0..45).map(|at| 5 * at).collect();
    let found = write((9, 5), png::ColorType::Grayscale, &bytes);
    let from_top = |x: f64, y: f64| value(5.0 * ((1.0 - y) * 36.0 + x * 4.0));
    assert_close(&found, &expected(from_top, Some(0.0)));
    // Four pixels in the corners: everything between is bilinear. Colours have their grey value.
    let corners = [[0, 0, 0], [255, 255, 255], [100, 100, 100], [255, 0, 0]];
    let found = write((2, 2), png::ColorType::Rgb, &corners.concat());
    let mean = |x: f64, y: f64| {
        let (top, bottom) = (255.0 * x / 2.0, 100.0 + (0.299 * 255.0 - 100.0) * x / 2.0);
        value(bottom + (top - bottom) * y)
    };
    assert_close(&found, &expected(mean, Some(0.0)));
    // Half way between two pixels it is the one to the right or below.
    scene.succeed("run p.toml -o c.npy --force --set initial.interpolate=nearest");
    let nearest = |x: f64, y: f64| {
        let [left, right] = if y > 0.5 {
            [0.0, 255.0]
        } else {
            [100.0, 0.299 * 255.0]
        };
        value(if x < 1.0 { left } else { right })
    };
    assert_close(&frames(&scene, "c.npy")[0], &expected(nearest, Some(0.0)));
    // What is transparent lies on white.
    let transparent =
        |x: f64, _| value((255.0 * (2.0 - x) + (0.4 * 100.0 + 0.6 * 255.0) * x) / 2.0);
    let found = write((2, 1), png::ColorType::GrayscaleAlpha, &[7, 0, 100, 102]);
    assert_close(&found, &expected(transparent, Some(0.0)));
    let pixels = [[7, 8, 9, 0], [100, 100, 100, 102]];
    let found = write((2, 1), png::ColorType::Rgba, &pixels.concat());
    assert_close(&found, &expected(transparent, Some(0.0)));
}

#[test]
fn what_a_run_reads_is_known_by_its_digest() {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 9), }";
    let data = |value: f64| npy(header, &value.to_le_bytes().repeat(45));
    let scene = scene("initial = { kind = 'file', path = 'u.npy' }\n");
    scene.write("u.npy", data(1.0));
    scene.succeed("run p.toml -o c.npy");
    let told: Value = serde_json::from_str(&scene.succeed("info c.npy --json").stdout).unwrap();
    let inputs = told["run"]["inputs"].as_object().unwrap();
    let sum = shell_sum(&scene, "u.npy");
    assert_eq!(
        inputs.values().collect::<Vec<_>>(),
        [&Value::from(sum.clone())]
    );
    assert!(inputs.keys().all(|name| name.ends_with("/u.npy")));

    // The same content under another name continues the run, other content under the same does not.
    let cut: String = scene
        .text("c.journal")
        .split_inclusive('\n')
        .take(2)
        .collect();
    scene.write("c.journal", &cut);
    scene.write("v.npy", data(1.0));
    scene.succeed("run p.toml -o c.npy --resume --set initial.path=v.npy");
    scene.write("c.journal", &cut);
    scene.write("u.npy", data(2.0));
    let told = scene.run("run p.toml -o c.npy --resume");
    assert_eq!(told.code, Some(2), "{told}");
    let other = shell_sum(&scene, "u.npy");
    for (word, sum) in [("was", sum), ("is", other)] {
        // Long values are cut short.
        let expected = format!("{word} \"SHA-256 {}", &sum[..40]);
        assert!(told.stderr.contains(&expected), "{told}");
    }

    // Repair needs it, too.
    scene.write("c.npy", {
        let mut bytes = scene.read("c.npy");
        bytes[4096 + 8 * 12] ^= 1;
        bytes
    });
    let told = scene.run("repair c.npy");
    assert_eq!(told.code, Some(3), "{told}");
    scene.write("u.npy", data(1.0));
    scene.succeed("repair c.npy");
    scene.succeed("verify c.npy");
    std::fs::remove_file(scene.path("u.npy")).unwrap();
    // It has moved, or is another one.
    let mut bytes = scene.read("c.npy");
    bytes[4096 + 8 * 12] ^= 1;
    scene.write("c.npy", bytes);
    let told = scene.run("repair c.npy");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("add --set initial.path=…"), "{told}");
    scene.write("w.npy", data(2.0));
    for other in ["initial.path=w.npy", "initial.path=v.npy --set D=0.9"] {
        let told = scene.run(&format!("repair c.npy --set {other}"));
        assert_eq!(told.code, Some(3), "{told}");
    }
    scene.succeed("repair c.npy --set initial.path=v.npy");
    scene.succeed("verify c.npy");
    scene.succeed("info c.npy");
    scene.succeed("probe c.npy --at t=0,y=0.5,x=1");
}

fn shell_sum(scene: &Scene, name: &str) -> String {
    let told = crate::shell(scene, &format!("sha256sum {name}"));
    told.stdout.split(' ').next().unwrap().to_owned()
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let named = |told: Told, scene: &Scene| {
        let place = scene.path("").canonicalize().unwrap();
        let place = place.display().to_string();
        told.to_string().replace(&place, "…")
    };
    let with = |name: &str, bytes: &[u8], more: &str| {
        let scene = scene(&format!("[initial]\n{more}"));
        if !name.is_empty() {
            scene.write(name, bytes);
        }
        let told = scene.run("run p.toml -o c.npy");
        assert!(!scene.exists("c.npy"));
        named(told, &scene)
    };
    let file = "kind = 'file'\npath = 'u.npy'\n";
    assert_snapshot!(with("", b"", file), @r#"
    exit 1
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: cannot open …/u.npy: there is no such file or directory
    "#);
    let array = |shape: &str, count: usize| {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        npy(&header, &0.5_f64.to_le_bytes().repeat(count))
    };
    assert_snapshot!(with("u.npy", &array("(5, 8)", 40), file), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it has the shape (5, 8), and the grid with its boundary nodes (5, 9)
    "#);
    assert_snapshot!(with("u.npy", &array("(45,)", 45), file), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it has the shape (45); expected (5, 9), or a cube (snapshots, 5, 9)
    "#);
    assert_snapshot!(with("u.npy", &array("(2, 5, 9)", 90), file), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it is a cube of 2 snapshots; initial.snapshot = k takes one of them
    "#);
    assert_snapshot!(with("u.npy", &array("(2, 5, 9)", 90), &format!("{file}snapshot = 2")), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it has no snapshot 2; there are 2
    "#);
    assert_snapshot!(with("u.npy", &array("(5, 9)", 45), &format!("{file}snapshot = 0")), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it is no cube of snapshots; remove initial.snapshot
    "#);
    assert_snapshot!(with("u.npy", &array("(5, 9)", 44), file), @r#"
    exit 3
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it is cut short: its header promises 488 bytes, the file has 480
    "#);
    assert_snapshot!(with("u.npy", b"PK\x03\x04", file), @r#"
    exit 3
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it is not a .npy file (it does not begin with \x93NUMPY)
    "#);
    let strings = npy(
        "{'descr': '<U1', 'fortran_order': False, 'shape': (5, 9), }",
        &[0; 180],
    );
    assert_snapshot!(with("u.npy", &strings, file), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: its dtype is '<U1', text; only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)
    "#);
    let mut infinite = array("(5, 9)", 45);
    let at = infinite.len() - 8;
    infinite[at..].copy_from_slice(&f64::INFINITY.to_le_bytes());
    assert_snapshot!(with("u.npy", &infinite, file), @r#"
    exit 2
    diff2d: p.toml:12: initial.path = "u.npy" cannot be used: it is inf at x = 2.0, y = 1.0; it must be finite at every node
    "#);
    assert_snapshot!(with("u.png", b"GIF89a", "kind = 'image'\npath = 'u.png'"), @r#"
    exit 3
    diff2d: p.toml:12: initial.path = "…/u.png" cannot be used: it is no sound PNG file: Invalid PNG signature.
    "#);
}

/// Of a cube the snapshot counts that a run begins from: others may come, or change.
#[test]
fn a_run_from_a_cube_that_grows_is_resumed() {
    let scene = scene("");
    scene.succeed("run p.toml -o long.npy --set runtime=0.1");
    let (whole, journal) = (scene.read("long.npy"), scene.text("long.journal"));
    let frame = 5 * 9 * 8;
    let mut some = whole.clone();
    some[4096 + 3 * frame..].fill(0);
    crate::cut_journal(&scene, "long.journal", 4);
    scene.write("long.npy", some);
    let begin = "--set initial.kind=file --set initial.path=long.npy --set initial.snapshot";
    scene.succeed(&format!("run p.toml -o c.npy {begin}=2"));
    let cut: String = scene
        .text("c.journal")
        .split_inclusive('\n')
        .take(2)
        .collect();
    scene.write("c.journal", &cut);
    let sweep = "params = 'p.toml'\ninitial.kind = 'file'\ninitial.path = 'long.npy'\ninitial.snapshot = [0, 2]\n";
    scene.write("sweep.toml", sweep);
    scene.succeed("sweep sweep.toml -o s.npy --threads 1");
    crate::cut_journal(&scene, "s.journal", 2);

    scene.write("long.npy", &whole);
    scene.write("long.journal", &journal);
    scene.succeed(&format!("run p.toml -o c.npy --resume {begin}=2"));
    scene.succeed("sweep sweep.toml -o s.npy --resume");
    for cube in ["c.npy", "s.npy"] {
        let mut bytes = scene.read(cube);
        bytes[4096 + 99] ^= 1;
        scene.write(cube, bytes);
        scene.succeed(&format!("repair {cube}"));
    }
    assert_eq!(frames(&scene, "c.npy")[0], frames(&scene, "long.npy")[2]);
    // Another snapshot is not the same, and a changed one neither.
    for (other, at) in [("=1", 0), ("=2", 4096 + 2 * frame + 80)] {
        let mut bytes = whole.clone();
        bytes[at.max(4096)] ^= u8::from(at > 0);
        scene.write("long.npy", bytes);
        let told = scene.run(&format!("run p.toml -o c.npy --resume {begin}{other}"));
        assert_eq!(told.code, Some(2), "{told}");
    }
}

#[test]
fn snapshots_that_are_not_committed_are_not_read() {
    let scene = scene("");
    scene.succeed("run p.toml -o c.npy");
    crate::cut_journal(&scene, "c.journal", 2);
    let more = "--set initial.kind=file --set initial.path=c.npy --set initial.snapshot";
    scene.succeed(&format!("run p.toml -o d.npy {more}=0"));
    let told = scene.run(&format!("run p.toml -o e.npy {more}=1"));
    assert_eq!(told.code, Some(2), "{told}");
    let sentence = "/c.npy is not committed\n";
    assert!(told.stderr.ends_with(sentence), "{told}");
}

/// A picture of so many bits, white above and black below.
fn half_white(scene: &Scene, side: u32) {
    let file = std::fs::File::create(scene.path("u.png")).unwrap();
    let mut picture = png::Encoder::new(std::io::BufWriter::new(file), side, side);
    picture.set_color(png::ColorType::Grayscale);
    picture.set_depth(png::BitDepth::One);
    let mut writer = picture.write_header().unwrap();
    let bytes = side.div_ceil(8) * side;
    let rows: Vec<u8> = (0..bytes)
        .map(|byte| if byte < bytes / 2 { 0xff } else { 0 })
        .collect();
    writer.write_image_data(&rows).unwrap();
    writer.finish().unwrap();
}

/// A picture needs memory for a few rows, whatever its header promises, and bands have the bits of the whole.
#[test]
fn a_picture_is_decoded_row_by_row() {
    let scene = Scene::new();
    let problem = |dx: f64| {
        scene.write(
            "p.toml",
            format!(
                "D = 1\nx1 = 0\nx2 = 1\ndx = {dx}\ngrid = 'walls'\nruntime = {0}\nouttime = {0}\n\
                 initial = {{kind = 'image', path = 'u.png'}}\n\
                 boundary = {{left = {{flux = 0}}, right = {{flux = 0}}, bottom = {{flux = 0}}, top = {{flux = 0}}}}\n",
                0.525 * dx * dx
            ),
        );
    };
    problem(0.004);
    half_white(&scene, 20_000);
    let program = scene.diff2d().get_program().to_owned();
    let limited = "ulimit -v 1000000; exec \"$0\" run p.toml -o a.npy";
    let told = scene
        .command("sh")
        .args(["-c", limited])
        .arg(&program)
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told = scene.succeed("stats a.npy --select 0 --json").stdout;
    let mean = &serde_json::from_str::<serde_json::Value>(&told).unwrap()["mean"];
    assert!((mean.as_f64().unwrap() - 0.5).abs() < 0.01, "{mean}");

    problem(0.001);
    half_white(&scene, 300);
    scene.succeed("run p.toml -o b.npy");
    scene.succeed("run p.toml -o c.npy --memory 24MiB");
    assert_eq!(scene.read("b.npy"), scene.read("c.npy"));
}

/// Bands from the bottom on take what was decoded for the first, as far as there is room; what is decoded again must be
/// what it was.
#[test]
fn bands_share_what_was_decoded() {
    let scene = Scene::new();
    let (rows, columns) = (101, 101);
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.01\ngrid = 'walls'\nruntime = 1\nouttime = 1\n\
         initial = {kind = 'image', path = 'u.png'}\n",
    );
    let load = || diff2d::Problem::load(&scene.path("p.toml"), &[]).unwrap();
    half_white(&scene, 300);
    let bytes = scene.read("u.png");
    let mut whole = Field::<f64>::zeros((rows, columns)).unwrap();
    load().fill_initial(&mut whole, 0).unwrap();

    let band = |problem: &diff2d::Problem, first: usize, held: u64| {
        problem.hold_pictures(held);
        let mut field = Field::<f64>::zeros((20.min(rows - first), columns)).unwrap();
        problem.fill_initial(&mut field, first)?;
        let expected = &whole.as_slice()[first * columns..][..field.as_slice().len()];
        assert!(field.as_slice() == expected, "from row {first} on");
        Ok::<(), diff2d::ParamsError>(())
    };
    // The file is not needed again.
    let problem = load();
    band(&problem, 0, 1 << 20).unwrap();
    std::fs::remove_file(scene.path("u.png")).unwrap();
    for first in (20..rows).step_by(20) {
        band(&problem, first, 1 << 20).unwrap();
    }
    // With little room it is, and another picture is not taken for it.
    scene.write("u.png", &bytes);
    let problem = load();
    for first in (0..rows).step_by(20) {
        band(&problem, first, 3000).unwrap();
    }
    band(&problem, 0, 3000).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    scene.write("u.png", &changed);
    let error = band(&problem, 20, 3000).unwrap_err().to_string();
    assert!(error.contains("has changed since"), "{error}");
}
