//! Files that a run reads: arrays, snapshots of cubes, pictures.

use super::npy;
use super::physics::{RECTANGLE, assert_close, expected, frames, scene};
use crate::common::{Scene, Told, data_of, tiff, write_half_white};
use insta::assert_snapshot;
use serde_json::Value;
use std::f64::consts::PI;
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
        write_picture(&scene, "u.png", (width, height), colours, bytes);
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
    // A picture that is equally transparent everywhere lies on white.
    let found = write((2, 1), png::ColorType::GrayscaleAlpha, &[0, 51, 100, 51]);
    let on_white = |x: f64, _| value(0.2 * 50.0 * x + 0.8 * 255.0);
    assert_close(&found, &expected(on_white, Some(0.0)));
}

#[test]
fn a_picture_whose_opacity_varies_says_what_that_means() {
    let scene =
        scene("initial = { kind = 'image', path = 'u.png', range = [-1, 1] }\n[boundary]\n");
    let value = |byte: f64| -1.0 + 2.0 * byte / 255.0;
    let grey = [7, 0, 100, 102];
    let colour = [7, 7, 7, 0, 100, 100, 100, 102];
    let pictures = [
        (png::ColorType::GrayscaleAlpha, &grey[..]),
        (png::ColorType::Rgba, &colour[..]),
    ];
    for (colours, bytes) in pictures {
        write_picture(&scene, "u.png", (2, 1), colours, bytes);
        let told = scene.run("run p.toml -o c.npy");
        assert_eq!(told.code, Some(2), "{told}");
        assert!(
            told.stderr.contains("the opacity of its pixels varies"),
            "{told}"
        );
        let told =
            scene.run("plan p.toml --set D={image='u.png',range=[1,2]} --set initial.kind=peaks");
        assert_eq!(told.code, Some(2), "{told}");
        let meanings = [
            ("white", [255.0, 0.4 * 100.0 + 0.6 * 255.0]),
            ("ignore", [7.0, 100.0]),
            ("values", [0.0, 102.0]),
        ];
        for (word, [left, right]) in meanings {
            scene.succeed(&format!(
                "run p.toml -o c.npy --force --set initial.alpha={word}"
            ));
            let between = |x: f64, _| value((left * (2.0 - x) + right * x) / 2.0);
            assert_close(&frames(&scene, "c.npy")[0], &expected(between, Some(0.0)));
        }
    }
    let told = scene.run("plan p.toml --set initial.alpha=black");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("\"ignore\""), "{told}");
}

#[test]
fn pictures_that_are_not_read_are_refused_with_what_makes_readable_ones() {
    let scene = scene("[mask]\nimage = 'a.b'\n");
    let grey = |more: &[(u16, &[u16])]| {
        let mut tags: Vec<(u16, &[u16])> = vec![(256, &[9]), (257, &[5]), (258, &[8]), (262, &[1])];
        tags.extend(more);
        tiff(true, &tags, &[7; 45])
    };
    let mut pages = grey(&[]);
    let next_directory = 8 + 2 + 12 * 6;
    pages[next_directory] = 200;
    for (file, code, sentences) in [
        (
            b"GIF89a".to_vec(),
            2,
            ["it is a GIF file", "`magick a.b a.png`"],
        ),
        (pages, 2, ["more than one page", "`magick a.b[0] a.png`"]),
        (
            grey(&[(259, &[7])]),
            2,
            ["ModernJPEG", "`magick a.b a.png`"],
        ),
        (
            grey(&[(339, &[3])]),
            2,
            ["floating-point numbers", "numpy.save("],
        ),
        (
            grey(&[(274, &[6])]),
            2,
            ["orientation is 6", "-auto-orient"],
        ),
        (
            grey(&[])[..100].to_vec(),
            3,
            ["no sound TIFF file", "ends before its pixels"],
        ),
        (
            grey(&[(266, &[2])]),
            2,
            ["its bits stand in reverse order", "`magick a.b a.png`"],
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(),
            3,
            ["no sound JPEG file", "its end is missing"],
        ),
    ] {
        scene.write("a.b", file);
        let told = scene.run("run p.toml -o c.npy");
        assert_eq!(told.code, Some(code), "{told}");
        for sentence in sentences {
            assert!(told.stderr.contains(sentence), "{told}");
        }
    }
    // The advice writes over no file.
    scene.write("a.b", "GIF89a");
    scene.write("a.png", "");
    let told = scene.run("run p.toml -o c.npy");
    assert!(
        told.stderr.contains("`magick a.b a.converted.png`"),
        "{told}"
    );
}

