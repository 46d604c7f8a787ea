//! The pictures of the documents show what their scripts draw today.

use super::{ROOT, text};
use crate::common::{
    Scene, sample_size,
    seed::{Random, seeds},
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// The most by which a channel of a pixel may differ, of 255: colours are rounded functions.
const ROUNDING: u8 = 2;

/// The most by which a coordinate of an SVG may differ.
const COORDINATE: f64 = 0.01;

/// The problems of the gallery, each of which has a picture.
fn problems() -> Vec<String> {
    let script = Path::new(ROOT).join("docs/make-gallery");
    let listed = Command::new(script).arg("--list").output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    names.lines().map(str::to_owned).collect()
}

/// The pictures of these names that a script draws; all of them for no names.
fn drawn(script: &str, names: &[String]) -> Scene {
    let scene = Scene::new();
    let made = Command::new(Path::new(ROOT).join(script))
        .args(["-o".as_ref(), scene.path("").as_os_str()])
        .args(names)
        .env("DIFF2D", env!("CARGO_BIN_EXE_diff2d"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    scene
}

fn files_of(folder: &str) -> BTreeSet<String> {
    let folder = fs::read_dir(Path::new(ROOT).join("docs").join(folder)).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".html")).collect()
}

fn kept(name: &str) -> Vec<u8> {
    fs::read(Path::new(ROOT).join("docs").join(name)).unwrap()
}

/// Width, height, channels and pixels.
fn pixels(png: &[u8]) -> ([usize; 3], Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    bytes.truncate(frame.buffer_size());
    let (width, height) = (frame.width as usize, frame.height as usize);
    let channels = frame.color_type.samples();
    ([width, height, channels], bytes)
}

/// The first place at which two pictures show something else.
fn difference(name: &str, kept: &[u8], drawn: &[u8]) -> Option<String> {
    if name.ends_with(".png") {
        return difference_of_pixels(&pixels(kept), &pixels(drawn));
    }
    let [kept, drawn] = [kept, drawn].map(|svg| std::str::from_utf8(svg).unwrap());
    difference_of_drawings(kept, drawn)
}

fn difference_of_pixels(
    (size, kept): &([usize; 3], Vec<u8>),
    (now, drawn): &([usize; 3], Vec<u8>),
) -> Option<String> {
    if size != now {
        return Some(format!("has {size:?} pixels and channels, not {now:?}"));
    }
    let [width, _, channels] = *size;
    let mut both = kept.chunks(channels).zip(drawn.chunks(channels));
    let differ = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > ROUNDING);
    let at = both.position(differ)?;
    let colour = |pixels: &[u8]| pixels[at * channels..][..channels].to_vec();
    let (row, column) = (at / width, at % width);
    Some(format!(
        "has the colour {:?} in row {row} and column {column}, not {:?}",
        colour(kept),
        colour(drawn)
    ))
}

/// Of two SVGs without images: lines, texts, colours, and coordinates but for their rounding.
fn difference_of_drawings(kept: &str, drawn: &str) -> Option<String> {
    let words = |svg: &str| -> Vec<String> {
        let is_number = |letter: char| letter.is_ascii_digit() || ".-".contains(letter);
        let letters: Vec<char> = svg.chars().collect();
        let words = letters.chunk_by(|a, b| is_number(*a) == is_number(*b));
        words.map(|word| word.iter().collect()).collect()
    };
    let (a, b) = (words(kept), words(drawn));
    let same = |a: &str, b: &str| {
        a == b
            || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() <= COORDINATE)
    };
    if let Some(at) = a.iter().zip(&b).position(|(a, b)| !same(a, b)) {
        return Some(format!("has {:?}, not {:?}", a[at], b[at]));
    }
    (a.len() != b.len()).then(|| format!("has {} words, not {}", a.len(), b.len()))
}

