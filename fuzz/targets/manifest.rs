//! Manifests: the content of one from anyone, accepted exactly where a model of a few lines accepts. An input too short to be
//! one tells how a file is changed: no piece comes through that is not the next one of the manifest's file.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use sealroom_shared::limits::{MANIFEST_PIECE, MANIFEST_PIECES};
use sealroom_shared::manifest::{Manifest, ManifestBuilder, NotOfManifest};

/// Bytes of the shortest manifest: its names, a digest, no pieces, one digit of records.
const SHORTEST: usize = r#"{"digest":"blake3:","pieces":"","records":0,"version":1}"#.len() + 64;
const RECORDS: u64 = 7;

/// Files whose ends lie about the ends of pieces, and their manifests.
static FILES: LazyLock<Vec<(Vec<u8>, Manifest)>> = LazyLock::new(|| {
    [0, 1, 1000, MANIFEST_PIECE - 1, MANIFEST_PIECE, MANIFEST_PIECE + 1, 2 * MANIFEST_PIECE, 2 * MANIFEST_PIECE + 12_345]
        .into_iter()
        .map(|length| {
            let file: Vec<u8> = (0..length).map(|at| (at / 1000 % 251) as u8).collect();
            let manifest = built(&file, usize::MAX);
            (file, manifest)
        })
        .collect()
});

fuzz_target!(|data: &[u8]| {
    let parsed = Manifest::parse(data);
    assert_eq!(parsed.as_ref().ok().map(Manifest::records), model(data));
    if let Ok(manifest) = parsed {
        assert_eq!(manifest.to_canonical().as_deref(), Ok(data));
        assert!(data.starts_with(format!("{{\"digest\":\"{}\"", manifest.digest()).as_bytes()));
    }
    if data.len() < SHORTEST {
        pieces(data);
    }
});

/// How many records a manifest speaks of; none where `data` is no manifest.
fn model(data: &[u8]) -> Option<u64> {
    let rest = std::str::from_utf8(data).ok()?.strip_prefix("{\"digest\":\"blake3:")?;
    let (digest, rest) = rest.split_at_checked(64)?;
    let (pieces, rest) = rest.strip_prefix("\",\"pieces\":\"")?.split_once("\",\"records\":")?;
    let records = rest.strip_suffix(",\"version\":1}")?;
    let bytes = STANDARD.decode(pieces).ok()?;
    let sound = digest.bytes().all(|digit| b"0123456789abcdef".contains(&digit))
        && STANDARD.encode(&bytes) == pieces
        && bytes.len() % 32 == 0
        && bytes.len() / 32 <= MANIFEST_PIECES;
    records.parse().ok().filter(|number: &u64| sound && number.to_string() == records)
}

/// Changes a file, writes and reads it in chunks, and looks at what comes through of it.
fn pieces(data: &[u8]) {
    let [which, chunk_of_writer, chunk_of_reader, changes @ ..] = data else { return };
    let (file, manifest) = &FILES[usize::from(*which) % FILES.len()];
    let mut other = file.clone();
    changes.chunks_exact(4).for_each(|change| alter(&mut other, change));
    assert_eq!(built(&other, chunk(*chunk_of_writer)) == *manifest, other == *file);

    let mut passed = 0;
    let outcome = through(manifest, &other, chunk(*chunk_of_reader), |piece| {
        assert!(file[passed..].starts_with(piece), "a piece that is not the next one");
        passed += piece.len();
    });
    assert_eq!(outcome.is_ok(), other == *file);
    let same = file.chunks(MANIFEST_PIECE).zip(other.chunks(MANIFEST_PIECE)).take_while(|(mine, its)| mine == its);
    assert_eq!(passed, same.map(|(piece, _)| piece.len()).sum::<usize>());
}

/// Bytes handed over at once: whole pieces and more, or a little beside a power of two.
fn chunk(byte: u8) -> usize {
    (1 << (10 + usize::from(byte % 16))) + usize::from(byte / 16) - 1
}

fn alter(file: &mut Vec<u8>, change: &[u8]) {
    let [what, high, low, byte] = change else { return };
    // Places about the ends of pieces, and any other.
    let near = i32::from(*what / 8 % 4) * MANIFEST_PIECE as i32 + i32::from(i16::from_be_bytes([*high, *low]));
    let at = usize::try_from(near).unwrap_or(0).min(file.len());
    match what % 8 {
        0 => file.truncate(at),
        1 => file.insert(at, *byte),
        2 if at < file.len() => drop(file.remove(at)),
        3 => file.push(*byte),
        4 if at + 1 < file.len() => file.swap(at, at + 1),
        5 if file.len() >= 2 * MANIFEST_PIECE => file[..2 * MANIFEST_PIECE].rotate_left(MANIFEST_PIECE),
        6 if file.len() >= MANIFEST_PIECE && file.len() < 4 * MANIFEST_PIECE => file.extend_from_within(..MANIFEST_PIECE),
        _ if at < file.len() => file[at] ^= byte,
        _ => {}
    }
}

fn built(file: &[u8], chunk: usize) -> Manifest {
    let mut builder = ManifestBuilder::default();
    file.chunks(chunk).for_each(|chunk| builder.push(chunk).unwrap());
    builder.finish(RECORDS)
}

/// Hands on what comes through, until something is refused.
fn through(manifest: &Manifest, file: &[u8], chunk: usize, mut next: impl FnMut(&[u8])) -> Result<(), NotOfManifest> {
    let mut check = manifest.clone().check();
    for mut rest in file.chunks(chunk) {
        while !rest.is_empty() {
            let before = rest.len();
            next(check.push(&mut rest)?.unwrap_or_default());
            assert!(rest.len() < before, "nothing was taken in");
        }
    }
    next(check.finish()?);
    Ok(())
}