/// Materials of single pixels are not those of a JPEG file; the picture itself is read.
#[test]
fn materials_of_a_jpeg_file_are_warned_of() {
    let scene = scene("");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures");
    for (name, is_warned_of) in [("grey.jpg", true), ("grey.png", false)] {
        scene.write("u", std::fs::read(format!("{fixtures}/{name}")).unwrap());
        let picture = "{image='u',range=[1,2],interpolate='nearest'}";
        let told = scene.succeed(&format!(
            "plan p.toml --set D={picture} --set initial.kind=peaks"
        ));
        assert_eq!(
            told.stderr.contains("D: it is a JPEG file"),
            is_warned_of,
            "{told}"
        );
    }
}

/// What other programs leave behind the pixels of a picture.
#[test]
fn what_stands_behind_a_picture_is_read_where_it_turns_the_picture() {
    let scene = scene("");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures");
    let fixture = |name: &str| std::fs::read(format!("{fixtures}/{name}")).unwrap();
    let run = |picture: Vec<u8>| {
        scene.write("u", picture);
        scene.run(
            "run p.toml -o c.npy --force --set D={image='u',range=[1,2]} --set initial.kind=peaks",
        )
    };
    let (jpeg, png) = (fixture("grey.jpg"), fixture("grey.png"));
    run(jpeg.clone());
    let expected = scene.read("c.npy");
    for tail in [vec![0; 100_000], [&[0; 70_000], &*jpeg].concat()] {
        let told = run([&*jpeg, &tail].concat());
        assert_eq!(told.code, Some(0), "{told}");
        assert!(scene.read("c.npy") == expected);
    }
    // The picture has no end, and that of another one behind it is none.
    let cut = &jpeg[..jpeg.len() * 2 / 3];
    let told = run(cut.to_vec());
    assert_eq!(told.code, Some(3), "{told}");
    let turned = |is_behind: bool, orientation: u16| {
        let mut data = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        data.extend_from_slice(&orientation.to_be_bytes());
        data.extend_from_slice(&[0; 6]);
        let mut chunk = b"eXIf".to_vec();
        chunk.extend_from_slice(&data);
        let check_sum = (!chunk.iter().fold(u32::MAX, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| {
                (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
            })
        }))
        .to_be_bytes();
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        // The first chunk has 33 bytes with the signature before it, the last one 12.
        let place = if is_behind { png.len() - 12 } else { 33 };
        [&png[..place], &length, &chunk, &check_sum, &png[place..]].concat()
    };
    for is_behind in [false, true] {
        let told = run(turned(is_behind, 6));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(
            told.stderr.contains("its tag of orientation is 6"),
            "{told}"
        );
        let told = run(turned(is_behind, 1));
        assert_eq!(told.code, Some(0), "{told}");
    }
}

