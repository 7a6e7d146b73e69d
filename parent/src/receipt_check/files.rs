//! The files that somebody says a receipt is about: policy and job by SHA-384, sealed files by BLAKE3. A stated file that was
//! not given is a line "not checked"; a given file that the receipt does not state fails.

use std::path::Path;

use sealroom_shared::{
    digest::{Blake3Digest, Sha384Digest},
    job::Job,
    policy::Policy,
    receipt::{Input, NamedDigest, Statement},
};

use super::{BELIEVE_NEITHER, Given};
use crate::{
    failure::Result,
    limits,
    source::{self, Source},
    verdict::{Outcome, Verdict},
};

/// A policy or job file, read whole.
pub struct Document {
    name: String,
    bytes: Vec<u8>,
}

/// A bulk file that was given, by its digest.
pub struct GivenFile {
    /// What the person called it.
    pub name: String,
    /// Of all of it.
    pub digest: Blake3Digest,
}

/// A bulk file that the receipt states.
struct Stated<'a> {
    check: String,
    what: String,
    digest: &'a Blake3Digest,
}

impl Document {
    /// Reads a document of at most `limit` bytes.
    pub fn read(path: &Path, limit: usize) -> Result<Self> {
        Ok(Self { name: path.display().to_string(), bytes: source::read_public(path, limit)? })
    }
}

impl GivenFile {
    /// Reads a file to its end.
    pub fn read(path: &Path) -> Result<Self> {
        let mut source = Source::open(path)?;
        let (mut hasher, mut chunk) = (blake3::Hasher::new(), vec![0; limits::CHUNK]);
        loop {
            match source.read(&mut chunk)? {
                0 => return Ok(Self { name: source.name().to_owned(), digest: Blake3Digest::finish(&hasher) }),
                count => hasher.update(&chunk[..count]),
            };
        }
    }
}

/// The policy, if its bytes are those that the receipt states.
pub(super) fn policy(given: Option<&Document>, statement: &Statement, verdict: &mut Verdict) -> Option<Policy> {
    let bytes = document("policy", given, &statement.policy, verdict)?;
    let parsed = Policy::parse(bytes);
    let refuse = |error| verdict.refuse("policy-terms", format!("this program cannot read the policy: {error}"), BELIEVE_NEITHER);
    parsed.map_err(refuse).ok()
}

/// The job, if its bytes are those that the receipt states.
pub(super) fn job(given: Option<&Document>, statement: &Statement, verdict: &mut Verdict) -> Option<Job> {
    let bytes = document("job", given, &statement.job, verdict)?;
    let parsed = Job::parse(bytes);
    let refuse = |error| verdict.refuse("job-allowed", format!("this program cannot read the job: {error}"), BELIEVE_NEITHER);
    parsed.map_err(refuse).ok()
}

fn document<'a>(check: &str, given: Option<&'a Document>, stated: &NamedDigest, verdict: &mut Verdict) -> Option<&'a [u8]> {
    let NamedDigest { name, digest } = stated;
    let Some(Document { name: file, bytes }) = given else {
        verdict.add(check, Outcome::NotChecked, format!("no --{check} was given; the receipt states {name:?}, {digest}"));
        return None;
    };
    let found = Sha384Digest::of(bytes);
    if found != *digest {
        let detail = format!("{file} is another {check}: it has {found}, the receipt states {name:?}, {digest}");
        verdict.refuse(check, detail, "give the very file that was submitted, byte for byte");
        return None;
    }
    verdict.add(check, Outcome::Passed, format!("{file} is {name:?}, {digest}"));
    Some(bytes)
}

/// Inputs, and the manifest of records with sealed fields.
pub(super) fn inputs(given: &Given<'_>, statement: &Statement, verdict: &mut Verdict) {
    let mut stated = Vec::new();
    for (input, number) in statement.inputs.iter().zip(1..) {
        let check = format!("input-{number}");
        match input {
            Input::File { dataset, part, digest, .. } => {
                stated.push(Stated { check, what: format!("part {part} of dataset {dataset:?}"), digest });
            }
            Input::Fields { datasets, manifest, digest } => {
                let of = datasets.join(", ");
                stated.push(Stated { check: check.clone(), what: format!("records with sealed fields of {of:?}"), digest });
                if let Some(manifest) = manifest {
                    let what = format!("the manifest of these records ({})", manifest.message_id);
                    stated.push(Stated { check: format!("{check}-manifest"), what, digest: &manifest.digest });
                }
            }
        }
    }
    let others: Vec<&Blake3Digest> = statement.outputs.iter().map(|output| &output.digest).collect();
    compare("input", &stated, given.inputs, &others, verdict);
}

/// Outputs.
pub(super) fn outputs(given: &Given<'_>, statement: &Statement, verdict: &mut Verdict) {
    let stated: Vec<Stated<'_>> = statement
        .outputs
        .iter()
        .zip(1..)
        .map(|(output, number)| {
            let what = format!("the output for {:?}", output.recipients.join(", "));
            Stated { check: format!("output-{number}"), what, digest: &output.digest }
        })
        .collect();
    let others: Vec<&Blake3Digest> = statement.inputs.iter().map(Input::digest).collect();
    compare("output", &stated, given.outputs, &others, verdict);
}

/// One line for each stated file, and one for each given file that is none of them. `others` are the files of the other flag.
fn compare(flag: &str, stated: &[Stated<'_>], given: &[GivenFile], others: &[&Blake3Digest], verdict: &mut Verdict) {
    let is_stated = |file: &GivenFile| stated.iter().any(|stated| *stated.digest == file.digest);
    let strangers: Vec<&GivenFile> = given.iter().filter(|file| !is_stated(file)).collect();
    let missing: Vec<&Stated<'_>> = stated.iter().filter(|stated| !given.iter().any(|file| file.digest == *stated.digest)).collect();
    for Stated { check, what, digest } in stated {
        match (given.iter().find(|file| file.digest == **digest), strangers.as_slice(), missing.as_slice()) {
            (Some(file), _, _) => verdict.add(check, Outcome::Passed, format!("{} is {what}, {digest}", file.name)),
            // One is left on each side: they were meant for each other.
            (None, [stranger], [_]) if !others.contains(&&stranger.digest) => {
                let detail = format!("{} is not {what}: it has {}, the receipt states {digest}", stranger.name, stranger.digest);
                verdict.refuse(check, detail, ANOTHER_FILE);
            }
            (None, _, _) => verdict.add(check, Outcome::NotChecked, format!("{what}: no --{flag} has {digest}")),
        }
    }
    for stranger in &strangers {
        let file = format!("{} has {}, which is no {flag} of this receipt", stranger.name, stranger.digest);
        let detail = match missing.as_slice() {
            _ if others.contains(&&stranger.digest) => {
                format!("{file}: it is one of its {}", if flag == "input" { "outputs, for --output" } else { "inputs, for --input" })
            }
            [_] if strangers.len() == 1 => continue,
            [] => format!("{file}; all of its {flag}s were given already"),
            missing => {
                let missing: Vec<&str> = missing.iter().map(|stated| stated.check.as_str()).collect();
                format!("{file}; not given so far: {}", missing.join(", "))
            }
        };
        verdict.refuse(flag, detail, ANOTHER_FILE);
    }
}

const ANOTHER_FILE: &str = "the file was altered or cut off, or it is another job's";
