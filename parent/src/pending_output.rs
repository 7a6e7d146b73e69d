//! Outputs that appear under their name only when complete: a temporary file in the same folder, fsync, then a rename that
//! overwrites nothing unless told to. Every command that writes a file uses it. What is dropped unfinished is removed, and
//! what a signal interrupts as well.

use std::{
    collections::BTreeMap,
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::NamedTempFile;

pub use self::folder::PendingFolder;
use crate::failure::{Failure, Result};

mod folder;

/// Who may read the finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As the umask says.
    Usual,
    /// The owner alone: mode 0600.
    Private,
}

/// Whether a file that is already there may be replaced (`--force`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse.
    Never,
    /// Replace it, whole, at the end.
    Force,
}

/// A file being written; nobody sees it under `target` before [`publish`].
pub struct PendingFile {
    temporary: NamedTempFile,
    target: PathBuf,
    overwrite: Overwrite,
}

impl PendingFile {
    /// Opens a temporary file beside `target`. Refuses at once what could not be published at the end.
    pub fn create(target: &Path, access: Access, overwrite: Overwrite) -> Result<Self> {
        let target = resolve(target, overwrite)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mode = match access {
            Access::Usual => 0o666,
            Access::Private => 0o600,
        };
        let shown = std::path::absolute(&target).map_err(|error| Failure::file("write", &target, &error))?;
        let mut unfinished = unfinished();
        if unfinished.values().any(|other| *other == shown) {
            return Err(two_outputs(&target));
        }
        let temporary = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".partial")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder(&target))
            .map_err(|error| Failure::file("write in", folder(&target), &error))?;
        unfinished.insert(temporary.path().to_owned(), shown);
        Ok(Self { temporary, target, overwrite })
    }

    /// The temporary file itself, for writing and seeking.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Writes all of `bytes` at the end.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.temporary.as_file_mut().write_all(bytes).map_err(|error| Failure::file("write", &self.target, &error))
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        // Removed and forgotten at once, so that a signal between the two leaves nothing behind.
        let mut unfinished = unfinished();
        let _ = std::fs::remove_file(self.temporary.path());
        unfinished.remove(self.temporary.path());
    }
}

/// Puts every file under its name, in this order, or none: all are on disk before the first rename, and the new names that
/// appeared are taken back where a later one cannot. (What `--force` has replaced by then stays replaced.)
pub fn publish(files: Vec<PendingFile>) -> Result<()> {
    for file in &files {
        file.temporary.as_file().sync_all().map_err(|error| Failure::file("write", &file.target, &error))?;
    }
    // Held throughout, so that a signal finds either none of the names or all of them.
    let unfinished = unfinished();
    let mut published: Vec<&PendingFile> = Vec::new();
    for file in &files {
        let from = file.temporary.path();
        let renamed = match file.overwrite {
            Overwrite::Force => std::fs::rename(from, &file.target),
            // A hard link fails where the name exists; the temporary name goes when `file` is dropped.
            Overwrite::Never => std::fs::hard_link(from, &file.target),
        };
        if let Err(error) = renamed {
            for earlier in published.iter().filter(|earlier| earlier.overwrite == Overwrite::Never) {
                let _ = std::fs::remove_file(&earlier.target);
            }
            return Err(match error.kind() {
                io::ErrorKind::AlreadyExists => already_there(&file.target),
                _ => Failure::file("write", &file.target, &error),
            });
        }
        // Its temporary name, where a link left one, stays known until `file` is dropped.
        published.push(file);
    }
    drop(unfinished);
    for file in &published {
        // The rename itself reaches the disk with its folder. Some file systems refuse to sync one; the file is whole anyway.
        let _ = File::open(folder(&file.target)).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// Where a command writes: a file, or standard output for `-`.
pub enum Output {
    /// A file that is not there yet.
    File(Box<PendingFile>),
    /// Standard output, as it is.
    Standard(io::Stdout),
}

impl Output {
    /// `-` is standard output; anything else a [`PendingFile`].
    pub fn create(target: &Path, access: Access, overwrite: Overwrite) -> Result<Self> {
        if target == Path::new("-") {
            return Ok(Self::Standard(io::stdout()));
        }
        Ok(Self::File(Box::new(PendingFile::create(target, access, overwrite)?)))
    }

    /// Writes all of `bytes`.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Standard(stdout) => stdout.write_all(bytes).map_err(|error| standard_output(&error)),
        }
    }

    /// Makes the output visible under its name.
    pub fn publish(self) -> Result<()> {
        match self {
            Self::File(file) => publish(vec![*file]),
            Self::Standard(mut stdout) => stdout.flush().map_err(|error| standard_output(&error)),
        }
    }
}