/// Draws pictures of a folder of the documents again, and tells what is wrong with those that are kept there. The folder has the
/// pictures that are drawn and those of `all` problems.
fn wrong(script: &str, folder: &str, names: &[String], all: &[String]) -> Vec<String> {
    let scene = drawn(script, names);
    let drawn: BTreeSet<String> = scene.files().into_iter().collect();
    let differences = drawn.iter().filter_map(|name| {
        let place = format!("docs/{folder}/{name}");
        if name.ends_with(".html") {
            let digest = Sha256::digest(scene.read(name));
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let listed = kept(&format!("{folder}/{}", name.replace(".html", ".sha256")));
            let is_listed = String::from_utf8(listed).unwrap().starts_with(&digest);
            return (!is_listed).then(|| format!("the screenshot of {place} is of another page"));
        }
        if !Path::new(ROOT).join(&place).exists() {
            return Some(format!("{place} is missing"));
        }
        let found = difference(name, &kept(&format!("{folder}/{name}")), &scene.read(name));
        found.map(|found| format!("{place} {found}"))
    });
    let mut wrong: Vec<String> = differences.collect();
    // A screenshot and its check sum.
    let mut expected = drawn.clone();
    expected.extend(all.iter().map(|name| format!("{name}.png")));
    if drawn.contains("page.html") {
        expected.extend(["page.png", "page.sha256"].map(str::to_owned));
    }
    let kept = files_of(folder);
    let strangers = kept.difference(&expected);
    wrong.extend(strangers.map(|name| format!("{script} does not draw docs/{folder}/{name}")));
    wrong
}

#[test]
fn pictures_show_what_their_scripts_draw() {
    seeds("pictures_show_what_their_scripts_draw")
        .map(Random::new)
        .for_each(draw_again);
}

fn draw_again(mut random: Random) {
    let problems = problems();
    let count = problems.len();
    let names = random.some(&problems, sample_size(count, count, count.div_ceil(6)));
    let mut wrong_ones = wrong("docs/make-pictures", "pictures", &[], &[]);
    wrong_ones.extend(wrong("docs/make-gallery", "gallery", &names, &problems));
    assert!(
        wrong_ones.is_empty(),
        "docs/make-pictures --all makes all of them anew:\n{}",
        wrong_ones.join("\n")
    );
}

#[test]
fn a_stale_picture_is_found() {
    let png = kept("pictures/contours.png");
    let ([width, height, channels], pixels) = pixels(&png);
    let with = |change: u8| {
        let mut pixels = pixels.clone();
        pixels[(7 * width + 5) * channels] ^= change;
        ([width, height, channels], pixels)
    };
    assert_eq!(difference_of_pixels(&with(0), &with(1)), None);
    let found = difference_of_pixels(&with(0), &with(128)).unwrap();
    assert!(found.contains("in row 7 and column 5"), "{found}");
    let smaller = ([width, height - 1, channels], pixels.clone());
    assert!(difference_of_pixels(&smaller, &with(0)).is_some());

    let svg = String::from_utf8(kept("pictures/history.svg")).unwrap();
    assert_eq!(difference_of_drawings(&svg, &svg), None);
    for (from, to) in [("x = ", "z = "), ("L", "L 1"), ("</svg>", "")] {
        assert!(svg.contains(from));
        let other = svg.replacen(from, to, 1);
        assert!(difference_of_drawings(&svg, &other).is_some(), "{from}");
    }
    assert_eq!(difference_of_drawings("a 1.234 b", "a 1.235 b"), None);
    assert!(difference_of_drawings("a 1.234 b", "a 1.334 b").is_some());
}

#[test]
fn pictures_are_small_and_shown() {
    let page = text("docs/gallery.md");
    let script = text("docs/make-gallery");
    for problem in problems() {
        let name = format!("{problem}.png");
        let picture = kept(&format!("gallery/{name}"));
        assert!(picture.len() < 70_000, "{name}: {}", picture.len());
        assert!(page.contains(&format!("](gallery/{name})")), "{name}");
        assert!(page.contains(&format!("`{problem}.toml`")), "{name}");
        let options = script.split_once(&format!("    {problem}) echo "));
        let (options, _) = options.unwrap().1.split_once(" ;;").unwrap();
        let command = format!("`diff2d plot output/{problem}.npy {options}`");
        assert!(page.contains(&command), "{command}");
        // Their letters have one size.
        let ([width, height, _], _) = pixels(&picture);
        let letters = ((width * height) as f64)
            .sqrt()
            .min(1.5 * width.min(height) as f64);
        assert!(
            (letters - 500.0).abs() < 5.0,
            "{name}: give it --size WxH, for which √(W H) or 1.5 times the shorter side, whichever is smaller, is 500"
        );
    }
    let page = text("docs/pictures.md")
        + &text("docs/micrograph.md")
        + &text("docs/fit.md")
        + &text("README.md").replace("](docs/", "](");
    for name in files_of("pictures") {
        let bytes = kept(&format!("pictures/{name}")).len();
        assert!(bytes < 210_000, "{name}: {bytes}");
        let is_shown = page.contains(&format!("](pictures/{name})"));
        assert!(is_shown || name == "page.sha256", "{name}");
    }
}
