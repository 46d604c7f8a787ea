//! Reads the sources as modules, and resolves the paths that they name.
//!
//! The unit is the token, so comments never count and code inside macros does. Unit tests
//! (`#[cfg(test)] mod …`) are left out. What a file knows is every item of another file that a path in it
//! leads to. A `pub use` alone is not knowledge: it hands a name on, and paths through it lead to where the
//! item is defined.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A module's place: `["cube", "journal"]`.
type Place = Vec<String>;

/// All modules of a crate.
#[derive(Default)]
pub struct Sources {
    modules: BTreeMap<Place, Module>,
    /// Every file below `src/`, with the words and the texts of its code.
    pub files: BTreeMap<String, Content>,
}

/// Words (identifiers) and texts (string literals) of a file.
#[derive(Default)]
pub struct Content {
    pub words: BTreeSet<String>,
    pub texts: Vec<String>,
}

/// One module: a file, or part of one.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Names that `use` brings, and the paths they stand for.
    imports: BTreeMap<String, Place>,
    globs: Vec<Place>,
    /// Paths in the code, and private imports.
    paths: BTreeSet<Place>,
}

/// Where a path leads.
enum Found {
    Module(Place),
    /// An item, defined in this module.
    Item(Place),
}

impl Sources {
    /// Every `.rs` file below a directory.
    pub fn below(root: &Path) -> Self {
        fn walk(directory: &Path, root: &Path, found: &mut Vec<(String, String)>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    found.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let mut files = Vec::new();
        walk(root, root, &mut files);
        Self::of(&files)
    }

    /// Files by their names below `src/`, and their texts.
    pub fn of(files: &[(impl AsRef<str>, impl AsRef<str>)]) -> Self {
        let mut sources = Self::default();
        let mut tests = BTreeSet::new();
        for (file, text) in files {
            let file = file.as_ref();
            let tokens: TokenStream = text.as_ref().parse().unwrap_or_else(|error| {
                panic!("{file}: {error}");
            });
            let place = place_of(file);
            for depth in 0..place.len() {
                let above = sources.modules.entry(place[..depth].to_vec()).or_default();
                above.children.insert(place[depth].clone());
            }
            sources.files.insert(file.to_owned(), Content::default());
            Reader {
                sources: &mut sources,
                tests: &mut tests,
                file,
                place,
            }
            .read(tokens);
        }
        for place in tests {
            if let Some(module) = sources.modules.remove(&place) {
                sources.files.remove(&module.file);
            }
        }
        sources
    }

    /// The modules directly below `src/` that a file names.
    pub fn modules_known_to(&self, file: &str) -> BTreeSet<String> {
        self.leads_from(file)
            .map(|found| match found {
                Found::Module(place) | Found::Item(place) => place,
            })
            .filter_map(|place| place.first().cloned())
            .collect()
    }

    /// The files whose items a file names.
    pub fn files_known_to(&self, file: &str) -> BTreeSet<&str> {
        self.leads_from(file)
            .filter_map(|found| match found {
                Found::Item(place) => Some(self.modules.get(&place)?.file.as_str()),
                Found::Module(_) => None,
            })
            .filter(|other| *other != file && self.files.contains_key(*other))
            .collect()
    }

    fn leads_from(&self, file: &str) -> impl Iterator<Item = Found> {
        self.modules
            .iter()
            .filter(move |(_, module)| module.file == file)
            .flat_map(|(place, module)| {
                module
                    .paths
                    .iter()
                    .filter_map(|path| self.resolve(place, path, 0))
            })
    }

    /// Where a path in a module leads; `None` out of the crate, or to a name of this module's own.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" => Found::Module(package_of(from)),
            "diff2d" => Found::Module(Place::new()),
            "diff2d_stencil" => Found::Module(vec!["stencil".to_owned()]),
            "diff2d_sys" => Found::Module(vec!["sys".to_owned()]),
            "self" => Found::Module(from.to_vec()),
            "super" => Found::Module(from.split_last()?.1.to_vec()),
            name => self.name(from, name, depth)?,
        };
        for name in rest {
            let Found::Module(place) = &here else {
                break;
            };
            here = match name.as_str() {
                "self" => continue,
                "super" => Found::Module(place.split_last()?.1.to_vec()),
                name => self
                    .name(place, name, depth)
                    .unwrap_or_else(|| Found::Item(place.clone())),
            };
        }
        Some(here)
    }

    /// What a module means by a name that it does not define itself.
    fn name(&self, place: &[String], name: &str, depth: usize) -> Option<Found> {
        let module = self.modules.get(place)?;
        if depth > 16 {
            return None;
        }
        if module.children.contains(name) {
            return Some(Found::Module([place, &[name.to_owned()]].concat()));
        }
        if let Some(path) = module.imports.get(name) {
            return self.resolve(place, path, depth + 1);
        }
        module
            .globs
            .iter()
            .find_map(|glob| match self.resolve(place, glob, depth + 1)? {
                Found::Module(other) if other != place => self.name(&other, name, depth + 1),
                _ => None,
            })
    }
}

/// `cube/journal.rs` is `["cube", "journal"]`, `cube/mod.rs` is `["cube"]`, `lib.rs` the root. `main.rs`
/// counts as a module of its own.
fn place_of(file: &str) -> Place {
    let stem = file.trim_end_matches(".rs");
    let mut place: Place = stem.split('/').map(str::to_owned).collect();
    if ["mod", "lib"].contains(&place[place.len() - 1].as_str()) {
        place.pop();
    }
    place
}

