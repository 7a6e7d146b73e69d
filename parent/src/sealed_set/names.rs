//! What the parts of a set are called in its folder: the name of each file of records, and `.sealed`.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use sealroom_shared::limits::SET_PARTS;

use super::SUFFIX;
use crate::failure::{Failure, Result};

/// The name of each part, in the order of `inputs`. Refuses what has no name of its own, and two of one name.
pub fn of_parts(inputs: &[PathBuf]) -> Result<Vec<OsString>> {
    if inputs.len() > SET_PARTS {
        return Err(Failure::usage(format!("a set has at most {SET_PARTS} parts, these are {}", inputs.len())).help("join some files"));
    }
    let mut taken = BTreeMap::new();
    let mut names = Vec::with_capacity(inputs.len());
    for input in inputs {
        let name = of_part(input)?;
        if let Some(earlier) = taken.insert(name.clone(), input) {
            let both = format!("{} and {} would both be sealed as {}", earlier.display(), input.display(), name.display());
            return Err(Failure::usage(both).help("give the files different names; a file is sealed once in a set"));
        }
        names.push(name);
    }
    Ok(names)
}

fn of_part(input: &Path) -> Result<OsString> {
    let refused = |why: &str| Failure::usage(format!("{} cannot be a part of a set: {why}", input.display()));
    if input == Path::new("-") {
        return Err(refused("standard input has no name").help("name files, or seal standard input alone with --out FILE"));
    }
    let name = input.file_name().ok_or_else(|| refused("it has no name"))?;
    if name.as_bytes().starts_with(b".") {
        return Err(refused("its name begins with a dot, and `submit` leaves hidden files of a folder alone").help("give it another name"));
    }
    let mut sealed = name.to_owned();
    sealed.push(SUFFIX);
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inputs: &[&str]) -> Result<Vec<OsString>> {
        of_parts(&inputs.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn parts_have_the_names_of_their_files() {
        assert_eq!(of(&["b.ndjson", "x/a.ndjson", "../c"]).expect("named"), ["b.ndjson.sealed", "a.ndjson.sealed", "c.sealed"]);
    }

    #[test]
    fn what_gives_no_name_of_its_own_is_refused() {
        for inputs in [&["a", "x/a"][..], &["a", "./a"], &["a", "-"], &["a", ".."], &["a", "x/.hidden"]] {
            assert_eq!(of(inputs).expect_err("refused").exit_code(), 2, "{inputs:?}");
        }
    }

    #[test]
    fn parts_over_the_limit_are_refused() {
        let inputs: Vec<PathBuf> = (0..=SET_PARTS).map(|part| PathBuf::from(part.to_string())).collect();
        assert_eq!(of_parts(&inputs[1..]).expect("named").len(), SET_PARTS);
        assert_eq!(of_parts(&inputs).expect_err("refused").exit_code(), 2);
    }
}
