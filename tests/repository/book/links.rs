//! Links between documents, and their headings.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// The text of a document without its code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut kept = String::new();
    for line in text.lines() {
        let is_fence = line.starts_with("```");
        if !is_code && !is_fence {
            // Of code within a line, too; the parts between an odd and an even backquote.
            kept.extend(line.split('`').step_by(2));
            kept.push('\n');
        }
        is_code ^= is_fence;
    }
    kept
}

/// Where the links and pictures of a document lead.
pub fn targets(text: &str) -> Vec<String> {
    let prose = prose(text);
    let behind = prose.split("](").skip(1);
    behind
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// The anchors of the headings of a document, as GitHub and mdBook make them.
pub fn anchors(text: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if is_code || !line.starts_with('#') {
            continue;
        }
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        });
        found.insert(kept.collect());
    }
    found
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{}", path.display()),
            part => plain.push(part),
        }
    }
    plain
}

/// Which links of a document lead nowhere; links of `within` must stay in its folder.
pub fn broken(root: &Path, name: &str, within: Option<&str>) -> Vec<String> {
    let text = fs::read_to_string(root.join(name)).unwrap();
    let folder = Path::new(name).parent().unwrap();
    let is_broken = |target: &String| {
        if target.starts_with("https://") || target.starts_with("http://") {
            return false;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = match path {
            "" => PathBuf::from(name),
            path => plain(&folder.join(path)),
        };
        if within.is_some_and(|within| !file.starts_with(within)) || !root.join(&file).exists() {
            return true;
        }
        !anchor.is_empty()
            && !anchors(&fs::read_to_string(root.join(file)).unwrap()).contains(anchor)
    };
    let broken = targets(&text).into_iter().filter(is_broken);
    broken.map(|target| format!("{name}: {target}")).collect()
}

#[test]
fn links_and_anchors_are_found() {
    let text =
        "# One `two`: three-four\n[a](b.md#c) and ![d](e.png)\n`[x](y)`\n```\n[x](z)\n# not\n```\n";
    assert_eq!(targets(text), ["b.md#c", "e.png"]);
    let expected = BTreeSet::from(["one-two-three-four".to_owned()]);
    assert_eq!(anchors(text), expected);
}