/// Twelve bits of a camera in a picture of sixteen.
#[test]
fn pictures_that_are_dark_are_warned_of_and_what_nodes_get_is_told() {
    let scene = scene("");
    for (brightest, is_dark) in [(4095_u16, true), (60_000, false)] {
        let samples: Vec<u8> = (0..45_u16)
            .flat_map(|at| (at % 2 * brightest).to_be_bytes())
            .collect();
        let file = std::fs::File::create(scene.path("cam.png")).unwrap();
        let mut encoder = png::Encoder::new(file, 9, 5);
        encoder.set_depth(png::BitDepth::Sixteen);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&samples)
            .unwrap();
        for command in ["plan p.toml", "run p.toml -o c.npy --force"] {
            let told = scene.succeed(&format!(
                "{command} --set D={{image='cam.png',range=[15,300]}} --set initial.kind=peaks"
            ));
            let text = format!("{}{}", told.stdout, told.stderr);
            let white = f64::from(brightest) / 65_535.0;
            let values = format!(
                "D: cam.png gives nodes values from 15.0 to {:?}",
                15.0 + 285.0 * white
            );
            assert!(text.contains(&values), "{text}");
            let warning = "D: its brightest pixel has 0.0625 of white";
            assert_eq!(told.stderr.contains(warning), is_dark, "{text}");
        }
    }
}

/// A picture of 8 bits a sample.
fn write_picture(
    scene: &Scene,
    name: &str,
    (width, height): (u32, u32),
    colours: png::ColorType,
    bytes: &[u8],
) {
    let file = std::fs::File::create(scene.path(name)).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(colours);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(bytes).unwrap();
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
    let told = super::shell(scene, &format!("sha256sum {name}"));
    told.stdout.split(' ').next().unwrap().to_owned()
}

