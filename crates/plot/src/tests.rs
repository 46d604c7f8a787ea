//! Tests complete pictures: which pixel shows which node, and the presence of title, labels and colour bar.

use super::colormap::LEVELS;
use super::{
    colours::NOT_FINITE,
    paper::Paper,
    template::{SIDE, Template},
    *,
};
use diff2d_sys::Destination;
use ndarray::{Array2, array};

fn style() -> Style {
    Style::new(Range::default())
}

/// A picture, and the colour of every node's central pixel by (row, column).
fn drawn(field: &Array2<f64>, extent: Extent, style: &Style) -> (Bitmap, Array2<[u8; 3]>) {
    let view = field.view();
    let frame = Frame::new(&view, extent).at(1.5);
    let template = Template::new(&frame, style, SIDE, LEVELS).expect("a template");
    let bitmap = picture(&frame, style).expect("a picture");
    let (rows, columns) = field.dim();
    let panel = template.panel();
    let colours = Array2::from_shape_fn(field.dim(), |(j, i)| {
        let x = panel.left + (2 * i + 1) * panel.width / (2 * columns);
        let y = panel.bottom() - 1 - (2 * j + 1) * panel.height / (2 * rows);
        bitmap.pixel(x, y).expect("a pixel of the panel")
    });
    (bitmap, colours)
}

#[test]
fn every_node_has_its_colour_at_its_place() {
    let field = Array2::from_shape_fn((5, 8), |(j, i)| (j * 8 + i) as f64 / 39.0);
    let style = style();
    for extent in [Extent::counted(), Extent::nodes((-1.0, 6.0), (2.0, 6.0))] {
        let (_, colours) = drawn(&field, extent, &style);
        for (colour, value) in colours.iter().zip(&field) {
            let level = ((value * 256.0) as usize).min(255);
            assert_eq!(*colour, style.colormap.colour(level as f64 / 255.0));
        }
    }
}

#[test]
fn values_that_are_not_finite_are_grey_and_constant_fields_have_the_middle_colour() {
    let field = array![[f64::NAN, 0.5], [f64::INFINITY, 1.0]];
    let (_, colours) = drawn(&field, Extent::counted(), &style());
    assert_eq!((colours[[0, 0]], colours[[1, 0]]), (NOT_FINITE, NOT_FINITE));
    for value in [0.0, -4.0, 1e-300, 1e300] {
        let field = Array2::from_elem((3, 3), value);
        let range = Range::of([&field.view() as &dyn Values])
            .expect("values in memory")
            .expect("a finite value");
        let style = Style::new(range);
        let (_, colours) = drawn(&field, Extent::counted(), &style);
        let middle = [127.0, 128.0].map(|level| style.colormap.colour(level / 255.0));
        assert!(colours.iter().all(|c| middle.contains(c)), "{value}");
    }
}

/// Whether a part of the picture contains a dark pixel.
fn inked(bitmap: &Bitmap, x: std::ops::Range<usize>, mut y: std::ops::Range<usize>) -> bool {
    let dark = |x, y| {
        bitmap
            .pixel(x, y)
            .is_some_and(|c| c.iter().all(|v| *v < 100))
    };
    y.any(|y| x.clone().any(|x| dark(x, y)))
}

#[test]
fn title_labels_and_colour_bar_are_drawn_within_the_margins() {
    let shapes = [
        (1, 1),
        (1, 9),
        (9, 1),
        (2, 400),
        (400, 2),
        (30, 40),
        (1200, 700),
    ];
    let ranges = [
        "0:1",
        "-1e-9:2e-9",
        "1e300:1.1e300",
        "1:1.0000000001",
        "-0.5:1234.5",
    ];
    for (shape, range) in shapes.iter().flat_map(|s| ranges.map(|r| (*s, r))) {
        let field = Array2::<f64>::zeros(shape);
        let view = field.view();
        let style = Style {
            quantity: "p".to_string(),
            ..Style::new(range.parse().expect("a range"))
        };
        let frame = Frame::new(&view as &dyn Values, Extent::counted()).at(2.4975);
        let template = Template::new(&frame, &style, 400, LEVELS).expect("a template");
        let panel = *template.panel();
        let bitmap = template.print(&frame).expect("a picture");
        let (width, height) = (bitmap.width(), bitmap.height());
        assert!(
            width < 900 && height < 900,
            "{shape:?} {range}: {width} {height}"
        );
        let line = 3;
        assert!(
            inked(&bitmap, 0..width, 0..panel.top - line),
            "{shape:?} {range}: title"
        );
        assert!(
            inked(&bitmap, 0..panel.left - line, 0..height),
            "{shape:?} {range}: y"
        );
        assert!(inked(
            &bitmap,
            0..panel.right(),
            panel.bottom() + line..height
        ));
        assert!(
            inked(&bitmap, panel.right() + 40..width, 0..height),
            "{shape:?}: bar"
        );
        let rim = |x: usize, y: usize| bitmap.pixel(x, y) == Some([255; 3]);
        for d in 0..4 {
            assert!(
                (0..width).all(|x| rim(x, d) && rim(x, height - 1 - d)),
                "{shape:?} {range}"
            );
            assert!(
                (0..height).all(|y| rim(d, y) && rim(width - 1 - d, y)),
                "{shape:?} {range}"
            );
        }
    }
}

