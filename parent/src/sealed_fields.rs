//! What the operator can be told of records with sealed fields before they are sent: whether there is one file, and whether
//! its manifest is there and was sealed under the policy. The manifest's header is read as it stands, *not authentic*; the
//! enclave decides, and these checks have the names of its refusals. Nothing here opens or sends anything.

use std::path::{Path, PathBuf};

use sealroom_shared::{
    binding,
    message::{Header, MessageError},
    policy::Policy,
};

use crate::failure::{Failure, Result};

/// The one file to send, if it can go with this manifest (its file and content) under `policy`.
pub fn to_send(inputs: &[PathBuf], manifest: Option<(&Path, &[u8])>, policy: &Policy) -> Result<Vec<PathBuf>> {
    let [input] = inputs else {
        return Err(Failure::usage(format!("records with sealed fields are one file, these are {}", inputs.len()))
            .help("submit the files one after the other, each with its --manifest"));
    };
    if input.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; records with sealed fields are one file", input.display())));
    }
    match manifest {
        Some((path, message)) => fits(path, message, policy)?,
        None if policy.input().whole => {
            return Err(Failure::new("input-set", "the policy has every job take all records, and no manifest says which they are")
                .help("name with --manifest the file that `sealroom seal --fields` wrote beside the records"));
        }
        None => {}
    }
    Ok(vec![input.clone()])
}

fn fits(path: &Path, message: &[u8], policy: &Policy) -> Result<()> {
    let refused = |code, what: String| Failure::new(code, format!("{} {what}", path.display()));
    let corrupt =
        |what: String| refused("input-corrupt", what).help("--manifest is what `sealroom seal --fields` wrote beside the records");
    let header = match Header::parse(message) {
        Ok(Some((header, _))) => header,
        Ok(None) => return Err(corrupt(format!("is not a sealed manifest: {}", MessageError::Truncated))),
        Err(error) => return Err(corrupt(format!("is not a sealed manifest: {error}"))),
    };
    let context = header.context();
    let Some(digest) = context.get(binding::POLICY) else {
        return Err(refused("policy-absent", "was sealed without a policy".to_owned())
            .help("the data's owner seals with `sealroom seal --policy`; there is no default policy"));
    };
    if context.get(binding::KIND) != Some(binding::MANIFEST) {
        return Err(corrupt("is not a sealed manifest".to_owned()));
    }
    if digest != policy.digest().to_string() {
        return Err(refused("policy-mismatch", "was sealed under another policy than --policy names".to_owned())
            .help("submit the very file that the owner sealed with: compare `sealroom policy digest` with the owner's, byte for byte"));
    }
    match context.get(binding::DATASET) {
        Some(dataset) if policy.datasets().iter().any(|allowed| allowed == dataset) => Ok(()),
        Some(dataset) => Err(refused("policy-mismatch", format!("is of the dataset {dataset:?}, which the policy does not list"))),
        None => Err(corrupt("names no dataset".to_owned())),
    }
}

#[cfg(test)]
mod tests;
