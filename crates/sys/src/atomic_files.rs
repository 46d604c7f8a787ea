//! [`commit_together`]: files that belong together, and appear all of them or none.

use super::{
    atomic_file::AtomicFile, error::FileError, files::directory_of, files::sync_directory,
    temporary::Uninterrupted,
};
use std::{collections::BTreeSet, path::Path};

/// Makes files durable under their names, all of them or none. The last one is the proof of the others: where it is there, all are,
/// and belong to it.
///
/// All files are synced. Then the files that they replace lose their names, the last one first, and the new ones get these, the last
/// one last; the directories are synced in between. A process that is killed meanwhile leaves some of the old ones or some of
/// the new ones, never both, and never the last one alone with others missing; the file that was to be the last one
/// [is left](super::is_left) under its temporary name then.
///
/// # Errors
/// [`FileError`]. If the old files are still complete, they stay; otherwise no file has its name.
pub fn commit_together(mut files: Vec<AtomicFile>) -> Result<(), FileError> {
    files.retain(AtomicFile::is_aside);
    for file in &files {
        file.sync()?;
    }
    for file in &files {
        file.check_name()?;
    }
    // Files that are dropped with their temporary names wait for this to end.
    let mut uninterrupted = Uninterrupted::begin();
    let named = name_all(&mut files, &mut uninterrupted);
    drop(uninterrupted);
    named
}

fn name_all(files: &mut [AtomicFile], uninterrupted: &mut Uninterrupted) -> Result<(), FileError> {
    let Some((proof, others)) = files.split_last_mut() else {
        return Ok(());
    };
    proof.remove_replaced()?;
    let mut named = 0;
    let result = others
        .iter()
        .rev()
        .try_for_each(AtomicFile::remove_replaced)
        .and_then(|()| sync_directories(others, proof))
        .and_then(|()| {
            others.iter_mut().try_for_each(|file| {
                file.take_free_name(uninterrupted)?;
                named += 1;
                Ok(())
            })
        })
        .and_then(|()| sync_directories(others, proof))
        .and_then(|()| proof.take_free_name(uninterrupted));
    if result.is_err() {
        for file in &others[..named] {
            file.remove();
        }
        for file in &others[named..] {
            // Nothing depends on what cannot be removed.
            let _ = file.remove_replaced();
        }
        return result;
    }
    sync_directories(others, proof)
}

/// Makes the names of files durable.
fn sync_directories(others: &[AtomicFile], proof: &AtomicFile) -> Result<(), FileError> {
    let files = others.iter().chain([proof]);
    let directories: BTreeSet<&Path> = files.map(|file| directory_of(file.path())).collect();
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