/// A state of another grid is carried by its coordinates: exact where it is straight, of second order where it is smooth, and with
/// its mass.
#[test]
fn a_state_of_another_grid_lies_where_its_coordinates_say() {
    let scene = Scene::new();
    let problem = |dx: f64, more: &str| {
        format!(
            "D = 1.0\nx1 = 0.0\nx2 = 1.0\nruntime = 0.0\nouttime = 0.0\ngrid = 'walls'\nboundary = 'insulated'\ndx = {dx:?}\n{more}"
        )
    };
    let smooth = |x: f64, y: f64| (2.0 * x).cos() * (y * PI).cos() + 0.3 * x * y;
    let state = "initial = { kind = 'expression', value = 'cos(2*x)*cos(pi*y) + 0.3*x*y' }\n";
    let from = |path: &str, manner: &str| {
        format!(
            "initial = {{ kind = 'file', path = '{path}', snapshot = -1, interpolate = '{manner}' }}\n"
        )
    };
    let values_of = |name: &str| {
        let cube = scene.read(name);
        let numbers = data_of(&cube).chunks_exact(8);
        let numbers = numbers.map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()));
        numbers.collect::<Vec<f64>>()
    };
    let run = |name: &str, dx: f64, more: &str| {
        scene.write("p.toml", problem(dx, more));
        scene.succeed(&format!("run p.toml -o {name} --force -q"));
        let nodes = (1.0 / dx).round() as usize + 1;
        let values = values_of(name);
        let rows =
            (0..nodes * nodes).map(|at| [at % nodes, at / nodes].map(|node| node as f64 * dx));
        let errors = rows
            .zip(&values)
            .map(|([x, y], value)| (value - smooth(x, y)).abs());
        errors.fold(0.0, f64::max)
    };
    let mass = |name: &str| {
        let journal = scene.text(&name.replace("npy", "journal"));
        let commit: Value = serde_json::from_str(journal.lines().nth(1).unwrap()).unwrap();
        commit["mass"].as_f64().unwrap()
    };
    let error = |dx: f64| {
        run("coarse.npy", dx, state);
        let refined = run("fine.npy", dx / 4.0, &from("coarse.npy", "linear"));
        run("means.npy", dx / 4.0, &from("coarse.npy", "mean"));
        assert!((mass("means.npy") - mass("coarse.npy")).abs() < 1e-13);
        run("back.npy", dx, &from("fine.npy", "mean"));
        assert!((mass("back.npy") - mass("fine.npy")).abs() < 1e-13);
        assert!(run("back.npy", dx, &from("fine.npy", "linear")) < 1e-14);
        refined
    };
    let ratio = error(0.1) / error(0.05);
    assert!((3.5..4.5).contains(&ratio), "{ratio}");
    // A part of the domain; and coefficients, by the labels of an array.
    scene.succeed("map a*0+2 a=coarse.npy[-1] -o D.npy");
    let coefficient = "D = { file = 'D.npy', interpolate = 'linear' }\n";
    let text = problem(
        0.02,
        &format!("{}{coefficient}", from("coarse.npy", "linear")),
    );
    scene.write(
        "part.toml",
        text.replacen("D = 1.0\n", "", 1)
            .replace("x1 = 0.0", "x1 = 0.2")
            .replace("x2 = 1.0", "x2 = 0.6"),
    );
    scene.succeed("run part.toml -o part.npy -q");
    assert_eq!(values_of("part.npy").len(), 21 * 21);
    scene.write(
        "p.toml",
        problem(0.02, &from("coarse.npy", "linear")).replace("x2 = 1.0", "x2 = 1.2"),
    );
    let told = scene.run("run p.toml -o wide.npy");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr
            .contains("reach from 0.0 to 1.0, and the grid needs values from 1.02 to 1.02 along"),
        "{told}"
    );
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 5), }";
    scene.write("bare.npy", npy(header, &[0; 200]));
    scene.write(
        "p.toml",
        problem(
            0.02,
            "initial = { kind = 'file', path = 'bare.npy', interpolate = 'mean' }\n",
        ),
    );
    let told = scene.run("run p.toml -o bare_run.npy");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr.contains("needs the coordinates of its nodes"),
        "{told}"
    );
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
    diff2d: p.toml:12: initial.path = "…/u.npy" cannot be used: it has the shape (5, 8), and the grid with its boundary nodes (5, 9); interpolate = "linear" beside it takes a state of another grid by its coordinates
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
    exit 2
    diff2d: p.toml:12: initial.path = "…/u.png" cannot be used: it is a GIF file, and pictures are read from PNG, TIFF and JPEG files: `magick u.png u.converted.png` (ImageMagick) writes a PNG file, and so does Python with Pillow: PIL.Image.open("u.png").save("u.converted.png")
    "#);
    assert_snapshot!(with("u.png", b"no picture", "kind = 'image'\npath = 'u.png'"), @r#"
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
    super::cut_journal(&scene, "long.journal", 4);
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
    super::cut_journal(&scene, "s.journal", 2);

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
    super::cut_journal(&scene, "c.journal", 2);
    let more = "--set initial.kind=file --set initial.path=c.npy --set initial.snapshot";
    scene.succeed(&format!("run p.toml -o d.npy {more}=0"));
    let told = scene.run(&format!("run p.toml -o e.npy {more}=1"));
    assert_eq!(told.code, Some(2), "{told}");
    let sentence = "/c.npy is not committed\n";
    assert!(told.stderr.ends_with(sentence), "{told}");
    // The only snapshot of a cube counts as an array once it is committed.
    let one = "--set runtime=0 --set outtime=0 --set boundary=insulated --set initial.kind=constant --set initial.value=1";
    scene.succeed(&format!("run p.toml -o one.npy {one}"));
    scene.succeed("run p.toml -o g.npy --set D.file=one.npy");
    super::cut_journal(&scene, "one.journal", 1);
    for key in [
        "D.file",
        "mask.file",
        "initial.kind=file --set initial.path",
    ] {
        let told = scene.run(&format!("run p.toml -o h.npy --set {key}=one.npy"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("one.npy"), "{told}");
        assert!(!scene.exists("h.npy"));
    }
}

/// `map`, `window` and `stats` keep the axis of snapshots, also where there is one alone.
#[test]
fn an_array_with_an_axis_for_one_matrix_is_that_matrix() {
    let scene = scene("");
    scene.succeed("create plain.npy --shape 5,9 --fill 1+i0+2*i1");
    scene.succeed("create one.npy --shape 1,5,9 --fill 1+i1+2*i2");
    scene.succeed("create several.npy --shape 3,5,9 --fill 1+i1+2*i2+i0-2");
    scene.succeed("map where(a>15,1,0) a=plain.npy -o m-plain.npy");
    scene.succeed("map where(a>15,1,0) a=one.npy -o m-one.npy");
    scene.succeed("map where(a>15,1,0) a=several.npy -o m-several.npy");
    for (key, prefix) in [
        ("D.file", ""),
        ("capacity.file", ""),
        ("source.file", ""),
        ("mask.file", "m-"),
        ("initial.kind=file --set initial.path", ""),
    ] {
        let of = |array: &str| format!("--set {key}={prefix}{array}.npy");
        scene.succeed(&format!("run p.toml -o a.npy --force {}", of("plain")));
        scene.succeed(&format!("run p.toml -o b.npy --force {}", of("one")));
        assert_eq!(scene.read("a.npy"), scene.read("b.npy"), "{key}");
        let told = scene.run(&format!("run p.toml -o c.npy {}", of("several")));
        assert_eq!(told.code, Some(2), "{told}");
        if key.starts_with("initial") {
            assert!(told.stderr.contains("initial.snapshot = k"), "{told}");
            continue;
        }
        assert!(told.stderr.contains("it holds 3 matrices"), "{told}");
        // The command that is told leads on.
        let command = told.stderr.split('`').nth(1).unwrap_or_default();
        let command = command.replacen("diff2d", "$DIFF2D", 1);
        let advised = super::shell(&scene, &format!("{command} --force"));
        assert_eq!(advised.code, Some(0), "{advised}");
        scene.succeed(&format!("run p.toml -o c.npy --set {key}=one.npy"));
        scene.succeed("create one.npy --shape 1,5,9 --fill 1+i1+2*i2 --force");
        std::fs::remove_file(scene.path("c.npy")).unwrap();
        std::fs::remove_file(scene.path("c.journal")).unwrap();
    }
}

/// A picture is in memory as a whole, which plans count and limits refuse, and bands have the bits of a run in memory.
#[test]
fn a_picture_is_held_within_the_memory_allowed() {
    let scene = Scene::new();
    let problem = |dx: f64, initial: &str| {
        scene.write(
            "p.toml",
            format!(
                "D = 1\nx1 = 0\nx2 = 1\ndx = {dx}\ngrid = 'walls'\nruntime = {0}\nouttime = {0}\n\
                 initial = {{{initial}}}\n\
                 boundary = {{left = {{flux = 0}}, right = {{flux = 0}}, bottom = {{flux = 0}}, top = {{flux = 0}}}}\n",
                0.525 * dx * dx
            ),
        );
    };
    let (image, constant) = (
        "kind = 'image', path = 'u.png'",
        "kind = 'constant', value = 1",
    );
    let peak_bytes = || {
        let told = scene.succeed("plan p.toml --json").stdout;
        let plan: Value = serde_json::from_str(&told).unwrap();
        plan["peak_bytes"].as_u64().unwrap()
    };
    write_half_white(&scene, 4000);
    problem(0.004, constant);
    let bytes_without = peak_bytes();
    problem(0.004, image);
    assert_eq!(peak_bytes() - bytes_without, 4000 * 4000);
    scene.succeed("run p.toml -o a.npy");
    let told = scene.succeed("stats a.npy --select 0 --json").stdout;
    let mean = &serde_json::from_str::<Value>(&told).unwrap()["mean"];
    assert!((mean.as_f64().unwrap() - 0.5).abs() < 0.01, "{mean}");
    for options in ["--memory 12MiB", "--set memory=12MiB"] {
        for command in ["run p.toml -o b.npy", "plan p.toml"] {
            let told = scene.run(&format!("{command} {options}"));
            assert_eq!(told.code, Some(2), "{told}");
            let sentence = "its 4000 × 4000 pixels take 16000000 bytes (15.3 MiB) of memory, and 12582912 bytes (12.0 MiB) are allowed";
            assert!(told.stderr.contains(sentence), "{told}");
        }
    }

    problem(0.001, image);
    write_half_white(&scene, 300);
    scene.succeed("run p.toml -o b.npy");
    scene.succeed("run p.toml -o c.npy --memory 24MiB");
    assert_eq!(scene.read("b.npy"), scene.read("c.npy"));
}

/// Files of a few bytes that promise more pixels than they have, or than may be: neither takes the memory for them.
#[test]
fn pictures_that_promise_too_many_pixels_take_no_memory() {
    let scene = scene("[mask]\nimage = 'u.png'\n");
    let scene_text = String::from_utf8(scene.read("p.toml")).unwrap();
    let program = scene.diff2d().get_program().to_owned();
    let limited = |kibibytes: u32| {
        let script = format!("ulimit -v {kibibytes}; exec \"$0\" run p.toml -o c.npy");
        let mut command = scene.command("sh");
        command.args(["-c", &script]).arg(&program);
        // Each thread reserves address space, too.
        command.envs([("RAYON_NUM_THREADS", "2"), ("MALLOC_ARENA_MAX", "1")]);
        Told::from(command.output().unwrap())
    };
    let grey = png::ColorType::Grayscale;
    for (width, height, colours, code, sentence) in [
        (
            60_000,
            60_000,
            grey,
            2,
            "its 60000 × 60000 pixels take 3600000000 bytes (3.4 GiB) of memory, and ",
        ),
        (
            1 << 25,
            2,
            grey,
            2,
            "a row of its pixels takes 33554432 bytes (32.0 MiB) of memory, and 16777216 bytes (16.0 MiB) are allowed",
        ),
        (
            u32::MAX >> 1,
            u32::MAX >> 1,
            png::ColorType::Rgba,
            2,
            "its header promises more pixels",
        ),
        (20_000, 20_000, grey, 3, "it is no sound PNG file"),
    ] {
        let file = std::fs::File::create(scene.path("u.png")).unwrap();
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(colours);
        let mut writer = encoder.write_header().unwrap();
        // The stream of pixels begins and ends.
        let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut stream, &[0; 5000]).unwrap();
        writer
            .write_chunk(png::chunk::IDAT, &stream.finish().unwrap())
            .unwrap();
        drop(writer);
        let told = limited(2_000_000);
        assert_eq!(told.code, Some(code), "{told}");
        assert!(told.stderr.contains(sentence), "{told}");
    }
    let promise = tiff(
        true,
        &[(256, &[60_000]), (257, &[60_000]), (258, &[8]), (262, &[1])],
        &[],
    );
    let jpeg = [
        b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0".as_slice(),
        b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\xff\xd9",
    ];
    for (file, sentence) in [
        (
            promise,
            "its 60000 × 60000 pixels take 3600000000 bytes (3.4 GiB)",
        ),
        (
            jpeg.concat(),
            "its 65535 × 65535 pixels take 12884508675 bytes (12.0 GiB)",
        ),
    ] {
        scene.write("u.tif", file);
        scene.write("p.toml", scene_text.replace("u.png", "u.tif"));
        let told = limited(2_000_000);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains(sentence), "{told}");
    }
    scene.write("p.toml", scene_text);
    // The system may give the process too little memory for them.
    let told = limited(400_000);
    assert_eq!(told.code, Some(2), "{told}");
    let sentence = "its 20000 × 20000 pixels take 400000000 bytes (381.5 MiB) of memory, and ";
    assert!(told.stderr.contains(sentence), "{told}");
}
