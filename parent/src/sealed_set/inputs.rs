//! What the operator can be told of sealed inputs before they are sent: which policy, dataset and set their headers name, and
//! which part of the set is missing or repeated. The headers are read as they stand, *not authentic*; the enclave
//! decides, and these checks have the names of its refusals. Nothing here opens or sends anything.

use std::{
    fs::File,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use sealroom_shared::{
    binding,
    limits::{HEADER_BYTES, SET_PARTS},
    message::{EncryptionContext, Header, MessageError},
    place::{self, Place},
    policy::Policy,
};

use super::SUFFIX;
use crate::{
    failure::{Failure, Result},
    source::Source,
};

/// The files that the arguments name; a folder stands for the sealed files in it.
pub fn named(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for argument in arguments {
        if argument != Path::new("-") && argument.is_dir() {
            files.extend(of_folder(argument)?);
        } else {
            files.push(argument.clone());
        }
    }
    if files.len() > SET_PARTS {
        return Err(Failure::usage(format!("a set has at most {SET_PARTS} parts, these are {} files", files.len())));
    }
    Ok(files)
}

/// Refuses a folder with anything else in it than sealed files and what is hidden: it may not be what the operator means.
fn of_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| Failure::file("read", folder, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if !name.as_bytes().ends_with(SUFFIX.as_bytes()) || !path.is_file() {
            return Err(Failure::new("foreign-file", format!("{} is not a sealed file", path.display()))
                .help("a folder stands for the `*.sealed` files of one set: move everything else away, or name the files"));
        }
        files.push(path);
    }
    if files.is_empty() {
        return Err(Failure::new("input-set", format!("{} holds no sealed file", folder.display())).help(HELP));
    }
    // Whatever order the folder has them in, the same files give the same job.
    files.sort();
    Ok(files)
}

/// The files in the order of their parts, if they are what a job under `policy` needs: every part of one set, each once.
/// Where the policy does without the whole, parts may be missing, and several sets follow each other as they were given.
pub fn in_order(files: Vec<PathBuf>, policy: &Policy) -> Result<Vec<PathBuf>> {
    let mut parts = files.into_iter().map(|path| Part::read(path, policy)).collect::<Result<Vec<_>>>()?;
    let refused = |what: String| Failure::new("input-set", what).help(HELP);
    let mut sets: Vec<Set> = Vec::new();
    for part in &parts {
        if !sets.contains(&part.set) {
            sets.push(part.set.clone());
        }
    }
    if policy.input().whole && sets.len() > 1 {
        let first_of =
            |set: &Set| parts.iter().find(|part| part.set == *set).map(|part| part.path.display().to_string()).unwrap_or_default();
        return Err(refused(format!("{} is of another set than {}", first_of(&sets[1]), first_of(&sets[0]))));
    }
    parts.sort_by_cached_key(|part| (sets.iter().position(|set| *set == part.set), part.place.part));
    for pair in parts.windows(2) {
        if (&pair[0].set, pair[0].place) == (&pair[1].set, pair[1].place) {
            return Err(refused(format!("{} and {} are both part {}", pair[0].path.display(), pair[1].path.display(), pair[0].place)));
        }
    }
    match missing(&parts) {
        Some(missing) if policy.input().whole => Err(refused(missing)),
        _ => Ok(parts.into_iter().map(|part| part.path).collect()),
    }
}

/// Says which parts are not there, if any. `parts` are of one set, in order, none twice.
fn missing(parts: &[Part]) -> Option<String> {
    let last = parts.last()?;
    let total = last.place.parts;
    let count = (total as usize).saturating_sub(parts.len());
    let is_there = |part: &u32| parts.binary_search_by_key(part, |other| other.place.part).is_ok();
    let named: Vec<String> =
        (1..=total).filter(|part| !is_there(part)).take(NAMED).map(|part| Place { part, parts: total }.to_string()).collect();
    let more = if count > named.len() { format!(" and {} more", count - named.len()) } else { String::new() };
    (count > 0).then(|| format!("of the set of {}, {} {} not there", last.path.display(), named.join(", ") + &more, are(count)))
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// A sealed file, as its header describes it.
struct Part {
    path: PathBuf,
    set: Set,
    place: Place,
}

/// What the files of one set have in common.
#[derive(Clone, PartialEq)]
struct Set {
    dataset: String,
    id: String,
    parts: u32,
}

impl Part {
    fn read(path: PathBuf, policy: &Policy) -> Result<Self> {
        let header = read_header(&path)?;
        let context = header.context();
        let refused = |code, what: &str| Failure::new(code, format!("{} {what}", path.display()));
        let corrupt = |what: &str| refused("input-corrupt", what).help("inputs are what the data's owner makes with `sealroom seal`");
        let kind = context.get(binding::KIND);
        let Some(digest) = context.get(binding::POLICY) else {
            return Err(refused("policy-absent", "was sealed without a policy")
                .help("the data's owner seals with `sealroom seal --policy`; a job's output cannot be an input"));
        };
        if kind != Some(binding::INPUT) {
            return Err(corrupt(match kind {
                Some(binding::TOKEN_KEY) => "is a sealed token key: it goes with --token-key",
                _ => "is not sealed as an input",
            }));
        }
        if digest != policy.digest().to_string() {
            return Err(refused("policy-mismatch", "was sealed under another policy than --policy names").help(
                "submit the very file that the owner sealed with: compare `sealroom policy digest` with the owner's, byte for byte",
            ));
        }
        let dataset = context.get(binding::DATASET).ok_or_else(|| corrupt("names no dataset"))?.to_owned();
        if !policy.datasets().contains(&dataset) {
            return Err(refused("policy-mismatch", &format!("is of the dataset {dataset:?}, which the policy does not list")));
        }
        if context.get(binding::FIELD).is_some() {
            return Err(corrupt("is a single sealed value, not a file"));
        }
        let (id, place) = place(context).ok_or_else(|| corrupt("has no well-formed place in a set"))?;
        Ok(Self { set: Set { dataset, id, parts: place.parts }, place, path })
    }
}

fn place(context: &EncryptionContext) -> Option<(String, Place)> {
    let set = context.get(binding::SET).filter(|set| place::is_set(set))?;
    Some((set.to_owned(), Place::parse(context.get(binding::PART)?)?))
}

/// The header alone, however long the file is.
fn read_header(path: &Path) -> Result<Header> {
    let unreadable = |error: std::io::Error| Failure::file("read", path, &error);
    let refused = |error: MessageError| match error {
        MessageError::NotAMessage => {
            Failure::new("input-corrupt", format!("{} is no sealed file: it does not begin as one", path.display()))
                .help("records are sealed by their owner (`sealroom seal`); records in the clear do not belong on this machine")
        }
        error => Failure::new("input-corrupt", format!("{} is not a sealed file that is accepted: {error}", path.display()))
            .help("fetch the file again from the data's owner"),
    };
    // Before it is opened: whoever writes into a pipe would take it for its reader.
    if Source::length_of(path)?.is_none() {
        return Err(Failure::usage(format!("{} is not a regular file, and the files of a set are read twice", path.display()))
            .help("name files; or send it unseen, with --no-check"));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(HEADER_BYTES as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    match Header::parse(&bytes) {
        Ok(Some((header, _))) => Ok(header),
        Ok(None) => Err(refused(MessageError::Truncated)),
        Err(error) => Err(refused(error)),
    }
}

/// How many missing parts a message names.
const NAMED: usize = 5;

const HELP: &str = "name every part of one set, each once, or the folder that the owner sealed the set into";

#[cfg(test)]
mod tests;
