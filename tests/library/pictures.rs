//! Pictures of every kind, and when their files are read.

use crate::common::{Scene, tiff, write_half_white};
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
    try_state(scene).unwrap()
}

/// The same, or what is said of the picture.
fn try_state(scene: &Scene) -> Result<Vec<f64>, ParamsError> {
    let text = "D = 1\nx1 = 0\nx2 = 2\ny1 = 0\ny2 = 1\ndx = 0.25\ngrid = 'walls'\nruntime = 1\nouttime = 1\n\
         initial = {kind = 'image', path = 'u.png', alpha = 'white'}\n\
         boundary = {left = {flux = 0}, right = {flux = 0}, bottom = {flux = 0}, top = {flux = 0}}\n";
    scene.write("p.toml", text);
    let problem = Problem::load(&scene.path("p.toml"), &[])?;
    let mut field = Field::<f64>::zeros((HEIGHT, WIDTH)).unwrap();
    problem.fill_initial(&mut field, 0)?;
    Ok(field.as_slice().to_vec())
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

/// A TIFF file of such pixels; "deflate" or "lzw" compress them.
fn tiff_of(colours: ColorType, bits: u32, is_little: bool, compression: &str) -> Vec<u8> {
    let mut pixels = packed(colours.samples(), bits);
    if bits == 16 && is_little {
        pixels.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    }
    let code = match compression {
        "deflate" => {
            let mut stream = ZlibEncoder::new(Vec::new(), Compression::fast());
            stream.write_all(&pixels).unwrap();
            pixels = stream.finish().unwrap();
            8
        }
        "lzw" => {
            pixels = lzw(&pixels);
            5
        }
        _ => 1,
    };
    let meaning = match colours {
        ColorType::Indexed => 3,
        ColorType::Rgb | ColorType::Rgba => 2,
        _ => 1,
    };
    let size = [WIDTH as u16, HEIGHT as u16];
    let depth = vec![bits as u16; colours.samples()];
    // All reds come first. The lower byte may be anything.
    let palette: Vec<u16> = (0..3 << bits)
        .map(|place| {
            let (primary, colour) = (place >> bits, place % (1 << bits));
            u16::from(PALETTE[(3 * colour + primary) % 12]) << 8 | 0x7f
        })
        .collect();
    let samples = [colours.samples() as u16];
    let mut tags: Vec<(u16, &[u16])> = vec![
        (256, &size[..1]),
        (257, &size[1..]),
        (258, &depth),
        (259, std::slice::from_ref(&code)),
        (262, std::slice::from_ref(&meaning)),
        (277, &samples),
    ];
    if colours == ColorType::Indexed {
        tags.push((320, &palette));
    }
    if matches!(colours, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        tags.push((338, &[2]));
    }
    tiff(is_little, &tags, &pixels)
}

/// Bytes as codes of 9 bits: the table is emptied before it needs longer ones, and the stream has an end.
fn lzw(bytes: &[u8]) -> Vec<u8> {
    const EMPTY: u16 = 256;
    const END: u16 = 257;
    let pieces = bytes.chunks(200);
    let codes = pieces.flat_map(|piece| {
        let literals = piece.iter().map(|&byte| u16::from(byte));
        [EMPTY].into_iter().chain(literals)
    });
    let codes = codes.chain([END]);
    let mut bits: String = codes.map(|code| format!("{code:09b}")).collect();
    while !bits.len().is_multiple_of(8) {
        bits.push('0');
    }
    let packed = (0..bits.len()).step_by(8);
    packed
        .map(|at| u8::from_str_radix(&bits[at..at + 8], 2).unwrap())
        .collect()
}

#[test]
fn tiff_files_of_every_kind_have_the_grey_values_of_png_files() {
    let scene = Scene::new();
    for (colours, bits) in [
        (ColorType::Grayscale, 1),
        (ColorType::Grayscale, 2),
        (ColorType::Grayscale, 4),
        (ColorType::Grayscale, 8),
        (ColorType::Grayscale, 16),
        (ColorType::GrayscaleAlpha, 8),
        (ColorType::GrayscaleAlpha, 16),
        (ColorType::Rgb, 8),
        (ColorType::Rgb, 16),
        (ColorType::Rgba, 8),
        (ColorType::Rgba, 16),
        (ColorType::Indexed, 1),
        (ColorType::Indexed, 2),
        (ColorType::Indexed, 4),
        (ColorType::Indexed, 8),
    ] {
        let expected: Vec<f64> = match colours {
            ColorType::Indexed => (0..HEIGHT * WIDTH)
                .map(|node| {
                    let pixel = (HEIGHT - 1 - node / WIDTH) * WIDTH + node % WIDTH;
                    let number = sample(pixel, 0, bits) as usize;
                    let primaries = [0, 1, 2].map(|primary| PALETTE[(3 * number + primary) % 12]);
                    let [red, green, blue] = primaries.map(|byte| f64::from(byte) / 255.0);
                    on_white([red, green, blue, 1.0])
                })
                .collect(),
            _ => expected(colours, bits, false),
        };
        for (is_little, compression) in [(true, ""), (false, "deflate"), (true, "lzw")] {
            scene.write("u.png", tiff_of(colours, bits, is_little, compression));
            let case = format!("{colours:?}, {bits} bits, {compression}");
            assert_eq!(state(&scene), expected, "{case}");
        }
    }
}

/// Decoders of JPEG round differently. Of the differences of red and blue from grey a file may have a quarter.
#[test]
fn jpeg_files_have_nearly_the_grey_values_that_other_programs_find() {
    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pictures");
    let scene = Scene::new();
    for name in ["grey", "colours"] {
        let [found, expected] = ["jpg", "png"].map(|ending| {
            let bytes = fs::read(format!("{FIXTURES}/{name}.{ending}")).unwrap();
            scene.write("u.png", bytes);
            state(&scene)
        });
        let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0, f64::max);
        assert!(largest < 2.5 / 255.0, "{name}: {largest}");
        assert!(expected.iter().any(|&value| value != expected[0]));
    }
}

/// Whatever a byte becomes and wherever a file ends, a sentence is the worst that happens.
#[test]
fn damaged_pictures_are_read_or_refused() {
    let scene = Scene::new();
    let jpeg = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/pictures/colours.jpg"
    );
    for (name, file) in [
        ("palette", tiff_of(ColorType::Indexed, 2, true, "lzw")),
        ("colours", tiff_of(ColorType::Rgba, 8, false, "deflate")),
        ("jpeg", fs::read(jpeg).unwrap()),
    ] {
        let mut refused_count = 0;
        for place in (0..file.len()).step_by(3) {
            let mut damaged = file.clone();
            damaged[place] = [0, 0xff, file[place] ^ 1][place % 5 % 3];
            scene.write("u.png", damaged);
            refused_count += usize::from(try_state(&scene).is_err());
        }
        assert!(refused_count > 10, "{name}: {refused_count}");
        for length in (1..file.len()).step_by(29) {
            scene.write("u.png", &file[..length]);
            assert!(try_state(&scene).is_err(), "{name}: {length} bytes");
        }
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
