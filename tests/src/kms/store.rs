//! Keys and aliases, kept in `keys.json` of the folder: every change is on disk before it is answered.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::key::Key;

pub(super) struct Store {
    path: PathBuf,
    state: Mutex<State>,
}

/// What there is. Keys by key id; aliases by region and name.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) aliases: BTreeMap<String, Alias>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Alias {
    pub(super) region: String,
    /// With its `alias/`.
    pub(super) name: String,
    pub(super) key_id: String,
    pub(super) created: f64,
}

impl Store {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("keys.json");
        let read = |path: &Path| -> io::Result<State> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
        let state = if path.exists() { read(&path).map_err(|error| named(&path, &error))? } else { State::default() };
        Ok(Self { path, state: Mutex::new(state) })
    }

    pub(super) fn read(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and writes it; where either fails nothing has changed.
    pub(super) fn change<T, E: From<io::Error>>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.read();
        let mut next = state.clone();
        let result = change(&mut next)?;
        write_private(&self.path, &serde_json::to_vec_pretty(&next).map_err(io::Error::other)?)?;
        *state = next;
        Ok(result)
    }
}

impl Alias {
    /// The key of [`State::aliases`].
    pub(super) fn place(region: &str, name: &str) -> String {
        format!("{region}/{name}")
    }
}

/// An error with the file that it is about.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// Writes a file that others may read; it appears whole or not at all.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    write_private(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// Writes a file of mode 0600; it appears whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
