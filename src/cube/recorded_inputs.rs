//! [`RecordedInputs`]: the input files of a run that has begun.
//!
//! An input is what is in it. A journal names it by a path from the directory of the cube, and by its digest; whoever reads it
//! again looks for a file with that digest.

use super::{found::read_journal, journal::Header, paths::Paths};
use crate::{
    fault::Fault,
    params::{ParamsError, Place, RawParams, path_from, value::Value},
    physics::input::{Digests, Input},
    problem::Problem,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{self, Component, Path, PathBuf},
};

/// The input files of a run or a sweep that has begun, as its journal names them.
#[derive(Debug)]
pub struct RecordedInputs<'h> {
    header: &'h Header,
    cube: &'h Path,
    /// The directory of the cube.
    directory: PathBuf,
}

/// A run whose parameters no longer give the steps of its journal is none that this program can compute.
type Derived = Result<Problem, Option<ParamsError>>;

impl<'h> RecordedInputs<'h> {
    /// The inputs in line 1 of the journal beside a cube.
    pub fn of(header: &'h Header, paths: &'h Paths) -> Self {
        Self {
            header,
            cube: &paths.cube,
            directory: absolute(paths.directory()),
        }
    }

    /// The problem of a scenario, or of a run, with its files where they are found; files that have moved are given as
    /// `key=value` texts.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters that cannot be used and files that are not found, and `None` if the program
    /// derives other steps than the journal has.
    pub fn problem(&self, scenario: usize, moved: &[String], digests: &mut Digests) -> Derived {
        let raw = self.parameters(scenario, moved, digests)?;
        let problem = Problem::with_digests(&raw, digests)?;
        let scenario = self.header.scenario(scenario);
        let has_its_steps = scenario.is_some_and(|scenario| scenario.has_steps_of(&problem));
        has_its_steps.then_some(problem).ok_or(None)
    }

    /// The parameters of a scenario, or of a run, with the names under which its files are found.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn parameters(
        &self,
        scenario: usize,
        moved: &[String],
        digests: &mut Digests,
    ) -> Result<RawParams, ParamsError> {
        let params = self.header.scenario(scenario);
        let params = params.map_or_else(Default::default, |scenario| scenario.params.clone());
        let raw = RawParams::from_canonical(&params);
        let moved = self.moved(&raw, moved)?;
        let files: Vec<(String, String)> = raw
            .entries_of_files()
            .filter_map(|(entry, _)| Some((entry.name.clone(), entry.value.as_str()?.to_owned())))
            .collect();
        files.into_iter().try_fold(raw, |raw, (key, name)| {
            let places = match moved.get(&name) {
                Some(place) => vec![place.clone()],
                None => self.places(&name),
            };
            self.found(raw, (&key, &name), places, digests)
        })
    }

    /// The parameters of a run that continues the cube: files that are not where these say are looked for as those of the
    /// journal are.
    fn found_again(&self, raw: RawParams, digests: &mut Digests) -> Result<RawParams, ParamsError> {
        let files = raw.entries_of_files();
        let missing = files.filter(|(_, path)| !path.exists());
        let missing: Vec<(String, PathBuf)> = missing
            .map(|(entry, path)| (entry.name.clone(), path))
            .collect();
        missing.into_iter().try_fold(raw, |raw, (key, path)| {
            let names = self.header.inputs.keys();
            let names = names.filter(|name| Path::new(name).file_name() == path.file_name());
            let Some(name) = names.max_by_key(|name| shared_end(Path::new(name), &path)) else {
                return Ok(raw);
            };
            let places = [vec![path], self.places(name)].concat();
            self.found(raw, (&key, name), places, digests)
        })
    }

    /// The places at which a file of the journal is looked for: its path from the directory of the cube, and from the one in
    /// which the run began, and the directory of the cube itself.
    fn places(&self, name: &str) -> Vec<PathBuf> {
        let first_directory = self.header.directory.as_deref().map(Path::new);
        let directories = [Some(&*self.directory), first_directory];
        let directories = directories.into_iter().flatten();
        let mut places: Vec<PathBuf> = directories.map(|one| one.join(name)).collect();
        places.extend((Path::new(name).file_name()).map(|file| self.directory.join(file)));
        places
    }

    /// The parameters with the first of some places at which the file of a key has the content of the journal's `name`.
    fn found(
        &self,
        raw: RawParams,
        (key, name): (&str, &str),
        mut places: Vec<PathBuf>,
        digests: &mut Digests,
    ) -> Result<RawParams, ParamsError> {
        let mut places_so_far = BTreeSet::new();
        places.retain(|path| places_so_far.insert(path.clone()));
        let typed = raw.typed().get(key);
        let place = typed.map(|entry| entry.place.clone());
        let snapshot = raw.typed().get("initial.snapshot");
        let snapshot = snapshot.filter(|_| key == "initial.path");
        let snapshot = snapshot.and_then(|entry| entry.value.as_integer());
        let place = place.unwrap_or(Place::Default);
        let Some(expected) = self.header.inputs.get(name) else {
            // The file has never been read.
            return Ok(match places.first() {
                Some(path) => with_path(raw, key, path, place),
                None => raw,
            });
        };
        let mut other_input = None;
        for path in places.iter().filter(|path| path.exists()) {
            let raw = with_path(raw.clone(), key, path, place.clone());
            let place = raw.input(key, path);
            let input = match snapshot {
                Some(snapshot) => Input::open_snapshot(place, snapshot, digests),
                None => Input::open(place, digests),
            }?;
            let (_, sum) = input.digest();
            if expected.split(' ').any(|digest| digest == sum) {
                return Ok(raw);
            }
            other_input.get_or_insert((input, sum));
        }
        let cube = self.cube.display();
        Err(match other_input {
            Some((input, sum)) => input.damaged(format!(
                "its SHA-256 is {sum}, and {cube} was computed from a file with the SHA-256 {expected}; add --set {key}=… with the place of that file"
            )),
            None => {
                let [path, other_paths @ ..] = &*places else {
                    return Ok(raw);
                };
                let other_places = other_paths.iter();
                let other_places = other_places.map(|path| format!(", nor {}", path.display()));
                let other_places: String = other_places.collect();
                let reason = format!(
                    "there is no such file{other_places}; if it has moved, add --set {key}=… with its new place"
                );
                let raw = with_path(raw, key, path, place);
                raw.input(key, path).unusable(reason, false)
            }
        })
    }

    /// The new places of files, by their names in the journal, that are given as `key=value` texts. A file that several keys
    /// name is given once.
    fn moved(
        &self,
        raw: &RawParams,
        moved: &[String],
    ) -> Result<BTreeMap<String, PathBuf>, ParamsError> {
        let mut places = BTreeMap::new();
        for text in moved {
            let mut typed = RawParams::default();
            typed.set(text)?;
            let files = typed.entries_of_files();
            let files: Vec<_> = files.map(|(entry, path)| (&entry.name, path)).collect();
            let [(key, path)] = &files[..] else {
                return Err(self.no_file(raw, text).into());
            };
            let entry = raw.typed().get(key);
            let name = entry.and_then(|entry| entry.value.as_str());
            let name = name.ok_or_else(|| self.no_file(raw, text))?;
            places.insert(name.to_owned(), path.clone());
        }
        Ok(places)
    }

    /// The fault that a text does not name the new place of a file.
    fn no_file(&self, raw: &RawParams, text: &str) -> Fault {
        let keys = raw.entries_of_files().map(|(entry, _)| entry.name.clone());
        let keys: Vec<String> = keys.collect();
        let clause = match &keys[..] {
            [] => "names no files".to_owned(),
            keys => format!("names files by {}", keys.join(", ")),
        };
        let cube = self.cube.display();
        Fault::damaged(format!(
            "--set {text} changes more than the place of a file: the journal of {cube} {clause}"
        ))
    }
}

