//! The pictures of the documents are those that their scripts make.

use crate::{ROOT, common::Scene, text};
use std::{fs, path::Path, process::Command};

/// Runs a script that makes pictures, and compares each with the one of the documents.
fn are_those_of(script: &str, problems: &[&str], folder: &str) -> usize {
    let scene = Scene::new();
    let made = Command::new(Path::new(ROOT).join(script))
        .args(["-o".as_ref(), scene.path("").as_os_str()])
        .args(problems)
        .env("DIFF2D", env!("CARGO_BIN_EXE_diff2d"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let pictures = scene
        .files()
        .into_iter()
        .filter(|name| !name.ends_with(".html"));
    let compared = pictures.map(|name| {
        let kept = fs::read(Path::new(ROOT).join(folder).join(&name)).unwrap();
        assert!(
            kept == scene.read(&name),
            "{folder}/{name}: {script} makes another one"
        );
    });
    compared.count()
}

#[test]
fn pictures_are_those_that_their_scripts_make() {
    assert_eq!(are_those_of("docs/make-pictures", &[], "docs/pictures"), 9);
    let cheap = ["insulated_plate", "morphogen", "periodic_decay"];
    assert_eq!(are_those_of("docs/make-gallery", &cheap, "docs/gallery"), 3);
}

#[test]
fn pictures_are_small_and_shown() {
    let [gallery, pictures] = ["gallery", "pictures"].map(|folder| {
        let folder = fs::read_dir(Path::new(ROOT).join("docs").join(folder)).unwrap();
        let files = folder.map(|entry| entry.unwrap());
        let files = files.map(|file| {
            (
                file.file_name().into_string().unwrap(),
                file.metadata().unwrap().len(),
            )
        });
        files.collect::<Vec<_>>()
    });
    let page = text("docs/gallery.md");
    let script = text("docs/make-gallery");
    assert_eq!(gallery.len(), 13);
    for (name, bytes) in gallery {
        assert!(bytes < 60_000, "{name}: {bytes}");
        assert!(page.contains(&format!("](gallery/{name})")), "{name}");
        let problem = name.trim_end_matches(".png");
        assert!(page.contains(&format!("`{problem}.toml`")), "{name}");
        let options = script.split_once(&format!("    {problem}) echo "));
        let (options, _) = options.unwrap().1.split_once(" ;;").unwrap();
        let command = format!("`diff2d plot output/{problem}.npy {options}`");
        assert!(page.contains(&command), "{command}");
    }
    let page = text("docs/pictures.md")
        + &text("docs/micrograph.md")
        + &text("README.md").replace("](docs/", "](");
    for (name, bytes) in pictures {
        assert!(bytes < 210_000, "{name}: {bytes}");
        assert!(page.contains(&format!("](pictures/{name})")), "{name}");
    }
}
