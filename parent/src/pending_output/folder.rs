//! A folder of outputs that appears under its name only when complete: a temporary folder beside it, fsync, one rename. It
//! takes the place of nothing but an empty folder, `--force` or not: nobody deletes a folder by a typing error here.

use std::{
    ffi::OsStr,
    fs::{File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    failure::{Failure, Result},
    pending_output::{folder, two_outputs, unfinished},
};

/// A folder being filled; nobody sees it under `target` before [`PendingFolder::publish`]. Dropped, it is gone with its files.
pub struct PendingFolder {
    temporary: TempDir,
    target: PathBuf,
}

impl PendingFolder {
    /// Makes a temporary folder beside `target`, which must be new or an empty folder.
    pub fn create(target: &Path) -> Result<Self> {
        let Vacant { target, permissions } = Vacant::find(target)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let shown = std::path::absolute(&target).map_err(|error| Failure::file("write", &target, &error))?;
        let mut unfinished = unfinished();
        if unfinished.values().any(|other| *other == shown) {
            return Err(two_outputs(&target));
        }
        let temporary = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".partial")
            .permissions(permissions)
            .tempdir_in(folder(&target))
            .map_err(|error| Failure::file("write in", folder(&target), &error))?;
        unfinished.insert(temporary.path().to_owned(), shown);
        Ok(Self { temporary, target })
    }

    /// A new file in the folder.
    pub fn file(&self, name: &OsStr) -> Result<File> {
        // Held, so that a signal finds the folder either before the file is made or with it, and can remove both.
        let _unfinished = unfinished();
        File::create_new(self.temporary.path().join(name)).map_err(|error| Failure::file("write", &self.target.join(name), &error))
    }

    /// Gives the folder its name, with everything in it on disk before.
    pub fn publish(self) -> Result<()> {
        self.sync().map_err(|error| Failure::file("write", &self.target, &error))?;
        // Held, so that a signal finds either no folder or the whole one.
        let _unfinished = unfinished();
        // A folder replaces an empty folder and nothing else, in one step: what was put there meanwhile stays.
        std::fs::rename(self.temporary.path(), &self.target).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => not_empty(&self.target),
            _ => Failure::file("write", &self.target, &error),
        })?;
        // As with files: some file systems refuse to sync a folder; the set is whole anyway.
        let _ = File::open(folder(&self.target)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.temporary.path())? {
            File::open(entry?.path())?.sync_all()?;
        }
        let _ = File::open(self.temporary.path()).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for PendingFolder {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        // After `publish` nothing is there under this name.
        let _ = std::fs::remove_dir_all(self.temporary.path());
        unfinished.remove(self.temporary.path());
    }
}

/// A name that a folder can get.
struct Vacant {
    target: PathBuf,
    /// Those of the empty folder that is replaced, or as the umask says.
    permissions: Permissions,
}

impl Vacant {
    fn find(target: &Path) -> Result<Self> {
        let unreadable = |error: io::Error| Failure::file("write", target, &error);
        let no_name = || Failure::new("file", format!("{} is not a folder that can be made", target.display())).help(HELP);
        match std::fs::metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if std::fs::symlink_metadata(target).is_ok() {
                    return Err(Failure::new("file", format!("{} is a link to what is not there", target.display())).help(HELP));
                }
                let name = target.file_name().ok_or_else(no_name)?;
                Ok(Self { target: folder(target).join(name), permissions: Permissions::from_mode(0o777) })
            }
            Err(error) => Err(unreadable(error)),
            Ok(found) if !found.is_dir() => {
                Err(Failure::new("exists", format!("{} is there and is no folder", target.display())).help(HELP))
            }
            Ok(found) => {
                let target = target.canonicalize().map_err(unreadable)?;
                if std::fs::read_dir(&target).map_err(unreadable)?.next().is_some() {
                    return Err(not_empty(&target));
                }
                // To be replaced under somebody's feet helps nobody.
                let current = std::env::current_dir().and_then(|current| current.canonicalize()).map_err(unreadable)?;
                if target.file_name().is_none() || current.starts_with(&target) {
                    return Err(no_name());
                }
                Ok(Self { target, permissions: found.permissions() })
            }
        }
    }
}

fn not_empty(target: &Path) -> Failure {
    Failure::new("exists", format!("{} is a folder that is not empty", target.display())).help(HELP)
}

const HELP: &str = "name a new or empty folder with --out: folders are not replaced, with --force neither";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::pending_output::tests::names;

    fn filled(target: &Path) -> PendingFolder {
        let pending = PendingFolder::create(target).expect("created");
        pending.file(OsStr::new("a")).expect("made").write_all(b"whole").expect("written");
        pending
    }

    #[test]
    fn folder_appears_only_when_published() {
        let folder = tempfile::tempdir().expect("folder");
        for target in ["new", "with-a-slash/", "empty"] {
            let target = folder.path().join(target);
            if target.ends_with("empty") {
                std::fs::create_dir(&target).expect("made");
            }
            let pending = filled(&target);
            assert!(!target.join("a").exists());
            pending.publish().expect("published");
            assert_eq!(std::fs::read(target.join("a")).expect("read"), b"whole");
        }
        assert_eq!(names(folder.path()), ["empty", "new", "with-a-slash"]);
    }

    #[test]
    fn dropped_folder_leaves_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        drop(filled(&folder.path().join("set")));
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn empty_folder_keeps_its_permissions() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("private");
        std::fs::create_dir(&target).expect("made");
        std::fs::set_permissions(&target, Permissions::from_mode(0o700)).expect("set");
        filled(&target).publish().expect("published");
        assert_eq!(std::fs::metadata(&target).expect("there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_is_there_is_refused_at_once_and_at_the_end() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("set");
        let late = filled(&target);
        std::fs::create_dir(&target).expect("made");
        std::fs::write(target.join("other"), b"other").expect("written");
        assert_eq!(late.publish().expect_err("refused").code(), "exists");
        assert_eq!(PendingFolder::create(&target).err().expect("refused").code(), "exists");
        assert_eq!(PendingFolder::create(&target.join("other")).err().expect("refused").code(), "exists");
        assert_eq!(names(&target), ["other"]);
        assert_eq!(names(folder.path()), ["set"]);
    }

    #[test]
    fn names_that_no_folder_can_get_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).expect("linked");
        for target in [&link, Path::new("new/.."), Path::new("/")] {
            assert!(PendingFolder::create(target).is_err(), "{}", target.display());
        }
        assert_eq!(names(folder.path()), ["link"]);
    }

    #[test]
    fn two_outputs_of_one_name_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let first = filled(&folder.path().join("set"));
        let second = PendingFolder::create(&folder.path().join("./set/"));
        assert_eq!(second.err().expect("refused").code(), "usage");
        drop(first);
    }
}
