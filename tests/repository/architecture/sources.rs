//! Reads the sources of a package, and resolves the paths that they name.
//!
//! The unit is the token, so comments never count and code inside macros does. Modules called `tests` are
//! left out. A file knows the items of other files to which its paths lead; a `pub use` alone hands a name
//! on, and paths through it lead to where the item is defined.

use proc_macro2::{TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The names of a module or an item from the root: `["cube", "journal"]`.
type Names = Vec<String>;

/// All files of a package.
pub struct Sources {
    /// By their names below its folder.
    pub files: BTreeMap<String, File>,
    /// The file of a module.
    modules: BTreeMap<Names, String>,
}

/// What stands in a file.
#[derive(Default)]
pub struct File {
    pub text: String,
    module: Names,
    /// Names that `use` brings, and what they stand for.
    imports: BTreeMap<String, Names>,
    /// Paths in the code, and those of private imports.
    paths: BTreeSet<Names>,
}

/// Where a path leads: to a module, or to an item that this module defines.
enum Found {
    Module(Names),
    Item(Names),
}

impl Sources {
    /// Every `.rs` file below a folder.
    pub fn below(root: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    files.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self::new(files)
    }

    /// Files by their names, and their texts.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut sources = Self {
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        let files = files.into_iter();
        for (name, text) in files.filter(|(name, _)| !name.ends_with("tests.rs")) {
            let mut module: Names = name[..name.len() - 3]
                .split('/')
                .map(str::to_owned)
                .collect();
            module.pop_if(|last| last == "mod" || last == "lib");
            sources.modules.insert(module.clone(), name.clone());
            let tokens: TokenStream = text.parse().unwrap();
            let mut file = File {
                text,
                module,
                ..File::default()
            };
            file.read(tokens);
            sources.files.insert(name, file);
        }
        sources
    }

    /// The modules directly below the root that a file names.
    pub fn modules_known_to(&self, file: &str) -> BTreeSet<String> {
        let found = self.found_from(&self.files[file]);
        let first = |found| match found {
            Found::Module(module) | Found::Item(module) => Names::into_iter(module).next(),
        };
        found.filter_map(first).collect()
    }

    /// The other files whose items a file names.
    fn files_known_to(&self, file: &str) -> BTreeSet<&str> {
        let found = self.found_from(&self.files[file]);
        let items = found.filter_map(|found| match found {
            Found::Item(module) => self.modules.get(&module).map(String::as_str),
            Found::Module(_) => None,
        });
        items.filter(|other| *other != file).collect()
    }

    /// The files of a circle, if there is one.
    pub fn circle(&self) -> Vec<&str> {
        let names = self.files.keys().map(String::as_str);
        let mut open: BTreeMap<&str, BTreeSet<&str>> = names
            .map(|name| (name, self.files_known_to(name)))
            .collect();
        // What knows no file, or only such as were taken away, is in no circle.
        while let Some(&free) = open
            .iter()
            .find(|(_, known)| known.is_empty())
            .map(|(name, _)| name)
        {
            open.remove(free);
            for known in open.values_mut() {
                known.remove(free);
            }
        }
        // All others know one: a walk through them comes back to where it was.
        let mut walk: Vec<&str> = Vec::new();
        let mut next = open.keys().next().copied();
        while let Some(name) = next {
            if let Some(begin) = walk.iter().position(|seen| *seen == name) {
                return walk.split_off(begin);
            }
            walk.push(name);
            next = open[name].first().copied();
        }
        Vec::new()
    }

    fn found_from<'a>(&'a self, file: &'a File) -> impl Iterator<Item = Found> + 'a {
        let paths = file.paths.iter();
        paths.filter_map(|path| self.resolve(&file.module, path, 0))
    }

    /// Where a path in a module leads; `None` out of the package, or to a name of this module's own.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" | "diff2d" => Found::Module(Names::new()),
            "self" => Found::Module(from.to_vec()),
            "super" => Found::Module(from.split_last()?.1.to_vec()),
            name => self.meaning(from, name, depth)?,
        };
        for name in rest {
            let Found::Module(module) = &here else { break };
            here = match name.as_str() {
                "self" => continue,
                "super" => Found::Module(module.split_last()?.1.to_vec()),
                name => self
                    .meaning(module, name, depth)
                    .unwrap_or_else(|| Found::Item(module.clone())),
            };
        }
        Some(here)
    }

    /// What a module means by a name that it does not define itself.
    fn meaning(&self, module: &[String], name: &str, depth: usize) -> Option<Found> {
        let child = [module, &[name.to_owned()]].concat();
        let mut below = self.modules.range(child.clone()..);
        if below
            .next()
            .is_some_and(|(found, _)| found.starts_with(&child))
        {
            return Some(Found::Module(child));
        }
        let file = &self.files[self.modules.get(module)?];
        let path = file.imports.get(name).filter(|_| depth < 16)?;
        self.resolve(module, path, depth + 1)
    }
}

impl File {
    /// Whether a word stands in a path or an attribute.
    pub fn names(&self, word: &str) -> bool {
        let mut paths = self.paths.iter().chain(self.imports.values());
        paths.any(|path| path.iter().any(|name| name == word))
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(word)) => word.to_string(),
            _ => String::new(),
        };
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
            match token {
                TokenTree::Ident(_) if word(at) == "mod" && word(at + 1) == "tests" => at += 2,
                TokenTree::Ident(_) if word(at) == "use" && !is_mark(tokens.get(at + 1), '<') => {
                    let rest = &tokens[at + 1..];
                    let end = rest.iter().position(|token| is_mark(Some(token), ';'));
                    let end = end.unwrap_or(rest.len());
                    let scope = usize::from(matches!(before(1), Some(TokenTree::Group(_))));
                    let public = at > scope && word(at - 1 - scope) == "pub";
                    self.import(&rest[..end], &[], public);
                    at += end + 1;
                }
                TokenTree::Ident(_) => {
                    let is_field = is_mark(before(1), '.');
                    let mut path = vec![word(at)];
                    while is_mark(tokens.get(at + 1), ':')
                        && is_mark(tokens.get(at + 2), ':')
                        && !word(at + 3).is_empty()
                    {
                        at += 3;
                        path.push(word(at));
                    }
                    if !is_field {
                        self.paths.insert(path);
                    }
                }
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Literal(_) | TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// `a::b::{c, d as e}` below a prefix.
    fn import(&mut self, tokens: &[TokenTree], prefix: &[String], public: bool) {
        for branch in tokens.split(|token| is_mark(Some(token), ',')) {
            let mut path = prefix.to_vec();
            for token in branch {
                match token {
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Group(group) => {
                        let group: Vec<_> = group.stream().into_iter().collect();
                        self.import(&group, &path, public);
                        path.clear();
                    }
                    _ => {}
                }
            }
            let mut name = path.last().cloned().unwrap_or_default();
            if path.len() > 2 && path[path.len() - 2] == "as" {
                path.truncate(path.len() - 2);
            } else if path.len() > 1 && name == "self" {
                path.pop();
                name = path[path.len() - 1].clone();
            }
            if !public {
                self.paths.insert(path.clone());
            }
            // `use tempfile;` stands for itself.
            if path.len() > 1 || path.first() != Some(&name) {
                self.imports.insert(name, path);
            }
        }
    }
}

fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}
