//! The enclave's reader of `CiphertextForRecipient` against RustCrypto's `cms`: whatever the enclave accepts, the other reads
//! too, and finds the same encrypted key, IV and content. (The other takes more: it is no strict reader of one shape.)

mod envelope;
mod oracle;
mod reader;

use std::fs;
use std::path::{Path, PathBuf};

use super::random::Random;

/// Envelopes from files: ours, and those of others where they are there.
fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [root.join("vectors/cfr-made/blobs"), root.join("../../shared/vectors/cfr")] {
        let Ok(entries) = fs::read_dir(&folder) else {
            println!("absent: {}; not tried", folder.display());
            continue;
        };
        let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|extension| extension == "ber"));
        files.extend(paths.map(|path| (path.clone(), fs::read(path).unwrap())));
    }
    files.sort();
    assert!(files.len() >= 43);
    files
}

#[test]
fn what_the_enclave_accepts_of_the_vectors_the_oracle_reads_alike() {
    let mut accepted = 0;
    for (path, envelope) in files() {
        let Some(fields) = reader::read(&envelope) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(oracle::compare(&envelope, &fields), "{name}");
        accepted += 1;
    }
    assert!(accepted >= 10, "{accepted}");
}

#[test]
fn random_envelopes_are_read_alike_in_every_shape_of_ber() {
    let mut random = Random::new(20);
    let mut alike = 0;
    for round in 0..3000 {
        let envelope = envelope::random(&mut random);
        assert_eq!(reader::read(&envelope.bytes), Some(envelope.fields.clone()), "round {round}");
        let same = oracle::compare(&envelope.bytes, &envelope.fields);
        assert!(same || envelope.beyond_oracle, "round {round}");
        alike += usize::from(same);
    }
    assert!(alike >= 2000, "{alike}");
}

#[test]
fn damaged_envelopes_are_refused_or_read_alike() {
    let mut random = Random::new(21);
    let good: Vec<Vec<u8>> =
        files().into_iter().map(|(_, envelope)| envelope).filter(|envelope| reader::read(envelope).is_some()).collect();
    let (mut alike, mut beyond, mut refused) = (0, 0, 0);
    for _ in 0..30_000 {
        let mut envelope = if random.coin() { random.pick(&good).clone() } else { envelope::random(&mut random).bytes };
        for _ in 0..1 + random.below(2) {
            damage(&mut random, &mut envelope);
        }
        match reader::read(&envelope) {
            None => refused += 1,
            Some(fields) if oracle::compare(&envelope, &fields) => alike += 1,
            Some(_) => beyond += 1,
        }
    }
    assert!(alike >= 2000 && refused >= 10_000 && beyond * 3 < alike, "{alike} alike, {beyond} beyond, {refused} refused");
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len().max(1));
    // The structure is in the first bytes and the last ones; what lies between is mostly ciphertext.
    let at = if random.coin() { at } else { random.below(bytes.len().clamp(1, 120)) };
    let byte = *random.pick(&[0, 1, 2, 4, 5, 6, 0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xa2, 0xff]);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = byte,
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 => bytes.truncate(at),
        4 if at < bytes.len() => bytes.insert(at, bytes[at]),
        _ => bytes.insert(at.min(bytes.len()), byte),
    }
}
