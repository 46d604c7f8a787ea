//! Pictures of every kind, and when their files are read.

use crate::common::{Scene, write_half_white};
use diff2d::{Field, ParamsError, Problem, Sweep};
use flate2::{Compression, write::ZlibEncoder};
use png::{BitDepth, ColorType, Encoder, Info};
use std::{fs, io::Write};

const WIDTH: usize = 9;
const HEIGHT: usize = 5;
/// Red, green and blue of four colours, and the opacity of three of them.
const PALETTE: [u8; 12] = [10, 10, 10, 255, 0, 77, 3, 200, 250, 255, 255, 255];
const OPACITIES: [u8; 3] = [0, 128, 255];
/// The pixel whose grey value is the transparent one, where a picture names one.
const CLEAR_PIXEL: usize = 7;

/// The initial state from `u.png`, whose pixels lie on the nodes.
fn state(scene: &Scene) -> Vec<f64> {
    let text = "D = 1\nx1 = 0\nx2 = 2\ny1 = 0\ny2 = 1\ndx = 0.25\ngrid = 'walls'\nruntime = 1\nouttime = 1\n\
         initial = {kind = 'image', path = 'u.png', alpha = 'white'}\n\
         boundary = {left = {flux = 0}, right = {flux = 0}, bottom = {flux = 0}, top = {flux = 0}}\n";
    scene.write("p.toml", text);
    let problem = Problem::load(&scene.path("p.toml"), &[]).unwrap();
    let mut field = Field::<f64>::zeros((HEIGHT, WIDTH)).unwrap();
    problem.fill_initial(&mut field, 0).unwrap();
    field.as_slice().to_vec()
}

/// Sample `number` of a pixel, of so many bits.
fn sample(pixel: usize, number: usize, bits: u32) -> u32 {
    let mixed = ((pixel * 3 + number + 1) as u32).wrapping_mul(2_654_435_761);
    mixed >> (32 - bits)
}

/// The rows of samples, packed as in a file.
fn packed(samples_each: usize, bits: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..HEIGHT {
        let mut row_bits = String::new();
        for pixel in row * WIDTH..(row + 1) * WIDTH {
            for number in 0..samples_each {
                let value = sample(pixel, number, bits);
                row_bits += &format!("{value:0width$b}", width = bits as usize);
            }
        }
        while !row_bits.len().is_multiple_of(8) {
            row_bits.push('0');
        }
        let row_bytes = (0..row_bits.len()).step_by(8);
        bytes.extend(row_bytes.map(|at| u8::from_str_radix(&row_bits[at..at + 8], 2).unwrap()));
    }
    bytes
}

/// The value of red, green, blue and opacity, from 0 to 1, on white.
fn on_white([red, green, blue, opacity]: [f64; 4]) -> f64 {
    let grey = match red == green && green == blue {
        true => red,
        false => 0.299 * red + 0.587 * green + 0.114 * blue,
    };
    opacity * grey + (1.0 - opacity)
}

/// Red, green, blue and opacity of a pixel.
fn colour(pixel: usize, colours: ColorType, bits: u32, has_transparency: bool) -> [f64; 4] {
    let share = |number: usize| {
        let value = sample(pixel, number, bits);
        match bits {
            16 => f64::from(value) / 65_535.0,
            _ => f64::from(value * (255 / ((1 << bits) - 1))) / 255.0,
        }
    };
    match colours {
        ColorType::Grayscale => {
            let is_clear =
                has_transparency && sample(pixel, 0, bits) == sample(CLEAR_PIXEL, 0, bits);
            [share(0), share(0), share(0), f64::from(u8::from(!is_clear))]
        }
        ColorType::GrayscaleAlpha => [share(0), share(0), share(0), share(1)],
        ColorType::Rgb => [share(0), share(1), share(2), 1.0],
        ColorType::Rgba => [share(0), share(1), share(2), share(3)],
        ColorType::Indexed => {
            let entry = sample(pixel, 0, bits) as usize;
            let opacity = OPACITIES.get(entry).filter(|_| has_transparency);
            let [red, green, blue] = [0, 1, 2].map(|number| PALETTE[3 * entry + number]);
            [red, green, blue, *opacity.unwrap_or(&255)].map(|byte| f64::from(byte) / 255.0)
        }
    }
}

/// What the nodes have, row 0 at the bottom.
fn expected(colours: ColorType, bits: u32, has_transparency: bool) -> Vec<f64> {
    let rows = (0..HEIGHT).rev();
    let pixels = rows.flat_map(|row| row * WIDTH..(row + 1) * WIDTH);
    pixels
        .map(|pixel| on_white(colour(pixel, colours, bits, has_transparency)))
        .collect()
}