#[test]
fn pictures_of_a_series_have_one_size() {
    let field = Array2::from_shape_fn((20, 20), |(j, i)| (i + j) as f64 / 40.0);
    let view = field.view();
    let frame = |time| picture(&Frame::new(&view, Extent::counted()).at(time), &style());
    let (one, two) = (frame(0.0).expect("one"), frame(12345.678).expect("two"));
    assert_eq!((one.width(), one.height()), (two.width(), two.height()));
    assert_ne!(one, two);
}

#[test]
fn a_sheet_takes_the_frames_it_was_made_for() {
    let field = Array2::from_elem((10, 10), 1.0);
    let other = Array2::from_elem((10, 11), 1.0);
    let (view, other) = (field.view(), other.view());
    let frame = Frame::new(&view, Extent::counted()).numbered(0);
    let to = Destination::examine("sheet.png".as_ref()).expect("a name");
    let told = |error: Error| error.to_string();
    let empty = Sheet::new(&to, &frame, 0, &style()).err().map(told);
    assert_eq!(empty.as_deref(), Some("there is no frame to draw"));
    let mut sheet = Sheet::new(&to, &frame, 2, &style()).expect("a sheet");
    sheet.push(&frame).expect("the first panel");
    let wrong = sheet.push(&Frame::new(&other, Extent::counted()));
    assert!(told(wrong.unwrap_err()).contains("share a shape"));
    sheet.push(&frame).expect("the second panel");
    assert!(matches!(sheet.push(&frame), Err(Error::Full(2))));
    let Paper::Pixels(bitmap) = sheet.paper else {
        panic!("no pixels");
    };
    let yellow = style().colormap.colour(1.0);
    let cells = (0..bitmap.width()).filter(|x| bitmap.pixel(*x, 100) == Some(yellow));
    assert!(cells.count() >= 400);
}

#[test]
fn files_appear_complete_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("plot-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let count = || std::fs::read_dir(&folder).expect("the folder").count();
    let field = Array2::from_shape_fn((12, 9), |(j, i)| (i * j) as f64 / 88.0);
    let view = field.view();
    let frame = Frame::new(&view, Extent::counted()).at(0.5);
    let bitmap = picture(&frame, &style()).expect("a picture");
    let to = |path: &std::path::Path| Destination::examine(path).expect("examined");
    bitmap.save(&to(&folder.join("0000.png"))).expect("saved");
    assert_eq!(count(), 1);

    let gif = folder.join("animation.gif");
    let mut left = Animation::new(&to(&gif), &style());
    left.push(&frame).expect("a frame");
    assert!(!gif.exists());
    drop(left);
    assert_eq!(count(), 1);
    let mut animation = Animation::new(&to(&gif), &style());
    for time in [0.0, 0.5, 1.0] {
        animation
            .push(&Frame::new(&view, Extent::counted()).at(time))
            .expect("a frame");
    }
    animation.finish().expect("finished");
    assert_eq!(count(), 2);

    let mut decoder = gif::DecodeOptions::new();
    decoder.set_color_output(gif::ColorOutput::RGBA);
    let file = std::fs::File::open(&gif).expect("the animation");
    let mut decoder = decoder.read_info(file).expect("a GIF");
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    let mut frames = 0;
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        frames += 1;
        assert!(frame.delay >= 4);
    }
    assert_eq!(frames, 3);

    let nowhere = folder.join("missing").join("0000.png");
    let unwritten = bitmap.save(&to(&nowhere)).unwrap_err().to_string();
    assert!(unwritten.starts_with("could not write"), "{unwritten}");
    let empty = Animation::new(&to(&gif), &style()).finish().unwrap_err();
    assert_eq!(empty.to_string(), "there is no frame to draw");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn empty_fields_and_unknown_names_are_refused_in_a_sentence() {
    let field = Array2::<f64>::zeros((0, 5));
    let view = field.view();
    let error = picture(&Frame::new(&view, Extent::counted()), &style()).expect_err("empty");
    assert_eq!(
        error.to_string(),
        "a field of 0 by 5 values has nothing to draw"
    );
    let error = "jet".parse::<Colormap>().expect_err("unknown").to_string();
    assert!(error.starts_with("no colour map is called 'jet'; there are viridis, inferno"));
    let error = "Virdis_R"
        .parse::<Colormap>()
        .expect_err("misspelt")
        .to_string();
    assert!(error.contains("did you mean 'viridis'?"));
    let map = Colormap::default();
    assert_eq!(map.colour(f64::INFINITY), map.colour(1.0));
    assert_eq!(map.colour(f64::NAN).len(), 3); // which one does not matter
    for name in Colormap::NAMES {
        let map: Colormap = name.to_uppercase().parse().expect("a known map");
        let turned: Colormap = format!("{name}_r").parse().expect("its reverse");
        assert_eq!(
            (map.to_string(), turned.to_string()),
            (name.to_string(), format!("{name}_r"))
        );
        assert_eq!(map.colour(0.25), turned.colour(0.75));
    }
}