/// The folders that are packages of their own.
const PACKAGES: [&str; 2] = ["stencil", "sys"];

/// The root of the package that a module belongs to.
fn package_of(place: &[String]) -> Place {
    let of_its_own = |first: &&String| PACKAGES.contains(&first.as_str());
    place
        .first()
        .filter(of_its_own)
        .cloned()
        .into_iter()
        .collect()
}

/// Reads the tokens of one module.
struct Reader<'a> {
    sources: &'a mut Sources,
    /// Places of modules that are unit tests.
    tests: &'a mut BTreeSet<Place>,
    file: &'a str,
    place: Place,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        self.module().file = self.file.to_owned();
        self.tokens(&tokens.into_iter().collect::<Vec<_>>());
    }

    fn module(&mut self) -> &mut Module {
        self.sources.modules.entry(self.place.clone()).or_default()
    }

    fn content(&mut self) -> &mut Content {
        self.sources.files.entry(self.file.to_owned()).or_default()
    }

    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        let mut test = false;
        while let Some(token) = tokens.get(at) {
            at += match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    test |= tokens[at..].get(1).is_some_and(|attribute| {
                        attribute.to_string().replace(' ', "") == "[cfg(test)]"
                    });
                    1
                }
                TokenTree::Ident(word) if word == "mod" => {
                    self.child(&tokens[at + 1..], std::mem::take(&mut test))
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let public = at > 0 && follows_pub(&tokens[..at]);
                    self.import(&tokens[at + 1..], public)
                }
                TokenTree::Ident(_) => {
                    let behind_dot = at > 0 && is_punct(tokens.get(at - 1), '.');
                    self.path(&tokens[at..], behind_dot)
                }
                TokenTree::Group(group) => {
                    test &= group.delimiter() != Delimiter::Brace;
                    self.tokens(&group.stream().into_iter().collect::<Vec<_>>());
                    1
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if text.contains('"') && !is_doc(&tokens[..at]) {
                        self.content().texts.push(text);
                    }
                    1
                }
                TokenTree::Punct(mark) => {
                    test &= mark.as_char() != ';';
                    1
                }
            };
        }
    }

    /// `mod name;` or `mod name { … }`; how many tokens that are, with `mod`.
    fn child(&mut self, rest: &[TokenTree], test: bool) -> usize {
        let Some(TokenTree::Ident(name)) = rest.first() else {
            return 1;
        };
        let place = [&self.place[..], &[name.to_string()]].concat();
        if test {
            self.tests.insert(place);
        } else if let Some(TokenTree::Group(body)) = rest.get(1) {
            self.module().children.insert(name.to_string());
            Reader {
                sources: &mut *self.sources,
                tests: &mut *self.tests,
                file: self.file,
                place,
            }
            .read(body.stream());
        }
        3
    }

    /// `use …;`; how many tokens that are.
    fn import(&mut self, rest: &[TokenTree], public: bool) -> usize {
        let end = rest
            .iter()
            .position(|token| is_punct(Some(token), ';'))
            .unwrap_or(rest.len());
        self.tree(&rest[..end], &[], public);
        end + 1
    }

    /// `a::b::{c, d as e, f::*}` below a prefix.
    fn tree(&mut self, tokens: &[TokenTree], prefix: &[String], public: bool) {
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            let mut path = prefix.to_vec();
            let mut name = None;
            let mut words = branch.iter();
            while let Some(token) = words.next() {
                match token {
                    TokenTree::Ident(word) if word == "as" => {
                        name = words.next().map(ToString::to_string);
                    }
                    TokenTree::Ident(word) => {
                        self.content().words.insert(word.to_string());
                        path.push(word.to_string());
                    }
                    TokenTree::Group(group) => {
                        let group: Vec<_> = group.stream().into_iter().collect();
                        self.tree(&group, &path, public);
                        path.clear();
                    }
                    TokenTree::Punct(mark) if mark.as_char() == '*' => {
                        let glob = std::mem::take(&mut path);
                        self.module().globs.push(glob);
                    }
                    _ => {}
                }
            }
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            // `use tempfile;` or the end of a group.
            let Some(last) = path.last() else { continue };
            let name = name.unwrap_or_else(|| last.clone());
            if path.len() == 1 && name == path[0] {
                continue;
            }
            if !public {
                self.module().paths.insert(path.clone());
            }
            self.module().imports.insert(name, path);
        }
    }

    /// `a::b::c`; how many tokens that are.
    fn path(&mut self, tokens: &[TokenTree], behind_dot: bool) -> usize {
        let mut path = Place::new();
        let mut at = 0;
        while let Some(TokenTree::Ident(word)) = tokens.get(at) {
            self.content().words.insert(word.to_string());
            path.push(word.to_string());
            at += 1;
            if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
                break;
            }
            at += 2;
        }
        // The name of a field or method.
        if !behind_dot {
            self.module().paths.insert(path);
        }
        at
    }
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// Whether tokens end in `pub` or `pub(…)`.
fn follows_pub(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(word)] => word == "pub",
        [.., TokenTree::Ident(word), TokenTree::Group(group)] => {
            word == "pub" && group.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

/// Whether tokens end in `doc =`.
fn is_doc(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(word), TokenTree::Punct(_)] if word == "doc")
}