#[test]
fn pictures_of_every_kind_of_pixels_have_their_grey_values() {
    let scene = Scene::new();
    let grey = ColorType::Grayscale;
    for (colours, bits, has_transparency) in [
        (grey, 1, false),
        (grey, 2, false),
        (grey, 4, false),
        (grey, 8, false),
        (grey, 8, true),
        (grey, 16, false),
        (ColorType::GrayscaleAlpha, 8, false),
        (ColorType::GrayscaleAlpha, 16, false),
        (ColorType::Rgb, 8, false),
        (ColorType::Rgb, 16, false),
        (ColorType::Rgba, 8, false),
        (ColorType::Rgba, 16, false),
        (ColorType::Indexed, 1, false),
        (ColorType::Indexed, 2, false),
        (ColorType::Indexed, 2, true),
    ] {
        let file = fs::File::create(scene.path("u.png")).unwrap();
        let mut encoder = Encoder::new(file, WIDTH as u32, HEIGHT as u32);
        encoder.set_color(colours);
        encoder.set_depth(BitDepth::from_u8(bits as u8).unwrap());
        if colours == ColorType::Indexed {
            encoder.set_palette(&PALETTE[..]);
        }
        match colours {
            _ if !has_transparency => {}
            ColorType::Indexed => encoder.set_trns(&OPACITIES[..]),
            _ => encoder.set_trns(vec![0, sample(CLEAR_PIXEL, 0, bits) as u8]),
        }
        let mut writer = encoder.write_header().unwrap();
        let bytes = packed(colours.samples(), bits);
        writer.write_image_data(&bytes).unwrap();
        drop(writer);
        let expected = expected(colours, bits, has_transparency);
        assert!(expected.iter().any(|&value| value != expected[0]));
        assert_eq!(state(&scene), expected, "{colours:?}, {bits} bits");
    }
}

/// Adam7: seven passes over pixels that lie ever closer.
#[test]
fn interlaced_pictures_are_read() {
    const PASSES: [[usize; 4]; 7] = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ];
    let scene = Scene::new();
    let mut passes = ZlibEncoder::new(Vec::new(), Compression::fast());
    for [first_column, first_row, columns, rows] in PASSES {
        for row in (first_row..HEIGHT).step_by(rows) {
            let pixels = (first_column..WIDTH).step_by(columns);
            let bytes: Vec<u8> = pixels
                .map(|column| sample(row * WIDTH + column, 0, 8) as u8)
                .collect();
            if !bytes.is_empty() {
                // Nothing was subtracted from the bytes of the row.
                passes.write_all(&[0]).unwrap();
                passes.write_all(&bytes).unwrap();
            }
        }
    }
    let mut info = Info::with_size(WIDTH as u32, HEIGHT as u32);
    (info.color_type, info.interlaced) = (ColorType::Grayscale, true);
    let file = fs::File::create(scene.path("u.png")).unwrap();
    let mut writer = Encoder::with_info(file, info)
        .unwrap()
        .write_header()
        .unwrap();
    let passes = passes.finish().unwrap();
    writer.write_chunk(png::chunk::IDAT, &passes).unwrap();
    drop(writer);
    assert_eq!(state(&scene), expected(ColorType::Grayscale, 8, false));
}

/// A picture is decoded once, for all rows and all problems that have it at the same time; another one in its place is not taken
/// for it.
#[test]
fn a_picture_is_decoded_once() {
    let scene = Scene::new();
    write_half_white(&scene, 300);
    let bytes = scene.read("u.png");
    let text = |more: &str| {
        format!(
            "{more}\nx1 = 0\nx2 = 1\ndx = 0.01\ngrid = 'walls'\nruntime = 1\nouttime = 1\n\
             initial = {{kind = 'image', path = 'u.png'}}\n"
        )
    };
    scene.write("p.toml", text("D = 1"));
    scene.write("s.toml", "params = 'p.toml'\nD = [1, 2]\n");
    let load = || Problem::load(&scene.path("p.toml"), &[]);
    let rows_of = |problem: &Problem, first: usize| {
        let mut field = Field::<f64>::zeros((20, 101)).unwrap();
        problem.fill_initial(&mut field, first)?;
        Ok::<_, ParamsError>(field.as_slice().to_vec())
    };
    let problem = load().unwrap();
    let sweep = Sweep::load(&scene.path("s.toml")).unwrap();
    let expected = rows_of(&problem, 40).unwrap();
    fs::remove_file(scene.path("u.png")).unwrap();
    assert_eq!(rows_of(&problem, 40).unwrap(), expected);
    assert_eq!(rows_of(&sweep.problem(1).unwrap(), 40).unwrap(), expected);
    assert!(load().is_err());

    let mut changed = bytes;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    scene.write("u.png", &changed);
    assert_eq!(rows_of(&problem, 40).unwrap(), expected);
    assert!(load().is_err());
}
