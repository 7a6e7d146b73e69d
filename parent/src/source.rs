//! Inputs of the commands: files or standard input for `-`, small documents read whole up to a bound.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    limits,
};

/// A stream of bytes with its length, where that is known.
pub struct Source {
    reader: Box<dyn Read + Send>,
    /// Bytes to come: known for a regular file.
    pub length: Option<u64>,
    name: String,
}

impl Source {
    /// How long the file is, where that is known, without keeping it open. Refuses at once what could not be opened later.
    pub fn length_of(path: &Path) -> Result<Option<u64>> {
        if path == Path::new("-") {
            return Ok(None);
        }
        let found = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
        if found.is_dir() {
            return Err(Failure::new("file", format!("{} is a folder", path.display())));
        }
        Ok(found.is_file().then_some(found.len()))
    }

    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { reader: Box::new(io::stdin()), length: None, name: "standard input".to_owned() });
        }
        let file = File::open(path).map_err(|error| Failure::file("read", path, &error))?;
        let found = file.metadata().map_err(|error| Failure::file("read", path, &error))?;
        if found.is_dir() {
            return Err(Failure::new("file", format!("{} is a folder", path.display())));
        }
        let length = found.is_file().then_some(found.len());
        Ok(Self { reader: Box::new(file), length, name: path.display().to_string() })
    }

    /// What a message calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next bytes; 0 at the end.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        loop {
            match self.reader.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::new("file", format!("cannot read {}: {error}", self.name))),
                Ok(count) => return Ok(count),
            }
        }
    }
}

/// A whole small file, at most `limit` bytes. Wiped when dropped: it may be a key.
pub fn read_small(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>> {
    let mut source = Source::open(path)?;
    // Full capacity at once, so that no reallocation leaves a copy of a key behind.
    let mut content = Zeroizing::new(vec![0u8; limit.saturating_add(1)]);
    let mut filled = 0;
    while filled < content.len() {
        match source.read(&mut content[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    if filled > limit {
        return Err(Failure::new("too-large", format!("{} is larger than {limit} bytes", path.display())));
    }
    content.truncate(filled);
    Ok(content)
}

/// A whole file of public content, at most `limit` bytes: as [`read_small`], without the time that wiping takes.
pub fn read_public(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut source = Source::open(path)?;
    let (mut content, mut chunk) = (Vec::new(), vec![0; limits::CHUNK]);
    loop {
        match source.read(&mut chunk)? {
            0 => return Ok(content),
            count => content.extend_from_slice(&chunk[..count]),
        }
        if content.len() > limit {
            return Err(Failure::new("too-large", format!("{} is larger than {limit} bytes", path.display())));
        }
    }
}

/// A whole small text file, as [`read_small`].
pub fn read_text(path: &Path, limit: usize) -> Result<String> {
    let content = read_small(path, limit)?;
    std::str::from_utf8(&content).map(str::to_owned).map_err(|_| Failure::new("not-text", format!("{} is not UTF-8 text", path.display())))
}