/// Removes every unfinished file and folder: called where the process is about to end without unwinding. Blocks publication
/// for good.
pub fn remove_all() {
    let guard = unfinished();
    for path in guard.keys() {
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    // No further output may be created or published between here and the process's end.
    std::mem::forget(guard);
}

fn standard_output(error: &io::Error) -> Failure {
    Failure::new("file", format!("cannot write to standard output: {error}"))
}

fn two_outputs(target: &Path) -> Failure {
    Failure::usage(format!("two outputs would both be {}", target.display())).help("name different files")
}

fn already_there(target: &Path) -> Failure {
    Failure::new("exists", format!("{} is already there", target.display())).help("choose another name, or pass --force to replace it")
}

/// Follows a symbolic link to the file it names and refuses what a rename must not replace.
fn resolve(target: &Path, overwrite: Overwrite) -> Result<PathBuf> {
    match std::fs::metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if target.file_name().is_none() {
                return Err(Failure::new("file", format!("{} is not the name of a file", target.display())));
            }
            if std::fs::symlink_metadata(target).is_ok() {
                return Err(Failure::new("file", format!("{} is a link to a file that is not there", target.display())));
            }
            Ok(target.to_owned())
        }
        Err(error) => Err(Failure::file("write", target, &error)),
        Ok(found) if !found.is_file() => Err(Failure::new("file", format!("{} is not a regular file", target.display()))
            .help("name a file, or use `-` and redirect standard output")),
        Ok(_) if overwrite == Overwrite::Never => Err(already_there(target)),
        Ok(_) => target.canonicalize().map_err(|error| Failure::file("write", target, &error)),
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Temporary files and folders that are there, each with the absolute name that it is to get.
fn unfinished() -> MutexGuard<'static, BTreeMap<PathBuf, PathBuf>> {
    static UNFINISHED: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn output_appears_only_when_published() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("out");
        let mut output = Output::create(&target, Access::Usual, Overwrite::Never).expect("created");
        output.write_all(b"whole").expect("written");
        assert!(!target.exists());
        output.publish().expect("published");
        assert_eq!(std::fs::read(&target).expect("read"), b"whole");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn dropped_output_leaves_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        drop(PendingFile::create(&folder.path().join("out"), Access::Usual, Overwrite::Never).expect("created"));
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn existing_file_is_refused_at_once_and_at_the_end() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("out");
        let late = PendingFile::create(&target, Access::Usual, Overwrite::Never).expect("created");
        std::fs::write(&target, b"other").expect("written");
        assert_eq!(publish(vec![late]).expect_err("refused").code(), "exists");
        let early = PendingFile::create(&target, Access::Usual, Overwrite::Never);
        assert_eq!(early.err().expect("refused").code(), "exists");
        assert_eq!(std::fs::read(&target).expect("read"), b"other");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn force_replaces_the_file_a_link_names() {
        let folder = tempfile::tempdir().expect("folder");
        let (target, link) = (folder.path().join("out"), folder.path().join("link"));
        std::fs::write(&target, b"old").expect("written");
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        let mut output = Output::create(&link, Access::Usual, Overwrite::Force).expect("created");
        output.write_all(b"new").expect("written");
        output.publish().expect("published");
        assert_eq!(std::fs::read(&target).expect("read"), b"new");
        assert!(std::fs::symlink_metadata(&link).expect("link").is_symlink());
    }

    #[test]
    fn two_files_appear_both_or_not_at_all() {
        let folder = tempfile::tempdir().expect("folder");
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let pending = [&first, &second].map(|path| PendingFile::create(path, Access::Usual, Overwrite::Never).expect("created"));
        std::fs::write(&second, b"other").expect("written");
        assert_eq!(publish(pending.into()).expect_err("refused").code(), "exists");
        assert_eq!(names(folder.path()), ["second"]);
    }

    #[test]
    fn two_outputs_of_one_name_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("out");
        let first = PendingFile::create(&target, Access::Usual, Overwrite::Force).expect("created");
        let second = PendingFile::create(&folder.path().join("./out"), Access::Usual, Overwrite::Force);
        assert_eq!(second.err().expect("refused").code(), "usage");
        drop(first);
        PendingFile::create(&target, Access::Usual, Overwrite::Force).expect("created");
    }

    #[test]
    fn private_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("key");
        publish(vec![PendingFile::create(&target, Access::Private, Overwrite::Never).expect("created")]).expect("published");
        assert_eq!(std::fs::metadata(&target).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn devices_and_folders_are_refused() {
        for target in ["/dev/null", "/"] {
            let refused = PendingFile::create(Path::new(target), Access::Usual, Overwrite::Force);
            assert_eq!(refused.err().expect("refused").code(), "file");
        }
    }
}
