//! Where the programs under test are: tests run what is built, from outside. Called by tests only.

use std::env;
use std::path::{Path, PathBuf};

/// The path of one of the workspace's programs: in the folder that `SEALROOM_BIN` names, else in the static release build.
///
/// # Panics
/// Where the program is not there: a test that skipped itself would tell nothing.
#[must_use]
pub fn bin(name: &str) -> PathBuf {
    let folder = match env::var_os("SEALROOM_BIN") {
        Some(folder) => PathBuf::from(folder),
        None => workspace().join("target/x86_64-unknown-linux-musl/release"),
    };
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not there: run scripts/build.sh first", path.display());
    path
}

/// A program of the Python environment: in the folder that `SEALROOM_PYTHON` names, else in `target/python`.
///
/// # Panics
/// Where it is not there.
#[must_use]
pub fn python(name: &str) -> PathBuf {
    let folder = env::var_os("SEALROOM_PYTHON").map_or_else(|| workspace().join("target/python"), PathBuf::from);
    let path = folder.join("bin").join(name);
    assert!(path.is_file(), "{} is not there: run scripts/test.sh, which makes the Python environment", path.display());
    path
}

/// The folder of the Node packages: the one that `SEALROOM_NODE` names, else `target/node`.
///
/// # Panics
/// Where AWS's Encryption SDK for JavaScript is not there.
#[must_use]
pub fn node_modules() -> PathBuf {
    let folder = env::var_os("SEALROOM_NODE").map_or_else(|| workspace().join("target/node"), PathBuf::from).join("node_modules");
    assert!(
        folder.join("@aws-crypto/client-node").is_dir(),
        "{} lacks packages: run scripts/test.sh, which installs them",
        folder.display()
    );
    folder
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