/// A cube that a run or a sweep continues, if it is there: its files may have moved with it.
#[derive(Debug)]
pub struct BegunCube(Option<(Header, Paths)>);

impl BegunCube {
    /// The first of these cubes whose journal can be read.
    pub fn of<'p>(cubes: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut begun = cubes.into_iter().filter_map(|cube| {
            let paths = Paths::of(cube).ok()?;
            Some((read_journal(&paths).ok()??.header?, paths))
        });
        Self(begun.next())
    }

    /// The parameters of a run that continues the cube: files that are not where these say are looked for as those of its
    /// journal are.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that is at none of the places where it is looked for.
    pub fn found_again(
        &self,
        raw: RawParams,
        digests: &mut Digests,
    ) -> Result<RawParams, ParamsError> {
        match &self.0 {
            Some((header, paths)) => RecordedInputs::of(header, paths).found_again(raw, digests),
            None => Ok(raw),
        }
    }
}

impl Header {
    /// The header with the names of input files from the directory of its cube on.
    pub(super) fn beside(mut self, paths: &Paths) -> Self {
        let directory = absolute(paths.directory());
        let directory = directory.canonicalize().unwrap_or(directory);
        if !self.inputs.is_empty() && self.directory.is_none() {
            self.directory = Some(directory.to_string_lossy().into_owned());
        }
        let (depth, is_up) = (directory.components().count(), |part: &Component<'_>| {
            *part == Component::ParentDir
        });
        self.with_files(&|name| {
            let path = path_from(&directory, Path::new(name));
            // What has nothing but the root in common with the cube does not move with it.
            let moves_along = path.components().filter(is_up).count() + 1 < depth;
            (Path::new(name).is_absolute() && moves_along)
                .then(|| path.to_string_lossy().into_owned())
        })
    }

    /// The header with absolute names of input files.
    pub(super) fn with_places(self, paths: &Paths) -> Self {
        let directory = absolute(paths.directory());
        self.with_files(&|name| Some(directory.join(name).to_string_lossy().into_owned()))
    }
}

/// The parameters with a path in place of that of a key.
fn with_path(raw: RawParams, key: &str, path: &Path, place: Place) -> RawParams {
    let value = Value::from(path.to_string_lossy().into_owned());
    raw.with(key, value, place)
}

fn absolute(directory: &Path) -> PathBuf {
    path::absolute(directory).unwrap_or_else(|_| directory.to_owned())
}

/// The number of components that two paths have in common at their ends.
fn shared_end(one: &Path, other: &Path) -> usize {
    let pairs = one.components().rev().zip(other.components().rev());
    pairs.take_while(|(one, other)| one == other).count()
}
