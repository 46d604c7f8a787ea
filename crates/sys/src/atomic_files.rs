//! [`commit_together`]: files that belong together, and appear all of them or none.

use super::{
    atomic_file::AtomicFile,
    error::FileError,
    files::{directory_of, is_still_at, sync_directory},
    system::rename_new,
    temporary::{Temporary, Uninterrupted},
};
use std::{collections::BTreeSet, fs::File, path::Path};

/// Makes files durable under their names, all of them or none. The last one is the proof of the others: where it is there, all are,
/// and belong to it.
///
/// All files are synced. Then the files that they replace are set aside, the last one first, and the new ones get their names, the
/// last one last; the directories are synced in between. A process that is killed meanwhile leaves some of the old ones or some of
/// the new ones, never both, and never the last one alone with others missing; the file that was to be the last one
/// [is left](super::is_left) under its temporary name then.
///
/// # Errors
/// [`FileError`]. Each name then has the file that it had before, or none if it had none. If nothing but the last sync fails, all
/// new files have their names.
pub fn commit_together(mut files: Vec<AtomicFile>) -> Result<(), FileError> {
    files.retain(AtomicFile::is_aside);
    for file in &files {
        file.sync()?;
    }
    for file in &files {
        file.check_name()?;
    }
    let successors = files.into_iter().map(Successor::begin);
    let mut successors: Vec<_> = successors.collect::<Result<_, _>>()?;
    // Files that are dropped with their temporary names wait for this to end.
    let mut uninterrupted = Uninterrupted::begin();
    let named = name_all(&mut successors, &mut uninterrupted);
    if named.is_err() {
        successors.iter().for_each(Successor::give_name_up);
        successors.iter().for_each(Successor::restore_replaced);
    }
    let synced = sync_directories(&successors);
    drop(uninterrupted);
    named.and(synced)
}

fn name_all(
    successors: &mut [Successor],
    uninterrupted: &mut Uninterrupted,
) -> Result<(), FileError> {
    for successor in successors.iter_mut().rev() {
        successor.set_replaced_aside()?;
    }
    sync_directories(successors)?;
    let proof_number = successors.len().saturating_sub(1);
    let (files, proof) = successors.split_at_mut(proof_number);
    for successor in files.iter_mut() {
        successor.take_name(uninterrupted)?;
    }
    sync_directories(files)?;
    for successor in proof {
        successor.take_name(uninterrupted)?;
    }
    Ok(())
}

/// A file that takes the name of another one, which can have it back.
struct Successor {
    file: AtomicFile,
    /// The name of the replaced file meanwhile. What a killed process has left under it is taken over.
    aside: Temporary,
    is_replaced_aside: bool,
    has_name: bool,
}

impl Successor {
    fn begin(file: AtomicFile) -> Result<Self, FileError> {
        let aside = Temporary::create(file.path(), |name| File::create_new(name), is_still_at);
        let (_, aside) = aside.map_err(FileError::of("replace", file.path()))?;
        Ok(Self {
            file,
            aside,
            is_replaced_aside: false,
            has_name: false,
        })
    }

    fn set_replaced_aside(&mut self) -> Result<(), FileError> {
        self.is_replaced_aside = self.file.move_replaced(self.aside.name())?;
        Ok(())
    }

    fn take_name(&mut self, uninterrupted: &mut Uninterrupted) -> Result<(), FileError> {
        self.file.take_free_name(uninterrupted)?;
        self.has_name = true;
        Ok(())
    }

    /// Removes the new file, if it has the name.
    fn give_name_up(&self) {
        if self.has_name {
            self.file.remove();
        }
    }

    /// Gives the replaced file its name back.
    fn restore_replaced(&self) {
        if self.is_replaced_aside {
            // There is nobody to tell of a second error: the first one is told.
            let _ = rename_new(self.aside.name(), self.file.path());
        }
    }
}

/// Makes the names of files durable.
fn sync_directories(successors: &[Successor]) -> Result<(), FileError> {
    let files = successors.iter().map(|successor| successor.file.path());
    let directories: BTreeSet<&Path> = files.map(directory_of).collect();
    directories.into_iter().try_for_each(|directory| {
        sync_directory(directory).map_err(FileError::of("sync the directory", directory))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;
    use crate::files::names;
    use std::{fs, io::Write};

    #[test]
    fn all_files_appear_or_none() {
        let home = tempfile::tempdir().unwrap();
        let begun = |text: &str| {
            let files = ["a", "b", "proof"].map(|name| {
                let mut file = AtomicFile::create(&home.path().join(name)).unwrap();
                file.write_all(text.as_bytes()).unwrap();
                file
            });
            Vec::from(files)
        };
        let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
        drop(begun("given up"));
        assert_eq!(names(home.path()), Vec::<String>::new());
        for text in ["old", "new"] {
            commit_together(begun(text)).unwrap();
            assert_eq!(names(home.path()), ["a", "b", "proof"]);
            assert_eq!(["a", "b", "proof"].map(read), [text; 3]);
        }
        // A file of another that has appeared meanwhile is kept, and so are the old ones.
        let files = begun("newer");
        fs::write(home.path().join("a"), "of another").unwrap();
        commit_together(files).unwrap_err();
        assert_eq!(["a", "b", "proof"].map(read), ["of another", "new", "new"]);
        let files = begun("newer");
        fs::remove_file(home.path().join("proof")).unwrap();
        fs::create_dir(home.path().join("proof")).unwrap();
        commit_together(files).unwrap_err();
        assert_eq!(["a", "b"].map(read), ["of another", "new"]);
    }
}
