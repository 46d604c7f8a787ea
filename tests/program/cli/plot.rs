//! `diff2d plot`, and pictures drawn while a run goes on.

use super::{cut_journal, npy, shell};
use crate::common::{SMALL, Scene};
use insta::assert_snapshot;
use serde_json::Value;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

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
    diff2d: --snapshots 4:: there is no such snapshot; c.npy has 4
    ");
    assert_snapshot!(scene.run("plot c.npy --snapshots first"), @r"
    exit 2
    diff2d: --snapshots first: expected a range as in Python, such as 2:8, :3, -1: or ::24, several with commas between, or times such as t=0,2.5
    ");
    assert_snapshot!(scene.run("plot c.npy --colormap virids"), @r"
    exit 2
    diff2d: no colour map is called 'virids' (did you mean 'viridis'?); there are viridis, inferno, magma, plasma, cividis, turbo, cubehelix, gray, grays, blues, coolwarm, rdbu, puor, brbg
    ");
    assert_snapshot!(scene.run("plot c.npy --range 1"), @r"
    exit 2
    diff2d: '1' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1, or write frame or symmetric
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
    // As doubles, the elements of the frame do not fit into the address space that is allowed below. The test writes them itself,
    // because a formula takes ten seconds for so many where arrays are not optimised.
    const ROWS: usize = 4000;
    const COLUMNS: usize = 8000;
    scene.succeed(&format!(
        "create big.npy --shape {ROWS},{COLUMNS} --dtype u1"
    ));
    let mut bytes = scene.read("big.npy");
    let data_begin = bytes.len() - ROWS * COLUMNS;
    for (at, byte) in bytes[data_begin..].iter_mut().enumerate() {
        *byte = ((at / COLUMNS) * (at % COLUMNS) / 350_000) as u8;
    }
    scene.write("big.npy", bytes);
    let told = shell(
        &scene,
        // Each thread reserves address space, too.
        "ulimit -v 200000; export RAYON_NUM_THREADS=2 MALLOC_ARENA_MAX=1; \
         \"$DIFF2D\" plot big.npy --memory 4MiB --range 0:95 -o one",
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
    assert_snapshot!(scene.run("plot c.npy -o x.jpg"), @r"
    exit 2
    diff2d: -o x.jpg: pictures are FILE.png, FILE.svg, FILE.pdf, or 0000.png, 0001.png, … in a directory; give it a name such as x.png or x
    ");
    assert_snapshot!(scene.run("plot c.npy -o c.npy"), @r"
    exit 2
    diff2d: -o c.npy: pictures are FILE.png, FILE.svg, FILE.pdf, or 0000.png, 0001.png, … in a directory; give it a name such as c.png or c
    ");
    scene.write("c", "a file");
    assert_snapshot!(scene.run("plot c.npy"), @r"
    exit 2
    diff2d: the pictures would go to the directory c, which is a file: choose another with -o
    ");
    assert_eq!(scene.files(), ["c", "c.npy"]);
}

#[test]
fn a_single_picture_is_png_svg_or_pdf() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let beginnings: [(&str, &[u8]); 3] = [
        ("a.png", b"\x89PNG"),
        ("a.svg", b"<svg "),
        ("a.pdf", b"%PDF-"),
    ];
    for (name, beginning) in beginnings {
        let words =
            format!("plot c.npy --snapshots -1: --contours 0.1,0.2 --xlabel width -o {name}");
        assert_eq!(scene.succeed(&words).stdout, format!("{name}\n"));
        assert!(
            std::fs::read(scene.path(name))
                .unwrap()
                .starts_with(beginning)
        );
        // Pictures are replaced; other files are not.
        scene.succeed(&words);
        scene.write(name, "notes");
        assert_eq!(scene.run(&words).code, Some(2), "{name}");
        assert_eq!(scene.text(name), "notes");
        scene.succeed(&format!("{words} --force"));
    }
    assert!(scene.text("a.svg").contains(">width</text>"));
    assert!(
        scene
            .text("a.svg")
            .contains("href=\"data:image/png;base64,")
    );
    let size = |name: &str| {
        let file = std::fs::File::open(scene.path(name)).unwrap();
        let reader = png::Decoder::new(std::io::BufReader::new(file))
            .read_info()
            .unwrap();
        (reader.info().width, reader.info().pixel_dims)
    };
    scene.succeed("plot c.npy --snapshots 0 --dpi 200 -o b.png");
    let ((usual, none), (twice, told)) = (size("a.png"), size("b.png"));
    assert!(twice > 3 * usual / 2, "{usual} {twice}");
    assert!(none.is_none());
    assert_eq!(told.map(|told| told.xppu), Some(7874));
    for (words, why) in [
        ("-o d.png", "is one picture, and 4 are to be drawn"),
        (
            "--sheet=only -o d.gif",
            "this picture is PNG, SVG, PDF; name it d.png",
        ),
        ("--fps 10", "--animate"),
        (
            "--line y=0 --history x=0,y=0 -o d.svg",
            "is one picture, and 2 are",
        ),
        ("--snapshots 0 -o c.npy", "pictures are FILE.png"),
    ] {
        let told = scene.run(&format!("plot c.npy {words}"));
        assert_eq!(told.code, Some(2), "{words}");
        assert!(told.stderr.contains(why), "{words}: {}", told.stderr);
    }
    // What shows many frames is one picture, too.
    for words in ["--sheet", "--line y=0", "--history x=0,y=0"] {
        for (name, beginning) in &beginnings {
            let name = name.replace('a', "e");
            let told = scene.succeed(&format!("plot c.npy {words} -o {name}"));
            assert_eq!(told.stdout, format!("{name}\n"));
            assert!(scene.read(&name).starts_with(beginning), "{words} {name}");
        }
    }
    scene.succeed("plot c.npy --sheet=only -o sheet.png");
    // Of four frames three stay a twentieth of a second; the last one stays longer.
    let told = scene.succeed("plot c.npy --animate --fps 20 -o film.gif");
    assert_eq!(told.stdout, "film.gif\n");
    let film = scene.read("film.gif");
    let delay = |hundredths: u8| [0x21, 0xf9, 4, 4, hundredths, 0];
    let count = |delay: [u8; 6]| film.windows(6).filter(|part| *part == delay).count();
    assert_eq!((count(delay(5)), count(delay(100))), (3, 1));
    assert!(!scene.exists("c") && !scene.exists("d.png"));
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

/// Width and height of a PNG.
fn size_of(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn snapshots_are_chosen_by_numbers_and_times() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    assert_eq!(
        scene.succeed("plot c.npy --snapshots 3,0,-1,0:1").stdout,
        "c/0003.png\nc/0000.png\n"
    );
    let told = scene.succeed("plot c.npy --snapshots t=1.2,3.8 -o t");
    assert_eq!(told.stdout, "t/0001.png\nt/0003.png\n");
    assert_snapshot!(told.stderr, @"diff2d: --snapshots t=1.2,3.8: t = 1.25 (snapshot 1), t = 3.75 (snapshot 3)");
    assert_eq!(
        scene
            .succeed("plot c.npy --snapshots t=1.3:2.4 -o t2")
            .stdout,
        "t2/0001.png\nt2/0002.png\n"
    );
    assert_snapshot!(scene.run("plot c.npy --snapshots t=9"), @r"
    exit 2
    diff2d: t=9: c.npy reaches from 0.0 to 3.75
    ");
    assert_snapshot!(scene.run("plot c.npy --snapshots 0,9"), @r"
    exit 2
    diff2d: --snapshots 0,9: there is no snapshot 9; c.npy has 4
    ");
    scene.succeed("create a.npy --shape 3,5,5");
    assert_snapshot!(scene.run("plot a.npy --snapshots t=0"), @r"
    exit 2
    diff2d: --snapshots t=0: no times are known of the frames of a.npy; choose them by their numbers, such as -1:
    ");
}

#[test]
fn pictures_have_the_size_that_is_asked_for() {
    let scene = Scene::new();
    for shape in ["3,20,30", "2,1,900", "2,900,1", "1,1,1"] {
        scene.succeed(&format!(
            "create c.npy --force --shape {shape} --fill i0+i1*i2"
        ));
        for size in ["400x300", "300x700", "200x200"] {
            let options = format!("plot c.npy --size {size} --sheet --title Some");
            let told = scene.succeed(&format!("{options} --contours 4 --range frame"));
            for name in told.stdout.lines() {
                let (width, height) = size_of(&scene.read(name));
                assert_eq!(format!("{width}x{height}"), size, "{shape} {name}");
            }
        }
    }
    for size in ["100x100", "5000x300", "12", "axb", "-1x5"] {
        let told = scene.run(&format!("plot c.npy --size={size}"));
        assert_eq!(
            (told.code, told.stderr.lines().count()),
            (Some(2), 1),
            "{told}"
        );
        assert!(told.stderr.contains("each from 200 to 4096"), "{told}");
    }
}

#[test]
fn what_cannot_be_drawn_together_is_refused_in_a_sentence() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    assert_snapshot!(scene.run("plot c.npy --log --range symmetric"), @r"
    exit 2
    diff2d: --log with --range symmetric: values below 0 have no logarithm; leave one of both out
    ");
    assert_snapshot!(scene.run("plot c.npy --log --range 0:1"), @r"
    exit 2
    diff2d: --log with --range 0:1: only values above 0 have a logarithm; begin the range above 0, such as 1e-6:1
    ");
    assert_snapshot!(scene.run("plot c.npy --line y=0 --contours 6"), @r"
    exit 2
    diff2d: --contours: curves have no contour lines; leave it out, or add --sheet=only, --animate or --html
    ");
    assert_snapshot!(scene.run("plot c.npy --html c.npy"), @r"
    exit 2
    diff2d: --html c.npy: the name of a page ends in .html
    ");
    assert_snapshot!(scene.run("plot c.npy --line 5"), @r"
    exit 2
    diff2d: --line 5: expected one coordinate that is the same along the line, such as y=0 or x=2.5
    ");
    assert_snapshot!(scene.run("plot c.npy --line y=50"), @r"
    exit 2
    diff2d: y=50: c.npy reaches from -11.0 to 11.0
    ");
    assert_snapshot!(scene.run("plot c.npy --history x=0"), @r"
    exit 2
    diff2d: --history x=0: expected both coordinates of a place, such as x=0,y=0
    ");
    scene.succeed("create a.npy --shape 5,5");
    assert_snapshot!(scene.run("plot a.npy --follow"), @r"
    exit 2
    diff2d: --follow: a.npy is no cube with a journal, so no snapshots will follow
    ");
    assert_snapshot!(scene.run("plot a.npy --quiet --history x=0,y=0"), @r"
    exit 2
    diff2d: --history: a.npy has no one history of a node, as it is a single frame
    ");
    assert_snapshot!(scene.run("plot a.npy --line y=5"), @r"
    exit 2
    diff2d: row=5: expected a whole number from -5 to 4
    ");
    assert!(!scene.exists("a") && !scene.exists("c"));
}

/// The page finds the round values itself (`tests/html` looks at its lines); it is told how many there may be.
#[test]
fn the_page_has_as_many_contour_lines_as_are_asked_for() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    for (options, contours) in [("", 0), ("--contours 6", 6), ("--contours 6 --line y=0", 6)] {
        scene.succeed(&format!("plot c.npy --html c.html {options}"));
        let told = format!("\"contours\":{contours},");
        assert_eq!(scene.text("c.html").matches(&told).count(), 1, "{options}");
    }
    scene.succeed("plot c.npy --html c.html --contours 0.25,0.5");
    assert!(scene.text("c.html").contains("\"contours\":[0.25,0.5],"));
    for count in ["0", "101", "six", "1,x", "1,inf"] {
        let told = scene.run(&format!("plot c.npy --html d.html --contours={count}"));
        assert_eq!(told.code, Some(2), "{told}");
    }
    assert!(!scene.exists("d.html"));
}

/// The points of the curves of an SVG, in its coordinates.
fn curves(svg: &str) -> Vec<Vec<(f64, f64)>> {
    let paths = svg.lines().filter(|line| line.contains("clip-path=\"url"));
    paths
        .map(|line| {
            let path = line
                .split(" d=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            let points = path.split(['M', 'L']).filter(|point| !point.is_empty());
            points
                .map(|point| {
                    let (x, y) = point.trim_end_matches("h0").split_once(' ').unwrap();
                    (x.parse().unwrap(), y.parse().unwrap())
                })
                .collect()
        })
        .collect()
}

#[test]
fn lines_and_histories_are_curves_through_the_values() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("plot c.npy --line y=0.4 --history x=0,y=0 --history x=5,y=-5 -o d");
    assert_eq!(told.stdout, "d/line-y=0.4.svg\nd/history.svg\n");
    assert!(
        told.stderr
            .contains("straight lines join the 4 snapshots: points of a [record]"),
        "{told}"
    );
    assert_eq!(
        scene
            .files()
            .iter()
            .filter(|name| name.starts_with("d/"))
            .count(),
        2
    );

    // Every curve is an affine image of what `probe` prints.
    let svg = scene.text("d/history.svg");
    assert!(svg.contains(">x = 0, y = 0</text>") && svg.contains(">x = 5, y = -5</text>"));
    let probed = |at: &str| -> Vec<f64> {
        let told = scene.succeed(&format!("probe c.npy --series --at {at}"));
        let values = told.stdout.lines().skip(1);
        values
            .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
            .collect()
    };
    let drawn = curves(&svg);
    let (one, two) = (probed("x=0,y=0"), probed("x=5,y=-5"));
    assert_eq!((drawn.len(), drawn[0].len()), (2, 4));
    let slope = (drawn[1][0].1 - drawn[0][0].1) / (two[0] - one[0]);
    for (curve, values) in drawn.iter().zip([&one, &two]) {
        for (point, value) in curve.iter().zip(values) {
            let expected = drawn[0][0].1 + slope * (value - one[0]);
            assert!((point.1 - expected).abs() < 0.05, "{point:?} {value}");
        }
    }
    // A line has a point for every node, one curve a frame.
    let lines = curves(&scene.text("d/line-y=0.4.svg"));
    assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [22; 4]);

    // Without coordinates, places are numbers.
    scene.succeed("create a.npy --shape 40,7,9 --fill i0+i1*i2");
    let told = scene.succeed("plot a.npy --line x=-1 --history row=2,column=3");
    assert_eq!(told.stdout, "a/line-x=-1.svg\na/history.svg\n");
    assert!(told.stderr.contains("12 of 40 frames are drawn"), "{told}");
    assert_eq!(curves(&scene.text("a/line-x=-1.svg"))[0].len(), 7);
    assert!(scene.text("a/line-x=-1.svg").contains(">row</text>"));
    // Or their axes have names, which pictures and places take; what they show are indices, and in no unit.
    let axes = "--axes time:h,lat:deg,lon:deg";
    scene.succeed(&format!("plot a.npy {axes} --snapshots 3 -o named.svg"));
    let field = scene.text("named.svg");
    for text in [">lat</text>", ">lon</text>", ">time 3</text>"] {
        assert!(field.contains(text), "{text}");
    }
    scene.succeed(&format!(
        "plot a.npy {axes} --line lon=-1 --history lat=2,lon=3 -o n"
    ));
    assert!(scene.text("n/line-lon=-1.svg").contains(">lat</text>"));
    let history = scene.text("n/history.svg");
    for text in [">time</text>", ">lon = 3, lat = 2</text>"] {
        assert!(history.contains(text), "{text}");
    }
    // Numbers of frames are those of the file.
    scene.succeed("plot a.npy[::12] --snapshots 2 -o part.svg");
    assert!(scene.text("part.svg").contains(">snapshot 24</text>"));
}

#[test]
fn texts_of_users_are_no_markup() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let title = "</script></title><script>alert(1)</script> & \"x\"";
    scene.succeed_args([
        "plot", "c.npy", "--line", "y=0", "--html", "p.html", "--title", title, "--label", title,
        "-o", "d",
    ]);
    for name in ["p.html", "d/line-y=0.svg"] {
        let text = scene.text(name);
        assert!(!text.contains("<script>alert"), "{name}");
        // A namespace is a name, and nothing is loaded from there.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http:") && !text.contains("https:"),
            "{name}"
        );
    }
    assert_eq!(scene.text("p.html").matches("<title>").count(), 1);
    assert!(!scene.exists("d/0000.png"));
}

#[test]
fn differences_are_drawn_about_0_with_their_coordinates() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o a.npy");
    scene.succeed("run p.toml -o b.npy --set boundary.left=0.1");
    scene.run("compare a.npy b.npy -o d.npy");
    assert!(
        scene
            .text("d.axes.json")
            .contains("\"quantity\":\"difference\"")
    );
    scene.succeed("plot d.npy -o one --snapshots -1");
    scene.succeed(
        "plot d.npy -o two --snapshots -1 --range symmetric --colormap coolwarm --label difference",
    );
    assert!(scene.read("one/0003.png") == scene.read("two/0003.png"));
    scene.succeed("plot d.npy -o three --snapshots -1 --range frame");
    assert!(scene.read("one/0003.png") != scene.read("three/0003.png"));
}

#[test]
fn plot_follows_a_run_and_ends_with_it() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("plot c.npy --follow --sheet --animate --line y=0 --snapshots ::2");
    assert_eq!(
        told.stdout,
        "c/sheet.png\nc/animation.gif\nc/line-y=0.svg\n"
    );
    let told = scene.succeed("plot c.npy --follow --snapshots 1:");
    assert_eq!(told.stdout, "c/0001.png\nc/0002.png\nc/0003.png\n");
    cut_journal(&scene, "c.journal", 3);
    let told = scene.run("plot c.npy --follow -o partial");
    assert_eq!(
        (told.code, told.stdout.lines().count()),
        (Some(1), 2),
        "{told}"
    );
    assert!(
        told.stderr.contains("`diff2d run --resume` continues it"),
        "{told}"
    );
}

#[test]
fn a_title_of_any_length_is_cut() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 8,8 --fill i0");
    let title = format!("- {}", "wide ".repeat(20_000));
    for options in [&["-o", "a"][..], &["-o", "s", "--sheet=only"]] {
        let arguments = ["plot", "a.npy", "--title", &title];
        scene.succeed_args(arguments.iter().chain(options));
    }
}

/// Units are told wherever the axes are; without them nothing changes.
#[test]
fn units_stand_beside_the_names_of_axes() {
    let scene = Scene::small();
    let units = "[units]\nx = \"m\"\ny = \"km\"\nt = \"h\"\np = \"mol/m³\"\n";
    scene.write("u.toml", scene.text("p.toml") + units);
    scene.succeed("run u.toml -o u.npy");
    scene.succeed("run p.toml -o c.npy");
    assert_eq!(scene.read("u.npy"), scene.read("c.npy"));
    scene.succeed("window u.npy --window 2,1,1 --op mean -o w.npy");
    for (cube, label) in [("u.npy", "p [mol/m³]"), ("w.npy", "")] {
        scene.succeed(&format!("plot {cube} --snapshots 1 -o a.svg"));
        let text = scene.text("a.svg");
        for part in ["x [m]", "y [km]", " h<", label] {
            assert!(text.contains(part), "{cube}: {part}");
        }
        fs::remove_file(scene.path("a.svg")).unwrap();
    }
    scene.succeed("plot u.npy --history x=0,y=0 -o history.svg");
    let text = scene.text("history.svg");
    assert!(
        text.contains("t [h]") && text.contains("p [mol/m³]"),
        "{text}"
    );
    scene.succeed("plot c.npy --snapshots 1 -o b.svg");
    assert!(!scene.text("b.svg").contains('['));
    // Around an axis the letters are others.
    let round = "--set coordinates=axisymmetric --set grid=walls --set x1=0 --set x2=10";
    scene.succeed(&format!("run u.toml {round} -o r.npy"));
    scene.succeed("plot r.npy --snapshots 1 -o r.svg");
    let text = scene.text("r.svg");
    assert!(text.contains("r [m]") && text.contains("z [km]"), "{text}");
    scene.succeed("plot r.npy --line y=0 -o line.svg");
    assert!(scene.text("line.svg").contains("r [m]"));
    scene.succeed("export u.npy --to zarr -o z.zarr");
    for (name, unit) in [("t", "h"), ("y", "km"), ("x", "m"), ("p", "mol/m³")] {
        let text = scene.text(&format!("z.zarr/{name}/zarr.json"));
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["attributes"]["units"], unit, "{name}");
    }
    // They decide no bit.
    scene.succeed("run p.toml -o c.npy --resume --set units.x=cm");
    for (value, reason) in [
        ("1", "an integer"),
        ("\"\"", "1 to 40 letters"),
        ("\"a\\nb\"", "1 to 40 letters"),
    ] {
        let told = scene.run_args(["plan", "p.toml", "--set", &format!("units.x={value}")]);
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{told}"
        );
    }
}

#[test]
fn titles_and_units_are_those_that_are_asked_for() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --set units={x=\"m\",t=\"s\",p=\"K\"}");
    let texts = |words: &str| -> Vec<String> {
        scene.succeed(&format!("plot c.npy {words} -o a.svg --force"));
        let svg = scene.text("a.svg");
        let parts = svg
            .split("</text>")
            .filter_map(|part| part.rsplit('>').next());
        parts.map(str::to_owned).collect()
    };
    let has = |texts: &[String], text: &str| texts.iter().any(|found| found == text);
    let plain = texts("--snapshots 0");
    assert!(
        has(&plain, "t = 0.00 s") && has(&plain, "x [m]") && has(&plain, "y"),
        "{plain:?}"
    );
    let named = texts("--snapshots 0 --title Peaks --label T --xlabel width --ylabel y_(km)");
    assert!(
        has(&named, "Peaks") && has(&named, "T [K]") && has(&named, "width [m]"),
        "{named:?}"
    );
    assert!(
        has(&named, "y_(km)") && !named.iter().any(|text| text.contains("t =")),
        "{named:?}"
    );
    let none = texts("--snapshots 0 --title=");
    assert!(!none.iter().any(|text| text.contains("t =")), "{none:?}");
    assert!(has(
        &texts("--snapshots 0 --title after_{t}"),
        "after_0.00 s"
    ));
    let sheet = texts("--sheet --title Peaks --time-unit min");
    assert!(
        has(&sheet, "Peaks") && sheet.iter().any(|text| text.ends_with(" min")),
        "{sheet:?}"
    );
    let line = texts("--line y=0 --snapshots 0 --title at_{t}");
    assert!(has(&line, "at_0.00 s") && !has(&line, "y = 0"), "{line:?}");
    // Without units, too, columns of different kinds have charts of their own.
    let record = "--set record.every=0.5 --set record.totals=true";
    scene.succeed(&format!("run p.toml -o r.npy {record}"));
    scene.succeed("plot r.npy --record mass,left_rate,right_rate -o r.svg");
    let charts = scene.text("r.svg");
    assert_eq!(charts.matches(">mass<").count(), 1, "{charts}");
    let history = texts("--history x=0,y=0 --history x=1,y=0 --time-unit h");
    assert!(
        has(&history, "t [h]") && has(&history, "x = 0 m, y = 0"),
        "{history:?}"
    );
    // A plane says at which index of the axes that it has not it lies.
    for (plane, title) in [
        ("c.npy[1]", "t = 1.25 s"),
        ("c.npy[t=2.4]", "t = 2.5 s"),
        ("c.npy[:,:,4]", "x = −6.8095 m"),
        ("c.npy[y=0]", "y = −0.52381"),
    ] {
        scene.succeed(&format!("plot {plane} --snapshots 0 -o a.svg --force"));
        let svg = scene.text("a.svg");
        assert!(svg.contains(&format!(">{title}<")), "{plane}: {svg}");
    }
    // Where times are not multiples of one interval, each title has its own digits.
    scene.succeed("run p.toml -o c.npy --force --set units.t=s --set t0=0.002");
    assert!(has(&texts("--snapshots 0"), "t = 0.002 s"));
    let uneven = SMALL
        .replace("runtime = 3.75\n", "")
        .replace("outtime = 1.25\n", "outtimes = [0.0012, 0.0015, 2.5]\n");
    scene.write("u.toml", uneven);
    scene.succeed("run u.toml -o u.npy --set units.t=s");
    for (snapshot, title) in [(1, "t = 0.0012 s"), (2, "t = 0.0015 s"), (3, "t = 2.5 s")] {
        scene.succeed(&format!(
            "plot u.npy --snapshots {snapshot} -o u.svg --force"
        ));
        let svg = scene.text("u.svg");
        assert!(svg.contains(&format!(">{title}<")), "{svg}");
    }
    // Of a long run in seconds the times are in days, and of other units as they are.
    scene.succeed("run p.toml -o c.npy --force --set units.t=s --set D=1e-7 --set runtime=2e7 --set outtime=1e7");
    let days = texts("--snapshots 1");
    assert!(
        days.iter()
            .any(|text| text.starts_with("t = 115.") && text.ends_with(" d")),
        "{days:?}"
    );
    scene.succeed("run p.toml -o c.npy --force --set units.t=years");
    let told = scene.run("plot c.npy --time-unit d");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr
            .contains("times of c.npy are in years; units.t may be s, min, h or d"),
        "{told}"
    );
}

#[test]
fn contour_lines_asked_for_one_by_one_have_labels_and_statistics_their_names() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("plot c.npy --snapshots 0 --contours 0.125,0.5 -o a.svg");
    let count = |file: &str, label: &str| scene.text(file).matches(&format!(">{label}<")).count();
    // The colour bar has its own ticks.
    assert_eq!((count("a.svg", "0.125"), count("a.svg", "0.5")), (4, 5));
    scene.succeed("plot c.npy --snapshots 0 --contours 1 -o b.svg");
    let told = scene.succeed("plot c.npy --snapshots 0 --contours 2.0 -o d.svg");
    assert!(
        told.stderr
            .contains("no line at 2, since the values drawn lie between 0 and "),
        "{told}"
    );
    let told = scene.succeed("plot c.npy --snapshots 0 --contours 0.1,0.5 --range 0:0.2 -o d.svg");
    assert!(
        told.stderr
            .contains("no line at 0.5, which lies beyond the colours, 0:0.2"),
        "{told}"
    );
    assert!(!told.stderr.contains("at 0.1"), "{told}");
    let told = scene.run("plot c.npy --snapshots 0 --contours 0 -o d.svg");
    assert!(
        told.stderr.contains("the line at the value 0 is 0.0"),
        "{told}"
    );
    assert!(count("b.svg", "0.5") <= 1);
    scene.succeed("stats c.npy --axis t -o s.npy");
    for (index, name) in ["count", "sum", "mean", "std", "min", "max"]
        .iter()
        .enumerate()
    {
        scene.succeed(&format!("plot s.npy --snapshots {index} -o {name}.svg"));
        // The title of the document, and that of the picture.
        assert_eq!(count(&format!("{name}.svg"), name), 2);
    }
}

/// Larger coordinates lie higher and further to the right, whichever order the file has them in.
#[test]
fn the_order_of_coordinates_in_the_file_turns_no_picture() {
    let scene = Scene::new();
    for (name, shape, fill) in [
        ("up", "6", "i0"),
        ("down", "6", "5 - i0"),
        ("right", "4", "i0"),
        ("left", "4", "3 - i0"),
        ("a", "2,6,4", "i0 + i1*i1 + i2/3"),
        ("b", "2,6,4", "i0 + (5-i1)*(5-i1) + (3-i2)/3"),
    ] {
        let fill = fill.replace(' ', "");
        scene.succeed(&format!("create {name}.npy --shape {shape} --fill {fill}"));
    }
    for (name, axes) in [
        ("a", "t,lat=up.npy,lon=right.npy"),
        ("b", "t,lat=down.npy,lon=left.npy"),
    ] {
        for (picture, options) in [
            ("one.png", "--snapshots 1 --title x -o"),
            ("sheet", "--sheet=only --animate -o"),
        ] {
            scene.succeed(&format!(
                "plot {name}.npy --axes {axes} {options} {name}_{picture}"
            ));
        }
    }
    for picture in ["one.png", "sheet/sheet.png", "sheet/animation.gif"] {
        let [one, other] = ["a", "b"].map(|name| scene.read(&format!("{name}_{picture}")));
        assert!(one == other, "{picture}");
    }
}
